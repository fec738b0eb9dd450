// A Pacer wakes a reactor at even distances that are shorter than the
// millisecond in which the reactor itself can wait.
#ifndef BENCH_LOAD_PACER_H_
#define BENCH_LOAD_PACER_H_

#include <atomic>
#include <thread>

#include "bench/load/clock.h"
#include "net/reactor.h"

namespace sallyport::load {

// Threads: has one of its own, which sleeps between two wakes.
// Borrows: the reactor.
class Pacer {
 public:
  // Wakes at `start`, start + step, ...; `step` of at least kStepMin.
  static constexpr Nanos kStepMin = 200'000;
  Pacer(net::Reactor* reactor, Nanos start, Nanos step);
  ~Pacer();
  Pacer(const Pacer&) = delete;
  Pacer& operator=(const Pacer&) = delete;

 private:
  void Run(Nanos start, Nanos step);

  net::Reactor* const reactor_;
  std::atomic<bool> ends_{false};
  std::thread thread_;
};

}  // namespace sallyport::load

#endif  // BENCH_LOAD_PACER_H_
