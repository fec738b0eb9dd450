#include "tests/sim/watches.h"

#include <algorithm>

#include "absl/log/check.h"
#include "absl/strings/numbers.h"
#include "tests/sim/phone.h"
#include "tests/sim/text.h"

namespace sallyport::sim {
namespace {

// Rounding of timers and turns.
constexpr Millis kSlack{2'000};
// Refreshed when this is left, or half the time.
constexpr Millis kRefreshAhead{600'000};

int ExpiresIn(std::string_view text) {
  int expires = 0;
  return absl::SimpleAtoi(RowIn(text, "Expires"), &expires) ? expires : 0;
}

}  // namespace

// A SUBSCRIBE is answered within Timer F or never; then comes a pause.
Watches::Watches(uint64_t seed, const EdgeConfig& config)
    : seed_(seed),
      retry_max_(config.timer_f_core + config.reg_event_backoff_max + kSlack) {}

Watches::Watch* Watches::Find(std::string_view call_id) {
  const auto key = dialogs_.find(call_id);
  if (key == dialogs_.end()) return nullptr;
  const auto watch = watches_.find(key->second);
  return watch != watches_.end() && watch->second.call_id == call_id
             ? &watch->second
             : nullptr;
}

void Watches::OnSubscribe(ShardId shard, std::string_view text, Instant now) {
  CHECK_EQ(RowIn(text, "P-Asserted-Identity"), "<sip:pcscf1.ims.test>")
      << "seed " << seed_ << "\n"
      << text;
  CHECK_EQ(RowIn(text, "Event"), "reg") << "seed " << seed_ << "\n" << text;
  const std::string_view call_id = RowIn(text, "Call-ID");
  const Key key{shard, UserIn(RowIn(text, "To"))};
  Watch& watch = watches_[key];
  if (watch.call_id != call_id) {
    watch.call_id = call_id;
    watch.due = Instant::min();
    dialogs_[watch.call_id] = key;
  }
  watch.done = false;
  watch.asked = now;
  if (ExpiresIn(text) == 0) watch.due = Instant::min();
}

void Watches::OnAnswer(std::string_view text, Instant now) {
  Watch* watch = Find(RowIn(text, "Call-ID"));
  if (watch == nullptr || StatusOf(text) != 200) return;
  const Millis granted = Seconds(ExpiresIn(text));
  // Behind a name the way may be closed until the end.
  const bool by_address = Contains(RowIn(text, "Contact"), "sip:192.0.2.");
  watch->due = now + granted -
               (by_address ? std::min(granted / 2, kRefreshAhead) : Millis{0});
}

void Watches::OnEnded(std::string_view call_id, bool for_good, Instant now) {
  Watch* watch = Find(call_id);
  if (watch == nullptr) return;
  watch->done = for_good;
  watch->asked = now;
  watch->due = Instant::min();
}

void Watches::Check(ShardId shard, int user, bool associated, Instant may_ask,
                    Instant now) {
  if (!associated) {
    const auto watch = watches_.find({shard, user});
    if (watch != watches_.end()) watch->second.associated = false;
    return;
  }
  Watch& watch = watches_[{shard, user}];
  const bool excused = !watch.associated || watch.done;
  watch.associated = true;
  watch.asked =
      std::max({watch.asked, jumped_, excused ? now : std::min(may_ask, now)});
  CHECK(now <= std::max(watch.asked + retry_max_, watch.due + kSlack))
      << "seed " << seed_ << ": nobody watches " << ImpiOf(user) << " on shard "
      << shard;
}

}  // namespace sallyport::sim
