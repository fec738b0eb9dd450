// Looking in: totals, associations, and whether the tables agree with one
// another.
#include "absl/log/check.h"
#include "core/edge_impl.h"

namespace sallyport {

using registration::AssociationState;

Edge::Totals Edge::Impl::totals() const {
  const registration::AssociationSlice::Totals associations = slice_.totals();
  return {.flows = flows_.size(),
          .associations_active = associations.active,
          .associations_suspended = associations.suspended,
          .associations_reserved = associations.reserved,
          .transactions = transactions_.size(),
          .subscriptions = subscriptions_.size(),
          .timers = timers_.armed(),
          .core_registers = core_registers_};
}

std::vector<Edge::AssociationInfo> Edge::Impl::FindAssociations(
    std::string_view impi, size_t most) const {
  std::vector<AssociationInfo> found;
  if (!impi.empty()) {
    for (const AssociationId id : slice_.FindByImpi(impi, most)) {
      found.push_back(InfoOf(id));
    }
    return found;
  }
  for (uint32_t slot = 0; slot < slice_.slots_used() && found.size() < most;
       ++slot) {
    const AssociationId id = slice_.At(slot);
    if (id.valid()) found.push_back(InfoOf(id));
  }
  return found;
}

Edge::AssociationInfo Edge::Impl::InfoOf(AssociationId id) const {
  const Binding& binding = bindings_[id.slot];
  AssociationInfo info{.id = id,
                       .impi = slice_.impi(id),
                       .state = registration::ToString(slice_.state(id)),
                       .flow = {},
                       .peer = slice_.peer(id),
                       .expires = slice_.expires(id),
                       .identities = {},
                       .rule = binding.rule,
                       .integrity = registration::ToString(binding.integrity),
                       .decided = binding.decided};
  if (slice_.state(id) != AssociationState::kSuspended) {
    info.flow = slice_.flow(id);
  }
  for (size_t i = 0; i < slice_.identity_count(id); ++i) {
    info.identities.emplace_back(slice_.identity(id, i));
  }
  return info;
}

std::vector<Edge::NextHopInfo> Edge::Impl::NextHops() const {
  std::vector<NextHopInfo> all;
  const routing::HopTargets& targets = hops_.targets();
  for (uint32_t slot = 0; slot < targets.slots_used(); ++slot) {
    const routing::HopTarget* target = targets.At(slot);
    if (target == nullptr) continue;
    all.push_back({.endpoint = target->endpoint,
                   .transport = target->transport,
                   .host = target->host,
                   .entry = target->entries > 0,
                   .up = target->breaker.StateAt(now_) ==
                         routing::Breaker::State::kClosed});
  }
  return all;
}

void Edge::Impl::CheckInvariants() {
  slice_.CheckInvariants();
  transactions_.CheckInvariants();
  CheckAssociations();
  CheckTransactions();
  CheckSubscriptions();
  desk_.CheckInvariants();
  CHECK_LE(timers_.armed(), 2 * flows_.size() + slice_.totals().active +
                                slice_.totals().suspended +
                                subscriptions_.size() +
                                2 * transactions_.size() +
                                hops_.home_names().size() + 1);
  hops_.CheckInvariants();
}

void Edge::Impl::CheckAssociations() {
  for (uint32_t slot = 0; slot < slice_.slots_used(); ++slot) {
    const AssociationId id = slice_.At(slot);
    if (!id.valid()) continue;
    const Binding& binding = BindingOf(id);
    const Flow* flow = flows_.Find(slice_.flow(id));
    CHECK_EQ(binding.told_active,
             slice_.state(id) == AssociationState::kActive);
    CHECK(!binding.path_signed ||
          binding.path_code ==
              routing::SignToken(mac_, routing::TokenUse::kPath,
                                 {.shard = config_.shard, .association = id}));
    switch (slice_.state(id)) {
      case AssociationState::kReserved:
        // Somebody may still turn it into an association.
        CHECK(binding.registers > 0 ||
              (flow != nullptr && flow->association == id));
        CHECK(!binding.expiry.valid());
        break;
      case AssociationState::kActive:
        CHECK(flow != nullptr);
        CHECK(flow->association == id);
        CHECK(binding.expiry.valid());
        break;
      case AssociationState::kSuspended:
        CHECK(binding.expiry.valid());
        break;
    }
  }
}

void Edge::Impl::CheckTransactions() {
  std::vector<uint16_t> registers(slice_.slots_used());
  uint32_t waiting = 0;
  uint32_t core_registers = 0;
  for (uint32_t slot = 0; slot < transactions_.slots_used(); ++slot) {
    const Transaction* transaction = transactions_.At(slot);
    if (transaction == nullptr) continue;
    const bool own = transaction->kind == Transaction::Kind::kOwn;
    CHECK_NE(transaction->indexed, own);
    CHECK(own || transaction->request.valid() ||
          transaction->phase == Transaction::Phase::kCompleted);
    CHECK(transaction->end_timer.valid() || transaction->lost);
    waiting += transaction->waiting;
    core_registers += transaction->awaits_registrar();
    const AssociationId id = transaction->registration.association;
    if (slice_.live(id)) ++registers[id.slot];
    if (transaction->on_flow) {
      CHECK(flows_.Find(transaction->downstream.flow) != nullptr);
    }
  }
  CHECK_EQ(waiting, waiting_);
  CHECK_EQ(core_registers, core_registers_);
  CHECK_LE(core_registers, config_.core_registers_max);
  CHECK_LE(registers.size(), bindings_.size());
  for (uint32_t slot = 0; slot < registers.size(); ++slot) {
    CHECK_EQ(registers[slot], bindings_[slot].registers);
  }
}

// Each waits for something that will come, or is done.
void Edge::Impl::CheckSubscriptions() {
  using Phase = registration::RegSubscription::Phase;
  subscriptions_.CheckInvariants();
  for (uint32_t slot = 0; slot < subscriptions_.slots_used(); ++slot) {
    const registration::RegSubscription* subscription =
        subscriptions_.At(slot);
    if (subscription == nullptr) continue;
    const bool asking = transactions_.Find(subscription->request) != nullptr;
    const bool due = subscription->timer.valid();
    CHECK_EQ(asking || due, subscription->phase != Phase::kDone);
    CHECK_NE(IsAssociated(slot, subscription->impi),
             subscription->phase == Phase::kEnding);
  }
}

// The one that was found last is mostly still there.
bool Edge::Impl::IsAssociated(uint32_t slot, std::string_view impi) {
  if (watched_.size() <= slot) watched_.resize(slot + 1);
  AssociationId& known = watched_[slot];
  if (slice_.live(known) && slice_.state(known) != AssociationState::kReserved &&
      slice_.impi(known) == impi) {
    return true;
  }
  const std::vector<AssociationId> found = slice_.FindByImpi(impi, 1);
  known = found.empty() ? AssociationId{} : found.front();
  return known.valid();
}

}  // namespace sallyport
