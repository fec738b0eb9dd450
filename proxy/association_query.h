// An AssociationQuery collects what the shards know of a private identity, for the
// admin page.
#ifndef PROXY_ASSOCIATION_QUERY_H_
#define PROXY_ASSOCIATION_QUERY_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "core/edge.h"

namespace sallyport::proxy {

// Threads: filled by each shard once, read by the one who asks. Its lock belongs to
// one question of one person; no message waits for it.
class AssociationQuery {
 public:
  struct Row {
    ShardId shard = 0;
    uint32_t slot = 0;
    std::string impi;
    std::string state;
    std::string peer;
    double expires_s = 0;
    std::vector<std::string> identities;
    std::string rule;       // of the last verdict, "D8"
    std::string integrity;  // what the registrar was told
    double decided_ago_s = 0;
  };

  AssociationQuery(std::string impi, size_t most, int shards)
      : impi_(std::move(impi)), most_(most), waiting_(shards) {}

  const std::string& impi() const { return impi_; }
  size_t most() const { return most_; }

  void Add(std::vector<Row> rows) {
    absl::MutexLock lock(&mutex_);
    for (Row& row : rows) {
      if (rows_.size() < most_) rows_.push_back(std::move(row));
    }
    --waiting_;
  }
  // What has come when all shards answered, or after `timeout`.
  std::vector<Row> Wait(absl::Duration timeout) {
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(
        absl::Condition(
            +[](int* waiting) { return *waiting == 0; }, &waiting_),
        timeout);
    return rows_;
  }

 private:
  const std::string impi_;
  const size_t most_;
  absl::Mutex mutex_;
  int waiting_ ABSL_GUARDED_BY(mutex_);
  std::vector<Row> rows_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sallyport::proxy

#endif  // PROXY_ASSOCIATION_QUERY_H_
