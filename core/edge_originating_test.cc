// Requests of a UE other than REGISTER (spec 2.8).
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/testing/edge_harness.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

struct World {
  explicit World(const EdgeConfig& config = EdgeHarness::ExampleConfig())
      : net(config), phone(net.OpenTls()), token(net.Associate(phone)) {}
  EdgeHarness net;
  FlowId phone;
  std::string token;
};

// Conformance: ORIG-01, ERR-08
TEST(Originating, UnassociatedConnectionGetsNoAnswer) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  for (const char* method : {"INVITE", "MESSAGE", "OPTIONS", "ACK", "CANCEL"}) {
    net.Receive(phone, RequestText{.method = method}.Text());
    EXPECT_TRUE(net.sent().empty()) << method;
  }
  EXPECT_EQ(net.Count(CounterId::kDiscardUnregistered), 5u);
}

// Conformance: ORIG-01, ERR-08
TEST(Originating, UnassociatedConnectionMayHearA403) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.unregistered_tls_action = EdgeConfig::UnregisteredTls::kReject403;
  EdgeHarness net(config);
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RequestText{}.Text());
  EXPECT_EQ(StatusOf(net.OnlyText()), 403);
  net.Receive(phone, RequestText{.method = "ACK"}.Text());
  EXPECT_TRUE(net.sent().empty());
}

// Conformance: ORIG-02, ORIG-03, ORIG-04, ORIG-05, ORIG-06, ORIG-07
TEST(Originating, AssertsWhatIsRegistered) {
  struct {
    std::string preferred;
    std::vector<std::string> asserted;
  } const rows[] = {
      {"", {"<sip:alice@ims.example.com>"}},
      {"P-Preferred-Identity: <tel:+15551230001>\r\n", {"<tel:+15551230001>"}},
      {"P-Preferred-Identity: <sip:eve@ims.example.com>\r\n",
       {"<sip:alice@ims.example.com>"}},
      {"P-Asserted-Identity: <sip:eve@ims.example.com>\r\n",
       {"<sip:alice@ims.example.com>"}},
      {"P-Preferred-Identity: "
       "<sip:+15551230001@ims.example.com;user=phone>\r\n",
       {"<tel:+15551230001>"}},
  };
  for (const auto& row : rows) {
    World w;
    w.net.Receive(w.phone, RequestText{.from = "<sip:nobody@example.net>;tag=1",
                                       .extra = row.preferred}
                               .Text());
    EXPECT_EQ(Rows(w.net.OnlyText(), "P-Asserted-Identity"), row.asserted)
        << row.preferred;
    EXPECT_TRUE(Rows(w.net.OnlyText(), "P-Preferred-Identity").empty());
  }
  World w;
  w.net.Receive(
      w.phone,
      RequestText{.extra = "P-Preferred-Identity: <sip:alice@ims.example.com>, "
                           "<tel:+15551230001>\r\n"}
          .Text());
  std::string both;
  for (const auto& row : Rows(w.net.OnlyText(), "P-Asserted-Identity"))
    both += row + " ";
  EXPECT_TRUE(Contains(both, "<sip:alice@ims.example.com>"));
  EXPECT_TRUE(Contains(both, "<tel:+15551230001>"));
}

// Conformance: ORIG-08, ORIG-09, TRUST-06
TEST(Originating, LeavesAlongTheServiceRouteAndNowhereElse) {
  for (const char* routes :
       {"",
        "Route: <sip:pcscf1.ims.example.com:5061;transport=tls;lr>, "
        "<sip:orig@192.0.2.30:5060;lr>\r\n",
        "Route: <sip:198.51.100.66;lr>\r\n",
        "Route: <sip:pcscf1.ims.example.com:5061;lr>\r\n"
        "Route: <sip:198.51.100.66;lr>\r\n"}) {
    World w;
    w.net.Receive(
        w.phone,
        RequestText{.uri = "sip:bob@198.51.100.66", .extra = routes}.Text());
    ASSERT_TRUE(w.net.Only().to_core) << routes;
    EXPECT_EQ(w.net.Only().to.peer.ToString(), "192.0.2.30:5060");
    EXPECT_EQ(Rows(w.net.OnlyText(), "Route"),
              std::vector<std::string>{"<sip:orig@192.0.2.30:5060;lr>"})
        << routes;
  }
}

// Conformance: ORIG-10
TEST(Originating, OtherRoutesMayBeRefused) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.service_route_mismatch_400 = true;
  World w(config);
  w.net.Receive(
      w.phone,
      RequestText{.extra = "Route: <sip:198.51.100.66;lr>\r\n"}.Text());
  EXPECT_EQ(StatusOf(w.net.OnlyText()), 400);
  w.net.Receive(
      w.phone,
      RequestText{.extra = "Route: <sip:orig@192.0.2.30:5060;lr>\r\n"}.Text());
  EXPECT_TRUE(w.net.Only().to_core);
}

TEST(Originating, WithoutAServiceRouteNothingLeaves) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone, {}, "P-Associated-URI: <sip:alice@ims.example.com>\r\n");
  net.Receive(phone, RequestText{}.Text());
  EXPECT_EQ(StatusOf(net.OnlyText()), 403);
}

TEST(Originating, ServiceRouteLeadsByAddressOrByTheNameOfAnEntryPoint) {
  struct {
    const char* route;
    const char* peer;  // "": 504
  } const rows[] = {
      {"<sip:orig@192.0.2.30:5080;lr>", "192.0.2.30:5080"},
      {"<sip:orig@192.0.2.30;lr>", "192.0.2.30:5060"},
      {"<sip:orig@[2001:db8::1]:5080;lr>", "[2001:db8::1]:5080"},
      {"<sip:orig@ICSCF2;lr>", "192.0.2.21:5060"},
      {"<sip:orig@icscf2:5090;lr>", "192.0.2.21:5090"},
      {"<sip:orig@255.255.255.255;lr>", ""},
  };
  for (const auto& row : rows) {
    EdgeHarness net;
    const FlowId phone = net.OpenTls();
    net.Associate(phone, {},
                  absl::StrCat("Service-Route: ", row.route, "\r\n"));
    net.Receive(phone, RequestText{}.Text());
    if (*row.peer == '\0') {
      EXPECT_EQ(StatusOf(net.OnlyText()), 504) << row.route;
    } else {
      EXPECT_EQ(net.Only().to.peer.ToString(), row.peer) << row.route;
    }
  }
}

// Conformance: ORIG-11, ORIG-18
TEST(Originating, UnknownMethodsAreRecordRouted) {
  World w;
  w.net.Receive(w.phone, RequestText{.method = "NEWMETHOD"}.Text());
  const auto rows = Rows(w.net.OnlyText(), "Record-Route");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_TRUE(Contains(rows[0], ":5060;"));
  EXPECT_TRUE(Contains(rows[1], ":5061;transport=tls"));
  // MESSAGE forms no dialog.
  w.net.Receive(w.phone, RequestText{.cseq = 2}.Text());
  EXPECT_TRUE(Rows(w.net.OnlyText(), "Record-Route").empty());
}

// Conformance: ORIG-12, ORIG-13, ORIG-17, ORIG-19, ORIG-20
TEST(Originating, MessageFollowsTheSameRules) {
  World w;
  const std::string credentials =
      "Digest username=\"a\", realm=\"as.example.com\", response=\"1\"";
  w.net.Receive(
      w.phone,
      RequestText{.extra = absl::StrCat(
                      "Require: sec-agree\r\nProxy-Require: sec-agree\r\n"
                      "Security-Verify: tls;q=0.9\r\nPrivacy: id\r\n"
                      "P-Charging-Vector: icid-value=evil\r\n",
                      "Proxy-Authorization: ", credentials, "\r\n"),
                  .body = "hello"}
          .Text());
  const std::string text = w.net.OnlyText();
  EXPECT_FALSE(Contains(text, "sec-agree"));
  EXPECT_FALSE(Contains(text, "Security-"));
  EXPECT_EQ(Row(text, "Privacy"), "id");
  EXPECT_EQ(Rows(text, "P-Asserted-Identity").size(), 1u);
  EXPECT_EQ(Row(text, "Proxy-Authorization"), credentials);
  ASSERT_EQ(Rows(text, "P-Charging-Vector").size(), 1u);
  EXPECT_FALSE(Contains(text, "evil"));
  EXPECT_TRUE(absl::EndsWith(text, "\r\n\r\nhello"));
}

// Conformance: ORIG-14, TERM-10
TEST(Originating, DialogTokenOfAnotherAssociationIsForbidden) {
  World w;
  const FlowId other = w.net.OpenTls("203.0.113.26:1000");
  w.net.Associate(other, {.user = "bob", .impi = "bob@ims.example.com"});
  w.net.Receive(w.phone, RequestText{.method = "NEWMETHOD"}.Text());
  const std::string own = Rows(w.net.OnlyText(), "Record-Route")[1];
  const std::string in_dialog =
      RequestText{.method = "NEWMETHOD",
                  .extra = absl::StrCat("Route: ", own, "\r\n")}
          .Text();
  w.net.Receive(other, in_dialog);
  EXPECT_EQ(StatusOf(w.net.OnlyText()), 403);
  w.net.Receive(w.phone, in_dialog);
  EXPECT_TRUE(w.net.Only().to_core);
}

// Conformance: ORIG-15, ORIG-16
TEST(Originating, ResponseLeavesOnTheConnectionOfTheRequest) {
  World w;
  w.net.Receive(w.phone, RequestText{}.Text());
  const Sent forwarded = w.net.Only();
  w.net.AnswerFromCore(forwarded, 180);
  EXPECT_EQ(w.net.Only().to.flow, w.phone);
  w.net.AnswerFromCore(forwarded, 202,
                       "P-Charging-Vector: icid-value=1\r\n"
                       "P-Charging-Function-Addresses: ccf=1\r\n");
  EXPECT_EQ(w.net.Only().to.flow, w.phone);
  EXPECT_FALSE(Contains(w.net.OnlyText(), "P-Charging"));
  EXPECT_EQ(w.net.totals().transactions, 0u);
}

// Conformance: ORIG-21
TEST(Originating, UnreachableServiceRouteIs504) {
  World w;
  w.net.Receive(w.phone, RequestText{.body = "hello"}.Text());
  w.net.PeerLost(
      {*Endpoint::Parse("192.0.2.30:5060"), sip::Transport::kTcp, ""});
  EXPECT_EQ(StatusOf(w.net.OnlyText()), 504);
  EXPECT_EQ(w.net.Only().to.flow, w.phone);
}

// Conformance: ERR-10
TEST(Originating, AnswerToAConnectionThatIsGoneIsDropped) {
  World w;
  w.net.Receive(w.phone, RequestText{}.Text());
  const Sent forwarded = w.net.Only();
  w.net.Close(w.phone);
  w.net.AnswerFromCore(forwarded, 200);
  EXPECT_TRUE(w.net.sent().empty());
  EXPECT_EQ(w.net.Count(CounterId::kDiscardLateResponse), 1u);
}

TEST(Originating, RequestsToOurselves) {
  World w;
  const std::string us = "sip:pcscf1.ims.example.com:5061";
  w.net.Receive(w.phone, RequestText{.method = "OPTIONS", .uri = us}.Text());
  EXPECT_EQ(StatusOf(w.net.OnlyText()), 200);
  w.net.Receive(w.phone, RequestText{.uri = us}.Text());
  EXPECT_EQ(StatusOf(w.net.OnlyText()), 405);
  EXPECT_EQ(Row(w.net.OnlyText(), "Allow"), "REGISTER, MESSAGE, OPTIONS");
}

// Dialogs come later; until then they are refused by name.
TEST(Originating, DialogsAreRefused) {
  for (const char* method : {"INVITE", "SUBSCRIBE", "BYE", "REFER", "UPDATE"}) {
    World w;
    w.net.Receive(w.phone, RequestText{.method = method}.Text());
    EXPECT_EQ(StatusOf(w.net.OnlyText()), 405) << method;
    EXPECT_EQ(w.net.totals().transactions, 0u);
  }
}

// Conformance: ERR-09, ERR-08
TEST(Originating, CancelIsAnsweredAndAckIsNot) {
  World w;
  w.net.Receive(w.phone, RequestText{.branch = "z9hG4bKone"}.Text());
  const Sent forwarded = w.net.Only();
  w.net.Receive(w.phone,
                RequestText{.method = "CANCEL", .branch = "z9hG4bKone"}.Text());
  EXPECT_EQ(StatusOf(w.net.OnlyText()), 200);
  w.net.Receive(w.phone,
                RequestText{.method = "CANCEL", .branch = "z9hG4bKtwo"}.Text());
  EXPECT_EQ(StatusOf(w.net.OnlyText()), 481);
  w.net.Receive(w.phone, RequestText{.method = "ACK"}.Text());
  EXPECT_TRUE(w.net.sent().empty());
  w.net.AnswerFromCore(forwarded, 200);  // the CANCEL had no effect
  EXPECT_EQ(StatusOf(w.net.OnlyText()), 200);
}

}  // namespace
}  // namespace sallyport
