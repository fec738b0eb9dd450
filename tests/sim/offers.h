// Offers hold the law that a REGISTER fails (500, 504) only when the home core
// was tried as far as it was known: of the entry points that its shard knows of
// when it fails, by configuration or by the last answers of DNS, each was
// offered it. Where none is known, DNS has just said so, or it has waited its
// time for DNS to say something.
//
// What a shard knows is worked out here anew from the answers that it was
// given. Source: TS 24.229 5.2.2.1; RFC 3263 4.3; RFC 8767 4 (old answers)
#ifndef TESTS_SIM_OFFERS_H_
#define TESTS_SIM_OFFERS_H_

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/edge_config.h"
#include "core/flow.h"
#include "core/resolution.h"
#include "tests/sim/nodes.h"
#include "tests/sim/resolver.h"

namespace sallyport::sim {

// The Call-ID and CSeq of a REGISTER or its response name it.
class Offers {
 public:
  Offers(uint64_t seed, const EdgeConfig& config,
         std::vector<std::string> names);

  void OnRestarted();
  // A shard is told; what it does about it comes next.
  void OnAnswer(ShardId shard, std::string_view host,
                const Resolver::Answer& answer, Instant now);
  // A REGISTER reaches its shard.
  void OnArrived(std::string_view text, Instant now);
  // It is offered to entry point number `entry`. True: to a second one.
  bool OnOffered(std::string_view text, int entry);
  // A response of 500 or 504 leaves for the phone.
  void CheckFailure(ShardId shard, std::string_view text, Instant now) const;

  // An entry point has answered 503: it rests for a second.
  void OnRefused(ShardId shard, int entry, Instant now);
  // Since when the shard has known one entry point or another that does not
  // rest, as far as can be said; kNever: it knows none.
  Instant OpenSince(ShardId shard, Instant now) const;
  uint64_t failed_unoffered() const { return failed_unoffered_; }

 private:
  // What a shard knows of a name.
  struct Name {
    uint32_t entries = 0;
    Instant fresh_until = Instant::min();
    Instant stale_until = Instant::min();
  };
  struct Offer {
    Instant arrived;
    uint32_t entries = 0;
  };
  struct Shard {
    std::map<std::string, Name, std::less<>> names;
    Instant open_since = Instant::min();
    std::array<Instant, kEntryPoints> rests_until{};
  };

  Instant RestEnds(ShardId shard, Instant now) const;
  uint32_t Known(ShardId shard, Instant now) const;
  bool IsDenied(ShardId shard, Instant now) const;

  const uint64_t seed_;
  const Millis stale_max_;
  const Millis wait_max_;
  const std::vector<std::string> names_;
  std::vector<Shard> shards_;
  std::map<std::string, Offer, std::less<>> offers_;
  mutable uint64_t failed_unoffered_ = 0;
};

}  // namespace sallyport::sim

#endif  // TESTS_SIM_OFFERS_H_
