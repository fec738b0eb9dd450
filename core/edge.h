// An Edge is the whole protocol of one shard: events and the present time go
// in, actions come out. It knows no socket, no thread, no clock and no TLS
// library.
#ifndef CORE_EDGE_H_
#define CORE_EDGE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/actions.h"
#include "core/base/endpoint.h"
#include "core/base/time.h"
#include "core/counters.h"
#include "core/edge_config.h"
#include "core/flow.h"
#include "core/registration/integrity.h"
#include "core/resolution.h"
#include "core/sip/values.h"

namespace sallyport {

// A message that another shard received and that belongs to this one: its flow
// token or its branch says so, or it is an unprotected REGISTER of which this
// one may know more.
struct HandedOver {
  FlowId flow;  // the other shard's; answers go there
  Endpoint peer;
  FlowInfo info;           // of that flow
  std::string_view bytes;  // one whole message
};

// Threads: one. Owns: associations, transactions, timers of its shard.
// Borrows: received bytes for the length of a call, and until the actions of
// that
//          call were performed.
// Bounds:  EdgeConfig. At a bound the newcomer is refused (spec E33).
// Laws:    each event method replaces the actions of the one before; the same
//          events at the same times give the same actions.
// Cost:    no heap allocation on REGISTER over an established TLS flow and its
//          response, once tables have grown to the load.
class Edge {
 public:
  // `entropy` and `mac` outlive the Edge.
  Edge(const EdgeConfig& config, Entropy& entropy, const Mac& mac, Instant now);
  ~Edge();
  Edge(const Edge&) = delete;
  Edge& operator=(const Edge&) = delete;

  // ---- events
  // A flow opened: a stream was accepted or connected and, if TLS, its
  // handshake is complete; or a datagram socket exists.
  void OnFlowOpened(FlowId flow, const FlowInfo& info, Instant now);
  // It is gone; nothing can be sent on it any more.
  void OnFlowClosed(FlowId flow, Instant now);
  // OnReceived will be called for it soon: brings near what it will need. No
  // event: nothing changes. `step` counts up to kApproachSteps.
  void Approach(FlowId flow, unsigned step) const;
  // Bytes of a stream flow that were not yet consumed, or one datagram. Takes
  // at most one message off the front and returns how many bytes it took; 0: it
  // needs more. The caller performs the actions and calls again with the rest,
  // until 0 or until an action closed the flow. (Datagrams are always taken
  // whole.)
  [[nodiscard]] size_t OnReceived(FlowId flow, const Endpoint& peer,
                                  std::string_view received, Instant now);
  void OnHandedOver(const HandedOver& message, Instant now);
  // Another shard relayed a 401 with our Security-Server (seed profile).
  void OnChallengeShared(uint64_t challenge, Instant now);
  // Another shard speaks of a device of a user: what a kTell action carried.
  void OnNews(std::string_view news, Instant now);
  // No link to this core peer could be had, or it broke with messages unsent or
  // unanswered: transactions that wait for it try the next peer or end.
  // `host`: over TLS, what it was to prove (Destination).
  void OnCorePeerLost(const Endpoint& peer, sip::Transport transport,
                      Instant now, std::string_view host = {});
  // The answer to a kResolve action; also when it comes late, or twice.
  void OnResolved(const HostAnswer& answer, Instant now);
  // Performs one due timer; true when another one may be due at `now`.
  [[nodiscard]] bool OnTimer(Instant now);
  // No timer before this instant.
  Instant NextDeadline() const;

  // Whether requests from there are heard on the core side (spec 1.3).
  bool IsCorePeer(const IpAddress& address) const;

  // What the last event wants done; valid until the next event.
  Actions actions() const;

  // ---- looking in (admin page, tests)
  const Counters& counters() const;
  const registration::RuleCounters& rules() const;  // of REGISTERs, D1 to D18
  struct Totals {
    uint32_t flows = 0, associations_active = 0, associations_suspended = 0,
             associations_reserved = 0, transactions = 0, subscriptions = 0,
             timers = 0;
    uint32_t core_registers = 0;  // that the core has not answered yet
  };
  Totals totals() const;
  struct AssociationInfo {
    SlotHandle id;
    std::string_view impi;
    std::string_view state;  // "reserved", "active", "suspended"
    FlowId flow;             // invalid when suspended
    Endpoint peer;
    Instant expires;
    std::vector<std::string> identities;
    // The last verdict on a REGISTER of its connection, also on a refused one.
    registration::Rule rule;
    std::string_view integrity;  // "", "tls-pending", "tls-yes"
    Instant decided;
  };
  // At most `most` associations of this IMPI (empty: of all).
  std::vector<AssociationInfo> FindAssociations(std::string_view impi,
                                                size_t most) const;
  // Next hops in the home network, and how they do.
  struct NextHopInfo {
    Endpoint endpoint;
    sip::Transport transport = sip::Transport::kTcp;
    std::string host;    // TLS: the name that it must prove; empty: its address
    bool entry = false;  // of the home core, not only of a Service-Route
    bool up = true;
  };
  std::vector<NextHopInfo> NextHops() const;
  // Another number when NextHops() may say something else.
  uint64_t next_hops_version() const;
  // Dies when an invariant of its tables does not hold (tests, simulation).
  void CheckInvariants() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport

#endif  // CORE_EDGE_H_
