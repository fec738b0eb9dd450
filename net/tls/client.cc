#include "net/tls/client.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <utility>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "net/tls/certificate_chain.h"
#include "net/tls/channel_bio.h"
#include "net/tls/peer_name.h"
#include "net/tls/peer_verifier.h"
#include "net/tls/suites.h"

namespace sallyport::net::tls {

struct ClientHooks {
  // Takes the reference.
  static int KeepSession(SSL* ssl, SSL_SESSION* session) {
    auto* engine = static_cast<ClientEngine*>(ClientEngine::Running(ssl));
    engine->session_ = ClientSession(session);
    return 1;
  }
};

namespace {

uint16_t ToWire(TlsVersion version) {
  switch (version) {
    case TlsVersion::k1_2:
      return TLS1_2_VERSION;
    case TlsVersion::k1_3:
      return TLS1_3_VERSION;
  }
  return 0;
}

}  // namespace

ClientSession::ClientSession(ssl_session_st* session)
    : session_(session, &SSL_SESSION_free) {}

std::string_view ClientSession::ticket() const {
  if (session_ == nullptr) return {};
  const uint8_t* ticket;
  size_t bytes;
  SSL_SESSION_get0_ticket(session_.get(), &ticket, &bytes);
  return {reinterpret_cast<const char*>(ticket), bytes};
}

absl::StatusOr<std::shared_ptr<const ClientContext>> ClientContext::Create(
    const ClientContextOptions& options) {
  std::shared_ptr<ClientContext> context(new ClientContext);
  SSL_CTX* const ctx = SSL_CTX_new(TLS_method());
  CHECK(ctx != nullptr);
  context->ctx_ = ctx;
  context->bio_ = ChannelBio::New();
  CHECK(SSL_CTX_set_min_proto_version(ctx, ToWire(options.version_min)));
  CHECK(SSL_CTX_set_max_proto_version(ctx, ToWire(options.version_max)));
  CHECK(SSL_CTX_set_strict_cipher_list(ctx, kSuites));
  CHECK(SSL_CTX_set1_groups_list(ctx, kGroups));
  SSL_CTX_set_session_cache_mode(
      ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ctx, &ClientHooks::KeepSession);
  SSL_CTX_set_info_callback(ctx, &ChannelBio::OnInfo);
  if (options.authorities) {
    const auto authorities = Authorities::Parse(*options.authorities);
    if (!authorities.ok()) return authorities.status();
    PeerVerifier::Install(*authorities, ctx);
  }
  if (options.certificate) {
    if (absl::Status s = context->UseCertificate(*options.certificate);
        !s.ok()) {
      return s;
    }
  }
  return context;
}

absl::Status ClientContext::UseCertificate(const CertificatePem& pem) {
  const absl::StatusOr<CertificateChain> chain = CertificateChain::Parse(pem);
  if (!chain.ok()) return chain.status();
  return chain->InstallIn(ctx_, pem.name);
}

ClientContext::~ClientContext() {
  BIO_free(bio_);
  SSL_CTX_free(ctx_);
}

ClientEngine::ClientEngine(std::shared_ptr<const ClientContext> context,
                           const std::string& server_name,
                           const ClientSession& resume)
    : Channel(SSL_new(context->ctx_), context->bio_),
      context_(std::move(context)),
      server_name_(server_name) {
  SSL_set_connect_state(ssl());
  // An address is no server name, nor is what is too long for one.
  // Source: RFC 6066 3.
  if (!server_name.empty() && !IsAddressName(server_name) &&
      !SSL_set_tlsext_host_name(ssl(), server_name.c_str())) {
    ERR_clear_error();
  }
  if (!resume.empty()) CHECK(SSL_set_session(ssl(), resume.get()));
}

ClientEngine::~ClientEngine() = default;

void ClientEngine::OnHandshakeStep() {}

void ClientEngine::OnHandshakeDone() {}

}  // namespace sallyport::net::tls
