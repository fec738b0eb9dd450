// The vector part of the scanner: which octets of 64 end a line, are colons or
// commas, or are bad. Two forms with one meaning; a fuzzer demands equality.
#ifndef CORE_SIP_SCANNER_KERNEL_H_
#define CORE_SIP_SCANNER_KERNEL_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport::sip {

inline constexpr size_t kBlockBytes = 64;

// Bit i speaks of octet i of the block. Without initial values: arrays of them
// are filled as far as they are read.
struct BlockMarks {
  uint64_t line_end;  // LF behind CR, or alone where the policy allows it
  uint64_t colon;
  uint64_t comma;
  // NUL; what stands behind a CR and is no LF; LF that ends no line.
  uint64_t bad;

  friend bool operator==(const BlockMarks&, const BlockMarks&) = default;
};

// What the blocks of one head share, in their order.
struct LineEndJudge {
  uint64_t lone_lf = 0;   // all bits: LF alone ends a line too (the policy)
  uint64_t after_cr = 0;  // 1: the block before ended in CR
  uint64_t bad_seen = 0;  // any bad octet so far

  // One block's line feeds, carriage returns and NULs: judged together, because
  // they are in registers then.
  void Judge(uint64_t line_feed, uint64_t carriage_return, uint64_t nul,
             BlockMarks& marks) {
    const uint64_t behind_cr = carriage_return << 1 | after_cr;
    after_cr = carriage_return >> 63;
    marks.line_end = line_feed & (behind_cr | lone_lf);
    // A line feed stands behind every CR and where a line ends, and nowhere
    // else.
    marks.bad = nul | ((behind_cr | marks.line_end) ^ line_feed);
    bad_seen |= marks.bad;
  }
  friend bool operator==(const LineEndJudge&, const LineEndJudge&) = default;
};

// Reads exactly blocks * kBlockBytes octets, at any alignment, and writes
// `blocks` marks.
// Hot: 2 or 3 per message; 54 instructions per block with AVX2.
using MarkBlocks = void (*)(const char* bytes, size_t blocks,
                            LineEndJudge& judge, BlockMarks* marks);

// The definition: plain C++ on 8 octets at a time.
void MarkBlocksPortable(const char* bytes, size_t blocks, LineEndJudge& judge,
                        BlockMarks* marks);
// Only where HasAvx2().
bool HasAvx2();
void MarkBlocksAvx2(const char* bytes, size_t blocks, LineEndJudge& judge,
                    BlockMarks* marks);

enum class ScanKernel : uint8_t { kPortable, kAvx2 };
std::string_view ToString(ScanKernel kernel);
bool IsAvailable(ScanKernel kernel);
MarkBlocks KernelOf(ScanKernel kernel);
// The best one that this processor has; asked once per process.
ScanKernel BestKernel();

}  // namespace sallyport::sip

#endif  // CORE_SIP_SCANNER_KERNEL_H_
