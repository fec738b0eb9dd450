#include "core/flow_table.h"

#include <malloc.h>

#include <cstddef>

#include "gtest/gtest.h"

namespace sallyport {
namespace {

FlowId Id(uint32_t slot, uint32_t generation) {
  return {0, {slot, generation}};
}

TEST(FlowTable, FindsByGeneration) {
  FlowTable table(1000, {});
  ASSERT_NE(table.Open(Id(3, 1), {}, Instant()), nullptr);
  EXPECT_NE(table.Find(Id(3, 1)), nullptr);
  EXPECT_EQ(table.Find(Id(3, 2)), nullptr);
  EXPECT_EQ(table.Find(Id(4, 1)), nullptr);
  EXPECT_EQ(table.Find(FlowId{}), nullptr);
  EXPECT_EQ(table.Find({.shard = 1, .handle = {3, 1}}), nullptr);
  EXPECT_EQ(table.size(), 1u);
}

TEST(FlowTable, NextTenantStartsAfresh) {
  FlowTable table(1000, {});
  Flow* flow = table.Open(Id(3, 1), {}, Instant());
  flow->garbage = 2;
  flow->closing = true;
  table.Close(*flow);
  EXPECT_EQ(table.Find(Id(3, 1)), nullptr);
  EXPECT_EQ(table.size(), 0u);
  flow = table.Open(Id(3, 2), {}, Instant());
  EXPECT_EQ(flow->garbage, 0);
  EXPECT_FALSE(flow->closing);
  EXPECT_EQ(table.Find(Id(3, 1)), nullptr);
}

TEST(FlowTable, RefusesSlotsPastItsBound) {
  FlowTable table(300, {});
  EXPECT_NE(table.Open(Id(299, 1), {}, Instant()), nullptr);
  EXPECT_EQ(table.Open(Id(300, 1), {}, Instant()), nullptr);
  EXPECT_EQ(table.size(), 1u);
}

TEST(FlowTable, FlowsDoNotMoveWhenItGrows) {
  FlowTable table(100'000, {});
  Flow* first = table.Open(Id(0, 1), {}, Instant());
  ASSERT_NE(table.Open(Id(99'999, 1), {}, Instant()), nullptr);
  EXPECT_EQ(table.Find(Id(0, 1)), first);
}

TEST(FlowTable, AFarSlotCostsNothingForThoseBeforeIt) {
  FlowTable table(100'000, {});
  const size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;

  ASSERT_NE(table.Open(Id(99'999, 1), {}, Instant()), nullptr);

  const size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
  EXPECT_LE(after - before, 512 * sizeof(Flow));
  EXPECT_EQ(table.At(0), nullptr);
  EXPECT_EQ(table.At(99'998), nullptr);
  EXPECT_NE(table.At(99'999), nullptr);
}

}  // namespace
}  // namespace sallyport
