// Sets of octets, and the search for the first octet of a set: what every walk
// over a header value is made of.
#ifndef CORE_SIP_OCTETS_H_
#define CORE_SIP_OCTETS_H_

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace sallyport::sip {

// Cost: one load per question.
class OctetSet {
 public:
  constexpr OctetSet() = default;
  explicit constexpr OctetSet(std::string_view octets) {
    for (const char c : octets) table_[static_cast<unsigned char>(c)] = true;
  }
  // All octets for which `is` holds.
  template <typename Predicate>
    requires std::predicate<Predicate, char>
  explicit constexpr OctetSet(Predicate is) {
    for (size_t c = 0; c < table_.size(); ++c) {
      table_[c] = is(static_cast<char>(c));
    }
  }
  constexpr bool Has(char c) const {
    return table_[static_cast<unsigned char>(c)];
  }
  constexpr OctetSet operator|(const OctetSet& other) const {
    return OctetSet([&](char c) { return Has(c) || other.Has(c); });
  }

 private:
  std::array<bool, 256> table_{};
};

// How many octets at the front of `text` are in the set.
inline constexpr size_t SpanOf(std::string_view text, const OctetSet& set) {
  size_t size = 0;
  while (size < text.size() && set.Has(text[size])) ++size;
  return size;
}

inline constexpr bool AreAllIn(std::string_view text, const OctetSet& set) {
  return SpanOf(text, set) == text.size();
}

#ifdef __SSE2__
// Which of the 16 octets at `octets` are among these, as bits.
template <char... kWanted>
inline unsigned HitsIn16(const char* octets) {
  const __m128i block =
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(octets));
  const __m128i hits = (... | _mm_cmpeq_epi8(block, _mm_set1_epi8(kWanted)));
  return static_cast<unsigned>(_mm_movemask_epi8(hits));
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
  if (text.size() >= 16 && at < text.size()) {
    // The last 16, of which the first were looked at.
    const size_t last = text.size() - 16;
    const unsigned hits =
        HitsIn16<kWanted...>(text.data() + last) >> (at - last);
    return hits == 0 ? text.size()
                     : at + static_cast<size_t>(std::countr_zero(hits));
  }
#endif
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if ((... || (c == kWanted))) break;
  }
  return at < text.size() ? at : text.size();
}

}  // namespace sallyport::sip

#endif  // CORE_SIP_OCTETS_H_
