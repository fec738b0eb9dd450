// What may leave in datagrams to sources that nobody has proven (spec 9.4).
#include <string>

#include "core/testing/edge_harness.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

constexpr char kPhone[] = "203.0.113.25:5062";
constexpr char kOther[] = "203.0.113.26:5062";

std::string ClearRegister(const std::string& branch, int cseq = 1) {
  return RegisterText{.transport = "UDP",
                      .branch = branch,
                      .cseq = cseq,
                      .secagree = true}
      .Text();
}

struct Relayed {
  int code;
  bool leaves;
};

TEST(Datagrams, CarryChallengesAndRefusalsOnly) {
  for (const Relayed& row : {Relayed{401, true}, Relayed{403, true},
                             Relayed{404, true}, Relayed{500, false},
                             Relayed{600, false}, Relayed{200, false}}) {
    EdgeHarness net;
    net.ReceiveFrom(net.ClearUdp(), kPhone, ClearRegister("z9hG4bKone"));
    net.AnswerFromCore(Sent(net.Only()), row.code);
    EXPECT_EQ(net.sent().size(), row.leaves ? 1u : 0u) << row.code;
    EXPECT_EQ(net.Count(CounterId::kDiscardDatagramAnswer),
              row.leaves ? 0u : 1u)
        << row.code;
  }
}

TEST(Datagrams, CarryASuccessWhereTlsIsNotRequired) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.tls_required = false;
  EdgeHarness net(config);
  net.ReceiveFrom(net.ClearUdp(), kPhone, ClearRegister("z9hG4bKone"));
  net.GrantFromCore(Sent(net.Only()));
  EXPECT_EQ(StatusOf(net.OnlyText()), 200);
}

TEST(Datagrams, NeverTellThatTheCoreIsSilent) {
  EdgeHarness net;
  net.ReceiveFrom(net.ClearUdp(), kPhone, ClearRegister("z9hG4bKone"));
  net.Advance(2 * net.config().timer_f_core);
  for (const Sent& sent : net.sent()) EXPECT_TRUE(sent.to_core);
  EXPECT_EQ(net.Count(CounterId::kDiscardDatagramAnswer), 1u);
  EXPECT_EQ(net.totals().transactions, 0u);
}

TEST(Datagrams, LeaveNoMoreOftenThanTheirSourceMay) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.datagrams_per_source = 2;
  EdgeHarness net(config);
  const auto challenged = [&net](const char* phone, const std::string& branch) {
    net.ReceiveFrom(net.ClearUdp(), phone, ClearRegister(branch));
    net.AnswerFromCore(Sent(net.Only()), 401);
    return net.sent().size() == 1;
  };
  EXPECT_TRUE(challenged(kPhone, "z9hG4bK1"));
  EXPECT_TRUE(challenged(kPhone, "z9hG4bK2"));
  EXPECT_FALSE(challenged(kPhone, "z9hG4bK3"));
  // A repeat is an answer like any other.
  net.ReceiveFrom(net.ClearUdp(), kPhone, ClearRegister("z9hG4bK1"));
  EXPECT_TRUE(net.sent().empty());
  EXPECT_TRUE(challenged(kOther, "z9hG4bK4"));

  net.Advance(Millis(1000));
  net.ReceiveFrom(net.ClearUdp(), kPhone, ClearRegister("z9hG4bK1"));
  EXPECT_EQ(StatusOf(net.OnlyText()), 401);
}

TEST(Datagrams, FromTheCoreAreNotLimited) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.datagrams_per_source = 1;
  EdgeHarness net(config);
  for (int i = 0; i < 5; ++i) {
    net.ReceiveFrom(net.CoreUdp(), "192.0.2.30:5060",
                    RequestText{.method = "OPTIONS",
                                .uri = "sip:nobody@elsewhere.example",
                                .via = "SIP/2.0/UDP 192.0.2.30:5060",
                                .branch = "z9hG4bKc" + std::to_string(i)}
                        .Text());
    EXPECT_EQ(net.sent().size(), 1u) << i;
  }
}

}  // namespace
}  // namespace sallyport
