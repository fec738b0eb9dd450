// A SocketAddress is an Endpoint in the form of the system's calls.
#ifndef NET_SOCKADDR_H_
#define NET_SOCKADDR_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include "core/base/endpoint.h"

namespace sallyport::net {

struct SocketAddress {
  union {
    sockaddr base;
    sockaddr_in v4;
    sockaddr_in6 v6;
  };
  socklen_t size = 0;

  SocketAddress() : v6{} {}
  // An invalid address in `endpoint` makes an empty SocketAddress (size 0).
  explicit SocketAddress(const Endpoint& endpoint);
  // For a socket of IPv6 that takes IPv4 as well: IPv4 becomes ::ffff:a.b.c.d.
  static SocketAddress Mapped(const Endpoint& endpoint);
};

// An IPv4-mapped IPv6 address becomes IPv4. An unknown family: no address.
Endpoint ToEndpoint(const sockaddr* address, socklen_t size);
IpAddress ToIpAddress(const in_addr& address);
IpAddress ToIpAddress(const in6_addr& address);

}  // namespace sallyport::net

#endif  // NET_SOCKADDR_H_
