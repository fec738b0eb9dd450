#include "tests/sim/world.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/sim/text.h"

namespace sallyport::sim {
namespace {

const Endpoint kHome = *Endpoint::Parse("192.0.2.30:5060");
const Endpoint kCoreListen = *Endpoint::Parse("192.0.2.10:5060");
const Endpoint kTlsListen = *Endpoint::Parse("198.51.100.10:5061");
constexpr int kClosedForGood = 40;  // simulated minutes to rest

EdgeConfig ConfigOf(int shard, int shards) {
  EdgeConfig config;
  config.shard = static_cast<ShardId>(shard);
  config.shards = static_cast<uint16_t>(shards);
  config.domain = "pcscf1.ims.test";
  config.visited_network_id = "ims.test";
  config.ioi = "Type 1ims.test";
  config.access_network_info = "IEEE-802.11";
  config.core_listen = kCoreListen;
  config.own_hosts = {"pcscf1.ims.test", "192.0.2.10"};
  config.home_core = {{.endpoint = kHome,
                       .transport = sip::Transport::kTcp,
                       .host = "192.0.2.30"}};
  config.core_peers = {*Cidr::Parse("192.0.2.0/24")};
  config.flows_max = 1024;
  config.associations_max = 1024;
  config.transactions_max = 4096;
  config.challenge_contexts_max = 64;
  return config;
}

}  // namespace

// A connection as its shard sees it.
struct World::Flow {
  FlowId id;
  Line* line = nullptr;   // null: of the core
  bool open = false;
  bool closing = false;   // the Edge asked for its end
  FlowInfo info;
  uint64_t session = 0;   // the number of its TLS session
  std::string unconsumed;
  Instant busy_until{};   // pieces arrive in order
};

// A phone with its present connection.
struct World::Line {
  explicit Line(int index, int phones, Chance& chance)
      : phone(index, phones, chance) {}
  Phone phone;
  FlowId flow;            // invalid: not connected
  bool has_ticket = false;
  TlsSessionId session{};
  uint64_t session_number = 0;
  ShardId home = 0;
  uint64_t connection = 0;  // counts connections
};

struct World::Shard {
  Shard(const EdgeConfig& config, uint64_t seed, Instant now)
      : entropy(seed), edge(config, entropy, mac, now) {}
  FakeEntropy entropy;
  FakeMac mac{0x5a11};
  Edge edge;
  std::vector<std::unique_ptr<Flow>> flows;  // by slot
  std::vector<uint32_t> free_slots;
  FlowId link;      // its own connection to the core
  FlowId inbound;   // the core's connection to it
  uint32_t open = 0;  // of `flows`
  ShardId index = 0;
};

World::World(const WorldOptions& options)
    : options_(options), chance_(options.seed), home_(chance_) {
  for (int i = 0; i < options.shards; ++i) {
    shards_.push_back(std::make_unique<Shard>(ConfigOf(i, options.shards),
                                              chance_.Bits(), schedule_.now()));
    shards_.back()->index = static_cast<ShardId>(i);
  }
  for (int i = 0; i < options.phones; ++i) {
    lines_.push_back(std::make_unique<Line>(i, options.phones, chance_));
  }
}

World::~World() = default;

Report World::Run() {
  for (auto& shard : shards_) {
    shard->inbound = OpenFlow(shard->index,
                              {.side = Side::kCore,
                               .transport = sip::Transport::kTcp,
                               .peer = *Endpoint::Parse("192.0.2.30:41000"),
                               .local = kCoreListen},
                              nullptr);
  }
  for (auto& line : lines_) {
    Line* it = line.get();
    schedule_.In(chance_.Between(0, 10'000), [this, it] { Act(*it); });
  }
  for (ShardId i = 0; i < shards_.size(); ++i) {
    if (chance_.OneIn(2)) {
      schedule_.In(chance_.Between(20'000, 100'000), [this, i] { BreakLink(i); });
    }
  }
  const bool jump = options_.clock_jumps && chance_.OneIn(3);
  if (jump) {
    schedule_.In(chance_.Between(30'000, 90'000),
                 [this] { schedule_.Jump(chance_.Between(1'000, 900'000)); });
  }
  const Instant end = schedule_.now() + options_.duration;
  const Instant rest = end + Seconds(kClosedForGood * 60);
  while (true) {
    Instant next = schedule_.next();
    for (const auto& shard : shards_) {
      next = std::min(next, shard->edge.NextDeadline());
    }
    if (next > rest) break;
    if (next >= end) ending_ = true;
    if (next == schedule_.next()) {
      schedule_.Pop()();
    } else {
      schedule_.MoveTo(next);
    }
    RunTimers();
  }
  CheckRest();
  for (const auto& line : lines_) {
    report_.registered += line->phone.registrations;
    report_.refreshed_without_challenge += line->phone.unchallenged;
    report_.resumed += line->phone.resumptions;
  }
  report_.messages_delivered = home_.delivered();
  return report_;
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

// With a ticket the network brings it home; without one, anywhere.
void World::Connect(Line& line) {
  CHECK(!line.flow.valid());
  const bool resume = line.has_ticket && !chance_.OneIn(4) &&
                      revoked_.count(line.session) == 0;
  if (!resume) {
    for (size_t i = 0; i < line.session.size(); i += 8) {
      const uint64_t bits = chance_.Bits();
      std::copy_n(reinterpret_cast<const uint8_t*>(&bits), 8,
                  line.session.begin() + static_cast<ptrdiff_t>(i));
    }
    line.session_number = ++sessions_;
    line.home = static_cast<ShardId>(chance_.Below(shards_.size()));
  }
  line.has_ticket = true;
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
  const bool link = shard.link == id;
  if (link) shard.link = {};
  Step(id.shard, [&](Edge& edge) { edge.OnFlowClosed(id, schedule_.now()); });
  if (!link) return;
  Step(id.shard, [&](Edge& edge) {
    edge.OnCorePeerLost(kHome, sip::Transport::kTcp, schedule_.now());
  });
}

void World::BreakLink(ShardId shard) {
  if (shards_[shard]->link.valid()) EndFlow(shards_[shard]->link);
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
    size_t taken = 0;
    Step(id.shard, [&](Edge& edge) {
      taken = edge.OnReceived(id, flow->info.peer, flow->unconsumed,
                              schedule_.now());
    });
    CHECK_LE(taken, flow->unconsumed.size());
    if (taken == 0) break;
    flow->unconsumed.erase(0, taken);
  }
}

// ---- shards

template <typename Event>
void World::Step(ShardId index, Event&& event) {
  Shard& shard = *shards_[index];
  event(shard.edge);
  ++report_.steps;
  Perform(shard);
  CheckShard(shard);
}

void World::RunTimers() {
  for (auto& shard : shards_) {
    bool more = shard->edge.NextDeadline() <= schedule_.now();
    while (more) {
      Step(shard->index,
           [&](Edge& edge) { more = edge.OnTimer(schedule_.now()); });
    }
  }
}

// Nothing here calls an Edge: what follows from an action comes later.
void World::Perform(Shard& shard) {
  for (const Action& action : shard.edge.actions()) {
    std::string text(action.text);
    if (action.message != nullptr) {
      text.resize(action.message->gathered_size());
      action.message->Gather(text.data());
    }
    switch (action.kind) {
      case Action::Kind::kSend:
        Note(text);
        if (!action.to.flow.valid()) {
          SendToHome(shard, text);
        } else if (action.to.flow.shard == shard.index) {
          SendOnFlow(action.to.flow, text);
        } else {
          schedule_.In(chance_.Between(0, 3), [this, to = action.to.flow, text] {
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
      case Action::Kind::kHandOver: {
        ++report_.handed_over;
        const Flow* flow = Find(action.to.flow);
        CHECK(flow != nullptr);
        CHECK_NE(action.shard, shard.index);
        schedule_.In(chance_.Between(0, 3),
                     [this, to = action.shard, id = flow->id, info = flow->info,
                      peer = action.to.peer, text] {
                       Step(to, [&](Edge& edge) {
                         edge.OnHandedOver({.flow = id,
                                            .peer = peer,
                                            .info = info,
                                            .bytes = text},
                                           schedule_.now());
                       });
                     });
        break;
      }
      case Action::Kind::kRevoke:
        revoked_.insert(action.tls_session);
        break;
      case Action::Kind::kShareDevice:
        for (const auto& other : shards_) {
          if (other->index == shard.index) continue;
          schedule_.In(chance_.Between(0, 3), [this, to = other->index, text] {
            Step(to, [&](Edge& edge) {
              edge.OnDeviceShared(text, schedule_.now());
            });
          });
        }
        break;
      case Action::Kind::kShareChallenge:
        break;  // the published profile shares none
    }
  }
}

void World::SendToHome(Shard& shard, const std::string& text) {
  CheckToHome(text);
  const ShardId index = shard.index;
  schedule_.In(chance_.Between(1, 10), [this, index, text] {
    Shard& from = *shards_[index];
    if (!from.link.valid()) {
      from.link = OpenFlow(index,
                           {.side = Side::kCore,
                            .transport = sip::Transport::kTcp,
                            .peer = kHome,
                            .local = kCoreListen},
                           nullptr);
    }
    Obey(home_.OnMessage(from.link, text, schedule_.now()));
  });
}

void World::SendOnFlow(FlowId id, const std::string& text) {
  Flow* flow = Find(id);
  if (flow == nullptr || flow->closing) return;
  if (flow->line == nullptr) {
    CheckToHome(text);
    schedule_.In(chance_.Between(1, 10), [this, id, text] {
      Obey(home_.OnMessage(id, text, schedule_.now()));
    });
    return;
  }
  CheckToPhone(*flow, text);
  // A slow phone reads late.
  const Millis delay = chance_.OneIn(30) ? chance_.Between(500, 5000)
                                         : chance_.Between(1, 20);
  flow->busy_until = std::max(flow->busy_until, schedule_.now());
  schedule_.In(delay, [this, id, text] {
    Flow* there = Find(id);
    if (there == nullptr || there->line->flow != id || text == "\r\n") return;
    Obey(*there->line, there->line->phone.OnMessage(text));
  });
}

void World::Obey(const std::vector<HomeMessage>& messages) {
  for (const HomeMessage& message : messages) {
    schedule_.In(message.delay, [this, message] {
      FlowId flow = message.flow;
      if (!flow.valid()) flow = shards_[chance_.Below(shards_.size())]->inbound;
      SendAlong(flow, message.text, false);
    });
  }
}

// ---- laws

// A request reaches a phone only over the connection on which a 200 granted it a
// registration; a response only where its request came from.
void World::CheckToPhone(Flow& flow, const std::string& text) {
  if (text == "\r\n") return;
  const int phone = flow.line->phone.index();
  if (IsRequest(text)) {
    CHECK(granted_.count(flow.session) && granted_[flow.session] == phone)
        << "seed " << options_.seed << ": a request on an unbound connection\n"
        << text;
    CHECK_EQ(RowIn(text, "X-For"), absl::StrCat(phone))
        << "seed " << options_.seed << ": another phone's request\n" << text;
    return;
  }
  if (flow.line->flow != flow.id) return;  // the phone has left already
  CHECK(flow.line->phone.branches().count(TopBranch(text)))
      << "seed " << options_.seed << ": a response that nobody asked for\n"
      << text;
  if (StatusOf(text) == 200 && MethodOf(text) == "REGISTER" &&
      !RowIn(text, "Contact").empty() && ContactExpires(text) > 0) {
    granted_[flow.session] = phone;
  }
}

void World::CheckToHome(const std::string& text) {
  if (!IsRequest(text)) {
    CHECK(!Contains(text, "planted")) << "seed " << options_.seed << "\n" << text;
    return;
  }
  if (MethodOf(text) == "REGISTER") return CheckRegister(text);
  const int phone = PhoneOf(RowIn(text, "P-Asserted-Identity"));
  CHECK_EQ(absl::StrCat(phone), RowIn(text, "X-Phone"))
      << "seed " << options_.seed << ": somebody else's identity\n" << text;
  CHECK(home_.EverGranted(phone)) << "seed " << options_.seed << "\n" << text;
}

// Nothing but our own word, at most once, and `tls-yes` only for a TLS session that
// was granted to this very phone.
void World::CheckRegister(const std::string& text) {
  const std::vector<std::string> values = IntegrityValues(text);
  CHECK_LE(values.size(), 1u) << "seed " << options_.seed << "\n" << text;
  if (values.empty()) return;
  const std::string_view row = RowIn(text, "Authorization");
  const int phone = PhoneOf(DigestParam(row, "username"));
  if (values[0] == "tls-pending") {
    CHECK(!DigestParam(row, "response").empty())
        << "seed " << options_.seed << "\n" << text;
    return;
  }
  CHECK_EQ(values[0], "tls-yes") << "seed " << options_.seed << "\n" << text;
  uint64_t session = 0;
  CHECK(absl::SimpleAtoi(RowIn(text, "X-Session"), &session));
  const auto granted = granted_.find(session);
  CHECK(granted != granted_.end() && granted->second == phone)
      << "seed " << options_.seed << "\n" << text;
}

void World::CheckShard(const Shard& shard) {
  shard.edge.CheckInvariants();
  CHECK_EQ(shard.edge.totals().flows, shard.open) << "seed " << options_.seed;
}

// When all phones have left and all times have run out, nothing is left.
void World::CheckRest() {
  for (const auto& shard : shards_) {
    const Edge::Totals totals = shard->edge.totals();
    CHECK_EQ(totals.transactions, 0u) << "seed " << options_.seed;
    CHECK_EQ(totals.associations_active + totals.associations_suspended, 0u)
        << "seed " << options_.seed;
    CHECK_EQ(totals.associations_reserved, 0u) << "seed " << options_.seed;
    uint32_t phones = 0;
    for (const auto& flow : shard->flows) {
      phones += flow->open && flow->line != nullptr ? 1 : 0;
    }
    CHECK_EQ(phones, 0u) << "seed " << options_.seed;
  }
}

void World::Note(const std::string& text) {
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
