// A Schedule is what will happen in a simulated run, and when.
#ifndef TESTS_SIM_SCHEDULE_H_
#define TESTS_SIM_SCHEDULE_H_

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "core/base/time.h"

namespace sallyport::sim {

// What is due at one instant happens in the order in which it was planned.
class Schedule {
 public:
  using Happening = std::function<void()>;

  Instant now() const { return now_; }
  void At(Instant when, Happening what) {
    queue_.push({when, next_++, std::move(what)});
  }
  void In(Millis delay, Happening what) { At(now_ + delay, std::move(what)); }
  bool empty() const { return queue_.empty(); }
  Instant next() const { return queue_.empty() ? kNever : queue_.top().when; }

  // Takes the first one out and moves the clock to it.
  Happening Pop() {
    Entry entry = std::move(const_cast<Entry&>(queue_.top()));
    queue_.pop();
    if (entry.when > now_) now_ = entry.when;
    return std::move(entry.what);
  }
  // The clock jumps; what was due meanwhile happens late.
  void Jump(Millis step) { now_ += step; }
  void MoveTo(Instant when) {
    if (when > now_) now_ = when;
  }

 private:
  struct Entry {
    Instant when;
    uint64_t order;
    Happening what;
    bool operator<(const Entry& other) const {
      return when != other.when ? when > other.when : order > other.order;
    }
  };
  Instant now_ = Instant(Millis(1'000'000));
  uint64_t next_ = 0;
  std::priority_queue<Entry> queue_;
};

}  // namespace sallyport::sim

#endif  // TESTS_SIM_SCHEDULE_H_
