// TicketHooks lets the TLS library use the shard's TicketDesk.
#ifndef NET_TLS_ENGINE_HOOKS_H_
#define NET_TLS_ENGINE_HOOKS_H_

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>

namespace sallyport::net::tls {

// Source: Sallyport 5.8 (items 2 to 5).
struct TicketHooks {
  static const SSL_TICKET_AEAD_METHOD* Method();

  static size_t MaxOverhead(SSL* ssl);
  static int Seal(SSL* ssl, uint8_t* out, size_t* out_bytes, size_t out_max,
                  const uint8_t* session, size_t session_bytes);
  static ssl_ticket_aead_result_t Open(SSL* ssl, uint8_t* session,
                                       size_t* session_bytes,
                                       size_t session_max,
                                       const uint8_t* ticket,
                                       size_t ticket_bytes);
};

}  // namespace sallyport::net::tls

#endif  // NET_TLS_ENGINE_HOOKS_H_
