// A PerfCounter counts an event of the kernel's perf over all threads of
// another process.
#ifndef BENCH_LOAD_PERF_COUNTER_H_
#define BENCH_LOAD_PERF_COUNTER_H_

#include <linux/perf_event.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "net/fd.h"

namespace sallyport::load {

struct PerfEvent {
  uint32_t type;
  uint64_t config;
};
inline constexpr PerfEvent kInstructions = {PERF_TYPE_HARDWARE,
                                            PERF_COUNT_HW_INSTRUCTIONS};

// Threads: of the process and its descendants. What they start later counts
// too;
//          a thread that begins while Open() looks may be missed.
// Owns:    a descriptor for each of them.
// Cost:    Read(): a system call for each of them.
class PerfCounter {
 public:
  // Nothing when this machine has no such event, when we may not count it even
  // without the kernel, or when there is no such process.
  static std::optional<PerfCounter> Open(pid_t process, const PerfEvent& event);

  // Since Open(). Scaled up where events shared a counter of the machine.
  double Read() const;
  // What the kernel did for the process counts too.
  bool with_kernel() const { return with_kernel_; }

 private:
  PerfCounter(std::vector<net::Fd> threads, bool with_kernel)
      : threads_(std::move(threads)), with_kernel_(with_kernel) {}

  std::vector<net::Fd> threads_;
  bool with_kernel_;
};

}  // namespace sallyport::load

#endif  // BENCH_LOAD_PERF_COUNTER_H_
