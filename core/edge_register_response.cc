// The registrar's answers to a REGISTER, and what they change (spec 2, 3.2, 5).
#include "core/edge_impl.h"

namespace sallyport {

using registration::Applied;
using registration::AssociationState;

void Edge::Impl::RelayRegister(SlotHandle handle, Transaction& transaction) {
  const int code = message_.status_code();
  if (code == 503 && CanRetry(transaction)) {
    return Retry(handle);  // Source: RFC 3261 21.5.4
  }
  if (code / 100 == 2) return RelayGrant(handle, transaction);
  const Delivery delivery = SendRegisterResponse(transaction);
  if (code < 200) return;
  if (delivery == Delivery::kTooLarge) {
    return AnswerLate(handle, answers::kServerError);
  }
  // A challenge that nobody got can be answered by nobody.
  if (code == 401 && delivery == Delivery::kSent) NoteChallenge(transaction);
  if (code == 403) NoteFailure(transaction);
  Complete(handle);
}

Edge::Impl::Delivery Edge::Impl::SendRegisterResponse(
    Transaction& transaction) {
  const bool add_security_server = message_.status_code() == 401 &&
                                   transaction.registration.agreement_client;
  outbox_.scratch.Reset();
  outbox_.splices.Reset(message_.bytes());
  routing::RewriteRegisterResponse(message_, add_security_server,
                                   outbox_.scratch, outbox_.splices);
  ReplaceSole503();
  outbox_.splices.Seal();
  if (Overflowed()) return Delivery::kTooLarge;
  if (!MayLeave(transaction.upstream, message_.status_code())) {
    return Delivery::kMissed;
  }
  // Source: spec 6.1, REG-18: on the connection of the request or not at all.
  const bool sent = SendUpstream(transaction, std::nullopt);
  counters_.Add(sent ? CounterId::kResponsesForwarded
                     : CounterId::kDiscardLateResponse);
  return sent ? Delivery::kSent : Delivery::kMissed;
}

// The association stands before the 200 is handed to the transport, and falls
// after. Source: TS 33.203 O.2.2, TS 24.229 5.2.5.1
void Edge::Impl::RelayGrant(SlotHandle handle, Transaction& transaction) {
  const Applied applied = ApplyGrant(transaction);
  const bool answered =
      applied != Applied::kTooManyIdentities &&
      SendRegisterResponse(transaction) != Delivery::kTooLarge;
  AfterGrant(applied, transaction);
  answered ? Complete(handle) : AnswerLate(handle, answers::kServerError);
}

// Source: RFC 3329 2.3.1, spec 2.1 step 4, 5.9
void Edge::Impl::NoteChallenge(const Transaction& transaction) {
  const routing::RegisterMemory& memory = transaction.registration;
  if (memory.agreement_client) {
    const std::string_view request = transaction.request.view();
    const uint64_t challenge = registration::ChallengeFingerprint(
        memory.username.In(request), memory.call_id.In(request),
        memory.from_tag.In(request), transaction.upstream.source.address,
        loop_seed_);
    challenges_.Remember(challenge, now_);
    if (config_.integrity_profile == EdgeConfig::IntegrityProfile::kSeed) {
      outbox_.ShareChallenge(challenge);
    }
  }
  Flow* flow = flows_.Find(transaction.upstream.flow);
  if (flow == nullptr || flow->closing || !flow->stream() ||
      flow->guard_reason == CloseReason::kReplaced ||
      BondOf(*flow) == Bond::kActive) {
    return;
  }
  ArmGuard(*flow, config_.challenged, CloseReason::kUnregisteredTimeout);
}

void Edge::Impl::OnChallengeShared(uint64_t challenge, Instant now) {
  Begin(now);
  challenges_.Remember(challenge, now);
}

// Source: TS 33.203 O.3.1.1 (E37): after a failed authentication neither
// connection nor session is of use. TS 24.229 5.4.1.2.3B: an association stays.
// Conformance: ASSOC-26
void Edge::Impl::NoteFailure(const Transaction& transaction) {
  const routing::RegisterMemory& memory = transaction.registration;
  if (!config_.close_on_auth_failure || !memory.had_response ||
      !slice_.live(memory.association) ||
      slice_.state(memory.association) != AssociationState::kReserved) {
    return;
  }
  RevokeSession(slice_.tls_session(memory.association));
  Flow* flow = flows_.Find(transaction.upstream.flow);
  if (flow != nullptr) CloseFlow(*flow, CloseReason::kAuthenticationFailed);
}

}  // namespace sallyport
