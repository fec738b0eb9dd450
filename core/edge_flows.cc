// Flows come and go: their guards, and what their end means for the rest.
#include <algorithm>

#include "core/edge_impl.h"

namespace sallyport {
namespace {

// A hash seed that all shards of the node share, because they share the key.
uint64_t SharedSeed(const Mac& mac, std::string_view purpose) {
  uint64_t seed = 0;
  for (uint8_t octet : mac.Sign(purpose)) seed = seed << 8 ^ seed >> 56 ^ octet;
  return seed;
}

// Each shard is the desk of as many IMPIs, but not of exactly as many.
uint32_t DeskCapacity(const EdgeConfig& config) {
  return config.desk_associations_max != 0
             ? config.desk_associations_max
             : config.associations_max + config.associations_max / 8 + 1;
}

uint32_t TimersFor(const EdgeConfig& config) {
  const uint32_t subscriptions = config.reg_event ? config.associations_max : 0;
  return 2 * config.flows_max + config.associations_max + subscriptions +
         2 * config.transactions_max + config.core_names_max + 1;
}

}  // namespace

Edge::Impl::Impl(const EdgeConfig& config, Entropy& entropy, const Mac& mac,
                 Instant now)
    : config_(config),
      entropy_(entropy),
      mac_(mac),
      own_(config_),
      key_seed_(entropy.Next()),
      loop_seed_(SharedSeed(mac, "loop")),
      scan_policy_{.lone_lf = config.lenient,
                   .limits = &config_.message_limits},
      now_(now),
      datagram_rate_({.per_second = config.datagrams_per_source,
                      .prefix = config.source_prefix,
                      .seed = entropy.Next()}),
      flows_(config.flows_max, scan_policy_),
      slice_(config_, static_cast<uint32_t>(entropy.Next())),
      desk_(DeskCapacity(config), config.shard, 3 * config.news_interval),
      challenges_(config.challenge_contexts_max, config.challenged),
      transactions_(
          {.capacity = config.transactions_max,
           .message_bytes_max = config.retained_bytes_max,
           .first_generation = static_cast<uint32_t>(entropy.Next())}),
      subscriptions_(config.reg_event ? config.associations_max : 0,
                     static_cast<uint32_t>(key_seed_ >> 32)),
      hops_(config, entropy),
      home_timers_(hops_.home_names().size()),
      timers_(TimersFor(config), now),
      icid_(entropy.Next() << 32) {
  for (const routing::NameId name : hops_.home_names()) ArmHomeName(name);
  // Shards, and nodes, do not probe all at once.
  if (config_.core_probe_interval > Millis{0}) {
    ArmProbe(now + Millis(entropy.Next() %
                          static_cast<uint64_t>(
                              config_.core_probe_interval.count())));
  }
}

void Edge::Impl::Begin(Instant now) {
  now_ = now;
  outbox_.Reset();
}

void Edge::Impl::OnFlowOpened(FlowId id, const FlowInfo& info, Instant now) {
  Begin(now);
  Flow* flow = flows_.Open(id, info, now);
  if (flow == nullptr) return outbox_.Close(id, CloseReason::kTableFull);
  if (!flow->stream()) return;
  if (info.side == Side::kCore) {
    // A stranger is not heard (E35), and does not stay.
    if (!IsKnownToCore(info.peer.address)) {
      ArmGuard(*flow, config_.unregistered, CloseReason::kUnregisteredTimeout);
    }
    return;
  }
  // Conformance: TLS-13
  ArmGuard(*flow, config_.unregistered, CloseReason::kUnregisteredTimeout);
  if (!info.tls_resumed ||
      config_.resumption_policy != EdgeConfig::ResumptionPolicy::kRebind) {
    return;
  }
  // Source: TS 33.203 O.2.2, spec 2.6: a resumed connection belongs to the same
  // session; its first REGISTER may take the association over.
  const AssociationId known = slice_.FindByTlsSession(info.tls_session);
  if (!known.valid() ||
      slice_.state(known) == registration::AssociationState::kReserved) {
    return;
  }
  // Conformance: ASSOC-15
  if (config_.rebind_ip_change ||
      slice_.peer(known).address == info.peer.address) {
    flow->association = known;
  }
}

void Edge::Impl::Approach(FlowId id, unsigned step) {
  if (step == 0) return flows_.Prefetch(id);
  const Flow* flow = flows_.Find(id);
  if (flow != nullptr) slice_.Prefetch(flow->association, step - 1);
}

void Edge::Impl::OnFlowClosed(FlowId id, Instant now) {
  Begin(now);
  Flow* flow = flows_.Find(id);
  if (flow == nullptr) return;
  CancelGuard(*flow);
  timers_.Cancel(flow->message);
  const Bond bond = BondOf(*flow);
  const AssociationId association = flow->association;
  flows_.Close(*flow);
  if (bond == Bond::kActive || bond == Bond::kReserved)
    SuspendOrForget(association);
  // Source: RFC 3261 16.9, spec E28: who waits for this UE hears of it at once.
  for (;;) {
    const SlotHandle waiting = transactions_.DetachFirstOfFlow(id.handle.slot);
    if (!waiting.valid()) break;
    NoteLost(waiting);
  }
}

void Edge::Impl::ArmGuard(Flow& flow, Millis after, CloseReason reason) {
  timers_.Cancel(flow.guard);
  flow.guard = timers_.Arm(
      now_ + after,
      {static_cast<uint32_t>(TimerKind::kFlowGuard), flow.id.handle});
  flow.guard_reason = reason;
}

void Edge::Impl::CancelGuard(Flow& flow) {
  timers_.Cancel(flow.guard);
  flow.guard = {};
  flow.guard_reason = CloseReason::kUnregisteredTimeout;
}

void Edge::Impl::CloseFlow(Flow& flow, CloseReason reason) {
  if (flow.closing) return;
  flow.closing = true;
  CancelGuard(flow);
  timers_.Cancel(flow.message);
  flow.message = {};
  outbox_.Close(flow.id, reason);
}

bool Edge::Impl::IsCorePeer(const IpAddress& address) const {
  const auto has = [&](const auto& list, auto matches) {
    return std::any_of(list.begin(), list.end(), matches);
  };
  return has(config_.core_peers,
             [&](const Cidr& block) { return block.Contains(address); }) ||
         has(config_.home_core, [&](const CoreTarget& target) {
           return target.endpoint.address == address;
         }) ||
         hops_.IsEntryPoint(address);
}

}  // namespace sallyport
