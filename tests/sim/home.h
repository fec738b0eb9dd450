// A Home is the simulated home network: a registrar that challenges and verifies,
// and a relay between registered phones. It stands behind several nodes that may
// fail one by one: entry points for REGISTER, and the server that serves.
#ifndef TESTS_SIM_HOME_H_
#define TESTS_SIM_HOME_H_

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/time.h"
#include "core/flow.h"
#include "tests/sim/chance.h"

namespace sallyport::sim {

// Nodes 0 to kEntryPoints-1 are entry points; the last one serves.
constexpr int kEntryPoints = 2;
constexpr int kServing = kEntryPoints;
constexpr int kNodes = kEntryPoints + 1;

enum class Health : uint8_t {
  kUp,
  kDead,         // nothing can be connected, what was connected breaks
  kSilent,       // takes everything and says nothing
  kUnavailable,  // answers 503
};

// Something the core sends: an answer along the flow that brought the request, or a
// request of its own by any shard (`flow` invalid).
struct HomeMessage {
  FlowId flow;
  std::string text;
  Millis delay{0};
};

class Home {
 public:
  explicit Home(Chance& chance) : chance_(chance) {}

  // `flow`: the proxy's flow that the message came by, to which node.
  std::vector<HomeMessage> OnMessage(int node, FlowId flow,
                                     const std::string& text, Instant now);
  Health health(int node) const { return health_[static_cast<size_t>(node)]; }
  void SetHealth(int node, Health health) {
    health_[static_cast<size_t>(node)] = health;
  }
  uint64_t delivered() const { return delivered_; }

 private:
  // A registrar's binding: of an identity to a device.
  using Key = std::pair<std::string, int>;
  struct Binding {
    std::string path;
    std::string stale;  // its Path before, once it had another
    Instant expires;
  };
  std::string OnRegister(const std::string& text, Instant now);
  bool IsLate(std::string_view text);
  std::string Challenge(const std::string& text);
  std::string Leave(const std::string& text, const Key& key);
  std::string Marks(const std::string& text);
  std::vector<HomeMessage> OnOriginating(FlowId flow, const std::string& text,
                                         Instant now);
  std::vector<HomeMessage> OnResponse(const std::string& text);
  std::string RelayTo(int device, const Binding& binding,
                      const std::string& text, FlowId flow);
  Millis Delay();

  Chance& chance_;
  uint64_t next_ = 0;
  std::array<Health, kNodes> health_{};
  std::map<std::string, std::string, std::less<>> nonces_;  // by Call-ID
  std::map<std::string, uint64_t, std::less<>> cseqs_;      // the last one, likewise
  std::map<Key, Binding> bindings_;
  // Who waits for the answer to a relayed request, by our branch.
  struct Waiting {
    FlowId flow;
    std::string request;
  };
  std::map<std::string, Waiting> waiting_;
  uint64_t delivered_ = 0;
};

}  // namespace sallyport::sim

#endif  // TESTS_SIM_HOME_H_
