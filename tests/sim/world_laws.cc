// Where the world asks the laws.
#include <algorithm>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/sim/text.h"
#include "tests/sim/world.h"
#include "tests/sim/world_parts.h"

namespace sallyport::sim {
namespace {

constexpr Millis kWatchesAreChecked{5'000};

}  // namespace

// ---- what comes in

// A shard has taken it in; what it does about it comes next.
void World::Note(FlowId id, bool from_home, std::string_view text) {
  Trace(id.shard, "comes in", text);
  if (!from_home) {
    if (absl::StartsWith(text, "REGISTER ")) {
      offers_.OnArrived(text, schedule_.now());
    }
    return;
  }
  laws_.OnFromHome(text, schedule_.now());
  if (IsRequest(text)) return;
  const std::string_view method = MethodOf(text);
  if (method == "SUBSCRIBE") watches_.OnAnswer(text, schedule_.now());
  const Flow* flow = Find(id);
  if (method == "REGISTER" && StatusOf(text) == 503 && flow != nullptr) {
    offers_.OnRefused(id.shard, flow->node, schedule_.now());
  }
}

// ---- what leaves

void World::CheckToPhone(const Flow& flow, const std::string& text) {
  if (text == "\r\n") return;
  const Phone& phone = flow.line->phone;
  const bool response = !IsRequest(text);
  laws_.OnToPhone(
      {.phone = phone.index(),
       .session = flow.session,
       .connected = flow.line->flow == flow.id,
       .asked = response && phone.branches().contains(TopBranch(text))},
      text, schedule_.now());
  if (!response) return;
  const int status = StatusOf(text);
  if ((status == 500 || status == 504) && MethodOf(text) == "REGISTER") {
    offers_.CheckFailure(flow.id.shard, text, schedule_.now());
  }
  if (status == 200) {
    schedule_.In(Millis(5),
                 [this, user = phone.user()] { CheckDevices(user); });
  }
}

void World::NoteAnswer(const Shard& shard, const std::string& text) {
  if (IsRequest(text) || MethodOf(text) != "NOTIFY") return;
  const ShardId index = shard.config.shard;
  const EndedDialog ended =
      laws_.OnNotifyAnswered(index, text, schedule_.now());
  if (ended.call_id.empty()) return;
  watches_.OnEnded(ended.call_id, ended.for_good, schedule_.now());
}

// ---- what a shard keeps

// Each device has one association, wherever it was before; a user has no more of
// them on all shards than it may.
void World::CheckDevices(int user) {
  if (news_ > 0) {
    schedule_.In(Millis(1), [this, user] { CheckDevices(user); });
    return;
  }
  const auto devices = std::ranges::count_if(
      lines_, [user](const auto& line) { return line->phone.user() == user; });
  size_t associations = 0;
  for (const auto& shard : shards_) {
    associations += shard->edge->FindAssociations(ImpiOf(user), 64).size();
  }
  CHECK_LE(associations, static_cast<size_t>(devices))
      << "seed " << options_.seed << ": a device twice of " << ImpiOf(user);
  CHECK_LE(associations, config_.associations_per_impi_max)
      << "seed " << options_.seed << ": too many devices of " << ImpiOf(user);
}

void World::CheckShard(Shard& shard) {
  if (++shard.unchecked >= options_.check_every) {
    shard.unchecked = 0;
    shard.edge->CheckInvariants();
  }
  const Edge::Totals totals = shard.edge->totals();
  CHECK_EQ(totals.flows, shard.open) << "seed " << options_.seed;
  CHECK_LE(totals.core_registers, config_.core_registers_max)
      << "seed " << options_.seed;
}

void World::CheckWatches() {
  if (ending_) return;
  const Instant now = schedule_.now();
  for (const auto& shard : shards_) {
    const ShardId index = shard->config.shard;
    const Instant may_ask = offers_.OpenSince(index, now);
    int before = -1;
    for (const auto& line : lines_) {
      const int user = line->phone.user();
      if (std::exchange(before, user) == user) continue;
      const bool associated =
          !shard->edge->FindAssociations(ImpiOf(user), 1).empty();
      watches_.Check(index, user, associated, may_ask, now);
    }
  }
  schedule_.In(kWatchesAreChecked, [this] { CheckWatches(); });
}

// ---- what a NOTIFY does

World::Witness::Witness(const World& world, ShardId shard,
                        std::string_view text)
    : world_(world), shard_(shard) {
  if (!absl::StartsWith(text, "NOTIFY ") || !Contains(text, "\r\n\r\n")) return;
  int user = 0;
  CHECK(absl::SimpleAtoi(RowIn(text, "X-User"), &user)) << text;
  none_ = RowIn(text, "X-Kind") == "void";
  impi_ = ImpiOf(user);
  before_ = Look();
}

std::vector<Edge::AssociationInfo> World::Witness::Look() const {
  return world_.shards_[shard_]->edge->FindAssociations(impi_, 64);
}

// It ends identities and lowers times, and never gives anything.
void World::Witness::Check() const {
  if (impi_.empty()) return;
  const std::vector<Edge::AssociationInfo> after = Look();
  if (none_) CHECK_EQ(after.size(), before_.size()) << Complaint();
  for (const Edge::AssociationInfo& now : after) {
    const auto then =
        std::ranges::find(before_, now.id, &Edge::AssociationInfo::id);
    CHECK(then != before_.end()) << Complaint();
    const bool same = now.identities == then->identities;
    CHECK(same ? now.expires <= then->expires
               : now.identities.size() < then->identities.size())
        << Complaint();
    if (none_) CHECK(same && now.expires == then->expires) << Complaint();
  }
}

std::string World::Witness::Complaint() const {
  return absl::StrCat("seed ", world_.options_.seed, ": a NOTIFY to shard ",
                      shard_, " about ", impi_, " does what it does not say");
}

// ---- the end

// When all phones have left and all times have run out, nothing is left.
void World::CheckRest() {
  for (const auto& shard : shards_) {
    shard->edge->CheckInvariants();
    const Edge::Totals totals = shard->edge->totals();
    CHECK_EQ(totals.transactions, 0u) << "seed " << options_.seed;
    CHECK_EQ(totals.core_registers, 0u) << "seed " << options_.seed;
    CHECK_EQ(totals.associations_active + totals.associations_suspended, 0u)
        << "seed " << options_.seed;
    CHECK_EQ(totals.associations_reserved, 0u) << "seed " << options_.seed;
    CHECK_EQ(totals.subscriptions, 0u) << "seed " << options_.seed;
    uint32_t phones = 0;
    for (const auto& flow : shard->flows) {
      phones += flow->open && flow->line != nullptr ? 1 : 0;
    }
    CHECK_EQ(phones, 0u) << "seed " << options_.seed;
  }
}

}  // namespace sallyport::sim
