#include "net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "net/sockaddr.h"

namespace sallyport::net {
namespace {

struct Option {
  int level;
  int name;
  int value;
  const char* step;
};

Unexpected<SocketError> Failure(const char* step, const Endpoint& endpoint,
                                int error) {
  return Unexpected(SocketError{step, endpoint, error});
}

// Sets options in order; the name of the first that fails, or null.
template <size_t N>
const char* SetAll(int fd, const Option (&options)[N]) {
  for (const Option& option : options) {
    if (setsockopt(fd, option.level, option.name, &option.value,
                   sizeof(option.value)) != 0) {
      return option.step;
    }
  }
  return nullptr;
}

const char* SetStreamOptions(int fd, const StreamOptions& options) {
  const Option all[] = {
      {IPPROTO_TCP, TCP_NODELAY, options.no_delay, "TCP_NODELAY"},
      {SOL_SOCKET, SO_KEEPALIVE, options.keepalive, "SO_KEEPALIVE"},
      {IPPROTO_TCP, TCP_KEEPIDLE,
       static_cast<int>(options.keepalive_idle.count()), "TCP_KEEPIDLE"},
      {IPPROTO_TCP, TCP_KEEPINTVL,
       static_cast<int>(options.keepalive_interval.count()), "TCP_KEEPINTVL"},
      {IPPROTO_TCP, TCP_KEEPCNT, options.keepalive_probes, "TCP_KEEPCNT"},
      {IPPROTO_TCP, TCP_USER_TIMEOUT,
       static_cast<int>(options.user_timeout.count()), "TCP_USER_TIMEOUT"},
  };
  return SetAll(fd, all);
}

Result<Fd, SocketError> Open(const Endpoint& endpoint, int type) {
  if (!endpoint.address.valid()) return Failure("address", endpoint, EINVAL);
  const int family = endpoint.address.is_v4() ? AF_INET : AF_INET6;
  Fd fd(socket(family, type | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return Failure("socket", endpoint, errno);
  return fd;
}

// Address reuse: a restarted server takes its port although connections of its
// predecessor are in TIME_WAIT. A UDP socket must not: two would share a port
// without wanting to.
const char* SetBindOptions(int fd, const Endpoint& local, bool reuse_address,
                           bool reuse_port, bool v6_only) {
  const Option all[] = {
      {SOL_SOCKET, SO_REUSEADDR, reuse_address, "SO_REUSEADDR"},
      {SOL_SOCKET, SO_REUSEPORT, reuse_port, "SO_REUSEPORT"},
  };
  const char* failed = SetAll(fd, all);
  if (failed != nullptr || !local.address.is_v6()) return failed;
  const Option v6[] = {{IPPROTO_IPV6, IPV6_V6ONLY, v6_only, "IPV6_V6ONLY"}};
  return SetAll(fd, v6);
}

const char* SetDatagramOptions(int fd, const Endpoint& local,
                               const UdpSocketOptions& options) {
  const Option v4 = {IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO"};
  const Option v6 = {IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO"};
  const Option info[] = {local.address.is_v6() ? v6 : v4};
  const char* failed = SetAll(fd, info);
  if (failed == nullptr && options.receive_buffer_bytes > 0) {
    const Option receive[] = {
        {SOL_SOCKET, SO_RCVBUF, options.receive_buffer_bytes, "SO_RCVBUF"}};
    failed = SetAll(fd, receive);
  }
  if (failed == nullptr && options.send_buffer_bytes > 0) {
    const Option send[] = {
        {SOL_SOCKET, SO_SNDBUF, options.send_buffer_bytes, "SO_SNDBUF"}};
    failed = SetAll(fd, send);
  }
  return failed;
}

template <typename Query>
std::optional<Endpoint> Ask(Query query, int fd) {
  SocketAddress address;
  socklen_t size = sizeof(address.v6);
  if (query(fd, &address.base, &size) != 0) return std::nullopt;
  const Endpoint endpoint = ToEndpoint(&address.base, size);
  if (!endpoint.address.valid()) return std::nullopt;
  return endpoint;
}

}  // namespace

std::string SocketError::ToString() const {
  return absl::StrCat(step, " ", endpoint.ToString(), ": ",
                      std::generic_category().message(error));
}

Result<Fd, SocketError> OpenTcpListener(const Endpoint& local,
                                        const TcpListenerOptions& options) {
  Result<Fd, SocketError> fd = Open(local, SOCK_STREAM);
  if (!fd) return fd;
  const int socket = fd->get();
  const char* failed = SetBindOptions(socket, local, /*reuse_address=*/true,
                                      options.reuse_port, options.v6_only);
  if (failed == nullptr) failed = SetStreamOptions(socket, options.stream);
  if (failed != nullptr) return Failure(failed, local, errno);
  const SocketAddress address(local);
  if (bind(socket, &address.base, address.size) != 0) {
    return Failure("bind", local, errno);
  }
  if (listen(socket, options.backlog) != 0) {
    return Failure("listen", local, errno);
  }
  return fd;
}

Result<Fd, SocketError> OpenUdpSocket(const Endpoint& local,
                                      const UdpSocketOptions& options) {
  Result<Fd, SocketError> fd = Open(local, SOCK_DGRAM);
  if (!fd) return fd;
  const int socket = fd->get();
  const char* failed = SetBindOptions(socket, local, /*reuse_address=*/false,
                                      options.reuse_port, options.v6_only);
  if (failed == nullptr) failed = SetDatagramOptions(socket, local, options);
  if (failed != nullptr) return Failure(failed, local, errno);
  const SocketAddress address(local);
  if (bind(socket, &address.base, address.size) != 0) {
    return Failure("bind", local, errno);
  }
  return fd;
}

Result<Fd, SocketError> OpenTcpSocket(const Endpoint& remote,
                                      const StreamOptions& options) {
  Result<Fd, SocketError> fd = Open(remote, SOCK_STREAM);
  if (!fd) return fd;
  const char* failed = SetStreamOptions(fd->get(), options);
  if (failed != nullptr) return Failure(failed, remote, errno);
  return fd;
}

std::optional<Endpoint> LocalEndpoint(int fd) { return Ask(getsockname, fd); }
std::optional<Endpoint> PeerEndpoint(int fd) { return Ask(getpeername, fd); }

}  // namespace sallyport::net
