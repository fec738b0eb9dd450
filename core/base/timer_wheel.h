// A TimerWheel keeps deadlines and says which are due.
#ifndef CORE_BASE_TIMER_WHEEL_H_
#define CORE_BASE_TIMER_WHEEL_H_

#include <array>
#include <cstdint>
#include <optional>

#include "core/base/slab.h"
#include "core/base/time.h"

namespace sallyport {

// Handle of an armed timer; after it was popped or cancelled it finds nothing.
using TimerId = SlotHandle;

// What the owner wants to hear when the timer is due: its own words.
struct TimerKey {
  uint32_t kind = 0;
  SlotHandle subject;
};

// Bounds: `capacity` timers at once; Arm() then returns an invalid handle.
// Cost:   Arm, Rearm, Cancel, PopDue: O(1) amortised, however far time jumped; a
//         timer is moved at most once per level. A tick is kTick; a timer is
//         never early and less than two ticks late. The heap is touched only
//         when more timers are armed than ever before.
// Laws:   timers pop in the order of their ticks, and timers of one tick in the
//         order in which they were armed.
//
// A tick has a digit of kDigitBits for each level. A timer waits on the level
// of the highest digit in which it differs from the present tick, so each level
// holds nothing but the rest of the block that the present tick stands in, and
// lower levels come before higher ones. When the present reaches a block of a
// higher level, that block alone is spread over the levels below it, which are
// empty.
class TimerWheel {
 public:
  static constexpr Millis kTick{8};

  TimerWheel(uint32_t capacity, Instant now);

  // A deadline that is past already is due at the next PopDue().
  [[nodiscard]] TimerId Arm(Instant deadline, TimerKey key);
  // Does nothing when the timer was popped or cancelled already.
  void Cancel(TimerId timer);
  // Cancel() and Arm(): of a timer that is still armed the handle stays, so that
  // it cannot fail.
  [[nodiscard]] TimerId Rearm(TimerId timer, Instant deadline, TimerKey key);

  // No timer is due before this; kNever when none is armed. (May be earlier
  // than the first deadline, by a level of the wheel; never later. PopDue() at
  // that instant moves it on.)
  Instant NextDeadline() const;
  // The next timer that is due at `now`, disarmed; nothing when none is. `now`
  // never goes back.
  std::optional<TimerKey> PopDue(Instant now);

  uint32_t armed() const { return timers_.size(); }
  // Dies when lists, bitmaps and levels do not agree. O(timers).
  void CheckInvariants() const;

 private:
  static constexpr int kDigitBits = 6;
  static constexpr int kSlots = 1 << kDigitBits;
  static constexpr int kLevels = 11;  // 66 bits: all that an Instant can say
  static constexpr uint32_t kNone = SlotHandle::kNoSlot;

  struct Timer {
    uint64_t tick;
    TimerKey key;
    uint32_t list;  // level * kSlots + digit
    uint32_t next = kNone;
    uint32_t previous = kNone;
  };
  struct List {
    uint32_t first = kNone;
    uint32_t last = kNone;
  };
  // Where the wheel has to stop next: a tick with timers (level 0), or the
  // first tick of a block to spread.
  struct Stop {
    uint64_t tick;
    uint32_t list;
  };

  // Rounded up; not before the present.
  uint64_t TickOf(Instant deadline) const;
  uint64_t TickReached(Instant now) const;  // rounded down
  Instant TimeOf(uint64_t tick) const;
  uint32_t ListOf(uint64_t tick) const;
  std::optional<Stop> NextStop() const;
  void Append(uint32_t slot, uint32_t list);
  void Unlink(uint32_t slot);
  void Spread(uint32_t list);

  const Instant origin_;  // tick 0
  Slab<Timer> timers_;
  uint64_t present_ = 0;  // every timer's tick is at or after it
  std::array<List, kLevels * kSlots> lists_;
  std::array<uint64_t, kLevels> occupied_{};  // bit per list that is not empty
};

}  // namespace sallyport

#endif  // CORE_BASE_TIMER_WHEEL_H_
