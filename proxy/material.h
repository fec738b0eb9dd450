// Certificates and ticket keys, from the operator's files or made at first start.
#ifndef PROXY_MATERIAL_H_
#define PROXY_MATERIAL_H_

#include <memory>

#include "absl/status/statusor.h"
#include "proxy/mail.h"
#include "proxy/options.h"

namespace sallyport::proxy {

// Reads (again) what the flags name. Without --tls_certificate a self-signed
// certificate for --domain is read from the state directory, or made there, and
// a log line says so. Ticket keys come from --ticket_key_file (made when it
// does not exist), or stay those of `before`, or are random. Whom to trust
// about the core comes from --core_tls_ca, or from the system; without either
// there is no TLS with the core, which fails only where the operator wants it.
// Fails: with the flag, the file and the reason. Everything was tried: a shard
// can
//        use what this returns.
[[nodiscard]] absl::StatusOr<std::shared_ptr<const TlsMaterial>> LoadMaterial(
    const Options& options, const TlsMaterial* before);

// The same certificates with a fresh ticket key in front.
[[nodiscard]] std::shared_ptr<const TlsMaterial> WithFreshTicketKey(
    const TlsMaterial& before);

}  // namespace sallyport::proxy

#endif  // PROXY_MATERIAL_H_
