#include "core/flow.h"

#include "core/testing/name_table.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

TEST(CloseReason, HasALabelForEachValue) {
  ExpectLabels<CloseReason>(kCloseReasonCount);
}

TEST(FlowId, NamesAFlowOfOneShardOnly) {
  const FlowId flow{.shard = 1, .handle = {.slot = 2, .generation = 3}};

  EXPECT_TRUE(flow.valid());
  EXPECT_FALSE(FlowId().valid());
  EXPECT_NE(flow, (FlowId{.shard = 2, .handle = flow.handle}));
  EXPECT_NE(flow, (FlowId{.shard = 1, .handle = {2, 4}}));
}

}  // namespace
}  // namespace sallyport
