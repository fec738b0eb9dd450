// The next hops of --home_core, resolved once at the start.
#ifndef PROXY_HOME_CORE_H_
#define PROXY_HOME_CORE_H_

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/edge_config.h"

namespace sallyport::proxy {

// `sip:HOST:PORT;transport=tcp[,...]`; no transport means TCP, no port 5060.
// Blocks while a host name is resolved: for the start only.
// Fails: with the URI and the reason.
[[nodiscard]] absl::StatusOr<std::vector<CoreTarget>> ParseHomeCore(
    std::string_view list);

}  // namespace sallyport::proxy

#endif  // PROXY_HOME_CORE_H_
