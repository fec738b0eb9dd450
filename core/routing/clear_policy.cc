#include "core/routing/clear_policy.h"

namespace sallyport::routing {
namespace {

using registration::AgreementView;
using registration::Credentials;
using Outcome = ClearDecision::Outcome;

ClearDecision Accept() { return {.outcome = Outcome::kAccept, .refusal = {}}; }

ClearDecision Discard(CounterId counter) {
  return {.outcome = Outcome::kDiscard, .counter = counter, .refusal = {}};
}

ClearDecision Answer(int code) {
  return {.outcome = Outcome::kAnswer, .refusal = Refuse(code)};
}

// A discard, or in a lab's configuration a 403; never over UDP, whose source
// address proves nothing.
ClearDecision Turn(const sip::MessageView& request, CounterId counter,
                   sip::Transport transport, const EdgeConfig& config) {
  // Source: RFC 3261 17.1.1.3 (an ACK has no answer)
  const bool silent = request.method() == sip::Method::kAck ||
                      request.method() == sip::Method::kCancel;
  if (config.clear_action == EdgeConfig::ClearAction::kReject403 && !silent &&
      transport == sip::Transport::kTcp) {
    return Answer(403);
  }
  return Discard(counter);
}

// The credentials answer a challenge, or are of a kind that may: then the
// REGISTER is not an initial one. What cannot be parsed is the integrity
// decision's to refuse.
bool AnswersChallenge(const Credentials& credentials) {
  switch (credentials.kind) {
    case Credentials::Kind::kDigest:
      return credentials.digest.response_non_empty;
    case Credentials::Kind::kOtherScheme:
      return true;
    case Credentials::Kind::kAbsent:
    case Credentials::Kind::kTwoSets:
    case Credentials::Kind::kMalformed:
    case Credentials::Kind::kDuplicate:
      return false;
  }
  return true;
}

bool CannotBeRead(const Credentials& credentials) {
  return credentials.kind == Credentials::Kind::kMalformed ||
         credentials.kind == Credentials::Kind::kDuplicate ||
         credentials.kind == Credentials::Kind::kTwoSets;
}

bool Removes(const RegisterParts* parts) {
  return parts != nullptr &&
         (parts->removes || parts->deregisters || parts->expires_s == 0);
}

// Source: RFC 3329 2.3.1 (421 to a UE that does not speak of the agreement, 494
// to one that does), TS 33.203 7.3.2.1 (that there is an answer)
ClearDecision WithoutTlsOffer(const AgreementView& agreement,
                              const EdgeConfig& config) {
  if (config.clear_register_without_tls_offer ==
      EdgeConfig::ClearRegister::kForward) {
    return Accept();
  }
  return Answer(agreement.required || agreement.supported ? 494 : 421);
}

ClearDecision DecideRegister(const sip::MessageView& request,
                             const Credentials& credentials,
                             const AgreementView& agreement,
                             const RegisterParts* parts,
                             sip::Transport transport, bool impi_is_tls_first,
                             const EdgeConfig& config) {
  if (!config.tls_required) return Accept();
  // Spec 4.2 rule 4: a 400 on a stream, nothing on UDP.
  if (CannotBeRead(credentials)) {
    return transport == sip::Transport::kUdp
               ? Discard(CounterId::kDiscardMalformed)
               : Accept();
  }
  if (AnswersChallenge(credentials) || agreement.verify) {
    return Turn(request, CounterId::kDiscardClearAnswer, transport, config);
  }
  if (Removes(parts)) {
    return Turn(request, CounterId::kDiscardClearDeregister, transport, config);
  }
  // Source: TS 33.203 O.2.3 (TLS first: nothing but emergency outside TLS)
  if (impi_is_tls_first) {
    return Turn(request, CounterId::kDiscardClearAssociated, transport, config);
  }
  if (!agreement.offers_tls) return WithoutTlsOffer(agreement, config);
  return Accept();
}

}  // namespace

ClearDecision DecideClear(const sip::MessageView& request,
                          const Credentials& credentials,
                          const AgreementView& agreement,
                          const RegisterParts* register_parts,
                          sip::Transport transport, bool impi_is_tls_first,
                          const EdgeConfig& config) {
  if (!request.is_request()) return Discard(CounterId::kDiscardClearResponse);
  if (request.method() == sip::Method::kRegister) {
    return DecideRegister(request, credentials, agreement, register_parts,
                          transport, impi_is_tls_first, config);
  }
  const CounterId counter = request.method() == sip::Method::kAck
                                ? CounterId::kDiscardAck
                                : CounterId::kDiscardClear;
  return Turn(request, counter, transport, config);
}

}  // namespace sallyport::routing
