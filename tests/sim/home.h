// A Home is the simulated home network: a registrar that challenges and verifies,
// and a relay between registered phones.
#ifndef TESTS_SIM_HOME_H_
#define TESTS_SIM_HOME_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "core/flow.h"
#include "tests/sim/chance.h"

namespace sallyport::sim {

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

  // `flow`: the proxy's flow that the message came by.
  std::vector<HomeMessage> OnMessage(FlowId flow, const std::string& text,
                                     Instant now);
  // Was this phone ever granted a registration?
  bool EverGranted(int phone) const { return ever_.count(phone) > 0; }
  uint64_t relayed() const { return relayed_; }
  uint64_t delivered() const { return delivered_; }

 private:
  struct Binding {
    std::string path;
    Instant expires;
  };
  std::string OnRegister(const std::string& text, Instant now);
  std::string Challenge(const std::string& text, int phone);
  std::vector<HomeMessage> OnOriginating(FlowId flow, const std::string& text,
                                         Instant now);
  Millis Delay();

  Chance& chance_;
  uint64_t next_ = 0;
  std::map<int, std::string> nonces_;
  std::map<int, Binding> bindings_;
  std::map<int, int> ever_;
  // Who waits for the answer to a relayed request, by our branch.
  struct Waiting {
    FlowId flow;
    std::string request;
  };
  std::map<std::string, Waiting> waiting_;
  uint64_t relayed_ = 0;
  uint64_t delivered_ = 0;
};

}  // namespace sallyport::sim

#endif  // TESTS_SIM_HOME_H_
