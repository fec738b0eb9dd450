// A SourceRate bounds how often each source is answered: one token bucket for
// each source prefix, in a table of fixed size.
#ifndef CORE_ROUTING_SOURCE_RATE_H_
#define CORE_ROUTING_SOURCE_RATE_H_

#include <cstdint>
#include <vector>

#include "core/base/endpoint.h"
#include "core/base/source_prefix.h"
#include "core/base/time.h"

namespace sallyport::routing {

// Owns:   its table.
// Bounds: kBuckets; sources whose hashes collide share a bucket (the seed is
//         this process's secret, so nobody chooses a neighbour).
// Cost:   O(1), nothing from the heap after construction.
// Source: Sallyport 9.4
class SourceRate {
 public:
  static constexpr uint32_t kBuckets = 16384;

  struct Options {
    uint32_t per_second = 0;  // also the burst; 0: no limit
    SourcePrefix prefix;
    uint64_t seed = 0;
  };
  explicit SourceRate(const Options& options);

  // Takes one token; false when this source has none left.
  [[nodiscard]] bool Take(const IpAddress& source, Instant now);

 private:
  struct Bucket {
    Instant filled{};       // when `tokens` was right
    uint32_t tokens = 0;    // thousandths
    bool used = false;
  };

  const Options options_;
  std::vector<Bucket> buckets_;
};

}  // namespace sallyport::routing

#endif  // CORE_ROUTING_SOURCE_RATE_H_
