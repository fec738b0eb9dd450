#include "net/ring.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/base/optimization.h"
#include "absl/log/check.h"
#include "net/kernel_probe.h"

namespace sallyport::net {
namespace {

// Nobody waits longer; it keeps the arithmetic of the time-out small.
constexpr Millis kWaitMax{60'000};
// A submission can fail for want of kernel memory; it is tried a few times.
constexpr int kSubmitTries = 8;

void SetRequest(io_uring_sqe* entry, Op op, SlotHandle subject) {
  io_uring_sqe_set_data64(entry, Request{op, subject}.Pack());
}

Op Cancelling(Op cancelled) {
  switch (cancelled) {
    case Op::kAccept:
      return Op::kCancelAccept;
    case Op::kReceive:
      return Op::kCancelReceive;
    case Op::kSend:
      return Op::kCancelSend;
    case Op::kConnect:
      return Op::kCancelConnect;
    case Op::kCancelReceive:
    case Op::kCancelSend:
    case Op::kCancelConnect:
    case Op::kCancelAccept:
    case Op::kReceiveDatagram:
    case Op::kSendDatagram:
    case Op::kWake:
    case Op::kMail:
    case Op::kOutsideWake:
      break;
  }
  ABSL_UNREACHABLE();
}

}  // namespace

Result<std::unique_ptr<Ring>, StartFailure> Ring::Create(
    uint32_t entries, ReactorCounters* counters) {
  std::unique_ptr<Ring> ring(new Ring(counters));
  io_uring_params params{};
  params.flags = RingFlags() | IORING_SETUP_CQSIZE;
  params.cq_entries = entries * kCompletionsPerSubmission;
  const int error = io_uring_queue_init_params(entries, &ring->ring_, &params);
  if (error < 0) return Unexpected(SetupFailure("setup", -error));
  ring->made_ = true;
  return ring;
}

Ring::~Ring() {
  if (made_) io_uring_queue_exit(&ring_);
}

Status<StartFailure> Ring::Enable() {
  CHECK(!enabled_);
  const int error = io_uring_enable_rings(&ring_);
  if (error < 0) return Unexpected(SetupFailure("enable", -error));
  enabled_ = true;
  return Done{};
}

io_uring_sqe* Ring::NextEntry() {
  io_uring_sqe* entry = io_uring_get_sqe(&ring_);
  if (entry == nullptr) {
    SubmitEarly();
    entry = io_uring_get_sqe(&ring_);
    CHECK(entry != nullptr);
  }
  return entry;
}

void Ring::SubmitEarly() {
  CHECK(enabled_) << "more requests before Enable() than the ring has entries";
  counters_->early_submits.Add();
  for (int i = 0; i < kSubmitTries && io_uring_sq_ready(&ring_) > 0; ++i) {
    const int submitted = io_uring_submit(&ring_);
    counters_->enters.Add();
    if (submitted > 0) counters_->submissions.Add(submitted);
  }
  CHECK_EQ(io_uring_sq_ready(&ring_), 0u) << "the kernel takes no requests";
  addresses_used_ = 0;
}

void Ring::Accept(int fd, SlotHandle listener) {
  io_uring_sqe* entry = NextEntry();
  io_uring_prep_multishot_accept(entry, fd, nullptr, nullptr, SOCK_CLOEXEC);
  SetRequest(entry, Op::kAccept, listener);
}

void Ring::Receive(int fd, uint16_t buffer_group, SlotHandle stream) {
  io_uring_sqe* entry = NextEntry();
  io_uring_prep_recv_multishot(entry, fd, nullptr, 0, 0);
  entry->flags |= IOSQE_BUFFER_SELECT;
  entry->buf_group = buffer_group;
  SetRequest(entry, Op::kReceive, stream);
}

void Ring::ReceiveDatagrams(int fd, uint16_t buffer_group, msghdr* header,
                            SlotHandle socket) {
  io_uring_sqe* entry = NextEntry();
  io_uring_prep_recvmsg_multishot(entry, fd, header, 0);
  entry->flags |= IOSQE_BUFFER_SELECT;
  entry->buf_group = buffer_group;
  SetRequest(entry, Op::kReceiveDatagram, socket);
}

void Ring::Send(int fd, std::span<const char> bytes, SlotHandle stream) {
  io_uring_sqe* entry = NextEntry();
  io_uring_prep_send(entry, fd, bytes.data(), bytes.size(),
                     MSG_NOSIGNAL | MSG_WAITALL);
  SetRequest(entry, Op::kSend, stream);
}

void Ring::SendDatagram(int fd, const msghdr* header, SlotHandle datagram) {
  io_uring_sqe* entry = NextEntry();
  io_uring_prep_sendmsg(entry, fd, header, MSG_NOSIGNAL);
  SetRequest(entry, Op::kSendDatagram, datagram);
}

void Ring::Connect(int fd, const SocketAddress& address, SlotHandle stream) {
  if (addresses_used_ == addresses_.size()) SubmitEarly();
  // First the entry: it may submit early, which frees the addresses.
  io_uring_sqe* entry = NextEntry();
  SocketAddress& kept = addresses_[addresses_used_++];
  kept = address;
  io_uring_prep_connect(entry, fd, &kept.base, kept.size);
  SetRequest(entry, Op::kConnect, stream);
}

void Ring::Cancel(Op cancelled, SlotHandle subject) {
  io_uring_sqe* entry = NextEntry();
  io_uring_prep_cancel64(entry, Request{cancelled, subject}.Pack(), 0);
  entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
  SetRequest(entry, Cancelling(cancelled), subject);
}

void Ring::ReadWakes(int event_fd, uint64_t* count) {
  io_uring_sqe* entry = NextEntry();
  io_uring_prep_read(entry, event_fd, count, sizeof(*count), 0);
  SetRequest(entry, Op::kOutsideWake, {0, 0});
}

void Ring::Wake(int ring_fd) {
  io_uring_sqe* entry = NextEntry();
  io_uring_prep_msg_ring(entry, ring_fd, 0, Request{Op::kMail, {0, 0}}.Pack(),
                         0);
  entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
  SetRequest(entry, Op::kWake, {0, 0});
}

void Ring::Enter(Millis wait) {
  CHECK(enabled_);
  int result;
  if (wait > Millis::zero()) {
    const int64_t ms = std::min(wait, kWaitMax).count();
    __kernel_timespec timeout{.tv_sec = ms / 1000,
                              .tv_nsec = ms % 1000 * 1'000'000};
    io_uring_cqe* unused = nullptr;
    result =
        io_uring_submit_and_wait_timeout(&ring_, &unused, 1, &timeout, nullptr);
  } else {
    result = io_uring_submit_and_get_events(&ring_);
  }
  counters_->enters.Add();
  if (result > 0) counters_->submissions.Add(result);
  // ETIME, EINTR: nothing came. EBUSY, EAGAIN: the kernel has no room now and
  // takes the rest with the next turn. Another error is a mistake of ours.
  CHECK(result >= 0 || result == -ETIME || result == -EINTR ||
        result == -EBUSY || result == -EAGAIN)
      << "io_uring_enter: " << strerror(-result);
  if (io_uring_sq_ready(&ring_) == 0) addresses_used_ = 0;
  if (io_uring_cq_has_overflow(&ring_)) counters_->overflows.Add();
}

Completion Ring::TakeCompletion() {
  io_uring_cqe* entry = nullptr;
  CHECK_EQ(io_uring_peek_cqe(&ring_, &entry), 0);
  const Completion completion{
      .request = Request::Unpack(entry->user_data),
      .result = entry->res,
      .more = (entry->flags & IORING_CQE_F_MORE) != 0,
      .buffer = (entry->flags & IORING_CQE_F_BUFFER) != 0,
      .buffer_id =
          static_cast<uint16_t>(entry->flags >> IORING_CQE_BUFFER_SHIFT),
  };
  io_uring_cqe_seen(&ring_, entry);
  return completion;
}

}  // namespace sallyport::net
