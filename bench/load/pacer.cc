#include "bench/load/pacer.h"

#include <sys/prctl.h>
#include <time.h>

#include <algorithm>

namespace sallyport::load {

Pacer::Pacer(net::Reactor* reactor, Nanos start, Nanos step)
    : reactor_(reactor),
      thread_([this, start, step] { Run(start, std::max(step, kStepMin)); }) {}

Pacer::~Pacer() {
  ends_ = true;
  thread_.join();
}

void Pacer::Run(Nanos start, Nanos step) {
  prctl(PR_SET_TIMERSLACK, 1000);  // the default, 50 us, would be latency
  for (Nanos next = start; !ends_; next += step) {
    // After a pause of the whole machine one wake is enough.
    next = std::max(next, ReadNanos());
    const timespec until{.tv_sec = next / kSecond, .tv_nsec = next % kSecond};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
    reactor_->WakeFromOutside();
  }
}

}  // namespace sallyport::load
