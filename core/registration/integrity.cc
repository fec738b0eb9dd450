#include "core/registration/integrity.h"

#include "absl/base/optimization.h"
#include "core/registration/impi.h"
#include "core/sip/text.h"

namespace sallyport::registration {
namespace {

using Bound = IntegrityInput::Bound;
using Outcome = IntegrityDecision::Outcome;

// ---- which credentials count

enum class RealmKind : uint8_t { kHome, kOther, kUnknown };

RealmKind KindOfRealm(const sip::CredentialsView& digest,
                      std::string_view home_realm) {
  const UnquotedText realm(digest.realm);
  if (realm.view().empty()) return RealmKind::kUnknown;
  return sip::EqualsIgnoreCase(realm.view(), home_realm) ? RealmKind::kHome
                                                         : RealmKind::kOther;
}

// Credentials of the home realm, if there is exactly one such set and every
// other one names another realm.
Credentials OfHomeRealm(const sip::MessageView& request,
                        std::string_view home_realm) {
  Credentials home;
  for (const sip::HeaderField* field =
           request.Find(sip::HeaderId::kAuthorization);
       field != nullptr; field = request.Next(field)) {
    const sip::CredentialsView digest =
        sip::ParseCredentials(request.Value(*field));
    if (digest.verdict != sip::CredentialsView::Verdict::kDigest) continue;
    const RealmKind realm = KindOfRealm(digest, home_realm);
    if (realm == RealmKind::kOther) continue;
    if (realm == RealmKind::kUnknown || home.field != nullptr) {
      return {
          .kind = Credentials::Kind::kTwoSets, .field = field, .digest = {}};
    }
    home = {Credentials::Kind::kDigest, field, digest};
  }
  if (home.field == nullptr) home.kind = Credentials::Kind::kTwoSets;
  return home;
}

// ---- the table

IntegrityDecision Forward(Rule rule, Integrity value) {
  return {.rule = rule, .outcome = Outcome::kForward, .value = value};
}

IntegrityDecision Refuse(Rule rule, Outcome outcome) {
  return {.rule = rule, .outcome = outcome};
}

// D15: nobody can say whose credentials these are. An empty username names
// nobody either; it never matches.
bool IsNameless(const sip::CredentialsView& digest,
                const IntegrityInput& input) {
  if (!digest.has_username || digest.username_hidden) return true;
  return !input.username_matches &&
         UnquotedText(digest.username).view().empty();
}

// D16: a mechanism that is not ours.
bool IsAkaV2(const sip::CredentialsView& digest) {
  return sip::EqualsIgnoreCase(UnquotedText(digest.algorithm).view(),
                               "AKAv2-SHA-256");
}

// D1, D2. Source: TS 33.203 O.1.4
IntegrityDecision DecideInClear(const Credentials& credentials,
                                const EdgeConfig& config) {
  const bool answered = credentials.kind == Credentials::Kind::kDigest &&
                        credentials.digest.response_non_empty;
  if (!answered) return Forward(Rule::kD1, Integrity::kNone);
  return config.tls_required ? Refuse(Rule::kD2, Outcome::kDiscard)
                             : Forward(Rule::kD2, Integrity::kNone);
}

// D4 to D6: TLS without an association. Source: TS 33.203 O.2.2, O.2.3
IntegrityDecision DecideUnbound(const sip::CredentialsView& digest,
                                const IntegrityInput& input,
                                const EdgeConfig& config) {
  if (!digest.response_non_empty) return Forward(Rule::kD4, Integrity::kNone);
  if (!input.session_after_challenge) {
    return Forward(Rule::kD6, Integrity::kTlsPending);
  }
  const bool seed =
      config.integrity_profile == EdgeConfig::IntegrityProfile::kSeed;
  return Forward(Rule::kD5, seed ? Integrity::kTlsYes : Integrity::kTlsPending);
}

// D7, D8, D10. Source: TS 33.203 O.4.3
IntegrityDecision DecideActive(const sip::CredentialsView& digest,
                               const IntegrityInput& input) {
  if (!input.username_matches) return Refuse(Rule::kD10, Outcome::kReject403);
  return Forward(digest.response_non_empty ? Rule::kD8 : Rule::kD7,
                 Integrity::kTlsYes);
}

// D11, D12: the session is an association's, the connection not yet.
IntegrityDecision DecideRebinding(const sip::CredentialsView& digest,
                                  const IntegrityInput& input,
                                  const EdgeConfig& config) {
  if (input.username_matches) return Forward(Rule::kD11, Integrity::kTlsYes);
  IntegrityDecision decision = DecideUnbound(digest, input, config);
  decision.rule = Rule::kD12;
  decision.detach = true;
  return decision;
}

IntegrityDecision DecideDigestOnTls(const sip::CredentialsView& digest,
                                    const IntegrityInput& input,
                                    const EdgeConfig& config) {
  if (IsNameless(digest, input)) {
    return digest.response_non_empty ? Refuse(Rule::kD15, Outcome::kReject400)
                                     : Forward(Rule::kD15, Integrity::kNone);
  }
  if (IsAkaV2(digest)) return Refuse(Rule::kD16, Outcome::kReject403);
  switch (input.bound) {
    case Bound::kNone:
      return DecideUnbound(digest, input, config);
    case Bound::kActive:
      return DecideActive(digest, input);
    case Bound::kRebinding:
      return DecideRebinding(digest, input, config);
  }
  ABSL_UNREACHABLE();
}

}  // namespace

std::string_view ToString(Integrity value) {
  switch (value) {
    case Integrity::kNone:
      return "";
    case Integrity::kTlsPending:
      return "tls-pending";
    case Integrity::kTlsYes:
      return "tls-yes";
  }
  ABSL_UNREACHABLE();
}

std::string_view ToString(Rule rule) {
  switch (rule) {
    case Rule::kD1:
      return "D1";
    case Rule::kD2:
      return "D2";
    case Rule::kD3:
      return "D3";
    case Rule::kD4:
      return "D4";
    case Rule::kD5:
      return "D5";
    case Rule::kD6:
      return "D6";
    case Rule::kD7:
      return "D7";
    case Rule::kD8:
      return "D8";
    case Rule::kD9:
      return "D9";
    case Rule::kD10:
      return "D10";
    case Rule::kD11:
      return "D11";
    case Rule::kD12:
      return "D12";
    case Rule::kD13:
      return "D13";
    case Rule::kD14:
      return "D14";
    case Rule::kD15:
      return "D15";
    case Rule::kD16:
      return "D16";
    case Rule::kD17:
      return "D17";
    case Rule::kD18:
      return "D18";
  }
  ABSL_UNREACHABLE();
}

// Source: RFC 3261 7.3.1, 20.7: each row is one set of credentials.
Credentials SelectCredentials(const sip::MessageView& request,
                              std::string_view home_realm) {
  Credentials first;
  Credentials other_scheme;
  int digests = 0;
  for (const sip::HeaderField* field =
           request.Find(sip::HeaderId::kAuthorization);
       field != nullptr; field = request.Next(field)) {
    const sip::CredentialsView parsed =
        sip::ParseCredentials(request.Value(*field));
    switch (parsed.verdict) {
      case sip::CredentialsView::Verdict::kMalformed:
        return {Credentials::Kind::kMalformed, field, parsed};
      case sip::CredentialsView::Verdict::kDuplicate:
        return {Credentials::Kind::kDuplicate, field, parsed};
      case sip::CredentialsView::Verdict::kOtherScheme:
        other_scheme = {Credentials::Kind::kOtherScheme, field, parsed};
        break;
      case sip::CredentialsView::Verdict::kDigest:
        if (++digests == 1) first = {Credentials::Kind::kDigest, field, parsed};
        break;
    }
  }
  if (digests > 1) return OfHomeRealm(request, home_realm);
  return digests == 1 ? first : other_scheme;
}

bool SameImpi(std::string_view username_param, std::string_view impi) {
  return EqualImpis(UnquotedText(username_param).view(), impi);
}

// The rows that end a matter come first: D17, D14, D15, D13, D16, then the
// rest. D18 needs no row of its own: `input.bound` is read at this moment, so
// an association that has just expired is none.
IntegrityDecision DecideIntegrity(const Credentials& credentials,
                                  const IntegrityInput& input,
                                  const EdgeConfig& config) {
  switch (credentials.kind) {
    case Credentials::Kind::kMalformed:
    case Credentials::Kind::kDuplicate:
      return Refuse(Rule::kD17, Outcome::kReject400);
    case Credentials::Kind::kTwoSets:
      return Refuse(Rule::kD14, Outcome::kReject400);
    case Credentials::Kind::kAbsent:
      if (!input.on_tls) return DecideInClear(credentials, config);
      return Forward(input.bound == Bound::kNone ? Rule::kD3 : Rule::kD9,
                     Integrity::kNone);
    case Credentials::Kind::kOtherScheme:
      if (!input.on_tls) return DecideInClear(credentials, config);
      return Forward(Rule::kD13, Integrity::kNone);
    case Credentials::Kind::kDigest:
      if (!input.on_tls) return DecideInClear(credentials, config);
      return DecideDigestOnTls(credentials.digest, input, config);
  }
  ABSL_UNREACHABLE();
}

}  // namespace sallyport::registration
