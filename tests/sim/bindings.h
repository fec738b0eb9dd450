// Bindings are what the simulated registrar knows: which device is registered
// with which identity, until when, and which registrations the network itself
// ended.
#ifndef TESTS_SIM_BINDINGS_H_
#define TESTS_SIM_BINDINGS_H_

#include <map>
#include <set>
#include <string>
#include <utility>

#include "core/base/time.h"

namespace sallyport::sim {

struct Binding {
  std::string path;
  std::string stale;  // its Path before, once it had another
  Instant expires;
};

// An identity and a device (the number of a phone).
using BindingKey = std::pair<std::string, int>;

struct Bindings {
  std::map<BindingKey, Binding> bound;
  std::set<BindingKey> ended;  // by the network, and not granted again since
};

}  // namespace sallyport::sim

#endif  // TESTS_SIM_BINDINGS_H_
