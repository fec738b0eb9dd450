// The life of associations: what a 200 grants, what time and closed connections
// take.
#include <algorithm>
#include <span>

#include "absl/log/check.h"
#include "core/edge_impl.h"
#include "core/granted_expiry.h"
#include "core/registration/impi.h"
#include "core/sip/values.h"

namespace sallyport {
namespace {

using registration::Applied;
using registration::AssociationState;

// Source: TS 24.229 5.4.1.2.1: the IMPI of one who gave none is the public
// identity without scheme, parameters and port.
std::string_view ImpiOf(std::string_view aor) {
  const size_t scheme = aor.find(':');
  if (scheme != std::string_view::npos) aor.remove_prefix(scheme + 1);
  aor = aor.substr(0, aor.find_first_of(";?"));
  const size_t host = aor.rfind('@');
  if (host == std::string_view::npos || aor.ends_with(']')) return aor;
  const size_t port = aor.rfind(':');
  return port != std::string_view::npos && port > host ? aor.substr(0, port)
                                                       : aor;
}

// All values of a list header, as many as fit.
std::span<const std::string_view> ReadList(const sip::MessageView& message,
                                           sip::HeaderId id,
                                           std::span<std::string_view> out) {
  size_t count = 0;
  for (sip::ListCursor c(message, id); count < out.size() && c.Next();) {
    if (!c.value().empty()) out[count++] = c.value();
  }
  return out.first(count);
}

}  // namespace

// Derived, never stored: the slice alone knows whose an association is.
Edge::Impl::Bond Edge::Impl::BondOf(const Flow& flow) const {
  if (!slice_.live(flow.association)) return Bond::kNone;
  const AssociationState state = slice_.state(flow.association);
  const bool ours = slice_.flow(flow.association) == flow.id;
  if (state == AssociationState::kReserved)
    return ours ? Bond::kReserved : Bond::kNone;
  return ours && state == AssociationState::kActive ? Bond::kActive
                                                    : Bond::kRebinding;
}

bool Edge::Impl::StillLive(AssociationId id) {
  if (!slice_.live(id)) return false;
  if (slice_.state(id) == AssociationState::kReserved) return true;
  if (slice_.set_count(id) == 0) {  // the network ended all of them
    RemoveEnded(id);
    return false;
  }
  if (!slice_.ExpireSets(id, now_)) return true;
  RemoveAssociation(id, CounterId::kAssociationsExpired);
  return false;
}

// ---------------------------------------------------------------- the 200

Applied Edge::Impl::ApplyGrant(Transaction& transaction) {
  const routing::RegisterMemory& memory = transaction.registration;
  if (!slice_.live(memory.association)) return Applied::kNothing;
  slice_.Prefetch(memory.association, 1);
  registration::Grant grant;
  if (!ReadGrant(transaction, grant) || !MayApply(memory, transaction, grant)) {
    return Applied::kNothing;
  }
  grant.identities =
      ReadList(message_, sip::HeaderId::kPAssociatedUri, granted_identities_);
  grant.service_routes =
      ReadList(message_, sip::HeaderId::kServiceRoute, granted_routes_);
  return ApplyTo(memory.association, grant, FlowToBind(transaction));
}

// False: the 200 says nothing about a registration of ours.
bool Edge::Impl::ReadGrant(const Transaction& transaction,
                           registration::Grant& grant) {
  const routing::RegisterMemory& memory = transaction.registration;
  const std::string_view request = transaction.request.view();
  if (memory.contacts == 0 && !memory.star) return false;  // it only asked
  const auto to = sip::ParseNameAddr(message_.Value(sip::HeaderId::kTo));
  if (!to) return false;
  const std::string_view username = memory.username.In(request);
  grant.impi = username.empty() ? ImpiOf(to->uri) : UnquoteImpi(username);
  grant.address_of_record = to->uri;
  grant.call_id = message_.Value(sip::HeaderId::kCallId);
  grant.cseq = response_.cseq->number;
  ReadContact(transaction, grant);
  grant.instance = memory.instance.In(request);
  grant.reg_id = memory.reg_id;
  grant.charging_functions =
      message_.Value(sip::HeaderId::kPChargingFunctionAddresses);
  grant.term_ioi = routing::ChargingParam(message_, "term-ioi");
  grant.secagree = memory.secagree;
  grant.had_response = memory.had_response;
  return true;
}

void Edge::Impl::ReadContact(const Transaction& transaction,
                             registration::Grant& grant) {
  const routing::RegisterMemory& memory = transaction.registration;
  const std::string_view request = transaction.request.view();
  grant.contact_uri = memory.contact_uri.In(request);
  if (memory.star) return;
  if (memory.contacts > 1) return ReadContacts(transaction, grant);
  grant.expires_s =
      GrantedExpiry(message_, {.uri = grant.contact_uri,
                               .instance = memory.instance.In(request),
                               .reg_id = memory.reg_id,
                               .expires_s = memory.expires_s});
}

// Source: spec 5.6: all are bound to this connection, so the longest counts.
// They may be of one instance: each is known by its URI. One that was taken
// back is no more a contact of this UE.
void Edge::Impl::ReadContacts(const Transaction& transaction,
                              registration::Grant& grant) {
  sip::MessageView sent;
  if (sent.Scan(transaction.request.view(), scan_policy_) !=
      sip::ScanVerdict::kOk) {
    return;
  }
  contacts_.clear();
  for (sip::ListCursor c(sent, sip::HeaderId::kContact); c.Next();) {
    const auto contact = sip::ParseNameAddr(c.value());
    if (!contact) continue;
    const uint32_t expires_s = GrantedExpiry(
        message_,
        {.uri = contact->uri, .expires_s = transaction.registration.expires_s});
    if (expires_s == 0) continue;
    grant.expires_s = std::max(grant.expires_s, expires_s);
    if (!contacts_.empty()) contacts_.push_back(' ');
    contacts_.append(contact->uri);
  }
  if (!contacts_.empty()) grant.contact_uri = contacts_;
}

// Source: TS 33.203 O.2.2, spec 5.3: digest was used, by the one whose it is. A
// connection belongs to one IMPI, whatever arrives in which order.
// Conformance: ASSOC-03
bool Edge::Impl::MayApply(const routing::RegisterMemory& memory,
                          const Transaction& transaction,
                          const registration::Grant& grant) const {
  const AssociationId id = memory.association;
  const std::string_view username =
      memory.username.In(transaction.request.view());
  if (slice_.state(id) == AssociationState::kReserved) {
    return !grant.impi.empty() &&
           (memory.had_response || config_.assoc_without_digest);
  }
  if (!username.empty())
    return registration::EqualImpis(grant.impi, slice_.impi(id));
  return grant.expires_s == 0 ||
         (config_.assoc_without_digest && grant.impi == slice_.impi(id));
}

// Null: the connection is gone, so the association waits for another
// (spec 2.2).
Flow* Edge::Impl::FlowToBind(const Transaction& transaction) {
  const AssociationId id = transaction.registration.association;
  const auto usable = [&](FlowId flow_id) -> Flow* {
    Flow* flow = flows_.Find(flow_id);
    return flow != nullptr && !flow->closing && flow->association == id
               ? flow
               : nullptr;
  };
  if (Flow* flow = usable(transaction.upstream.flow)) return flow;
  return slice_.state(id) == AssociationState::kActive ? usable(slice_.flow(id))
                                                       : nullptr;
}

Applied Edge::Impl::ApplyTo(AssociationId id, const registration::Grant& grant,
                            Flow* flow) {
  Flow* before = slice_.state(id) == AssociationState::kActive
                     ? flows_.Find(slice_.flow(id))
                     : nullptr;
  const Applied applied =
      flow != nullptr ? slice_.Apply(id, grant, flow->id, flow->info, now_)
                      : slice_.Apply(id, grant, FlowId{}, FlowInfo{}, now_);
  if (flow != nullptr && before != nullptr && before != flow &&
      slice_.flow(id) == flow->id) {
    // Source: spec 2.6: the association moved; the old connection is closed.
    before->association = {};
    CloseFlow(*before, CloseReason::kRebound);
  }
  if (flow != nullptr && BondOf(*flow) == Bond::kActive) CancelGuard(*flow);
  return applied;
}

void Edge::Impl::AfterGrant(Applied applied, Transaction& transaction) {
  const AssociationId id = transaction.registration.association;
  switch (applied) {
    case Applied::kCreated:
      counters_.Add(CounterId::kAssociationsCreated);
      BindingOf(id).asked = BindingOf(id).decided;
      if (!ReplaceSameDevice(id)) return;
      TellStanding(id, DeviceOf(id));
      if (!slice_.live(id)) return;  // it was one too many
      Watch(id);
      return ArmExpiry(id);
    case Applied::kRefreshed:
      counters_.Add(CounterId::kAssociationsRefreshed);
      return TellIfChanged(id);
    case Applied::kResumed:
      counters_.Add(CounterId::kAssociationsResumed);
      return TellIfChanged(id);
    case Applied::kRemovedSet:
      return TellIfChanged(id);
    case Applied::kRemovedAll:
      break;
    case Applied::kNothing:
    case Applied::kTooManyIdentities:
      return;
  }
  Flow* flow = flows_.Find(slice_.flow(id));
  RemoveAssociation(id, CounterId::kAssociationsDeregistered);
  if (flow != nullptr && !flow->closing) {
    ArmGuard(*flow, config_.deregistered_linger + config_.unregistered,
             CloseReason::kDeregistered);
  }
}

// ---------------------------------------------------------------- replacement

// Source: spec 5.6: one device has one association of an IMPI. That of the later
// REGISTER: a 200 may have been long on its way, to a connection that is gone.
bool Edge::Impl::ReplaceSameDevice(AssociationId id) {
  const DeviceView device = DeviceOf(id);
  const AssociationId old = slice_.FindSameDevice(
      id, device.impi, device.instance, device.reg_id, device.contact_uri);
  if (!old.valid()) return true;
  const bool revoke = slice_.tls_session(old) != slice_.tls_session(id);
  const bool later = BindingOf(old).asked <= BindingOf(id).asked;
  Replace(later ? old : id, revoke);
  return later;
}

void Edge::Impl::Replace(AssociationId old, bool revoke) {
  RemoveAndClose(old, CounterId::kAssociationsReplaced, revoke);
}

void Edge::Impl::RemoveAndClose(AssociationId id, CounterId why, bool revoke) {
  Flow* flow = flows_.Find(slice_.flow(id));
  RemoveAssociation(id, why, revoke);
  if (flow != nullptr && !flow->closing) {
    ArmGuard(*flow, config_.deregistered_linger, CloseReason::kReplaced);
  }
}

// ---------------------------------------------------------------- time and
// loss

void Edge::Impl::ArmExpiry(AssociationId id) {
  Binding& binding = BindingOf(id);
  const Instant deadline = std::min(slice_.expires(id), binding.tell_again);
  if (deadline == kNever) {
    timers_.Cancel(binding.expiry);
    binding.expiry = {};
    return;
  }
  binding.expiry =
      timers_.Rearm(binding.expiry, deadline,
                    {static_cast<uint32_t>(TimerKind::kAssociation), id});
}

void Edge::Impl::OnAssociationDue(AssociationId id) {
  if (!slice_.live(id)) return;
  BindingOf(id).expiry = {};
  if (!StillLive(id)) return;
  if (now_ >= BindingOf(id).tell_again) TellStanding(id);
  ArmExpiry(id);
}

// Its connection is gone: an association waits, a reservation has no more use
// (unless a REGISTER is under way, whose 200 may still come; spec 2.2).
void Edge::Impl::SuspendOrForget(AssociationId id) {
  if (slice_.state(id) == AssociationState::kReserved) {
    if (BindingOf(id).registers == 0) ForgetReservation(id);
    return;
  }
  slice_.Suspend(id, now_);
  counters_.Add(CounterId::kAssociationsSuspended);
  TellIfChanged(id);
}

void Edge::Impl::ForgetReservation(AssociationId id) {
  BindingOf(id) = {};
  slice_.Remove(id);
}

void Edge::Impl::RemoveAssociation(AssociationId id, CounterId why,
                                   bool revoke) {
  counters_.Add(why);
  const SlotHandle watch =
      config_.reg_event ? subscriptions_.FindByImpi(slice_.impi(id))
                        : SlotHandle{};
  TellGone(id);
  if (revoke) RevokeSession(slice_.tls_session(id));
  Flow* flow = flows_.Find(slice_.flow(id));
  if (flow != nullptr && flow->association == id) {
    flow->association = {};
    if (!flow->closing) {
      ArmGuard(*flow, config_.unregistered, CloseReason::kUnregisteredTimeout);
    }
  }
  timers_.Cancel(BindingOf(id).expiry);
  BindingOf(id) = {};
  slice_.Remove(id);
  if (watch.valid() &&
      slice_.CountOfImpi(subscriptions_.Find(watch)->impi) == 0) {
    Unwatch(watch);
  }
}

void Edge::Impl::RevokeSession(const TlsSessionId& session) {
  counters_.Add(CounterId::kTlsSessionsRevoked);
  outbox_.Revoke(session);
}

}  // namespace sallyport
