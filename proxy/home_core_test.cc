#include "proxy/home_core.h"

#include "gtest/gtest.h"

namespace sallyport::proxy {
namespace {

TEST(HomeCore, ReadsTargetsInOrder) {
  const auto targets = ParseHomeCore(
      "sip:192.0.2.20:5062;transport=udp,sip:[2001:db8::1]:5063");

  ASSERT_TRUE(targets.ok()) << targets.status();
  ASSERT_EQ(targets->size(), 2u);
  EXPECT_EQ((*targets)[0].endpoint.ToString(), "192.0.2.20:5062");
  EXPECT_EQ((*targets)[0].transport, sip::Transport::kUdp);
  EXPECT_EQ((*targets)[1].endpoint.ToString(), "[2001:db8::1]:5063");
  EXPECT_EQ((*targets)[1].transport, sip::Transport::kTcp);
}

TEST(HomeCore, TakesPort5060WhenNoneIsGiven) {
  const auto targets = ParseHomeCore("sip:192.0.2.20");

  ASSERT_TRUE(targets.ok()) << targets.status();
  EXPECT_EQ((*targets)[0].endpoint.port, 5060);
}

TEST(HomeCore, ResolvesAHostNameAndKeepsIt) {
  const auto targets = ParseHomeCore("sip:localhost:5070;transport=tcp");

  ASSERT_TRUE(targets.ok()) << targets.status();
  EXPECT_TRUE((*targets)[0].endpoint.address.is_loopback());
  EXPECT_EQ((*targets)[0].host, "localhost");
}

TEST(HomeCore, IsEmptyWhenNothingIsGiven) {
  const auto targets = ParseHomeCore("");

  ASSERT_TRUE(targets.ok());
  EXPECT_TRUE(targets->empty());
}

TEST(HomeCore, NamesTheUriThatItRefuses) {
  for (const char* text :
       {"192.0.2.20:5060", "sips:192.0.2.20", "tel:+1555", "sip:",
        "sip:192.0.2.20;transport=sctp", "sip:192.0.2.20:99999"}) {
    const auto targets = ParseHomeCore(text);

    EXPECT_FALSE(targets.ok()) << text;
    EXPECT_NE(targets.status().message().find(text), std::string::npos)
        << targets.status();
  }
}

}  // namespace
}  // namespace sallyport::proxy
