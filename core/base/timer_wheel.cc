#include "core/base/timer_wheel.h"

#include <algorithm>
#include <bit>

#include "absl/log/check.h"

namespace sallyport {
namespace {

constexpr uint64_t kTickMs = TimerWheel::kTick.count();

// Instants as distances, so that no difference of two can overflow.
uint64_t Since(Instant origin, Instant instant) {
  if (instant <= origin) return 0;
  return static_cast<uint64_t>(instant.time_since_epoch().count()) -
         static_cast<uint64_t>(origin.time_since_epoch().count());
}

}  // namespace

TimerWheel::TimerWheel(uint32_t capacity, Instant now)
    : origin_(now), timers_(capacity) {}

uint64_t TimerWheel::TickOf(Instant deadline) const {
  const uint64_t ms = Since(origin_, deadline);
  return std::max(ms / kTickMs + (ms % kTickMs != 0), present_);
}

uint64_t TimerWheel::TickReached(Instant now) const {
  return Since(origin_, now) / kTickMs;
}

Instant TimerWheel::TimeOf(uint64_t tick) const {
  if (tick > Since(origin_, kNever) / kTickMs) return kNever;
  const uint64_t ms =
      static_cast<uint64_t>(origin_.time_since_epoch().count()) +
      tick * kTickMs;
  return Instant(Millis(static_cast<int64_t>(ms)));
}

uint32_t TimerWheel::ListOf(uint64_t tick) const {
  const uint64_t differing = tick ^ present_;
  const int level =
      differing == 0 ? 0 : (std::bit_width(differing) - 1) / kDigitBits;
  const uint64_t digit = (tick >> (level * kDigitBits)) % kSlots;
  return static_cast<uint32_t>(level * kSlots + digit);
}

TimerId TimerWheel::Arm(Instant deadline, TimerKey key) {
  const uint64_t tick = TickOf(deadline);
  const TimerId timer =
      timers_.Acquire(Timer{.tick = tick, .key = key, .list = 0});
  if (timer.valid()) Append(timer.slot, ListOf(tick));
  return timer;
}

void TimerWheel::Cancel(TimerId timer) {
  if (timers_.Find(timer) == nullptr) return;
  Unlink(timer.slot);
  timers_.Release(timer);
}

TimerId TimerWheel::Rearm(TimerId timer, Instant deadline, TimerKey key) {
  Timer* const armed = timers_.Find(timer);
  if (armed == nullptr) return Arm(deadline, key);
  Unlink(timer.slot);
  armed->tick = TickOf(deadline);
  armed->key = key;
  Append(timer.slot, ListOf(armed->tick));
  return timer;
}

std::optional<TimerWheel::Stop> TimerWheel::NextStop() const {
  for (int level = 0; level < kLevels; ++level) {
    if (occupied_[level] == 0) continue;
    const int shift = level * kDigitBits;
    const uint32_t digit = std::countr_zero(occupied_[level]);
    // The block keeps the present tick's higher digits; lower ones are zero.
    const int above = shift + kDigitBits;
    const uint64_t higher = above >= 64 ? 0 : present_ >> above << above;
    return Stop{.tick = higher | (uint64_t{digit} << shift),
                .list = static_cast<uint32_t>(level * kSlots) + digit};
  }
  return {};
}

Instant TimerWheel::NextDeadline() const {
  const std::optional<Stop> stop = NextStop();
  return stop ? TimeOf(stop->tick) : kNever;
}

std::optional<TimerKey> TimerWheel::PopDue(Instant now) {
  const uint64_t reached = TickReached(now);
  while (const std::optional<Stop> stop = NextStop()) {
    if (stop->tick > reached) break;
    present_ = stop->tick;
    if (stop->list >= kSlots) {
      Spread(stop->list);
      continue;
    }
    const uint32_t slot = lists_[stop->list].first;
    const TimerKey key = timers_.At(slot)->key;
    Unlink(slot);
    timers_.Release(timers_.HandleAt(slot));
    return key;
  }
  // Nothing stands between the present and what was reached, so no timer's
  // level changes by this step.
  present_ = std::max(present_, reached);
  return {};
}

void TimerWheel::Append(uint32_t slot, uint32_t list) {
  Timer& timer = *timers_.At(slot);
  List& ends = lists_[list];
  timer.list = list;
  timer.previous = ends.last;
  timer.next = kNone;
  (ends.last == kNone ? ends.first : timers_.At(ends.last)->next) = slot;
  ends.last = slot;
  occupied_[list / kSlots] |= uint64_t{1} << (list % kSlots);
}

void TimerWheel::Unlink(uint32_t slot) {
  const Timer& timer = *timers_.At(slot);
  List& ends = lists_[timer.list];
  (timer.previous == kNone ? ends.first : timers_.At(timer.previous)->next) =
      timer.next;
  (timer.next == kNone ? ends.last : timers_.At(timer.next)->previous) =
      timer.previous;
  if (ends.first == kNone) {
    occupied_[timer.list / kSlots] &= ~(uint64_t{1} << (timer.list % kSlots));
  }
}

void TimerWheel::Spread(uint32_t list) {
  uint32_t slot = lists_[list].first;
  lists_[list] = {};
  occupied_[list / kSlots] &= ~(uint64_t{1} << (list % kSlots));
  while (slot != kNone) {
    const Timer& timer = *timers_.At(slot);
    const uint32_t next = timer.next;
    Append(slot, ListOf(timer.tick));
    slot = next;
  }
}

void TimerWheel::CheckInvariants() const {
  uint32_t linked = 0;
  for (uint32_t list = 0; list < lists_.size(); ++list) {
    const bool occupied = occupied_[list / kSlots] >> (list % kSlots) & 1;
    CHECK_EQ(occupied, lists_[list].first != kNone);
    uint32_t previous = kNone;
    for (uint32_t slot = lists_[list].first; slot != kNone;) {
      const Timer* timer = timers_.At(slot);
      CHECK(timer != nullptr);
      CHECK_GE(timer->tick, present_);
      CHECK_EQ(timer->list, list);
      CHECK_EQ(ListOf(timer->tick), list);
      CHECK_EQ(timer->previous, previous);
      ++linked;
      previous = slot;
      slot = timer->next;
    }
    CHECK_EQ(lists_[list].last, previous);
  }
  CHECK_EQ(linked, timers_.size());
}

}  // namespace sallyport
