// Listeners are the listening sockets of one reactor.
#ifndef NET_LISTENERS_H_
#define NET_LISTENERS_H_

#include <cstdint>
#include <vector>

#include "core/base/time.h"
#include "core/base/timer_wheel.h"
#include "net/completion.h"
#include "net/event_sink.h"
#include "net/fd.h"
#include "net/reactor_counters.h"
#include "net/ring.h"
#include "net/streams.h"

namespace sallyport::net {

// When no stream is left, a new connection is closed at once, and counted. When
// the process has no descriptor or memory left, accepting pauses for
// kAcceptPause, and new connections wait in the backlog.
class Listeners {
 public:
  struct Parts {
    Ring* ring;
    Streams* streams;
    TimerWheel* timers;
    ReactorCounters* counters;
  };
  Listeners(const Parts& parts, uint32_t pause_kind)
      : parts_(parts), pause_kind_(pause_kind) {}
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;

  void Listen(Fd socket, uint32_t tag);
  // While held, nobody is accepted at the sockets with this tag; some may still be
  // on their way.
  void Hold(uint32_t tag, bool held);
  void Stop();

  void OnCompletion(const Completion& completion, Instant now, EventSink& sink);
  void OnPauseEnd(SlotHandle listener);

 private:
  // A slot is never used again, so its generation is its number.
  struct Listener {
    Fd socket;
    uint32_t tag = 0;
    bool accepting = false;  // the request is in the kernel
    bool held = false;
    bool pausing = false;  // a timer will begin again
  };
  void StartAccept(uint32_t slot);
  void OnConnection(Fd connection, uint32_t tag, EventSink& sink);
  void Pause(uint32_t slot, Instant now);

  const Parts parts_;
  const uint32_t pause_kind_;
  std::vector<Listener> listeners_;
  bool stopped_ = false;
};

}  // namespace sallyport::net

#endif  // NET_LISTENERS_H_
