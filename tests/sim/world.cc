// The network between phones, shards and core, and what the shards want done.
#include "tests/sim/world.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/sim/text.h"
#include "tests/sim/world_parts.h"

namespace sallyport::sim {
namespace {

const Endpoint kTlsListen = *Endpoint::Parse("198.51.100.10:5061");
constexpr int kClosedForGood = 40;  // simulated minutes to rest

// The same for all shards, but for `shard`.
EdgeConfig ConfigOf(const WorldOptions& options, uint32_t devices_per_impi,
                    const Resolver& resolver) {
  EdgeConfig config;
  config.shards = static_cast<uint16_t>(options.shards);
  config.domain = "pcscf1.ims.test";
  config.visited_network_id = "ims.test";
  config.ioi = "Type 1ims.test";
  config.access_network_info = "IEEE-802.11";
  config.core_listen = CoreListen();
  config.own_hosts = {"pcscf1.ims.test", "192.0.2.10"};
  resolver.Configure(config);
  config.core_peers = {*Cidr::Parse("192.0.2.0/24")};
  config.flows_max = 1024;
  config.associations_max = 1024;
  config.transactions_max = 4096;
  if (options.seed % 4 == 0) config.core_registers_max = 4;
  config.challenge_contexts_max = 64;
  config.associations_per_impi_max = devices_per_impi;
  config.reg_event_backoff_max = Millis{20'000};
  return config;
}

// Under its name where the entry points have names; in some runs, for only then
// two answers of DNS are needed.
std::string ServerOf(const Resolver& resolver, bool named) {
  return named && resolver.naming() != Resolver::Naming::kAddresses
             ? absl::StrCat(kServingName, ":5060;transport=tcp")
             : "192.0.2.30:5060;transport=tcp";
}

}  // namespace

World::World(const WorldOptions& options)
    : options_(options),
      chance_(options.seed),
      resolver_(chance_),
      config_(ConfigOf(options, chance_.OneIn(3) ? 2 : 5, resolver_)),
      home_(chance_, ServerOf(resolver_, chance_.OneIn(2))),
      laws_(options.seed, config_.registration_grace),
      offers_(options.seed, config_, resolver_.EntryNames()),
      watches_(options.seed, config_) {
  for (int i = 0; i < options.shards; ++i) {
    EdgeConfig config = config_;
    config.shard = static_cast<ShardId>(i);
    shards_.push_back(
        std::make_unique<Shard>(config, chance_.Bits(), schedule_.now()));
  }
  for (int i = 0; i < options.phones; ++i) {
    lines_.push_back(std::make_unique<Line>(i, options.phones, chance_));
  }
}

World::~World() = default;

void World::OpenInbound() {
  for (auto& shard : shards_) {
    shard->inbound = OpenFlow(shard->config.shard,
                              {.side = Side::kCore,
                               .transport = sip::Transport::kTcp,
                               .peer = {NodeAt(kServing).address, 41000},
                               .local = CoreListen()},
                              nullptr);
  }
}

Report World::Run() {
  OpenInbound();
  for (auto& line : lines_) {
    Line* it = line.get();
    schedule_.In(chance_.Between(0, 10'000), [this, it] { Act(*it); });
  }
  PlanTroubles();
  CheckWatches();
  const Instant end = schedule_.now() + options_.duration;
  const Instant rest = end + Seconds(kClosedForGood * 60);
  while (true) {
    Instant next = schedule_.next();
    for (const auto& shard : shards_) {
      next = std::min(next, shard->edge->NextDeadline());
    }
    if (next > rest) break;
    if (next >= end && !ending_) BeginEnd();
    if (next == schedule_.next()) {
      schedule_.Pop()();
    } else {
      schedule_.MoveTo(next);
    }
    RunTimers();
  }
  CheckRest();
  FillReport();
  return report_;
}

void World::BeginEnd() {
  ending_ = true;
  home_.BeGenerous();
  resolver_.Recover();
}

void World::FillReport() {
  for (const auto& line : lines_) {
    report_.registered += line->phone.registrations;
    report_.refreshed_without_challenge += line->phone.unchallenged;
    report_.resumed += line->phone.resumptions;
  }
  report_.messages_delivered = home_.delivered();
  report_.subscribed = home_.subscribed();
  report_.news_accepted = laws_.news_accepted();
  report_.ended_by_network = laws_.ended_by_network();
  report_.shortened = laws_.shortened();
  report_.failed_unoffered = offers_.failed_unoffered();
  for (const auto& shard : shards_) {
    report_.turned_away +=
        shard->edge->counters().Get(CounterId::kCoreRegistersFull);
  }
  report_.devices_moved = laws_.devices_moved();
  report_.sets_removed = laws_.sets_removed();
  report_.second_sets = laws_.second_sets();
}

// ---- phones

void World::Act(Line& line) {
  Obey(line, line.phone.Act(ending_));
  if (ending_ && !line.phone.connected()) return;
  schedule_.In(chance_.Between(1'000, 30'000), [this, &line] { Act(line); });
}

void World::Obey(Line& line, const std::vector<PhoneCommand>& commands) {
  for (const PhoneCommand& command : commands) {
    switch (command.kind) {
      case PhoneCommand::Kind::kConnect:
        Connect(line);
        break;
      case PhoneCommand::Kind::kLose:
        Lose(line);
        break;
      case PhoneCommand::Kind::kSend:
        if (line.flow.valid()) {
          SendAlong(line.flow, command.text, chance_.OneIn(40));
        }
        break;
    }
  }
}

// A ticket is good under the present key and the one before.
bool World::MayResume(const Line& line) const {
  return line.ticket_key != 0 && line.ticket_key + 1 >= ticket_key_ &&
         !revoked_.contains(line.session);
}

// With a ticket the network brings it home; without one, anywhere.
void World::Connect(Line& line) {
  CHECK(!line.flow.valid());
  const bool resume = !chance_.OneIn(4) && MayResume(line);
  if (!resume) {
    for (size_t i = 0; i < line.session.size(); i += 8) {
      const uint64_t bits = chance_.Bits();
      std::copy_n(reinterpret_cast<const uint8_t*>(&bits), 8,
                  line.session.begin() + static_cast<ptrdiff_t>(i));
    }
    line.session_number = ++sessions_;
    line.home = static_cast<ShardId>(chance_.Below(shards_.size()));
    laws_.OnSession(line.session_number, line.phone.index(), line.home);
  }
  line.ticket_key = ticket_key_;
  ++line.connection;
  const Endpoint peer{
      .address = IpAddress::V4({10, 0, static_cast<uint8_t>(line.phone.index() / 250),
                                static_cast<uint8_t>(line.phone.index() % 250 + 1)}),
      .port = static_cast<uint16_t>(1024 + line.connection % 60000)};
  line.flow = OpenFlow(line.home,
                       {.side = Side::kAccess,
                        .transport = sip::Transport::kTls,
                        .peer = peer,
                        .local = kTlsListen,
                        .tls_session = line.session,
                        .tls_resumed = resume},
                       &line);
  Obey(line, line.phone.OnConnected(line.session_number, resume));
}

// The phone knows at once, its shard a while later, or long after.
void World::Lose(Line& line) {
  const FlowId flow = line.flow;
  ++report_.connections_lost;
  line.flow = {};
  line.phone.OnDisconnected();
  schedule_.In(chance_.OneIn(5) ? chance_.Between(1'000, 20'000)
                                : chance_.Between(1, 50),
               [this, flow] { EndFlow(flow); });
}

// ---- flows

World::Flow* World::Find(FlowId id) {
  const auto& flows = shards_[id.shard]->flows;
  if (!id.valid() || id.handle.slot >= flows.size()) return nullptr;
  Flow* flow = flows[id.handle.slot].get();
  return flow->open && flow->id == id ? flow : nullptr;
}

FlowId World::OpenFlow(ShardId index, const FlowInfo& info, Line* line) {
  Shard& shard = *shards_[index];
  uint32_t slot = static_cast<uint32_t>(shard.flows.size());
  if (shard.free_slots.empty()) {
    shard.flows.push_back(std::make_unique<Flow>());
    shard.flows[slot]->id = {.shard = index, .handle = {slot, 0}};
  } else {
    slot = shard.free_slots.back();
    shard.free_slots.pop_back();
  }
  Flow& flow = *shard.flows[slot];
  const FlowId id{.shard = index,
                  .handle = {slot, flow.id.handle.generation + 1}};
  flow = Flow{};
  flow.id = id;
  flow.line = line;
  flow.open = true;
  ++shard.open;
  flow.info = info;
  flow.session = line == nullptr ? 0 : line->session_number;
  Step(index, [&](Edge& edge) { edge.OnFlowOpened(id, info, schedule_.now()); });
  return id;
}

void World::EndFlow(FlowId id) {
  Flow* flow = Find(id);
  if (flow == nullptr) return;
  flow->open = false;
  Shard& shard = *shards_[id.shard];
  --shard.open;
  shard.free_slots.push_back(id.handle.slot);
  if (flow->line != nullptr && flow->line->flow == id) {
    flow->line->flow = {};
    flow->line->phone.OnDisconnected();
  }
  const int node = flow->node;
  FlowId& link = shard.links[static_cast<size_t>(node)];
  const bool linked = link == id;
  if (linked) link = {};
  Step(id.shard, [&](Edge& edge) { edge.OnFlowClosed(id, schedule_.now()); });
  if (!linked) return;
  Step(id.shard, [&](Edge& edge) {
    edge.OnCorePeerLost(NodeAt(node), sip::Transport::kTcp, schedule_.now());
  });
}

// Cut anywhere; in order; sometimes slowly.
void World::SendAlong(FlowId id, const std::string& text, bool slow) {
  Flow* flow = Find(id);
  if (flow == nullptr) return;
  size_t at = 0;
  while (at < text.size()) {
    const size_t most = text.size() - at;
    const size_t size = chance_.OneIn(3) ? 1 + chance_.Below(most) : most;
    std::string piece = text.substr(at, size);
    at += size;
    const Millis delay = slow ? chance_.Between(100, 2000) : chance_.Between(1, 20);
    flow->busy_until = std::max(flow->busy_until, schedule_.now() + delay);
    schedule_.At(flow->busy_until, [this, id, piece = std::move(piece)] { Arrive(id, piece); });
  }
}

void World::Arrive(FlowId id, const std::string& piece) {
  Flow* flow = Find(id);
  if (flow == nullptr || flow->closing) return;
  flow->unconsumed += piece;
  while (flow->open && flow->id == id && !flow->closing &&
         !flow->unconsumed.empty()) {
    const std::string_view text = flow->unconsumed;
    const bool from_home = flow->line == nullptr;
    const Witness witness(*this, id.shard, from_home ? text : std::string_view());
    size_t taken = 0;
    Step(id.shard, [&](Edge& edge) {
      taken = edge.OnReceived(id, flow->info.peer, text, schedule_.now());
      if (taken > 0) Note(id, from_home, text.substr(0, taken));
    });
    CHECK_LE(taken, flow->unconsumed.size());
    if (taken == 0) break;
    witness.Check();
    flow->unconsumed.erase(0, taken);
  }
}

// ---- shards

void World::RunTimers() {
  for (auto& shard : shards_) {
    bool more = shard->edge->NextDeadline() <= schedule_.now();
    while (more) {
      Step(shard->config.shard,
           [&](Edge& edge) { more = edge.OnTimer(schedule_.now()); });
    }
  }
}

// Nothing here calls an Edge: what follows from an action comes later.
void World::Perform(Shard& shard) {
  for (const Action& action : shard.edge->actions()) {
    std::string text(action.text);
    if (action.message != nullptr) {
      text.resize(action.message->gathered_size());
      action.message->Gather(text.data());
    }
    switch (action.kind) {
      case Action::Kind::kSend:
        Fingerprint(shard, text);
        if (!action.to.flow.valid()) {
          SendToHome(shard, action.to.peer, text);
        } else if (action.to.flow.shard == shard.config.shard) {
          NoteAnswer(shard, text);
          SendOnFlow(action.to.flow, text);
        } else {
          NoteAnswer(shard, text);
          Later(chance_.Between(0, 3), [this, to = action.to.flow, text] {
            SendOnFlow(to, text);
          });
        }
        break;
      case Action::Kind::kClose: {
        Flow* flow = Find(action.to.flow);
        CHECK(flow != nullptr) << "closes a flow that is gone";
        flow->closing = true;
        schedule_.In(chance_.Between(0, 20),
                     [this, id = flow->id] { EndFlow(id); });
        break;
      }
      case Action::Kind::kHandOver:
        HandOver(shard, action, text);
        break;
      case Action::Kind::kRevoke:
        revoked_.insert(action.tls_session);
        break;
      case Action::Kind::kTell:
        Tell(shard, action.shard, text);
        break;
      case Action::Kind::kResolve:
        Resolve(shard, action.question);
        break;
      case Action::Kind::kShareChallenge:
        break;  // the published profile shares none
    }
  }
}

void World::Later(Millis delay, Schedule::Happening what) {
  schedule_.In(delay, [this, life = life_, what = std::move(what)] {
    if (life == life_) what();
  });
}

// A full mailbox drops, as a wire would.
void World::HandOver(const Shard& from, const Action& action,
                     const std::string& text) {
  const Flow* flow = Find(action.to.flow);
  CHECK(flow != nullptr);
  CHECK_NE(action.shard, from.config.shard);
  if (chance_.OneIn(200)) {
    ++report_.handovers_lost;
    return;
  }
  ++report_.handed_over;
  Later(chance_.Between(0, 3),
        [this, to = action.shard, id = flow->id, info = flow->info,
         peer = action.to.peer, text] {
          const bool from_home = info.side == Side::kCore;
          const Witness witness(*this, to, from_home ? text : std::string_view());
          Step(to, [&](Edge& edge) {
            edge.OnHandedOver(
                {.flow = id, .peer = peer, .info = info, .bytes = text},
                schedule_.now());
            Note({.shard = to, .handle = {}}, from_home, text);
          });
          witness.Check();
        });
}

// In order, as one mailbox is.
void World::Tell(Shard& from, ShardId to, const std::string& text) {
  ++news_;
  Instant& arrives = from.told_until[to];
  arrives = std::max(arrives, schedule_.now() + chance_.Between(0, 3));
  Later(arrives - schedule_.now(), [this, to, text] {
    --news_;
    Step(to, [&](Edge& edge) { edge.OnNews(text, schedule_.now()); });
  });
}

void World::SendOnFlow(FlowId id, const std::string& text) {
  Flow* flow = Find(id);
  if (flow == nullptr || flow->closing) return;
  if (flow->line == nullptr) {
    laws_.OnToHome(text, schedule_.now());
    Later(chance_.Between(1, 10), [this, id, node = flow->node, text] {
      Obey(home_.OnMessage(node, id, text, schedule_.now()));
    });
    return;
  }
  CheckToPhone(*flow, text);
  // A slow phone reads late.
  const Millis delay = chance_.OneIn(30) ? chance_.Between(500, 5000)
                                         : chance_.Between(1, 20);
  flow->busy_until = std::max(flow->busy_until, schedule_.now());
  if (chance_.OneIn(300)) {  // one that does not read at all is given up
    ++report_.given_up;
    schedule_.In(delay, [this, id] { EndFlow(id); });
    return;
  }
  schedule_.In(delay, [this, id, text] {
    Flow* there = Find(id);
    if (there == nullptr || there->line->flow != id || text == "\r\n") return;
    Obey(*there->line, there->line->phone.OnMessage(text));
  });
}

// ---- the run's trace and fingerprint

void World::Trace(ShardId shard, const char* what, std::string_view text) const {
  if (!options_.trace) return;
  std::printf("%ld ms, shard %u, %s:\n%.*s\n",
              static_cast<long>(schedule_.now().time_since_epoch().count()),
              unsigned{shard}, what, static_cast<int>(text.size()), text.data());
  std::fflush(stdout);  // a broken law ends the process
}

void World::Fingerprint(const Shard& shard, const std::string& text) {
  Trace(shard.config.shard, "leaves", text);
  uint64_t state = report_.fingerprint ^
                   static_cast<uint64_t>(schedule_.now().time_since_epoch().count());
  size_t at = 0;
  for (uint64_t word = 0; at + sizeof(word) <= text.size(); at += sizeof(word)) {
    std::memcpy(&word, text.data() + at, sizeof(word));
    state = std::rotl((state ^ word) * 0x9e3779b97f4a7c15, 29);
  }
  uint64_t rest = text.size();
  for (; at < text.size(); ++at) rest = rest << 8 | static_cast<uint8_t>(text[at]);
  state = Spread(state ^ rest);
  report_.fingerprint = state;
}

}  // namespace sallyport::sim
