// HopTargets are the places in the home network that requests went to: an
// address, a port and a transport each, with what is known of their health.
// Over TLS the name that must be proven there belongs to it: where one name is
// not, another may be.
#ifndef CORE_ROUTING_HOP_TARGETS_H_
#define CORE_ROUTING_HOP_TARGETS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "core/base/endpoint.h"
#include "core/base/slab.h"
#include "core/base/time.h"
#include "core/routing/breaker.h"
#include "core/sip/values.h"

namespace sallyport::routing {

using TargetId = SlotHandle;

// A number for a host name, whatever the case of its letters; 0 for none.
uint64_t NameMark(std::string_view host);

struct HopTarget {
  Endpoint endpoint;
  sip::Transport transport = sip::Transport::kTcp;
  std::string host;  // TLS alone; empty: the address is to be proven
  Breaker breaker;
  uint32_t users = 0;  // entries of the configuration, and names, that list it
  uint32_t entries = 0;  // of these: who stands for the home core itself
  Instant used{};        // last
  Instant heard{};       // last, or probed
  bool probing = false;  // a probe is under way
};

// Bounds: `capacity`; the one that nobody lists and that was used least
//         recently makes room. When all are listed, the newcomer's health is
//         not kept (an invalid id), and it is taken for healthy.
// Cost:   Find: O(1), no heap. Add: heap when it is new.
class HopTargets {
 public:
  HopTargets(uint32_t capacity, const BreakerPolicy& policy)
      : policy_(policy), targets_(capacity) {}

  // `host` counts with TLS alone.
  TargetId Find(const Endpoint& endpoint, sip::Transport transport,
                std::string_view host = {}) const;
  TargetId FindOrAdd(const Endpoint& endpoint, sip::Transport transport,
                     Instant now, std::string_view host = {});
  HopTarget* Get(TargetId id) { return targets_.Find(id); }
  const HopTarget* Get(TargetId id) const { return targets_.Find(id); }
  const HopTarget* At(uint32_t slot) const { return targets_.At(slot); }
  uint32_t slots_used() const { return targets_.slots_used(); }

  // Unknown targets admit everything.
  bool Admits(TargetId id, Instant now) const;
  bool AskedToRest(TargetId id, Instant now) const;
  void Began(TargetId id, Instant now);
  void Succeeded(TargetId id, Instant now);
  void Failed(TargetId id, Instant now);
  void RestFor(TargetId id, Millis asked, Instant now);

  // An entry of which nothing was heard for `quiet`; it counts as probed until
  // EndProbe(). Invalid: there is none. Who asked for a rest gets it.
  TargetId BeginProbe(Millis quiet, Instant now);
  void EndProbe(TargetId id);
  // When BeginProbe() may find one, as far as is known now.
  Instant NextProbe(Millis quiet, Instant now) const;

  // Counts up when a target comes, goes or changes its state by an event.
  uint64_t version() const { return version_; }
  // A message may come from there: this shard sent something to it.
  bool Knows(const IpAddress& address) const;
  // ... and it stands for the home core itself.
  bool IsEntry(const IpAddress& address) const;

  void CheckInvariants() const;

 private:
  using Key = std::tuple<Endpoint, sip::Transport, uint64_t>;
  static Key KeyOf(const Endpoint& endpoint, sip::Transport transport,
                   std::string_view host);
  bool MakeRoom();
  bool MayProbe(const HopTarget& target, Instant now) const {
    return target.entries > 0 && !target.probing &&
           !target.breaker.AskedToRest(now);
  }
  void Note(bool changed) { version_ += changed; }

  const BreakerPolicy policy_;
  Slab<HopTarget> targets_;
  absl::flat_hash_map<Key, TargetId> index_;
  uint64_t version_ = 0;
};

}  // namespace sallyport::routing

#endif  // CORE_ROUTING_HOP_TARGETS_H_
