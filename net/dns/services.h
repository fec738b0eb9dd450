// The services that a question without transport may end at. This table is all
// that net/ knows of SIP; a user may bring another one.
#ifndef NET_DNS_SERVICES_H_
#define NET_DNS_SERVICES_H_

#include <array>
#include <cstdint>
#include <string_view>

#include "net/dns/answer.h"

namespace sallyport::net::dns {

// The texts are literals.
struct Service {
  Transport transport;
  std::string_view naptr;  // the service field of a NAPTR record
  std::string_view srv;    // what stands before the domain in an SRV name
  uint16_t default_port;   // where no record says a port
  // Offered to URIs that ask for security; then also found without NAPTR, as
  // the others are for URIs that do not.
  bool secure;
};

// In our order of preference where the domain states none: streams first.
// Source: Sallyport 6.1; RFC 3263 4.1 (names), RFC 3261 19.1.2 (ports)
inline constexpr std::array<Service, 3> kSipServices = {{
    {Transport::kTcp, "SIP+D2T", "_sip._tcp.", 5060, false},
    {Transport::kUdp, "SIP+D2U", "_sip._udp.", 5060, false},
    {Transport::kTls, "SIPS+D2T", "_sips._tcp.", 5061, true},
}};

}  // namespace sallyport::net::dns

#endif  // NET_DNS_SERVICES_H_
