#include <bit>
#include <cstring>

#include "core/sip/scanner_kernel.h"

namespace sallyport::sip {
namespace {

constexpr uint64_t kEach = 0x0101010101010101;  // times an octet: eight of them
constexpr uint64_t kLow7 = 0x7f * kEach;

// One bit per octet of the word that equals `octet`; bit 0 is the first octet.
uint64_t MaskOf(uint64_t word, uint8_t octet) {
  const uint64_t differs = word ^ (octet * kEach);
  // The high bit of an octet is set when the octet is zero; no carry leaves it.
  const uint64_t equal = ~(((differs & kLow7) + kLow7) | differs | kLow7);
  // Gathers the eight high bits in one octet.
  return ((equal >> 7) * 0x0102040810204080) >> 56;
}

uint64_t LoadWord(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  if constexpr (std::endian::native == std::endian::big) {
    word = __builtin_bswap64(word);
  }
  return word;
}

BlockMarks MarkOne(const char* bytes, LineEndJudge& judge) {
  BlockMarks marks{};
  uint64_t line_feed = 0, carriage_return = 0, nul = 0;
  for (int i = 0; i < 8; ++i) {
    const uint64_t word = LoadWord(bytes + 8 * i);
    marks.colon |= MaskOf(word, ':') << (8 * i);
    marks.comma |= MaskOf(word, ',') << (8 * i);
    // Below 0x10 in an octet is rare: line ends, tabs, and what is refused.
    const uint64_t small = ((word & (0x70 * kEach)) + (0x70 * kEach)) | word;
    if ((~small & (0x80 * kEach)) == 0) continue;
    line_feed |= MaskOf(word, '\n') << (8 * i);
    carriage_return |= MaskOf(word, '\r') << (8 * i);
    nul |= MaskOf(word, '\0') << (8 * i);
  }
  judge.Judge(line_feed, carriage_return, nul, marks);
  return marks;
}

}  // namespace

void MarkBlocksPortable(const char* bytes, size_t blocks, LineEndJudge& judge,
                        BlockMarks* marks) {
  for (size_t i = 0; i < blocks; ++i) {
    marks[i] = MarkOne(bytes + i * kBlockBytes, judge);
  }
}

}  // namespace sallyport::sip
