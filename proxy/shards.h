// Shards is all shards of the process with their threads, and the one place from
// which they are commanded.
#ifndef PROXY_SHARDS_H_
#define PROXY_SHARDS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "proxy/association_query.h"
#include "proxy/mail.h"
#include "proxy/names.h"
#include "proxy/options.h"
#include "proxy/shard.h"
#include "proxy/thread.h"

namespace sallyport::proxy {

// Threads: commands may come from any thread; a lock of the commanders keeps them
//          apart, and no shard ever takes it.
class Shards {
 public:
  static absl::StatusOr<std::unique_ptr<Shards>> Create(
      const Options& options, std::shared_ptr<const TlsMaterial> material,
      std::vector<ShardSockets> sockets);
  // Drains and joins, if that was not done.
  ~Shards();

  // Returns when every shard serves, or when one of them cannot: then all have
  // ended.
  absl::Status Start();
  void UseMaterial(std::shared_ptr<const TlsMaterial> material);
  std::vector<AssociationQuery::Row> Associations(const std::string& impi,
                                                  size_t most);
  // Returns when all shards have ended.
  void Drain();

  const std::vector<std::unique_ptr<Shard>>& all() const { return shards_; }
  const Names* names() const { return names_.get(); }  // null: no resolver
  // TlsMaterial's, in seconds since the epoch.
  const Gauge& certificate_expires_s() const { return certificate_expires_s_; }
  const Gauge& core_certificate_expires_s() const {
    return core_certificate_expires_s_;
  }

 private:
  explicit Shards(const Options& options);
  absl::Status StartNames(bool tls);
  void NoteValidity(const TlsMaterial& material);
  void Command(const std::function<void(Mail&)>& fill);
  struct Beginning;
  void RunShard(size_t index, Beginning& beginning);

  const Options& options_;
  Mailboxes mailboxes_;
  std::vector<int> ring_fds_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<Names> names_;  // wakes shards, so it ends before them
  std::vector<Thread> threads_;
  absl::Mutex command_mutex_;
  Gauge certificate_expires_s_, core_certificate_expires_s_;
};

}  // namespace sallyport::proxy

#endif  // PROXY_SHARDS_H_
