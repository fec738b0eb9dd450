#include "proxy/listeners.h"

#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "net/socket.h"

namespace sallyport::proxy {
namespace {

using net::Fd;
using net::SocketError;

enum class Protocol : uint8_t { kTcp, kUdp };

net::Result<Fd, SocketError> Open(Protocol protocol, const Endpoint& local,
                                  bool shared) {
  if (protocol == Protocol::kTcp) {
    net::TcpListenerOptions options;
    options.reuse_port = shared;
    return net::OpenTcpListener(local, options);
  }
  net::UdpSocketOptions options;
  options.reuse_port = shared;
  return net::OpenUdpSocket(local, options);
}

absl::Status Blame(std::string_view flag, const SocketError& error) {
  return absl::UnavailableError(
      absl::StrCat("--", flag, ": ", error.ToString()));
}

// Opens alone at first: shared ports would let two proxies, or two listeners of
// this one, steal one another's connections without a word.
absl::StatusOr<Fd> Claim(std::string_view flag, Protocol protocol,
                         Endpoint& local) {
  auto socket = Open(protocol, local, false);
  if (!socket) return Blame(flag, socket.error());
  if (const auto bound = net::LocalEndpoint(socket->get())) local = *bound;
  return *std::move(socket);
}

// UDP and TCP on the same port (RFC 3261 18.2.1). With port 0 the two may clash
// with somebody else's; then another port is taken.
absl::Status ClaimBoth(std::string_view flag, Endpoint& local,
                       std::vector<Fd>& claims) {
  constexpr int kTries = 16;
  const bool any_port = local.port == 0;
  absl::Status status;
  for (int i = 0; i < (any_port ? kTries : 1); ++i) {
    if (any_port) local.port = 0;
    absl::StatusOr<Fd> tcp = Claim(flag, Protocol::kTcp, local);
    status = tcp.status();
    if (!status.ok()) continue;
    absl::StatusOr<Fd> udp = Claim(flag, Protocol::kUdp, local);
    status = udp.status();
    if (!status.ok()) continue;
    claims.push_back(*std::move(tcp));
    claims.push_back(*std::move(udp));
    break;
  }
  return status;
}

// All at once, so that no two flags get one port; then all are given up.
absl::Status ClaimAll(Options& options) {
  std::vector<Fd> claims;
  absl::Status status;
  for (Endpoint& local : options.tls_listen) {
    absl::StatusOr<Fd> claim = Claim("tls_listen", Protocol::kTcp, local);
    status.Update(claim.status());
    if (claim.ok()) claims.push_back(*std::move(claim));
  }
  for (Endpoint& local : options.sip_listen) {
    status.Update(ClaimBoth("sip_listen", local, claims));
  }
  status.Update(ClaimBoth("core_listen", options.core_listen, claims));
  if (options.core_tls_listen) {
    absl::StatusOr<Fd> claim =
        Claim("core_tls_listen", Protocol::kTcp, *options.core_tls_listen);
    status.Update(claim.status());
    if (claim.ok()) claims.push_back(*std::move(claim));
  }
  return status;
}

absl::StatusOr<Fd> OpenShared(std::string_view flag, Protocol protocol,
                              const Endpoint& local) {
  auto socket = Open(protocol, local, true);
  if (!socket) return Blame(flag, socket.error());
  return *std::move(socket);
}

absl::StatusOr<ShardSockets> OpenSet(const Options& options) {
  ShardSockets sockets;
  absl::Status status;
  const auto open = [&status](std::string_view flag, Protocol protocol,
                              const Endpoint& local) {
    auto socket = OpenShared(flag, protocol, local);
    status.Update(socket.status());
    return socket.ok() ? *std::move(socket) : Fd();
  };
  for (const Endpoint& local : options.tls_listen) {
    sockets.tls.push_back(open("tls_listen", Protocol::kTcp, local));
  }
  for (const Endpoint& local : options.sip_listen) {
    sockets.sip_tcp.push_back(open("sip_listen", Protocol::kTcp, local));
    sockets.sip_udp.push_back(
        {open("sip_listen", Protocol::kUdp, local), local});
  }
  const Endpoint& core = options.core_listen;
  sockets.core_tcp = open("core_listen", Protocol::kTcp, core);
  sockets.core_udp = {open("core_listen", Protocol::kUdp, core), core};
  if (options.core_tls_listen) {
    sockets.core_tls =
        open("core_tls_listen", Protocol::kTcp, *options.core_tls_listen);
  }
  if (!status.ok()) return status;
  return sockets;
}

}  // namespace

absl::StatusOr<std::vector<ShardSockets>> OpenListeners(Options& options) {
  if (absl::Status status = ClaimAll(options); !status.ok()) return status;
  std::vector<ShardSockets> sets;
  for (int i = 0; i < options.shards; ++i) {
    auto set = OpenSet(options);
    if (!set.ok()) return set.status();
    sets.push_back(*std::move(set));
  }
  return sets;
}

}  // namespace sallyport::proxy
