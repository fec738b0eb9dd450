#include "core/routing/transaction_table.h"

#include <set>
#include <vector>

#include "gtest/gtest.h"

namespace sallyport::routing {
namespace {

TransactionTable::Options Small() {
  return {.capacity = 8, .message_bytes_max = 1 << 16, .first_generation = 5};
}

SlotHandle Begin(TransactionTable& table, uint64_t key, uint64_t method) {
  const SlotHandle handle = table.Begin();
  table.Find(handle)->key = key;
  table.Find(handle)->method_hash = method;
  table.Index(handle);
  return handle;
}

TEST(TransactionTable, IsBounded) {
  TransactionTable table(Small());
  for (uint64_t i = 0; i < 8; ++i) EXPECT_TRUE(Begin(table, i, 0).valid());
  EXPECT_FALSE(table.Begin().valid());
  table.CheckInvariants();
}

TEST(TransactionTable, FindsByKeyAndMethod) {
  TransactionTable table(Small());
  const SlotHandle a = Begin(table, 1, 10);
  const SlotHandle b = Begin(table, 1, 20);
  const SlotHandle c =
      Begin(table, (uint64_t{1} << 32) + 1, 10);  // same low half
  EXPECT_EQ(table.FindByKey(1, 10), a);
  EXPECT_EQ(table.FindByKey(1, 20), b);
  EXPECT_EQ(table.FindByKey((uint64_t{1} << 32) + 1, 10), c);
  EXPECT_FALSE(table.FindByKey(1, 30).valid());
  EXPECT_TRUE(table.FindByKey(1, std::nullopt).valid());
  table.End(b);
  EXPECT_FALSE(table.FindByKey(1, 20).valid());
  EXPECT_EQ(table.FindByKey(1, 10), a);
  table.CheckInvariants();
}

TEST(TransactionTable, EndGivesItsMessagesBack) {
  TransactionTable table(Small());
  const SlotHandle handle = Begin(table, 1, 1);
  Transaction& transaction = *table.Find(handle);
  transaction.request = table.pool().Store("request");
  transaction.sent = table.pool().Store("sent");
  transaction.answer = table.pool().Store("answer");
  table.End(handle);
  EXPECT_EQ(table.pool().bytes_in_use(), 0u);
  EXPECT_EQ(table.Find(handle), nullptr);
}

TEST(TransactionTable, KnowsWhoWaitsOnAFlow) {
  TransactionTable table(Small());
  std::vector<SlotHandle> waiting;
  for (uint64_t i = 0; i < 6; ++i) {
    waiting.push_back(Begin(table, i, 0));
    table.Find(waiting.back())->downstream.flow = {0, {uint32_t(i % 2), 1}};
    table.AttachToFlow(waiting.back(), uint32_t(i % 2));
  }
  table.CheckInvariants();
  table.End(waiting[2]);  // from the middle of flow 0's
  table.CheckInvariants();
  std::set<uint32_t> slots;
  for (;;) {
    const SlotHandle handle = table.DetachFirstOfFlow(0);
    if (!handle.valid()) break;
    slots.insert(handle.slot);
    table.CheckInvariants();
  }
  EXPECT_EQ(slots, (std::set<uint32_t>{waiting[0].slot, waiting[4].slot}));
  EXPECT_FALSE(table.DetachFirstOfFlow(99).valid());
}

}  // namespace
}  // namespace sallyport::routing
