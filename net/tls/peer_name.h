// Whose certificate it is: the names that it bears, as SIP reads them.
#ifndef NET_TLS_PEER_NAME_H_
#define NET_TLS_PEER_NAME_H_

#include <string_view>

struct x509_st;

namespace sallyport::net::tls {

// Whether the certificate is that of this host or SIP domain: a dNSName or a
// `sip:` URI of its subjectAltName is equal, letters in any case; for an
// address, an iPAddress. No wildcard matches, and the common name never counts.
// Source: RFC 5922 7.1, 7.2; RFC 9525 6.3 (a common name is no identity)
bool BearsName(const x509_st* certificate, std::string_view host);

// An address, and so no name for DNS or for the server name extension.
bool IsAddressName(std::string_view host);

}  // namespace sallyport::net::tls

#endif  // NET_TLS_PEER_NAME_H_
