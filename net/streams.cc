#include "net/streams.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/base/optimization.h"
#include "absl/log/check.h"
#include "absl/log/log.h"
#include "net/sockaddr.h"

namespace sallyport::net {
namespace {

CloseReason ReasonOf(int error, CloseReason otherwise) {
  if (error == ECONNRESET || error == EPIPE) return CloseReason::kPeerReset;
  if (error == ETIMEDOUT) return CloseReason::kTimedOut;
  return otherwise;
}

CloseReason ConnectReason(int error) {
  if (error == ECONNREFUSED) return CloseReason::kConnectRefused;
  if (error == EHOSTUNREACH || error == ENETUNREACH) {
    return CloseReason::kConnectUnreachable;
  }
  if (error == ETIMEDOUT) return CloseReason::kConnectTimedOut;
  return CloseReason::kConnectFailed;
}

// The sink may still use a stream in these states.
bool IsLiveState(StreamState state) {
  switch (state) {
    case StreamState::kConnecting:
    case StreamState::kOpen:
    case StreamState::kDetaching:
      return true;
    case StreamState::kFlushing:
    case StreamState::kLingering:
    case StreamState::kEnding:
      return false;
  }
  ABSL_UNREACHABLE();
}

// States in which what is queued is still to leave.
bool Sends(StreamState state) {
  switch (state) {
    case StreamState::kOpen:
    case StreamState::kDetaching:
    case StreamState::kFlushing:
      return true;
    case StreamState::kConnecting:
    case StreamState::kLingering:
    case StreamState::kEnding:
      return false;
  }
  ABSL_UNREACHABLE();
}

// States in which receiving goes on: for the sink, or to see the peer's end.
bool Receives(StreamState state) {
  switch (state) {
    case StreamState::kOpen:
    case StreamState::kFlushing:
    case StreamState::kLingering:
      return true;
    case StreamState::kConnecting:
    case StreamState::kDetaching:
    case StreamState::kEnding:
      return false;
  }
  ABSL_UNREACHABLE();
}

// With a reset the kernel drops what it still holds for the peer.
bool IsReset(CloseReason reason) {
  switch (reason) {
    case CloseReason::kSlowPeer:
    case CloseReason::kNoSendMemory:
    case CloseReason::kLocalAbort:
    case CloseReason::kLocalFlushTimeout:
      return true;
    case CloseReason::kPeerClosed:
    case CloseReason::kPeerReset:
    case CloseReason::kTimedOut:
    case CloseReason::kReadError:
    case CloseReason::kWriteError:
    case CloseReason::kLocalFlush:
    case CloseReason::kConnectRefused:
    case CloseReason::kConnectUnreachable:
    case CloseReason::kConnectTimedOut:
    case CloseReason::kConnectFailed:
      return false;
  }
  ABSL_UNREACHABLE();
}

void CloseDescriptor(int fd, bool reset) {
  if (reset) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  }
  close(fd);
}

size_t Queued(const Stream& stream) {
  return size_t{stream.filling.size} + stream.leaving.size - stream.sent;
}

}  // namespace

std::string_view ToString(StreamState state) {
  switch (state) {
    case StreamState::kConnecting:
      return "connecting";
    case StreamState::kOpen:
      return "open";
    case StreamState::kDetaching:
      return "detaching";
    case StreamState::kFlushing:
      return "flushing";
    case StreamState::kLingering:
      return "lingering";
    case StreamState::kEnding:
      return "ending";
  }
  ABSL_UNREACHABLE();
}

Streams::Streams(const Options& options, const Parts& parts)
    : options_(options), parts_(parts), table_(options.streams_max) {}

Streams::~Streams() {
  for (uint32_t slot = 0; slot < table_.slots_used(); ++slot) {
    Stream* stream = table_.At(slot);
    if (stream == nullptr) continue;
    parts_.send_buffers->Release(stream->filling);
    parts_.send_buffers->Release(stream->leaving);
    // The ring may hold the socket for a moment longer; the peer should not
    // have to wait for that.
    shutdown(stream->fd, SHUT_RDWR);
    close(stream->fd);
  }
}

// Beginnings ------------------------------------------------------------------

StreamId Streams::Add(Fd connection, uint32_t tag, const Endpoint& peer,
                      const Endpoint& local) {
  const StreamId id = table_.Acquire();
  CHECK(id.valid());
  Stream& stream = *table_.Find(id);
  stream.fd = connection.release();
  stream.tag = tag;
  stream.peer = peer;
  stream.local = local;
  stream.state = StreamState::kOpen;
  ++live_;
  StartReceive(id, stream);
  return id;
}

StreamId Streams::Connect(const Endpoint& peer, uint32_t tag) {
  Result<Fd, SocketError> socket = OpenTcpSocket(peer, options_.connect);
  if (full() || !socket) {
    parts_.counters->refused_connects.Add();
    return {};
  }
  const StreamId id = table_.Acquire();
  CHECK(id.valid());
  Stream& stream = *table_.Find(id);
  stream.fd = socket->release();
  stream.tag = tag;
  stream.peer = peer;
  stream.state = StreamState::kConnecting;
  stream.connecting = true;
  ++live_;
  parts_.counters->connects.Add();
  parts_.ring->Connect(stream.fd, SocketAddress(peer), id);
  return id;
}

// Asked by the sink -----------------------------------------------------------

void Streams::Detach(StreamId id) {
  Stream* stream = table_.Find(id);
  if (stream == nullptr || stream->state != StreamState::kOpen) return;
  SetState(*stream, StreamState::kDetaching);
  if (stream->receiving) parts_.ring->Cancel(Op::kReceive, id);
  CheckDetached(id, *stream);
}

// Hot: 1 per message; no heap in steady state, no system call
// (bench/net_bench.cc: BM_Stream_PingPong).
char* Streams::Reserve(StreamId id, size_t bytes) {
  Stream* stream = table_.Find(id);
  if (stream == nullptr || !IsLiveState(stream->state)) return nullptr;
  if (Queued(*stream) + bytes > options_.queued_bytes_max) {
    End(id, *stream, CloseReason::kSlowPeer);
    return nullptr;
  }
  const SendClass wanted_by = stream->tag >= options_.reserved_tags_from
                                  ? SendClass::kReserved
                                  : SendClass::kOrdinary;
  if (!parts_.send_buffers->Grow(stream->filling, bytes, wanted_by)) {
    End(id, *stream, CloseReason::kNoSendMemory);
    return nullptr;
  }
  return stream->filling.data + stream->filling.size;
}

void Streams::Commit(StreamId id, size_t bytes) {
  Stream* stream = table_.Find(id);
  if (stream == nullptr || !IsLiveState(stream->state)) return;
  CHECK_LE(bytes, stream->filling.room());
  stream->filling.size += static_cast<uint32_t>(bytes);
  if (stream->filling.size == 0) parts_.send_buffers->Release(stream->filling);
  ListSend(id, *stream);
}

size_t Streams::QueuedBytes(StreamId id) const {
  const Stream* stream = table_.Find(id);
  return stream == nullptr ? 0 : Queued(*stream);
}

bool Streams::IsLive(StreamId id) const {
  const Stream* stream = table_.Find(id);
  return stream != nullptr && IsLiveState(stream->state);
}

void Streams::Close(StreamId id, CloseHow how, Instant flush_until) {
  Stream* stream = table_.Find(id);
  if (stream == nullptr) return;
  if (how == CloseHow::kAbort || stream->state == StreamState::kConnecting ||
      stream->state == StreamState::kDetaching) {
    End(id, *stream, CloseReason::kLocalAbort);
    return;
  }
  if (stream->state != StreamState::kOpen) return;
  stream->reason = CloseReason::kLocalFlush;
  StartFlush(id, *stream, flush_until);
}

// What the kernel says --------------------------------------------------------

void Streams::OnCompletion(const Completion& completion, Instant now,
                           EventSink& sink) {
  const StreamId id = completion.request.subject;
  Stream* stream = table_.Find(id);
  if (stream == nullptr) {
    parts_.counters->stale.Add();
    if (completion.buffer) {
      parts_.receive_buffers->Take(completion.buffer_id);
      parts_.receive_buffers->GiveBack(completion.buffer_id);
    }
    return;
  }
  switch (completion.request.op) {
    case Op::kReceive:
      OnReceive(id, *stream, completion, now, sink);
      break;
    case Op::kSend:
      OnSend(id, *stream, completion.result);
      break;
    case Op::kConnect:
      OnConnect(id, *stream, completion.result, sink);
      break;
    case Op::kCancelReceive:
    case Op::kCancelSend:
    case Op::kCancelConnect:
      OnCancelFailed(id, *stream, completion);
      break;
    case Op::kAccept:
    case Op::kCancelAccept:
    case Op::kReceiveDatagram:
    case Op::kSendDatagram:
    case Op::kWake:
    case Op::kMail:
    case Op::kOutsideWake:
      LOG(FATAL) << "not a stream's completion";
  }
  CheckDetached(id, *stream);
  ReleaseIfDone(id, *stream);
}

// Hot: 1 per received buffer.
void Streams::OnReceive(StreamId id, Stream& stream,
                        const Completion& completion, Instant now,
                        EventSink& sink) {
  if (!completion.more) stream.receiving = false;
  if (completion.result > 0) {
    OnReceived(id, stream, completion, sink);
  } else if (completion.result == 0) {
    OnPeerEnd(id, stream, now);
  } else if (completion.result == -ENOBUFS) {
    parts_.counters->no_buffers.Add();
  } else if (completion.result != -ECANCELED && completion.result != -EINTR) {
    End(id, stream,
        stream.state == StreamState::kLingering
            ? stream.reason
            : ReasonOf(-completion.result, CloseReason::kReadError));
  }
  // A multishot receive may end although the stream does not: no buffer was
  // there, or the completion queue was full.
  if (!stream.receiving && !stream.peer_ended && Receives(stream.state)) {
    StartReceive(id, stream);
  }
}

void Streams::OnReceived(StreamId id, Stream& stream,
                         const Completion& completion, EventSink& sink) {
  CHECK(completion.buffer);
  parts_.counters->receives.Add();
  parts_.counters->bytes_received.Add(completion.result);
  uint8_t* bytes = parts_.receive_buffers->Take(completion.buffer_id);
  if (stream.state == StreamState::kOpen ||
      stream.state == StreamState::kDetaching) {
    sink.OnBytes(id, {bytes, static_cast<size_t>(completion.result)});
  }
  parts_.receive_buffers->GiveBack(completion.buffer_id);
}

void Streams::OnPeerEnd(StreamId id, Stream& stream, Instant now) {
  stream.peer_ended = true;
  switch (stream.state) {
    case StreamState::kOpen:
      // A send that waits for all and yet is short has swallowed an error, and
      // the receive then finds a plain end.
      if (!stream.sending && stream.sent > 0) {
        End(id, stream, CloseReason::kPeerReset);
        return;
      }
      stream.reason = CloseReason::kPeerClosed;
      ListReport(id, stream);
      StartFlush(id, stream, now + kEndedPeerFlush);
      return;
    case StreamState::kLingering:
      End(id, stream, stream.reason);
      return;
    case StreamState::kDetaching:  // the next owner will see the end as well
    case StreamState::kFlushing:   // the peer may still read
    case StreamState::kEnding:
    case StreamState::kConnecting:
      return;
  }
  ABSL_UNREACHABLE();
}

void Streams::OnSend(StreamId id, Stream& stream, int32_t result) {
  stream.sending = false;
  if (result > 0) {
    parts_.counters->bytes_sent.Add(result);
    stream.sent += static_cast<uint32_t>(result);
    CHECK_LE(stream.sent, stream.leaving.size);
  }
  if (stream.sent == stream.leaving.size ||
      stream.state == StreamState::kEnding) {
    stream.sent = 0;
    parts_.send_buffers->Release(stream.leaving);
  }
  if (result < 0 && result != -EINTR && result != -EAGAIN) {
    End(id, stream, ReasonOf(-result, CloseReason::kWriteError));
  } else if (Queued(stream) > 0) {
    ListSend(id, stream);
  } else {
    OnAllSent(id, stream);
  }
}

void Streams::OnAllSent(StreamId id, Stream& stream) {
  if (stream.state != StreamState::kFlushing) return;
  if (stream.peer_ended) {
    End(id, stream, stream.reason);
  } else {
    StartLinger(id, stream);
  }
}

void Streams::OnConnect(StreamId id, Stream& stream, int32_t result,
                        EventSink& sink) {
  stream.connecting = false;
  if (stream.state != StreamState::kConnecting) return;
  if (result < 0) {
    End(id, stream, ConnectReason(-result));
    return;
  }
  stream.local = LocalEndpoint(stream.fd).value_or(Endpoint{});
  SetState(stream, StreamState::kOpen);
  StartReceive(id, stream);
  ListSend(id, stream);
  sink.OnConnected(id);
}

// A cancel finds nothing when its victim's last completion is on the way (it
// needs no help then) or when the victim is just being run. A shutdown ends
// whatever still waits; a stream that moves away must not be shut down, so its
// cancel is tried again.
void Streams::OnCancelFailed(StreamId id, Stream& stream,
                             const Completion& completion) {
  if (stream.state == StreamState::kDetaching) {
    if (stream.receiving && completion.result == -EALREADY) {
      parts_.ring->Cancel(Op::kReceive, id);
    }
    return;
  }
  if (stream.state == StreamState::kEnding) shutdown(stream.fd, SHUT_RDWR);
}

void Streams::OnDeadline(StreamId id) {
  Stream* stream = table_.Find(id);
  if (stream == nullptr) return;
  stream->deadline = {};
  switch (stream->state) {
    case StreamState::kFlushing:
      End(id, *stream,
          stream->peer_ended ? stream->reason
                             : CloseReason::kLocalFlushTimeout);
      return;
    case StreamState::kLingering:
      End(id, *stream, stream->reason);
      return;
    case StreamState::kConnecting:
    case StreamState::kOpen:
    case StreamState::kDetaching:
    case StreamState::kEnding:
      return;
  }
  ABSL_UNREACHABLE();
}

// Sending and receiving -------------------------------------------------------

void Streams::StartReceive(StreamId id, Stream& stream) {
  stream.receiving = true;
  parts_.ring->Receive(stream.fd, parts_.receive_buffers->group(), id);
}

void Streams::ListSend(StreamId id, Stream& stream) {
  if (stream.send_due || stream.sending || Queued(stream) == 0 ||
      !Sends(stream.state)) {
    return;
  }
  stream.send_due = true;
  sends_.push_back(id);
}

void Streams::SubmitSends() {
  for (const StreamId id : sends_) {
    Stream* stream = table_.Find(id);
    if (stream == nullptr) continue;
    stream->send_due = false;
    if (Sends(stream->state)) SubmitSend(id, *stream);
  }
  sends_.clear();
}

void Streams::SubmitSend(StreamId id, Stream& stream) {
  CHECK(!stream.sending);  // two sends of one socket mix their bytes
  if (stream.leaving.size == stream.sent) {
    CHECK_EQ(stream.sent, 0u);
    std::swap(stream.filling, stream.leaving);
  }
  CHECK_GT(stream.leaving.size, stream.sent);
  stream.sending = true;
  parts_.counters->sends.Add();
  parts_.ring->Send(
      stream.fd,
      {stream.leaving.data + stream.sent, stream.leaving.size - stream.sent},
      id);
}

// Endings ---------------------------------------------------------------------

void Streams::SetState(Stream& stream, StreamState next) {
  if (IsLiveState(stream.state) && !IsLiveState(next)) --live_;
  stream.state = next;
}

void Streams::StartFlush(StreamId id, Stream& stream, Instant until) {
  SetState(stream, StreamState::kFlushing);
  stream.deadline = parts_.timers->Arm(
      until, {.kind = options_.deadline_kind, .subject = id});
  CHECK(stream.deadline.valid());  // each stream has room for one
  if (Queued(stream) == 0) OnAllSent(id, stream);
}

// Closing at once would make the kernel send a reset if the peer's bytes lie
// unread, and a reset may overtake what we sent. So: end our side, and wait.
void Streams::StartLinger(StreamId id, Stream& stream) {
  SetState(stream, StreamState::kLingering);
  if (shutdown(stream.fd, SHUT_WR) != 0) End(id, stream, stream.reason);
}

void Streams::End(StreamId id, Stream& stream, CloseReason reason) {
  if (stream.state == StreamState::kEnding) return;
  SetState(stream, StreamState::kEnding);
  stream.reset = IsReset(reason);
  if (!stream.reported) stream.reason = reason;
  parts_.timers->Cancel(stream.deadline);
  stream.deadline = {};
  parts_.send_buffers->Release(stream.filling);
  if (!stream.sending) {
    stream.sent = 0;
    parts_.send_buffers->Release(stream.leaving);
  }
  CancelRequests(id, stream);
  ListReport(id, stream);
}

void Streams::CancelRequests(StreamId id, Stream& stream) {
  if (stream.receiving) parts_.ring->Cancel(Op::kReceive, id);
  if (stream.sending) parts_.ring->Cancel(Op::kSend, id);
  if (stream.connecting) parts_.ring->Cancel(Op::kConnect, id);
}

void Streams::CheckDetached(StreamId id, Stream& stream) {
  if (stream.state != StreamState::kDetaching || stream.receiving ||
      Queued(stream) > 0 || stream.sending) {
    return;
  }
  ListReport(id, stream);
}

void Streams::ListReport(StreamId id, Stream& stream) {
  if (stream.report_due) return;
  stream.report_due = true;
  reports_.push_back(id);
}

// What the sink does in here is reported in the next turn.
void Streams::Report(EventSink& sink) {
  std::swap(reports_, reporting_);
  for (const StreamId id : reporting_) ReportOne(id, sink);
  reporting_.clear();
}

void Streams::ReportOne(StreamId id, EventSink& sink) {
  Stream* stream = table_.Find(id);
  if (stream == nullptr) return;
  stream->report_due = false;
  if (stream->reported) {
    // OnClosed came at the peer's end; since then the rest was sent or dropped.
    ReleaseIfDone(id, *stream);
    return;
  }
  stream->reported = true;
  if (stream->state == StreamState::kDetaching) {
    ReportDetached(id, *stream, sink);
    return;
  }
  CHECK(!IsLiveState(stream->state)) << ToString(stream->state);
  const CloseReason reason = stream->reason;
  parts_.counters->closed[static_cast<size_t>(reason)].Add();
  sink.OnClosed(id, reason);
  ReleaseIfDone(id, *stream);
}

void Streams::ReportDetached(StreamId id, Stream& stream, EventSink& sink) {
  Fd connection(std::exchange(stream.fd, -1));
  const Endpoint peer = stream.peer;
  const Endpoint local = stream.local;
  --live_;
  parts_.counters->detached.Add();
  Release(id, stream);
  sink.OnDetached(id, std::move(connection), peer, local);
}

void Streams::ReleaseIfDone(StreamId id, Stream& stream) {
  if (stream.state == StreamState::kEnding && stream.reported &&
      !stream.receiving && !stream.sending && !stream.connecting) {
    CloseDescriptor(std::exchange(stream.fd, -1), stream.reset);
    Release(id, stream);
  }
}

void Streams::Release(StreamId id, Stream& stream) {
  CHECK(stream.leaving.data == nullptr);
  parts_.send_buffers->Release(stream.filling);
  table_.Release(id);
}

}  // namespace sallyport::net
