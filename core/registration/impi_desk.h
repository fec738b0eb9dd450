// An ImpiDesk is where one shard is told of the associations that an IMPI has
// on all shards: how many they are, and where they live. Each IMPI has one
// desk, so that nobody needs a map of all (docs/decisions/0012).
#ifndef CORE_REGISTRATION_IMPI_DESK_H_
#define CORE_REGISTRATION_IMPI_DESK_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/slab.h"
#include "core/base/slot_index.h"
#include "core/base/time.h"
#include "core/flow.h"

namespace sallyport::registration {

// 64 bits that stand for an IMPI on every shard; equal IMPIs have equal ones.
// 0: no IMPI. `secret`: of the node, so that nobody can make two of them equal.
uint64_t ImpiKey(std::string_view impi, uint64_t secret);
// The same for a device of an IMPI: instance and reg-id, or without an instance
// user, host and port of its (first) Contact. Equal for what spec 5.6 calls one
// device, as long as it writes its Contact in one way; now and then for another
// one as well.
uint64_t DeviceKey(std::string_view instance, uint32_t reg_id,
                   std::string_view contact_uri, uint64_t secret);

// How an association stands, as its shard says.
struct Standing {
  uint64_t impi = 0;    // ImpiKey
  uint64_t device = 0;  // DeviceKey
  SlotHandle id;        // of the association, on its shard
  ShardId home = 0;
  bool active = false;
  bool tls_first = false;  // made without sec-agree
  Instant since{};         // when it was asked for
  Instant ends = kNever;   // of a suspended one
};

// Owns:   its entries, which hold no text.
// Bounds: `capacity`; then what is new is not taken.
// Fails:  what was lost on the way is said again by its home, and what is not
// said
//         again is forgotten after `lease`. Of `here` itself nothing is lost.
// Cost:   O(devices of the IMPI) for each call; the heap is touched only to
// grow.
class ImpiDesk {
 public:
  ImpiDesk(uint32_t capacity, ShardId here, Millis lease);

  // Enters it, or what has changed of it. False: there is no room.
  [[nodiscard]] bool Put(const Standing& standing, Instant now);
  void Remove(const Standing& standing);

  // Another shard that is said to hold an active association of the IMPI that
  // was made TLS-first.
  std::optional<ShardId> FindTlsFirst(uint64_t impi, Instant now) const;
  // `most` other devices are connected. (One that is not makes room.)
  bool IsFull(uint64_t impi, uint64_t device, uint32_t most, Instant now) const;
  // The one that has to go, when there are more than `most`: of the suspended
  // ones the first to end, else the newest. Who is in is served. It counts no
  // more, unless it is entered again.
  std::optional<Standing> TakeExcess(uint64_t impi, uint32_t most, Instant now);
  // Where there may be another association of this device; the number of them.
  size_t FindHomesOfDevice(const Standing& of, Instant now,
                           std::span<ShardId> homes) const;

  uint32_t size() const { return entries_.size(); }
  void CheckInvariants() const;

 private:
  struct Entry {
    Standing standing;
    Instant until = kNever;  // then it is forgotten
    bool leaves = false;     // one too many, or the device has a younger one
    SlotIndex::Link link;
  };
  static_assert(sizeof(Entry) <= 80);

  uint32_t Find(const Standing& standing) const;
  void Supersede(uint32_t slot, Instant now);
  void Drop(uint32_t slot);
  void Sweep(Instant now);
  template <typename Visit>  // a slot and its entry, which has not run out
  void ForEachOfImpi(uint64_t impi, Instant now, const Visit& visit) const;

  const ShardId here_;
  const Millis lease_;
  Slab<Entry> entries_;
  SlotIndex by_impi_;
  uint32_t swept_ = 0;  // where the sweep goes on
};

}  // namespace sallyport::registration

#endif  // CORE_REGISTRATION_IMPI_DESK_H_
