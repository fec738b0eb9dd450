#include "proxy/source_counts.h"

#include "gtest/gtest.h"

namespace sallyport::proxy {
namespace {

const IpAddress kOne = IpAddress::V4({192, 0, 2, 1});
const IpAddress kNeighbour = IpAddress::V4({192, 0, 2, 2});
const IpAddress kElsewhere = IpAddress::V4({198, 51, 100, 1});

TEST(SourceCounts, RefuseWhoHasItsShare) {
  SourceCounts counts({}, 2);
  EXPECT_TRUE(counts.Enter(kOne));
  EXPECT_TRUE(counts.Enter(kOne));
  EXPECT_FALSE(counts.Enter(kOne));
  EXPECT_TRUE(counts.Enter(kNeighbour));

  counts.Leave(kOne);
  EXPECT_TRUE(counts.Enter(kOne));
}

TEST(SourceCounts, APrefixIsOneSource) {
  SourceCounts counts({.v4_bits = 24}, 1);
  EXPECT_TRUE(counts.Enter(kOne));
  EXPECT_FALSE(counts.Enter(kNeighbour));
  EXPECT_TRUE(counts.Enter(kElsewhere));
}

TEST(SourceCounts, ForgetWhoHasLeft) {
  SourceCounts counts({}, 2);
  ASSERT_TRUE(counts.Enter(kOne));
  counts.Leave(kOne);
  EXPECT_EQ(counts.size(), 0u);
}

TEST(SourceCounts, CountNothingWithoutALimit) {
  SourceCounts counts({}, 0);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(counts.Enter(kOne));
  EXPECT_EQ(counts.size(), 0u);
}

}  // namespace
}  // namespace sallyport::proxy
