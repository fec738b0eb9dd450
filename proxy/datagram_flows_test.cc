#include "proxy/datagram_flows.h"

#include <array>
#include <cstdint>

#include "gtest/gtest.h"

namespace sallyport::proxy {
namespace {

constexpr net::UdpId kSocket{0};
constexpr net::UdpId kOther{1};

Endpoint At(std::array<uint8_t, 4> octets) {
  return {.address = IpAddress::V4(octets), .port = 5060};
}

TEST(DatagramFlows, ABoundSocketHasOne) {
  DatagramFlows flows;
  const uint32_t own = flows.Open(kSocket, Side::kAccess, At({192, 0, 2, 1}));

  const auto found = flows.Of(kSocket, At({192, 0, 2, 1}));

  EXPECT_EQ(found.index, own);
  EXPECT_FALSE(found.is_new);
  EXPECT_FALSE(flows.At(own).from.valid());
}

TEST(DatagramFlows, AWildcardSocketHasOneForEachAddress) {
  DatagramFlows flows;
  flows.Open(kSocket, Side::kAccess, At({0, 0, 0, 0}));
  flows.Open(kOther, Side::kCore, At({0, 0, 0, 0}));

  const auto first = flows.Of(kSocket, At({192, 0, 2, 1}));
  const auto second = flows.Of(kSocket, At({192, 0, 2, 2}));
  const auto again = flows.Of(kSocket, At({192, 0, 2, 1}));
  const auto others = flows.Of(kOther, At({192, 0, 2, 1}));

  EXPECT_TRUE(first.is_new);
  EXPECT_TRUE(second.is_new);
  EXPECT_FALSE(again.is_new);
  EXPECT_EQ(again.index, first.index);
  EXPECT_NE(second.index, first.index);
  EXPECT_TRUE(others.is_new);
  EXPECT_EQ(flows.At(first.index).from, At({192, 0, 2, 1}).address);
  EXPECT_EQ(flows.At(others.index).side, Side::kCore);
}

TEST(DatagramFlows, PastTheBoundTheSocketsOwnServes) {
  DatagramFlows flows;
  const uint32_t own = flows.Open(kSocket, Side::kAccess, At({0, 0, 0, 0}));
  for (uint32_t i = 1; i < DatagramFlows::kMax; ++i) {
    ASSERT_TRUE(
        flows.Of(kSocket, At({10, 0, static_cast<uint8_t>(i >> 8),
                              static_cast<uint8_t>(i)}))
            .is_new);
  }

  EXPECT_EQ(flows.Of(kSocket, At({10, 9, 9, 9})).index, own);
  EXPECT_NE(flows.Of(kSocket, At({10, 0, 0, 1})).index, own);
}

}  // namespace
}  // namespace sallyport::proxy
