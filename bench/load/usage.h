// What a process or a thread has used, as the kernel counts it.
#ifndef BENCH_LOAD_USAGE_H_
#define BENCH_LOAD_USAGE_H_

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace sallyport::load {

struct CpuUsage {
  double used = 0;    // seconds on a core, user and system
  double waited = 0;  // seconds ready to run, without a core

  CpuUsage operator-(const CpuUsage& before) const {
    return {used - before.used, waited - before.waited};
  }
  CpuUsage operator+(const CpuUsage& more) const {
    return {used + more.used, waited + more.waited};
  }
};

// A process and all that it and its children have started. Threads that have
// ended do not count. Zeros when there is no such process, or it may not be
// looked at.
CpuUsage ReadProcessCpu(pid_t process);
// One thread of this process.
CpuUsage ReadThreadCpu(pid_t thread);

// The threads of the same processes.
std::vector<pid_t> ThreadsOf(pid_t process);

struct MemoryUsage {
  uint64_t resident_bytes = 0;      // Rss
  uint64_t proportional_bytes = 0;  // Pss: shared pages count in part
};
// Of the same processes.
MemoryUsage ReadMemory(pid_t process);

}  // namespace sallyport::load

#endif  // BENCH_LOAD_USAGE_H_
