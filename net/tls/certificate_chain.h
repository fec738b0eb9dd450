// A CertificateChain is what the TLS library needs of one CertificatePem.
#ifndef NET_TLS_CERTIFICATE_CHAIN_H_
#define NET_TLS_CERTIFICATE_CHAIN_H_

#include <openssl/base.h>
#include <openssl/evp.h>
#include <openssl/pool.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "net/tls/certificate.h"
#include "net/tls/ticket.h"

namespace sallyport::net::tls {

enum class KeyKind : uint8_t { kEcdsa, kRsa };

class CertificateChain {
 public:
  // Fails: one text that names the file and the reason.
  static absl::StatusOr<CertificateChain> Parse(const CertificatePem& pem);

  // Whether the own certificate names this host (in lower case): equal, or by a
  // "*." that stands for one label.
  // Source: RFC 6125 6.4.3.
  bool Names(std::string_view host) const;
  // Whether another certificate is for the first name of this one.
  bool SharesFirstName(const CertificateChain& other) const;

  // Makes it the certificate of a context. Fails: with `file` and the reason.
  absl::Status InstallIn(SSL_CTX* ctx, const std::string& file) const;

  KeyKind kind() const { return kind_; }
  WallTime not_before() const { return not_before_; }
  WallTime not_after() const { return not_after_; }

 private:
  absl::Status ReadChain(const CertificatePem& pem);
  absl::Status ReadKey(const CertificatePem& pem);
  absl::Status ReadLeaf(const CertificatePem& pem);
  void ReadNames(const X509* leaf);

  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> buffers_;  // own one first
  bssl::UniquePtr<EVP_PKEY> key_;
  KeyKind kind_ = KeyKind::kEcdsa;
  std::vector<std::string> names_;  // lower case
  WallTime not_before_;
  WallTime not_after_;
};

}  // namespace sallyport::net::tls

#endif  // NET_TLS_CERTIFICATE_CHAIN_H_
