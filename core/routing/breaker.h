// A Breaker remembers how one next hop behaved, so that requests need not find
// out one by one that it is gone.
#ifndef CORE_ROUTING_BREAKER_H_
#define CORE_ROUTING_BREAKER_H_

#include <cstdint>
#include <string_view>

#include "core/base/time.h"

namespace sallyport::routing {

struct BreakerPolicy {
  uint32_t failures_max = 3;  // in a row: it opens
  Millis rest_min{1'000};     // first rest; each failed probe doubles it
  Millis rest_max{60'000};    // also of what a Retry-After asks for
};

// closed --failures in a row, or Retry-After--> open
// open --time--> half open: the next request is the probe, and while it is
// under way the others take the hop for open
// half open --answer--> closed;  --failure--> open for twice as long
class Breaker {
 public:
  enum class State : uint8_t { kClosed, kOpen, kHalfOpen };

  State StateAt(Instant now) const;
  // A request may go there: it is closed, or the time for a probe has come.
  bool Admits(Instant now) const { return !open_ || now >= until_; }
  // It rests because it asked to: nothing may go there.
  bool AskedToRest(Instant now) const {
    return open_ && asked_ && now < until_;
  }

  // Each of these returns whether the state has changed.
  // A request goes there.
  bool Began(Instant now);
  // It answered. An answer from before does not end a rest that it asked for.
  bool Succeeded(Instant now);
  // It did not answer in time, or could not be reached. While it rests, late
  // failures of requests from before say nothing new.
  bool Failed(Instant now, const BreakerPolicy& policy);
  // It asks to be left alone. Source: RFC 3261 21.5.4
  bool RestFor(Millis asked, Instant now, const BreakerPolicy& policy);

 private:
  void Open(Instant now, Millis rest);

  bool open_ = false;
  bool asked_ = false;    // the rest was asked for
  bool probing_ = false;  // until_ is when the next probe may go
  uint32_t failures_ = 0;
  Millis rest_{0};  // the last one's length
  Instant until_{};
};
// "up", "open", "half_open": a label of metrics.
std::string_view ToString(Breaker::State state);

}  // namespace sallyport::routing

#endif  // CORE_ROUTING_BREAKER_H_
