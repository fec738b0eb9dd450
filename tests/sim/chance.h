// Chance of a simulated run: the same seed, the same run.
#ifndef TESTS_SIM_CHANCE_H_
#define TESTS_SIM_CHANCE_H_

#include <cstdint>

#include "core/base/time.h"
#include "core/testing/fakes.h"

namespace sallyport::sim {

class Chance {
 public:
  explicit Chance(uint64_t seed) : source_(seed) {}

  uint64_t Bits() { return source_.Next(); }
  // 0 to n-1.
  uint64_t Below(uint64_t n) { return source_.Next() % n; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  Millis Between(int64_t least_ms, int64_t most_ms) {
    return Millis(least_ms + static_cast<int64_t>(Below(
                                 static_cast<uint64_t>(most_ms - least_ms + 1))));
  }

 private:
  FakeEntropy source_;
};

}  // namespace sallyport::sim

#endif  // TESTS_SIM_CHANCE_H_
