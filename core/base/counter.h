// A Counter has one writer, the shard that owns it, and any number of readers.
#ifndef CORE_BASE_COUNTER_H_
#define CORE_BASE_COUNTER_H_

#include <atomic>
#include <cstdint>

namespace sallyport {

// Threads: Add by the owner only; Get by anyone. Relaxed load and store compile
// to plain moves: no locked instruction, and no torn read for the metrics page.
class Counter {
 public:
  void Add(uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n,
                 std::memory_order_relaxed);
  }
  uint64_t Get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

}  // namespace sallyport

#endif  // CORE_BASE_COUNTER_H_
