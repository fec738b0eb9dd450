// Texts of SIP headers: ASCII comparison, linear white space, tokens, numbers.
#ifndef CORE_SIP_TEXT_H_
#define CORE_SIP_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "absl/base/attributes.h"
#include "core/sip/octets.h"

namespace sallyport::sip {

inline constexpr char ToLower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
inline constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
inline constexpr bool IsAlpha(char c) {
  return ToLower(c) >= 'a' && ToLower(c) <= 'z';
}
// -1 when it is not a hexadecimal digit.
inline constexpr int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  const char lower = ToLower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// True for the octets of a token.
// Source: RFC 3261 25.1 (token).
inline constexpr OctetSet kAlphanumeric([](char c) {
  return IsDigit(c) || IsAlpha(c);
});
inline constexpr OctetSet kTokenChars =
    kAlphanumeric | OctetSet("-.!%*_+`'~");
inline constexpr bool IsTokenChar(char c) { return kTokenChars.Has(c); }
bool IsToken(std::string_view text);  // at least one octet

// White space within a value: the line ends of folds are part of it, because
// the scanner lets CR and LF stand nowhere else (RFC 3261 7.3.1).
inline constexpr bool IsLws(char c) {
  constexpr uint64_t kSet = uint64_t{1} << ' ' | uint64_t{1} << '\t' |
                            uint64_t{1} << '\r' | uint64_t{1} << '\n';
  const auto octet = static_cast<unsigned char>(c);
  return octet <= ' ' && (kSet >> octet & 1) != 0;
}
inline constexpr OctetSet kLws(" \t\r\n");
// SP, HT, CR, LF at both ends.
inline std::string_view SkipLws(
    std::string_view text ABSL_ATTRIBUTE_LIFETIME_BOUND) {
  while (!text.empty() && IsLws(text.front())) text.remove_prefix(1);
  return text;
}
inline std::string_view TrimLws(
    std::string_view text ABSL_ATTRIBUTE_LIFETIME_BOUND) {
  text = SkipLws(text);
  while (!text.empty() && IsLws(text.back())) text.remove_suffix(1);
  return text;
}

// ASCII without case; sizes up to what both have.
bool SameLetters(const char* a, const char* b, size_t size);
// Octets as they are, of texts of one size: two loads that may overlap for each
// 16 of them, no call.
inline bool SameOctets(const char* a, const char* b, size_t size) {
  const auto same = [&]<typename Word>(size_t at, Word) {
    Word left, right;
    std::memcpy(&left, a + at, sizeof(Word));
    std::memcpy(&right, b + at, sizeof(Word));
    return left == right;
  };
  if (size >= 8) {
    for (size_t at = 0; at + 8 < size; at += 8) {
      if (!same(at, uint64_t{})) return false;
    }
    return same(size - 8, uint64_t{});
  }
  if (size >= 4) return same(0, uint32_t{}) && same(size - 4, uint32_t{});
  if (size >= 2) return same(0, uint16_t{}) && same(size - 2, uint16_t{});
  return size == 0 || *a == *b;
}
// ASCII.
inline bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  if (a.empty()) return true;
  if (ToLower(a.front()) != ToLower(b.front())) return false;
  // Most names come in the case in which everybody writes them.
  return SameOctets(a.data(), b.data(), a.size()) ||
         SameLetters(a.data(), b.data(), a.size());
}

// Digits only, no sign, no overflow: nothing else is a number.
std::optional<uint32_t> ParseUint32(std::string_view digits);
// As above, but too large values clamp to 2^32-1 (Expires, RFC 3261 20.19).
std::optional<uint32_t> ParseDeltaSeconds(std::string_view digits);

// Octets of the quoted string at the front of `text`, both quotes counted; 0
// when none begins there or none ends. A backslash takes the next octet with
// it. Source: RFC 3261 25.1 (quoted-string).
size_t QuotedSize(std::string_view text);

// Removes the quotes and resolves quoted-pairs of a quoted string (also folds)
// into `out` of at least text.size() bytes; a token is copied as it is. `out` may
// be where the text stands. Returns the octets written.
size_t Unquote(std::string_view text, char* out);

}  // namespace sallyport::sip

#endif  // CORE_SIP_TEXT_H_
