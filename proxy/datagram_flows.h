// DatagramFlows are the flows of a shard's UDP sockets: one for each local
// address, so that an answer leaves from the address that was asked, also on a
// socket with the wildcard address.
#ifndef PROXY_DATAGRAM_FLOWS_H_
#define PROXY_DATAGRAM_FLOWS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/endpoint.h"
#include "core/flow.h"
#include "net/event_sink.h"

namespace sallyport::proxy {

// Bounds: kMax; past it the socket's own flow serves (its answers leave from
//         the address that the system chooses).
// Cost:   a walk over the host's addresses, few and close together.
class DatagramFlows {
 public:
  static constexpr uint32_t kMax = 256;

  struct Flow {
    net::UdpId socket;
    Side side = Side::kAccess;
    Endpoint local;
    IpAddress from{};  // invalid: what the socket is bound to
  };

  // The flow of a socket that was just opened. At most kMax sockets.
  uint32_t Open(net::UdpId socket, Side side, const Endpoint& bound) {
    flows_.push_back({.socket = socket, .side = side, .local = bound});
    return static_cast<uint32_t>(flows_.size() - 1);
  }

  struct Found {
    uint32_t index = 0;
    bool is_new = false;  // made by this call
  };
  // The flow by which `local` was reached.
  Found Of(net::UdpId socket, const Endpoint& local) {
    const uint32_t own = OwnOf(socket);
    if (!flows_[own].local.address.is_unspecified()) return {.index = own};
    for (uint32_t i = own + 1; i < flows_.size(); ++i) {
      if (flows_[i].socket == socket && flows_[i].from == local.address) {
        return {.index = i};
      }
    }
    if (flows_.size() == kMax) return {.index = own};
    flows_.push_back({.socket = socket,
                      .side = flows_[own].side,
                      .local = local,
                      .from = local.address});
    return {.index = static_cast<uint32_t>(flows_.size() - 1), .is_new = true};
  }

  const Flow& At(uint32_t index) const { return flows_[index]; }

 private:
  uint32_t OwnOf(net::UdpId socket) const {
    uint32_t i = 0;
    while (!(flows_[i].socket == socket)) ++i;
    return i;
  }

  std::vector<Flow> flows_;
};

}  // namespace sallyport::proxy

#endif  // PROXY_DATAGRAM_FLOWS_H_
