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
  Fingerprint& Add(std::string_view text) {
    Add(text.size());
    while (text.size() >= sizeof(uint64_t)) {
      Add(Word(text.substr(0, sizeof(uint64_t))));
      text.remove_prefix(sizeof(uint64_t));
    }
    return text.empty() ? *this : Add(Word(text));
  }
  uint64_t value() const {
    const uint64_t mixed = state_ * 0xc4ceb9fe1a85ec53ULL;
    return mixed ^ (mixed >> 33);
  }

 private:
  static uint64_t Word(std::string_view octets) {
    uint64_t word = 0;
    std::memcpy(&word, octets.data(), octets.size());
    return word;
  }

  uint64_t state_;
};

}  // namespace sallyport::routing

#endif  // CORE_ROUTING_FINGERPRINT_H_
