// "TLS required" at an Edge: what comes unprotected (spec 2.9).
#include <string>

#include "core/testing/edge_harness.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

std::string InClear(const std::string& method) {
  return RequestText{.method = method, .via = "SIP/2.0/TCP 192.168.1.10:5062"}
      .Text();
}

// Conformance: POL-01, POL-06
TEST(ClearPolicy, OtherRequestsGetNoAnswerAtAll) {
  for (const char* method :
       {"INVITE", "OPTIONS", "SUBSCRIBE", "MESSAGE", "BYE"}) {
    EdgeHarness net;
    net.Receive(net.OpenClearTcp(), InClear(method));
    EXPECT_TRUE(net.sent().empty()) << method;
    net.ReceiveFrom(net.ClearUdp(), "203.0.113.25:1000", InClear(method));
    EXPECT_TRUE(net.sent().empty()) << method;
    EXPECT_EQ(net.Count(CounterId::kDiscardClear), 2u);
    EXPECT_EQ(net.totals().transactions, 0u);
  }
}

// Not even what is wrong with it is said.
// Conformance: POL-01
TEST(ClearPolicy, MalformedRequestsGetNoAnswerEither) {
  EdgeHarness net;
  net.Receive(
      net.OpenClearTcp(),
      "MESSAGE sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP x;branch=z9hG4bK1\r\n"
      "From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\n"
      "CSeq: 1 MESSAGE\r\n\r\n");  // no Content-Length
  EXPECT_TRUE(net.sent().empty());
}

// Conformance: POL-02, ERR-08
TEST(ClearPolicy, AckAndCancelChangeNothing) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  net.Receive(phone, RequestText{.branch = "z9hG4bKone"}.Text());
  const Sent forwarded = net.Only();
  const FlowId stranger = net.OpenClearTcp();
  for (const char* method : {"ACK", "CANCEL"}) {
    net.Receive(stranger,
                RequestText{.method = method, .branch = "z9hG4bKone"}.Text());
    EXPECT_TRUE(net.sent().empty()) << method;
  }
  EXPECT_EQ(net.totals().transactions, 1u);
  net.AnswerFromCore(forwarded, 200);
  EXPECT_EQ(net.Only().to.flow, phone);
}

// Conformance: POL-03, POL-06
TEST(ClearPolicy, RegisterWithAResponseIsDiscarded) {
  EdgeHarness net;
  net.Receive(
      net.OpenClearTcp(),
      RegisterText{.response = "r", .transport = "TCP", .secagree = true}
          .Text());
  EXPECT_TRUE(net.sent().empty());
  EXPECT_EQ(net.Count(CounterId::kDiscardClearAnswer), 1u);
}

// Conformance: POL-04, POL-06
TEST(ClearPolicy, DeregistrationIsDiscarded) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  net.Receive(net.OpenClearTcp(),
              RegisterText{.transport = "TCP", .expires = "0", .secagree = true}
                  .Text());
  net.Receive(net.OpenClearTcp(), RegisterText{.transport = "TCP",
                                               .contact = "*",
                                               .expires = "",
                                               .secagree = true,
                                               .extra = "Expires: 0\r\n"}
                                      .Text());
  EXPECT_TRUE(net.sent().empty());
  EXPECT_EQ(net.Count(CounterId::kDiscardClearDeregister), 2u);
  EXPECT_EQ(net.totals().associations_active, 1u);
}

// Conformance: POL-05, POL-06, ERR-08
TEST(ClearPolicy, ResponsesAreDiscarded) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{.response = "r"}.Text());
  const Sent forwarded = net.Only();
  // Even one with the right branch.
  net.Receive(net.OpenClearTcp(), Grant(forwarded.text));
  net.ReceiveFrom(net.ClearUdp(), "203.0.113.25:1000", Grant(forwarded.text));
  EXPECT_TRUE(net.sent().empty());
  EXPECT_EQ(net.Count(CounterId::kDiscardClearResponse), 2u);
  EXPECT_EQ(net.totals().associations_active, 0u);
}

// Conformance: POL-07, ASSOC-03
TEST(ClearPolicy, WithoutTlsRequiredRegisterIsProxiedAndNothingElse) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.tls_required = false;
  EdgeHarness net(config);
  const FlowId phone = net.OpenClearTcp();
  net.Receive(phone, RegisterText{.response = "r", .transport = "TCP"}.Text());
  ASSERT_TRUE(net.Only().to_core);
  EXPECT_FALSE(Contains(net.OnlyText(), "integrity-protected"));
  net.GrantFromCore(net.Only(), 600, EdgeHarness::kIdentities);
  EXPECT_EQ(StatusOf(net.OnlyText()), 200);
  EXPECT_EQ(net.totals().associations_active, 0u);
  for (const char* method : {"INVITE", "MESSAGE"}) {
    net.Receive(phone, InClear(method));
    EXPECT_TRUE(net.sent().empty()) << method;
  }
}

// Conformance: POL-09
TEST(ClearPolicy, KnownImpiIsJudgedByHowItRegistered) {
  for (const bool secagree : {false, true}) {
    EdgeHarness net;
    net.Associate(net.OpenTls(), {.secagree = secagree, .verify = secagree});
    net.Receive(net.OpenClearTcp(),
                RegisterText{.transport = "TCP", .secagree = true}.Text());
    EXPECT_EQ(net.sent().size(), secagree ? 1u : 0u);
    EXPECT_EQ(net.Count(CounterId::kDiscardClearAssociated),
              secagree ? 0u : 1u);
    EXPECT_EQ(net.totals().associations_active, 1u);
  }
}

// Conformance: SEC-27, SEC-28, ERR-07
TEST(ClearPolicy, RegisterWithoutATlsOfferHearsOfOurs) {
  EdgeHarness net;
  const FlowId phone = net.OpenClearTcp();
  net.Receive(phone, RegisterText{.transport = "TCP"}.Text());
  EXPECT_EQ(StatusOf(net.OnlyText()), 421);
  EXPECT_EQ(Row(net.OnlyText(), "Require"), "sec-agree");
  EXPECT_EQ(Row(net.OnlyText(), "Security-Server"), "tls;q=0.9");
  net.Receive(
      phone, Replaced(RegisterText{.transport = "TCP", .secagree = true}.Text(),
                      "Security-Client: tls;q=0.9",
                      "Security-Client: ipsec-3gpp;alg=hmac-sha-1-96"));
  EXPECT_EQ(StatusOf(net.OnlyText()), 494);
  EXPECT_EQ(Row(net.OnlyText(), "Security-Server"), "tls;q=0.9");
}

TEST(ClearPolicy, LabsMayHearA403) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.clear_action = EdgeConfig::ClearAction::kReject403;
  EdgeHarness net(config);
  net.Receive(net.OpenClearTcp(), InClear("MESSAGE"));
  EXPECT_EQ(StatusOf(net.OnlyText()), 403);
  net.ReceiveFrom(net.ClearUdp(), "203.0.113.25:1000", InClear("MESSAGE"));
  EXPECT_TRUE(net.sent().empty());
}

}  // namespace
}  // namespace sallyport
