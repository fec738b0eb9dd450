// The vector part of the scanner: which octets of 64 are line feeds, carriage
// returns, colons or NULs. Two forms with one meaning; a fuzzer demands
// equality.
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
  uint64_t line_feed;
  uint64_t carriage_return;
  uint64_t colon;
  uint64_t nul;

  friend bool operator==(const BlockMarks&, const BlockMarks&) = default;
};

// Reads exactly blocks * kBlockBytes octets, at any alignment, and writes
// `blocks` marks.
// Hot: 2 per message; 44 instructions per block with AVX2.
using MarkBlocks = void (*)(const char* bytes, size_t blocks,
                            BlockMarks* marks);

// The definition: plain C++ on 8 octets at a time.
void MarkBlocksPortable(const char* bytes, size_t blocks, BlockMarks* marks);
// Only where HasAvx2().
bool HasAvx2();
void MarkBlocksAvx2(const char* bytes, size_t blocks, BlockMarks* marks);

enum class ScanKernel : uint8_t { kPortable, kAvx2 };
std::string_view ToString(ScanKernel kernel);
bool IsAvailable(ScanKernel kernel);
MarkBlocks KernelOf(ScanKernel kernel);
// The best one that this processor has; asked once per process.
ScanKernel BestKernel();

}  // namespace sallyport::sip

#endif  // CORE_SIP_SCANNER_KERNEL_H_
