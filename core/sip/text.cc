#include "core/sip/text.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace sallyport::sip {
namespace {

constexpr uint64_t kUint32Max = std::numeric_limits<uint32_t>::max();
constexpr uint64_t kNoNumber = ~uint64_t{0};

// More than 9 when it is none.
unsigned DigitOf(char c) {
  return static_cast<unsigned char>(c) - unsigned{'0'};
}

// The value, or something larger than 32 bits for all that are; kNoNumber when
// it is none.
uint64_t ReadDigits(std::string_view text) {
  constexpr size_t kSafeDigits = 18;  // of 64 bits
  if (text.empty()) return kNoNumber;
  const std::string_view safe = Front(text, kSafeDigits);
  uint64_t value = 0;
  for (const char c : safe) {
    const unsigned digit = DigitOf(c);
    if (digit > 9) return kNoNumber;
    value = value * 10 + digit;
  }
  for (const char c : Behind(text, safe.size())) {
    const unsigned digit = DigitOf(c);
    if (digit > 9) return kNoNumber;
    value = std::min(value * 10 + digit, kUint32Max + 1);
  }
  return value;
}

}  // namespace

bool IsToken(std::string_view text) {
  return !text.empty() && AreAllIn(text, kTokenChars);
}

bool SameLetters(const char* a, const char* b, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    const int differs = a[i] ^ b[i];
    if (differs == 0) continue;
    if (differs != ('a' ^ 'A') || !IsAlpha(a[i])) return false;
  }
  return true;
}

std::optional<uint32_t> ParseUint32(std::string_view digits) {
  const uint64_t value = ReadDigits(digits);
  if (value > kUint32Max) return std::nullopt;
  return static_cast<uint32_t>(value);
}

std::optional<uint32_t> ParseDeltaSeconds(std::string_view digits) {
  const uint64_t value = ReadDigits(digits);
  if (value == kNoNumber) return std::nullopt;
  return static_cast<uint32_t>(std::min(value, kUint32Max));
}

size_t QuotedSize(std::string_view text) {
  if (text.empty() || text.front() != '"') return 0;
  for (size_t i = FindAny<'"', '\\'>(text, 1); i < text.size();
       i = FindAny<'"', '\\'>(text, i + 2)) {
    if (text[i] == '"') return i + 1;
  }
  return 0;
}

namespace {

// Octets between the quotes of a quoted string that has nothing to be resolved,
// as most are; 0 for all others.
size_t PlainSize(std::string_view text) {
  if (text.front() != '"') return 0;
  const size_t end = FindAny<'"', '\\', '\r', '\n'>(text, 1);
  return end + 1 == text.size() && text[end] == '"' ? end - 1 : 0;
}

}  // namespace

size_t Unquote(std::string_view text, char* out) {
  if (text.empty()) return 0;  // it may be nowhere
  if (const size_t size = PlainSize(text); size > 0) {
    std::memmove(out, text.data() + 1, size);
    return size;
  }
  const size_t quoted = QuotedSize(text);
  if (quoted == 0 || quoted != text.size()) {
    std::memmove(out, text.data(), text.size());
    return text.size();
  }
  const std::string_view inner = text.substr(1, quoted - 2);
  size_t written = 0;
  for (size_t i = 0; i < inner.size(); ++i) {
    const size_t plain = FindAny<'\\', '\r', '\n'>(inner, i) - i;
    std::memmove(out + written, inner.data() + i, plain);
    written += plain;
    i += plain;
    if (i == inner.size()) break;
    if (inner[i] == '\\') {
      if (i + 1 < inner.size()) ++i;
      out[written++] = inner[i];
    } else {
      // A fold and the white space behind it are one space.
      while (i + 1 < inner.size() && IsLws(inner[i + 1])) ++i;
      out[written++] = ' ';
    }
  }
  return written;
}

}  // namespace sallyport::sip
