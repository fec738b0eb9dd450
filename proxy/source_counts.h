// SourceCounts knows how many connections each source has on this shard.
#ifndef PROXY_SOURCE_COUNTS_H_
#define PROXY_SOURCE_COUNTS_H_

#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "absl/log/check.h"
#include "core/base/endpoint.h"
#include "core/base/source_prefix.h"

namespace sallyport::proxy {

// Bounds: one entry for each source that has a connection.
// Cost:   O(1); nothing when there is no limit.
// Source: Sallyport 7 E38
class SourceCounts {
 public:
  // `most` connections of one source; 0: no limit.
  SourceCounts(SourcePrefix prefix, uint32_t most)
      : prefix_(prefix), most_(most) {}

  // False when this source has its share; then nothing was counted.
  [[nodiscard]] bool Enter(const IpAddress& address) {
    if (most_ == 0) return true;
    uint32_t& count = counts_[prefix_.Of(address)];
    if (count >= most_) return false;
    ++count;
    return true;
  }
  // Once for each Enter that was granted.
  void Leave(const IpAddress& address) {
    if (most_ == 0) return;
    const auto found = counts_.find(prefix_.Of(address));
    CHECK(found != counts_.end());
    if (--found->second == 0) counts_.erase(found);
  }
  size_t size() const { return counts_.size(); }

 private:
  const SourcePrefix prefix_;
  const uint32_t most_;
  absl::flat_hash_map<IpAddress, uint32_t> counts_;
};

}  // namespace sallyport::proxy

#endif  // PROXY_SOURCE_COUNTS_H_
