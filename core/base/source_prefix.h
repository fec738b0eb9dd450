// Who counts as one source: all addresses that share a prefix.
#ifndef CORE_BASE_SOURCE_PREFIX_H_
#define CORE_BASE_SOURCE_PREFIX_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/base/endpoint.h"

namespace sallyport {

// A single host over IPv4; over IPv6 the least that a network gives to one
// customer.
struct SourcePrefix {
  uint8_t v4_bits = 32;
  uint8_t v6_bits = 64;

  // The address with everything behind the prefix zero.
  IpAddress Of(const IpAddress& address) const {
    std::array<uint8_t, 16> octets{};
    const size_t bits = address.is_v4() ? v4_bits : v6_bits;
    for (size_t i = 0; i < address.size(); ++i) {
      const size_t kept = bits > 8 * i ? bits - 8 * i : 0;
      const uint8_t mask =
          kept >= 8 ? 0xff : static_cast<uint8_t>(0xff00u >> kept);
      octets[i] = address.octets()[i] & mask;
    }
    if (address.is_v6()) return IpAddress::V6(octets);
    if (!address.is_v4()) return {};
    return IpAddress::V4({octets[0], octets[1], octets[2], octets[3]});
  }
};

}  // namespace sallyport

#endif  // CORE_BASE_SOURCE_PREFIX_H_
