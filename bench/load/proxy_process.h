// ProxyProcess is the proxy under test: started here, on free ports, and ended.
#ifndef BENCH_LOAD_PROXY_PROCESS_H_
#define BENCH_LOAD_PROXY_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/endpoint.h"

namespace sallyport::load {

// Owns:  the process and a folder for its certificate; both end with this.
// Fails: Create(), when the proxy does not say `ready`; End(), when it ends
//        with another status than 0 or not at all.
class ProxyProcess {
 public:
  struct Start {
    std::string program;
    Endpoint home_core;
    int shards = 1;
    std::vector<std::string> more_flags;
  };
  static absl::StatusOr<std::unique_ptr<ProxyProcess>> Create(
      const Start& start);
  ~ProxyProcess();
  ProxyProcess(const ProxyProcess&) = delete;
  ProxyProcess& operator=(const ProxyProcess&) = delete;

  pid_t pid() const { return pid_; }
  const Endpoint& tls() const { return tls_; }
  bool Lives();
  // SIGTERM, and waits for the end.
  absl::Status End();

 private:
  ProxyProcess() = default;
  absl::Status Spawn(const Start& start);
  absl::Status AwaitReady();

  pid_t pid_ = 0;  // 0: has ended, and was waited for
  int output_ = -1;
  std::string folder_;
  Endpoint tls_;
};

}  // namespace sallyport::load

#endif  // BENCH_LOAD_PROXY_PROCESS_H_
