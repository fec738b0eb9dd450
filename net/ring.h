// A Ring is one io_uring and the requests that Sallyport makes of the kernel.
#ifndef NET_RING_H_
#define NET_RING_H_

#include <liburing.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "core/base/prefetch.h"
#include "core/base/time.h"
#include "net/completion.h"
#include "net/limits.h"
#include "net/reactor_counters.h"
#include "net/result.h"
#include "net/sockaddr.h"
#include "net/start_failure.h"

namespace sallyport::net {

// Threads: from Enable() on owned by the thread that called it.
// Borrows: bytes to send, until their completion; a msghdr to receive into,
//          as long as the request lives.
// Bounds:  `entries` requests between two Enter(); what is more is submitted
//          early, and counted.
class Ring {
 public:
  static Result<std::unique_ptr<Ring>, StartFailure> Create(
      uint32_t entries, ReactorCounters* counters);
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  Status<StartFailure> Enable();
  bool enabled() const { return enabled_; }
  int fd() const { return ring_.ring_fd; }
  io_uring* raw() { return &ring_; }

  // Requests. They go to the kernel with the next Enter(), in this order.
  void Accept(int fd, SlotHandle listener);  // again and again
  void Receive(int fd, uint16_t buffer_group, SlotHandle stream);  // as above
  void ReceiveDatagrams(int fd, uint16_t buffer_group, msghdr* header,
                        SlotHandle socket);  // as above
  void Send(int fd, std::span<const char> bytes, SlotHandle stream);
  void SendDatagram(int fd, const msghdr* header, SlotHandle datagram);
  void Connect(int fd, const SocketAddress& address, SlotHandle stream);
  // `cancelled` is kAccept, kReceive, kSend or kConnect. The cancelled request
  // completes for itself; the cancelling one only when it found nothing.
  void Cancel(Op cancelled, SlotHandle subject);
  void ReadWakes(int event_fd, uint64_t* count);
  void Wake(int ring_fd);

  // Submits all requests and waits for a completion; not at all when `wait` is
  // not positive.
  void Enter(Millis wait);

  // Hands each completion that is there now to `handle`, which may make
  // requests. Some completions before that `approach` is shown what it is about,
  // kApproachSteps times (of the first few: less often).
  template <typename Handle, typename Approach>
  void Reap(Handle&& handle, Approach&& approach) {
    const unsigned ready = io_uring_cq_ready(&ring_);
    counters_->completions.Add(ready);
    for (unsigned i = 0; i < ready; ++i) {
      for (unsigned step = 0; step < kApproachSteps; ++step) {
        const unsigned ahead = (kApproachSteps - step) * kApproachStride;
        if (i + ahead < ready) approach(Peek(ahead), step);
      }
      handle(TakeCompletion());
    }
  }

 private:
  explicit Ring(ReactorCounters* counters) : counters_(counters) {}
  io_uring_sqe* NextEntry();
  void SubmitEarly();
  Completion TakeCompletion();
  // Of the completion that is the `ahead`th behind the next.
  Request Peek(unsigned ahead) const {
    const unsigned place = (*ring_.cq.khead + ahead) & ring_.cq.ring_mask;
    return Request::Unpack(ring_.cq.cqes[place].user_data);
  }

  // Completions from one step to the next: memory comes within a message's time.
  static constexpr unsigned kApproachStride = 2;

  ReactorCounters* const counters_;
  io_uring ring_{};
  bool made_ = false;
  bool enabled_ = false;
  // The kernel reads an address when the request is submitted, not when it is
  // made.
  std::array<SocketAddress, kConnectsPerSubmission> addresses_;
  uint32_t addresses_used_ = 0;
};

}  // namespace sallyport::net

#endif  // NET_RING_H_
