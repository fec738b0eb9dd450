// What an Edge wants done after an event: values in a bounded buffer. The shard
// performs them, in order, before it shows the Edge anything else.
#ifndef CORE_ACTIONS_H_
#define CORE_ACTIONS_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "core/flow.h"
#include "core/resolution.h"
#include "core/sip/splice.h"

namespace sallyport {

// Where a message goes: along a flow (of this shard or of another one), or to a
// core peer over this shard's own link, which is opened when there is none.
struct Destination {
  FlowId flow;    // invalid: use peer and transport
  Endpoint peer;  // datagram flows and core links
  sip::Transport transport = sip::Transport::kTcp;
  // Core links over TLS: the name that the peer must prove to be; empty: its
  // address. Borrowed until the actions were performed.
  std::string_view host{};

  static Destination ToFlow(FlowId flow, const Endpoint& peer) {
    return {.flow = flow, .peer = peer, .transport = {}};
  }
  static Destination ToCore(const Endpoint& peer, sip::Transport transport,
                            std::string_view host = {}) {
    return {.flow = {}, .peer = peer, .transport = transport, .host = host};
  }
};

struct Action {
  enum class Kind : uint8_t {
    kSend,      // gather `message` (or copy `text`) and send it to `to`
    kClose,     // close `to.flow` for `reason`, after all that was queued left
                // (TLS: with close_notify)
    kHandOver,  // give `text` to shard `shard`: it came on to.flow, of which
                // `info` speaks, from to.peer
    kRevoke,    // no ticket of `tls_session` may resume any more
    kShareChallenge,  // tell all other shards: `challenge` (seed profile only)
    kTell,            // give `text` to shard `shard` (Edge::OnNews)
    kResolve,         // find the servers of `question` (Edge::OnResolved)
  };
  Kind kind = Kind::kSend;
  Destination to{};
  const sip::SpliceList* message =
      nullptr;  // sealed; or null and `text` is sent
  std::string_view text{};
  const FlowInfo* info = nullptr;
  CloseReason reason = CloseReason::kPeerClosed;
  ShardId shard = 0;
  TlsSessionId tls_session{};
  uint64_t challenge = 0;  // fingerprint of the challenge context
  HostQuestion question{};
};

using Actions = std::span<const Action>;

}  // namespace sallyport

#endif  // CORE_ACTIONS_H_
