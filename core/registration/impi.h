// The private identity of a UE (IMPI) and how two of them compare: by octets up
// to the last '@', without regard to ASCII case behind it, where a host name
// stands.
#ifndef CORE_REGISTRATION_IMPI_H_
#define CORE_REGISTRATION_IMPI_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/base/attributes.h"
#include "core/sip/limits.h"

namespace sallyport::registration {

// Text without quotes and quoted-pairs: where it stands, or in `room` when an
// octet within the quotes stands for another.
// Bounds: as long as `room`; a longer text becomes the empty one.
std::string_view Unquoted(std::string_view text ABSL_ATTRIBUTE_LIFETIME_BOUND,
                          std::span<char> room ABSL_ATTRIBUTE_LIFETIME_BOUND);

// The same with room for the longest header value, on the stack.
class UnquotedText {
 public:
  explicit UnquotedText(std::string_view text ABSL_ATTRIBUTE_LIFETIME_BOUND)
      : view_(Unquoted(text, octets_)) {}
  UnquotedText(const UnquotedText&) = delete;
  UnquotedText& operator=(const UnquotedText&) = delete;
  std::string_view view() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return view_; }

 private:
  std::array<char, sip::kHeaderValueBytesMax> octets_;
  std::string_view view_;
};

// Both are unquoted. An empty IMPI equals none, not even itself.
bool EqualImpis(std::string_view a, std::string_view b);

// 64 bits of several texts, the same in every run and on every shard. Equal IMPIs
// give equal bits. Not a secret.
// Cost: one multiplication for eight octets.
class Fingerprint {
 public:
  Fingerprint& Add(
      std::string_view part);  // part and size: parts do not run on
  Fingerprint& AddIgnoringCase(std::string_view part);
  Fingerprint& AddImpi(std::string_view impi);
  uint64_t Take() const;

 private:
  // Both halves of the product: what two words do to the lower one alone can be
  // made to cancel without a look at the state.
  void AddWord(uint64_t word) {
    const auto product =
        static_cast<unsigned __int128>(state_ ^ word) * 0xff51afd7ed558ccd;
    state_ = static_cast<uint64_t>(product) ^
             static_cast<uint64_t>(product >> 64);
  }
  // Eight octets at a time, and what is left.
  template <typename ToWord>
  void AddWords(std::string_view part, ToWord to_word);

  uint64_t state_ = 0x9e3779b97f4a7c15;
};

}  // namespace sallyport::registration

#endif  // CORE_REGISTRATION_IMPI_H_
