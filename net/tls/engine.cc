#include "net/tls/engine.h"

#include <openssl/ssl.h>

#include <optional>
#include <utility>

#include "absl/log/check.h"
#include "net/tls/crypto.h"
#include "net/tls/engine_hooks.h"

namespace sallyport::net::tls {

Engine::Engine(std::shared_ptr<const ServerContext> context)
    : Channel(SSL_new(context->default_ctx()), context->bio_),
      context_(std::move(context)) {
  SSL_set_accept_state(ssl());
  RandomBytes(fresh_tsid_);
}

Engine::~Engine() = default;

const Tsid& Engine::tsid() const {
  return has_candidate_ && resumed() ? candidate_tsid_ : fresh_tsid_;
}

std::string_view Engine::sni() const {
  const char* name = SSL_get_servername(ssl(), TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? std::string_view() : name;
}

void Engine::OnHandshakeStep() { context_->SetLibraryClock(); }

void Engine::OnHandshakeDone() {
  // Whatever resumed came from our tickets: there is no other way.
  CHECK(!resumed() || has_candidate_);
}

const SSL_TICKET_AEAD_METHOD* TicketHooks::Method() {
  static const SSL_TICKET_AEAD_METHOD method = {&MaxOverhead, &Seal, &Open};
  return &method;
}

size_t TicketHooks::MaxOverhead(SSL*) { return TicketDesk::kOverheadBytes; }

int TicketHooks::Seal(SSL* ssl, uint8_t* out, size_t* out_bytes, size_t out_max,
                      const uint8_t* session, size_t session_bytes) {
  const auto* engine = static_cast<const Engine*>(Engine::Running(ssl));
  *out_bytes = engine->context_->tickets().Seal(
      engine->tsid(), {session, session_bytes}, {out, out_max});
  return *out_bytes > 0;
}

ssl_ticket_aead_result_t TicketHooks::Open(SSL* ssl, uint8_t* session,
                                           size_t* session_bytes,
                                           size_t session_max,
                                           const uint8_t* ticket,
                                           size_t ticket_bytes) {
  auto* engine = static_cast<Engine*>(Engine::Running(ssl));
  const std::optional<TicketDesk::Opened> opened =
      engine->context_->tickets().Open(
          {reinterpret_cast<const char*>(ticket), ticket_bytes},
          {session, session_max});
  if (!opened.has_value()) return ssl_ticket_aead_ignore_ticket;
  engine->candidate_tsid_ = opened->identity.tsid;
  engine->has_candidate_ = true;
  *session_bytes = opened->session_bytes;
  return ssl_ticket_aead_success;
}

}  // namespace sallyport::net::tls
