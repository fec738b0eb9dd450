// Stand-ins for chance and authentication codes: the same in every run.
#ifndef CORE_TESTING_FAKES_H_
#define CORE_TESTING_FAKES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/edge_config.h"

namespace sallyport {

// One step of splitmix64: a bijection that spreads every bit over all others.
inline uint64_t Spread(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// The same seed, the same numbers.
class FakeEntropy : public Entropy {
 public:
  explicit FakeEntropy(uint64_t seed = 1) : state_(seed) {}
  uint64_t Next() override {
    const uint64_t number = Spread(state_);
    state_ += 0x9e3779b97f4a7c15;
    return number;
  }

 private:
  uint64_t state_;
};

// A keyed function of all of the data, not a safe one. Each octet and the
// length change every octet of the code.
class FakeMac : public Mac {
 public:
  explicit FakeMac(uint64_t key = 1) : key_(key) {}
  std::array<uint8_t, 32> Sign(std::string_view data) const override {
    uint64_t state = Spread(key_ ^ Spread(data.size()));
    for (const char octet : data) {
      state = Spread(state ^ static_cast<uint8_t>(octet));
    }
    std::array<uint8_t, 32> code;
    for (size_t i = 0; i < code.size(); ++i) {
      if (i % 8 == 0) state = Spread(state ^ key_);
      code[i] = static_cast<uint8_t>(state >> (i % 8 * 8));
    }
    return code;
  }

 private:
  uint64_t key_;
};

}  // namespace sallyport

#endif  // CORE_TESTING_FAKES_H_
