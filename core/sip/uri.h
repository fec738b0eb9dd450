// A UriView is a SIP, SIPS, TEL or other URI, seen in place.
#ifndef CORE_SIP_URI_H_
#define CORE_SIP_URI_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/base/attributes.h"

namespace sallyport::sip {

enum class UriScheme : uint8_t { kSip, kSips, kTel, kUrn, kOther };
std::string_view ToString(UriScheme scheme);  // empty for kOther

struct UriView {
  UriScheme scheme = UriScheme::kOther;
  std::string_view whole;
  std::string_view user;      // sip(s): before '@', without password; tel: the
                              // number
  std::string_view password;  // sip(s): behind the user's ':'
  std::string_view host;      // with brackets for IPv6
  uint16_t port = 0;          // 0: none given
  std::string_view params;    // begins at ';', or empty
  std::string_view headers;   // begins at '?', or empty
};
// Nothing when white space, quotes, angle brackets, controls or octets above
// 127 stand in it, an escape has no two digits, or a part breaks its grammar.
// Source: RFC 3261 19.1.1, 25.1; RFC 3966 3; RFC 3986 3.1.
std::optional<UriView> ParseUri(
    std::string_view text ABSL_ATTRIBUTE_LIFETIME_BOUND);

// RFC 3261 19.1.4 for sip and sips; octets for other schemes (tel: visual
// separators ignored, RFC 3966 4). Not transitive, as the RFC has it.
bool UriEquals(const UriView& a, const UriView& b);

// Transport parameter, or what the scheme implies (sips: tls; sip: none).
enum class Transport : uint8_t { kUdp, kTcp, kTls };
std::string_view ToString(Transport transport);  // "udp", as in a URI
std::optional<Transport> UriTransport(const UriView& uri);
bool IsLooseRoute(const UriView& uri);  // has `lr`, in any form

}  // namespace sallyport::sip

#endif  // CORE_SIP_URI_H_
