// A World is phones, shards and a home core on one thread, run from one seed: a
// network with delays, cuts, slow and lost connections, a core that hesitates, whose
// nodes fail and that ends registrations by itself, a DNS that fails and changes,
// ticket keys that rotate, a proxy that starts anew, and clocks that jump.
//
// After every step (one event of one Edge) it checks:
//   - that the shard has as many flows as are open, and no more REGISTERs at the core
//     than its bound;
//   - of each text that left in this step, the laws (laws.h, offers.h, watches.h):
//     1. a request reaches a phone only over the connection of the TLS session on
//        which a 200 granted it a registration, and only the phone that it is for;
//     2. ... not after a 200 or an accepted NOTIFY ended the last set there, nor
//        after its time was over, by what was granted or shortened since, nor after
//        the device has registered over another TLS session, on whichever shard
//        (10 ms for the news), nor after a restart, until there is a new 200;
//     3. a response reaches a phone only on the connection of its request;
//     4. the core is told `tls-yes` only of a TLS session on which something is
//        registered, of the phone whose it is, `tls-pending` only with a response,
//        and never a phone's word;
//     5. an identity is asserted only for its own user, and only while it is
//        registered on that TLS session: until a 200 or an accepted NOTIFY ends it;
//     6. a REGISTER fails (500, 504) only after each entry point that its shard
//        knows was offered it; without one, only when DNS has said that there is
//        none or that it cannot say, or after the time to wait for it;
//   - of a NOTIFY that came in: it ends identities and lowers times, and adds and
//     raises nothing; an old, foreign or senseless one changes nothing, and a
//     senseless one is not accepted.
//
// After every few steps of a shard (WorldOptions::check_every), and at the end, it
// checks every slot of every table: each in use by one tenant or free, indices,
// lists, timers and counts agree; of REGISTERs, that as many are counted at the core
// as the table has without an answer, and not more than the bound, which is small in
// one world of four (Edge::CheckInvariants; what is the same octet for octet as when
// it was last checked is compared, not read again). What goes wrong in a table stays
// wrong, so a few steps later it is found as well; check_every=1 and the same
// seed then say in which step it began.
//
// Now and then it checks:
//   - of an IMPI that was just granted, when the news of it has reached all shards: on
//     all of them together no more associations than the bound, and than the user has
//     devices;
//   - of every user with an association on a shard: that shard's subscription to the
//     user's registration state is refreshed in time, or asked for again within
//     Timer F and the longest pause.
// At the end, when all have left and all times have run out: no association, no
// subscription, no transaction and no phone's flow is left on any shard.
#ifndef TESTS_SIM_WORLD_H_
#define TESTS_SIM_WORLD_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/counters.h"
#include "core/edge.h"
#include "core/edge_config.h"
#include "core/resolution.h"
#include "core/testing/fakes.h"
#include "tests/sim/chance.h"
#include "tests/sim/home.h"
#include "tests/sim/laws.h"
#include "tests/sim/offers.h"
#include "tests/sim/phone.h"
#include "tests/sim/resolver.h"
#include "tests/sim/schedule.h"
#include "tests/sim/watches.h"

namespace sallyport::sim {

struct WorldOptions {
  uint64_t seed = 1;
  int shards = 3;
  int phones = 200;
  Millis duration{120'000};
  bool clock_jumps = true;
  int check_every = 4;  // so many steps of a shard, its tables are checked
  bool trace = false;  // writes all that comes in and leaves to stdout
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
  uint64_t keys_rotated = 0;
  uint64_t subscribed = 0;       // dialogs that the home network began with us
  uint64_t news_accepted = 0;    // NOTIFYs
  uint64_t ended_by_network = 0; // identities, of a TLS session each
  uint64_t shortened = 0;        // likewise
  uint64_t names_asked = 0;
  uint64_t names_failed = 0;
  uint64_t failed_unoffered = 0; // REGISTERs, for want of DNS
  uint64_t turned_away = 0;      // REGISTERs too many, since the last restart
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
  struct Name;
  class Witness;

  // ---- the network
  void Act(Line& line);
  void Obey(Line& line, const std::vector<PhoneCommand>& commands);
  void Connect(Line& line);
  bool MayResume(const Line& line) const;
  void Lose(Line& line);
  void SendAlong(FlowId flow, const std::string& text, bool slow);
  void Arrive(FlowId flow, const std::string& piece);
  void EndFlow(FlowId flow);
  FlowId OpenFlow(ShardId shard, const FlowInfo& info, Line* line);
  void OpenInbound();
  void BeginEnd();
  void FillReport();

  // ---- between shards and home core (world_core.cc)
  void SendToHome(Shard& shard, const Endpoint& to, const std::string& text);
  void DeliverToHome(ShardId shard, int node, const std::string& text);
  void Obey(std::vector<HomeMessage> messages);
  void BreakLink(ShardId shard, int node);
  void Resolve(const Shard& shard, const HostQuestion& question);
  void DeliverAnswer(ShardId shard, const Name& name,
                     const Resolver::Answer& answer);

  // ---- what befalls them (troubles.cc)
  void PlanTroubles();
  void PlanNames();
  void Administer();
  void FailNode(int node, Health health);
  void Restart();

  // ---- the shards
  template <typename Event>
  void Step(ShardId shard, Event&& event);
  void Perform(Shard& shard);
  void HandOver(const Shard& from, const Action& action, const std::string& text);
  void Tell(Shard& from, ShardId to, const std::string& text);
  // Something between shards: it does not outlive the process.
  void Later(Millis delay, Schedule::Happening what);
  void SendOnFlow(FlowId flow, const std::string& text);
  void RunTimers();
  Flow* Find(FlowId flow);

  // ---- the laws (world_laws.cc)
  // `flow`: it came by this one; invalid: it was handed over.
  void Note(FlowId flow, bool from_home, std::string_view text);
  void NoteAnswer(const Shard& shard, const std::string& text);
  void CheckToPhone(const Flow& flow, const std::string& text);
  void CheckShard(Shard& shard);
  void CheckDevices(int user);
  void CheckWatches();
  void CheckRest();

  void Trace(ShardId shard, const char* what, std::string_view text) const;
  void Fingerprint(const Shard& shard, const std::string& text);

  const WorldOptions options_;
  Chance chance_;
  Schedule schedule_;
  Resolver resolver_;
  const EdgeConfig config_;  // of all shards, but for its number
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::unique_ptr<Line>> lines_;
  Home home_;
  Laws laws_;
  Offers offers_;
  Watches watches_;
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
