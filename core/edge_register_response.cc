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
  if (!SendRegisterResponse(transaction)) {
    if (code >= 200) AnswerLate(handle, answers::kServerError);
    return;
  }
  if (code < 200) return;
  if (code == 401) NoteChallenge(transaction);
  if (code == 403) NoteFailure(transaction);
  Complete(handle);
}

// False: it did not fit. A UE that is gone misses it; that is no failure.
bool Edge::Impl::SendRegisterResponse(Transaction& transaction) {
  const bool add_security_server = message_.status_code() == 401 &&
                                   transaction.registration.agreement_client;
  outbox_.scratch.Reset();
  outbox_.splices.Reset(message_.bytes());
  routing::RewriteRegisterResponse(message_, add_security_server,
                                   outbox_.scratch, outbox_.splices);
  ReplaceSole503();
  outbox_.splices.Seal();
  if (Overflowed()) return false;
  if (!MayLeave(transaction.upstream, message_.status_code())) return true;
  // Source: spec 6.1, REG-18: on the connection of the request or not at all.
  counters_.Add(SendUpstream(transaction, std::nullopt)
                    ? CounterId::kResponsesForwarded
                    : CounterId::kDiscardLateResponse);
  return true;
}

// The association stands before the 200 is handed to the transport, and falls
// after. Source: TS 33.203 O.2.2, TS 24.229 5.2.5.1
void Edge::Impl::RelayGrant(SlotHandle handle, Transaction& transaction) {
  const Applied applied = ApplyGrant(transaction);
  const bool sent = applied != Applied::kTooManyIdentities &&
                    SendRegisterResponse(transaction);
  AfterGrant(applied, transaction);
  sent ? Complete(handle) : AnswerLate(handle, answers::kServerError);
}

// Source: RFC 3329 2.3.1, spec 2.1 step 4, 5.9
void Edge::Impl::NoteChallenge(const Transaction& transaction) {
  const routing::RegisterMemory& memory = transaction.registration;
  if (memory.agreement_client) {
    challenges_.Remember(memory.challenge, now_);
    if (config_.integrity_profile == EdgeConfig::IntegrityProfile::kSeed) {
      outbox_.ShareChallenge(memory.challenge);
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
