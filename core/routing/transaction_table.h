// A TransactionTable holds one shard's transactions and finds them three ways:
// by handle (responses), by key (retransmissions, CANCEL), by flow (its close).
#ifndef CORE_ROUTING_TRANSACTION_TABLE_H_
#define CORE_ROUTING_TRANSACTION_TABLE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/slab.h"
#include "core/base/slot_index.h"
#include "core/routing/transaction.h"

namespace sallyport::routing {

// Bounds: `capacity` transactions; Begin() then returns an invalid handle. Kept
//         messages are bounded by the pool.
// Cost:   all O(1) but for the walks; no heap once grown to the load.
class TransactionTable {
 public:
  struct Options {
    uint32_t capacity = 0;
    uint64_t message_bytes_max = 0;
    uint32_t first_generation = 1;
  };
  explicit TransactionTable(const Options& options);
  ~TransactionTable();

  [[nodiscard]] SlotHandle Begin() { return slab_.Acquire(); }
  // Gives back its messages and forgets it. Its timers are the caller's
  // business.
  void End(SlotHandle handle);
  Transaction* Find(SlotHandle handle) { return slab_.Find(handle); }
  // The present tenant of a slot, or null; for walks up to slots_used().
  Transaction* At(uint32_t slot) { return slab_.At(slot); }
  SlotHandle HandleAt(uint32_t slot) const { return slab_.HandleAt(slot); }
  uint32_t slots_used() const { return slab_.slots_used(); }
  uint32_t size() const { return slab_.size(); }
  MessagePool& pool() { return pool_; }

  // Makes it findable by its `key` and `method_hash`.
  void Index(SlotHandle handle);
  // Without a method: of any method (CANCEL).
  SlotHandle FindByKey(uint64_t key, std::optional<uint64_t> method_hash);

  // It waits for a response along this flow (of this shard).
  void AttachToFlow(SlotHandle handle, uint32_t flow_slot);
  // The first transaction that waits on the flow, detached; invalid: none.
  SlotHandle DetachFirstOfFlow(uint32_t flow_slot);

  // Dies when lists and records do not agree.
  void CheckInvariants();

 private:
  void Unindex(uint32_t slot, Transaction& transaction);
  void Detach(uint32_t slot, Transaction& transaction);
  auto LinkOf() {
    return [this](uint32_t slot) -> SlotIndex::Link& {
      return At(slot)->key_link;
    };
  }

  Slab<Transaction> slab_;
  MessagePool pool_;
  SlotIndex index_;                      // by the low half of the key
  std::vector<uint32_t> first_of_flow_;  // by flow slot
};

}  // namespace sallyport::routing

#endif  // CORE_ROUTING_TRANSACTION_TABLE_H_
