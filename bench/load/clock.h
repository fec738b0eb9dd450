// The monotonic clock in nanoseconds: latency is shorter than an Instant's
// millisecond.
#ifndef BENCH_LOAD_CLOCK_H_
#define BENCH_LOAD_CLOCK_H_

#include <time.h>

#include <cstdint>

namespace sallyport::load {

using Nanos = int64_t;
inline constexpr Nanos kSecond = 1'000'000'000;

inline Nanos ReadNanos() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

inline double ToSeconds(Nanos time) {
  return static_cast<double>(time) / static_cast<double>(kSecond);
}

}  // namespace sallyport::load

#endif  // BENCH_LOAD_CLOCK_H_
