// Instants and durations of the protocol. core/ never asks for the time: the
// present is an argument of every event, read once per loop turn by the shard.
#ifndef CORE_BASE_TIME_H_
#define CORE_BASE_TIME_H_

#include <chrono>
#include <cstdint>

namespace sallyport {

// A clock that nobody can read: it only gives Instant its type.
struct TurnClock {
  using duration = std::chrono::milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<TurnClock>;
  static constexpr bool is_steady = true;
};

using Millis = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;
using Instant = TurnClock::time_point;

// Later than any instant that happens.
inline constexpr Instant kNever = Instant::max();

}  // namespace sallyport

#endif  // CORE_BASE_TIME_H_
