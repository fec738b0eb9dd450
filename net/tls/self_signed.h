// MakeSelfSigned makes a certificate for a first start without flags.
#ifndef NET_TLS_SELF_SIGNED_H_
#define NET_TLS_SELF_SIGNED_H_

#include <chrono>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/endpoint.h"
#include "net/tls/certificate.h"

namespace sallyport::net::tls {

struct SelfSignedOptions {
  std::string dns_name;                     // CN and the first subjectAltName
  std::vector<std::string> more_dns_names;  // "localhost"
  std::vector<IpAddress> addresses;
  std::chrono::sys_seconds now;  // valid from an hour before
  std::chrono::days valid_for{365};
};

// ECDSA P-256, signed by itself. Phones do not trust it: it is for trying out.
// Source: TS 33.203 O.5.1 (the FQDN stands in CN and in subjectAltName).
[[nodiscard]] absl::StatusOr<CertificatePem> MakeSelfSigned(
    const SelfSignedOptions& options);

}  // namespace sallyport::net::tls

#endif  // NET_TLS_SELF_SIGNED_H_
