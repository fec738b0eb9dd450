#include "proxy/shard.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/log/log.h"
#include "absl/strings/str_cat.h"
#include "proxy/stream_output.h"

namespace sallyport::proxy {
namespace {

// A record's plaintext is at most 16 KiB; a message that leaves is a received one
// (64 KiB at most) with what the Edge adds.
constexpr size_t kPlainBytes = 16384;
constexpr size_t kGatherBytes = 128 * 1024;
// An idle shard looks around this often, so that its gauges and heart beat stay
// fresh.
constexpr Millis kIdleTurn{1000};

Millis ToMillis(absl::Duration duration) {
  return Millis(absl::ToInt64Milliseconds(duration));
}

net::tls::WallTime WallNow() {
  return std::chrono::floor<std::chrono::seconds>(
      std::chrono::system_clock::now());
}

EdgeConfig ConfigOf(const Options& options, ShardId index) {
  EdgeConfig config = options.edge;
  config.shard = index;
  config.flows_max = options.streams_max + DatagramFlows::kMax;
  return config;
}

net::ReactorOptions ReactorOptionsOf(const Options& options) {
  net::ReactorOptions reactor;
  reactor.ring_entries = options.ring_entries;
  reactor.streams_max = options.streams_max;
  reactor.queued_bytes_max =
      std::max(options.queued_bytes_max, options.core_queued_bytes_max);
  reactor.send_bytes_max =
      options.send_bytes_max + options.core_queued_bytes_max;
  // Phones that do not read never starve the core.
  reactor.send_bytes_reserved = options.core_queued_bytes_max;
  reactor.reserved_tags_from = static_cast<uint32_t>(ListenerKind::kCore);
  reactor.receive_buffers = options.receive_buffers;
  reactor.receive_buffer_bytes = options.receive_buffer_bytes;
  return reactor;
}

}  // namespace

std::string_view ToString(ListenerKind kind) {
  switch (kind) {
    case ListenerKind::kTls:
      return "tls";
    case ListenerKind::kSip:
      return "sip";
    case ListenerKind::kCore:
      return "core";
    case ListenerKind::kCoreTls:
      return "core_tls";
  }
  return "";
}

absl::StatusOr<std::unique_ptr<Shard>> Shard::Create(ShardSetup setup) {
  auto reactor = net::Reactor::Create(ReactorOptionsOf(*setup.options));
  if (!reactor) {
    return absl::FailedPreconditionError(reactor.error().ToString());
  }
  const std::shared_ptr<const TlsMaterial> material = setup.material;
  std::unique_ptr<Shard> shard(
      new Shard(std::move(setup), *std::move(reactor)));
  if (absl::Status status = shard->UseMaterial(*material); !status.ok()) {
    return status;
  }
  return shard;
}

Shard::Shard(ShardSetup setup, std::unique_ptr<net::Reactor> reactor)
    : index_(setup.index),
      options_(*setup.options),
      config_(ConfigOf(options_, index_)),
      mailboxes_(*setup.mailboxes),
      names_(setup.names),
      ring_fds_(*setup.ring_fds),
      sockets_(std::move(setup.sockets)),
      mac_(setup.mac_key),
      reactor_(std::move(reactor)),
      tickets_({.home_shard = index_,
                .shards = config_.shards,
                .lifetime = std::chrono::seconds(
                    absl::ToInt64Seconds(options_.ticket_lifetime)),
                .revoked_max = options_.revoked_sessions_max},
               setup.material->ticket_keys, WallNow()),
      material_(std::move(setup.material)),
      timers_(options_.streams_max + 16, reactor_->Now()),
      edge_(config_, entropy_, mac_, reactor_->Now()),
      sources_(config_.source_prefix, options_.connections_per_source),
      core_links_({.min = ToMillis(options_.core_backoff_min),
                   .max = ToMillis(options_.core_backoff_max)}),
      plain_(std::make_unique<char[]>(kPlainBytes)),
      gather_(std::make_unique<char[]>(kGatherBytes)) {
  Publish();  // healthy before its first turn
}

Shard::~Shard() = default;

absl::Status Shard::UseMaterial(const TlsMaterial& material) {
  auto context = net::tls::ServerContext::Create(
      {.certificates = material.certificates, .tickets = &tickets_});
  if (!context.ok()) return context.status();
  tls_ = *std::move(context);
  tickets_.SetKeys(material.ticket_keys);
  return UseCoreMaterial(material);
}

void Shard::OpenSockets() {
  constexpr auto kTag = [](ListenerKind kind) {
    return static_cast<uint32_t>(kind);
  };
  for (net::Fd& socket : sockets_.tls) {
    reactor_->Listen(std::move(socket), kTag(ListenerKind::kTls));
  }
  for (net::Fd& socket : sockets_.sip_tcp) {
    reactor_->Listen(std::move(socket), kTag(ListenerKind::kSip));
  }
  reactor_->Listen(std::move(sockets_.core_tcp), kTag(ListenerKind::kCore));
  if (sockets_.core_tls.valid()) {
    reactor_->Listen(std::move(sockets_.core_tls),
                     kTag(ListenerKind::kCoreTls));
  }
  for (ShardSockets::Datagram& datagram : sockets_.sip_udp) {
    OpenDatagramSocket(std::move(datagram), ListenerKind::kSip);
  }
  core_udp_ =
      OpenDatagramSocket(std::move(sockets_.core_udp), ListenerKind::kCore);
}

FlowId Shard::OpenDatagramSocket(ShardSockets::Datagram socket,
                                 ListenerKind kind) {
  const net::UdpId id = reactor_->OpenUdp(std::move(socket.socket),
                                          static_cast<uint32_t>(kind));
  const Side side = kind == ListenerKind::kCore ? Side::kCore : Side::kAccess;
  const uint32_t index = datagram_flows_.Open(id, side, socket.local);
  AnnounceDatagramFlow(index);
  return DatagramFlowId(index);
}

void Shard::AnnounceDatagramFlow(uint32_t index) {
  const DatagramFlows::Flow& flow = datagram_flows_.At(index);
  edge_.OnFlowOpened(DatagramFlowId(index),
                     {.side = flow.side,
                      .transport = sip::Transport::kUdp,
                      .peer = {},
                      .local = flow.local},
                     reactor_->Now());
  Perform();
}

absl::Status Shard::Enable() {
  if (auto enabled = reactor_->Enable(); !enabled) {
    return absl::FailedPreconditionError(absl::StrCat(
        "shard ", index_, ": ", enabled.error().ToString()));
  }
  OpenSockets();
  return absl::OkStatus();
}

void Shard::Run() {
  while (!Drained()) {
    if (drain_asked_.load(std::memory_order_acquire)) BeginDrain();
    tickets_.SetNow(WallNow());
    Instant until = std::min(edge_.NextDeadline(), timers_.NextDeadline());
    until = std::min(until, reactor_->Now() + kIdleTurn);
    if (ending_ != Ending::kNo) until = std::min(until, ending_until_);
    if (hellos_.waiting() > 0) until = reactor_->Now();
    reactor_->Turn(until, *this);
    BeginHandshakes();
    TellLostPeers();
    TellUnasked();
    RunTimers();
    Publish();
  }
  Publish();
}

// ---- timers

// A lost peer is told once per round, however many messages it refused: telling
// walks all transactions.
void Shard::RunTimers() {
  do {
    bool more = true;
    while (more) {
      more = edge_.OnTimer(reactor_->Now());
      Perform();
    }
    TellLostPeers();
    TellUnasked();
  } while (edge_.NextDeadline() <= reactor_->Now());
  while (const auto key = timers_.PopDue(reactor_->Now())) OnShardTimer(*key);
}

void Shard::OnShardTimer(const TimerKey& key) {
  Connection* connection = connections_.Find(key.subject);
  if (connection == nullptr) return;
  connection->timer = {};
  const bool connecting = connection->state == ConnectionState::kConnecting;
  CloseStream(key.subject, *connection,
              connecting ? CloseReason::kConnectFailed
                         : CloseReason::kHandshakeTimeout,
              net::CloseHow::kAbort);
}

// ---- streams come and go

void Shard::OnAccepted(net::StreamId stream, uint32_t tag,
                       const Endpoint& peer, const Endpoint& local) {
  stats_.accepted[tag].Add();
  Connection& connection = connections_.Open(stream);
  connection.peer = peer;
  connection.local = local;
  const auto kind = static_cast<ListenerKind>(tag);
  const bool core =
      kind == ListenerKind::kCore || kind == ListenerKind::kCoreTls;
  connection.side = core ? Side::kCore : Side::kAccess;
  if (!EnterSource(stream, connection)) return;
  switch (kind) {
    case ListenerKind::kCoreTls:
      // Strangers shall not cost handshakes that phones need.
      if (!edge_.IsCorePeer(peer.address)) {
        return CloseStream(stream, connection, CloseReason::kForeignPeer,
                           net::CloseHow::kAbort);
      }
      return BeginTls(stream, connection);
    case ListenerKind::kTls:
      return BeginTls(stream, connection);
    case ListenerKind::kSip:
    case ListenerKind::kCore:
      Announce(stream, connection,
               {.side = connection.side,
                .transport = sip::Transport::kTcp,
                .peer = peer,
                .local = local});
      return;
  }
}

// False: it is being closed.
bool Shard::EnterSource(net::StreamId stream, Connection& connection) {
  if (connection.side == Side::kCore) return true;
  connection.sourced = sources_.Enter(connection.peer.address);
  if (connection.sourced) return true;
  CloseStream(stream, connection, CloseReason::kTooManyFromSource,
              net::CloseHow::kAbort);
  return false;
}

void Shard::LeaveSource(Connection& connection) {
  if (connection.sourced) sources_.Leave(connection.peer.address);
  connection.sourced = false;
}

void Shard::OnClosed(net::StreamId stream, net::CloseReason reason) {
  Connection* connection = connections_.Find(stream);
  if (connection == nullptr) return;
  if (connection->reason) {
    stats_.closed_by_us[static_cast<size_t>(*connection->reason)].Add();
  } else {
    stats_.closed_by_net[static_cast<size_t>(reason)].Add();
  }
  timers_.Cancel(connection->timer);
  StopWaiting(*connection);
  EndHandshake(*connection);
  LeaveSource(*connection);
  LoseLink(*connection);
  const bool announced = connection->announced;
  connections_.Close(stream);
  if (announced) {
    edge_.OnFlowClosed(FlowOf(stream), reactor_->Now());
    Perform();
  }
}

void Shard::CloseStream(net::StreamId stream, Connection& connection,
                        CloseReason reason, net::CloseHow how) {
  if (connection.state == ConnectionState::kClosing) return;
  connection.reason = reason;
  StopWaiting(connection);
  connection.state = ConnectionState::kClosing;
  std::string().swap(connection.pending);
  LoseLink(connection);
  if (how == net::CloseHow::kFlush && connection.tls() != nullptr) {
    StreamOutput output(*reactor_, stream);
    connection.tls()->Shutdown(output);
  }
  reactor_->Close(stream, how,
                  reactor_->Now() + ToMillis(options_.close_timeout));
}

// ---- the Edge and its actions

void Shard::Announce(net::StreamId stream, Connection& connection,
                     const FlowInfo& info) {
  connection.state = ConnectionState::kOpen;
  connection.announced = true;
  edge_.OnFlowOpened(FlowOf(stream), info, reactor_->Now());
  Perform();
}

void Shard::OnBytes(net::StreamId stream, std::span<uint8_t> bytes) {
  Connection* connection = connections_.Find(stream);
  if (connection == nullptr) return;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                              bytes.size());
  switch (connection->state) {
    case ConnectionState::kHello:
      return OnHelloBytes(stream, *connection, text);
    case ConnectionState::kWaiting:
      return OnBytesWhileWaiting(stream, *connection, text);
    case ConnectionState::kLeaving:
      connection->pending.append(text);
      return;
    case ConnectionState::kHandshake:
      return OnTlsBytes(stream, *connection, text);
    case ConnectionState::kOpen:
      if (connection->tls() != nullptr) {
        return OnTlsBytes(stream, *connection, text);
      }
      return OnPlaintext(stream, *connection, text);
    case ConnectionState::kFree:
    case ConnectionState::kConnecting:
    case ConnectionState::kClosing:
      return;
  }
}

// With more phones than a cache holds, each message would else wait for one line
// of memory after the other. (What the TLS library holds we cannot name.)
void Shard::OnApproach(net::StreamId stream, unsigned step) {
  edge_.Approach(FlowOf(stream), step);
  if (step == 0) return connections_.Prefetch(stream);
  if (step > 1) return;
  const Connection* connection = connections_.Find(stream);
  if (connection == nullptr || connection->engine == nullptr) return;
  PrefetchObject(*connection->engine);
}

// Whole messages are read where they lie; only a beginning is kept.
void Shard::OnPlaintext(net::StreamId stream, Connection& connection,
                        std::string_view bytes) {
  if (connection.pending.empty()) {
    bytes.remove_prefix(Consume(stream, connection, bytes));
    if (connection.state == ConnectionState::kOpen) {
      connection.pending.assign(bytes);
    }
    return;
  }
  connection.pending.append(bytes);
  // Nothing may touch `pending` while the Edge reads it.
  std::string whole = std::move(connection.pending);
  connection.pending.clear();
  const size_t consumed = Consume(stream, connection, whole);
  if (connection.state != ConnectionState::kOpen || consumed == whole.size()) {
    return;
  }
  whole.erase(0, consumed);
  connection.pending = std::move(whole);
}

size_t Shard::Consume(net::StreamId stream, Connection& connection,
                      std::string_view bytes) {
  size_t consumed = 0;
  while (consumed < bytes.size() &&
         connection.state == ConnectionState::kOpen) {
    const size_t taken =
        edge_.OnReceived(FlowOf(stream), connection.peer,
                         bytes.substr(consumed), reactor_->Now());
    Perform();
    if (taken == 0) break;
    consumed += taken;
  }
  return consumed;
}

void Shard::OnDatagram(const net::DatagramView& datagram) {
  const std::string_view text(
      reinterpret_cast<const char*>(datagram.bytes.data()),
      datagram.bytes.size());
  const DatagramFlows::Found flow =
      datagram_flows_.Of(datagram.socket, datagram.local);
  if (flow.is_new) AnnounceDatagramFlow(flow.index);
  if (edge_.OnReceived(DatagramFlowId(flow.index), datagram.peer, text,
                       reactor_->Now()) == 0) {
    return;
  }
  Perform();
}

void Shard::Perform() {
  for (const Action& action : edge_.actions()) {
    switch (action.kind) {
      case Action::Kind::kSend:
        PerformSend(action);
        break;
      case Action::Kind::kClose:
        if (Connection* c = connections_.Find(action.to.flow.handle)) {
          CloseStream(action.to.flow.handle, *c, action.reason,
                      net::CloseHow::kFlush);
        }
        break;
      case Action::Kind::kHandOver:
        PerformHandOver(action);
        break;
      case Action::Kind::kRevoke:
        Revoke(action.tls_session);
        break;
      case Action::Kind::kTell:
        PerformTell(action);
        break;
      case Action::Kind::kResolve:
        PerformResolve(action.question);
        break;
      case Action::Kind::kShareChallenge:
        ShareChallenge(action.challenge);
        break;
    }
  }
}

namespace {

size_t SizeOf(const Action& action) {
  return action.message != nullptr ? action.message->gathered_size()
                                   : action.text.size();
}

void Gather(const Action& action, char* out) {
  if (action.message != nullptr) {
    action.message->Gather(out);
  } else {
    std::memcpy(out, action.text.data(), action.text.size());
  }
}

}  // namespace

void Shard::PerformSend(const Action& action) {
  if (!action.to.flow.valid()) return SendToCore(action);
  if (action.to.flow.shard == index_) return SendOnFlow(action);
  Mail* mail = ClaimMail(action.to.flow.shard);
  if (mail == nullptr) return;
  mail->kind = Mail::Kind::kSend;
  mail->flow = action.to.flow;
  mail->peer = action.to.peer;
  mail->bytes.resize(SizeOf(action));
  Gather(action, mail->bytes.data());
  PublishMail(action.to.flow.shard);
}

void Shard::SendOnFlow(const Action& action) {
  if (IsDatagram(action.to.flow)) return SendDatagram(action);
  Connection* connection = connections_.Find(action.to.flow.handle);
  if (connection == nullptr || connection->state != ConnectionState::kOpen) {
    stats_.sends_lost.Add();
    return;
  }
  SendOnStream(action.to.flow.handle, *connection, action);
}

void Shard::SendDatagram(const Action& action) {
  const DatagramFlows::Flow& flow = datagram_flows_.At(
      action.to.flow.handle.slot - options_.streams_max);
  const size_t size = SizeOf(action);
  if (size > net::kDatagramBytesMax) {
    stats_.sends_lost.Add();
    return;
  }
  Gather(action, gather_.get());
  if (!reactor_->SendDatagram(flow.socket, action.to.peer,
                              {gather_.get(), size}, flow.from)) {
    stats_.sends_lost.Add();
  }
}

void Shard::SendOnStream(net::StreamId stream, Connection& connection,
                         const Action& action) {
  const size_t size = SizeOf(action);
  const size_t bound = connection.side == Side::kCore
                           ? options_.core_queued_bytes_max
                           : options_.queued_bytes_max;
  const size_t queued = reactor_->QueuedBytes(stream) +
                        (connection.link ? connection.link->unsent.size() : 0);
  if (size > kGatherBytes || queued + size > bound) {
    stats_.sends_lost.Add();
    CloseStream(stream, connection, CloseReason::kSlowPeer,
                net::CloseHow::kAbort);
    return;
  }
  if (connection.awaits_tls()) {
    std::string& unsent = connection.link->unsent;
    unsent.resize(unsent.size() + size);
    Gather(action, unsent.data() + unsent.size() - size);
    return;
  }
  if (connection.tls() != nullptr) {
    Gather(action, gather_.get());
    StreamOutput output(*reactor_, stream);
    if (!connection.tls()->Write({gather_.get(), size}, output)) {
      stats_.sends_lost.Add();
    }
    return;
  }
  char* room = reactor_->Reserve(stream, size);
  if (room == nullptr) {
    stats_.sends_lost.Add();
    return;
  }
  Gather(action, room);
  reactor_->Commit(stream, size);
}

void Shard::PerformResolve(const HostQuestion& question) {
  if (names_ != nullptr && names_->Ask(index_, question)) return;
  unasked_.push_back({.host = std::string(question.host),
                      .port = question.port,
                      .transport = question.transport,
                      .targets = {}});
}

// As TellLostPeers: not while an event is in progress.
void Shard::TellUnasked() {
  while (!unasked_.empty()) {
    const NameAnswer answer = std::move(unasked_.back());
    unasked_.pop_back();
    edge_.OnResolved(answer.View(), reactor_->Now());
    Perform();
  }
}

void Shard::Revoke(const TlsSessionId& session) {
  if (tickets_.Revoke(session)) return;
  // Source: Sallyport 5.8 item 9
  LOG(WARNING) << "revoked_sessions_full shard=" << index_
               << " effect=all_tickets_of_this_shard_refused";
}

}  // namespace sallyport::proxy
