// A HelloQueue holds the connections whose ClientHello is there and whose turn has
// not come: a new handshake is begun when nothing older is left to do, so that
// those who were let in finish, however many stand outside.
#ifndef PROXY_HELLO_QUEUE_H_
#define PROXY_HELLO_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "net/event_sink.h"

namespace sallyport::proxy {

// Who comes with a ticket of ours goes first: it costs less, and it was here
// before. But one turn in four is the others': a ticket can be shown again and
// again. Among equals the first is first.
// Threads: one. Bounds: whoever waits is a handshake in progress, of which there is
//          a most; those that have gone since stay until their turn, or until they
//          are half of all.
// Cost:    O(1), amortised.
class HelloQueue {
 public:
  void Push(net::StreamId stream, bool resumes) {
    (resumes ? resuming_ : others_).push_back(stream);
    ++waiting_;
  }
  // One that waited has gone: Pop() may still name it.
  void Gone() { --waiting_; }
  size_t waiting() const { return waiting_; }

  // The next one, for which `waits` holds. Its turn has come: it waits no more.
  template <typename Waits>
  std::optional<net::StreamId> Pop(const Waits& waits) {
    std::deque<net::StreamId>* order[] = {&resuming_, &others_};
    if (++pops_ % kOthersEvery == 0) std::swap(order[0], order[1]);
    for (std::deque<net::StreamId>* queue : order) {
      while (!queue->empty()) {
        const net::StreamId stream = queue->front();
        queue->pop_front();
        if (!waits(stream)) continue;
        --waiting_;
        return stream;
      }
    }
    return std::nullopt;
  }
  // Forgets those that have gone, when they are many.
  template <typename Waits>
  void Tidy(const Waits& waits) {
    constexpr size_t kFew = 64;
    if (resuming_.size() + others_.size() < 2 * waiting_ + kFew) return;
    for (std::deque<net::StreamId>* queue : {&resuming_, &others_}) {
      std::erase_if(*queue, [&](net::StreamId s) { return !waits(s); });
    }
  }

 private:
  static constexpr uint32_t kOthersEvery = 4;

  std::deque<net::StreamId> resuming_, others_;
  uint32_t pops_ = 0;
  size_t waiting_ = 0;
};

}  // namespace sallyport::proxy

#endif  // PROXY_HELLO_QUEUE_H_
