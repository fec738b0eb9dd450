#include "core/sip/text.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace sallyport::sip {
namespace {

// The value, and whether it was cut to fit.
struct Digits {
  uint32_t value = 0;
  bool overflow = false;
};

std::optional<Digits> ReadDigits(std::string_view text) {
  constexpr uint64_t kMax = std::numeric_limits<uint32_t>::max();
  if (text.empty()) return std::nullopt;
  uint64_t value = 0;
  for (char c : text) {
    if (!IsDigit(c)) return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(c - '0');
    if (value > kMax) value = kMax + 1;  // and stays there
  }
  return Digits{.value = static_cast<uint32_t>(std::min(value, kMax)),
                .overflow = value > kMax};
}

}  // namespace

bool IsToken(std::string_view text) {
  return !text.empty() && AreAllIn(text, kTokenChars);
}

bool SameLetters(const char* a, const char* b, size_t size) {
  size_t i = 0;
  // Most names come in the case in which everybody writes them.
  for (; i + 8 <= size; i += 8) {
    uint64_t left, right;
    std::memcpy(&left, a + i, 8);
    std::memcpy(&right, b + i, 8);
    if (left != right) break;
  }
  for (; i < size; ++i) {
    const int differs = a[i] ^ b[i];
    if (differs == 0) continue;
    if (differs != ('a' ^ 'A') || !IsAlpha(a[i])) return false;
  }
  return true;
}

std::optional<uint32_t> ParseUint32(std::string_view digits) {
  const std::optional<Digits> read = ReadDigits(digits);
  if (!read || read->overflow) return std::nullopt;
  return read->value;
}

std::optional<uint32_t> ParseDeltaSeconds(std::string_view digits) {
  const std::optional<Digits> read = ReadDigits(digits);
  if (!read) return std::nullopt;
  return read->value;
}

size_t QuotedSize(std::string_view text) {
  if (text.empty() || text.front() != '"') return 0;
  for (size_t i = FindAny<'"', '\\'>(text, 1); i < text.size();
       i = FindAny<'"', '\\'>(text, i + 2)) {
    if (text[i] == '"') return i + 1;
  }
  return 0;
}

size_t Unquote(std::string_view text, char* out) {
  if (text.empty()) return 0;  // it may be nowhere
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
