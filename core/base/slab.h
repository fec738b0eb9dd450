// A Slab holds up to `capacity` objects in numbered slots and hands out slots
// in constant time. Each slot counts its tenants: a handle (slot, generation)
// of a tenant that left never finds the next one.
#ifndef CORE_BASE_SLAB_H_
#define CORE_BASE_SLAB_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "core/base/prefetch.h"

namespace sallyport {

struct SlotHandle {
  static constexpr uint32_t kNoSlot = 0xffffffff;
  uint32_t slot = kNoSlot;
  uint32_t generation = 0;

  bool valid() const { return slot != kNoSlot; }
  friend bool operator==(const SlotHandle&, const SlotHandle&) = default;
};

// Owns:   its objects; they are built in place and never move, because memory
//         grows by chunks and is kept.
// Bounds: `capacity`; Acquire() then returns an invalid handle.
// Cost:   Acquire, Release, Find: O(1); the heap is touched only when more
//         slots are in use than ever before.
template <typename T>
class Slab {
 public:
  // Generations count up from `first_generation` (0 is never used), so that two
  // runs of the program need not hand out equal handles.
  explicit Slab(uint32_t capacity, uint32_t first_generation = 1)
      : capacity_(capacity),
        first_generation_(first_generation == 0 ? 1 : first_generation) {
    CHECK_LT(capacity, kLive);
  }
  ~Slab() {
    for (uint32_t slot = 0; slot < used_; ++slot) {
      if (Get(slot).live()) Object(slot)->~T();
    }
  }
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  template <typename... Args>
  [[nodiscard]] SlotHandle Acquire(Args&&... args) {
    uint32_t slot = free_;
    if (slot != SlotHandle::kNoSlot) {
      free_ = Get(slot).next_free;
    } else {
      if (used_ == capacity_) return {};
      if (used_ == chunks_.size() * kChunk) {
        chunks_.push_back(std::make_unique<Slot[]>(kChunk));
      }
      slot = used_++;
      Get(slot).generation = first_generation_;
    }
    Slot& entry = Get(slot);
    entry.next_free = kLive;
    ++size_;
    new (entry.storage) T(std::forward<Args>(args)...);
    return {slot, entry.generation};
  }

  // The handle must be live.
  void Release(SlotHandle handle) {
    CHECK(Find(handle) != nullptr);
    Slot& entry = Get(handle.slot);
    Object(handle.slot)->~T();
    if (++entry.generation == 0) entry.generation = 1;
    entry.next_free = free_;
    free_ = handle.slot;
    --size_;
  }

  // Null when the tenant left.
  T* Find(SlotHandle handle) {
    if (handle.slot >= used_) return nullptr;
    const Slot& entry = Get(handle.slot);
    if (!entry.live() || entry.generation != handle.generation) return nullptr;
    return Object(handle.slot);
  }
  const T* Find(SlotHandle handle) const {
    return const_cast<Slab*>(this)->Find(handle);
  }

  // Brings a slot's memory near, whoever is in it.
  void Prefetch(uint32_t slot) const {
    if (slot < used_) PrefetchObject(const_cast<Slab*>(this)->Get(slot));
  }

  // The present tenant of a slot, or null.
  T* At(uint32_t slot) {
    return slot < used_ && Get(slot).live() ? Object(slot) : nullptr;
  }
  const T* At(uint32_t slot) const { return const_cast<Slab*>(this)->At(slot); }
  // Its handle; the slot must be below slots_used().
  SlotHandle HandleAt(uint32_t slot) const {
    return {slot, const_cast<Slab*>(this)->Get(slot).generation};
  }

  uint32_t size() const { return size_; }  // live objects
  uint32_t capacity() const { return capacity_; }
  uint32_t slots_used() const { return used_; }  // upper bound of slots

 private:
  static constexpr uint32_t kChunk = 256;
  static constexpr uint32_t kLive = SlotHandle::kNoSlot - 1;
  struct Content {
    bool live() const { return next_free == kLive; }

    uint32_t generation = 0;
    uint32_t next_free = SlotHandle::kNoSlot;  // kLive: a tenant is in
    alignas(T) unsigned char storage[sizeof(T)];
  };
  // Slots of whole cache lines begin with one: else each would touch one more.
  static constexpr size_t kAlignment = sizeof(Content) % kCacheLineBytes == 0
                                           ? kCacheLineBytes
                                           : alignof(Content);
  struct alignas(kAlignment) Slot : Content {};
  static_assert(sizeof(Slot) == sizeof(Content));
  Slot& Get(uint32_t slot) { return chunks_[slot / kChunk][slot % kChunk]; }
  T* Object(uint32_t slot) {
    return std::launder(reinterpret_cast<T*>(Get(slot).storage));
  }

  const uint32_t capacity_;
  const uint32_t first_generation_;
  std::vector<std::unique_ptr<Slot[]>> chunks_;
  uint32_t free_ = SlotHandle::kNoSlot;
  uint32_t used_ = 0;
  uint32_t size_ = 0;
};

}  // namespace sallyport

#endif  // CORE_BASE_SLAB_H_
