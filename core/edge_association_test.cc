// The life of an association as an Edge lets it be seen (spec 5).
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/testing/edge_harness.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

constexpr char kYes[] = "integrity-protected=\"tls-yes\"";

// Whether the connection's UE may send requests: what an association is for.
bool MaySend(EdgeHarness& net, FlowId flow) {
  net.Receive(flow, RequestText{}.Text());
  return !net.sent().empty() && net.sent()[0].to_core;
}

std::vector<Edge::AssociationInfo> All(EdgeHarness& net) {
  return net.edge().FindAssociations("", 100);
}

// ---------------------------------------------------------------- creation

// Conformance: ASSOC-01, ASSOC-05
TEST(Association, IsCreatedByTheOkToAResponse) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  const auto all = All(net);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].impi, "alice_private@ims.example.com");
  EXPECT_EQ(all[0].flow, phone);
  EXPECT_EQ(all[0].peer.ToString(), "203.0.113.25:50311");
  EXPECT_EQ(all[0].identities.size(), 2u);
  EXPECT_EQ(all[0].state, "active");
  EXPECT_TRUE(MaySend(net, phone));
  EXPECT_EQ(net.Count(CounterId::kAssociationsCreated), 1u);
}

// The phone may use it as soon as it has the 200, in the same turn.
// Conformance: ASSOC-01
TEST(Association, StandsBeforeTheOkIsHandedOn) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{.response = "r"}.Text());
  const Sent forwarded = net.Only();
  const std::string grant =
      Grant(forwarded.text, 600, EdgeHarness::kIdentities);
  const FlowId core = net.CoreLink(forwarded.to.peer);
  net.Do([&](Edge& edge) {
    EXPECT_EQ(edge.OnReceived(core, {}, grant, net.now()), grant.size());
    EXPECT_EQ(edge.totals().associations_active, 1u);
    EXPECT_EQ(edge.actions().size(), 1u);
  });
}

// Conformance: ASSOC-02
TEST(Association, IsNotCreatedByAnythingElse) {
  for (const int code : {401, 403, 423, 500, 503, 600}) {
    EdgeConfig config = EdgeHarness::ExampleConfig();
    config.home_core.resize(1);
    EdgeHarness net(config);
    const FlowId phone = net.OpenTls();
    net.Receive(phone, RegisterText{.response = "r"}.Text());
    net.AnswerFromCore(
        net.Only(), code,
        "Contact: <sip:alice@192.168.1.10:5062;transport=tls>;expires=600\r\n");
    EXPECT_EQ(net.totals().associations_active, 0u) << code;
    if (net.IsOpen(phone)) {
      EXPECT_FALSE(MaySend(net, phone)) << code;
    }
  }
}

// Conformance: ASSOC-03
TEST(Association, IsNotCreatedByAnOkInClear) {
  EdgeHarness net;
  net.Receive(net.OpenClearTcp(),
              RegisterText{.transport = "TCP", .secagree = true}.Text());
  net.GrantFromCore(net.Only(), 600, EdgeHarness::kIdentities);
  EXPECT_EQ(StatusOf(net.OnlyText()), 200);
  EXPECT_TRUE(All(net).empty());
}

// Conformance: ASSOC-04
TEST(Association, IsNotCreatedByAnUnchallengedOk) {
  for (const bool allowed : {false, true}) {
    EdgeConfig config = EdgeHarness::ExampleConfig();
    config.assoc_without_digest = allowed;
    EdgeHarness net(config);
    const FlowId phone = net.OpenTls();
    net.Receive(phone, RegisterText{.impi = ""}.Text());
    net.GrantFromCore(net.Only(), 600, EdgeHarness::kIdentities);
    EXPECT_EQ(StatusOf(net.OnlyText()), 200);
    EXPECT_EQ(net.totals().associations_active, allowed ? 1u : 0u);
    EXPECT_EQ(MaySend(net, phone), allowed);
    if (!allowed) continue;
    EXPECT_EQ(All(net)[0].impi, "alice@ims.example.com");
    // It never yields tls-yes.
    net.Receive(
        phone, RegisterText{.impi = "alice@ims.example.com", .cseq = 2}.Text());
    EXPECT_FALSE(Contains(net.OnlyText(), kYes));
  }
}

struct Granted {
  const char* name;
  const char* lines;  // of the 200
  int expires_s;      // 0: nothing is created
};
class GrantedExpiryCase : public testing::TestWithParam<Granted> {};

// Conformance: ASSOC-06, ASSOC-07, ASSOC-08, ASSOC-09
INSTANTIATE_TEST_SUITE_P(
    Spec54, GrantedExpiryCase,
    testing::Values(
        Granted{"ContactWinsOverExpires",
                "Contact: "
                "<sip:alice@192.168.1.10:5062;transport=tls>;expires=100\r\n"
                "Expires: 900\r\n",
                100},
        Granted{"ExpiresWhenTheContactHasNone",
                "Contact: <sip:alice@192.168.1.10:5062;transport=tls>\r\n"
                "Expires: 900\r\n",
                900},
        Granted{"AskedForWhenNeitherSays",
                "Contact: <sip:alice@192.168.1.10:5062;transport=tls>\r\n",
                600},
        Granted{"OursAmongSeveral",
                "Contact: <sip:alice@10.0.0.1>;expires=9000, "
                "<sip:alice@192.168.1.10:5062;transport=tls>;expires=100\r\n",
                100},
        Granted{"OursByUriEquality",
                "Contact: <sip:alice@10.0.0.1>;expires=9000\r\n"
                "Contact: "
                "<SIP:alice@192.168.1.10:5062;Transport=TLS>;expires=100\r\n",
                100},
        Granted{
            "ZeroForOurs",
            "Contact: <sip:alice@192.168.1.10:5062;transport=tls>;expires=0\r\n"
            "Expires: 900\r\n",
            0},
        Granted{"OursIsMissing",
                "Contact: <sip:alice@10.0.0.1>;expires=900\r\n", 0}),
    [](const auto& param) { return param.param.name; });

TEST_P(GrantedExpiryCase, DecidesWhenItEnds) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{.response = "r"}.Text());
  net.AnswerFromCore(net.Only(), 200, GetParam().lines);
  EXPECT_EQ(StatusOf(net.OnlyText()), 200);
  const auto all = All(net);
  if (GetParam().expires_s == 0) {
    EXPECT_EQ(net.totals().associations_active, 0u);
    return;
  }
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].expires, net.now() + Seconds(GetParam().expires_s + 30));
}

// Conformance: ASSOC-08
TEST(Association, OursIsPickedByInstance) {
  EdgeHarness net;
  net.Receive(net.OpenTls(),
              RegisterText{.response = "r", .instance = "urn:uuid:1"}.Text());
  net.AnswerFromCore(
      net.Only(), 200,
      "Contact: <sip:alice@192.168.1.10:5062;transport=tls>;"
      "+sip.instance=\"<urn:uuid:2>\";expires=9000\r\n"
      "Contact: <sip:elsewhere@10.0.0.1>;+sip.instance=\"<urn:uuid:1>\";"
      "expires=100\r\n");
  ASSERT_EQ(All(net).size(), 1u);
  EXPECT_EQ(All(net)[0].expires, net.now() + Seconds(130));
}

// ---------------------------------------------------------------- the end

// Conformance: ASSOC-10
TEST(Association, DeregistrationRemovesItAfterTheOk) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  net.Receive(phone, RegisterText{.cseq = 2, .expires = "0"}.Text());
  EXPECT_TRUE(Contains(net.OnlyText(), kYes));
  EXPECT_EQ(net.totals().associations_active,
            1u);  // the request alone does nothing
  net.GrantFromCore(net.Only(), 0);
  EXPECT_EQ(StatusOf(net.OnlyText()), 200);
  EXPECT_EQ(net.Only().to.flow, phone);
  EXPECT_TRUE(All(net).empty());
  EXPECT_TRUE(net.IsOpen(phone));
  EXPECT_FALSE(MaySend(net, phone));
  EXPECT_EQ(net.Count(CounterId::kAssociationsDeregistered), 1u);
  EXPECT_EQ(net.revoked.size(), 1u);
  net.Advance(Seconds(38));
  EXPECT_TRUE(net.WasClosed(phone, CloseReason::kDeregistered));
}

// Conformance: ASSOC-10
TEST(Association, StarRemovesIt) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  net.Receive(
      phone,
      RegisterText{
          .cseq = 2, .contact = "*", .expires = "", .extra = "Expires: 0\r\n"}
          .Text());
  net.AnswerFromCore(net.Only(), 200);
  EXPECT_TRUE(All(net).empty());
}

// Conformance: ASSOC-11, REG-28
TEST(Association, DeregistrationOfOneOfTwoSetsKeepsTheOther) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  RegisterText second{.user = "office", .call_id = "reg-2"};
  net.Receive(phone, second.Text());
  EXPECT_TRUE(Contains(net.OnlyText(), kYes));
  net.GrantFromCore(net.Only(), 600,
                    "Service-Route: <sip:orig@192.0.2.30:5060;lr>\r\n"
                    "P-Associated-URI: <sip:office@ims.example.com>\r\n");
  ASSERT_EQ(All(net).size(), 1u);
  EXPECT_EQ(All(net)[0].identities.size(), 3u);
  second.cseq = 2;
  second.expires = "0";
  net.Receive(phone, second.Text());
  net.GrantFromCore(net.Only(), 0);
  ASSERT_EQ(All(net).size(), 1u);
  EXPECT_EQ(All(net)[0].identities.size(), 2u);
  EXPECT_TRUE(MaySend(net, phone));
}

// Conformance: ASSOC-12
TEST(Association, EndsThirtySecondsAfterTheGrantedTime) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  net.Advance(Seconds(629));
  EXPECT_EQ(net.totals().associations_active, 1u);
  net.Advance(Millis(1'100));
  EXPECT_TRUE(All(net).empty());
  EXPECT_EQ(net.Count(CounterId::kAssociationsExpired), 1u);
  EXPECT_TRUE(net.IsOpen(phone));
  net.Advance(Seconds(33));
  EXPECT_TRUE(net.WasClosed(phone, CloseReason::kUnregisteredTimeout));
}

TEST(Association, RefreshMovesItsEnd) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  net.Advance(Seconds(500));
  net.Receive(phone, RegisterText{.cseq = 2}.Text());
  net.GrantFromCore(net.Only(), 600, EdgeHarness::kIdentities);
  net.Advance(Seconds(629));
  EXPECT_EQ(net.totals().associations_active, 1u);
  net.Advance(Seconds(2));
  EXPECT_EQ(net.totals().associations_active, 0u);
}

// Conformance: ASSOC-24
TEST(Association, OlderCseqIsRelayedAndNotApplied) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone, {.cseq = 5});
  net.Receive(phone, RegisterText{.cseq = 4, .expires = "0"}.Text());
  net.GrantFromCore(net.Only(), 0);
  EXPECT_EQ(StatusOf(net.OnlyText()), 200);
  EXPECT_EQ(net.totals().associations_active, 1u);
}

// Conformance: ASSOC-25
TEST(Association, ClearRegisterLeavesItUntouched) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone, {.secagree = true, .verify = true});
  const Instant expires = All(net)[0].expires;
  net.Receive(net.OpenClearTcp(),
              RegisterText{.transport = "TCP", .secagree = true}.Text());
  net.GrantFromCore(net.Only(), 9000, EdgeHarness::kIdentities);
  ASSERT_EQ(All(net).size(), 1u);
  EXPECT_EQ(All(net)[0].expires, expires);
  EXPECT_EQ(All(net)[0].flow, phone);
}

// Conformance: ASSOC-26
TEST(Association, OutlivesA403ToItsRefresh) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  net.Receive(phone, RegisterText{.response = "bad", .cseq = 2}.Text());
  net.AnswerFromCore(net.Only(), 403);
  EXPECT_EQ(StatusOf(net.OnlyText()), 403);
  EXPECT_TRUE(net.IsOpen(phone));
  EXPECT_TRUE(net.revoked.empty());
  EXPECT_TRUE(MaySend(net, phone));
}

// ---------------------------------------------------------------- connections

// Conformance: ASSOC-13
TEST(Association, IsSuspendedWhenItsConnectionIsLost) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  net.Close(phone);
  ASSERT_EQ(All(net).size(), 1u);
  EXPECT_EQ(All(net)[0].state, "suspended");
  net.Advance(Seconds(631));
  EXPECT_TRUE(All(net).empty());
}

TEST(Association, IsNotSuspendedForEver) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.suspend_max = Seconds(60);
  EdgeHarness net(config);
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  net.Close(phone);
  net.Advance(Seconds(61));
  EXPECT_TRUE(All(net).empty());
}

// Conformance: ASSOC-14
TEST(Association, ResumedConnectionTakesItOver) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls("203.0.113.25:50311", 7);
  const std::string token = net.Associate(phone);
  net.Close(phone);
  const FlowId again = net.OpenTls("203.0.113.25:50399", 7, true);
  net.Receive(again, RegisterText{.cseq = 2}.Text());
  EXPECT_TRUE(Contains(net.OnlyText(), kYes)) << net.OnlyText();
  EXPECT_TRUE(Contains(Row(net.OnlyText(), "Path"), token));
  EXPECT_EQ(All(net)[0].state, "suspended");
  net.GrantFromCore(net.Only(), 600, EdgeHarness::kIdentities);
  ASSERT_EQ(All(net).size(), 1u);
  EXPECT_EQ(All(net)[0].state, "active");
  EXPECT_EQ(All(net)[0].flow, again);
  EXPECT_TRUE(MaySend(net, again));
  EXPECT_EQ(net.Count(CounterId::kAssociationsResumed), 1u);
}

// Conformance: ASSOC-14
TEST(Association, ResumedConnectionEndsTheOldOneThatIsStillOpen) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls("203.0.113.25:50311", 7);
  net.Associate(phone);
  const FlowId again = net.OpenTls("203.0.113.25:50399", 7, true);
  net.Receive(again, RegisterText{.cseq = 2}.Text());
  net.GrantFromCore(net.Only(), 600, EdgeHarness::kIdentities);
  EXPECT_TRUE(net.WasClosed(phone, CloseReason::kRebound));
  ASSERT_EQ(All(net).size(), 1u);
  EXPECT_EQ(All(net)[0].flow, again);
}

// Conformance: ASSOC-15
TEST(Association, ResumptionFromElsewhereIsAsFresh) {
  for (const bool allowed : {false, true}) {
    EdgeConfig config = EdgeHarness::ExampleConfig();
    config.rebind_ip_change = allowed;
    EdgeHarness net(config);
    const FlowId phone = net.OpenTls("203.0.113.25:50311", 7);
    net.Associate(phone);
    net.Close(phone);
    const FlowId again = net.OpenTls("203.0.113.77:50399", 7, true);
    net.Receive(again, RegisterText{.cseq = 2}.Text());
    EXPECT_EQ(Contains(net.OnlyText(), kYes), allowed);
  }
}

TEST(Association, ResumptionIsAsFreshByPolicy) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.resumption_policy = EdgeConfig::ResumptionPolicy::kFresh;
  EdgeHarness net(config);
  const FlowId phone = net.OpenTls("203.0.113.25:50311", 7);
  net.Associate(phone);
  net.Close(phone);
  const FlowId again = net.OpenTls("203.0.113.25:50399", 7, true);
  net.Receive(again, RegisterText{.cseq = 2}.Text());
  EXPECT_FALSE(Contains(net.OnlyText(), "integrity-protected"));
}

// Somebody else's username on a resumed connection: D12.
TEST(Association, ResumedConnectionOfAnotherUserIsDetached) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls("203.0.113.25:50311", 7);
  const std::string token = net.Associate(phone);
  net.Close(phone);
  const FlowId again = net.OpenTls("203.0.113.25:50399", 7, true);
  net.Receive(again,
              RegisterText{
                  .user = "bob", .impi = "bob@ims.example.com", .response = "r"}
                  .Text());
  EXPECT_TRUE(Contains(net.OnlyText(), "tls-pending"));
  EXPECT_FALSE(Contains(net.OnlyText(), token));
  net.GrantFromCore(net.Only(), 600,
                    "P-Associated-URI: <sip:bob@ims.example.com>\r\n");
  EXPECT_EQ(net.totals().associations_active, 1u);
  EXPECT_EQ(net.totals().associations_suspended, 1u);
}

// Conformance: ASSOC-16
TEST(Association, NothingButRegisterPassesWhileAConnectionRebinds) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls("203.0.113.25:50311", 7);
  net.Associate(phone);
  net.Close(phone);
  const FlowId again = net.OpenTls("203.0.113.25:50399", 7, true);
  for (const char* method : {"INVITE", "MESSAGE"}) {
    net.Receive(again, RequestText{.method = method}.Text());
    EXPECT_TRUE(net.sent().empty()) << method;
  }
  net.Receive(again, RegisterText{.cseq = 2}.Text());
  const Sent forwarded = net.Only();
  EXPECT_FALSE(MaySend(net, again));
  net.GrantFromCore(forwarded, 600, EdgeHarness::kIdentities);
  EXPECT_TRUE(MaySend(net, again));
}

// Conformance: REG-18
TEST(Association, OkForAConnectionThatIsGoneSuspendsIt) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls("203.0.113.25:50311", 7);
  net.Receive(phone, RegisterText{.response = "r"}.Text());
  const Sent forwarded = net.Only();
  net.Close(phone);
  EXPECT_EQ(net.totals().associations_reserved, 1u);  // the 200 may still come
  net.GrantFromCore(forwarded, 600, EdgeHarness::kIdentities);
  EXPECT_TRUE(net.sent().empty());
  EXPECT_EQ(net.totals().associations_suspended, 1u);
  const FlowId again = net.OpenTls("203.0.113.25:50399", 7, true);
  net.Receive(again, RegisterText{.cseq = 2}.Text());
  EXPECT_TRUE(Contains(net.OnlyText(), kYes));
}

// Conformance: ASSOC-18
TEST(Association, LateOkDoesNotReplaceWhatWasAskedForSince) {
  constexpr char kInstance[] = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
  for (const bool gone : {true, false}) {
    EdgeHarness net;
    const FlowId first = net.OpenTls("203.0.113.25:50311", 7);
    net.Receive(first,
                RegisterText{.response = "r", .instance = kInstance}.Text());
    const Sent slow = net.Only();
    if (gone) net.Close(first);
    net.Advance(Millis(1000));
    const FlowId second = net.OpenTls("203.0.113.25:50312", 8);
    const std::string path =
        net.Associate(second, {.call_id = "reg-2", .instance = kInstance});

    net.GrantFromCore(slow, 600, EdgeHarness::kIdentities);

    EXPECT_EQ(net.totals().associations_active, 1u) << gone;
    EXPECT_EQ(net.totals().associations_suspended, 0u) << gone;
    EXPECT_EQ(net.sent().size(), gone ? 0u : 1u);
    net.Receive(second, RegisterText{.call_id = "reg-2",
                                     .cseq = 2,
                                     .instance = kInstance}
                            .Text());
    EXPECT_TRUE(Contains(net.OnlyText(), kYes)) << gone;
    net.edge().CheckInvariants();
  }
}

TEST(Association, ReservationEndsWithItsConnection) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{}.Text());
  net.AnswerFromCore(net.Only(), 401);
  EXPECT_EQ(net.totals().associations_reserved, 1u);
  net.Close(phone);
  EXPECT_EQ(net.totals().associations_reserved, 0u);
}

// ---------------------------------------------------------------- several UEs

// Conformance: ASSOC-17
TEST(Association, SecondDeviceHasItsOwn) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  const FlowId tablet = net.OpenTls("203.0.113.99:1000");
  const std::string one = net.Associate(phone, {.instance = "urn:uuid:1"});
  const std::string two = net.Associate(
      tablet,
      {.sent_by = "10.0.0.2:5062", .call_id = "t", .instance = "urn:uuid:2"});
  EXPECT_NE(one, two);
  EXPECT_EQ(net.totals().associations_active, 2u);
  EXPECT_TRUE(MaySend(net, phone));
  EXPECT_TRUE(MaySend(net, tablet));
}

// Conformance: ASSOC-18
TEST(Association, SameDeviceOnANewSessionReplacesTheOld) {
  for (const char* instance : {"urn:uuid:1", ""}) {
    EdgeHarness net;
    const FlowId old = net.OpenTls("203.0.113.25:50311", 7);
    net.Associate(old, {.instance = instance});
    const FlowId phone = net.OpenTls("203.0.113.25:50399", 8);
    net.Receive(
        phone,
        RegisterText{.response = "r", .call_id = "2", .instance = instance}
            .Text());
    EXPECT_EQ(All(net).size(), 2u);  // until the 200
    net.GrantFromCore(net.Only(), 600, EdgeHarness::kIdentities);
    ASSERT_EQ(All(net).size(), 1u) << instance;
    EXPECT_EQ(All(net)[0].flow, phone);
    ASSERT_EQ(net.revoked.size(), 1u);
    EXPECT_EQ(net.revoked[0][0], 7);
    EXPECT_TRUE(net.IsOpen(old));
    net.Advance(Millis(5'100));
    EXPECT_TRUE(net.WasClosed(old, CloseReason::kReplaced));
  }
}

// Conformance: ASSOC-22
TEST(Association, TwoUesBehindOneAddressDoNotMix) {
  EdgeHarness net;
  const FlowId a = net.OpenTls("203.0.113.25:50311");
  const FlowId b = net.OpenTls("203.0.113.25:50312");
  const std::string token_a = net.Associate(a);
  const std::string token_b = net.Associate(
      b, {.user = "bob", .impi = "bob@ims.example.com", .call_id = "b"},
      "Service-Route: <sip:orig@192.0.2.30:5060;lr>\r\n"
      "P-Associated-URI: <sip:bob@ims.example.com>\r\n");
  const FlowId core = net.OpenCore();
  for (const auto& [token, flow] :
       {std::pair{token_a, a}, std::pair{token_b, b}}) {
    net.Receive(
        core, RequestText{.via = "SIP/2.0/TCP 192.0.2.30:5060",
                          .extra = absl::StrCat("Route: <sip:", token,
                                                "@pcscf1.ims.example.com:5060;"
                                                "lr>\r\n")}
                  .Text());
    EXPECT_EQ(net.Only().to.flow, flow);
  }
  // From plays no part: it says alice.
  net.Receive(b, RequestText{}.Text());
  EXPECT_EQ(Row(net.OnlyText(), "P-Asserted-Identity"),
            "<sip:bob@ims.example.com>");
  net.Close(a);
  EXPECT_TRUE(MaySend(net, b));
}

// Two names race on one connection: it belongs to the first that is proven.
TEST(Association, ConnectionBelongsToOneImpi) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{.response = "r"}.Text());
  const Sent alice = net.Only();
  net.Receive(phone,
              RegisterText{
                  .user = "bob", .impi = "bob@ims.example.com", .response = "r"}
                  .Text());
  const Sent bob = net.Only();
  net.GrantFromCore(alice, 600, EdgeHarness::kIdentities);
  net.GrantFromCore(bob, 600,
                    "P-Associated-URI: <sip:bob@ims.example.com>\r\n");
  EXPECT_EQ(StatusOf(net.OnlyText()), 200);
  ASSERT_EQ(All(net).size(), 1u);
  EXPECT_EQ(All(net)[0].impi, "alice_private@ims.example.com");
  EXPECT_EQ(All(net)[0].identities.size(), 2u);
}

TEST(Association, DevicesOfOneImpiAreBounded) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.associations_per_impi_max = 2;
  EdgeHarness net(config);
  const auto device = [](int i) {
    return RegisterText{.response = "r",
                        .sent_by = absl::StrCat("10.0.0.", i, ":5062"),
                        .call_id = absl::StrCat("d", i)};
  };
  const FlowId first = net.OpenTls("203.0.113.1:1");
  net.Associate(first, device(1));
  net.Associate(net.OpenTls("203.0.113.2:1"), device(2));
  const FlowId third = net.OpenTls("203.0.113.3:1");
  net.Receive(third, device(3).Text());
  EXPECT_EQ(StatusOf(net.OnlyText()), 503);
  // One that is away gives way.
  net.Close(first);
  net.Associate(third, device(3));
  EXPECT_EQ(net.totals().associations_active, 2u);
  EXPECT_EQ(net.totals().associations_suspended, 0u);
}

TEST(Association, TooManyIdentitiesAreRefused) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.identities_per_association_max = 2;
  EdgeHarness net(config);
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{.response = "r"}.Text());
  net.GrantFromCore(
      net.Only(), 600,
      "P-Associated-URI: <sip:alice@ims.example.com>, <sip:a2@x>, "
      "<sip:a3@x>\r\n");
  EXPECT_EQ(StatusOf(net.OnlyText()), 500);
  EXPECT_EQ(net.totals().associations_active, 0u);
}

}  // namespace
}  // namespace sallyport
