// Listeners of access class `3gpp`: there the scheme that we are is refused
// (Sallyport 1.2).
#include <string>

#include "core/testing/edge_harness.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

// The harness listens on 198.51.100.10: 5061 TLS, 5060 in clear.
EdgeConfig With3gpp(const char* listener) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.listen_3gpp = {*Endpoint::Parse(listener)};
  return config;
}

// Conformance: POL-08
TEST(AccessClass, OnA3gppListenerEveryRegisterIsRefused) {
  for (const char* listener :
       {"198.51.100.10:5061", "0.0.0.0:5061", "[::]:5061"}) {
    SCOPED_TRACE(listener);
    EdgeHarness net(With3gpp(listener));
    const FlowId phone = net.OpenTls();
    for (const RegisterText& text :
         {RegisterText{}, RegisterText{.response = "r", .cseq = 2},
          RegisterText{.impi = "", .cseq = 3},
          RegisterText{.response = "r", .cseq = 4, .secagree = true}}) {
      net.Receive(phone, text.Text());
      EXPECT_EQ(StatusOf(net.OnlyText()), 403);
      EXPECT_EQ(net.Only().to.flow, phone);
    }
    EXPECT_EQ(net.totals().associations_reserved, 0u);
    EXPECT_EQ(net.totals().transactions, 0u);
  }
}

// Conformance: POL-08
TEST(AccessClass, OnA3gppListenerNothingElseIsServed) {
  EdgeConfig config = With3gpp("198.51.100.10:5061");
  config.unregistered_tls_action = EdgeConfig::UnregisteredTls::kReject403;
  EdgeHarness net(config);
  const FlowId phone = net.OpenTls();
  for (const char* method :
       {"MESSAGE", "INVITE", "ACK", "CANCEL", "LEVITATE"}) {
    net.Receive(phone, RequestText{.method = method}.Text());
    EXPECT_TRUE(net.sent().empty()) << method;
  }
  EXPECT_EQ(net.Count(CounterId::kDiscardAccessClass), 5u);
}

// A datagram's source is a claim: no answer.
// Conformance: POL-08
TEST(AccessClass, InClearTheSame) {
  EdgeHarness net(With3gpp("198.51.100.10:5060"));
  const FlowId tcp = net.OpenClearTcp();

  net.Receive(tcp, RegisterText{.transport = "TCP", .secagree = true}.Text());
  EXPECT_EQ(StatusOf(net.OnlyText()), 403);
  net.ReceiveFrom(net.ClearUdp(), "203.0.113.25:5062",
                  RegisterText{.transport = "UDP", .secagree = true}.Text());
  EXPECT_TRUE(net.sent().empty());
  EXPECT_EQ(net.Count(CounterId::kDiscardAccessClass), 1u);
  EXPECT_EQ(net.totals().transactions, 0u);
}

// An association of another listener is not taken over, and not harmed.
// Conformance: POL-08
TEST(AccessClass, AResumedSessionBringsNoRights) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.listen_3gpp = {*Endpoint::Parse("198.51.100.10:5071")};
  EdgeHarness net(config);
  net.Associate(net.OpenTls("203.0.113.25:50311", 7));

  FlowInfo info{.side = Side::kAccess,
                .transport = sip::Transport::kTls,
                .peer = *Endpoint::Parse("203.0.113.25:50312"),
                .local = *Endpoint::Parse("198.51.100.10:5071"),
                .tls_resumed = true};
  info.tls_session.fill(7);
  const FlowId again = net.Open(info);
  net.Receive(again, RegisterText{.cseq = 9}.Text());

  EXPECT_EQ(StatusOf(net.OnlyText()), 403);
  net.Receive(again, RequestText{}.Text());
  EXPECT_TRUE(net.sent().empty());
  EXPECT_EQ(net.totals().associations_active, 1u);
}

// Conformance: POL-08
TEST(AccessClass, OtherListenersServe) {
  EdgeHarness net(With3gpp("198.51.100.11:5061"));
  const FlowId phone = net.OpenTls();

  net.Associate(phone);

  net.Receive(phone, RequestText{}.Text());
  EXPECT_TRUE(net.Only().to_core);
}

}  // namespace
}  // namespace sallyport
