#include "net/sockaddr.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace sallyport::net {
namespace {

constexpr size_t kMappedPrefixBytes = 12;

sockaddr_in6 MakeV6(const uint8_t* octets, uint16_t port) {
  sockaddr_in6 out{};
  out.sin6_family = AF_INET6;
  out.sin6_port = htons(port);
  memcpy(&out.sin6_addr, octets, 16);
  return out;
}

}  // namespace

SocketAddress::SocketAddress(const Endpoint& endpoint) : v6{} {
  const IpAddress& address = endpoint.address;
  if (address.is_v4()) {
    v4 = {};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    memcpy(&v4.sin_addr, address.octets(), 4);
    size = sizeof(v4);
  } else if (address.is_v6()) {
    v6 = MakeV6(address.octets(), endpoint.port);
    size = sizeof(v6);
  }
}

SocketAddress SocketAddress::Mapped(const Endpoint& endpoint) {
  if (!endpoint.address.is_v4()) return SocketAddress(endpoint);
  std::array<uint8_t, 16> octets{};
  octets[10] = octets[11] = 0xff;
  memcpy(octets.data() + kMappedPrefixBytes, endpoint.address.octets(), 4);
  SocketAddress out;
  out.v6 = MakeV6(octets.data(), endpoint.port);
  out.size = sizeof(out.v6);
  return out;
}

IpAddress ToIpAddress(const in_addr& address) {
  std::array<uint8_t, 4> octets;
  memcpy(octets.data(), &address, octets.size());
  return IpAddress::V4(octets);
}

IpAddress ToIpAddress(const in6_addr& address) {
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    std::array<uint8_t, 4> octets;
    memcpy(octets.data(), address.s6_addr + kMappedPrefixBytes, octets.size());
    return IpAddress::V4(octets);
  }
  std::array<uint8_t, 16> octets;
  memcpy(octets.data(), address.s6_addr, octets.size());
  return IpAddress::V6(octets);
}

Endpoint ToEndpoint(const sockaddr* address, socklen_t size) {
  SocketAddress copy;
  memcpy(&copy.v6, address, std::min<size_t>(size, sizeof(copy.v6)));
  if (copy.base.sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
    return {ToIpAddress(copy.v4.sin_addr), ntohs(copy.v4.sin_port)};
  }
  if (copy.base.sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    return {ToIpAddress(copy.v6.sin6_addr), ntohs(copy.v6.sin6_port)};
  }
  return {};
}

}  // namespace sallyport::net
