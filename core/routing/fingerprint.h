// A Fingerprint is a seeded 64-bit hash of some texts and numbers. Equal inputs
// and seeds give equal values in every process; it is no authentication code.
#ifndef CORE_ROUTING_FINGERPRINT_H_
#define CORE_ROUTING_FINGERPRINT_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sallyport::routing {

// Cost: one multiplication for eight octets.
class Fingerprint {
 public:
  explicit Fingerprint(uint64_t seed) : state_(seed ^ 0x9e3779b97f4a7c15ULL) {}

  Fingerprint& Add(uint64_t word) {
    // Both halves of the product: what two words do to the lower one alone can
    // be made to cancel without a look at the state.
    const auto product =
        static_cast<unsigned __int128>(state_ ^ word) * 0xff51afd7ed558ccdULL;
    state_ = static_cast<uint64_t>(product) ^
             static_cast<uint64_t>(product >> 64);
    return *this;
  }
  // The length is a part of it, so that "ab","c" and "a","bc" differ.
  Fingerprint& Add(std::string_view text) { return AddWords(text, 0); }
  // For host names and tokens: no two of their octets differ by this bit alone
  // but a letter's two cases.
  Fingerprint& AddIgnoringCase(std::string_view text) {
    return AddWords(text, 0x2020202020202020ULL);
  }
  uint64_t value() const {
    const uint64_t mixed = state_ * 0xc4ceb9fe1a85ec53ULL;
    return mixed ^ (mixed >> 33);
  }

 private:
  Fingerprint& AddWords(std::string_view text, uint64_t set_bits) {
    Add(text.size());
    uint64_t word = 0;
    for (; text.size() >= sizeof(word); text.remove_prefix(sizeof(word))) {
      std::memcpy(&word, text.data(), sizeof(word));
      Add(word | set_bits);
    }
    if (text.empty()) return *this;
    word = 0;
    std::memcpy(&word, text.data(), text.size());
    return Add(word | set_bits);
  }

  uint64_t state_;
};

}  // namespace sallyport::routing

#endif  // CORE_ROUTING_FINGERPRINT_H_
