// Sets of octets, and the search for the first octet of a set: what every walk
// over a header value is made of.
#ifndef CORE_SIP_OCTETS_H_
#define CORE_SIP_OCTETS_H_

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#ifdef __SSE2__
#include <emmintrin.h>
#endif
#ifdef __SSSE3__
#include <tmmintrin.h>
#endif

namespace sallyport::sip {

// The first octets of a text, or all when it has no more; and what stands behind
// the first, of which it has so many. (substr() looks whether it does, and what
// it would do then keeps compilers from taking it in.)
inline constexpr std::string_view Front(std::string_view text, size_t size) {
  return {text.data(), size < text.size() ? size : text.size()};
}
inline constexpr std::string_view Behind(std::string_view text, size_t size) {
  text.remove_prefix(size);
  return text;
}

#ifdef __SSE2__
// All of a text of at most 16 octets in one block, 0 behind them: loads that may
// overlap, and none outside of the text.
inline __m128i LoadShort(std::string_view text) {
  const size_t size = text.size();
  const auto load = [text]<typename Word>(size_t at, Word word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    return uint64_t{word};
  };
  uint64_t low = 0, high = 0;
  if (size >= 8) {
    low = load(0, uint64_t{});
    if (size > 8) high = load(size - 8, uint64_t{}) >> (128 - 8 * size);
  } else if (size >= 4) {
    low = load(0, uint32_t{}) | load(size - 4, uint32_t{}) << (8 * size - 32);
  } else {
    for (size_t at = size; at > 0; --at) {
      low = low << 8 | load(at - 1, uint8_t{});
    }
  }
  return _mm_set_epi64x(static_cast<long long>(high),
                        static_cast<long long>(low));
}
#endif

// Cost: one load per question.
// Invariant: of the octets above ASCII all are in it or none, as in all sets of the
// grammar: a proxy looks at ASCII alone.
class OctetSet {
 public:
  // All octets for which `is` holds.
  template <typename Predicate>
    requires std::predicate<Predicate, char>
  explicit constexpr OctetSet(Predicate is) {
    for (size_t c = 0; c < table_.size(); ++c) {
      table_[c] = is(static_cast<char>(c));
      if (table_[c] && c < 0x80) {
        high_digits_[c & 15] |= static_cast<uint8_t>(1 << (c >> 4));
      }
      if (c >= 0x80 && table_[c] != table_[0x80]) {
        Uneven();  // not constant: the compiler refuses such a set
      }
    }
  }
  // Of ASCII.
  explicit constexpr OctetSet(std::string_view octets)
      : OctetSet([octets](char c) {
          return octets.find(c) != std::string_view::npos;
        }) {}
  constexpr bool Has(char c) const {
    return table_[static_cast<unsigned char>(c)];
  }
  constexpr OctetSet operator|(const OctetSet& other) const {
    return OctetSet([&](char c) { return Has(c) || other.Has(c); });
  }
  constexpr OctetSet operator~() const {
    return OctetSet([&](char c) { return !Has(c); });
  }

#ifdef __SSSE3__
  // Which of 16 octets are not in it, as bits.
  unsigned StrangersIn16(const char* octets) const {
    return StrangersIn16(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(octets)));
  }
  unsigned StrangersIn16(__m128i block) const {
    // For each octet: which high digits its low digit may have, and the one that
    // it has. Above ASCII the first is empty, because the shuffle says so.
    const __m128i may_have = _mm_shuffle_epi8(
        _mm_load_si128(reinterpret_cast<const __m128i*>(high_digits_.data())),
        block);
    const __m128i has = _mm_shuffle_epi8(
        _mm_set_epi8(-128, 64, 32, 16, 8, 4, 2, 1, -128, 64, 32, 16, 8, 4, 2, 1),
        _mm_and_si128(_mm_srli_epi16(block, 4), _mm_set1_epi8(15)));
    const __m128i strange = _mm_cmpeq_epi8(_mm_and_si128(may_have, has),
                                           _mm_setzero_si128());
    const auto above = static_cast<unsigned>(_mm_movemask_epi8(block));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(strange));
    return table_[0x80] ? mask & ~above : mask;
  }
#endif

 private:
  static void Uneven() {}

  std::array<bool, 256> table_{};
  // By the low digit: the high digits that make an octet of the set, as bits.
  alignas(16) std::array<uint8_t, 16> high_digits_{};
};

// Where the first octet that is not in the set stands at or behind `from`;
// text.size() when there is none.
// Cost: as FindAny().
inline constexpr size_t FindStranger(std::string_view text, const OctetSet& set,
                                     size_t from = 0) {
  size_t at = from;
#ifdef __SSSE3__
  if (!std::is_constant_evaluated()) {
    for (; at + 16 <= text.size(); at += 16) {
      const unsigned strangers = set.StrangersIn16(text.data() + at);
      if (strangers == 0) continue;
      return at + static_cast<size_t>(std::countr_zero(strangers));
    }
    if (text.size() >= 16 && at < text.size()) {
      // The last 16, of which the first were looked at.
      const size_t last = text.size() - 16;
      const unsigned strangers =
          set.StrangersIn16(text.data() + last) >> (at - last);
      return strangers == 0
                 ? text.size()
                 : at + static_cast<size_t>(std::countr_zero(strangers));
    }
  }
#endif
  while (at < text.size() && set.Has(text[at])) ++at;
  return at < text.size() ? at : text.size();
}

// How many octets at the front of `text` are in the set.
inline constexpr size_t SpanOf(std::string_view text, const OctetSet& set) {
  return FindStranger(text, set);
}

inline constexpr bool AreAllIn(std::string_view text, const OctetSet& set) {
#ifdef __SSSE3__
  if (!std::is_constant_evaluated() && text.size() < 16) {
    const unsigned strangers = set.StrangersIn16(LoadShort(text));
    return (strangers & ((1u << text.size()) - 1)) == 0;
  }
#endif
  return SpanOf(text, set) == text.size();
}

#ifdef __SSE2__
// Which of 16 octets are among these, as bits.
template <char... kWanted>
inline unsigned HitsIn16(__m128i block) {
  const __m128i hits = (... | _mm_cmpeq_epi8(block, _mm_set1_epi8(kWanted)));
  return static_cast<unsigned>(_mm_movemask_epi8(hits));
}
template <char... kWanted>
inline unsigned HitsIn16(const char* octets) {
  return HitsIn16<kWanted...>(
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(octets)));
}
#endif

// Where the first of these octets stands at or behind `from`; text.size() when
// there is none. Reads nothing outside of the text.
// Cost: 16 octets at a time where the machine can.
template <char... kWanted>
inline size_t FindAny(std::string_view text, size_t from = 0) {
  size_t at = from;
#ifdef __SSE2__
  for (; at + 16 <= text.size(); at += 16) {
    const unsigned hits = HitsIn16<kWanted...>(text.data() + at);
    if (hits != 0) return at + static_cast<size_t>(std::countr_zero(hits));
  }
  if (at >= text.size()) return text.size();
  if (text.size() < 16) {
    const unsigned hits =
        HitsIn16<kWanted...>(LoadShort(text)) | 1u << text.size();
    return at + static_cast<size_t>(std::countr_zero(hits >> at));
  }
  // The last 16, of which the first were looked at.
  const size_t last = text.size() - 16;
  const unsigned hits = HitsIn16<kWanted...>(text.data() + last) >> (at - last);
  return hits == 0 ? text.size()
                   : at + static_cast<size_t>(std::countr_zero(hits));
#else
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if ((... || (c == kWanted))) break;
  }
  return at < text.size() ? at : text.size();
#endif
}

}  // namespace sallyport::sip

#endif  // CORE_SIP_OCTETS_H_
