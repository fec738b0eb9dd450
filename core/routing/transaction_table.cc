#include "core/routing/transaction_table.h"

#include "absl/log/check.h"

namespace sallyport::routing {
namespace {
constexpr uint32_t kNone = SlotHandle::kNoSlot;
}  // namespace

TransactionTable::TransactionTable(const Options& options)
    : slab_(options.capacity, options.first_generation),
      pool_(options.message_bytes_max),
      index_(options.capacity) {}

// What the messages lie in belongs to nobody else.
TransactionTable::~TransactionTable() {
  for (uint32_t slot = 0; slot < slots_used(); ++slot) {
    if (At(slot) != nullptr) End(HandleAt(slot));
  }
}

void TransactionTable::End(SlotHandle handle) {
  Transaction* transaction = Find(handle);
  CHECK(transaction != nullptr);
  Unindex(handle.slot, *transaction);
  Detach(handle.slot, *transaction);
  pool_.Release(transaction->request);
  pool_.Release(transaction->sent);
  pool_.Release(transaction->answer);
  slab_.Release(handle);
}

void TransactionTable::Index(SlotHandle handle) {
  Transaction* transaction = Find(handle);
  CHECK(transaction != nullptr && !transaction->indexed);
  index_.Insert(handle.slot, static_cast<uint32_t>(transaction->key), LinkOf());
  transaction->indexed = true;
}

SlotHandle TransactionTable::FindByKey(uint64_t key,
                                       std::optional<uint64_t> method_hash) {
  for (uint32_t slot = index_.First(static_cast<uint32_t>(key), LinkOf());
       slot != kNone; slot = index_.Next(slot, LinkOf())) {
    const Transaction& candidate = *At(slot);
    if (candidate.key == key &&
        (!method_hash || candidate.method_hash == *method_hash)) {
      return HandleAt(slot);
    }
  }
  return {};
}

void TransactionTable::Unindex(uint32_t slot, Transaction& transaction) {
  if (!transaction.indexed) return;
  index_.Remove(slot, LinkOf());
  transaction.indexed = false;
}

void TransactionTable::AttachToFlow(SlotHandle handle, uint32_t flow_slot) {
  Transaction* transaction = Find(handle);
  CHECK(transaction != nullptr && !transaction->on_flow);
  CHECK_EQ(transaction->downstream.flow.handle.slot, flow_slot);
  if (flow_slot >= first_of_flow_.size())
    first_of_flow_.resize(flow_slot + 1, kNone);
  uint32_t& first = first_of_flow_[flow_slot];
  if (first != kNone) At(first)->previous_of_flow = handle.slot;
  transaction->next_of_flow = first;
  transaction->previous_of_flow = kNone;
  transaction->on_flow = true;
  first = handle.slot;
}

void TransactionTable::Detach(uint32_t slot, Transaction& transaction) {
  if (!transaction.on_flow) return;
  const uint32_t next = transaction.next_of_flow;
  const uint32_t previous = transaction.previous_of_flow;
  if (next != kNone) At(next)->previous_of_flow = previous;
  if (previous != kNone) {
    At(previous)->next_of_flow = next;
  } else {
    uint32_t& first = first_of_flow_[transaction.downstream.flow.handle.slot];
    CHECK_EQ(first, slot);
    first = next;
  }
  transaction.on_flow = false;
}

SlotHandle TransactionTable::DetachFirstOfFlow(uint32_t flow_slot) {
  if (flow_slot >= first_of_flow_.size()) return {};
  const uint32_t slot = first_of_flow_[flow_slot];
  if (slot == kNone) return {};
  Detach(slot, *At(slot));
  return HandleAt(slot);
}

void TransactionTable::CheckInvariants() {
  uint32_t indexed = 0, on_flow = 0, listed = 0;
  for (uint32_t slot = 0; slot < slots_used(); ++slot) {
    const Transaction* transaction = At(slot);
    if (transaction == nullptr) continue;
    indexed += transaction->indexed;
    if (transaction->indexed) {
      CHECK(FindByKey(transaction->key, transaction->method_hash).valid());
    }
    on_flow += transaction->on_flow;
  }
  for (uint32_t flow = 0; flow < first_of_flow_.size(); ++flow) {
    for (uint32_t slot = first_of_flow_[flow]; slot != kNone; ++listed) {
      const Transaction* transaction = At(slot);
      CHECK(transaction != nullptr && transaction->on_flow);
      CHECK_EQ(transaction->downstream.flow.handle.slot, flow);
      slot = transaction->next_of_flow;
    }
  }
  CHECK_EQ(indexed, index_.size());
  CHECK_EQ(on_flow, listed);
}

}  // namespace sallyport::routing
