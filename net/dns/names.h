// Names of hosts, and of the records that lie below them.
#ifndef NET_DNS_NAMES_H_
#define NET_DNS_NAMES_H_

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::net::dns {

// The one spelling in which we keep and compare a name: small letters, no last
// dot. Nothing when it is no name of a host or a service: other octets than
// letters, digits, '-', '_' and '.', an empty label, a label of more than 63 or
// a name of more than 253 octets.
// Source: RFC 1035 2.3.4; RFC 2782 (underscores)
std::optional<std::string> CanonicalName(std::string_view name);

// As above, and the last label begins with a letter, so that a mistyped address
// is not asked for. Source: RFC 3261 25.1 (toplabel)
std::optional<std::string> CanonicalHost(std::string_view host);

}  // namespace sallyport::net::dns

#endif  // NET_DNS_NAMES_H_
