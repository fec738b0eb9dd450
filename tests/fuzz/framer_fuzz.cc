// The framer cuts a stream at the same places however it arrives, and where it
// says that a message is, the scanner finds its head and the same length.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/sip/framer.h"
#include "core/sip/message.h"
#include "core/sip/values.h"
#include "tests/fuzz/demand.h"

namespace sip = sallyport::sip;

namespace {

using Verdict = sip::Framer::Verdict;

using sallyport::fuzz::Demand;

struct Piece {
  Verdict verdict;
  size_t begin, size;
  friend bool operator==(const Piece&, const Piece&) = default;
};

bool GoesOn(Verdict verdict) {
  return verdict == Verdict::kMessage || verdict == Verdict::kPing ||
         verdict == Verdict::kCrlf;
}

// The scan that comes with a cut is that of the piece alone.
sip::Framer::Cut NextScanned(sip::Framer& framer, std::string_view received,
                             sip::ScanPolicy policy) {
  static sip::MessageView message, alone;
  sip::ScanVerdict scan{};
  const sip::Framer::Cut cut = framer.Next(received, message, scan);
  if (cut.verdict != Verdict::kMessage) return cut;
  Demand(scan == alone.Scan(received.substr(0, cut.size), policy));
  Demand(message.bytes() == alone.bytes() && message.head() == alone.head());
  Demand(message.headers().size() == alone.headers().size());
  return cut;
}

// `step` octets arrive at a time.
std::vector<Piece> Frames(std::string_view bytes, size_t step,
                          sip::ScanPolicy policy, bool scans = false) {
  sip::Framer framer(policy);
  std::vector<Piece> pieces;
  size_t taken = 0, there = 0;
  while (true) {
    const std::string_view received = bytes.substr(taken, there - taken);
    const sip::Framer::Cut cut = scans
                                     ? NextScanned(framer, received, policy)
                                     : framer.Next(received);
    if (cut.verdict == Verdict::kNeedMore) {
      if (there == bytes.size()) return pieces;
      there = std::min(there + step, bytes.size());
      continue;
    }
    pieces.push_back({cut.verdict, taken, cut.size});
    Demand(cut.size <= there - taken);
    if (!GoesOn(cut.verdict)) return pieces;
    Demand(cut.size > 0);
    taken += cut.size;
  }
}

// Framer and scanner see the same lines: no other message hides in this one.
void DemandSameLength(std::string_view message, sip::ScanPolicy policy) {
  static sip::MessageView view;
  const sip::ScanVerdict verdict = view.Scan(message, policy);
  Demand(verdict != sip::ScanVerdict::kIncomplete &&
         verdict != sip::ScanVerdict::kHeadTooLong &&
         verdict != sip::ScanVerdict::kBadStartLine);
  if (verdict == sip::ScanVerdict::kTooManyHeaders) return;
  const sip::HeaderField* field = view.Find(sip::HeaderId::kContentLength);
  if (field == nullptr) {
    // The row is one of those that the scanner refused.
    Demand(verdict != sip::ScanVerdict::kOk);
    return;
  }
  for (; field != nullptr; field = view.Next(field)) {
    Demand(sip::ParseUint32(view.Value(*field)) == view.body().size());
  }
}

void Run(std::string_view bytes, sip::ScanPolicy policy) {
  const std::vector<Piece> whole = Frames(bytes, bytes.size() + 1, policy);
  Demand(Frames(bytes, 1, policy) == whole);
  Demand(Frames(bytes, 7, policy) == whole);
  Demand(Frames(bytes, bytes.size() + 1, policy, true) == whole);
  Demand(Frames(bytes, 100, policy, true) == whole);
  for (const Piece& piece : whole) {
    if (piece.verdict != Verdict::kMessage) continue;
    DemandSameLength(bytes.substr(piece.begin, piece.size), policy);
  }
  const sip::DatagramCut cut = sip::CutDatagram(bytes, policy);
  Demand(cut.begin + cut.size <= bytes.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Run(bytes, {});
  Run(bytes, {.lone_lf = true});
  return 0;
}
