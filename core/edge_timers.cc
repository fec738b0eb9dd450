// Time passes: what is due, and transactions whose way forward is gone.
#include <algorithm>

#include "core/edge_impl.h"

namespace sallyport {
namespace {
constexpr Millis kGuardGrace{1'000};
constexpr Millis kT2{4'000};  // Source: RFC 3261 17.1.2.2
}  // namespace

bool Edge::Impl::OnTimer(Instant now) {
  Begin(now);
  if (!lost_.empty()) {
    const SlotHandle handle = lost_.front();
    lost_.pop_front();
    OnLost(handle);
    return true;
  }
  if (!ended_.empty()) {
    const AssociationId id = ended_.front();
    ended_.pop_front();
    (void)StillLive(id);
    return true;
  }
  const std::optional<TimerKey> due = timers_.PopDue(now);
  if (!due) return false;
  switch (static_cast<TimerKind>(due->kind)) {
    case TimerKind::kFlowGuard:
      OnGuardDue(due->subject);
      break;
    case TimerKind::kFlowMessage:
      OnMessageDue(due->subject);
      break;
    case TimerKind::kAssociation:
      OnAssociationDue(due->subject);
      break;
    case TimerKind::kRetransmit:
      OnRetransmitDue(due->subject);
      break;
    case TimerKind::kTransactionEnd:
      OnTransactionDue(due->subject);
      break;
    case TimerKind::kSubscription:
      OnSubscriptionDue(due->subject);
      break;
    case TimerKind::kProbe:
      OnProbeDue();
      break;
    case TimerKind::kHomeName:
      OnHomeNameDue(due->subject);
      break;
  }
  return true;
}

Instant Edge::Impl::NextDeadline() const {
  return lost_.empty() && ended_.empty() ? timers_.NextDeadline() : now_;
}

void Edge::Impl::OnGuardDue(SlotHandle handle) {
  Flow* flow = flows_.Find({config_.shard, handle});
  if (flow == nullptr) return;
  flow->guard = {};
  // A REGISTER that the core has not answered yet may still make it known.
  if (flow->guard_reason == CloseReason::kUnregisteredTimeout &&
      slice_.live(flow->association) &&
      BindingOf(flow->association).registers > 0) {
    return ArmGuard(*flow, kGuardGrace, CloseReason::kUnregisteredTimeout);
  }
  CloseFlow(*flow, flow->guard_reason);
}

void Edge::Impl::OnMessageDue(SlotHandle handle) {
  Flow* flow = flows_.Find({config_.shard, handle});
  if (flow == nullptr) return;
  flow->message = {};
  CloseFlow(*flow, CloseReason::kMessageTimeout);
}

void Edge::Impl::OnRetransmitDue(SlotHandle handle) {
  Transaction* transaction = transactions_.Find(handle);
  if (transaction == nullptr || !transaction->sent.valid()) return;
  outbox_.Send(transaction->downstream, transaction->sent.view());
  transaction->retransmit =
      transaction->phase == Transaction::Phase::kProceeding
          ? kT2
          : std::min(2 * transaction->retransmit, kT2);
  transaction->retransmit_timer =
      timers_.Arm(now_ + transaction->retransmit,
                  {static_cast<uint32_t>(TimerKind::kRetransmit), handle});
}

// Timer F, Timer J of a transaction that is complete, or the end of a wait.
void Edge::Impl::OnTransactionDue(SlotHandle handle) {
  Transaction* transaction = transactions_.Find(handle);
  if (transaction == nullptr) return;
  if (transaction->phase == Transaction::Phase::kCompleted) {
    return EndTransaction(handle);
  }
  if (transaction->asks_desk) {
    counters_.Add(CounterId::kVerdictsMissed);
    return OnVerdict(handle, /*full=*/false);
  }
  counters_.Add(CounterId::kTransactionsTimedOut);
  if (transaction->waiting) return OnWaitOver(handle);
  switch (transaction->kind) {
    case Transaction::Kind::kRegister:
      // The registrar answers each; of other requests silence says little.
      hops_.Failed(transaction->target, now_);
      ++transaction->silences;
      return Retry(handle);
    case Transaction::Kind::kOriginating:
    case Transaction::Kind::kTerminating:
      return EndTransaction(handle);  // Source: RFC 4320: no 408 to a non-INVITE
    case Transaction::Kind::kOwn:
      if (transaction->purpose == routing::OwnPurpose::kProbe) {
        hops_.Failed(transaction->target, now_);
      }
      return EndOwnRequest(handle, kUnanswered);
  }
}

void Edge::Impl::OnCorePeerLost(const Endpoint& peer, sip::Transport transport,
                                Instant now, std::string_view host) {
  Begin(now);
  hops_.Lost(peer, transport, now, host);
  const uint64_t mark = routing::NextHops::Mark(peer, transport, host);
  for (uint32_t slot = 0; slot < transactions_.slots_used(); ++slot) {
    const Transaction* transaction = transactions_.At(slot);
    if (transaction == nullptr || transaction->downstream.flow.valid() ||
        transaction->waiting ||
        transaction->phase == Transaction::Phase::kCompleted ||
        transaction->hop_mark != mark) {
      continue;
    }
    NoteLost(transactions_.HandleAt(slot));
  }
}

void Edge::Impl::NoteLost(SlotHandle handle) {
  Transaction& transaction = *transactions_.Find(handle);
  if (transaction.lost || transaction.phase == Transaction::Phase::kCompleted)
    return;
  transaction.lost = true;
  lost_.push_back(handle);
}

// One at a time, as timers are: many may wait for one peer.
void Edge::Impl::OnLost(SlotHandle handle) {
  Transaction* transaction = transactions_.Find(handle);
  if (transaction == nullptr || !transaction->lost ||
      transaction->phase == Transaction::Phase::kCompleted) {
    return;
  }
  transaction->lost = false;
  switch (transaction->kind) {
    case Transaction::Kind::kRegister:
    case Transaction::Kind::kOriginating:
      return transaction->waiting ? Continue(handle) : Retry(handle);
    case Transaction::Kind::kTerminating:
      return AnswerLate(handle, FlowLost());
    case Transaction::Kind::kOwn:
      return EndOwnRequest(handle, kUnanswered);
  }
}

}  // namespace sallyport
