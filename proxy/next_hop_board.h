// A NextHopBoard shows the next hops of a shard to whoever looks at the metrics.
#ifndef PROXY_NEXT_HOP_BOARD_H_
#define PROXY_NEXT_HOP_BOARD_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "core/edge.h"

namespace sallyport::proxy {

// Threads: Post by the shard, Get by any.
// Cost:    a lock, which the shard takes only when something has changed.
class NextHopBoard {
 public:
  void Post(std::vector<Edge::NextHopInfo> hops) {
    absl::MutexLock lock(&mutex_);
    hops_ = std::move(hops);
  }
  std::vector<Edge::NextHopInfo> Get() const {
    absl::MutexLock lock(&mutex_);
    return hops_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<Edge::NextHopInfo> hops_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sallyport::proxy

#endif  // PROXY_NEXT_HOP_BOARD_H_
