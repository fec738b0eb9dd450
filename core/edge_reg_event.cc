// Watching what the network does to registrations: our SUBSCRIBEs to the `reg`
// event, one subscription for each IMPI that has an association here (spec 2.5
// e2). What the NOTIFYs do is in edge_notify.cc.
#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/edge_impl.h"
#include "core/routing/own_request.h"
#include "core/sip/values.h"

namespace sallyport {
namespace {

using registration::RegSubscription;
using Phase = RegSubscription::Phase;

// The subscription outlives what the registrar granted by this.
constexpr uint32_t kMarginS = 600;
// Source: TS 24.229 5.2.3: refreshed when this is left, or half the time.
constexpr Millis kRefreshAhead{600'000};
constexpr uint32_t kEndsPutOff = 3;  // 14 s

std::string_view TagOf(std::string_view address) {
  const auto name = sip::ParseNameAddr(address);
  return name ? sip::FindParam(name->params, "tag").value : std::string_view();
}

// The registrar has no dialog with us any more, or never will.
// Source: RFC 6665 4.1.2.2, RFC 5057 5.1
bool EndsDialog(int code) {
  return code == 404 || code == 405 || code == 410 || code == 416 ||
         (code >= 480 && code <= 485) || code == 489 || code == 501 ||
         code == 604;
}

// The same SUBSCRIBE may do better soon.
bool MayPass(int code) {
  return code == 0 || code == 408 || code == 480 || code == 481 ||
         (code >= 500 && code < 600 && code != 501 && code != 505);
}

}  // namespace

// ---------------------------------------------------------------- whom

// Source: TS 24.229 5.2.3: the default public identity, as a SIP URI if the
// user has one.
std::string_view Edge::Impl::WatchedIdentity(AssociationId id) const {
  std::string_view first;
  for (size_t i = 0; i < slice_.identity_count(id); ++i) {
    const auto name = sip::ParseNameAddr(slice_.identity(id, i));
    const auto uri = name ? sip::ParseUri(name->uri) : std::nullopt;
    if (!uri) continue;
    if (uri->scheme == sip::UriScheme::kSip) return uri->whole;
    if (first.empty()) first = uri->whole;
  }
  return first;
}

// Nothing is sent before the 200 that made the association has left: a message
// of ours takes the room in which that one is written.
void Edge::Impl::Watch(AssociationId id) {
  const std::string_view impi = slice_.impi(id);
  if (!config_.reg_event || impi.empty()) return;
  SlotHandle handle = subscriptions_.FindByImpi(impi);
  if (handle.valid()) {
    RegSubscription& known = *subscriptions_.Find(handle);
    // DEREG-03: another device of the same user.
    if (known.phase == Phase::kWaiting || known.phase == Phase::kActive) return;
    known.failures = 0;
    return Restart(handle, now_);
  }
  const std::string_view watched = WatchedIdentity(id);
  if (watched.empty()) {
    return counters_.Add(CounterId::kSubscriptionUnwatchable);
  }
  handle = subscriptions_.Begin(impi);
  if (!handle.valid()) return counters_.Add(CounterId::kSubscriptionTableFull);
  subscriptions_.Find(handle)->watched = watched;
  Restart(handle, now_);
}

// The last association of the IMPI has gone.
void Edge::Impl::Unwatch(SlotHandle handle) {
  RegSubscription& subscription = *subscriptions_.Find(handle);
  const bool asking = subscription.request.valid();
  if (subscription.phase == Phase::kDone ||
      (!asking && !subscription.in_dialog())) {
    return Forget(handle);
  }
  subscription.phase = Phase::kEnding;
  subscription.asked_end = false;
  subscription.failures = 0;
  asking ? CancelSubscribe(subscription) : ArmSubscribe(handle, now_);
}

// A new dialog, begun at `when`. What comes from the old one is not ours.
void Edge::Impl::Restart(SlotHandle handle, Instant when) {
  RegSubscription& subscription = *subscriptions_.Find(handle);
  subscription.call_id = entropy_.Next();
  subscription.local_tag = entropy_.Next();
  subscription.remote_tag.clear();
  subscription.remote_target.clear();
  subscription.routes.clear();
  subscription.cseq = 0;
  subscription.remote_cseq = 0;
  subscription.version.reset();
  subscription.phase = Phase::kWaiting;
  subscription.again = false;
  subscription.ends = kNever;
  subscription.request = {};
  ArmSubscribe(handle, when);
}

void Edge::Impl::Forget(SlotHandle handle) {
  CancelSubscribe(*subscriptions_.Find(handle));
  subscriptions_.End(handle);
}

void Edge::Impl::ArmSubscribe(SlotHandle handle, Instant when) {
  RegSubscription& subscription = *subscriptions_.Find(handle);
  CancelSubscribe(subscription);
  subscription.timer = timers_.Arm(
      when, {static_cast<uint32_t>(TimerKind::kSubscription), handle});
}

void Edge::Impl::CancelSubscribe(RegSubscription& subscription) {
  timers_.Cancel(subscription.timer);
  subscription.timer = {};
}

// ---------------------------------------------------------------- SUBSCRIBE

void Edge::Impl::OnSubscriptionDue(SlotHandle handle) {
  RegSubscription* subscription = subscriptions_.Find(handle);
  if (subscription == nullptr) return;
  subscription->timer = {};
  switch (subscription->phase) {
    case Phase::kActive:
      if (now_ >= subscription->ends) Restart(handle, now_);
      break;
    case Phase::kEnding:
      subscription->asked_end = true;
      return Subscribe(handle, 0);
    case Phase::kWaiting:
      break;
    case Phase::kDone:
      return;
  }
  CancelSubscribe(*subscription);
  Subscribe(handle, ExpiryToAsk(*subscription));
}

// Source: TS 24.229 5.2.3: more than the registrar granted.
uint32_t Edge::Impl::ExpiryToAsk(const RegSubscription& subscription) const {
  uint32_t longest_s = 0;
  const uint32_t count = slice_.CountOfImpi(subscription.impi);
  for (const AssociationId id : slice_.FindByImpi(subscription.impi, count)) {
    longest_s = std::max(longest_s, slice_.expiry_s_max(id));
  }
  return std::min(longest_s, UINT32_MAX - kMarginS) + kMarginS;
}

// Source: TS 24.229 5.2.3; RFC 3680 4, RFC 6665 4.1.2
void Edge::Impl::Subscribe(SlotHandle handle, uint32_t expires_s) {
  RegSubscription& subscription = *subscriptions_.Find(handle);
  const routing::HopChoice to = SubscribeHop(subscription);
  if (to.ask) AskFor(to.name);
  if (to.kind == routing::HopChoice::Kind::kWait && PutOffEnd(subscription)) {
    return ArmSubscribe(handle, now_ + BackOff(subscription.failures));
  }
  const routing::TokenText token =
      routing::WriteToken(mac_, routing::TokenUse::kNotify,
                          {.shard = config_.shard, .association = handle});
  const std::string remote = absl::StrCat(
      "<", subscription.watched, ">", subscription.in_dialog() ? ";tag=" : "",
      subscription.remote_tag);
  const std::string extra = absl::StrCat(
      "Contact: <sip:", token.view(), own_.core_contact,
      ">\r\nEvent: reg\r\nAccept: application/reginfo+xml\r\nExpires: ",
      expires_s, "\r\n");
  if (subscription.cseq == 0) subscription.begun = now_;
  subscription.sent = now_;
  subscription.expires_s = expires_s;
  const routing::OwnRequest request{.method = "SUBSCRIBE",
                                    .uri = subscription.in_dialog()
                                               ? subscription.remote_target
                                               : subscription.watched,
                                    .to = remote,
                                    .from_tag = subscription.local_tag,
                                    .call_id = subscription.call_id,
                                    .cseq = ++subscription.cseq,
                                    .routes = subscription.routes,
                                    .icid = icid_++,
                                    .extra = extra};
  // Where a name is waited for, the next attempt finds it.
  if (to.kind == routing::HopChoice::Kind::kTarget) {
    subscription.request =
        SendOwnRequest(request, to, routing::OwnPurpose::kRegEvent, handle);
  }
  if (!subscription.request.valid()) OnSubscribeFailed(handle, kUnanswered);
}

// An end has nothing to come back for but the name that it waits for; that will
// not take for ever.
bool Edge::Impl::PutOffEnd(RegSubscription& subscription) {
  if (subscription.phase != Phase::kEnding) return false;
  return ++subscription.failures <= kEndsPutOff;
}

// In a dialog where its route leads; else to the home network's entry point,
// not along the user's Service-Route. Source: TS 24.229 5.2.3, RFC
// 3261 12.2.1.1
routing::HopChoice Edge::Impl::SubscribeHop(
    const RegSubscription& subscription) {
  if (subscription.in_dialog()) {
    sip::ListCursor routes(subscription.routes);
    const std::string target =
        absl::StrCat("<", subscription.remote_target, ">");
    const routing::HopChoice hop = ChooseRoute(
        routes.Next() ? routes.value() : std::string_view(target), {});
    if (hop.kind != routing::HopChoice::Kind::kNone) return hop;
  }
  const auto watched = sip::ParseUri(subscription.watched);
  return EntryPoint(watched ? watched->host : std::string_view(),
                    subscription.failures);
}

// ---------------------------------------------------------------- its answer

void Edge::Impl::OnSubscribeAnswered(SlotHandle handle, SlotHandle request,
                                     int code) {
  RegSubscription* subscription = subscriptions_.Find(handle);
  if (subscription == nullptr || subscription->request != request) return;
  subscription->request = {};
  const bool accepted = code / 100 == 2;
  if (subscription->phase == Phase::kEnding) {
    // The one before asked for more time: now the end is asked for.
    if (!subscription->asked_end && accepted && ReadDialog(*subscription)) {
      return ArmSubscribe(handle, now_);
    }
    if (accepted) counters_.Add(CounterId::kSubscriptionsEnded);
    return Forget(handle);
  }
  if (!accepted) return OnSubscribeFailed(handle, code);
  OnSubscribed(handle);
}

void Edge::Impl::OnSubscribed(SlotHandle handle) {
  RegSubscription& subscription = *subscriptions_.Find(handle);
  const auto given =
      sip::ParseDeltaSeconds(message_.Value(sip::HeaderId::kExpires));
  const uint32_t granted_s =
      std::min(given.value_or(subscription.expires_s), subscription.expires_s);
  if (granted_s == 0 || !ReadDialog(subscription)) {
    return OnSubscribeFailed(handle, message_.status_code());
  }
  counters_.Add(subscription.phase == Phase::kActive
                    ? CounterId::kSubscriptionsRefreshed
                    : CounterId::kSubscriptionsBegun);
  subscription.phase = Phase::kActive;
  subscription.failures = 0;
  SetSubscriptionEnd(handle, Seconds(granted_s));
  if (subscription.again) AskAgain(handle);
}

// Source: TS 24.229 5.2.3: half the time or the last 600 s, the smaller.
void Edge::Impl::SetSubscriptionEnd(SlotHandle handle, Millis left) {
  RegSubscription& subscription = *subscriptions_.Find(handle);
  subscription.ends = now_ + left;
  ArmSubscribe(handle, now_ + left - std::min(left / 2, kRefreshAhead));
}

// A state was missed: a refresh brings it whole (RFC 3680 6). Not in a circle,
// if each refresh only leads to another gap.
void Edge::Impl::AskAgain(SlotHandle handle) {
  RegSubscription& subscription = *subscriptions_.Find(handle);
  if (subscription.phase == Phase::kEnding) return;
  subscription.again = subscription.request.valid();
  if (subscription.again) return;
  ArmSubscribe(handle, std::max(now_, subscription.sent +
                                          config_.reg_event_backoff_min));
}

// From a 2xx to our SUBSCRIBE. False: no dialog can be made of it.
// Source: RFC 3261 12.1.2 (the route set is reversed)
bool Edge::Impl::ReadDialog(RegSubscription& subscription) {
  const std::string_view tag = TagOf(message_.Value(sip::HeaderId::kTo));
  if (!subscription.in_dialog()) {
    std::string routes;
    for (sip::ListCursor c(message_, sip::HeaderId::kRecordRoute); c.Next();) {
      routes = absl::StrCat(c.value(), routes.empty() ? "" : ", ", routes);
    }
    return BeginDialog(subscription, tag, routes);
  }
  // A NOTIFY came first, and began the dialog. Source: RFC 6665 4.1.2.4
  return tag == subscription.remote_tag && TakeTarget(subscription);
}

bool Edge::Impl::BeginDialog(RegSubscription& subscription,
                             std::string_view tag, std::string_view routes) {
  if (tag.empty() || tag.size() > registration::kDialogTagBytesMax ||
      routes.size() > registration::kDialogRoutesBytesMax ||
      !TakeTarget(subscription)) {
    return false;
  }
  subscription.remote_tag = tag;
  subscription.routes = routes;
  // Folds are spaces where the value is written again.
  for (char& c : subscription.routes) {
    if (c == '\r' || c == '\n') c = ' ';
  }
  return true;
}

// A target refresh: where the dialog is reached from now on.
bool Edge::Impl::TakeTarget(RegSubscription& subscription) {
  sip::ListCursor contacts(message_, sip::HeaderId::kContact);
  if (!contacts.Next()) return false;
  const auto contact = sip::ParseNameAddr(contacts.value());
  const auto uri = contact ? sip::ParseUri(contact->uri) : std::nullopt;
  if (!uri || uri->whole.size() > registration::kDialogTargetBytesMax) {
    return false;
  }
  subscription.remote_target = uri->whole;
  return true;
}

// ---------------------------------------------------------------- failure

void Edge::Impl::OnSubscribeFailed(SlotHandle handle, int code) {
  RegSubscription& subscription = *subscriptions_.Find(handle);
  counters_.Add(code == kUnanswered ? CounterId::kSubscribesUnanswered
                                    : CounterId::kSubscribesRefused);
  if (subscription.phase == Phase::kEnding) return Forget(handle);
  ++subscription.failures;
  Millis pause = MayPass(code) ? BackOff(subscription.failures)
                               : config_.reg_event_backoff_max;
  if (code != kUnanswered) {
    pause =
        std::max(pause, RetryAfter(message_.Value(sip::HeaderId::kRetryAfter)));
  }
  // Source: RFC 6665 4.1.2.2: till then the subscription stands.
  if (subscription.phase == Phase::kActive && !EndsDialog(code) &&
      now_ < subscription.ends) {
    subscription.again = false;
    return ArmSubscribe(handle, std::min(now_ + pause, subscription.ends));
  }
  Restart(handle, now_ + pause);
}

// Doubled with each failure in a row, and spread, so that those that failed
// together do not come back together.
Millis Edge::Impl::BackOff(uint32_t failures) {
  Millis pause = config_.reg_event_backoff_min;
  for (uint32_t i = 1; i < failures && pause < config_.reg_event_backoff_max;
       ++i) {
    pause *= 2;
  }
  pause = std::min(pause, config_.reg_event_backoff_max);
  return pause -
         Millis(entropy_.Next() % static_cast<uint64_t>(pause.count() / 4 + 1));
}

// `120 (busy);duration=60`: the number. Bounded as all pauses are.
Millis Edge::Impl::RetryAfter(std::string_view value) const {
  const size_t digits =
      std::min(value.find_first_not_of("0123456789"), value.size());
  const auto seconds = sip::ParseDeltaSeconds(value.substr(0, digits));
  if (!seconds) return Millis{0};
  return std::min<Millis>(Seconds(*seconds), config_.reg_event_backoff_max);
}

}  // namespace sallyport
