// The part of a Shard that speaks with the core over links of its own: TCP, or
// TLS with the peer's certificate verified.
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/log/log.h"
#include "absl/strings/str_cat.h"
#include "proxy/shard.h"
#include "proxy/stream_output.h"

namespace sallyport::proxy {

absl::Status Shard::UseCoreMaterial(const TlsMaterial& material) {
  std::shared_ptr<const net::tls::ClientContext> client;
  std::shared_ptr<const net::tls::ServerContext> server;
  if (material.core) {
    auto made = net::tls::ClientContext::Create(
        {.authorities = material.core->authorities,
         .certificate = material.core->certificate});
    if (!made.ok()) return made.status();
    client = *std::move(made);
  }
  if (material.core && options_.core_tls_listen) {
    auto made = net::tls::ServerContext::Create(
        {.certificates = material.core->CertificatesOr(material.certificates),
         .tickets = &tickets_,
         .client_authorities = material.core->authorities});
    if (!made.ok()) return made.status();
    server = *std::move(made);
  }
  core_client_ = std::move(client);
  core_server_ = std::move(server);
  core_links_.ForgetSessions();  // they rest on what may be gone
  return absl::OkStatus();
}

// ---- sending

void Shard::SendToCore(const Action& action) {
  if (action.to.transport == sip::Transport::kUdp) {
    Action datagram = action;
    datagram.to.flow = core_udp_;
    return SendDatagram(datagram);
  }
  const CorePeerView peer{.endpoint = action.to.peer,
                          .tls = action.to.transport == sip::Transport::kTls,
                          .name = action.to.host};
  CoreLinks::Chosen chosen = core_links_.Choose(peer, reactor_->Now());
  if (chosen.choice == CoreLinks::Choice::kConnect) {
    chosen.stream = ConnectToCore(peer);
  }
  Connection* connection = connections_.Find(chosen.stream);
  if (connection == nullptr || connection->state == ConnectionState::kClosing) {
    stats_.sends_lost.Add();
    NoteLostPeer(peer);
    return;
  }
  SendOnStream(chosen.stream, *connection, action);
}

// Bytes may be queued before the connection stands.
net::StreamId Shard::ConnectToCore(const CorePeerView& peer) {
  if (ending_ == Ending::kClosing) return {};
  if (peer.tls && core_client_ == nullptr) {
    Complain(peer, "nobody_to_trust", "--core_tls_ca");
    return {};
  }
  const net::StreamId stream = reactor_->Connect(
      peer.endpoint, static_cast<uint32_t>(ListenerKind::kCore));
  if (!stream.valid()) return stream;
  stats_.connected.Add();
  Connection& connection = connections_.Open(stream);
  connection.state = ConnectionState::kConnecting;
  connection.side = Side::kCore;
  connection.link = std::make_unique<CoreLink>(peer);
  connection.peer = peer.endpoint;
  connection.timer = timers_.Arm(
      reactor_->Now() +
          Millis(absl::ToInt64Milliseconds(options_.core_connect_timeout)),
      {.kind = kConnectTimer, .subject = stream});
  core_links_.Connecting(peer, stream);
  return stream;
}

// ---- a link comes to stand

void Shard::OnConnected(net::StreamId stream) {
  Connection* connection = connections_.Find(stream);
  if (connection == nullptr ||
      connection->state != ConnectionState::kConnecting) {
    return;
  }
  if (connection->link->peer.tls) return BeginLinkTls(stream, *connection);
  core_links_.Connected(connection->link->peer.View());
  OnLinkStands(stream, *connection, sip::Transport::kTcp);
}

// We speak first. The timer of the connection goes on.
void Shard::BeginLinkTls(net::StreamId stream, Connection& connection) {
  if (core_client_ == nullptr) {  // since the last reload
    return CloseStream(stream, connection, CloseReason::kTlsFailure,
                       net::CloseHow::kAbort);
  }
  const CorePeer& peer = connection.link->peer;
  connection.state = ConnectionState::kHandshake;
  connection.client = std::make_unique<net::tls::ClientEngine>(
      core_client_, peer.Identity(), core_links_.Session(peer.View()));
  OnTlsBytes(stream, connection, {});
}

void Shard::OnLinkSecured(net::StreamId stream, Connection& connection) {
  (connection.client->resumed() ? stats_.core_tls_out.handshakes_resumed
                                : stats_.core_tls_out.handshakes_full)
      .Add();
  const std::string unsent = std::move(connection.link->unsent);
  connection.link->unsent = {};
  OnLinkStands(stream, connection, sip::Transport::kTls);
  if (connection.state != ConnectionState::kOpen) return;
  StreamOutput output(*reactor_, stream);
  if (!connection.client->Write(unsent, output)) stats_.sends_lost.Add();
}

void Shard::OnLinkStands(net::StreamId stream, Connection& connection,
                         sip::Transport transport) {
  timers_.Cancel(connection.timer);
  connection.timer = {};
  connection.connected = true;
  stats_.core_links_open.Set(stats_.core_links_open.Get() + 1);
  Announce(stream, connection,
           {.side = Side::kCore,
            .transport = transport,
            .peer = connection.peer,
            .local = config_.core_listen});
}

// Only now is it known that the peer takes us for whom we are: in TLS 1.3 it
// says no after our end of the handshake. Source: RFC 8446 4.4.2.4
void Shard::OnLinkHeard(Connection& connection) {
  CoreLink& link = *connection.link;
  if (link.heard || connection.client == nullptr) return;
  link.heard = true;
  core_links_.Connected(link.peer.View());
  core_links_.KeepSession(link.peer.View(), connection.client->session());
}

// ---- and goes

// Nobody waits until the last octet of it has left.
void Shard::LoseLink(Connection& connection) {
  if (connection.link == nullptr) return;
  ComplainOfNoLink(connection);
  const std::unique_ptr<CoreLink> link = std::move(connection.link);
  if (connection.connected) {
    stats_.core_links_open.Set(stats_.core_links_open.Get() - 1);
  }
  core_links_.Lost(link->peer.View(), reactor_->Now());
  stats_.core_links_lost.Add();
  NoteLostPeer(link->peer.View());
}

// Of TLS failures it was said already, by whoever knew more.
void Shard::ComplainOfNoLink(const Connection& connection) {
  const CoreLink& link = *connection.link;
  if (!link.peer.tls || link.heard) return;
  const CloseReason reason =
      connection.reason.value_or(CloseReason::kPeerClosed);
  switch (reason) {
    case CloseReason::kHandshakeTimeout:
    case CloseReason::kConnectFailed:
      return Complain(link.peer.View(), ToString(reason), "");
    case CloseReason::kPeerClosed:
      break;
    default:
      return;
  }
  std::string_view when = "before_it_spoke";
  if (!connection.connected) {
    when = connection.client == nullptr ? "before_tls" : "in_handshake";
  }
  Complain(link.peer.View(), "closed", when);
}

// Once for each peer, until it says something else or a link stands.
void Shard::Complain(const CorePeerView& peer, std::string_view reason,
                     std::string_view detail) {
  if (!core_links_.Complain(peer, absl::StrCat(reason, " ", detail))) return;
  LOG(WARNING) << "core_link_failed peer=" << peer.endpoint.ToString()
               << " name=" << CorePeer(peer).Identity() << " reason=" << reason
               << (detail.empty() ? "" : " detail=") << detail
               << " shard=" << index_;
}

void Shard::NoteLostPeer(const CorePeerView& peer) {
  if (std::find(lost_peers_.begin(), lost_peers_.end(), peer) ==
      lost_peers_.end()) {
    lost_peers_.emplace_back(peer);
  }
}

// An Edge hears of a lost peer when it has no event in progress.
void Shard::TellLostPeers() {
  while (!lost_peers_.empty()) {
    const CorePeer peer = std::move(lost_peers_.back());
    lost_peers_.pop_back();
    edge_.OnCorePeerLost(peer.endpoint,
                         peer.tls ? sip::Transport::kTls : sip::Transport::kTcp,
                         reactor_->Now(), peer.name);
    Perform();
  }
}

}  // namespace sallyport::proxy
