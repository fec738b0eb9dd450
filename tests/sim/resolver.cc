#include "tests/sim/resolver.h"

#include <algorithm>

#include "absl/log/check.h"

namespace sallyport::sim {
namespace {

constexpr uint16_t kPort = 5060;

Millis StaleMax(uint64_t drawn) {
  constexpr Millis kAll[] = {Millis{0}, Millis{20'000}, Millis{3'600'000}};
  return kAll[drawn % 3];
}

CoreTarget NamedTarget(std::string name) {
  return {.endpoint = {.address = {}, .port = kPort},
          .transport = sip::Transport::kTcp,
          .host = std::move(name)};
}

}  // namespace

Resolver::Resolver(Chance& chance)
    : chance_(chance),
      naming_(static_cast<Naming>(chance.Below(4))),
      stale_max_(StaleMax(chance.Bits())) {
  Renumber();
}

std::vector<std::string> Resolver::EntryNames() const {
  switch (naming_) {
    case Naming::kAddresses:
      return {};
    case Naming::kOneName:
      return {"icscf.ims.test"};
    case Naming::kTwoNames:
      return {"icscf1.ims.test", "icscf2.ims.test"};
    case Naming::kDomain:
      return {"ims.test"};
  }
  return {};
}

void Resolver::Configure(EdgeConfig& config) const {
  config.core_stale_max = stale_max_;
  if (naming_ == Naming::kAddresses) {
    for (int node = 0; node < kLiterals; ++node) {
      config.home_core.push_back({.endpoint = NodeAt(node),
                                  .transport = sip::Transport::kTcp,
                                  .host = NodeAt(node).address.ToString()});
    }
  } else if (naming_ == Naming::kDomain) {
    config.home_domains = EntryNames();
  } else {
    for (std::string& name : EntryNames()) {
      config.home_core.push_back(NamedTarget(std::move(name)));
    }
  }
}

// Each name stands for some of the entry points.
void Resolver::Renumber() {
  for (const std::string& name : EntryNames()) {
    std::vector<int>& nodes = nodes_[name];
    nodes.clear();
    const int first = static_cast<int>(chance_.Below(kEntryPoints));
    const int count = 1 + static_cast<int>(chance_.Below(3));
    for (int i = 0; i < count; ++i) nodes.push_back((first + i) % kEntryPoints);
  }
  nodes_[std::string(kServingName)] = {kServing};
}

void Resolver::Fail() {
  constexpr HostOutcome kFailures[] = {
      HostOutcome::kFailed, HostOutcome::kNoName, HostOutcome::kNoRecords};
  failing_ = true;
  losing_ = chance_.OneIn(3);
  failure_ = kFailures[chance_.Below(3)];
}

std::vector<Resolver::Answer> Resolver::Ask(std::string_view host, bool calm) {
  if (calm) {
    Answer answer = Found(host);
    answer.valid_for = Seconds(3'600);
    answer.delay = Millis{1};
    return {answer};
  }
  if (chance_.OneIn(25) || (failing_ && losing_)) return {};
  Answer answer = Found(host);
  if (failing_ || chance_.OneIn(25)) {
    answer.outcome = failing_ ? failure_ : HostOutcome::kFailed;
    answer.targets.clear();
  }
  answer.valid_for = chance_.Between(0, 30'000);
  answer.delay =
      chance_.OneIn(8) ? chance_.Between(500, 9'000) : chance_.Between(1, 40);
  std::vector<Answer> all = {answer};
  if (chance_.OneIn(20)) {  // and an older one after it
    answer.delay += chance_.Between(1, 3'000);
    all.push_back(answer);
  }
  return all;
}

Resolver::Answer Resolver::Found(std::string_view host) const {
  const auto nodes = nodes_.find(host);
  CHECK(nodes != nodes_.end()) << "a question for " << host;
  Answer answer;
  uint16_t weight = 0;
  for (const int node : nodes->second) {
    answer.targets.push_back({.endpoint = NodeAt(node),
                              .transport = sip::Transport::kTcp,
                              .priority = weight / 2u,
                              .weight = weight});
    ++weight;
  }
  return answer;
}

}  // namespace sallyport::sim
