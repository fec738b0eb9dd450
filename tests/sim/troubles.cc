// What befalls a World: links and nodes of the core that fail, keys that
// rotate, a proxy that starts anew, clocks that jump.
#include "tests/sim/world_parts.h"

namespace sallyport::sim {
namespace {

constexpr int kPhonesAsUsual = 200;

}  // namespace

void World::PlanTroubles() {
  for (ShardId shard = 0; shard < shards_.size(); ++shard) {
    for (int node = 0; node < kNodes; ++node) {
      if (!chance_.OneIn(3)) continue;
      schedule_.In(chance_.Between(20'000, 100'000),
                   [this, shard, node] { BreakLink(shard, node); });
    }
  }
  for (int node = 0; node < kEntryPoints; ++node) {
    if (!chance_.OneIn(2)) continue;
    const auto health = static_cast<Health>(1 + chance_.Below(3));
    const Millis begin = chance_.Between(10'000, 90'000);
    schedule_.In(begin, [this, node, health] { FailNode(node, health); });
    schedule_.In(begin + chance_.Between(5'000, 40'000),
                 [this, node] { FailNode(node, Health::kUp); });
  }
  for (int i = 0; i < 3; ++i) {
    if (!chance_.OneIn(2)) continue;
    schedule_.In(chance_.Between(5'000, 110'000), [this] {
      ++ticket_key_;
      ++report_.keys_rotated;
    });
  }
  if (chance_.OneIn(3)) {
    schedule_.In(chance_.Between(30'000, 90'000), [this] { Restart(); });
  }
  if (chance_.OneIn(3) && options_.clock_jumps) {
    schedule_.In(chance_.Between(30'000, 90'000), [this] {
      schedule_.Jump(chance_.Between(1'000, 900'000));
      watches_.OnJumped(schedule_.now());
    });
  }
  PlanNames();
  Administer();
}

void World::PlanNames() {
  for (int i = 0; i < 3; ++i) {
    if (!chance_.OneIn(2)) continue;
    schedule_.In(chance_.Between(5'000, 110'000),
                 [this] { resolver_.Renumber(); });
  }
  for (int i = 0; i < 2; ++i) {
    if (!chance_.OneIn(2)) continue;
    const Millis begin = chance_.Between(0, 100'000);
    schedule_.In(begin, [this] {
      if (!ending_) resolver_.Fail();
    });
    schedule_.In(begin + chance_.Between(3'000, 40'000),
                 [this] { resolver_.Recover(); });
  }
}

// The home network does something to somebody, again and again: the more phones,
// the more often.
void World::Administer() {
  if (ending_) return;
  Obey(home_.Administer(schedule_.now()));
  schedule_.In(chance_.Between(300, 1'500) * kPhonesAsUsual / options_.phones,
               [this] { Administer(); });
}

void World::FailNode(int node, Health health) {
  home_.SetHealth(node, health);
  if (health != Health::kDead) return;
  for (const auto& shard : shards_) BreakLink(shard->config.shard, node);
}

// Another process with the same keys: tickets resume TLS, associations are
// gone, and so is what was revoked.
void World::Restart() {
  ++report_.restarts;
  ++life_;
  news_ = 0;
  laws_.OnRestarted();
  offers_.OnRestarted();
  watches_.OnRestarted();
  revoked_.clear();
  for (auto& shard : shards_) {
    for (auto& flow : shard->flows) {
      if (!flow->open) continue;
      flow->open = false;
      shard->free_slots.push_back(flow->id.handle.slot);
      if (flow->line == nullptr || flow->line->flow != flow->id) continue;
      flow->line->flow = {};
      flow->line->phone.OnDisconnected();
    }
    shard->open = 0;
    shard->links = {};
    shard->Start(chance_.Bits(), schedule_.now());
  }
  OpenInbound();
}

}  // namespace sallyport::sim
