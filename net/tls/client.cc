#include "net/tls/client.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <utility>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "net/tls/channel_bio.h"

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

absl::Status Trust(SSL_CTX* ctx, const std::string& ca_pem) {
  const bssl::UniquePtr<BIO> file(
      BIO_new_mem_buf(ca_pem.data(), ca_pem.size()));
  size_t count = 0;
  while (bssl::UniquePtr<X509> ca{
      PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr)}) {
    CHECK(X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca.get()));
    ++count;
  }
  ERR_clear_error();
  if (count == 0) {
    return absl::InvalidArgumentError("no CA certificate in PEM form");
  }
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
  return absl::OkStatus();
}

bool IsAddress(const std::string& name) {
  const bssl::UniquePtr<ASN1_OCTET_STRING> address(a2i_IPADDRESS(name.c_str()));
  ERR_clear_error();
  return address != nullptr;
}

void ExpectName(SSL* ssl, const std::string& name) {
  X509_VERIFY_PARAM* const expected = SSL_get0_param(ssl);
  if (IsAddress(name)) {
    CHECK(X509_VERIFY_PARAM_set1_ip_asc(expected, name.c_str()));
    return;
  }
  CHECK(X509_VERIFY_PARAM_set1_host(expected, name.data(), name.size()));
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
  SSL_CTX_set_session_cache_mode(
      ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ctx, &ClientHooks::KeepSession);
  SSL_CTX_set_info_callback(ctx, &ChannelBio::OnInfo);
  if (!options.ca_pem.empty()) {
    if (absl::Status s = Trust(ctx, options.ca_pem); !s.ok()) return s;
    context->verifies_ = true;
  }
  return context;
}

ClientContext::~ClientContext() {
  BIO_free(bio_);
  SSL_CTX_free(ctx_);
}

ClientEngine::ClientEngine(std::shared_ptr<const ClientContext> context,
                           const std::string& server_name,
                           const ClientSession& resume)
    : Channel(SSL_new(context->ctx_), context->bio_),
      context_(std::move(context)) {
  SSL_set_connect_state(ssl());
  if (!server_name.empty()) {
    // An address is no server name.
    // Source: RFC 6066 3.
    if (!IsAddress(server_name)) {
      CHECK(SSL_set_tlsext_host_name(ssl(), server_name.c_str()));
    }
    if (context_->verifies_) ExpectName(ssl(), server_name);
  }
  if (!resume.empty()) CHECK(SSL_set_session(ssl(), resume.get()));
}

ClientEngine::~ClientEngine() = default;

void ClientEngine::OnHandshakeStep() {}

void ClientEngine::OnHandshakeDone() {}

}  // namespace sallyport::net::tls
