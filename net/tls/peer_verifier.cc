#include "net/tls/peer_verifier.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "net/tls/peer_name.h"

namespace sallyport::net::tls {
namespace {

absl::Status Refuse(const PemFile& file, std::string_view reason) {
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat(file.name, ": ", reason));
}

Distrust DistrustOf(int error) {
  switch (error) {
    case X509_V_OK:
      return Distrust::kNone;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
      return Distrust::kUnknownAuthority;
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return Distrust::kExpired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return Distrust::kNotYetValid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
      return Distrust::kWrongName;
    case X509_V_ERR_INVALID_PURPOSE:
      return Distrust::kWrongPurpose;
    default:
      return Distrust::kBadChain;
  }
}

// X509_V_OK, or why not.
int VerifyChain(SSL* ssl, std::string_view name) {
  STACK_OF(X509)* const chain = SSL_get_peer_full_cert_chain(ssl);
  if (chain == nullptr || sk_X509_num(chain) == 0)
    return X509_V_ERR_UNSPECIFIED;
  X509* const leaf = sk_X509_value(chain, 0);
  const bssl::UniquePtr<X509_STORE_CTX> check(X509_STORE_CTX_new());
  CHECK(check != nullptr);
  CHECK(X509_STORE_CTX_init(
      check.get(), SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl)), leaf, chain));
  CHECK(X509_STORE_CTX_set_default(
      check.get(), SSL_is_server(ssl) ? "ssl_client" : "ssl_server"));
  if (X509_verify_cert(check.get()) != 1) {
    ERR_clear_error();
    const int error = X509_STORE_CTX_get_error(check.get());
    return error == X509_V_OK ? X509_V_ERR_UNSPECIFIED : error;
  }
  return name.empty() || BearsName(leaf, name) ? X509_V_OK
                                               : X509_V_ERR_HOSTNAME_MISMATCH;
}

}  // namespace

absl::StatusOr<Authorities> Authorities::Parse(const PemFile& file) {
  Authorities authorities;
  authorities.store_.reset(X509_STORE_new());
  const bssl::UniquePtr<BIO> bio(
      BIO_new_mem_buf(file.text.data(), file.text.size()));
  CHECK(authorities.store_ != nullptr && bio != nullptr);
  size_t count = 0;
  while (const bssl::UniquePtr<X509> authority{
      PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    CHECK(X509_STORE_add_cert(authorities.store_.get(), authority.get()));
    ++count;
  }
  // The end of the text is an error, too: "no start line".
  const uint32_t error = ERR_peek_last_error();
  if (ERR_GET_LIB(error) != ERR_LIB_PEM ||
      ERR_GET_REASON(error) != PEM_R_NO_START_LINE) {
    return Refuse(
        file, absl::StrCat("certificate number ", count + 1, " is damaged"));
  }
  if (count == 0) return Refuse(file, "no certificate in PEM form");
  ERR_clear_error();
  return authorities;
}

void PeerVerifier::Install(const Authorities& authorities, SSL_CTX* ctx) {
  X509_STORE_up_ref(authorities.store());
  SSL_CTX_set_cert_store(ctx, authorities.store());
  SSL_CTX_set_custom_verify(ctx,
                            SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                            &PeerVerifier::Verify);
  SSL_CTX_set_reverify_on_resume(ctx, 1);
}

ssl_verify_result_t PeerVerifier::Verify(SSL* ssl, uint8_t* alert) {
  Channel& channel = *Channel::Running(ssl);
  const int error = VerifyChain(ssl, channel.RequiredName());
  channel.distrust_ = DistrustOf(error);
  if (error == X509_V_OK) return ssl_verify_ok;
  *alert = static_cast<uint8_t>(SSL_alert_from_verify_result(error));
  return ssl_verify_invalid;
}

}  // namespace sallyport::net::tls
