// What does a timer cost, when a million others are armed?
//
// Sketch: 48 bytes each. Cancelling and arming touch the timer, its two
// neighbours and the end of another list: when the wheel is larger than the
// caches, four or five misses, 500 ns; else 50 ns. A timer of an hour moves
// down three levels before it pops; the lists that move stand in the order of
// arming, so that costs little more.
//
// We would be wrong if a million cost more per call than ten thousand plus
// those misses, or if a jump of a week took longer than the timers in it.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "core/base/timer_wheel.h"
#include "core/testing/fakes.h"

namespace sallyport {
namespace {

constexpr Instant kStart{Millis(1'000'003)};

// Registrations of an hour, spread over it.
Instant AnyDeadline(FakeEntropy& entropy, Instant now) {
  return now + Millis(static_cast<int64_t>(entropy.Next() % 3'600'000) + 1);
}

std::vector<TimerId> Fill(TimerWheel& wheel, int64_t count,
                          FakeEntropy& entropy) {
  std::vector<TimerId> timers;
  for (int64_t i = 0; i < count; ++i) {
    timers.push_back(wheel.Arm(AnyDeadline(entropy, kStart), {}));
  }
  return timers;
}

void BM_Timer_CancelArm(benchmark::State& state) {
  FakeEntropy entropy;
  TimerWheel wheel(static_cast<uint32_t>(state.range(0)), kStart);
  std::vector<TimerId> timers = Fill(wheel, state.range(0), entropy);
  for (auto _ : state) {
    TimerId& timer = timers[entropy.Next() % timers.size()];
    wheel.Cancel(timer);
    timer = wheel.Arm(AnyDeadline(entropy, kStart), {});
  }
}

// A loop that turns every millisecond; each timer that pops is armed again.
void BM_Timer_PopArm(benchmark::State& state) {
  FakeEntropy entropy;
  TimerWheel wheel(static_cast<uint32_t>(state.range(0)), kStart);
  Fill(wheel, state.range(0), entropy);
  Instant now = kStart;
  for (auto _ : state) {
    while (!wheel.PopDue(now)) now = std::max(now, wheel.NextDeadline());
    if (!wheel.Arm(AnyDeadline(entropy, now), {}).valid()) std::abort();
  }
}

void BM_Timer_NothingDue(benchmark::State& state) {
  FakeEntropy entropy;
  TimerWheel wheel(static_cast<uint32_t>(state.range(0)), kStart);
  Fill(wheel, state.range(0), entropy);
  for (auto _ : state) {
    benchmark::DoNotOptimize(wheel.NextDeadline());
    if (wheel.PopDue(kStart)) std::abort();
  }
}

// The clock jumps over a week in which one timer waits.
void BM_Timer_JumpAWeek(benchmark::State& state) {
  TimerWheel wheel(1, kStart);
  Instant now = kStart;
  for (auto _ : state) {
    now += std::chrono::hours(24 * 7);
    if (!wheel.Arm(now, {}).valid()) std::abort();
    now += TimerWheel::kTick;
    if (!wheel.PopDue(now)) std::abort();
  }
}

BENCHMARK(BM_Timer_CancelArm)->Arg(10'000)->Arg(1'000'000)->Arg(10'000'000);
BENCHMARK(BM_Timer_PopArm)->Arg(10'000)->Arg(1'000'000)->Arg(10'000'000);
BENCHMARK(BM_Timer_NothingDue)->Arg(10'000)->Arg(1'000'000);
BENCHMARK(BM_Timer_JumpAWeek);

}  // namespace
}  // namespace sallyport
