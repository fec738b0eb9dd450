// When our own certificates are valid: what an operator is to be told of.
#ifndef NET_TLS_VALIDITY_H_
#define NET_TLS_VALIDITY_H_

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "net/tls/certificate.h"
#include "net/tls/ticket.h"

namespace sallyport::net::tls {

struct Validity {
  // A text for each certificate that has expired, is not valid yet, or ends
  // within two weeks; it begins with the file's name.
  std::vector<std::string> warnings;
  WallTime expires_at = WallTime::max();  // the earliest end; max(): of none
};

// Of the own certificate of each chain.
// Fails: as ServerContext::Create: one text with the file and the reason.
[[nodiscard]] absl::StatusOr<Validity> ReadValidity(
    std::span<const CertificatePem> certificates, WallTime now);

}  // namespace sallyport::net::tls

#endif  // NET_TLS_VALIDITY_H_
