// What a Reactor counts.
#ifndef NET_REACTOR_COUNTERS_H_
#define NET_REACTOR_COUNTERS_H_

#include <array>

#include "core/base/counter.h"
#include "net/close_reason.h"

namespace sallyport::net {

// Threads: written by the reactor's owner, read by anyone (the metrics page).
struct ReactorCounters {
  // Streams. Open ones: accepted + connects + adopted - detached - all closed.
  Counter accepted;
  Counter connects;  // begun
  Counter adopted;
  Counter detached;
  std::array<Counter, kCloseReasonCount> closed;  // by CloseReason
  Counter bytes_received;
  Counter bytes_sent;
  Counter receives;
  Counter sends;

  // Newcomers that were turned away.
  Counter refused_accepts;  // the stream table was full
  Counter refused_connects;
  Counter refused_adoptions;
  Counter gone_accepts;   // the peer had left before we looked
  Counter accept_pauses;  // no descriptors or memory: accepting rested a while

  // Datagrams.
  Counter datagrams_received;
  Counter datagrams_sent;
  Counter datagrams_truncated;
  Counter datagrams_refused;  // the outgoing queue was full, or too long
  Counter datagrams_failed;   // the system refused to send

  // The ring.
  Counter turns;
  Counter enters;         // io_uring_enter calls
  Counter submissions;    // requests handed to the kernel
  Counter completions;    // completions reaped
  Counter early_submits;  // a turn wanted more than the ring's entries
  Counter overflows;      // turns that found completions kept by the kernel
  Counter stale;          // completions for a tenant that has left
  Counter no_buffers;     // a receive found no buffer and was armed again
  Counter wakes_sent;
  Counter wakes_received;
  Counter wakes_failed;

  uint64_t Closed(CloseReason reason) const {
    return closed[static_cast<size_t>(reason)].Get();
  }
};

}  // namespace sallyport::net

#endif  // NET_REACTOR_COUNTERS_H_
