// The listening sockets of all shards, opened together.
#ifndef PROXY_LISTENERS_H_
#define PROXY_LISTENERS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "proxy/options.h"
#include "proxy/shard.h"

namespace sallyport::proxy {

// One set of sockets per shard on the same addresses (SO_REUSEPORT). Port 0 takes a
// free port, which is written back into `options`.
// Fails: with the flag, the address and the reason; also when another process has
//        the port, even one that would share it.
[[nodiscard]] absl::StatusOr<std::vector<ShardSockets>> OpenListeners(
    Options& options);

}  // namespace sallyport::proxy

#endif  // PROXY_LISTENERS_H_
