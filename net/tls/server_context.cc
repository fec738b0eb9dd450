#include "net/tls/server_context.h"

#include <openssl/bio.h>
#include <openssl/bytestring.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/time.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "net/tls/certificate_chain.h"
#include "net/tls/channel_bio.h"
#include "net/tls/engine_hooks.h"
#include "net/tls/peer_verifier.h"
#include "net/tls/suites.h"

namespace sallyport::net::tls {

struct ServerContext::Identity {
  CertificateChain chain;
  bssl::UniquePtr<SSL_CTX> ctx;
};

namespace {

// Every context of every process accepts the tickets of every other.
constexpr uint8_t kSessionIdContext[] = {'s', 'a', 'l', 'l', 'y'};

// The TLS library asks for the time without saying for which connection.
thread_local WallTime handshake_time;

void ReadClock(const SSL*, timeval* now) {
  now->tv_sec = handshake_time.time_since_epoch().count();
  now->tv_usec = 0;
}

// A client that must prove itself does so each time: no ticket, neither a new
// one nor one of those that phones have.
void DemandCertificate(const Authorities& authorities, SSL_CTX* ctx) {
  PeerVerifier::Install(authorities, ctx);
  SSL_CTX_set_retain_only_sha256_of_client_certs(ctx, 1);
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
}

// Source: Sallyport 5.8
void IssueTickets(const ServerContextOptions& options, SSL_CTX* ctx) {
  CHECK(SSL_CTX_set_session_id_context(ctx, kSessionIdContext,
                                       sizeof(kSessionIdContext)));
  const auto lifetime_s =
      static_cast<uint32_t>(options.tickets->lifetime().count());
  SSL_CTX_set_timeout(ctx, lifetime_s);                  // TLS 1.2
  SSL_CTX_set_session_psk_dhe_timeout(ctx, lifetime_s);  // TLS 1.3
  SSL_CTX_set_num_tickets(ctx, options.tickets_per_connection);
  SSL_CTX_set_ticket_aead_method(ctx, TicketHooks::Method());
}

bssl::UniquePtr<SSL_CTX> NewSslContext(const ServerContextOptions& options,
                                       const Authorities* client_authorities) {
  // Without X.509 objects where no certificate of a client is ever read.
  bssl::UniquePtr<SSL_CTX> ctx(SSL_CTX_new(
      client_authorities ? TLS_method() : TLS_with_buffers_method()));
  SSL_CTX* const c = ctx.get();
  CHECK(c != nullptr);
  CHECK(SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION));
  CHECK(SSL_CTX_set_max_proto_version(c, TLS1_3_VERSION));
  CHECK(SSL_CTX_set_strict_cipher_list(c, kSuites));
  CHECK(SSL_CTX_set1_groups_list(c, kGroups));
  SSL_CTX_set_options(c, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_early_data_enabled(c, 0);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  if (client_authorities != nullptr) {
    DemandCertificate(*client_authorities, c);
  } else {
    IssueTickets(options, c);
  }
  SSL_CTX_set_current_time_cb(c, &ReadClock);
  SSL_CTX_set_info_callback(c, &ChannelBio::OnInfo);
  return ctx;
}

// Source: RFC 6066 3 (ServerNameList; host_name is type 0).
std::string ServerName(const SSL_CLIENT_HELLO& hello) {
  const uint8_t* data;
  size_t size;
  if (!SSL_early_callback_ctx_extension_get(&hello, TLSEXT_TYPE_server_name,
                                            &data, &size)) {
    return "";
  }
  CBS extension;
  CBS list;
  CBS name;
  uint8_t type;
  CBS_init(&extension, data, size);
  if (!CBS_get_u16_length_prefixed(&extension, &list) ||
      !CBS_get_u8(&list, &type) || type != TLSEXT_NAMETYPE_host_name ||
      !CBS_get_u16_length_prefixed(&list, &name)) {
    return "";  // the library refuses it a moment later
  }
  return absl::AsciiStrToLower(
      {reinterpret_cast<const char*>(CBS_data(&name)), CBS_len(&name)});
}

template <typename Predicate>
bool AnyU16(CBS list, Predicate predicate) {
  uint16_t value;
  while (CBS_get_u16(&list, &value)) {
    if (predicate(value)) return true;
  }
  return false;
}

// Whether the client can do with an ECDSA P-256 certificate.
bool TakesEcdsa(const SSL_CLIENT_HELLO& hello) {
  CBS suites;
  CBS_init(&suites, hello.cipher_suites, hello.cipher_suites_len);
  const bool suite_fits = AnyU16(suites, [](uint16_t suite) {
    return suite >> 8 == 0x13 ||  // TLS 1.3: the suite says nothing of the key
           suite == (TLS1_CK_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 & 0xffff) ||
           suite == (TLS1_CK_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 & 0xffff) ||
           suite ==
               (TLS1_CK_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 & 0xffff);
  });
  const uint8_t* data;
  size_t size;
  if (!suite_fits ||
      !SSL_early_callback_ctx_extension_get(
          &hello, TLSEXT_TYPE_signature_algorithms, &data, &size)) {
    return false;
  }
  CBS extension;
  CBS list;
  CBS_init(&extension, data, size);
  return CBS_get_u16_length_prefixed(&extension, &list) &&
         AnyU16(list, [](uint16_t algorithm) {
           return algorithm == SSL_SIGN_ECDSA_SECP256R1_SHA256;
         });
}

}  // namespace

ServerContext::ServerContext() : bio_(ChannelBio::New()) {}

ServerContext::~ServerContext() { BIO_free(bio_); }

absl::StatusOr<std::shared_ptr<const ServerContext>> ServerContext::Create(
    const ServerContextOptions& options) {
  CHECK(options.tickets != nullptr);
  CHECK_GE(options.tickets_per_connection, 1u);
  CHECK_LE(options.tickets_per_connection, 16u);
  if (options.certificates.empty()) {
    return absl::InvalidArgumentError("no TLS certificate is given");
  }
  std::shared_ptr<ServerContext> context(new ServerContext);
  if (absl::Status s = context->Load(options); !s.ok()) return s;
  return context;
}

absl::Status ServerContext::Load(const ServerContextOptions& options) {
  tickets_ = options.tickets;
  std::optional<Authorities> authorities;
  if (options.client_authorities) {
    auto parsed = Authorities::Parse(*options.client_authorities);
    if (!parsed.ok()) return parsed.status();
    authorities = *std::move(parsed);
  }
  for (const CertificatePem& pem : options.certificates) {
    absl::StatusOr<CertificateChain> chain = CertificateChain::Parse(pem);
    if (!chain.ok()) return chain.status();
    bssl::UniquePtr<SSL_CTX> ctx =
        NewSslContext(options, authorities ? &*authorities : nullptr);
    SSL_CTX_set_app_data(ctx.get(), this);
    SSL_CTX_set_select_certificate_cb(ctx.get(), &SelectIdentity);
    if (absl::Status s = chain->InstallIn(ctx.get(), pem.name); !s.ok()) {
      return s;
    }
    identities_.push_back(std::make_unique<Identity>(
        Identity{*std::move(chain), std::move(ctx)}));
  }
  return absl::OkStatus();
}

void ServerContext::SetLibraryClock() const {
  handshake_time = tickets_->now();
}

ssl_ctx_st* ServerContext::default_ctx() const {
  return identities_.front()->ctx.get();
}

ServerContext::SelectResult ServerContext::SelectIdentity(
    const ssl_early_callback_ctx* hello) {
  const auto* context = static_cast<const ServerContext*>(
      SSL_CTX_get_app_data(SSL_get_SSL_CTX(hello->ssl)));
  if (context->identities_.size() > 1) {
    SSL_set_SSL_CTX(hello->ssl, context->Choose(*hello).ctx.get());
  }
  return ssl_select_cert_success;
}

// The first identity that bears the name and a key that the client takes; an
// unknown name counts as that of the default.
const ServerContext::Identity& ServerContext::Choose(
    const ssl_early_callback_ctx& hello) const {
  const std::string host = ServerName(hello);
  const bool known = std::any_of(
      identities_.begin(), identities_.end(),
      [&host](const auto& identity) { return identity->chain.Names(host); });
  const CertificateChain& fallback = identities_.front()->chain;
  const Identity* ecdsa = nullptr;
  const Identity* rsa = nullptr;
  for (const auto& identity : identities_) {
    const CertificateChain& chain = identity->chain;
    const bool fits =
        known ? chain.Names(host)
              : &chain == &fallback || fallback.SharesFirstName(chain);
    if (!fits) continue;
    const Identity*& found = chain.kind() == KeyKind::kEcdsa ? ecdsa : rsa;
    if (found == nullptr) found = identity.get();
  }
  if (rsa == nullptr) return *ecdsa;
  if (ecdsa == nullptr) return *rsa;
  return TakesEcdsa(hello) ? *ecdsa : *rsa;
}

}  // namespace sallyport::net::tls
