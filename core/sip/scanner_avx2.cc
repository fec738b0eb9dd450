#include "core/sip/scanner_kernel.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace sallyport::sip {

#if defined(__x86_64__)
namespace {

// Both halves of a block, compared with one octet.
[[gnu::target("avx2")]] inline uint64_t MaskOf(__m256i low, __m256i high,
                                               char octet) {
  const __m256i wanted = _mm256_set1_epi8(octet);
  const auto low_bits = static_cast<uint32_t>(
      _mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted)));
  const auto high_bits = static_cast<uint32_t>(
      _mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted)));
  return low_bits | uint64_t{high_bits} << 32;
}

[[gnu::target("avx2")]] inline __m256i Load(const char* bytes) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
}

// The processor and the system both keep the wide registers.
// __builtin_cpu_supports would be shorter, but its table in libgcc is not found
// when the program is linked with LTO by gold.
[[gnu::target("xsave")]] bool ReadHasAvx2() {
  constexpr unsigned kWideRegisters = 6;  // XMM and YMM, in XCR0
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) return false;
  if ((c & bit_OSXSAVE) == 0 || (c & bit_AVX) == 0) return false;
  if ((_xgetbv(0) & kWideRegisters) != kWideRegisters) return false;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  return (b & bit_AVX2) != 0;
}

}  // namespace

bool HasAvx2() { return ReadHasAvx2(); }

[[gnu::target("avx2")]] void MarkBlocksAvx2(const char* bytes, size_t blocks,
                                            LineEndJudge& judge,
                                            BlockMarks* marks) {
  LineEndJudge here = judge;  // in registers: the marks may not be parts of it
  for (size_t i = 0; i < blocks; ++i) {
    const __m256i low = Load(bytes + i * kBlockBytes);
    const __m256i high = Load(bytes + i * kBlockBytes + kBlockBytes / 2);
    marks[i].colon = MaskOf(low, high, ':');
    marks[i].comma = MaskOf(low, high, ',');
    here.Judge(MaskOf(low, high, '\n'), MaskOf(low, high, '\r'),
               MaskOf(low, high, '\0'), marks[i]);
  }
  judge = here;
}
#else
bool HasAvx2() { return false; }

void MarkBlocksAvx2(const char* bytes, size_t blocks, LineEndJudge& judge,
                    BlockMarks* marks) {
  MarkBlocksPortable(bytes, blocks, judge, marks);
}
#endif

}  // namespace sallyport::sip
