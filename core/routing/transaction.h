// A Transaction is one request on its way through the proxy: the server side
// that it came from and the client side that it went to, joined. Source: RFC
// 3261 16, 17.1.2, 17.2.2
#ifndef CORE_ROUTING_TRANSACTION_H_
#define CORE_ROUTING_TRANSACTION_H_

#include <cstdint>
#include <string_view>

#include "core/actions.h"
#include "core/base/slab.h"
#include "core/base/slot_index.h"
#include "core/base/time.h"
#include "core/base/timer_wheel.h"
#include "core/flow.h"
#include "core/registration/association_slice.h"
#include "core/registration/integrity.h"
#include "core/routing/message_pool.h"
#include "core/routing/next_hops.h"

namespace sallyport::routing {

// A part of a kept message: offsets, because the message is a copy.
struct Part {
  uint32_t begin = 0;
  uint32_t size = 0;

  // Empty when `part` does not lie in `whole`.
  static Part Of(std::string_view whole, std::string_view part) {
    if (part.data() < whole.data() ||
        part.data() + part.size() > whole.data() + whole.size()) {
      return {};
    }
    return {static_cast<uint32_t>(part.data() - whole.data()),
            static_cast<uint32_t>(part.size())};
  }
  std::string_view In(std::string_view whole) const {
    return whole.substr(begin, size);
  }
};

// Where a request came from, and so where its responses go.
struct Upstream {
  FlowId flow;
  Endpoint source;
  Endpoint reply;  // datagrams, and streams to the core that were closed
  sip::Transport transport = sip::Transport::kTcp;
  Side side = Side::kAccess;
};

// What the 200 to a REGISTER needs to know of the REGISTER (spec 5.3, 5.4).
struct RegisterMemory {
  registration::AssociationId association;  // invalid: it came in clear
  registration::Integrity integrity = registration::Integrity::kNone;
  bool had_response = false;
  // Its Security-Client offers TLS. (Other mechanisms are none of ours.)
  // Source: TS 33.203 P.3
  bool agreement_client = false;
  bool secagree = false;          // any trace of the security agreement
  uint32_t contacts = 0;
  bool star = false;
  uint32_t reg_id = 0;
  uint32_t expires_s = 3600;  // asked for
  Part username, call_id, from_tag;  // a challenge is remembered by them
  Part contact_uri, instance;
};

// What a response to the core repeats of its request (spec 2.7).
struct ChargingMemory {
  Part called_party, icid, orig_ioi;
};

// Which procedure made a request of our own, and hears what became of it.
enum class OwnPurpose : uint8_t { kRegEvent, kProbe };

struct Transaction {
  // kOwn: we made the request ourselves, so it has no server side.
  enum class Kind : uint8_t { kRegister, kOriginating, kTerminating, kOwn };
  enum class Phase : uint8_t { kTrying, kProceeding, kCompleted };

  // ---- server side
  Kind kind = Kind::kRegister;
  Phase phase = Phase::kTrying;
  // A REGISTER without a final answer: its place in --core_registers_max.
  bool awaits_registrar() const {
    return kind == Kind::kRegister && phase != Phase::kCompleted;
  }
  uint64_t key = 0;  // fingerprint of branch, sent-by and where it came from
  uint64_t method_hash = 0;
  Upstream upstream;
  PooledBytes request;  // as received; only the head unless it may go again
  PooledBytes answer;   // the last response, when it may have to be repeated

  // ---- client side
  Destination downstream;  // its host: while the request leaves
  uint64_t hop_mark = 0;   // NextHops::Mark of where it went in the core
  uint8_t attempt = 0;     // a new branch each
  bool lost = false;       // its way forward is gone; the next step is due
  bool whole = false;      // `request` has its body: it may go again
  bool waiting = false;    // for a name; end_timer bounds it
  bool asks_desk = false;  // for a word of another shard; as above
  NameId awaited;          // invalid: any of the home core
  TargetId target;         // the health of where it went
  HopTries tries;
  uint8_t silences = 0;    // attempts that Timer F ended
  registration::AssociationId caller;  // kOriginating: whose Service-Route
  uint64_t loop_hash = 0;
  uint64_t echo = 0;     // kTerminating: EchoHash of the request
  PooledBytes sent;      // as forwarded over UDP
  Millis retransmit{0};  // Timer E's present interval
  TimerId retransmit_timer;
  TimerId end_timer;  // Timer F, then Timer J

  RegisterMemory registration;  // kRegister
  ChargingMemory charging;      // kTerminating
  OwnPurpose purpose = OwnPurpose::kRegEvent;  // kOwn
  SlotHandle subject;                          // kOwn: whatever it is about

  // ---- the table's own
  SlotIndex::Link key_link;
  uint32_t next_of_flow = SlotHandle::kNoSlot;
  uint32_t previous_of_flow = SlotHandle::kNoSlot;
  bool indexed = false;
  bool on_flow = false;
};

}  // namespace sallyport::routing

#endif  // CORE_ROUTING_TRANSACTION_H_
