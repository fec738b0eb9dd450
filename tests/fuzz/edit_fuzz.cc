// After an edit the message is a message again and what was to go is gone: no
// claim of integrity in any credentials, no option tag, one Via value less.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/base/endpoint.h"
#include "core/sip/digest.h"
#include "core/sip/edit.h"
#include "core/sip/message.h"
#include "core/sip/splice.h"
#include "core/sip/values.h"

namespace sip = sallyport::sip;

namespace {

constexpr std::string_view kNames[] = {"integrity-protected"};
constexpr std::string_view kYes = "integrity-protected=\"tls-yes\"";

// Ends the process, in every build.
void Demand(bool holds) {
  if (!holds) std::abort();
}

size_t CountValues(const sip::MessageView& message, sip::HeaderId id) {
  size_t count = 0;
  for (sip::ListCursor cursor(message, id); cursor.Next();) {
    count += !cursor.value().empty();
  }
  return count;
}

size_t CountClaims(std::string_view credentials) {
  size_t count = 0;
  const sip::AuthValue value = sip::SplitAuthValue(credentials);
  sip::AuthParamCursor cursor(value.params);
  while (cursor.Next()) {
    count += sip::EqualsIgnoreCase(cursor.name(), kNames[0]);
  }
  Demand(!cursor.malformed());
  return count;
}

// False when credentials cannot be walked: the message would be refused.
bool EditAll(const sip::MessageView& message, sip::SpliceList& splices) {
  for (const sip::HeaderField* field =
           message.Find(sip::HeaderId::kAuthorization);
       field != nullptr; field = message.Next(field)) {
    if (!sip::EditAuthParams(message, *field, kNames, kYes, splices).ok) {
      return false;
    }
  }
  sip::RemoveOptionTag(message, sip::HeaderId::kRequire, "path", splices);
  sip::RemoveFirstListValues(message, sip::HeaderId::kVia, 1, splices);
  sip::RemoveAll(message, sip::HeaderId::kPath, splices);
  return !splices.overflowed();
}

void DemandEdited(const sip::MessageView& before,
                  const sip::MessageView& after) {
  const size_t vias = CountValues(before, sip::HeaderId::kVia);
  Demand(CountValues(after, sip::HeaderId::kVia) == (vias == 0 ? 0 : vias - 1));
  Demand(!after.Has(sip::HeaderId::kPath));
  for (sip::ListCursor c(after, sip::HeaderId::kRequire); c.Next();) {
    Demand(!sip::EqualsIgnoreCase(c.value(), "path"));
  }
  Demand(after.Count(sip::HeaderId::kAuthorization) ==
         before.Count(sip::HeaderId::kAuthorization));
  for (const sip::HeaderField& field : after.headers()) {
    if (field.id != sip::HeaderId::kAuthorization) continue;
    Demand(CountClaims(after.Value(field)) == 1);
  }
  Demand(after.body() == before.body());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static sip::MessageView before, after;
  static sip::SpliceList splices;
  static sip::Scratch scratch;
  if (before.Scan(bytes) != sip::ScanVerdict::kOk) return 0;
  splices.Reset(bytes);
  if (!EditAll(before, splices)) return 0;
  splices.Seal();
  std::string out(splices.gathered_size(), '\0');
  splices.Gather(out.data());
  const sip::ScanVerdict verdict = after.Scan(out);
  // Appended parameters may carry the head over a bound, and nothing else.
  if (verdict != sip::ScanVerdict::kOk) {
    Demand(verdict == sip::ScanVerdict::kHeadTooLong ||
           verdict == sip::ScanVerdict::kHeaderTooLong);
    return 0;
  }
  DemandEdited(before, after);

  scratch.Reset();
  splices.Reset(bytes);
  const sallyport::Endpoint source{sallyport::IpAddress::V4({192, 0, 2, 1}), 9};
  if (!sip::StampTopVia(before, source, splices, scratch)) return 0;
  splices.Seal();
  out.assign(splices.gathered_size(), '\0');
  splices.Gather(out.data());
  if (after.Scan(out) != sip::ScanVerdict::kOk) return 0;
  sip::ListCursor top(after, sip::HeaderId::kVia);
  Demand(top.Next());
  const auto via = sip::ParseVia(top.value());
  Demand(via.has_value());
  Demand(!via->received.present || via->received.value == "192.0.2.1");
  Demand(!via->rport.present || via->rport.value == "9");
  return 0;
}
