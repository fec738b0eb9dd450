#include "core/routing/next_hops.h"

#include <algorithm>

#include "absl/base/optimization.h"
#include "absl/log/check.h"
#include "core/routing/fingerprint.h"

namespace sallyport::routing {
namespace {

uint64_t MarkOf(const HostQuestion& question) {
  return Fingerprint(0)
      .Add(NameMark(question.host))
      .Add(question.port)
      .Add(question.transport ? 1 + static_cast<uint64_t>(*question.transport)
                              : 0)
      .value();
}

// A weight of 0 has a very small chance beside others. Source: RFC 2782
uint64_t ShareOf(uint32_t weight) { return uint64_t{weight} * 256 + 1; }

template <typename T>
void SortByPriority(std::vector<T>& items) {
  std::stable_sort(items.begin(), items.end(), [](const T& a, const T& b) {
    return a.priority < b.priority;
  });
}

}  // namespace

// ---------------------------------------------------------------- tries

bool HopTries::Has(uint64_t mark) const {
  const auto* end = marks_.begin() + count_;
  return std::find(marks_.begin(), end, mark) != end;
}

void HopTries::Add(uint64_t mark) {
  CHECK_LT(count_, kMax);
  marks_[count_++] = mark;
}

uint64_t NextHops::Mark(const Endpoint& endpoint, sip::Transport transport,
                        std::string_view host) {
  if (transport != sip::Transport::kTls) host = {};
  return Fingerprint(1)
      .Add(std::string_view(
          reinterpret_cast<const char*>(endpoint.address.octets()),
          endpoint.address.size()))
      .Add(endpoint.port)
      .Add(static_cast<uint64_t>(transport))
      .Add(NameMark(host))
      .value();
}

// ---------------------------------------------------------------- set-up

NextHops::NextHops(const EdgeConfig& config, Entropy& entropy)
    : entropy_(entropy),
      stale_max_(config.core_stale_max),
      targets_(config.core_targets_max,
               {.failures_max = config.core_failures_max,
                .rest_min = config.core_rest_min,
                .rest_max = config.core_rest_max}),
      names_(config.core_names_max) {
  if (!config.home_core.empty()) {
    HomeSet& set = home_.emplace_back();
    for (size_t i = 0; i < config.home_core.size(); ++i) {
      set.entries.push_back(EntryOf(config.home_core[i], i + 1));
    }
    SortByPriority(set.entries);
    return;
  }
  // Only what the operator named is resolved: a UE must not choose whom we ask
  // for, nor where a REGISTER goes.
  for (const std::string& domain : config.home_domains) {
    const NameId name = AddName({.host = domain}, true, Instant());
    if (!name.valid()) break;
    home_.push_back({.domain = domain,
                     .entries = {{.priority = 0,
                                  .weight = 1,
                                  .name = name,
                                  .hop = {},
                                  .host = {}}}});
  }
}

NextHops::Entry NextHops::EntryOf(const CoreTarget& target, size_t place) {
  Entry entry{
      .priority = target.priority.value_or(static_cast<uint16_t>(place)),
      .weight = target.weight,
      .name = {},
      .hop = {},
      .host = {}};
  if (!target.literal()) {
    std::optional<sip::Transport> transport;
    if (!target.any_transport) transport = target.transport;
    entry.name = AddName({.host = target.host,
                          .port = target.endpoint.port,
                          .transport = transport},
                         true, Instant());
    return entry;
  }
  if (!IpAddress::Parse(target.host)) entry.host = target.host;
  entry.hop = HopTo(target.endpoint, target.transport, entry.host, Instant());
  if (HopTarget* kept = targets_.Get(entry.hop.id)) {
    ++kept->users;
    ++kept->entries;
  }
  return entry;
}

// ---------------------------------------------------------------- choosing

NextHops::Hop NextHops::HopTo(const Endpoint& endpoint,
                              sip::Transport transport, std::string_view host,
                              Instant now) {
  return {.endpoint = endpoint,
          .transport = transport,
          .id = targets_.FindOrAdd(endpoint, transport, now, host),
          .mark = Mark(endpoint, transport, host)};
}

HopChoice NextHops::Chosen(const Hop& hop, std::string_view host) {
  return {
      .kind = HopChoice::Kind::kTarget,
      .endpoint = hop.endpoint,
      .transport = hop.transport,
      .host = hop.transport == sip::Transport::kTls ? host : std::string_view(),
      .target = hop.id,
      .mark = hop.mark,
      .name = {}};
}

bool NextHops::Usable(const Hop& hop, const HopTries& tries, Health health,
                      Instant now) const {
  if (tries.Has(hop.mark)) return false;
  switch (health) {
    case Health::kGood:
      return targets_.Admits(hop.id, now);
    case Health::kOpen:
      return !targets_.AskedToRest(hop.id, now);
    case Health::kAny:
      return true;
  }
  ABSL_UNREACHABLE();
}

bool NextHops::Usable(const Entry& entry, const HopTries& tries, Health health,
                      Instant now) const {
  const std::span<const Hop> hops = HopsOf(entry, now);
  return std::any_of(hops.begin(), hops.end(), [&](const Hop& hop) {
    return Usable(hop, tries, health, now);
  });
}

std::span<const NextHops::Hop> NextHops::HopsOf(const Entry& entry,
                                                Instant now) const {
  if (entry.hop.endpoint.address.valid()) return {&entry.hop, 1};
  const Name* name = names_.Find(entry.name);
  return name == nullptr ? std::span<const Hop>() : HopsOf(*name, now);
}

std::span<const NextHops::Hop> NextHops::HopsOf(const Name& name, Instant now) {
  if (now >= name.stale_until) return {};
  return name.hops;
}

template <typename T, typename IsUsable>
const T* NextHops::Draw(std::span<const T> items, IsUsable&& usable) {
  size_t end = 0;
  for (size_t begin = 0; begin < items.size(); begin = end) {
    uint64_t total = 0;
    size_t candidates = 0;
    const T* last = nullptr;
    for (end = begin; end < items.size() &&
                      items[end].priority == items[begin].priority;
         ++end) {
      if (!usable(items[end])) continue;
      total += ShareOf(items[end].weight);
      last = &items[end];
      ++candidates;
    }
    if (candidates == 0) continue;
    if (candidates == 1) return last;
    uint64_t drawn = entropy_.Next() % total;
    for (size_t i = begin; i < end; ++i) {
      if (!usable(items[i])) continue;
      const uint64_t share = ShareOf(items[i].weight);
      if (drawn < share) return &items[i];
      drawn -= share;
    }
  }
  return nullptr;
}

const NextHops::Hop* NextHops::DrawHop(std::span<const Hop> hops,
                                       const HopTries& tries, Health health,
                                       Instant now) {
  return Draw(hops, [&](const Hop& hop) {
    return Usable(hop, tries, health, now);
  });
}

// An entry first, by the operator's priorities and weights; then one of its
// addresses, by those of DNS.
HopChoice NextHops::DrawHome(const HomeSet& set, const HopTries& tries,
                             Instant now) {
  for (const Health health : {Health::kGood, Health::kOpen}) {
    const Entry* entry =
        Draw(std::span(set.entries), [&](const Entry& candidate) {
          return Usable(candidate, tries, health, now);
        });
    if (entry == nullptr) continue;
    // Of one address nothing is drawn: it is what made the entry usable.
    const std::span<const Hop> hops = HopsOf(*entry, now);
    return Chosen(
        hops.size() == 1 ? hops.front() : *DrawHop(hops, tries, health, now),
        HostOf(*entry));
  }
  return {};
}

std::string_view NextHops::HostOf(const Entry& entry) const {
  const Name* name = names_.Find(entry.name);
  return name == nullptr ? std::string_view(entry.host) : name->host;
}

bool NextHops::AnyRests(std::span<const Hop> hops, const HopTries& tries,
                        Instant now) const {
  return std::any_of(hops.begin(), hops.end(), [&](const Hop& hop) {
    return !tries.Has(hop.mark) && targets_.AskedToRest(hop.id, now);
  });
}

HopChoice NextHops::ChooseHome(std::string_view domain, const HopTries& tries,
                               Instant now) {
  const auto set =
      std::find_if(home_.begin(), home_.end(), [&](const HomeSet& candidate) {
        return candidate.domain.empty() ||
               sip::EqualsIgnoreCase(candidate.domain, domain);
      });
  if (set == home_.end() || tries.full()) return {};
  HopChoice choice = DrawHome(*set, tries, now);
  if (choice.kind == HopChoice::Kind::kTarget) return choice;
  bool waits = false, rests = false;
  for (const Entry& entry : set->entries) {
    rests = rests || AnyRests(HopsOf(entry, now), tries, now);
    const Name* name = names_.Find(entry.name);
    waits = waits || (name != nullptr && now >= name->stale_until &&
                      now >= name->fresh_until);
  }
  choice.rests = rests;
  if (rests) choice.kind = HopChoice::Kind::kResting;
  if (waits) choice.kind = HopChoice::Kind::kWait;
  return choice;
}

HopChoice NextHops::ChooseHost(const HostQuestion& question,
                               const HopTries& tries, Instant now) {
  if (tries.full()) return {};
  NameId id = FindName(question);
  if (!id.valid()) id = AddName(question, false, now);
  Name* name = names_.Find(id);
  if (name == nullptr) return {};
  name->used = now;
  HopChoice choice;
  for (const Health health : {Health::kGood, Health::kOpen, Health::kAny}) {
    const Hop* hop = DrawHop(HopsOf(*name, now), tries, health, now);
    if (hop == nullptr) continue;
    choice = Chosen(*hop, name->host);
    break;
  }
  if (now >= name->fresh_until) {
    if (choice.kind == HopChoice::Kind::kNone) {
      choice.kind = HopChoice::Kind::kWait;
    }
    choice.ask = !Asking(*name, now);
  }
  choice.name = id;
  return choice;
}

HopChoice NextHops::ChooseAddress(const Endpoint& endpoint,
                                  sip::Transport transport,
                                  const HopTries& tries, Instant now,
                                  std::string_view host) {
  const bool must_prove_a_name =
      transport == sip::Transport::kTls && !IpAddress::Parse(host);
  if (!must_prove_a_name) host = {};
  const Hop hop = HopTo(endpoint, transport, host, now);
  if (tries.full() || tries.Has(hop.mark)) return {};
  return Chosen(hop, host);
}

void NextHops::Begin(const HopChoice& choice, HopTries& tries, Instant now) {
  CHECK(choice.kind == HopChoice::Kind::kTarget);
  tries.Add(choice.mark);
  targets_.Began(choice.target, now);
}

HopChoice NextHops::BeginProbe(Millis quiet, Instant now) {
  const TargetId id = targets_.BeginProbe(quiet, now);
  const HopTarget* target = targets_.Get(id);
  if (target == nullptr) return {};
  return Chosen(
      {.endpoint = target->endpoint,
       .transport = target->transport,
       .id = id,
       .mark = Mark(target->endpoint, target->transport, target->host)},
      target->host);
}

// ---------------------------------------------------------------- names

NameId NextHops::FindName(const HostQuestion& question) const {
  const uint64_t mark = MarkOf(question);
  for (uint32_t slot = 0; slot < names_.slots_used(); ++slot) {
    const Name* name = names_.At(slot);
    if (name != nullptr && name->mark == mark && name->port == question.port &&
        name->transport == question.transport &&
        sip::EqualsIgnoreCase(name->host, question.host)) {
      return names_.HandleAt(slot);
    }
  }
  return {};
}

NameId NextHops::AddName(const HostQuestion& question, bool home,
                         Instant now) {
  if (home) {
    const NameId known = FindName(question);
    if (known.valid()) return known;
  }
  if (names_.size() == names_.capacity() && !MakeRoom(now)) return {};
  const NameId id = names_.Acquire();
  Name& name = *names_.Find(id);
  name.host = question.host;
  name.port = question.port;
  name.transport = question.transport;
  name.mark = MarkOf(question);
  name.home = home;
  name.used = now;
  if (home) home_names_.push_back(id);
  return id;
}

bool NextHops::MakeRoom(Instant now) {
  NameId oldest;
  for (uint32_t slot = 0; slot < names_.slots_used(); ++slot) {
    const Name* name = names_.At(slot);
    if (name == nullptr || name->home || Asking(*name, now)) continue;
    if (!oldest.valid() || name->used < names_.Find(oldest)->used) {
      oldest = names_.HandleAt(slot);
    }
  }
  if (!oldest.valid()) return false;
  Replace(*names_.Find(oldest), {}, now);
  names_.Release(oldest);
  return true;
}

Instant NextHops::NextAsk(NameId id) const {
  const Name* name = names_.Find(id);
  if (name == nullptr) return kNever;
  return name->asking ? name->asking_until
                      : std::max(name->fresh_until, Instant());
}

std::optional<HostQuestion> NextHops::Ask(NameId id, Instant now) {
  Name* name = names_.Find(id);
  if (name == nullptr || Asking(*name, now)) return std::nullopt;
  name->asking = true;
  name->asking_until = now + kAnswerMax;
  return HostQuestion{.host = name->host,
                      .port = name->port,
                      .transport = name->transport};
}

// A name that is gone is gone; that nobody could say means nothing.
// Source: RFC 8767 4
NameId NextHops::OnAnswer(const HostAnswer& answer, Instant now) {
  const NameId id = FindName(answer.question);
  Name* name = names_.Find(id);
  if (name == nullptr) return {};
  name->asking = false;
  name->fresh_until =
      now + std::clamp(answer.valid_for, kFreshMin, kFreshMax);
  switch (answer.outcome) {
    case HostOutcome::kFound:
      Replace(*name, answer.targets, now);
      name->stale_until = name->fresh_until + stale_max_;
      break;
    case HostOutcome::kNoName:
    case HostOutcome::kNoRecords:
      Replace(*name, {}, now);
      name->stale_until = Instant::min();
      break;
    case HostOutcome::kFailed:
      break;
  }
  return id;
}

void NextHops::Replace(Name& name, std::span<const HostTarget> targets,
                       Instant now) {
  std::vector<Hop> hops;
  for (const HostTarget& target :
       targets.first(std::min(targets.size(), kTargetsMax))) {
    Hop& hop = hops.emplace_back(
        HopTo(target.endpoint, target.transport, name.host, now));
    hop.priority = target.priority;
    hop.weight = target.weight;
    if (HopTarget* kept = targets_.Get(hop.id)) {
      ++kept->users;
      kept->entries += name.home;
    }
  }
  SortByPriority(hops);
  name.hops.swap(hops);  // what stays keeps its health
  for (const Hop& old : hops) {
    if (HopTarget* kept = targets_.Get(old.id)) {
      --kept->users;
      kept->entries -= name.home;
    }
  }
}

bool NextHops::IsHomeName(NameId id) const {
  const Name* name = names_.Find(id);
  return name != nullptr && name->home;
}

void NextHops::CheckInvariants() const {
  targets_.CheckInvariants();
  uint32_t home = 0;
  for (uint32_t slot = 0; slot < names_.slots_used(); ++slot) {
    const Name* name = names_.At(slot);
    if (name == nullptr) continue;
    home += name->home;
    CHECK_LE(name->hops.size(), kTargetsMax);
    for (const Hop& hop : name->hops) {
      const HopTarget* target = targets_.Get(hop.id);
      CHECK(!hop.id.valid() || (target != nullptr && target->users > 0));
    }
  }
  CHECK_EQ(home, home_names_.size());
}

}  // namespace sallyport::routing
