// The nodes of the simulated home core, and how they do.
#ifndef TESTS_SIM_NODES_H_
#define TESTS_SIM_NODES_H_

#include <cstdint>

#include "core/base/endpoint.h"

namespace sallyport::sim {

// Nodes 0 to kEntryPoints-1 are entry points; the last one serves. Where the
// proxy knows addresses and no names, it knows the first kLiterals.
constexpr int kEntryPoints = 4;
constexpr int kLiterals = 2;
constexpr int kServing = kEntryPoints;
constexpr int kNodes = kEntryPoints + 1;

enum class Health : uint8_t {
  kUp,
  kDead,         // nothing can be connected, what was connected breaks
  kSilent,       // takes everything and says nothing
  kUnavailable,  // answers 503
};

// Entry points are 192.0.2.20 and up; 192.0.2.30 serves.
inline Endpoint NodeAt(int node) {
  const int last = node == kServing ? 30 : 20 + node;
  return {.address = IpAddress::V4({192, 0, 2, static_cast<uint8_t>(last)}),
          .port = 5060};
}

}  // namespace sallyport::sim

#endif  // TESTS_SIM_NODES_H_
