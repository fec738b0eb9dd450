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
// Handshakes that a turn begins: a few milliseconds of work, in which nobody else
// is served.
constexpr uint32_t kBegunPerTurn = 16;
// Fewer have no half to speak of.
constexpr uint32_t kHeldFrom = 16;
constexpr Millis kHeldForTheSilent{1000};  // no handshake ends
constexpr Millis kHeldForTheSlow{5000};    // some do, but not for want of us

}  // namespace

// Conformance: TLS-01, TLS-17
void Shard::BeginTls(net::StreamId stream, Connection& connection) {
  connection.state = ConnectionState::kHello;
  // While newcomers are held, those come that were accepted before.
  const uint64_t most = uint64_t{options_.handshakes_max} * (holds_ ? 2 : 1);
  if (handshakes_ >= most) {
    return CloseStream(stream, connection, CloseReason::kTableFull,
                       net::CloseHow::kAbort);
  }
  connection.handshaking = true;
  stats_.handshakes.Set(++handshakes_);
  ArmHandshakeTimer(stream, connection);
  HoldNewcomers();
}

void Shard::ArmHandshakeTimer(net::StreamId stream, Connection& connection) {
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
  const auto home = TicketHome(tickets_.keys(), peek.ticket);
  if (home && *home != index_ && *home < config_.shards) {
    if (connection.pending.empty()) connection.pending.assign(bytes);
    connection.state = ConnectionState::kLeaving;
    connection.home = *home;
    EndHandshake(connection);
    reactor_->Detach(stream);
    return;
  }
  BeginOrWait(stream, connection, bytes, home.has_value());
}

// ---- handshakes in the order in which they are begun

// While it waits it is not the peer who is late: its time stands still.
void Shard::BeginOrWait(net::StreamId stream, Connection& connection,
                        std::string_view hello, bool resumes) {
  if (begun_ < kBegunPerTurn && hellos_.waiting() == 0) {
    return StartEngine(stream, connection, hello);
  }
  if (connection.pending.empty()) connection.pending.assign(hello);
  connection.state = ConnectionState::kWaiting;
  timers_.Cancel(connection.timer);
  connection.timer = {};
  hellos_.Push(stream, resumes);
  stats_.handshakes_waiting.Set(hellos_.waiting());
  HoldNewcomers();
}

// A client that has said hello has no more to say before the answer.
void Shard::OnBytesWhileWaiting(net::StreamId stream, Connection& connection,
                                std::string_view bytes) {
  if (connection.pending.size() + bytes.size() > net::tls::kHelloPeekBytesMax) {
    return CloseStream(stream, connection, CloseReason::kTlsFailure,
                       net::CloseHow::kAbort);
  }
  connection.pending.append(bytes);
}

void Shard::StopWaiting(Connection& connection) {
  if (connection.state != ConnectionState::kWaiting) return;
  hellos_.Gone();
}

// All that was begun before has been served in this turn.
void Shard::BeginHandshakes() {
  const auto waits = [this](net::StreamId stream) {
    const Connection* connection = connections_.Find(stream);
    return connection != nullptr &&
           connection->state == ConnectionState::kWaiting;
  };
  while (begun_ < kBegunPerTurn) {
    const auto stream = hellos_.Pop(waits);
    if (!stream) break;
    Connection& connection = *connections_.Find(*stream);
    ArmHandshakeTimer(*stream, connection);
    StartEngine(*stream, connection, {});
  }
  begun_ = 0;
  hellos_.Tidy(waits);
  stats_.handshakes_waiting.Set(hellos_.waiting());
  HoldNewcomers();
}

// Half of the handshakes that may be in progress are enough: the next ones wait in
// the kernel's queue, where they cost nothing. Where nobody waits for us the others
// are slow or silent, and shall keep nobody out for long.
void Shard::HoldNewcomers() {
  if (options_.handshakes_max < kHeldFrom) return;
  const Instant now = reactor_->Now();
  const uint32_t most = options_.handshakes_max / 2;
  const bool many = handshakes_ >= (holds_ ? most / 4 * 3 : most);
  if (!many || hellos_.waiting() > 0) let_go_ = false;
  if (hellos_.waiting() > 0 || !holds_) waited_ = done_ = now;
  let_go_ = let_go_ || now - done_ >= kHeldForTheSilent ||
            now - waited_ >= kHeldForTheSlow;
  const bool holds = many && !let_go_;
  if (holds == holds_) return;
  holds_ = holds;
  reactor_->HoldAccepting(static_cast<uint32_t>(ListenerKind::kTls), holds);
}

void Shard::StartEngine(net::StreamId stream, Connection& connection,
                        std::string_view hello) {
  ++begun_;
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
  done_ = reactor_->Now();
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
