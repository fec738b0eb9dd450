// A PeerVerifier makes the TLS library verify the certificates of peers,
// clients or servers, and say why it did not believe one.
#ifndef NET_TLS_PEER_VERIFIER_H_
#define NET_TLS_PEER_VERIFIER_H_

#include <openssl/base.h>
#include <openssl/ssl.h>

#include <cstdint>

#include "absl/status/statusor.h"
#include "net/tls/certificate.h"
#include "net/tls/channel.h"

namespace sallyport::net::tls {

// Whom we trust to vouch for peers.
// Threads: any; it is shared by the contexts that were made with it.
class Authorities {
 public:
  // Fails: one text that names the file and the reason: damaged, or none in it.
  static absl::StatusOr<Authorities> Parse(const PemFile& file);
  X509_STORE* store() const { return store_.get(); }

 private:
  bssl::UniquePtr<X509_STORE> store_;
};

// What happens in a channel whose context it serves: the chain is verified
// against the authorities at the present time, then Channel::RequiredName().
struct PeerVerifier {
  // Peers of the context's connections must prove themselves; what a resumed
  // session knows of them is verified again.
  static void Install(const Authorities& authorities, SSL_CTX* ctx);

 private:
  static ssl_verify_result_t Verify(SSL* ssl, uint8_t* alert);
};

}  // namespace sallyport::net::tls

#endif  // NET_TLS_PEER_VERIFIER_H_
