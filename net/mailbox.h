// Mailboxes carry messages from each shard to each other shard without a lock.
#ifndef NET_MAILBOX_H_
#define NET_MAILBOX_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/log/check.h"
#include "net/limits.h"

namespace sallyport::net {

// A Mailbox is a ring of `capacity` messages with one writer and one reader.
// Messages are filled and read in place and their slots are used again: memory
// that the reader leaves in a Message stays there until the ring has gone round.
//
// Threads: Claim and Publish by one thread, Front and Pop by one other.
// Owns:    its messages.
// Bounds:  `capacity`, a power of two; Claim() is then null.
template <typename Message>
class Mailbox {
 public:
  explicit Mailbox(uint32_t capacity)
      : mask_(capacity - 1), slots_(std::make_unique<Message[]>(capacity)) {
    CHECK(capacity != 0 && (capacity & mask_) == 0) << capacity;
  }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // Writer: the slot to fill next, holding what an earlier message left; null
  // when the reader is `capacity` messages behind.
  [[nodiscard]] Message* Claim() {
    const uint32_t tail = tail_.load(std::memory_order_relaxed);  // our own
    if (tail - known_head_ > mask_) {
      // Acquire: the reader has finished with the slot that we overwrite.
      known_head_ = head_.load(std::memory_order_acquire);
      if (tail - known_head_ > mask_) return nullptr;
    }
    return &slots_[tail & mask_];
  }

  // Writer: hands the claimed slot over. True: the reader may have seen an
  // empty box and must be woken.
  [[nodiscard]] bool Publish() {
    const uint32_t tail = tail_.load(std::memory_order_relaxed);  // our own
    // Both sides store their index and then look at the other's (Dekker): with
    // one order of all four operations (seq_cst), either we see that the reader
    // has taken all before this message, and wake it; or the reader sees this
    // message. Release and acquire alone allow both to look too early, and the
    // message would lie there. The store also releases the message's bytes.
    tail_.store(tail + 1, std::memory_order_seq_cst);
    known_head_ = head_.load(std::memory_order_seq_cst);
    return known_head_ == tail;
  }

  // Reader: the oldest message, or null.
  [[nodiscard]] Message* Front() {
    const uint32_t head = head_.load(std::memory_order_relaxed);  // our own
    if (head == known_tail_) {
      // See Publish(); it also acquires the message's bytes.
      known_tail_ = tail_.load(std::memory_order_seq_cst);
      if (head == known_tail_) return nullptr;
    }
    return &slots_[head & mask_];
  }
  // Reader: gives the slot of Front() back.
  void Pop() {
    const uint32_t head = head_.load(std::memory_order_relaxed);  // our own
    // See Publish(); it also releases the slot to the writer.
    head_.store(head + 1, std::memory_order_seq_cst);
  }

 private:
  static constexpr size_t kCacheLine = 64;

  const uint32_t mask_;
  const std::unique_ptr<Message[]> slots_;
  // Each side's index and its copy of the other's, on a line of its own.
  alignas(kCacheLine) std::atomic<uint32_t> tail_{0};  // written by the writer
  uint32_t known_head_ = 0;
  alignas(kCacheLine) std::atomic<uint32_t> head_{0};  // written by the reader
  uint32_t known_tail_ = 0;
};

// What Mailboxes::Drain has done.
struct Drained {
  size_t messages = 0;
  // Something may be left and nobody will wake the reader for it: have the next
  // turn not wait (reactor.Wake(reactor.ring_fd())) and drain again.
  bool more = false;
};

// One Mailbox from each of `shards` to each.
// Threads: Claim and Publish by the thread of `from`, Drain by that of `to`.
// Use:     if (Publish(from, to)) reactor.Wake(ring_fd_of(to));  in `to`,
// OnMail
//          calls Drain(to, ...).
// Bounds:  one Drain delivers at most `capacity` messages from each shard, so
//          that a busy writer cannot keep a reader from its sockets.
template <typename Message>
class Mailboxes {
 public:
  explicit Mailboxes(uint32_t shards,
                     uint32_t capacity = kMailboxMessagesDefault)
      : shards_(shards), capacity_(capacity) {
    CHECK(shards >= 1 && shards <= kShardsMax) << shards;
    boxes_.reserve(size_t{shards} * shards);
    for (uint32_t i = 0; i < shards * shards; ++i) {
      boxes_.push_back(std::make_unique<Mailbox<Message>>(capacity));
    }
  }

  // Null: `to` is behind by the whole box. The message is then to be dropped or
  // refused, and counted, by the caller; it is not kept anywhere.
  [[nodiscard]] Message* Claim(uint32_t from, uint32_t to) {
    return box(from, to).Claim();
  }
  [[nodiscard]] bool Publish(uint32_t from, uint32_t to) {
    return box(from, to).Publish();
  }

  // Calls deliver(from, Message&) for what lies in the boxes of `to`. `deliver`
  // may publish, also to `to` itself.
  template <typename Deliver>
  Drained Drain(uint32_t to, Deliver&& deliver) {
    Drained drained;
    for (uint32_t from = 0; from < shards_; ++from) {
      Mailbox<Message>& mailbox = box(from, to);
      uint32_t left = capacity_;
      Message* message = mailbox.Front();
      for (; message != nullptr && left > 0; --left) {
        deliver(from, *message);
        mailbox.Pop();
        ++drained.messages;
        message = mailbox.Front();
      }
      drained.more = drained.more || message != nullptr;
    }
    return drained;
  }

  uint32_t shards() const { return shards_; }

 private:
  Mailbox<Message>& box(uint32_t from, uint32_t to) {
    DCHECK(from < shards_ && to < shards_);
    return *boxes_[size_t{from} * shards_ + to];
  }

  const uint32_t shards_;
  const uint32_t capacity_;
  std::vector<std::unique_ptr<Mailbox<Message>>> boxes_;
};

}  // namespace sallyport::net

#endif  // NET_MAILBOX_H_
