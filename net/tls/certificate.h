// A CertificatePem is one certificate chain with its private key, as text; a
// PemFile any other text.
#ifndef NET_TLS_CERTIFICATE_H_
#define NET_TLS_CERTIFICATE_H_

#include <string>

#include "absl/status/statusor.h"

namespace sallyport::net::tls {

// It is read once and handed to the ServerContext of every shard.
struct CertificatePem {
  std::string name;       // what error texts call the chain: its file name
  std::string key_name;   // the same for the key; empty: `name` is used
  std::string chain_pem;  // the own certificate first, then intermediates
  std::string key_pem;
};

struct PemFile {
  std::string name;  // what error texts call it
  std::string text;
};

// Fails: with one text that names the file and the reason.
[[nodiscard]] absl::StatusOr<PemFile> ReadPem(const std::string& file);

// Reads the two files.
// Fails: with one text that names the file and the reason. What is inside the
//        files is judged by ServerContext::Create.
[[nodiscard]] absl::StatusOr<CertificatePem> ReadCertificate(
    const std::string& chain_file, const std::string& key_file);

}  // namespace sallyport::net::tls

#endif  // NET_TLS_CERTIFICATE_H_
