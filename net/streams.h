// Streams are the TCP connections of one reactor: their states, what is queued
// for them, and their requests in the kernel.
#ifndef NET_STREAMS_H_
#define NET_STREAMS_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/endpoint.h"
#include "core/base/slab.h"
#include "core/base/time.h"
#include "core/base/timer_wheel.h"
#include "net/close_reason.h"
#include "net/completion.h"
#include "net/event_sink.h"
#include "net/fd.h"
#include "net/receive_buffers.h"
#include "net/ring.h"
#include "net/send_buffers.h"
#include "net/socket.h"

namespace sallyport::net {

// state        event                                      next
// kConnecting  connected                                  kOpen (OnConnected)
// kConnecting  failed, closed                             kEnding
// kOpen        Detach()                                   kDetaching
// kOpen        Close(kFlush), something queued            kFlushing
// kOpen        Close(kFlush), nothing queued              kLingering
// kOpen        the peer's end, something queued           kFlushing
// kOpen        the peer's end, nothing queued             kEnding
// kOpen        error, Close(kAbort), a bound passed       kEnding
// kDetaching   receiving ended, all sent                  gone (OnDetached)
// kDetaching   error, Close()                             kEnding
// kFlushing    all sent, the peer has not ended           kLingering
// kFlushing    all sent, the peer has ended               kEnding
// kFlushing    error, Close(kAbort), deadline             kEnding
// kLingering   the peer's end, error, abort, deadline     kEnding
// kEnding      no request in the kernel, OnClosed said    gone
enum class StreamState : uint8_t {
  kConnecting,
  kOpen,
  kDetaching,
  kFlushing,   // no bytes to the sink any more; what is queued leaves
  kLingering,  // our side has ended; bytes of the peer are dropped
  kEnding,     // requests are being cancelled
};
std::string_view ToString(StreamState state);

// Invariant: `leaving` holds memory only while `sending`; a descriptor is
// closed only when no request for it is in the kernel.
struct Stream {
  int fd = -1;
  uint32_t tag = 0;
  Endpoint peer;
  Endpoint local;
  SendBuffer filling;  // the next send
  SendBuffer leaving;  // the send in flight
  uint32_t sent = 0;   // of `leaving`
  TimerId deadline;
  StreamState state = StreamState::kOpen;
  CloseReason reason = CloseReason::kLocalAbort;
  bool connecting : 1 = false;  // requests in the kernel
  bool receiving : 1 = false;
  bool sending : 1 = false;
  bool send_due : 1 = false;    // listed for the next submission
  bool report_due : 1 = false;  // listed for OnClosed or OnDetached
  bool reported : 1 = false;
  bool peer_ended : 1 = false;
  bool reset : 1 = false;  // the peer gets a reset, not an end
};
static_assert(sizeof(Stream) <= 112, "an idle connection costs this");

// Borrows: ring, buffers, timers, counters; all must outlive it.
class Streams {
 public:
  struct Options {
    uint32_t streams_max = kStreamsDefault;
    size_t queued_bytes_max = kQueuedBytesDefault;
    // Streams with this tag or a higher one are SendClass::kReserved.
    uint32_t reserved_tags_from = 0;
    StreamOptions connect;
    uint32_t deadline_kind = 0;  // TimerKey.kind of ours
  };
  struct Parts {
    Ring* ring;
    ReceiveBuffers* receive_buffers;
    SendBuffers* send_buffers;
    TimerWheel* timers;
    ReactorCounters* counters;
  };
  Streams(const Options& options, const Parts& parts);
  ~Streams();
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  // As in Reactor.
  [[nodiscard]] StreamId Connect(const Endpoint& peer, uint32_t tag);
  void Detach(StreamId id);
  [[nodiscard]] char* Reserve(StreamId id, size_t bytes);
  void Commit(StreamId id, size_t bytes);
  size_t QueuedBytes(StreamId id) const;
  void Close(StreamId id, CloseHow how, Instant flush_until);
  const Stream* Find(StreamId id) const { return table_.Find(id); }
  void Prefetch(StreamId id) const { table_.Prefetch(id.slot); }
  bool IsLive(StreamId id) const;  // the sink may still use it
  uint32_t live() const { return live_; }
  uint32_t held() const { return table_.size(); }

  bool full() const { return table_.size() == table_.capacity(); }
  // Takes a connected descriptor and receives from it; !full().
  [[nodiscard]] StreamId Add(Fd connection, uint32_t tag, const Endpoint& peer,
                             const Endpoint& local);

  // The reactor's turn, in this order.
  void SubmitSends();
  void OnCompletion(const Completion& completion, Instant now, EventSink& sink);
  void OnDeadline(StreamId id);
  void Report(EventSink& sink);
  bool has_reports() const { return !reports_.empty(); }

 private:
  void StartReceive(StreamId id, Stream& stream);
  void OnReceive(StreamId id, Stream& stream, const Completion& completion,
                 Instant now, EventSink& sink);
  void OnReceived(StreamId id, Stream& stream, const Completion& completion,
                  EventSink& sink);
  void OnPeerEnd(StreamId id, Stream& stream, Instant now);
  void OnSend(StreamId id, Stream& stream, int32_t result);
  void OnAllSent(StreamId id, Stream& stream);
  void OnConnect(StreamId id, Stream& stream, int32_t result, EventSink& sink);
  void OnCancelFailed(StreamId id, Stream& stream,
                      const Completion& completion);

  void SetState(Stream& stream, StreamState next);
  void ListSend(StreamId id, Stream& stream);
  void SubmitSend(StreamId id, Stream& stream);
  void StartFlush(StreamId id, Stream& stream, Instant until);
  void StartLinger(StreamId id, Stream& stream);
  void End(StreamId id, Stream& stream, CloseReason reason);
  void CancelRequests(StreamId id, Stream& stream);
  void ListReport(StreamId id, Stream& stream);
  void CheckDetached(StreamId id, Stream& stream);
  void ReportOne(StreamId id, EventSink& sink);
  void ReportDetached(StreamId id, Stream& stream, EventSink& sink);
  void ReleaseIfDone(StreamId id, Stream& stream);
  void Release(StreamId id, Stream& stream);

  const Options options_;
  const Parts parts_;
  Slab<Stream> table_;
  uint32_t live_ = 0;  // the sink may still use them
  std::vector<StreamId> sends_;
  std::vector<StreamId> reports_;
  std::vector<StreamId> reporting_;
};

}  // namespace sallyport::net

#endif  // NET_STREAMS_H_
