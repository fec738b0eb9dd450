// The TLS half of a Shard: from the first byte of a handshake to plaintext.
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
  // The core gets no tickets, and so has no home.
  if (connection.side == Side::kCore) {
    return StartEngine(stream, connection, bytes);
  }
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
  connection.engine = std::make_unique<net::tls::Engine>(
      connection.side == Side::kCore ? core_server_ : tls_);
  const std::string kept = std::move(connection.pending);
  connection.pending = {};
  OnTlsBytes(stream, connection, kept.empty() ? hello : std::string_view(kept));
}

void Shard::OnTlsBytes(net::StreamId stream, Connection& connection,
                       std::string_view bytes) {
  StreamOutput output(*reactor_, stream);
  net::tls::Channel& channel = *connection.tls();
  channel.Feed(bytes);
  while (connection.state != ConnectionState::kClosing) {
    const net::tls::ReadResult read =
        channel.Read(plain_.get(), kPlainBytes, output);
    switch (read.status) {
      case net::tls::ReadStatus::kPlaintext:
        if (connection.link != nullptr) OnLinkHeard(connection);
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
  if (connection.link != nullptr) return OnLinkSecured(stream, connection);
  EndHandshake(connection);
  const net::tls::Engine& engine = *connection.engine;
  if (connection.side == Side::kCore) {
    stats_.core_tls_in.handshakes_full.Add();
    return Announce(stream, connection,
                    {.side = Side::kCore,
                     .transport = sip::Transport::kTls,
                     .peer = connection.peer,
                     .local = connection.local});
  }
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
  const net::tls::Channel& channel = *connection.tls();
  if (connection.side == Side::kCore) {
    NoteCoreTlsFailure(connection);
  } else {
    stats_.tls_failures[static_cast<size_t>(channel.failure())].Add();
  }
  if (channel.peer_alert() != net::tls::Channel::kNoAlert) {
    stats_.tls_alerts_received[channel.peer_alert()].Add();
  }
  CloseStream(stream, connection, CloseReason::kTlsFailure,
              net::CloseHow::kFlush);
}

void Shard::NoteCoreTlsFailure(const Connection& connection) {
  const net::tls::Channel& channel = *connection.tls();
  CoreTlsStats& stats =
      connection.link != nullptr ? stats_.core_tls_out : stats_.core_tls_in;
  stats.failures[static_cast<size_t>(channel.failure())].Add();
  if (channel.distrust() != net::tls::Distrust::kNone) {
    stats.untrusted[static_cast<size_t>(channel.distrust())].Add();
  }
  if (connection.link == nullptr) return;
  std::string_view detail;
  if (channel.failure() == net::tls::Failure::kUntrusted) {
    detail = ToString(channel.distrust());
  } else if (channel.failure() == net::tls::Failure::kPeerAlert) {
    detail = net::tls::AlertName(channel.peer_alert());
  }
  Complain(connection.link->peer.View(), ToString(channel.failure()), detail);
}

}  // namespace sallyport::proxy
