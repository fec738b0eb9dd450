// A Reactor moves bytes between one shard and its sockets: one io_uring, the
// streams, listeners and UDP sockets on it, and their buffers.
#ifndef NET_REACTOR_H_
#define NET_REACTOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "core/base/endpoint.h"
#include "core/base/time.h"
#include "core/base/timer_wheel.h"
#include "net/close_reason.h"
#include "net/completion.h"
#include "net/event_sink.h"
#include "net/fd.h"
#include "net/limits.h"
#include "net/listeners.h"
#include "net/reactor_counters.h"
#include "net/receive_buffers.h"
#include "net/result.h"
#include "net/ring.h"
#include "net/send_buffers.h"
#include "net/socket.h"
#include "net/start_failure.h"
#include "net/streams.h"
#include "net/udp_sockets.h"

namespace sallyport::net {

struct ReactorOptions {
  uint32_t ring_entries = kRingEntriesDefault;
  uint32_t streams_max = kStreamsDefault;
  size_t queued_bytes_max = kQueuedBytesDefault;      // per stream
  size_t send_bytes_max = kSendBytesDefault;          // all peers together
  size_t send_bytes_reserved = 0;   // of these, only for peers with
  uint32_t reserved_tags_from = 0;  // this tag or a higher one
  uint32_t receive_buffers = kReceiveBuffersDefault;  // a power of two
  uint32_t receive_buffer_bytes = kReceiveBufferBytesDefault;
  uint32_t datagram_buffers = kDatagramBuffersDefault;  // a power of two
  uint32_t datagrams_queued_max = kDatagramsQueuedDefault;
  StreamOptions connect;  // for the connections that Connect() makes
};

// Threads: made by any thread; from Enable() on owned by the thread that called
//          it. Other threads may call WakeFromOutside() and counters(), and use
//          the number ring_fd(). Destroy it when its thread has ended.
// Owns:    the ring, all descriptors handed to it, all buffers.
// Bounds:  ReactorOptions; net/limits.h. A newcomer past a bound is refused and
//          counted; a peer that does not read is closed (kSlowPeer).
// Fails:   Create() and Enable() only; later failures are events of a stream.
// Cost:    one io_uring_enter per turn; nothing from the heap in steady state.
class Reactor {
 public:
  static Result<std::unique_ptr<Reactor>, StartFailure> Create(
      const ReactorOptions& options);
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Makes the calling thread the owner. Listen(), OpenUdp() and Adopt() may be
  // called before, by the thread that made the reactor.
  Status<StartFailure> Enable();

  // Waits for events until `until` at the latest, then hands each to the sink.
  // Does not wait when something is left to do.
  void Turn(Instant until, EventSink& sink);
  // The monotonic clock, read once per turn (after the wait).
  Instant Now() const;

  // Listening sockets and datagrams -----------------------------------------

  // Accepts from now on what comes to this listening socket. At most
  // kListenersMax (CHECK). Stream options of the socket are inherited.
  void Listen(Fd socket, uint32_t tag);
  // Nobody is accepted at the sockets with this tag until it is let go: newcomers
  // wait in the kernel's queue. Some may still be on their way.
  void HoldAccepting(uint32_t tag, bool held);
  // Closes all listening sockets; streams stay.
  void StopListening();
  // At most kUdpSocketsMax (CHECK).
  UdpId OpenUdp(Fd socket, uint32_t tag);
  // Queues a datagram; sent at the next turn. `from` chooses the local address
  // when the socket has the wildcard (invalid: the system chooses). False, and
  // counted, when the queue is full.
  [[nodiscard]] bool SendDatagram(UdpId socket, const Endpoint& peer,
                                  std::string_view bytes,
                                  const IpAddress& from = {});

  // Streams -----------------------------------------------------------------

  // Begins to connect; OnConnected or OnClosed (kConnect...) follows. Bytes may
  // be queued at once. An invalid handle (and no event) when no stream or
  // descriptor is left. The caller bounds the time, by Close().
  [[nodiscard]] StreamId Connect(const Endpoint& peer, uint32_t tag);
  // Takes a connection that another shard detached. An invalid handle (and the
  // connection is closed) when no stream is left.
  [[nodiscard]] StreamId Adopt(Fd connection, uint32_t tag,
                               const Endpoint& peer, const Endpoint& local);
  // Stops receiving; OnDetached or OnClosed follows, OnBytes may come before.
  void Detach(StreamId stream);

  // Room for `bytes` at the end of the stream's outgoing batch; Commit() says
  // how many of them were written. Null when the stream is gone, or when a
  // bound is passed: then the reactor closes it (kSlowPeer, kNoSendMemory). The
  // room dies with the next call for this stream. All that is committed before
  // the next turn leaves in one send.
  [[nodiscard]] char* Reserve(StreamId stream, size_t bytes);
  void Commit(StreamId stream, size_t bytes);
  // Reserve, copy, Commit. False where Reserve returns null.
  bool Queue(StreamId stream, std::string_view bytes);
  // Committed and not yet taken by the kernel.
  size_t QueuedBytes(StreamId stream) const;

  // OnClosed follows, in a turn. kAbort may follow kFlush. Does nothing when
  // the stream is gone. A flush lasts kFlushMax at most.
  void Close(StreamId stream, CloseHow how, Instant flush_until = kNever);

  // False from the moment the stream is closing (or gone).
  bool IsOpen(StreamId stream) const;
  uint32_t tag(StreamId stream) const;  // 0 when gone
  uint32_t open_streams() const;
  // Streams that still hold a descriptor, closing ones included.
  uint32_t held_streams() const;

  // Mail --------------------------------------------------------------------

  // The address for Wake() of other reactors.
  int ring_fd() const;
  // The reactor with that ring gets OnMail. Submitted with the next turn. That
  // ring must live until both threads have ended their last turn.
  void Wake(int ring_fd);
  // As Wake(), for any thread that has no reactor (a system call at once).
  void WakeFromOutside() const;

  const ReactorCounters& counters() const;

 private:
  explicit Reactor(const ReactorOptions& options);
  std::optional<StartFailure> Make();
  Millis WaitTime(Instant until) const;
  void Dispatch(const Completion& completion, EventSink& sink);
  void PopTimers();
  void OnOutsideWake();

  const ReactorOptions options_;
  ReactorCounters counters_;
  Instant now_;
  bool mail_due_ = false;
  Fd event_fd_;  // outside wakes
  uint64_t event_count_ = 0;
  TimerWheel timers_;
  SendBuffers send_buffers_;
  std::unique_ptr<Ring> ring_;  // goes first: the kernel uses what follows
  std::unique_ptr<ReceiveBuffers> receive_buffers_;
  std::unique_ptr<ReceiveBuffers> datagram_buffers_;
  std::unique_ptr<Streams> streams_;
  std::unique_ptr<Listeners> listeners_;
  std::unique_ptr<UdpSockets> udp_;
};

}  // namespace sallyport::net

#endif  // NET_REACTOR_H_
