// What a Reactor tells its owner.
#ifndef NET_EVENT_SINK_H_
#define NET_EVENT_SINK_H_

#include <cstdint>
#include <span>

#include "core/base/endpoint.h"
#include "core/base/slab.h"
#include "net/close_reason.h"
#include "net/fd.h"

namespace sallyport::net {

// A TCP connection of one reactor. It finds nothing after OnClosed or
// OnDetached.
using StreamId = SlotHandle;

struct UdpId {
  static constexpr uint8_t kNone = 0xff;
  uint8_t index = kNone;

  bool valid() const { return index != kNone; }
  friend bool operator==(const UdpId&, const UdpId&) = default;
};

// Borrows: the receive buffer; dies with the call that brings it.
struct DatagramView {
  UdpId socket;
  uint32_t tag = 0;
  Endpoint peer;
  Endpoint local;  // where it came to, also when the socket has the wildcard
  std::span<const uint8_t> bytes;
};

// Threads: called in Reactor::Turn only, by the thread that owns the reactor.
//          An event may call every function of the reactor but Turn(); none of
//          them calls back.
// Laws:    per stream, but for OnApproach: OnAccepted or OnConnected (if any) comes first, then any
//          OnBytes, then one of OnClosed and OnDetached, once; nothing after
//          it. After Close() there is no OnBytes any more, only OnClosed.
class EventSink {
 public:
  virtual ~EventSink() = default;

  // A listener with this tag has got a connection.
  virtual void OnAccepted(StreamId stream, uint32_t tag, const Endpoint& peer,
                          const Endpoint& local) = 0;
  // What Connect() began has succeeded.
  virtual void OnConnected(StreamId stream) = 0;
  // Later in this turn something will be heard of the stream (or not: it may be
  // gone by then): the sink may bring its memory near. `step` counts up to
  // kApproachSteps. Nothing may be asked of the reactor here.
  virtual void OnApproach(StreamId, unsigned /*step*/) {}
  // `bytes` (never empty) may be changed in place; they die with the call.
  virtual void OnBytes(StreamId stream, std::span<uint8_t> bytes) = 0;
  virtual void OnClosed(StreamId stream, CloseReason reason) = 0;
  // What Detach() began is done; the connection is the sink's. What was queued
  // has been sent; what has been received has come by OnBytes.
  virtual void OnDetached(StreamId stream, Fd connection, const Endpoint& peer,
                          const Endpoint& local) = 0;
  virtual void OnDatagram(const DatagramView& datagram) = 0;
  // Somebody called Wake() for this reactor, or it begins: look into the
  // mailboxes. One event may stand for several wakes.
  virtual void OnMail() = 0;
};

}  // namespace sallyport::net

#endif  // NET_EVENT_SINK_H_
