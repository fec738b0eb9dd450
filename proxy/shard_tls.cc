// The TLS half of a Shard: from the first byte of a ClientHello to plaintext.
#include <string>
#include <utility>

#include "absl/log/log.h"
#include "net/tls/client_hello.h"
#include "proxy/shard.h"
#include "proxy/stream_output.h"

namespace sallyport::proxy {
namespace {

constexpr size_t kPlainBytes = 16384;

}  // namespace

// Conformance: TLS-01, TLS-17
void Shard::BeginTls(net::StreamId stream, Connection& connection) {
  connection.state = ConnectionState::kHello;
  if (handshakes_ >= options_.handshakes_max) {
    return CloseStream(stream, connection, CloseReason::kTableFull,
                       net::CloseHow::kAbort);
  }
  connection.handshaking = true;
  stats_.handshakes.Set(++handshakes_);
  connection.timer = timers_.Arm(
      reactor_->Now() +
          Millis(absl::ToInt64Milliseconds(options_.handshake_timeout)),
      {.kind = kHandshakeTimer, .subject = stream});
}

void Shard::EndHandshake(Connection& connection) {
  if (!connection.handshaking) return;
  connection.handshaking = false;
  stats_.handshakes.Set(--handshakes_);
  timers_.Cancel(connection.timer);
  connection.timer = {};
}

// A ticket of another shard sends the connection there, with all its bytes, before
// anything was answered.
void Shard::OnHelloBytes(net::StreamId stream, Connection& connection,
                         std::string_view bytes) {
  if (!connection.pending.empty()) {
    connection.pending.append(bytes);
    bytes = connection.pending;
  }
  const net::tls::HelloPeek peek = net::tls::PeekClientHello(bytes);
  if (peek.verdict == net::tls::HelloVerdict::kNeedMore) {
    if (connection.pending.empty()) connection.pending.assign(bytes);
    return;
  }
  if (const auto home = TicketHome(tickets_.keys(), peek.ticket);
      home && *home != index_ && *home < config_.shards) {
    if (connection.pending.empty()) connection.pending.assign(bytes);
    connection.state = ConnectionState::kLeaving;
    connection.home = *home;
    EndHandshake(connection);
    reactor_->Detach(stream);
    return;
  }
  StartEngine(stream, connection, bytes);
}

void Shard::StartEngine(net::StreamId stream, Connection& connection,
                        std::string_view hello) {
  connection.state = ConnectionState::kHandshake;
  connection.engine = std::make_unique<net::tls::Engine>(tls_);
  const std::string kept = std::move(connection.pending);
  connection.pending = {};
  OnTlsBytes(stream, connection, kept.empty() ? hello : std::string_view(kept));
}

void Shard::OnTlsBytes(net::StreamId stream, Connection& connection,
                       std::string_view bytes) {
  StreamOutput output(*reactor_, stream);
  connection.engine->Feed(bytes);
  while (connection.state != ConnectionState::kClosing) {
    const net::tls::ReadResult read =
        connection.engine->Read(plain_.get(), kPlainBytes, output);
    switch (read.status) {
      case net::tls::ReadStatus::kPlaintext:
        OnPlaintext(stream, connection, {plain_.get(), read.bytes});
        break;
      case net::tls::ReadStatus::kHandshakeDone:
        OnHandshakeDone(stream, connection);
        break;
      case net::tls::ReadStatus::kWantMore:
        return;
      case net::tls::ReadStatus::kClosed:
        return CloseStream(stream, connection, CloseReason::kPeerClosed,
                           net::CloseHow::kFlush);
      case net::tls::ReadStatus::kFailed:
        return OnTlsFailed(stream, connection);
    }
  }
}

void Shard::OnHandshakeDone(net::StreamId stream, Connection& connection) {
  EndHandshake(connection);
  const net::tls::Engine& engine = *connection.engine;
  (engine.resumed() ? stats_.handshakes_resumed : stats_.handshakes_full).Add();
  Announce(stream, connection,
           {.side = Side::kAccess,
            .transport = sip::Transport::kTls,
            .peer = connection.peer,
            .local = connection.local,
            .tls_session = engine.tsid(),
            .tls_resumed = engine.resumed()});
}

// The alert is queued already; it leaves before the end.
// Conformance: TLS-14
void Shard::OnTlsFailed(net::StreamId stream, Connection& connection) {
  const net::tls::Engine& engine = *connection.engine;
  stats_.tls_failures[static_cast<size_t>(engine.failure())].Add();
  if (engine.peer_alert() != net::tls::Channel::kNoAlert) {
    stats_.tls_alerts_received[engine.peer_alert()].Add();
  }
  CloseStream(stream, connection, CloseReason::kTlsFailure,
              net::CloseHow::kFlush);
}

}  // namespace sallyport::proxy
