// A World is phones, shards and a home core on one thread, run from one seed: a
// network with delays, cuts, slow and lost connections, a core that hesitates, and
// clocks that jump. After every step it checks what must always hold.
#ifndef TESTS_SIM_WORLD_H_
#define TESTS_SIM_WORLD_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/edge.h"
#include "core/testing/fakes.h"
#include "tests/sim/chance.h"
#include "tests/sim/home.h"
#include "tests/sim/phone.h"
#include "tests/sim/schedule.h"

namespace sallyport::sim {

struct WorldOptions {
  uint64_t seed = 1;
  int shards = 3;
  int phones = 200;
  Millis duration{120'000};
  bool clock_jumps = true;
};

// What a run did; equal seeds give equal reports.
struct Report {
  uint64_t fingerprint = 0;  // of every message and its time
  uint64_t steps = 0;
  uint64_t registered = 0;
  uint64_t refreshed_without_challenge = 0;
  uint64_t resumed = 0;
  uint64_t connections_lost = 0;
  uint64_t messages_delivered = 0;
  uint64_t handed_over = 0;
  friend bool operator==(const Report&, const Report&) = default;
};

class World {
 public:
  explicit World(const WorldOptions& options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Runs to the end and to rest. Dies with the seed and the broken law.
  Report Run();

 private:
  struct Flow;
  struct Line;
  struct Shard;

  // ---- the network
  void Act(Line& line);
  void Obey(Line& line, const std::vector<PhoneCommand>& commands);
  void Connect(Line& line);
  void Lose(Line& line);
  void Obey(const std::vector<HomeMessage>& messages);
  void SendAlong(FlowId flow, const std::string& text, bool slow);
  void Arrive(FlowId flow, const std::string& piece);
  void EndFlow(FlowId flow);
  FlowId OpenFlow(ShardId shard, const FlowInfo& info, Line* line);
  void BreakLink(ShardId shard);

  // ---- the shards
  template <typename Event>
  void Step(ShardId shard, Event&& event);
  void Perform(Shard& shard);
  void SendToHome(Shard& shard, const std::string& text);
  void SendOnFlow(FlowId flow, const std::string& text);
  void RunTimers();
  Flow* Find(FlowId flow);

  // ---- the laws
  void CheckToPhone(Flow& flow, const std::string& text);
  void CheckToHome(const std::string& text);
  void CheckRegister(const std::string& text);
  void CheckShard(const Shard& shard);
  void CheckRest();

  void Note(const std::string& text);

  const WorldOptions options_;
  Chance chance_;
  Schedule schedule_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::unique_ptr<Line>> lines_;
  Home home_;
  std::set<TlsSessionId> revoked_;
  // By the number of a TLS session: the phone that got a 200 that granted time.
  std::map<uint64_t, int> granted_;
  uint64_t sessions_ = 0;
  bool ending_ = false;
  Report report_;
};

}  // namespace sallyport::sim

#endif  // TESTS_SIM_WORLD_H_
