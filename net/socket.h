// Sockets of the kinds that Sallyport needs, ready for a Reactor: made, set up,
// bound. All are blocking ones: io_uring waits for them by itself, and would
// answer EAGAIN for a non-blocking one.
#ifndef NET_SOCKET_H_
#define NET_SOCKET_H_

#include <optional>
#include <string>

#include "core/base/endpoint.h"
#include "core/base/time.h"
#include "net/fd.h"
#include "net/limits.h"
#include "net/result.h"

namespace sallyport::net {

// What could not be done, with which address, and the system's reason.
struct SocketError {
  const char* step = "";  // "bind", "listen", ...
  Endpoint endpoint;
  int error = 0;  // errno

  // "bind 127.0.0.1:5061: Address already in use"
  std::string ToString() const;
};

// How a TCP connection behaves. A dead peer is noticed after
// keepalive_idle + probes * keepalive_interval without traffic, and after
// user_timeout when something is on the way to it.
struct StreamOptions {
  bool no_delay = true;
  bool keepalive = true;
  Seconds keepalive_idle{600};  // UEs keep alive by themselves; this is a net
  Seconds keepalive_interval{30};
  int keepalive_probes = 4;
  Millis user_timeout{30000};  // 0: the kernel's own (many minutes)
};

struct TcpListenerOptions {
  bool reuse_port = false;  // several shards listen on one port
  bool v6_only = true;      // an IPv6 address does not take IPv4 as well
  int backlog = kBacklogDefault;
  StreamOptions stream;  // accepted connections inherit it
};

struct UdpSocketOptions {
  bool reuse_port = false;
  bool v6_only = true;
  int receive_buffer_bytes = 0;  // 0: the system's default
  int send_buffer_bytes = 0;
};

Result<Fd, SocketError> OpenTcpListener(const Endpoint& local,
                                        const TcpListenerOptions& options);
// A datagram tells to which local address it came.
Result<Fd, SocketError> OpenUdpSocket(const Endpoint& local,
                                      const UdpSocketOptions& options);
// A TCP socket that is not connected yet; `remote` chooses the family.
Result<Fd, SocketError> OpenTcpSocket(const Endpoint& remote,
                                      const StreamOptions& options);

// The address that the socket has got (port 0 asks for any), or that of its
// peer. Nothing when it has none (any more).
std::optional<Endpoint> LocalEndpoint(int fd);
std::optional<Endpoint> PeerEndpoint(int fd);

}  // namespace sallyport::net

#endif  // NET_SOCKET_H_
