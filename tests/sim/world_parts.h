// The parts of a World that its files share: connections, lines, shards, addresses.
#ifndef TESTS_SIM_WORLD_PARTS_H_
#define TESTS_SIM_WORLD_PARTS_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/endpoint.h"
#include "core/edge.h"
#include "core/testing/fakes.h"
#include "tests/sim/home.h"
#include "tests/sim/phone.h"
#include "tests/sim/world.h"

namespace sallyport::sim {

inline Endpoint CoreListen() { return *Endpoint::Parse("192.0.2.10:5060"); }

// Entry points are 192.0.2.20 and up; 192.0.2.30 serves.
inline Endpoint NodeAt(int node) {
  const int last = node == kServing ? 30 : 20 + node;
  return {.address = IpAddress::V4({192, 0, 2, static_cast<uint8_t>(last)}),
          .port = 5060};
}

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
  std::array<FlowId, kNodes> links;  // its own connections to the core
  FlowId inbound;   // the core's connection to it
  std::map<ShardId, Instant> told_until;  // when its last news arrive
};

}  // namespace sallyport::sim

#endif  // TESTS_SIM_WORLD_PARTS_H_
