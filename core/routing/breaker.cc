#include "core/routing/breaker.h"

#include <algorithm>

#include "absl/base/optimization.h"

namespace sallyport::routing {

std::string_view ToString(Breaker::State state) {
  switch (state) {
    case Breaker::State::kClosed:
      return "up";
    case Breaker::State::kOpen:
      return "open";
    case Breaker::State::kHalfOpen:
      return "half_open";
  }
  ABSL_UNREACHABLE();
}

Breaker::State Breaker::StateAt(Instant now) const {
  if (!open_) return State::kClosed;
  return probing_ || now >= until_ ? State::kHalfOpen : State::kOpen;
}

bool Breaker::Began(Instant now) {
  if (!open_ || now < until_) return false;
  probing_ = true;
  asked_ = false;
  until_ = now + rest_;  // a probe that is never answered is not the last one
  return true;
}

bool Breaker::Succeeded(Instant now) {
  if (asked_ && now < until_) return false;
  failures_ = 0;
  if (!open_) return false;
  *this = Breaker();
  return true;
}

bool Breaker::Failed(Instant now, const BreakerPolicy& policy) {
  if (!open_) {
    if (++failures_ < policy.failures_max) return false;
    Open(now, policy.rest_min);
    return true;
  }
  if (!probing_ && now < until_) return false;
  Open(now, std::clamp(2 * rest_, policy.rest_min, policy.rest_max));
  return true;
}

bool Breaker::RestFor(Millis asked, Instant now, const BreakerPolicy& policy) {
  const Millis rest = std::min(asked, policy.rest_max);
  if (rest <= Millis{0}) return Failed(now, policy);
  const bool was_open = open_ && !probing_ && now < until_;
  if (was_open && now + rest <= until_) return false;
  Open(now, rest);
  rest_ = std::max(rest_, policy.rest_min);
  asked_ = true;
  return !was_open;
}

void Breaker::Open(Instant now, Millis rest) {
  open_ = true;
  asked_ = false;
  probing_ = false;
  rest_ = rest;
  until_ = now + rest;
}

}  // namespace sallyport::routing
