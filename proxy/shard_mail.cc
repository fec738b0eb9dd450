// The part of a Shard that speaks with other shards and with the command thread.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/log.h"
#include "proxy/association_query.h"
#include "proxy/shard.h"

namespace sallyport::proxy {

// Null, and counted: the other shard is too far behind. What was to be said is
// lost as on a wire; its sender's timers notice.
Mail* Shard::ClaimMail(ShardId to) {
  Mail* mail = mailboxes_.Claim(index_, to);
  if (mail == nullptr) stats_.mail_lost.Add();
  return mail;
}

void Shard::PublishMail(ShardId to) {
  if (mailboxes_.Publish(index_, to)) reactor_->Wake(ring_fds_[to]);
}

void Shard::PerformHandOver(const Action& action) {
  Mail* mail = ClaimMail(action.shard);
  if (mail == nullptr) return;
  mail->kind = Mail::Kind::kHandOver;
  mail->flow = action.to.flow;
  mail->peer = action.to.peer;
  mail->info = *action.info;
  mail->bytes.assign(action.text);
  PublishMail(action.shard);
}

void Shard::PerformTell(const Action& action) {
  Mail* mail = ClaimMail(action.shard);
  if (mail == nullptr) return;
  mail->kind = Mail::Kind::kNews;
  mail->bytes.assign(action.text);
  PublishMail(action.shard);
}

void Shard::ShareChallenge(uint64_t challenge) {
  for (ShardId to = 0; to < config_.shards; ++to) {
    if (to == index_) continue;
    Mail* mail = ClaimMail(to);
    if (mail == nullptr) continue;
    mail->kind = Mail::Kind::kChallenge;
    mail->challenge = challenge;
    PublishMail(to);
  }
}

// The connection goes home; nothing of it stays here.
void Shard::OnDetached(net::StreamId stream, net::Fd connection,
                       const Endpoint& peer, const Endpoint& local) {
  Connection* leaving = connections_.Find(stream);
  CHECK(leaving != nullptr);
  const ShardId home = leaving->home;
  LeaveSource(*leaving);
  stats_.closed_by_us[static_cast<size_t>(CloseReason::kHandedOver)].Add();
  if (Mail* mail = ClaimMail(home)) {
    mail->kind = Mail::Kind::kAdopt;
    mail->connection = std::move(connection);
    mail->info = {};
    mail->info.peer = peer;
    mail->info.local = local;
    mail->bytes.assign(leaving->pending);
    PublishMail(home);
  }
  connections_.Close(stream);
}

void Shard::OnMail() {
  const net::Drained drained =
      mailboxes_.Drain(index_, [this](uint32_t, Mail& mail) {
        OnOneMail(mail);
        std::string().swap(mail.bytes);
      });
  if (drained.more) reactor_->Wake(reactor_->ring_fd());
  if (names_ == nullptr) return;
  names_->Drain(index_, [this](const HostAnswer& answer) {
    edge_.OnResolved(answer, reactor_->Now());
    Perform();
  });
}

void Shard::OnOneMail(Mail& mail) {
  switch (mail.kind) {
    case Mail::Kind::kAdopt:
      return OnAdopt(mail);
    case Mail::Kind::kHandOver:
      edge_.OnHandedOver({.flow = mail.flow,
                          .peer = mail.peer,
                          .info = mail.info,
                          .bytes = mail.bytes},
                         reactor_->Now());
      return Perform();
    case Mail::Kind::kSend:
      return OnSendMail(mail);
    case Mail::Kind::kChallenge:
      edge_.OnChallengeShared(mail.challenge, reactor_->Now());
      return Perform();
    case Mail::Kind::kNews:
      edge_.OnNews(mail.bytes, reactor_->Now());
      return Perform();
    case Mail::Kind::kMaterial:
      // The command thread has tried the material on a context of its own.
      material_ = std::move(mail.material);
      if (absl::Status status = UseMaterial(*material_); !status.ok()) {
        LOG(ERROR) << "reload_failed shard=" << index_
                   << " reason=" << status.message();
      }
      return;
    case Mail::Kind::kQuery:
      Answer(*mail.query);
      mail.query.reset();
      return;
  }
}

void Shard::OnAdopt(Mail& mail) {
  const net::StreamId stream =
      reactor_->Adopt(std::move(mail.connection),
                      static_cast<uint32_t>(ListenerKind::kTls),
                      mail.info.peer, mail.info.local);
  if (!stream.valid()) return;
  stats_.adopted.Add();
  Connection& connection = connections_.Open(stream);
  connection.peer = mail.info.peer;
  connection.local = mail.info.local;
  if (!EnterSource(stream, connection)) return;
  BeginTls(stream, connection);
  if (connection.state == ConnectionState::kClosing) return;
  BeginOrWait(stream, connection, mail.bytes, /*resumes=*/true);
}

void Shard::OnSendMail(const Mail& mail) {
  Action action;
  action.kind = Action::Kind::kSend;
  action.to = Destination::ToFlow(mail.flow, mail.peer);
  action.text = mail.bytes;
  SendOnFlow(action);
}

void Shard::Answer(AssociationQuery& query) {
  std::vector<AssociationQuery::Row> rows;
  for (const Edge::AssociationInfo& info :
       edge_.FindAssociations(query.impi(), query.most())) {
    const auto left = std::chrono::duration_cast<std::chrono::duration<double>>(
        info.expires - reactor_->Now());
    const auto ago = std::chrono::duration_cast<std::chrono::duration<double>>(
        reactor_->Now() - info.decided);
    rows.push_back({.shard = index_,
                    .slot = info.id.slot,
                    .impi = std::string(info.impi),
                    .state = std::string(info.state),
                    .peer = info.peer.ToString(),
                    .expires_s = info.expires == kNever ? 0 : left.count(),
                    .identities = info.identities,
                    .rule = std::string(registration::ToString(info.rule)),
                    .integrity = std::string(info.integrity),
                    .decided_ago_s = ago.count()});
  }
  query.Add(std::move(rows));
}

// ---- ending

void Shard::BeginDrain() {
  if (ending_ != Ending::kNo) return;
  ending_ = Ending::kDraining;
  ending_until_ =
      reactor_->Now() +
      Millis(absl::ToInt64Milliseconds(options_.drain_timeout));
  reactor_->StopListening();
}

// First transactions end, then connections close with close_notify.
bool Shard::Drained() {
  const Instant now = reactor_->Now();
  switch (ending_) {
    case Ending::kNo:
      return false;
    case Ending::kDraining:
      if (edge_.totals().transactions == 0 || now >= ending_until_) {
        CloseAll();
      }
      return false;
    case Ending::kClosing:
      return reactor_->held_streams() == 0 || now >= ending_until_;
  }
  return false;
}

void Shard::CloseAll() {
  ending_ = Ending::kClosing;
  const Instant now = reactor_->Now();
  ending_until_ = now + kClosingTime;
  connections_.ForEach([this](net::StreamId stream, Connection& connection) {
    CloseStream(stream, connection, CloseReason::kLocalShutdown,
                connection.state == ConnectionState::kOpen
                    ? net::CloseHow::kFlush
                    : net::CloseHow::kAbort);
  });
}

// ---- looking in

void Shard::Publish() {
  const Edge::Totals totals = edge_.totals();
  stats_.flows.Set(totals.flows);
  stats_.associations_active.Set(totals.associations_active);
  stats_.associations_suspended.Set(totals.associations_suspended);
  stats_.associations_reserved.Set(totals.associations_reserved);
  stats_.transactions.Set(totals.transactions);
  stats_.core_registers.Set(totals.core_registers);
  stats_.timers.Set(totals.timers + timers_.armed());
  stats_.open.Set(connections_.size());
  stats_.last_turn_ms.Set(
      reactor_->Now().time_since_epoch() / Millis(1));
  stats_.turns.Add();
  if (edge_.next_hops_version() == next_hops_version_) return;
  next_hops_version_ = edge_.next_hops_version();
  next_hops_.Post(edge_.NextHops());
}

}  // namespace sallyport::proxy
