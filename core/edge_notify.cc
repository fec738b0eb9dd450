// NOTIFYs of the registrar, and what they do to associations (spec 2.5 e2).
#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/edge_impl.h"
#include "core/routing/own_request.h"
#include "core/sip/values.h"

namespace sallyport {
namespace {

using registration::AssociationSlice;
using registration::ContactEvent;
using registration::RegContact;
using registration::RegInfo;
using registration::RegInfoFault;
using registration::Registration;
using registration::RegSubscription;
using Phase = RegSubscription::Phase;

// Rounding and the way of a NOTIFY lower no time: else each would put the
// refresh off a little.
constexpr Millis kSlack{10'000};
constexpr std::string_view kReginfoType = "application/reginfo+xml";
constexpr routing::Refusal kBadEvent{489, "Bad Event", "Allow-Events: reg\r\n"};
constexpr routing::Refusal kBadType{415, "Unsupported Media Type",
                                    "Accept: application/reginfo+xml\r\n"};
constexpr routing::Refusal kBadState{400, "Bad Subscription-State", {}};
constexpr routing::Refusal kBadDocument{
    400, "Bad Registration Information", {}};

// What stands before the parameters of a value.
std::string_view FirstToken(std::string_view value) {
  return sip::TrimLws(value.substr(0, value.find(';')));
}

std::string_view ParamsOf(std::string_view value) {
  const size_t semicolon = value.find(';');
  return semicolon == value.npos ? std::string_view() : value.substr(semicolon);
}

std::string_view TagOf(const sip::NameAddrView& address) {
  return sip::FindParam(address.params, "tag").value;
}

// What a document says of one identity, as it concerns one association.
struct Fate {
  bool ended = false;
  bool by_ue = false;   // and the UE itself asked for it
  bool active = false;  // one of its contacts is there
  std::optional<uint32_t> shortened_s;
};

Fate FateOf(const AssociationSlice& slice, registration::AssociationId id,
            const Registration& registration) {
  Fate fate;
  bool ended = false;
  bool by_ue = true;
  for (const RegContact& contact : registration.contacts) {
    if (!slice.OwnsContact(id, contact.uri, contact.instance)) continue;
    if (!contact.active) {
      ended = true;
      by_ue &= contact.event == ContactEvent::kUnregistered;
      continue;
    }
    fate.active = true;
    if (contact.event == ContactEvent::kShortened && contact.expires_s) {
      fate.shortened_s =
          std::min(fate.shortened_s.value_or(UINT32_MAX), *contact.expires_s);
    }
  }
  fate.ended = registration.state == Registration::State::kTerminated ||
               (ended && !fate.active);
  fate.by_ue = ended && by_ue;
  return fate;
}

// Contacts that ended, of which the UE of none of these associations knows.
bool NamesForeign(const AssociationSlice& slice,
                  std::span<const registration::AssociationId> ids,
                  const RegInfo& info) {
  const auto foreign = [&](const RegContact& contact) {
    return !contact.active && std::ranges::none_of(ids, [&](auto id) {
      return slice.OwnsContact(id, contact.uri, contact.instance);
    });
  };
  return std::ranges::any_of(info.registrations, [&](const Registration& one) {
    return std::ranges::any_of(one.contacts, foreign);
  });
}

}  // namespace

// ---------------------------------------------------------------- receiving

// The Request-URI is our Contact: its token names shard and subscription.
void Edge::Impl::OnNotify(const Inbound& in) {
  const routing::TokenRead read =
      routing::ReadToken(mac_, parts_.request_uri.user);
  if (read.verdict == routing::TokenRead::Verdict::kForged) {
    counters_.Add(CounterId::kTokenForged);
  }
  if (read.verdict != routing::TokenRead::Verdict::kGenuine ||
      read.use != routing::TokenUse::kNotify) {
    return RefuseStray(in);
  }
  if (read.token.shard != config_.shard && !in.handed_over() &&
      read.token.shard < config_.shards) {
    return HandOver(in, read.token.shard);
  }
  const SlotHandle handle = read.token.association;
  RegSubscription* subscription =
      read.token.shard == config_.shard ? subscriptions_.Find(handle) : nullptr;
  if (subscription == nullptr || !InDialog(*subscription)) {
    return RefuseStray(in);
  }
  if (subscription->in_dialog() &&
      parts_.cseq.number <= subscription->remote_cseq) {
    return AnswerOldNotify(in, *subscription);
  }
  AcceptNotify(in, handle);
}

// Source: RFC 6665 4.1.3; spec 2.5, E36
void Edge::Impl::RefuseStray(const Inbound& in) {
  counters_.Add(CounterId::kNotifyStray);
  Answer(in, answers::kNoTransaction);
}

// A repeated one is answered as before and has no other effect; what was
// overtaken is out of order. Source: RFC 3261 12.2.2
void Edge::Impl::AnswerOldNotify(const Inbound& in,
                                 const RegSubscription& subscription) {
  if (parts_.cseq.number < subscription.remote_cseq) {
    return Answer(in, answers::kServerError);
  }
  counters_.Add(CounterId::kNotifyRepeated);
  Answer(in, answers::kOk);
}

// The first NOTIFY may be there before the 200: then it begins the dialog.
// Source: RFC 3261 12.2.2, RFC 6665 4.1.2.4
bool Edge::Impl::InDialog(const RegSubscription& subscription) const {
  return routing::IsOwnCallId(parts_.call_id, subscription.call_id, own_) &&
         routing::IsOwnTag(TagOf(parts_.to), subscription.local_tag) &&
         subscription.cseq > 0 &&
         (!subscription.in_dialog() ||
          TagOf(parts_.from) == subscription.remote_tag);
}

// The answer goes first, then comes the effect.
void Edge::Impl::AcceptNotify(const Inbound& in, SlotHandle handle) {
  RegSubscription& subscription = *subscriptions_.Find(handle);
  RegInfo info;
  const routing::Refusal wrong = ReadNotify(subscription, info);
  if (wrong) {
    counters_.Add(CounterId::kNotifyRefused);
    return Answer(in, wrong);
  }
  subscription.remote_cseq = parts_.cseq.number;
  Answer(in, answers::kOk);
  if (!message_.body().empty()) ApplyInfo(handle, info);
  ApplySubscriptionState(handle);
}

// Source: RFC 6665 4.1.3 (489, 400), RFC 3261 21.4.13 (415)
routing::Refusal Edge::Impl::ReadNotify(RegSubscription& subscription,
                                        RegInfo& info) {
  if (FirstToken(message_.Value(sip::HeaderId::kEvent)) != "reg") {
    return kBadEvent;
  }
  if (!sip::IsToken(
          FirstToken(message_.Value(sip::HeaderId::kSubscriptionState)))) {
    return kBadState;
  }
  if (!message_.body().empty()) {
    const std::string_view type =
        FirstToken(message_.Value(sip::HeaderId::kContentType));
    if (!sip::EqualsIgnoreCase(type, kReginfoType) ||
        message_.Has(sip::HeaderId::kContentEncoding)) {
      return kBadType;
    }
    if (registration::ReadRegInfo(message_.body(), info) !=
        RegInfoFault::kNone) {
      return kBadDocument;
    }
  }
  if (subscription.in_dialog()) {
    (void)TakeTarget(subscription);  // a target refresh, if it has one
    return {};
  }
  std::string routes;
  for (sip::ListCursor c(message_, sip::HeaderId::kRecordRoute); c.Next();) {
    absl::StrAppend(&routes, routes.empty() ? "" : ", ", c.value());
  }
  return BeginDialog(subscription, TagOf(parts_.from), routes)
             ? routing::Refusal{}
             : routing::Refusal{400, "Bad Dialog", {}};
}

// ---------------------------------------------------------------- effect

// Source: RFC 3680 6: versions grow; a partial one builds on the one before.
// One that does not is still true of what it names, and the rest is asked for
// again.
void Edge::Impl::ApplyInfo(SlotHandle handle, const RegInfo& info) {
  RegSubscription& subscription = *subscriptions_.Find(handle);
  if (subscription.version && info.version <= *subscription.version) {
    return counters_.Add(CounterId::kNotifyOldVersion);
  }
  const bool gap = !info.full && (!subscription.version ||
                                  info.version - *subscription.version > 1);
  subscription.version = info.version;
  counters_.Add(gap ? CounterId::kNotifyGap : CounterId::kNotifyApplied);
  const std::vector<AssociationId> ids = slice_.FindByImpi(
      subscription.impi, slice_.CountOfImpi(subscription.impi));
  if (NamesForeign(slice_, ids, info)) {
    counters_.Add(CounterId::kNotifyForeignContact);
  }
  for (const AssociationId id : ids) ApplyInfoTo(id, info);
  if (gap) AskAgain(handle);
}

// Source: TS 24.229 5.2.3, 5.2.5.2; spec 2.5
void Edge::Impl::ApplyInfoTo(AssociationId id, const RegInfo& info) {
  std::vector<std::string> wildcards;
  for (size_t i = 0; !info.full && i < slice_.wildcard_count(id); ++i) {
    wildcards.emplace_back(slice_.wildcard(id, i));
  }
  for (const Registration& registration : info.registrations) {
    const Fate fate = FateOf(slice_, id, registration);
    if (fate.ended || fate.active) {
      std::erase(wildcards, registration.wildcarded_identity);
    }
    if (fate.ended) {
      if (EndIdentity(id, registration.aor, fate.by_ue)) return;
      continue;
    }
    if (fate.shortened_s &&
        slice_.Shorten(id, registration.aor, *fate.shortened_s, now_)) {
      counters_.Add(CounterId::kExpiriesShortened);
    }
    if (fate.active && !registration.wildcarded_identity.empty()) {
      wildcards.push_back(registration.wildcarded_identity);
    }
  }
  const std::vector<std::string_view> patterns(wildcards.begin(),
                                               wildcards.end());
  (void)slice_.SetWildcards(id, patterns);
  ArmExpiry(id);
}

// True: it was the last one. What is left of the association goes in a step of
// its own, because many of a user's may end with one document.
bool Edge::Impl::EndIdentity(AssociationId id, std::string_view uri,
                             bool by_ue) {
  switch (slice_.EndIdentity(id, uri)) {
    case AssociationSlice::Ended::kNothing:
      return false;
    case AssociationSlice::Ended::kIdentity:
      counters_.Add(CounterId::kIdentitiesEnded);
      return false;
    case AssociationSlice::Ended::kLast:
      break;
  }
  counters_.Add(CounterId::kIdentitiesEnded);
  BindingOf(id).ended_by_ue = by_ue;
  ended_.push_back(id);
  return true;
}

// The connection stays a while, so that what the registrar tells the UE itself
// still passes. Source: TS 24.229 5.2.5.2; spec 2.5
void Edge::Impl::RemoveEnded(AssociationId id) {
  const bool by_ue = BindingOf(id).ended_by_ue;
  Flow* flow = flows_.Find(slice_.flow(id));
  RemoveAssociation(id, CounterId::kAssociationsEnded);
  if (flow == nullptr || flow->closing) return;
  ArmGuard(*flow,
           by_ue ? config_.deregistered_linger + config_.unregistered
                 : config_.deregistered_linger,
           CloseReason::kDeregistered);
}

// Source: RFC 6665 4.1.3, 4.2.1.2
void Edge::Impl::ApplySubscriptionState(SlotHandle handle) {
  RegSubscription& subscription = *subscriptions_.Find(handle);
  const std::string_view value =
      message_.Value(sip::HeaderId::kSubscriptionState);
  const std::string_view params = ParamsOf(value);
  if (sip::EqualsIgnoreCase(FirstToken(value), "terminated")) {
    return OnTerminated(handle, sip::FindParam(params, "reason").value,
                        sip::FindParam(params, "retry-after").value);
  }
  const auto left_s =
      sip::ParseDeltaSeconds(sip::FindParam(params, "expires").value);
  if (left_s && subscription.phase == Phase::kActive &&
      now_ + Seconds(*left_s) + kSlack < subscription.ends &&
      !subscription.request.valid()) {
    SetSubscriptionEnd(handle, Seconds(*left_s));
  }
}

void Edge::Impl::OnTerminated(SlotHandle handle, std::string_view reason,
                              std::string_view retry_after) {
  RegSubscription& subscription = *subscriptions_.Find(handle);
  counters_.Add(CounterId::kSubscriptionsTerminated);
  if (subscription.phase == Phase::kEnding) return Forget(handle);
  const auto is = [reason](std::string_view name) {
    return sip::EqualsIgnoreCase(reason, name);
  };
  if (is("rejected") || is("noresource") || is("invariant")) {
    Restart(handle, now_);
    CancelSubscribe(subscription);
    subscription.phase = Phase::kDone;
    return;
  }
  // At once, but not in a circle if each new one is ended as quickly.
  const bool now = (is("deactivated") || is("timeout")) &&
                   now_ - subscription.begun >= config_.reg_event_backoff_min;
  if (now) return Restart(handle, now_);
  ++subscription.failures;
  Restart(handle, now_ + std::max(BackOff(subscription.failures),
                                  RetryAfter(retry_after)));
}

}  // namespace sallyport
