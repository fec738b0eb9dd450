// What both ends of TLS offer.
#ifndef NET_TLS_SUITES_H_
#define NET_TLS_SUITES_H_

namespace sallyport::net::tls {

// TLS 1.2; those of TLS 1.3 are all AEAD with forward secrecy. In brackets:
// equally good, the client chooses (it knows whether it has AES instructions).
// Source: Sallyport 9.3.
inline constexpr char kSuites[] =
    "[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]:"
    "[ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305]:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
inline constexpr char kGroups[] = "X25519:P-256";

}  // namespace sallyport::net::tls

#endif  // NET_TLS_SUITES_H_
