#include "net/reactor.h"

#include <sys/eventfd.h>
#include <time.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/base/optimization.h"
#include "absl/log/check.h"
#include "net/kernel_probe.h"

namespace sallyport::net {
namespace {

constexpr uint16_t kStreamBuffers = 1;
constexpr uint16_t kDatagramBuffers = 2;
constexpr uint32_t kRingEntriesCeiling = 32768;  // the kernel's
constexpr uint32_t kReceiveBufferBytesCeiling = 1u << 20;

enum TimerKind : uint32_t { kStreamDeadline, kAcceptPauseEnd };

Instant ReadClock() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return Instant(Seconds(now.tv_sec) + Millis(now.tv_nsec / 1'000'000));
}

bool Within(uint64_t value, uint64_t low, uint64_t high) {
  return low <= value && value <= high;
}

bool IsBufferCount(uint32_t count) {
  return std::has_single_bit(count) && count <= kReceiveBuffersCeiling;
}

// The name of the first option that is out of its range, or null.
const char* WrongOption(const ReactorOptions& options) {
  if (!Within(options.ring_entries, 8, kRingEntriesCeiling)) {
    return "ring_entries";
  }
  if (!Within(options.streams_max, 1, kStreamsCeiling)) return "streams_max";
  if (!Within(options.queued_bytes_max, 1, kQueuedBytesCeiling)) {
    return "queued_bytes_max";
  }
  if (options.send_bytes_max < kSendBufferBytesMin) return "send_bytes_max";
  if (options.send_bytes_reserved > options.send_bytes_max) {
    return "send_bytes_reserved";
  }
  if (!IsBufferCount(options.receive_buffers)) return "receive_buffers";
  if (!Within(options.receive_buffer_bytes, 64, kReceiveBufferBytesCeiling)) {
    return "receive_buffer_bytes";
  }
  if (!IsBufferCount(options.datagram_buffers)) return "datagram_buffers";
  if (!Within(options.datagrams_queued_max, 1, Request::kSlotsMax - 1)) {
    return "datagrams_queued_max";
  }
  return nullptr;
}

}  // namespace

static_assert(kStreamsCeiling <= Request::kSlotsMax);

Result<std::unique_ptr<Reactor>, StartFailure> Reactor::Create(
    const ReactorOptions& options) {
  if (const char* wrong = WrongOption(options)) {
    return Unexpected(
        StartFailure{.kind = StartFailure::Kind::kOption, .name = wrong});
  }
  if (std::optional<StartFailure> missing = Judge(ProbeKernel())) {
    return Unexpected(*missing);
  }
  std::unique_ptr<Reactor> reactor(new Reactor(options));
  if (std::optional<StartFailure> failure = reactor->Make()) {
    return Unexpected(*failure);
  }
  return reactor;
}

Reactor::Reactor(const ReactorOptions& options)
    : options_(options),
      now_(ReadClock()),
      // A stream has one deadline at most, a listener one pause.
      timers_(options.streams_max + kListenersMax, now_),
      send_buffers_({.bytes_max = options.send_bytes_max,
                     .reserved_bytes = options.send_bytes_reserved}) {}

Reactor::~Reactor() { ring_.reset(); }

std::optional<StartFailure> Reactor::Make() {
  event_fd_ = Fd(eventfd(0, EFD_CLOEXEC));
  if (!event_fd_.valid()) return SetupFailure("eventfd", errno);
  auto ring = Ring::Create(options_.ring_entries, &counters_);
  if (!ring) return ring.error();
  ring_ = std::move(ring).value();
  auto buffers = ReceiveBuffers::Create(
      ring_.get(), {.group = kStreamBuffers,
                    .count = options_.receive_buffers,
                    .bytes = options_.receive_buffer_bytes});
  if (!buffers) return buffers.error();
  receive_buffers_ = std::move(buffers).value();
  auto datagrams = ReceiveBuffers::Create(
      ring_.get(), {.group = kDatagramBuffers,
                    .count = options_.datagram_buffers,
                    .bytes = UdpSockets::ReceiveBufferBytes()});
  if (!datagrams) return datagrams.error();
  datagram_buffers_ = std::move(datagrams).value();

  streams_ = std::make_unique<Streams>(
      Streams::Options{.streams_max = options_.streams_max,
                       .queued_bytes_max = options_.queued_bytes_max,
                       .reserved_tags_from = options_.reserved_tags_from,
                       .connect = options_.connect,
                       .deadline_kind = kStreamDeadline},
      Streams::Parts{.ring = ring_.get(),
                     .receive_buffers = receive_buffers_.get(),
                     .send_buffers = &send_buffers_,
                     .timers = &timers_,
                     .counters = &counters_});
  listeners_ =
      std::make_unique<Listeners>(Listeners::Parts{.ring = ring_.get(),
                                                   .streams = streams_.get(),
                                                   .timers = &timers_,
                                                   .counters = &counters_},
                                  kAcceptPauseEnd);
  udp_ = std::make_unique<UdpSockets>(
      UdpSockets::Options{.datagrams_max = options_.datagrams_queued_max,
                          .reserved_tags_from = options_.reserved_tags_from},
      UdpSockets::Parts{.ring = ring_.get(),
                        .receive_buffers = datagram_buffers_.get(),
                        .send_buffers = &send_buffers_,
                        .counters = &counters_});
  ring_->ReadWakes(event_fd_.get(), &event_count_);
  return std::nullopt;
}

Status<StartFailure> Reactor::Enable() {
  Status<StartFailure> enabled = ring_->Enable();
  // Mail may have come before; its wake found a ring that was not enabled.
  if (enabled) mail_due_ = true;
  return enabled;
}

// The turn --------------------------------------------------------------------

// Hot: the shard's loop.
void Reactor::Turn(Instant until, EventSink& sink) {
  counters_.turns.Add();
  streams_->SubmitSends();
  ring_->Enter(WaitTime(until));
  now_ = ReadClock();
  ring_->Reap(
      [&](const Completion& completion) { Dispatch(completion, sink); },
      [&](const Request& request, unsigned step) {
        if (request.op != Op::kReceive) return;
        if (step == 0) streams_->Prefetch(request.subject);
        sink.OnApproach(request.subject, step);
      });
  PopTimers();
  streams_->Report(sink);
  if (std::exchange(mail_due_, false)) {
    counters_.wakes_received.Add();
    sink.OnMail();
  }
}

Instant Reactor::Now() const { return now_; }

Millis Reactor::WaitTime(Instant until) const {
  if (mail_due_ || streams_->has_reports()) return Millis::zero();
  const Instant deadline = std::min(until, timers_.NextDeadline());
  // `now_` is older by what the owner did since the last turn.
  const Instant now = ReadClock();
  return deadline <= now ? Millis::zero()
                         : std::min(deadline, now + Seconds(60)) - now;
}

void Reactor::Dispatch(const Completion& completion, EventSink& sink) {
  switch (completion.request.op) {
    case Op::kReceive:
    case Op::kSend:
    case Op::kConnect:
    case Op::kCancelReceive:
    case Op::kCancelSend:
    case Op::kCancelConnect:
      streams_->OnCompletion(completion, now_, sink);
      return;
    case Op::kAccept:
    case Op::kCancelAccept:
      listeners_->OnCompletion(completion, now_, sink);
      return;
    case Op::kReceiveDatagram:
      udp_->OnReceive(completion, sink);
      return;
    case Op::kSendDatagram:
      udp_->OnSent(completion);
      return;
    case Op::kWake:
      counters_.wakes_failed.Add();
      return;
    case Op::kMail:
      mail_due_ = true;
      return;
    case Op::kOutsideWake:
      OnOutsideWake();
      return;
  }
  ABSL_UNREACHABLE();
}

void Reactor::OnOutsideWake() {
  mail_due_ = true;
  ring_->ReadWakes(event_fd_.get(), &event_count_);
}

void Reactor::PopTimers() {
  while (std::optional<TimerKey> due = timers_.PopDue(now_)) {
    switch (static_cast<TimerKind>(due->kind)) {
      case kStreamDeadline:
        streams_->OnDeadline(due->subject);
        break;
      case kAcceptPauseEnd:
        listeners_->OnPauseEnd(due->subject);
        break;
    }
  }
}

// Asked by the owner ----------------------------------------------------------

void Reactor::Listen(Fd socket, uint32_t tag) {
  listeners_->Listen(std::move(socket), tag);
}

void Reactor::HoldAccepting(uint32_t tag, bool held) {
  listeners_->Hold(tag, held);
}

void Reactor::StopListening() { listeners_->Stop(); }

UdpId Reactor::OpenUdp(Fd socket, uint32_t tag) {
  return udp_->Open(std::move(socket), tag);
}

bool Reactor::SendDatagram(UdpId socket, const Endpoint& peer,
                           std::string_view bytes, const IpAddress& from) {
  return udp_->Send(socket, peer, bytes, from);
}

StreamId Reactor::Connect(const Endpoint& peer, uint32_t tag) {
  return streams_->Connect(peer, tag);
}

StreamId Reactor::Adopt(Fd connection, uint32_t tag, const Endpoint& peer,
                        const Endpoint& local) {
  if (streams_->full()) {
    counters_.refused_adoptions.Add();
    return {};
  }
  counters_.adopted.Add();
  return streams_->Add(std::move(connection), tag, peer, local);
}

void Reactor::Detach(StreamId stream) { streams_->Detach(stream); }

char* Reactor::Reserve(StreamId stream, size_t bytes) {
  return streams_->Reserve(stream, bytes);
}

void Reactor::Commit(StreamId stream, size_t bytes) {
  streams_->Commit(stream, bytes);
}

bool Reactor::Queue(StreamId stream, std::string_view bytes) {
  char* room = streams_->Reserve(stream, bytes.size());
  if (room == nullptr) return false;
  if (!bytes.empty()) memcpy(room, bytes.data(), bytes.size());
  streams_->Commit(stream, bytes.size());
  return true;
}

size_t Reactor::QueuedBytes(StreamId stream) const {
  return streams_->QueuedBytes(stream);
}

void Reactor::Close(StreamId stream, CloseHow how, Instant flush_until) {
  streams_->Close(stream, how, std::min(flush_until, now_ + kFlushMax));
}

bool Reactor::IsOpen(StreamId stream) const { return streams_->IsLive(stream); }

uint32_t Reactor::tag(StreamId stream) const {
  const Stream* found = streams_->Find(stream);
  return found == nullptr ? 0 : found->tag;
}

uint32_t Reactor::open_streams() const { return streams_->live(); }
uint32_t Reactor::held_streams() const { return streams_->held(); }

int Reactor::ring_fd() const { return ring_->fd(); }

void Reactor::Wake(int ring_fd) {
  counters_.wakes_sent.Add();
  if (ring_fd == ring_->fd()) {
    mail_due_ = true;
    return;
  }
  ring_->Wake(ring_fd);
}

void Reactor::WakeFromOutside() const {
  const uint64_t one = 1;
  // It fails only when 2^64 - 2 wakes wait; then the reactor is awake.
  [[maybe_unused]] const ssize_t written =
      write(event_fd_.get(), &one, sizeof(one));
}

const ReactorCounters& Reactor::counters() const { return counters_; }

}  // namespace sallyport::net
