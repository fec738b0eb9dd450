// REGISTER on its way to the home network: in clear, and on TLS (spec 2, 4).
#include <algorithm>

#include "core/edge_impl.h"
#include "core/registration/impi.h"
#include "core/routing/clear_policy.h"
#include "core/sip/values.h"

namespace sallyport {
namespace {

using registration::AssociationState;
using registration::Credentials;
using registration::Integrity;
using registration::IntegrityDecision;
using registration::IntegrityInput;

constexpr size_t kUdpBytesMax = 1300;  // Source: RFC 3261 18.1.1

bool HasResponse(const Credentials& credentials) {
  return credentials.kind == Credentials::Kind::kDigest &&
         credentials.digest.response_non_empty;
}

CounterId CounterOf(Integrity value) {
  switch (value) {
    case Integrity::kNone:
      return CounterId::kIntegrityNone;
    case Integrity::kTlsPending:
      return CounterId::kIntegrityPending;
    case Integrity::kTlsYes:
      return CounterId::kIntegrityYes;
  }
  return CounterId::kIntegrityNone;
}

}  // namespace

// ---------------------------------------------------------------- in clear

void Edge::Impl::OnClearRequest(const Inbound& in, sip::ScanVerdict scan) {
  RegisterRequest r;
  const bool registers = message_.method() == sip::Method::kRegister;
  if (registers && !ReadRegister(in, scan, r)) return;
  const std::string_view impi = UnquoteImpi(r.username());
  const bool tls_first = !impi.empty() && slice_.HasActiveTlsFirst(impi);
  const routing::ClearDecision decision = routing::DecideClear(
      message_, r.credentials, r.agreement, registers ? &r.parts : nullptr,
      in.info->transport, tls_first, config_);
  switch (decision.outcome) {
    case routing::ClearDecision::Outcome::kDiscard:
      return Discard(decision.counter);
    case routing::ClearDecision::Outcome::kAnswer:
      return Answer(in, decision.refusal);
    case routing::ClearDecision::Outcome::kAccept:
      break;
  }
  if (!registers) return Discard(CounterId::kDiscardClear);
  if (const auto shard = WhoKnows(in, impi)) return HandOverClear(in, *shard);
  if (Absorb() || !DecideRegister(in, r) || !AdmitRegister(in)) return;
  BeginRegister(in, r);
}

// ---------------------------------------------------------------- on TLS

void Edge::Impl::OnProtectedRegister(const Inbound& in, sip::ScanVerdict scan) {
  RegisterRequest r;
  if (!ReadRegister(in, scan, r)) return;
  if (Absorb()) return;
  if (const routing::Refusal refusal = CheckAgreement(in, r))
    return Answer(in, refusal);
  if (!DecideRegister(in, r) || !AdmitRegister(in) || !ReserveFor(in, r)) return;
  NoteVerdict(in, r);
  BeginRegister(in, r);
}

bool Edge::Impl::ReadRegister(const Inbound& in, sip::ScanVerdict scan,
                              RegisterRequest& r) {
  if (!ReadSyntax(in, scan) || !ReadFields(in, r) || !KeepsRules(in)) {
    return false;
  }
  if (const routing::Refusal wrong = CheckDomain()) {
    RefuseRequest(in, wrong);
    return false;
  }
  r.agreement = registration::ReadAgreement(message_);
  return true;
}

// The fields of a REGISTER that we use: what cannot be read is said before any
// rule of the proxy is (spec 6.2 rule 1).
bool Edge::Impl::ReadFields(const Inbound& in, RegisterRequest& r) {
  const routing::Refusal wrong = routing::ValidateRegister(
      message_, parts_.request_uri, r.parts,
      config_.message_limits.register_contacts);
  if (wrong) {
    RefuseRequest(in, wrong);
    return false;
  }
  r.credentials = registration::SelectCredentials(message_, HomeRealm());
  if (r.credentials.kind == Credentials::Kind::kMalformed ||
      r.credentials.kind == Credentials::Kind::kDuplicate) {
    return DecideRegister(in, r);  // D17
  }
  const routing::Refusal unreadable = routing::ValidateCredentials(
      message_, sip::HeaderId::kProxyAuthorization);
  if (unreadable) RefuseRequest(in, unreadable);
  return !unreadable;
}

// Source: TS 24.229 5.1.1.2.1, spec 3.1: a SIP URI of a home domain, no user
// part.
routing::Refusal Edge::Impl::CheckDomain() const {
  const sip::UriView& uri = parts_.request_uri;
  if (uri.scheme != sip::UriScheme::kSip &&
      uri.scheme != sip::UriScheme::kSips) {
    return routing::Refuse(416);
  }
  if (!uri.user.empty())
    return {400, "User Part In Request-URI Of REGISTER", {}};
  const auto& served = config_.home_domains;
  const bool known =
      served.empty() ||
      std::any_of(served.begin(), served.end(), [&](const std::string& domain) {
        return sip::EqualsIgnoreCase(domain, uri.host);
      });
  return known ? routing::Refusal{} : answers::kForbidden;
}

// Source: RFC 3329 2.3.1, spec 4.6
routing::Refusal Edge::Impl::CheckAgreement(const Inbound& in,
                                            const RegisterRequest& r) const {
  if (!config_.secagree_verify_strict) return {};
  if (r.agreement.verify) {
    return r.agreement.verify_equal ? routing::Refusal{} : routing::Refuse(494);
  }
  return r.agreement.required && HasResponse(r.credentials) &&
                 Challenged(in, r) != kNever
             ? routing::Refuse(494)
             : routing::Refusal{};
}

// When the UE got the challenge that this may answer.
Instant Edge::Impl::Challenged(const Inbound& in,
                               const RegisterRequest& r) const {
  return challenges_.Challenged(
      registration::ChallengeFingerprint(r.username(), parts_.call_id,
                                         parts_.from_tag, in.peer.address,
                                         loop_seed_),
      now_);
}

// The state at this moment, not at the time of parsing (SEC-23).
IntegrityInput Edge::Impl::StateFor(const Inbound& in,
                                    const RegisterRequest& r) {
  IntegrityInput state{.on_tls = in.protected_access()};
  if (!state.on_tls) return state;
  Flow& flow = *in.record;
  if (flow.association.valid() && !StillLive(flow.association))
    flow.association = {};
  const Bond bond = BondOf(flow);
  if (bond == Bond::kActive || bond == Bond::kRebinding) {
    state.bound = bond == Bond::kActive ? IntegrityInput::Bound::kActive
                                        : IntegrityInput::Bound::kRebinding;
    state.username_matches =
        registration::SameImpi(r.username(), slice_.impi(flow.association));
    // Source: spec 5.3: without digest an association never yields tls-yes.
    if (state.username_matches && !slice_.authenticated(flow.association)) {
      state.bound = IntegrityInput::Bound::kNone;
    }
  }
  // Only the table's rows of an answer without an association here ask for it.
  if (state.bound != IntegrityInput::Bound::kActive &&
      HasResponse(r.credentials)) {
    const Instant challenged = Challenged(in, r);
    state.session_after_challenge =
        challenged != kNever && flow.opened >= challenged;
  }
  return state;
}

bool Edge::Impl::DecideRegister(const Inbound& in, RegisterRequest& r) {
  r.decision =
      registration::DecideIntegrity(r.credentials, StateFor(in, r), config_);
  rules_.Add(r.decision.rule);
  switch (r.decision.outcome) {
    case IntegrityDecision::Outcome::kForward:
      break;
    case IntegrityDecision::Outcome::kDiscard:
      Discard(CounterId::kDiscardClearAnswer);
      return false;
    case IntegrityDecision::Outcome::kReject400:
      counters_.Add(CounterId::kIntegrityRejected);
      NoteVerdict(in, r);
      RefuseRequest(in, {400, "Bad Authorization", {}});
      return false;
    case IntegrityDecision::Outcome::kReject403:
      counters_.Add(CounterId::kIntegrityRejected);
      NoteVerdict(in, r);
      Answer(in, answers::kForbidden);
      return false;
  }
  counters_.Add(CounterOf(r.decision.value));
  if (r.decision.detach) in.record->association = {};  // D12
  return true;
}

// For the admin page: why the registrar was told what it was told.
void Edge::Impl::NoteVerdict(const Inbound& in, const RegisterRequest& r) {
  if (!in.protected_access() || !slice_.live(in.record->association)) return;
  Binding& binding = BindingOf(in.record->association);
  binding.rule = r.decision.rule;
  binding.integrity = r.decision.value;
  binding.decided = now_;
}

// So much may wait for the core at once; a quarter is left to UEs that are
// registered on their connection, to stay or to leave.
// Source: RFC 3261 21.5.4, Sallyport 6.8
bool Edge::Impl::AdmitRegister(const Inbound& in) {
  if (core_registers_ < config_.core_registers_max * 3 / 4) return true;
  const bool registered =
      in.protected_access() && BondOf(*in.record) == Bond::kActive;
  if (registered && core_registers_ < config_.core_registers_max) return true;
  TurnAway(in, CounterId::kCoreRegistersFull);
  return false;
}

// A slot from the first REGISTER on, so that the Path is the same for the whole
// life of the association (REG-04).
bool Edge::Impl::ReserveFor(const Inbound& in, const RegisterRequest& r) {
  Flow& flow = *in.record;
  // A resumed connection that does not prove whose it is gets a slot of its
  // own.
  const Bond bond = BondOf(flow);
  if (bond == Bond::kNone || (bond == Bond::kRebinding &&
                              r.decision.rule != registration::Rule::kD11)) {
    flow.association = {};
  }
  if (HasResponse(r.credentials) && TooManyDevices(r, flow.association)) {
    Answer(in, Unavailable());
    return false;
  }
  if (flow.association.valid()) return true;
  flow.association = slice_.Reserve(flow.id, flow.info);
  if (flow.association.valid()) return true;
  counters_.Add(CounterId::kAssociationTableFull);
  Answer(in, Unavailable());
  return false;
}

std::string_view Edge::Impl::UnquoteImpi(std::string_view username) {
  return registration::Unquoted(username, impi_);
}

// ---------------------------------------------------------------- forwarding

void Edge::Impl::BeginRegister(const Inbound& in, const RegisterRequest& r) {
  const SlotHandle handle = BeginTransaction(in, Transaction::Kind::kRegister, true);
  if (!handle.valid()) return;
  Transaction& transaction = *transactions_.Find(handle);
  const std::string_view text = message_.bytes();
  const bool on_tls = in.protected_access();
  const registration::AgreementView& agreement = r.agreement;
  transaction.registration = {
      .association = on_tls ? in.record->association : AssociationId{},
      .integrity = r.decision.value,
      .had_response = HasResponse(r.credentials),
      .agreement_client = agreement.offers_tls,
      .secagree =
          agreement.offers_tls || agreement.verify || agreement.required,
      .contacts = static_cast<uint32_t>(r.parts.contacts),
      .star = r.parts.star,
      .reg_id = r.parts.reg_id,
      .expires_s = r.parts.expires_s,
      .username = routing::Part::Of(text, r.username()),
      .call_id = routing::Part::Of(text, parts_.call_id),
      .from_tag = routing::Part::Of(text, parts_.from_tag),
      .contact_uri = routing::Part::Of(text, r.parts.contact_uri),
      .instance = routing::Part::Of(text, r.parts.instance),
  };
  if (on_tls) ++BindingOf(in.record->association).registers;
  if (AskDesk(handle, transaction, r)) return;
  if (const routing::Refusal refusal =
          ForwardRegister(handle, transaction, r.credentials)) {
    AnswerLate(handle, refusal);
  }
}

routing::Refusal Edge::Impl::ForwardRegister(SlotHandle handle,
                                             Transaction& transaction,
                                             const Credentials& credentials) {
  const routing::HopChoice choice = hops_.ChooseHome(
      parts_.request_uri.host, transaction.tries, now_);
  if (choice.kind == routing::HopChoice::Kind::kWait) {
    Await(handle, transaction, choice);
    return {};
  }
  if (choice.kind != routing::HopChoice::Kind::kTarget) {
    return RefusalFor(choice);
  }
  sip::Transport sent_on = choice.transport;
  WriteRegister(handle, transaction, credentials, sent_on);
  if (sent_on == sip::Transport::kUdp &&
      outbox_.splices.gathered_size() > kUdpBytesMax) {
    sent_on = sip::Transport::kTcp;  // Source: RFC 3261 18.1.1, TS 24.229 4.2A
    WriteRegister(handle, transaction, credentials, sent_on);
  }
  if (Overflowed()) return answers::kServerError;
  GoTo(transaction, choice, sent_on);
  SendDownstream(handle, transaction, config_.timer_f_core);
  return {};
}

void Edge::Impl::WriteRegister(SlotHandle handle,
                               const Transaction& transaction,
                               const Credentials& credentials,
                               sip::Transport sent_on) {
  const routing::BranchText branch = BranchOf(handle, transaction);
  const routing::TokenText path =
      PathToken(transaction.registration.association);
  const routing::RegisterFacts facts{
      .hop = HopOf(transaction, branch.view(), sent_on, config_.tls_port),
      .path_user = path.view(),
      .integrity = transaction.registration.integrity,
      .credentials = {.row = credentials.field,
                      .unclaimed = credentials.digest.unclaimed},
      .icid = icid_++,
  };
  outbox_.scratch.Reset();
  outbox_.splices.Reset(message_.bytes());
  routing::RewriteRegister(message_, parts_, facts, own_, outbox_.scratch,
                           outbox_.splices);
  outbox_.splices.Seal();
}

// Source: RFC 3261 16.6, 16.7; TS 24.229 5.2.2.1 (504 when none is left)
void Edge::Impl::ContinueRegister(SlotHandle handle) {
  Transaction& transaction = *transactions_.Find(handle);
  // SEC-23: what was true when it came may be over.
  const AssociationId association = transaction.registration.association;
  if (association.valid() && !StillLive(association)) {
    transaction.registration.integrity = Integrity::kNone;
  }
  routing::Refusal refusal = answers::kServerTimeout;
  if (Reload(transaction)) {
    const Credentials credentials =
        registration::SelectCredentials(message_, HomeRealm());
    refusal = ForwardRegister(handle, transaction, credentials);
  }
  if (refusal) AnswerLate(handle, refusal);
}

// Whose realm counts among several credentials. The Request-URI says it only where
// the operator has said which domains it may name: else the UE would choose.
std::string_view Edge::Impl::HomeRealm() const {
  return config_.home_domains.empty() ? std::string_view()
                                      : parts_.request_uri.host;
}

}  // namespace sallyport
