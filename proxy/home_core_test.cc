#include "proxy/home_core.h"

#include <string>

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

TEST(HomeCore, KeepsANameForTheResolver) {
  const auto targets = ParseHomeCore(
      "sip:core.example.com,sip:core.example.com:5070;transport=udp");

  ASSERT_TRUE(targets.ok()) << targets.status();
  EXPECT_FALSE((*targets)[0].literal());
  EXPECT_EQ((*targets)[0].host, "core.example.com");
  EXPECT_EQ((*targets)[0].endpoint.port, 0);
  EXPECT_TRUE((*targets)[0].any_transport);
  EXPECT_EQ((*targets)[1].endpoint.port, 5070);
  EXPECT_FALSE((*targets)[1].any_transport);
  EXPECT_EQ((*targets)[1].transport, sip::Transport::kUdp);
}

TEST(HomeCore, NeedsNoResolverForTheHostItself) {
  const auto targets = ParseHomeCore("sip:localhost:5070;transport=tcp");

  ASSERT_TRUE(targets.ok()) << targets.status();
  EXPECT_EQ((*targets)[0].endpoint.ToString(), "127.0.0.1:5070");
  EXPECT_EQ((*targets)[0].host, "localhost");
}

TEST(HomeCore, TakesTlsAndSipsForOneThing) {
  for (const char* text :
       {"sip:192.0.2.20;transport=tls", "sips:192.0.2.20",
        "sips:192.0.2.20;transport=tcp", "sips:192.0.2.20;transport=TLS"}) {
    const auto targets = ParseHomeCore(text);
    ASSERT_TRUE(targets.ok()) << targets.status();
    EXPECT_EQ((*targets)[0].transport, sip::Transport::kTls) << text;
    EXPECT_EQ((*targets)[0].endpoint.ToString(), "192.0.2.20:5061") << text;
  }
  const auto named =
      ParseHomeCore("sips:core.test,sip:core.test:99;transport=tls");
  ASSERT_TRUE(named.ok()) << named.status();
  for (const CoreTarget& target : *named) {
    EXPECT_EQ(target.transport, sip::Transport::kTls);
    EXPECT_FALSE(target.any_transport);
  }
  EXPECT_EQ((*named)[0].endpoint.port, 0);
  EXPECT_EQ((*named)[1].endpoint.port, 99);
}

TEST(HomeCore, ReadsPrioritiesAndWeights) {
  const auto targets = ParseHomeCore(
      "sip:192.0.2.1,sip:192.0.2.2;priority=0;weight=65535,"
      "sip:192.0.2.3;weight=0;transport=udp;priority=7");

  ASSERT_TRUE(targets.ok()) << targets.status();
  EXPECT_FALSE((*targets)[0].priority);  // its place in the list
  EXPECT_EQ((*targets)[0].weight, 1);
  EXPECT_EQ((*targets)[1].priority, 0);
  EXPECT_EQ((*targets)[1].weight, 65535);
  EXPECT_EQ((*targets)[2].priority, 7);
  EXPECT_EQ((*targets)[2].weight, 0);
}

TEST(HomeCore, IsBounded) {
  std::string list;
  for (size_t i = 0; i <= kHomeCoreMax; ++i) list += "sip:192.0.2.1,";
  EXPECT_FALSE(ParseHomeCore(list).ok());
}

TEST(HomeCore, IsEmptyWhenNothingIsGiven) {
  const auto targets = ParseHomeCore("");

  ASSERT_TRUE(targets.ok());
  EXPECT_TRUE(targets->empty());
}

TEST(HomeCore, NamesTheUriThatItRefuses) {
  for (const char* text :
       {"192.0.2.20:5060", "sips:192.0.2.20;transport=udp", "tel:+1555",
        "sip:", "sip:192.0.2.20;transport=dtls",
        "sip:192.0.2.20;transport=sctp", "sip:192.0.2.20:99999",
        "sip:192.0.2.20;priority=65536", "sip:192.0.2.20;weight=heavy",
        "sip:192.0.2.20;wieght=1", "http://core.example.com"}) {
    const auto targets = ParseHomeCore(text);

    EXPECT_FALSE(targets.ok()) << text;
    EXPECT_NE(targets.status().message().find(text), std::string::npos)
        << targets.status();
  }
}

}  // namespace
}  // namespace sallyport::proxy
