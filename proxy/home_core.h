// The entry points of --home_core: addresses, and names to be resolved.
#ifndef PROXY_HOME_CORE_H_
#define PROXY_HOME_CORE_H_

#include <cstddef>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/edge_config.h"

namespace sallyport::proxy {

inline constexpr size_t kHomeCoreMax = 16;

// `sip:HOST:PORT;transport=tcp;priority=1;weight=10[,...]`. An address without
// transport means TCP, without port 5060 or, over TLS, 5061; of a name DNS says
// both (NAPTR, SRV). `sips:` means transport=tls.
// Bounds: kHomeCoreMax.
// Fails: with the URI and the reason.
[[nodiscard]] absl::StatusOr<std::vector<CoreTarget>> ParseHomeCore(
    std::string_view list);

}  // namespace sallyport::proxy

#endif  // PROXY_HOME_CORE_H_
