// Numbers as lower-case hexadecimal digits of a fixed count, as they stand in
// names that we make and read back.
#ifndef CORE_BASE_HEX_H_
#define CORE_BASE_HEX_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sallyport {
namespace hex_internal {

inline constexpr uint64_t kEach = 0x0101010101010101;  // of eight octets

// The first octet in memory is the highest one of the number.
inline uint64_t InTextOrder(uint64_t word) {
  return std::endian::native == std::endian::little ? __builtin_bswap64(word)
                                                    : word;
}

// The eight digits of `value`, an octet for each.
inline uint64_t Spread(uint32_t value) {
  uint64_t word = value;
  word = (word | word << 16) & 0x0000ffff0000ffff;
  word = (word | word << 8) & 0x00ff00ff00ff00ff;
  return (word | word << 4) & 0x0f0f0f0f0f0f0f0f;
}

inline uint32_t Gather(uint64_t word) {
  word = (word | word >> 4) & 0x00ff00ff00ff00ff;
  word = (word | word >> 8) & 0x0000ffff0000ffff;
  return static_cast<uint32_t>(word | word >> 16);
}

inline void Write8(uint32_t value, char* out) {
  const uint64_t digits = Spread(value);
  const uint64_t letters = ((digits + 6 * kEach) >> 4) & kEach;
  const uint64_t text =
      InTextOrder(digits + '0' * kEach + letters * ('a' - '0' - 10));
  std::memcpy(out, &text, sizeof(text));
}

// Of octets below 0x80: the high bit of each that is `least` or more.
inline uint64_t AtLeast(uint64_t octets, char least) {
  return octets + (0x80 - static_cast<uint64_t>(least)) * kEach;
}

inline bool Read8(const char* text, uint32_t& value) {
  uint64_t octets;
  std::memcpy(&octets, text, sizeof(octets));
  octets = InTextOrder(octets);
  const uint64_t ascii = octets & 0x7f * kEach;
  const uint64_t digits = AtLeast(ascii, '0') & ~AtLeast(ascii, '9' + 1);
  const uint64_t letters = AtLeast(ascii, 'a') & ~AtLeast(ascii, 'f' + 1);
  const uint64_t good = (digits | letters) & ~octets & 0x80 * kEach;
  value = Gather((octets & 0x0f * kEach) + (letters >> 7 & kEach) * 9);
  return good == 0x80 * kEach;
}

}  // namespace hex_internal

// The last `kDigits` digits of `value`. Returns the end of what was written.
template <size_t kDigits>
  requires(kDigits >= 1 && kDigits <= 8)
char* WriteHex(uint64_t value, char* out) {
  char text[8];
  hex_internal::Write8(static_cast<uint32_t>(value), text);
  std::memcpy(out, text + sizeof(text) - kDigits, kDigits);
  return out + kDigits;
}
template <size_t kDigits>
  requires(kDigits > 8 && kDigits <= 16)
char* WriteHex(uint64_t value, char* out) {
  out = WriteHex<kDigits - 8>(value >> 32, out);
  return WriteHex<8>(value, out);
}

// False: an octet of the `kDigits` at `text` is no such digit; then `value` is
// none either.
template <size_t kDigits>
  requires(kDigits >= 1 && kDigits <= 8)
[[nodiscard]] bool ReadHex(const char* text, uint64_t& value) {
  char digits[8] = {'0', '0', '0', '0', '0', '0', '0', '0'};
  std::memcpy(digits + sizeof(digits) - kDigits, text, kDigits);
  uint32_t read;
  const bool good = hex_internal::Read8(digits, read);
  value = read;
  return good;
}
template <size_t kDigits>
  requires(kDigits > 8 && kDigits <= 16)
[[nodiscard]] bool ReadHex(const char* text, uint64_t& value) {
  uint64_t high, low;
  const bool high_good = ReadHex<kDigits - 8>(text, high);
  const bool low_good = ReadHex<8>(text + kDigits - 8, low);
  value = high << 32 | low;
  return high_good && low_good;
}

}  // namespace sallyport

#endif  // CORE_BASE_HEX_H_
