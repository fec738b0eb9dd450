// A TestAuthority issues certificates of every kind, good and bad, for tests.
#ifndef NET_TLS_TEST_AUTHORITY_H_
#define NET_TLS_TEST_AUTHORITY_H_

#include <openssl/base.h>

#include <chrono>
#include <string>

#include "net/tls/certificate.h"

namespace sallyport::net::tls {

class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name);

  // Of one certificate. Texts as in OpenSSL's configuration files.
  struct Wanted {
    std::string alternatives = {};  // "DNS:a.test,IP:192.0.2.1"; or none
    std::string common_name = "a peer";
    std::string extended_use = {};  // "serverAuth,clientAuth"; or none
    std::chrono::hours from{-1};    // from now
    std::chrono::hours until{24};
  };
  // What a peer must trust.
  PemFile pem() const;
  // ECDSA P-256.
  CertificatePem Issue(const Wanted& wanted) const;
  bssl::UniquePtr<X509> IssueX509(const Wanted& wanted, EVP_PKEY* key) const;

 private:
  bssl::UniquePtr<EVP_PKEY> key_;
  bssl::UniquePtr<X509> certificate_;
};

bssl::UniquePtr<EVP_PKEY> NewTestKey();

}  // namespace sallyport::net::tls

#endif  // NET_TLS_TEST_AUTHORITY_H_
