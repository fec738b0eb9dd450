// A Resolver is the simulated DNS: it knows the home core's names, under
// addresses that change, and answers late, twice, never, or with a failure.
#ifndef TESTS_SIM_RESOLVER_H_
#define TESTS_SIM_RESOLVER_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/edge_config.h"
#include "core/resolution.h"
#include "tests/sim/chance.h"
#include "tests/sim/nodes.h"

namespace sallyport::sim {

// The name of the server that serves.
inline constexpr std::string_view kServingName = "scscf.ims.test";

class Resolver {
 public:
  // How the proxy knows the entry points.
  enum class Naming : uint8_t {
    kAddresses,
    kOneName,
    kTwoNames,  // the second one is for when the first fails
    kDomain,    // it asks for the servers of the domain
  };
  struct Answer {
    HostOutcome outcome = HostOutcome::kFound;
    std::vector<HostTarget> targets;
    Millis valid_for{0};
    Millis delay{0};
  };

  // `chance` outlives it.
  explicit Resolver(Chance& chance);

  Naming naming() const { return naming_; }
  // What the proxy is told at its start.
  void Configure(EdgeConfig& config) const;
  // The names of entry points; none: kAddresses.
  std::vector<std::string> EntryNames() const;

  // All that will come of a question. `calm`: it is answered well, for long.
  std::vector<Answer> Ask(std::string_view host, bool calm);
  // Other entry points stand behind the names.
  void Renumber();
  // Till Recover(), questions fail as this outcome says; or are lost.
  void Fail();
  void Recover() { failing_ = false; }

 private:
  Answer Found(std::string_view host) const;

  Chance& chance_;
  const Naming naming_;
  const Millis stale_max_;
  std::map<std::string, std::vector<int>, std::less<>> nodes_;  // by name
  bool failing_ = false;
  bool losing_ = false;
  HostOutcome failure_ = HostOutcome::kFailed;
};

}  // namespace sallyport::sim

#endif  // TESTS_SIM_RESOLVER_H_
