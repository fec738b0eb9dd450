// The parts of a World that its files share: connections, lines, shards, addresses.
#ifndef TESTS_SIM_WORLD_PARTS_H_
#define TESTS_SIM_WORLD_PARTS_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/endpoint.h"
#include "core/edge.h"
#include "core/flow.h"
#include "core/sip/values.h"
#include "core/testing/fakes.h"
#include "tests/sim/nodes.h"
#include "tests/sim/phone.h"
#include "tests/sim/world.h"

namespace sallyport::sim {

inline Endpoint CoreListen() { return *Endpoint::Parse("192.0.2.10:5060"); }

// A connection as its shard sees it.
struct World::Flow {
  FlowId id;
  Line* line = nullptr;   // null: of the core
  bool open = false;
  bool closing = false;   // the Edge asked for its end
  FlowInfo info;
  uint64_t session = 0;   // the number of its TLS session
  int node = kServing;    // of the core
  std::string unconsumed;
  Instant busy_until{};   // pieces arrive in order
};

// A phone with its present connection.
struct World::Line {
  Line(int index, int phones, Chance& chance) : phone(index, phones, chance) {}
  Phone phone;
  FlowId flow;              // invalid: not connected
  uint64_t ticket_key = 0;  // 0: it has no ticket
  TlsSessionId session{};
  uint64_t session_number = 0;
  ShardId home = 0;
  uint64_t connection = 0;  // counts connections
};

struct World::Shard {
  Shard(const EdgeConfig& c, uint64_t seed, Instant now) : config(c) {
    Start(seed, now);
  }
  // As a new process: other chance, the same keys, an empty memory.
  void Start(uint64_t seed, Instant now) {
    edge.reset();
    entropy = FakeEntropy(seed);
    edge = std::make_unique<Edge>(config, entropy, mac, now);
  }

  const EdgeConfig config;
  FakeEntropy entropy;
  FakeMac mac{0x5a11};
  std::unique_ptr<Edge> edge;
  std::vector<std::unique_ptr<Flow>> flows;  // by slot
  std::vector<uint32_t> free_slots;
  uint32_t open = 0;  // of `flows`
  int unchecked = 0;  // steps since its tables were checked
  std::array<FlowId, kNodes> links;  // its own connections to the core
  FlowId inbound;   // the core's connection to it
  std::map<ShardId, Instant> told_until;  // when its last news arrive
};

// A HostQuestion that outlives its step.
struct World::Name {
  std::string host;
  uint16_t port = 0;
  std::optional<sip::Transport> transport;
};

// Sees what a NOTIFY does to the associations of its user, between its birth and
// Check(). Of anything else it sees nothing.
class World::Witness {
 public:
  Witness(const World& world, ShardId shard, std::string_view text);
  void Check() const;

 private:
  std::vector<Edge::AssociationInfo> Look() const;
  std::string Complaint() const;

  const World& world_;
  const ShardId shard_;
  bool none_ = false;  // it must do nothing
  std::string impi_;
  std::vector<Edge::AssociationInfo> before_;
};

template <typename Event>
void World::Step(ShardId index, Event&& event) {
  Shard& shard = *shards_[index];
  event(*shard.edge);
  ++report_.steps;
  Perform(shard);
  CheckShard(shard);
}

}  // namespace sallyport::sim

#endif  // TESTS_SIM_WORLD_PARTS_H_
