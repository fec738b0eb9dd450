// A Home is the simulated home network: a registrar that challenges and
// verifies, and a relay between registered phones. It stands behind several
// nodes that may fail one by one: entry points for REGISTER, and the server
// that serves.
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
#include "tests/sim/bindings.h"
#include "tests/sim/chance.h"
#include "tests/sim/nodes.h"
#include "tests/sim/notifier.h"

namespace sallyport::sim {

class Home {
 public:
  // `server`: host and port by which its server is reached, and what else the
  // URI says.
  Home(Chance& chance, const std::string& server)
      : chance_(chance),
        service_route_("<sip:orig@" + server + ";lr>"),
        notifier_(chance, bindings_, "sip:" + server) {}

  // `flow`: the proxy's flow that the message came by, to which node.
  std::vector<HomeMessage> OnMessage(int node, FlowId flow,
                                     const std::string& text, Instant now);
  Health health(int node) const { return health_[static_cast<size_t>(node)]; }
  void SetHealth(int node, Health health) {
    health_[static_cast<size_t>(node)] = health;
  }
  // The network does something by itself.
  std::vector<HomeMessage> Administer(Instant now) {
    return notifier_.Administer(now);
  }
  // From now on it grants what is asked for.
  void BeGenerous() { generous_ = true; }

  uint64_t delivered() const { return delivered_; }
  uint64_t subscribed() const { return notifier_.subscribed(); }

 private:
  std::vector<HomeMessage> OnRegister(FlowId flow, const std::string& text,
                                      Instant now);
  bool IsLate(std::string_view text);
  std::string Challenge(const std::string& text);
  std::string Bind(const std::string& text, const BindingKey& key, int user,
                   Instant now);
  std::string Leave(const std::string& text, const BindingKey& key);
  std::string Marks(const std::string& text);
  std::vector<HomeMessage> OnOriginating(FlowId flow, const std::string& text,
                                         Instant now);
  std::vector<HomeMessage> OnResponse(const std::string& text);
  std::string RelayTo(int device, const Binding& binding,
                      const std::string& text, FlowId flow);
  Millis Delay();

  Chance& chance_;
  const std::string service_route_;
  Bindings bindings_;
  Notifier notifier_;
  bool generous_ = false;
  uint64_t next_ = 0;
  std::array<Health, kNodes> health_{};
  std::map<std::string, std::string, std::less<>> nonces_;  // by Call-ID
  std::map<std::string, uint64_t, std::less<>>
      cseqs_;  // the last one, likewise
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
