#include "core/base/timer_wheel.h"

#include <algorithm>
#include <optional>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace sallyport {
namespace {

using std::chrono::hours;

constexpr Instant kStart{Millis(1'000'003)};

TimerKey Key(uint32_t kind) { return {.kind = kind, .subject = {kind, 1}}; }

// Kinds of all timers that are due, in the order in which they pop.
std::vector<uint32_t> PopAll(TimerWheel& wheel, Instant now) {
  std::vector<uint32_t> kinds;
  while (const auto key = wheel.PopDue(now)) kinds.push_back(key->kind);
  wheel.CheckInvariants();
  return kinds;
}

// Turns like a shard's loop until the timers are due; returns when that was.
Instant RunUntilDue(TimerWheel& wheel) {
  Instant now = kStart;
  while (!wheel.PopDue(now)) {
    EXPECT_GT(wheel.NextDeadline(), now) << "the loop would spin";
    now = wheel.NextDeadline();
  }
  return now;
}

using Kinds = std::vector<uint32_t>;

TEST(TimerWheel, OfNoTimersHasNoDeadline) {
  TimerWheel wheel(1, kStart);

  EXPECT_EQ(wheel.NextDeadline(), kNever);
  EXPECT_FALSE(wheel.PopDue(kStart + hours(1000)));
  EXPECT_EQ(wheel.armed(), 0u);
}

TEST(TimerWheel, GivesBackTheKeyItWasArmedWith) {
  TimerWheel wheel(1, kStart);
  const TimerKey key{.kind = 3, .subject = {.slot = 4, .generation = 5}};
  ASSERT_TRUE(wheel.Arm(kStart + Millis(10), key).valid());

  const auto popped = wheel.PopDue(kStart + Millis(100));

  ASSERT_TRUE(popped);
  EXPECT_EQ(popped->kind, key.kind);
  EXPECT_EQ(popped->subject, key.subject);
  EXPECT_EQ(wheel.armed(), 0u);
}

TEST(TimerWheel, IsNeverEarlyAndLessThanTwoTicksLate) {
  for (const Millis wait :
       {Millis(0), Millis(1), Millis(7), Millis(8), Millis(9), Millis(511),
        Millis(512), Millis(513), Millis(32'000), Millis(128'000),
        Millis(3'630'000), Millis(hours(24 * 7)), Millis(hours(24 * 365 * 136)),
        Millis(hours(24 * 365 * 100'000))}) {
    TimerWheel wheel(1, kStart);
    ASSERT_TRUE(wheel.Arm(kStart + wait, Key(1)).valid());

    const Instant popped = RunUntilDue(wheel);

    EXPECT_GE(popped, kStart + wait) << wait.count();
    EXPECT_LT(popped, kStart + wait + 2 * TimerWheel::kTick) << wait.count();
  }
}

TEST(TimerWheel, TakesADeadlineThatIsPast) {
  TimerWheel wheel(4, kStart);
  EXPECT_FALSE(wheel.PopDue(kStart + hours(1)));

  ASSERT_TRUE(wheel.Arm(kStart, Key(1)).valid());
  ASSERT_TRUE(wheel.Arm(Instant::min(), Key(2)).valid());

  EXPECT_LE(wheel.NextDeadline(), kStart + hours(1));
  EXPECT_EQ(PopAll(wheel, kStart + hours(1)), Kinds({1, 2}));
}

TEST(TimerWheel, NeverPopsATimerThatIsArmedForNever) {
  TimerWheel wheel(1, kStart);
  ASSERT_TRUE(wheel.Arm(kNever, Key(1)).valid());

  wheel.CheckInvariants();
  EXPECT_FALSE(wheel.PopDue(kStart + hours(24 * 365 * 1000)));
  EXPECT_EQ(wheel.armed(), 1u);
}

TEST(TimerWheel, PopsTimersOfOneTickAsTheyWereArmed) {
  TimerWheel wheel(8, kStart);
  const Instant deadline = kStart + Seconds(3600);
  // Armed from far and from near: the first ones moved down the levels.
  ASSERT_TRUE(wheel.Arm(deadline, Key(1)).valid());
  EXPECT_FALSE(wheel.PopDue(kStart + Seconds(1800)));
  ASSERT_TRUE(wheel.Arm(deadline, Key(2)).valid());
  EXPECT_FALSE(wheel.PopDue(deadline - Millis(300)));
  ASSERT_TRUE(wheel.Arm(deadline, Key(3)).valid());
  EXPECT_FALSE(wheel.PopDue(deadline - Millis(16)));
  ASSERT_TRUE(wheel.Arm(deadline, Key(4)).valid());

  EXPECT_EQ(PopAll(wheel, deadline + hours(1)), Kinds({1, 2, 3, 4}));
}

TEST(TimerWheel, ForgetsACancelledTimer) {
  TimerWheel wheel(3, kStart);
  ASSERT_TRUE(wheel.Arm(kStart + Seconds(1), Key(1)).valid());
  const TimerId cancelled = wheel.Arm(kStart + Seconds(1), Key(2));
  ASSERT_TRUE(wheel.Arm(kStart + Seconds(1), Key(3)).valid());

  wheel.Cancel(cancelled);
  wheel.Cancel(cancelled);
  wheel.Cancel({});

  EXPECT_EQ(wheel.armed(), 2u);
  EXPECT_EQ(PopAll(wheel, kStart + Seconds(2)), Kinds({1, 3}));
}

TEST(TimerWheel, DoesNotCancelTheNextTenantOfATimersSlot) {
  TimerWheel wheel(1, kStart);
  const TimerId popped = wheel.Arm(kStart, Key(1));
  ASSERT_TRUE(wheel.PopDue(kStart));
  ASSERT_TRUE(wheel.Arm(kStart + Seconds(1), Key(2)).valid());

  wheel.Cancel(popped);

  EXPECT_EQ(PopAll(wheel, kStart + Seconds(2)), Kinds({2}));
}

TEST(TimerWheel, RearmsATimerBehindThoseOfItsNewTick) {
  TimerWheel wheel(2, kStart);
  const TimerId moved = wheel.Arm(kStart + Millis(80), Key(1));
  ASSERT_TRUE(wheel.Arm(kStart + Millis(160), Key(2)).valid());

  EXPECT_EQ(wheel.Rearm(moved, kStart + Millis(160), Key(3)), moved);
  EXPECT_EQ(wheel.armed(), 2u);
  EXPECT_EQ(PopAll(wheel, kStart + Millis(159)), Kinds({}));
  EXPECT_EQ(PopAll(wheel, kStart + hours(1)), Kinds({2, 3}));

  // What was popped is armed anew, and so is what never was.
  const TimerId anew = wheel.Rearm(moved, kStart + hours(2), Key(4));
  EXPECT_NE(anew, moved);
  ASSERT_TRUE(wheel.Rearm({}, kStart + hours(2), Key(5)).valid());
  EXPECT_FALSE(wheel.Rearm(moved, kStart + hours(2), Key(6)).valid());
  // It is earlier than the present.
  EXPECT_EQ(wheel.Rearm(anew, kStart, Key(7)), anew);
  EXPECT_EQ(PopAll(wheel, kStart + hours(3)), Kinds({7, 5}));
}

TEST(TimerWheel, RefusesTheTimerBeyondItsCapacity) {
  TimerWheel wheel(1, kStart);
  ASSERT_TRUE(wheel.Arm(kStart + Seconds(1), Key(1)).valid());

  EXPECT_FALSE(wheel.Arm(kStart + Seconds(1), Key(2)).valid());

  EXPECT_EQ(PopAll(wheel, kStart + Seconds(2)), Kinds({1}));
}

// A wheel that walked its ticks would not come back from this.
TEST(TimerWheel, JumpsOverAnyTimeAtOnce) {
  TimerWheel wheel(2, kStart);
  const Instant far = kStart + hours(24 * 365 * 1'000'000LL);
  ASSERT_TRUE(wheel.Arm(far, Key(1)).valid());
  ASSERT_TRUE(wheel.Arm(kStart + hours(24 * 7), Key(2)).valid());

  EXPECT_EQ(PopAll(wheel, far + Seconds(1)), Kinds({2, 1}));
}

TEST(TimerWheel, ArmsFromWithinAPopInOrder) {
  TimerWheel wheel(4, kStart);
  const Instant now = kStart + Seconds(10);
  ASSERT_TRUE(wheel.Arm(kStart + Seconds(1), Key(1)).valid());
  ASSERT_TRUE(wheel.Arm(kStart + Seconds(3), Key(3)).valid());

  ASSERT_EQ(wheel.PopDue(now)->kind, 1u);
  ASSERT_TRUE(wheel.Arm(kStart + Seconds(2), Key(2)).valid());

  EXPECT_EQ(PopAll(wheel, now), Kinds({2, 3}));
}

// ---- the wheel against a list that is searched

class SlowTimers {
 public:
  struct Timer {
    int64_t tick;
    uint64_t order;
    uint32_t kind;
    TimerId id;
  };
  void Arm(Instant deadline, uint32_t kind, TimerId id, Instant reached) {
    timers_.push_back(
        {std::max(Up(deadline), Down(reached)), order_++, kind, id});
  }
  std::optional<uint32_t> PopDue(Instant now) {
    const auto first = std::min_element(
        timers_.begin(), timers_.end(), [](const Timer& a, const Timer& b) {
          return std::pair(a.tick, a.order) < std::pair(b.tick, b.order);
        });
    if (first == timers_.end() || first->tick > Down(now)) return {};
    const uint32_t kind = first->kind;
    timers_.erase(first);
    return kind;
  }
  Instant Earliest() const {
    int64_t tick = INT64_MAX;
    for (const Timer& timer : timers_) tick = std::min(tick, timer.tick);
    return tick == INT64_MAX ? kNever : kStart + tick * TimerWheel::kTick;
  }
  std::vector<Timer>& timers() { return timers_; }

 private:
  static int64_t Down(Instant at) { return (at - kStart) / TimerWheel::kTick; }
  static int64_t Up(Instant at) {
    return (at - kStart + TimerWheel::kTick - Millis(1)) / TimerWheel::kTick;
  }
  std::vector<Timer> timers_;
  uint64_t order_ = 0;
};

// Waits of every size, from nothing to weeks.
Millis AnyWait(std::mt19937_64& random) {
  return Millis(static_cast<int64_t>(random() >> (31 + random() % 33)));
}

void RunAgainstSlowTimers(uint64_t seed) {
  std::mt19937_64 random(seed);
  constexpr uint32_t kCapacity = 50;
  TimerWheel wheel(kCapacity, kStart);
  SlowTimers slow;
  Instant now = kStart;
  for (uint32_t step = 0; step < 2000; ++step) {
    if (random() % 3 != 0 && slow.timers().size() < kCapacity) {
      const Instant deadline = now + AnyWait(random);
      slow.Arm(deadline, step, wheel.Arm(deadline, Key(step)), now);
    } else if (random() % 4 == 0 && !slow.timers().empty()) {
      const auto victim =
          slow.timers().begin() + random() % slow.timers().size();
      wheel.Cancel(victim->id);
      slow.timers().erase(victim);
    } else if (random() % 4 == 0 && !slow.timers().empty()) {
      const auto moved =
          slow.timers().begin() + random() % slow.timers().size();
      const Instant deadline = now + AnyWait(random);
      const TimerId id = moved->id;
      slow.timers().erase(moved);
      slow.Arm(deadline, step, wheel.Rearm(id, deadline, Key(step)), now);
    } else {
      now += AnyWait(random);
      // Each sees the same: kinds in the same order, then nothing.
      for (bool more = true; more;) {
        const auto popped = wheel.PopDue(now);
        const auto expected = slow.PopDue(now);
        ASSERT_EQ(popped.has_value(), expected.has_value()) << step;
        more = popped.has_value();
        if (!more) break;
        ASSERT_EQ(popped->kind, *expected) << step;
      }
    }
    if (step % 16 == 0) wheel.CheckInvariants();
    ASSERT_EQ(wheel.armed(), slow.timers().size()) << step;
    ASSERT_LE(wheel.NextDeadline(), slow.Earliest()) << step;
    ASSERT_EQ(wheel.NextDeadline() == kNever, slow.timers().empty()) << step;
  }
}

TEST(TimerWheel, AgreesWithASlowOneUnderAnySequence) {
  for (uint64_t seed = 1; seed <= 25; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RunAgainstSlowTimers(seed);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace sallyport
