// What leaves: answers of our own, relayed responses, forwarded requests; and
// the transactions that remember them.
#include <algorithm>

#include "core/edge_impl.h"
#include "core/routing/fingerprint.h"
#include "core/routing/local_response.h"
#include "core/sip/values.h"

namespace sallyport {
namespace {

constexpr Millis kT1{500};         // Source: RFC 3261 17.1.1.1
constexpr Millis kTimerJ{32'000};  // 64*T1; Source: RFC 3261 17.2.2
constexpr uint16_t kSipPort = 5060;
// A UE that is not associated registers: a few at once are plenty.
constexpr uint32_t kUnassociatedInFlightMax = 8;
// Unprotected REGISTERs get one transaction in so many.
constexpr uint32_t kClearShare = 8;
// Who finds no room shall wait so long, and as long again at most.
constexpr uint32_t kRetryAfterS = 30;

std::optional<CounterId> CounterOf(int code) {
  switch (code) {
    case 400:
      return CounterId::kReject400;
    case 403:
      return CounterId::kReject403;
    case 405:
      return CounterId::kReject405;
    case 413:
      return CounterId::kReject413;
    case 414:
      return CounterId::kReject414;
    case 415:
      return CounterId::kReject415;
    case 416:
      return CounterId::kReject416;
    case 420:
      return CounterId::kReject420;
    case 421:
      return CounterId::kReject421;
    case 430:
      return CounterId::kReject430;
    case 480:
      return CounterId::kReject480;
    case 481:
      return CounterId::kReject481;
    case 482:
      return CounterId::kReject482;
    case 483:
      return CounterId::kReject483;
    case 489:
      return CounterId::kReject489;
    case 494:
      return CounterId::kReject494;
    case 500:
      return CounterId::kReject500;
    case 503:
      return CounterId::kReject503;
    case 504:
      return CounterId::kReject504;
    case 505:
      return CounterId::kReject505;
    case 513:
      return CounterId::kReject513;
    default:
      return std::nullopt;
  }
}

}  // namespace

// ---------------------------------------------------------------- answers

void Edge::Impl::Answer(const Inbound& in, const routing::Refusal& answer) {
  // Source: RFC 3261 17: nothing answers an ACK (ERR-08).
  if (message_.method() == sip::Method::kAck)
    return Discard(CounterId::kDiscardAck);
  const auto to = ToUpstream(UpstreamOf(in));
  if (!to) return Discard(CounterId::kDiscardLateResponse);
  outbox_.scratch.Reset();
  const std::string_view text = routing::WriteResponse(
      message_, in.peer, answer, ToTag(), outbox_.scratch);
  if (outbox_.scratch.overflowed()) {
    return Discard(CounterId::kDiscardMalformed);
  }
  if (!MayLeave(UpstreamOf(in), answer.code)) return;
  CountAnswer(answer.code);
  outbox_.Send(*to, text);
}

// Who sends from a forged address must not aim us at its owner: little goes to
// an unproven source, and not often.
// Source: Sallyport 9.4
bool Edge::Impl::MayLeave(const routing::Upstream& upstream, int code) {
  if (upstream.side != Side::kAccess ||
      upstream.transport != sip::Transport::kUdp) {
    return true;
  }
  const bool wanted = code >= 400 ? code < 500 : !config_.tls_required;
  if (wanted && datagram_rate_.Take(upstream.source.address, now_)) return true;
  Discard(CounterId::kDiscardDatagramAnswer);
  return false;
}

// The kept request may be a head whose body has gone: it is read, not judged again.
void Edge::Impl::AnswerLate(SlotHandle handle, const routing::Refusal& answer) {
  Transaction& transaction = *transactions_.Find(handle);
  if (transaction.request.valid() &&
      message_.Scan(transaction.request.view(), scan_policy_) ==
          sip::ScanVerdict::kOk) {
    outbox_.scratch.Reset();
    const std::string_view text =
        routing::WriteResponse(message_, transaction.upstream.source, answer,
                               ToTag(), outbox_.scratch);
    CountAnswer(answer.code);
    if (outbox_.scratch.overflowed()) {
      Discard(CounterId::kDiscardLateResponse);
    } else if (MayLeave(transaction.upstream, answer.code) &&
               !SendUpstream(transaction, text)) {
      Discard(CounterId::kDiscardLateResponse);
    }
  }
  Complete(handle);
}

void Edge::Impl::CountAnswer(int code) {
  counters_.Add(CounterId::kLocalResponses);
  if (const auto counter = CounterOf(code)) counters_.Add(*counter);
}

// Those who were refused together must not come back together.
// Source: RFC 3261 21.5.4, 20.33
routing::Refusal Edge::Impl::Unavailable() {
  const uint64_t more_s = entropy_.Next() % kRetryAfterS;
  return {503, "Service Unavailable", {},
          kRetryAfterS + static_cast<uint32_t>(more_s)};
}

// The same request gets the same tag, so that repeated answers are one answer.
// Source: RFC 3261 8.2.6.2
std::string_view Edge::Impl::ToTag() const {
  uint64_t tag = routing::Fingerprint(key_seed_ + 1)
                     .Add(message_.Value(sip::HeaderId::kVia))
                     .Add(message_.Value(sip::HeaderId::kCallId))
                     .Add(message_.Value(sip::HeaderId::kFrom))
                     .value();
  for (char& c : to_tag_) {
    c = "0123456789abcdef"[tag & 15];
    tag >>= 4;
  }
  return {to_tag_.data(), to_tag_.size()};
}

bool Edge::Impl::Overflowed() const {
  return outbox_.scratch.overflowed() || outbox_.splices.overflowed();
}

// Source: RFC 3261 18.2.2, RFC 3581 4, spec 6.1. A UE's maddr and address are
// never believed; its port is, because the datagram goes to its source anyway.
routing::Upstream Edge::Impl::UpstreamBy(const sip::ViaView* via,
                                         const Inbound& in) const {
  routing::Upstream upstream{.flow = in.flow,
                             .source = in.peer,
                             .reply = in.peer,
                             .transport = in.info->transport,
                             .side = in.info->side};
  if (in.protected_access() || via == nullptr) return upstream;
  if (via->rport.present && !in.stream()) return upstream;
  upstream.reply.port = via->port == 0 ? kSipPort : via->port;
  return upstream;
}

// What is answered need not have been read to its end, or with success.
routing::Upstream Edge::Impl::UpstreamOf(const Inbound& in) const {
  if (in.protected_access()) return UpstreamBy(nullptr, in);
  sip::ListCursor values(message_, sip::HeaderId::kVia);
  const auto via = values.Next() ? sip::ParseVia(values.value()) : std::nullopt;
  return UpstreamBy(via ? &*via : nullptr, in);
}

std::optional<Destination> Edge::Impl::ToUpstream(
    const routing::Upstream& upstream) {
  if (upstream.flow.shard != config_.shard) {
    return Destination::ToFlow(upstream.flow, upstream.reply);
  }
  const Flow* flow = flows_.Find(upstream.flow);
  if (flow != nullptr && !flow->closing) {
    return Destination::ToFlow(upstream.flow, upstream.reply);
  }
  // Source: RFC 3261 18.2.2. Never towards a UE (spec 6.1); nor over TLS, where
  // nothing says what the other end would have to prove.
  if (upstream.side != Side::kCore ||
      upstream.transport != sip::Transport::kTcp) {
    return std::nullopt;
  }
  return Destination::ToCore(upstream.reply, upstream.transport);
}

bool Edge::Impl::SendUpstream(Transaction& transaction,
                              std::optional<std::string_view> text) {
  const auto to = ToUpstream(transaction.upstream);
  if (!to) return false;
  if (transaction.upstream.transport != sip::Transport::kUdp) {
    text ? outbox_.Send(*to, *text) : outbox_.SendSplices(*to);
    return true;
  }
  routing::MessagePool& pool = transactions_.pool();
  pool.Release(transaction.answer);
  if (text) {
    transaction.answer = pool.Store(*text);
  } else if (transaction.answer = pool.Acquire(outbox_.splices.gathered_size());
             transaction.answer.valid()) {
    outbox_.splices.Gather(transaction.answer.data);
    text = transaction.answer.view();
  }
  text ? outbox_.Send(*to, *text) : outbox_.SendSplices(*to);
  return true;
}

// ---------------------------------------------------------------- transactions

// One UE, or all that nobody vouches for, must not use up what all need.
// Source: Sallyport 6.8
bool Edge::Impl::TooManyInFlight(const Inbound& in) {
  if (!in.access()) return false;
  if (!in.protected_access()) {
    return clear_transactions_ >= config_.transactions_max / kClearShare;
  }
  const uint32_t always =
      std::min(config_.transactions_per_flow_max, kUnassociatedInFlightMax);
  if (in.record->in_flight < always) return false;
  const uint32_t most = BondOf(*in.record) == Bond::kActive
                            ? config_.transactions_per_flow_max
                            : kUnassociatedInFlightMax;
  return in.record->in_flight >= most;
}

void Edge::Impl::CountInFlight(const routing::Upstream& upstream, int change) {
  if (upstream.side != Side::kAccess) return;
  if (upstream.transport != sip::Transport::kTls) {
    clear_transactions_ += static_cast<uint32_t>(change);
  }
  if (Flow* flow = flows_.Find(upstream.flow)) {
    flow->in_flight += static_cast<uint32_t>(change);
  }
}

// Where a UE's datagram comes from is not proven: it gets nothing.
void Edge::Impl::TurnAway(const Inbound& in, CounterId why) {
  counters_.Add(why);
  if (!in.access() || in.stream()) Answer(in, Unavailable());
}

SlotHandle Edge::Impl::BeginTransaction(const Inbound& in,
                                        Transaction::Kind kind, bool whole) {
  if (TooManyInFlight(in)) {
    TurnAway(in, CounterId::kTransactionTableFull);
    return {};
  }
  routing::PooledBytes request =
      transactions_.pool().Store(whole ? message_.bytes() : message_.head());
  const SlotHandle handle =
      request.valid() ? transactions_.Begin() : SlotHandle{};
  if (!handle.valid()) {
    transactions_.pool().Release(request);
    TurnAway(in, CounterId::kTransactionTableFull);
    return {};
  }
  Transaction& transaction = *transactions_.Find(handle);
  transaction.kind = kind;
  transaction.request = request;
  transaction.whole = whole;
  transaction.upstream = UpstreamBy(&parts_.via, in);
  transaction.loop_hash = loop_hash_;
  transaction.key = key_.branch;
  transaction.method_hash = key_.method;
  transactions_.Index(handle);
  core_registers_ += transaction.awaits_registrar();
  CountInFlight(transaction.upstream, 1);
  return handle;
}

void Edge::Impl::EndClientSide(Transaction& transaction) {
  timers_.Cancel(transaction.retransmit_timer);
  timers_.Cancel(transaction.end_timer);
  StopWaiting(transaction);
  core_registers_ -= transaction.awaits_registrar();
}

void Edge::Impl::Complete(SlotHandle handle) {
  Transaction& transaction = *transactions_.Find(handle);
  // Timer J is zero where nothing is repeated. Source: RFC 3261 17.2.2
  if (!transaction.answer.valid()) return EndTransaction(handle);
  EndClientSide(transaction);
  transaction.phase = Transaction::Phase::kCompleted;
  transactions_.pool().Release(transaction.sent);
  transactions_.pool().Release(transaction.request);
  transaction.end_timer =
      timers_.Arm(now_ + kTimerJ,
                  {static_cast<uint32_t>(TimerKind::kTransactionEnd), handle});
}

void Edge::Impl::EndTransaction(SlotHandle handle) {
  Transaction& transaction = *transactions_.Find(handle);
  EndClientSide(transaction);
  const AssociationId association = transaction.registration.association;
  CountInFlight(transaction.upstream, -1);
  transactions_.End(handle);
  if (!slice_.live(association)) return;
  --BindingOf(association).registers;
  // The UE left while it registered, and nothing came of it.
  if (slice_.state(association) == registration::AssociationState::kReserved &&
      flows_.Find(slice_.flow(association)) == nullptr) {
    SuspendOrForget(association);
  }
}

bool Edge::Impl::Reload(Transaction& transaction) {
  if (!transaction.request.valid()) return false;
  parts_ = {};
  const sip::ScanVerdict scan =
      message_.Scan(transaction.request.view(), scan_policy_);
  return !routing::Validate(message_, scan, parts_, refusal_text_,
                            config_.message_limits);
}

// The key is the same for as long as an association lives, and so is its name.
routing::TokenCode Edge::Impl::PathCode(AssociationId id) {
  const routing::FlowToken token{.shard = config_.shard, .association = id};
  const auto sign = [&] {
    return routing::SignToken(mac_, routing::TokenUse::kPath, token);
  };
  if (!slice_.live(id)) return sign();
  Binding& binding = BindingOf(id);
  if (!binding.path_signed) {
    binding.path_code = sign();
    binding.path_signed = true;
  }
  return binding.path_code;
}

routing::TokenText Edge::Impl::PathToken(AssociationId id) {
  return routing::WriteToken(routing::TokenUse::kPath,
                             {.shard = config_.shard, .association = id},
                             PathCode(id));
}

routing::TokenRead Edge::Impl::ReadToken(std::string_view user) {
  const std::optional<routing::TokenClaim> claim = routing::ParseToken(user);
  if (!claim) return {};
  const bool may_be_kept = claim->use == routing::TokenUse::kPath &&
                           claim->token.shard == config_.shard;
  return routing::JudgeToken(
      *claim, may_be_kept ? PathCode(claim->token.association)
                          : routing::SignToken(mac_, claim->use, claim->token));
}

routing::TokenText Edge::Impl::RecordRouteToken(AssociationId id) const {
  if (!routing::WantsRecordRoute(message_)) return {};
  return routing::WriteToken(mac_, routing::TokenUse::kRecordRoute,
                             {.shard = config_.shard, .association = id});
}

routing::BranchText Edge::Impl::BranchOf(SlotHandle handle,
                                         const Transaction& transaction) const {
  return routing::WriteBranch({.shard = config_.shard,
                               .transaction = handle,
                               .attempt = transaction.attempt,
                               .loop_hash = transaction.loop_hash});
}

routing::Hop Edge::Impl::HopOf(const Transaction& transaction,
                               std::string_view branch, sip::Transport sent_on,
                               uint16_t protected_port) const {
  return {.peer = transaction.upstream.source,
          .received_on = transaction.upstream.transport,
          .sent_on = sent_on,
          .protected_port = protected_port,
          .branch = branch};
}

void Edge::Impl::SendDownstream(SlotHandle handle, Transaction& transaction,
                                Millis timer_f) {
  counters_.Add(transaction.kind == Transaction::Kind::kOwn
                    ? CounterId::kOwnRequests
                    : CounterId::kRequestsForwarded);
  outbox_.SendSplices(transaction.downstream);
  transaction.downstream.host = {};  // it was borrowed
  timers_.Cancel(transaction.end_timer);
  transaction.end_timer =
      timers_.Arm(now_ + timer_f,
                  {static_cast<uint32_t>(TimerKind::kTransactionEnd), handle});
  if (transaction.downstream.flow.valid() ||
      transaction.downstream.transport != sip::Transport::kUdp) {
    return;
  }
  // Source: RFC 3261 17.1.2.2, Timer E
  routing::MessagePool& pool = transactions_.pool();
  pool.Release(transaction.sent);
  transaction.sent = pool.Acquire(outbox_.splices.gathered_size());
  if (!transaction.sent.valid()) return;
  outbox_.splices.Gather(transaction.sent.data);
  transaction.retransmit = kT1;
  transaction.retransmit_timer = timers_.Arm(
      now_ + kT1, {static_cast<uint32_t>(TimerKind::kRetransmit), handle});
}

}  // namespace sallyport
