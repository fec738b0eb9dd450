// A World is phones, shards and a home core on one thread, run from one seed: a
// network with delays, cuts, slow and lost connections, a core that hesitates and
// whose nodes fail, ticket keys that rotate, a proxy that starts anew, and clocks
// that jump.
//
// After every step (one event of one Edge) it checks:
//   - of the shard that took the step, every slot of every table: each in use by one
//     tenant or free, indices, lists and timers agree, as many flows as are open
//     (Edge::CheckInvariants; associations that are the same octet for octet as
//     when they were last checked are compared, not read again);
//   - of each text that left in this step, the laws (laws.h):
//     1. a request reaches a phone only over the connection of the TLS session on
//        which a 200 granted it a registration, and only the phone that it is for;
//     2. ... not after a 200 ended the last set there, nor after the device has
//        registered over another TLS session, on whichever shard (10 ms for the
//        news), nor after a restart, until there is a new 200;
//     3. a response reaches a phone only on the connection of its request;
//     4. the core is told `tls-yes` only of a TLS session with a 200, of the phone
//        whose it is, `tls-pending` only with a response, and never a phone's word;
//     5. an identity is asserted only for its own user, and only while its set
//        stands on that TLS session;
//     6. a REGISTER fails (500, 504) only after every entry point was offered it;
//   - of an IMPI that was just granted: no more associations than the bound on this
//     shard and, when the news of it has reached all shards, on all of them together
//     no more than the user has devices.
// At the end, when all have left and all times have run out: no association, no
// transaction and no phone's flow is left on any shard.
#ifndef TESTS_SIM_WORLD_H_
#define TESTS_SIM_WORLD_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/edge.h"
#include "core/testing/fakes.h"
#include "tests/sim/chance.h"
#include "tests/sim/home.h"
#include "tests/sim/laws.h"
#include "tests/sim/phone.h"
#include "tests/sim/schedule.h"

namespace sallyport::sim {

struct WorldOptions {
  uint64_t seed = 1;
  int shards = 3;
  int phones = 200;
  Millis duration{120'000};
  bool clock_jumps = true;
  bool trace = false;  // writes every text that leaves a shard to stdout
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
  uint64_t handovers_lost = 0;   // the mailbox was full
  uint64_t given_up = 0;         // connections of phones that read too slowly
  uint64_t failed_over = 0;      // REGISTERs that an entry point got second
  uint64_t restarts = 0;
  uint64_t devices_moved = 0;    // to another TLS session
  uint64_t sets_removed = 0;
  uint64_t second_sets = 0;
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
  bool MayResume(const Line& line) const;
  void Lose(Line& line);
  void Obey(const std::vector<HomeMessage>& messages);
  void SendAlong(FlowId flow, const std::string& text, bool slow);
  void Arrive(FlowId flow, const std::string& piece);
  void EndFlow(FlowId flow);
  FlowId OpenFlow(ShardId shard, const FlowInfo& info, Line* line);
  void OpenInbound();
  void BreakLink(ShardId shard, int node);

  // ---- what befalls them (troubles.cc)
  void PlanTroubles();
  void FailNode(int node, Health health);
  void Restart();

  // ---- the shards
  template <typename Event>
  void Step(ShardId shard, Event&& event);
  void Perform(Shard& shard);
  void HandOver(const Shard& from, const Action& action, const std::string& text);
  void Tell(Shard& from, ShardId to, const std::string& text);
  void SendToHome(Shard& shard, const Endpoint& to, const std::string& text);
  void DeliverToHome(ShardId shard, int node, const std::string& text);
  // Something between shards: it does not outlive the process.
  void Later(Millis delay, Schedule::Happening what);
  void SendOnFlow(FlowId flow, const std::string& text);
  void RunTimers();
  Flow* Find(FlowId flow);

  // ---- the laws
  void CheckToPhone(const Flow& flow, const std::string& text);
  void CheckShard(const Shard& shard);
  void CheckDevices(int user);
  void CheckRest();

  void Note(const Shard& shard, const std::string& text);

  const WorldOptions options_;
  Chance chance_;
  Schedule schedule_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::unique_ptr<Line>> lines_;
  Home home_;
  Laws laws_;
  const uint32_t devices_per_impi_;
  std::set<TlsSessionId> revoked_;
  uint64_t ticket_key_ = 1;
  uint64_t life_ = 0;  // of the proxy's process
  uint32_t news_ = 0;  // of devices, on their way between shards
  uint64_t sessions_ = 0;
  bool ending_ = false;
  Report report_;
};

}  // namespace sallyport::sim

#endif  // TESTS_SIM_WORLD_H_
