// The time that this thread had on a core, so that neighbours do not count.
#ifndef BENCH_THREAD_CLOCK_H_
#define BENCH_THREAD_CLOCK_H_

#include <time.h>

namespace sallyport::bench {

// Cost: a system call, some 300 ns.
inline double ThreadSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) +
         static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace sallyport::bench

#endif  // BENCH_THREAD_CLOCK_H_
