// The admin endpoint: HTTP for operators and their tools, on a thread of its own.
#ifndef PROXY_ADMIN_H_
#define PROXY_ADMIN_H_

#include <atomic>
#include <memory>

#include "absl/status/statusor.h"
#include "core/base/endpoint.h"
#include "proxy/options.h"
#include "proxy/shards.h"
#include "proxy/thread.h"

namespace httplib {
class Server;
}

namespace sallyport::proxy {

// /metrics, /healthz, /readyz, /associations and a page for people.
// Threads: Create and the destructor by one thread.
class Admin {
 public:
  // Fails: with the flag and the address when it cannot be bound.
  static absl::StatusOr<std::unique_ptr<Admin>> Create(const Options& options,
                                                       Shards& shards);
  ~Admin();

  const Endpoint& local() const { return local_; }
  void SetReady(bool ready) { ready_.store(ready); }

 private:
  Admin(const Options& options, Shards& shards);
  void AddRoutes();

  const Options& options_;
  Shards& shards_;
  Endpoint local_;
  std::atomic<bool> ready_{false};
  std::unique_ptr<httplib::Server> server_;
  Thread thread_;
};

}  // namespace sallyport::proxy

#endif  // PROXY_ADMIN_H_
