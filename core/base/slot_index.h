// A SlotIndex finds the slots of a Slab by the hash of a key. Its links lie in
// the indexed objects themselves, so an element costs no allocation.
#ifndef CORE_BASE_SLOT_INDEX_H_
#define CORE_BASE_SLOT_INDEX_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/log/check.h"
#include "core/base/slab.h"

namespace sallyport {

// Owns:   an array of buckets, one per slot of the capacity, made at the start.
// Bounds: none of its own; a slot stands in it at most once.
// Cost:   Insert O(1); First, Next, Remove O(slots in one bucket), about 1.
// Laws:   slots of one hash come out newest first.
//
// Methods take `link_of`, a function from a slot to the Link inside its object.
class SlotIndex {
 public:
  struct Link {
    uint32_t next = SlotHandle::kNoSlot;
    uint32_t hash = 0;
  };

  explicit SlotIndex(uint32_t capacity)
      : buckets_(std::bit_ceil(size_t{capacity} + (capacity == 0)),
                 SlotHandle::kNoSlot),
        mask_(static_cast<uint32_t>(buckets_.size() - 1)) {}

  // `hash` must spread well in its low bits.
  template <typename LinkOf>
  void Insert(uint32_t slot, uint32_t hash, LinkOf&& link_of) {
    uint32_t& bucket = buckets_[hash & mask_];
    link_of(slot) = {.next = bucket, .hash = hash};
    bucket = slot;
    ++size_;
  }

  // The slot must stand in the index.
  template <typename LinkOf>
  void Remove(uint32_t slot, LinkOf&& link_of) {
    Link& leaving = link_of(slot);
    uint32_t* place = &buckets_[leaving.hash & mask_];
    while (*place != slot) {
      CHECK_NE(*place, SlotHandle::kNoSlot) << "the slot is not in its bucket";
      place = &link_of(*place).next;
    }
    *place = leaving.next;
    leaving = {};
    --size_;
  }

  // The newest slot of this hash, or kNoSlot. Equal hashes are not equal keys:
  // the caller compares, and goes on with Next().
  template <typename LinkOf>
  uint32_t First(uint32_t hash, LinkOf&& link_of) const {
    return OfHash(buckets_[hash & mask_], hash, link_of);
  }
  template <typename LinkOf>
  uint32_t Next(uint32_t slot, LinkOf&& link_of) const {
    const Link link = link_of(slot);
    return OfHash(link.next, link.hash, link_of);
  }

  // Does the slot stand in the bucket of its hash? For checks: a Link says the
  // same, as long as it is right.
  template <typename LinkOf>
  bool Contains(uint32_t slot, LinkOf&& link_of) const {
    uint32_t other = buckets_[link_of(slot).hash & mask_];
    while (other != slot && other != SlotHandle::kNoSlot) {
      other = link_of(other).next;
    }
    return other == slot;
  }

  uint32_t size() const { return size_; }
  size_t bucket_bytes() const { return buckets_.size() * sizeof(uint32_t); }

 private:
  template <typename LinkOf>
  static uint32_t OfHash(uint32_t slot, uint32_t hash, LinkOf&& link_of) {
    while (slot != SlotHandle::kNoSlot) {
      const Link link = link_of(slot);
      if (link.hash == hash) return slot;
      slot = link.next;
    }
    return SlotHandle::kNoSlot;
  }

  std::vector<uint32_t> buckets_;  // newest slot of each bucket
  const uint32_t mask_;
  uint32_t size_ = 0;
};

}  // namespace sallyport

#endif  // CORE_BASE_SLOT_INDEX_H_
