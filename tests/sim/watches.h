// Watches hold the law that whoever has an association is watched: the shard
// has a subscription to the registration state of its IMPI, or tries again
// soon.
//
// Judged by the SUBSCRIBEs that leave. Where the registrar has ended the
// subscription for good (RFC 6665 4.1.3), or no entry point is known to send
// one to, nothing is asked. Source: TS 24.229 5.2.3
#ifndef TESTS_SIM_WATCHES_H_
#define TESTS_SIM_WATCHES_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/time.h"
#include "core/edge_config.h"
#include "core/flow.h"

namespace sallyport::sim {

class Watches {
 public:
  Watches(uint64_t seed, const EdgeConfig& config);

  void OnRestarted() { watches_.clear(); }
  // The clock has jumped: what was due meanwhile is late.
  void OnJumped(Instant now) { jumped_ = now; }
  // A SUBSCRIBE leaves.
  void OnSubscribe(ShardId shard, std::string_view text, Instant now);
  // The answer to a SUBSCRIBE comes in, by whichever shard.
  void OnAnswer(std::string_view text, Instant now);
  // A NOTIFY that ends the dialog has been accepted.
  void OnEnded(std::string_view call_id, bool for_good, Instant now);
  // Now and then, for each shard and user. `may_ask`: since when; kNever: not.
  void Check(ShardId shard, int user, bool associated, Instant may_ask,
             Instant now);

 private:
  using Key = std::pair<ShardId, int>;  // and the user
  struct Watch {
    Instant asked = Instant::min();  // or excused
    Instant due = Instant::min();    // what was granted is to be refreshed
    bool done = false;
    std::string call_id;      // of the last SUBSCRIBE
    bool associated = false;  // at the last check
  };
  Watch* Find(std::string_view call_id);

  const uint64_t seed_;
  const Millis retry_max_;
  Instant jumped_ = Instant::min();
  std::map<Key, Watch> watches_;
  std::map<std::string, Key, std::less<>> dialogs_;  // by Call-ID
};

}  // namespace sallyport::sim

#endif  // TESTS_SIM_WATCHES_H_
