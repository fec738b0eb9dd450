#include "tests/sim/offers.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "tests/sim/text.h"

namespace sallyport::sim {
namespace {

// An answer holds so long at least, whatever it says: nobody asks all the time.
constexpr Millis kFreshMin{1'000};
constexpr Millis kRest{1'000};  // as Home's 503 asks for
constexpr uint32_t kLiteralEntries = (1u << kLiterals) - 1;

uint32_t EntriesOf(const Resolver::Answer& answer) {
  uint32_t entries = 0;
  for (const HostTarget& target : answer.targets) {
    for (int node = 0; node < kEntryPoints; ++node) {
      if (NodeAt(node) == target.endpoint) entries |= 1u << node;
    }
  }
  return entries;
}

std::string TransactionOf(std::string_view text) {
  return absl::StrCat(RowIn(text, "Call-ID"), " ", RowIn(text, "CSeq"));
}

}  // namespace

Offers::Offers(uint64_t seed, const EdgeConfig& config,
               std::vector<std::string> names)
    : seed_(seed),
      stale_max_(config.core_stale_max),
      wait_max_(config.core_resolve_timeout),
      names_(std::move(names)) {
  shards_.resize(config.shards);
  OnRestarted();
}

void Offers::OnRestarted() {
  for (Shard& shard : shards_) {
    shard = {};
    for (const std::string& name : names_) shard.names[name];
  }
}

void Offers::OnAnswer(ShardId index, std::string_view host,
                      const Resolver::Answer& answer, Instant now) {
  Shard& shard = shards_[index];
  const auto at = shard.names.find(host);
  if (at == shard.names.end()) return;  // of no entry point
  if (RestEnds(index, now) > now) shard.open_since = now;
  Name& name = at->second;
  name.fresh_until = now + std::max(answer.valid_for, kFreshMin);
  switch (answer.outcome) {
    case HostOutcome::kFound:
      name.entries = EntriesOf(answer);
      name.stale_until = name.fresh_until + stale_max_;
      break;
    case HostOutcome::kNoName:
    case HostOutcome::kNoRecords:
      name.stale_until = Instant::min();
      break;
    case HostOutcome::kFailed:
      break;
  }
}

void Offers::OnArrived(std::string_view text, Instant now) {
  offers_.try_emplace(TransactionOf(text), Offer{.arrived = now});
}

bool Offers::OnOffered(std::string_view text, int entry) {
  const auto offer = offers_.find(TransactionOf(text));
  CHECK(offer != offers_.end()) << "seed " << seed_ << ": of nobody\n" << text;
  uint32_t& entries = offer->second.entries;
  const uint32_t before = entries;
  entries |= 1u << entry;
  return entries != before && std::popcount(entries) == 2;
}

uint32_t Offers::Known(ShardId shard, Instant now) const {
  if (names_.empty()) return kLiteralEntries;
  uint32_t known = 0;
  for (const auto& [host, name] : shards_[shard].names) {
    if (now < name.stale_until) known |= name.entries;
  }
  return known;
}

void Offers::OnRefused(ShardId shard, int entry, Instant now) {
  shards_[shard].rests_until[static_cast<size_t>(entry)] = now + kRest;
}

// When the first of those that are known has ended its rest.
Instant Offers::RestEnds(ShardId shard, Instant now) const {
  const uint32_t known = Known(shard, now);
  Instant first = kNever;
  for (size_t node = 0; node < kEntryPoints; ++node) {
    if ((known >> node & 1) == 0) continue;
    first = std::min(first, shards_[shard].rests_until[node]);
  }
  return first;
}

Instant Offers::OpenSince(ShardId shard, Instant now) const {
  const Instant rest_ends = RestEnds(shard, now);
  return rest_ends == kNever ? kNever
                             : std::max(rest_ends, shards_[shard].open_since);
}

// The last thing that DNS said of each name is that it can say nothing.
bool Offers::IsDenied(ShardId shard, Instant now) const {
  const auto& names = shards_[shard].names;
  return std::all_of(names.begin(), names.end(), [now](const auto& entry) {
    return now < entry.second.fresh_until;
  });
}

void Offers::CheckFailure(ShardId shard, std::string_view text,
                          Instant now) const {
  const auto offer = offers_.find(TransactionOf(text));
  CHECK(offer != offers_.end()) << "seed " << seed_ << "\n" << text;
  const auto& [arrived, entries] = offer->second;
  const uint32_t known = Known(shard, now);
  CHECK_EQ(known & ~entries, 0u)
      << "seed " << seed_ << ": an entry point was not tried\n"
      << text;
  if (known != 0 || entries != 0) return;
  ++failed_unoffered_;
  CHECK(IsDenied(shard, now) || now >= arrived + wait_max_)
      << "seed " << seed_ << ": DNS was not waited for\n"
      << text;
}

}  // namespace sallyport::sim
