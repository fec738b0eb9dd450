// PeekClientHello looks at the first bytes of a connection before any TLS state
// exists, to find the session ticket that they offer.
#ifndef NET_TLS_CLIENT_HELLO_H_
#define NET_TLS_CLIENT_HELLO_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/base/attributes.h"

namespace sallyport::net::tls {

enum class HelloVerdict : uint8_t {
  kNeedMore,  // keep the bytes, read on
  kNotTls,    // no TLS handshake record: an Engine will fail it with an alert
  kHello,     // give the bytes to an Engine, here or at the ticket's home
};

std::string_view ToString(HelloVerdict verdict);

struct HelloPeek {
  HelloVerdict verdict = HelloVerdict::kNeedMore;
  // The first pre_shared_key identity, or else the session_ticket; empty when
  // none is offered, or when the hello lies in more than one record (it is then
  // not searched: the Engine judges it).
  std::string_view ticket;
};

// `received` is everything that the connection has sent so far.
// Bounds: kHelloPeekBytesMax; a hello that is still incomplete then is kHello
//         without a ticket.
// Fails:  never; a malformed hello is kHello without a ticket, because the
// alert
//         for it is the Engine's business.
// Source: RFC 8446 4.1.2, 4.2.11, 5.1; RFC 5077 3.2.
inline constexpr size_t kHelloPeekBytesMax = 5 + 16384;
[[nodiscard]] HelloPeek PeekClientHello(
    std::string_view received ABSL_ATTRIBUTE_LIFETIME_BOUND);

}  // namespace sallyport::net::tls

#endif  // NET_TLS_CLIENT_HELLO_H_
