// The way onward: names that are waited for, next hops that fail, and the next
// one that is tried (spec 6.4, 6.8).
#include <algorithm>

#include "absl/base/optimization.h"
#include "core/edge_impl.h"
#include "core/sip/values.h"

namespace sallyport {
namespace {

// So many Timer F's of ours are the Timer F of the UE, 128 s: later nobody
// waits for an answer. Source: TS 24.229 7.7
constexpr int kPatience = 4;

CounterId CounterOf(HostOutcome outcome) {
  switch (outcome) {
    case HostOutcome::kFound:
      return CounterId::kNamesFound;
    case HostOutcome::kNoName:
      return CounterId::kNamesMissing;
    case HostOutcome::kNoRecords:
      return CounterId::kNamesWithoutServers;
    case HostOutcome::kFailed:
      return CounterId::kNamesFailed;
  }
  return CounterId::kNamesFailed;
}

// Source: RFC 3261 20.33: seconds, then a comment or parameters
Millis RetryAfterOf(const sip::MessageView& response) {
  const std::string_view value =
      sip::TrimLws(response.Value(sip::HeaderId::kRetryAfter));
  const auto* end = std::find_if_not(value.begin(), value.end(), sip::IsDigit);
  const auto seconds = sip::ParseDeltaSeconds(
      value.substr(0, static_cast<size_t>(end - value.begin())));
  return Seconds(seconds.value_or(0));
}

}  // namespace

// ---------------------------------------------------------------- going on

// Who was asked for a rest passes it on: nobody else is left, so this 503 speaks
// for all. Source: TS 24.229 5.2.2.1 (E24); RFC 3261 16.7 step 6; Sallyport 6.8
routing::Refusal Edge::Impl::RefusalFor(const routing::HopChoice& choice) {
  return choice.kind == routing::HopChoice::Kind::kResting
             ? Unavailable()
             : answers::kServerTimeout;
}

void Edge::Impl::GoTo(Transaction& transaction,
                      const routing::HopChoice& choice,
                      sip::Transport sent_on) {
  StopWaiting(transaction);
  if (!transaction.tries.empty()) counters_.Add(CounterId::kNextHopRetries);
  transaction.downstream =
      Destination::ToCore(choice.endpoint, sent_on, choice.host);
  transaction.hop_mark =
      sent_on == choice.transport
          ? choice.mark
          : routing::NextHops::Mark(choice.endpoint, sent_on, choice.host);
  transaction.target = choice.target;
  hops_.Begin(choice, transaction.tries, now_);
}

// One wait, however many answers it takes.
void Edge::Impl::Await(SlotHandle handle, Transaction& transaction,
                       const routing::HopChoice& choice) {
  transaction.awaited = choice.name;
  if (choice.ask) AskFor(choice.name);
  if (transaction.waiting) return;
  transaction.waiting = true;
  ++waiting_;
  timers_.Cancel(transaction.end_timer);
  transaction.end_timer =
      timers_.Arm(now_ + config_.core_resolve_timeout,
                  {static_cast<uint32_t>(TimerKind::kTransactionEnd), handle});
}

void Edge::Impl::StopWaiting(Transaction& transaction) {
  waiting_ -= transaction.waiting;
  transaction.waiting = false;
}

// Source: RFC 3261 16.7 step 4, 16.6 step 7 to 10
void Edge::Impl::Retry(SlotHandle handle) {
  Transaction& transaction = *transactions_.Find(handle);
  timers_.Cancel(transaction.retransmit_timer);
  transactions_.pool().Release(transaction.sent);
  transaction.phase = Transaction::Phase::kTrying;
  transaction.lost = false;
  ++transaction.attempt;
  if (transaction.silences >= kPatience) {
    return AnswerLate(handle, answers::kServerTimeout);
  }
  Continue(handle);
}

void Edge::Impl::Continue(SlotHandle handle) {
  transactions_.Find(handle)->kind == Transaction::Kind::kRegister
      ? ContinueRegister(handle)
      : ContinueOriginating(handle);
}

// A response says 503: another next hop is there, if only to be waited for. Of a
// Service-Route there is but one name.
bool Edge::Impl::CanRetry(const Transaction& transaction) {
  const routing::HopChoice::Kind next = NextChoice(transaction).kind;
  return next == routing::HopChoice::Kind::kTarget ||
         next == routing::HopChoice::Kind::kResting ||
         (next == routing::HopChoice::Kind::kWait &&
          transaction.kind == Transaction::Kind::kRegister);
}

// The time to wait for a name is over. What is not waited for may have ended its
// rest meanwhile; if it has not, it is who fails.
void Edge::Impl::OnWaitOver(SlotHandle handle) {
  const routing::HopChoice next = NextChoice(*transactions_.Find(handle));
  if (next.kind == routing::HopChoice::Kind::kTarget) return Continue(handle);
  AnswerLate(handle, next.rests ? Unavailable() : answers::kServerTimeout);
}

// A choice leaves no trace. The message in hand stays.
routing::HopChoice Edge::Impl::NextChoice(const Transaction& transaction) {
  switch (transaction.kind) {
    case Transaction::Kind::kRegister: {
      sip::MessageView request;
      if (request.Scan(transaction.request.view(), scan_policy_) !=
          sip::ScanVerdict::kOk) {
        return {};
      }
      const auto uri = sip::ParseUri(request.request_uri());
      if (!uri) return {};
      return hops_.ChooseHome(uri->host, transaction.tries, now_);
    }
    case Transaction::Kind::kOriginating:
      if (transaction.whole && slice_.live(transaction.caller) &&
          slice_.service_route_count(transaction.caller) > 0) {
        return ChooseServiceRoute(transaction.caller, transaction.tries);
      }
      return {};
    case Transaction::Kind::kTerminating:
    case Transaction::Kind::kOwn:  // who asked tries again by itself
      return {};
  }
  ABSL_UNREACHABLE();
}

// ---------------------------------------------------------------- health

// A 503 speaks for the next hop itself: proxies turn those of others into 500.
// Only the registrar's way is believed: a UE that can have a 503 made somewhere
// behind the core must not rest the core for all. Source: RFC 3261 16.7, 21.5.4
void Edge::Impl::NoteHealth(const Transaction& transaction) {
  if (message_.status_code() != 503) {
    return hops_.Succeeded(transaction.target, now_);
  }
  const bool probe = transaction.kind == Transaction::Kind::kOwn &&
                     transaction.purpose == routing::OwnPurpose::kProbe;
  if (transaction.kind != Transaction::Kind::kRegister && !probe) return;
  hops_.RestFor(transaction.target, RetryAfterOf(message_), now_);
}

// ---------------------------------------------------------------- names

void Edge::Impl::AskFor(routing::NameId name) {
  if (const auto question = hops_.Ask(name, now_)) {
    counters_.Add(CounterId::kNamesAsked);
    outbox_.Resolve(*question);
  }
}

void Edge::Impl::ArmHomeName(routing::NameId name) {
  const auto& all = hops_.home_names();
  const auto place = static_cast<size_t>(
      std::find(all.begin(), all.end(), name) - all.begin());
  timers_.Cancel(home_timers_[place]);
  home_timers_[place] =
      timers_.Arm(std::max(now_, hops_.NextAsk(name)),
                  {static_cast<uint32_t>(TimerKind::kHomeName), name});
}

void Edge::Impl::OnHomeNameDue(routing::NameId name) {
  AskFor(name);
  ArmHomeName(name);
}

void Edge::Impl::OnResolved(const HostAnswer& answer, Instant now) {
  Begin(now);
  counters_.Add(CounterOf(answer.outcome));
  const routing::NameId name = hops_.OnAnswer(answer, now);
  if (!name.valid()) return;
  const bool home = hops_.IsHomeName(name);
  if (home) ArmHomeName(name);
  if (waiting_ == 0) return;
  for (uint32_t slot = 0; slot < transactions_.slots_used(); ++slot) {
    const Transaction* transaction = transactions_.At(slot);
    if (transaction == nullptr || !transaction->waiting) continue;
    if (transaction->awaited == name ||
        (home && !transaction->awaited.valid())) {
      NoteLost(transactions_.HandleAt(slot));
    }
  }
}

// ---------------------------------------------------------------- peers

// Requests come from the configured peers and the home core alone. Source:
// Sallyport 1.3
bool Edge::Impl::IsKnownToCore(const IpAddress& address) const {
  return IsCorePeer(address) || hops_.Knows(address);
}

}  // namespace sallyport
