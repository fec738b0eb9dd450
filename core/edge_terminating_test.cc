// Requests of the home network to a UE (spec 2.7), and what other shards bring.
#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/testing/edge_harness.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

// A MESSAGE of the S-CSCF along the Path.
RequestText ToUe(const std::string& token) {
  return {.uri = "sip:alice@192.168.1.10:5062;transport=tls",
          .via = "SIP/2.0/TCP 192.0.2.30:5060",
          .from = "<sip:bob@example.net>;tag=b",
          .to = "<sip:alice@ims.example.com>",
          .extra = absl::StrCat("Route: <sip:", token,
                                "@pcscf1.ims.example.com:5060;lr>\r\n")};
}

struct World {
  explicit World(const EdgeConfig& config = EdgeHarness::ExampleConfig())
      : net(config),
        phone(net.OpenTls()),
        token(net.Associate(phone)),
        core(net.OpenCore()) {}
  EdgeHarness net;
  FlowId phone;
  std::string token;
  FlowId core;
};

// Conformance: TERM-01, TERM-02, TERM-03
TEST(Terminating, ReachesTheUeOnItsConnection) {
  World w;
  w.net.Receive(w.core, ToUe(w.token).Text());
  EXPECT_EQ(w.net.Only().to.flow, w.phone);
  EXPECT_FALSE(w.net.Only().to_core);
  const std::string text = w.net.OnlyText();
  EXPECT_EQ(StartLine(text),
            "MESSAGE sip:alice@192.168.1.10:5062;transport=tls SIP/2.0");
  EXPECT_TRUE(Rows(text, "Route").empty());
  ASSERT_EQ(Rows(text, "Via").size(), 2u);
  EXPECT_TRUE(
      absl::StartsWith(Row(text, "Via"), "SIP/2.0/TLS pcscf1.ims.example.com"));
  EXPECT_EQ(Row(text, "Max-Forwards"), "69");
  w.net.Receive(w.phone, ResponseTo(text, 200));
  EXPECT_EQ(w.net.Only().to.flow, w.core);
  EXPECT_EQ(Rows(w.net.OnlyText(), "Via").size(), 1u);
  EXPECT_EQ(w.net.totals().transactions, 0u);
}

// `alias` (RFC 5923) would let a connection stand for the address in its Via.
// Conformance: PROXY-27
TEST(Terminating, AliasInAViaGrantsNothing) {
  World w;
  const FlowId thief = w.net.OpenTls("203.0.113.66:4000");
  w.net.Associate(thief, {.user = "mallory", .impi = "mallory@ims.example.com"},
                  "Service-Route: <sip:orig@192.0.2.30:5060;lr>\r\n"
                  "P-Associated-URI: <sip:mallory@ims.example.com>\r\n");
  const FlowId clear = w.net.OpenClearTcp("203.0.113.66:4001");
  const char* kAlice = "SIP/2.0/TLS 192.168.1.10:5062;alias;rport";
  w.net.Receive(thief, RequestText{.via = kAlice}.Text());
  const Sent forwarded = w.net.Only();
  EXPECT_TRUE(forwarded.to_core);
  w.net.Receive(clear, Replaced(RegisterText{.user = "carol",
                                             .impi = "carol@ims.example.com",
                                             .transport = "TCP",
                                             .secagree = true}
                                    .Text(),
                                ";rport", ";rport;alias"));
  const Sent registering = w.net.Only();

  // Requests go by token, whatever address is named.
  w.net.Receive(w.core, ToUe(w.token).Text());
  EXPECT_EQ(w.net.Only().to.flow, w.phone);
  RequestText by_address = ToUe(w.token);
  by_address.extra = "";
  w.net.Receive(w.core, by_address.Text());
  EXPECT_EQ(StatusOf(w.net.OnlyText()), 404);
  // Responses go where their requests came from.
  w.net.Receive(w.net.CoreLink(forwarded.to.peer),
                ResponseTo(forwarded.text, 200));
  EXPECT_EQ(w.net.Only().to.flow, thief);
  w.net.AnswerFromCore(registering, 401);
  EXPECT_EQ(w.net.Only().to.flow, clear);
}

// Conformance: TERM-07, TERM-08
TEST(Terminating, ResponseAssertsWhoWasCalled) {
  World w;
  RequestText request = ToUe(w.token);
  absl::StrAppend(
      &request.extra,
      "P-Called-Party-ID: <sip:alice@ims.example.com>\r\n"
      "P-Charging-Vector: icid-value=\"n2-7711\";orig-ioi=\"home\"\r\n");
  w.net.Receive(w.core, request.Text());
  EXPECT_FALSE(Contains(w.net.OnlyText(), "P-Charging"));
  w.net.Receive(w.phone,
                ResponseTo(w.net.OnlyText(), 200,
                           "P-Asserted-Identity: <sip:eve@example.net>\r\n"));
  EXPECT_EQ(Row(w.net.OnlyText(), "P-Asserted-Identity"),
            "<sip:alice@ims.example.com>");
  EXPECT_TRUE(Contains(Row(w.net.OnlyText(), "P-Charging-Vector"), "n2-7711"));
}

// Conformance: TERM-09
TEST(Terminating, SuspendedAssociationSaysTheFlowIsLost) {
  for (const uint16_t code : {480, 430, 500}) {
    EdgeConfig config = EdgeHarness::ExampleConfig();
    config.flow_lost_code = code;
    World w(config);
    w.net.Close(w.phone);
    w.net.Receive(w.core, ToUe(w.token).Text());
    EXPECT_EQ(StatusOf(w.net.OnlyText()), code);
    EXPECT_EQ(w.net.Only().to.flow, w.core);
  }
}

// Conformance: TERM-10
TEST(Terminating, ForgedTokenIsForbidden) {
  World w;
  for (size_t i = 2; i < w.token.size(); ++i) {
    std::string forged = w.token;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    w.net.Receive(w.core, ToUe(forged).Text());
    EXPECT_EQ(StatusOf(w.net.OnlyText()), 403) << forged;
  }
  EXPECT_EQ(w.net.Count(CounterId::kTokenForged), w.token.size() - 2);
}

// Conformance: TERM-11
TEST(Terminating, TokenFromTheAccessSideIsForbidden) {
  World w;
  const FlowId other = w.net.OpenTls("203.0.113.26:1000");
  w.net.Associate(other, {.user = "bob", .impi = "bob@ims.example.com"});
  for (const FlowId sender : {other, w.phone}) {
    w.net.Receive(sender, ToUe(w.token).Text());
    EXPECT_EQ(StatusOf(w.net.OnlyText()), 403);
    EXPECT_EQ(w.net.Only().to.flow, sender);
  }
  EXPECT_EQ(w.net.Count(CounterId::kTokenFromAccess), 2u);
  // Nor as a Request-URI.
  w.net.Receive(other,
                RequestText{.uri = absl::StrCat("sip:", w.token,
                                                "@pcscf1.ims.example.com:5060")}
                    .Text());
  EXPECT_EQ(StatusOf(w.net.OnlyText()), 403);
}

// Conformance: TERM-12
TEST(Terminating, ResponseFromAnotherConnectionIsDropped) {
  World w;
  const FlowId other = w.net.OpenTls("203.0.113.26:1000");
  w.net.Associate(other, {.user = "bob", .impi = "bob@ims.example.com"});
  w.net.Receive(w.core, ToUe(w.token).Text());
  const std::string request = w.net.OnlyText();
  w.net.Receive(other, ResponseTo(request, 200));
  EXPECT_TRUE(w.net.sent().empty());
  w.net.Receive(w.core, ResponseTo(request, 200));
  EXPECT_TRUE(w.net.sent().empty());
  EXPECT_EQ(w.net.Count(CounterId::kDiscardForeignResponse), 2u);
  w.net.Receive(w.phone, ResponseTo(request, 200));
  EXPECT_EQ(w.net.Only().to.flow, w.core);
}

// Conformance: TERM-13, ERR-10
TEST(Terminating, LostConnectionIsHeardOfAtOnce) {
  World w;
  w.net.Receive(w.core, ToUe(w.token).Text());
  w.net.Close(w.phone);
  EXPECT_EQ(StatusOf(w.net.OnlyText()), 480);
  EXPECT_EQ(w.net.Only().to.flow, w.core);
  EXPECT_EQ(w.net.totals().transactions, 0u);
}

// Conformance: TERM-14
TEST(Terminating, StrangersOnTheCorePortGetNothing) {
  World w;
  const FlowId stranger = w.net.OpenCore("203.0.113.99:5060");
  w.net.Receive(stranger, ToUe(w.token).Text());
  EXPECT_TRUE(w.net.sent().empty());
  w.net.ReceiveFrom(w.net.CoreUdp(), "203.0.113.99:5060", ToUe(w.token).Text());
  EXPECT_TRUE(w.net.sent().empty());
  EXPECT_EQ(w.net.Count(CounterId::kDiscardForeignPeer), 2u);
}

// Conformance: TERM-14
TEST(Terminating, StrangersOnTheCorePortDoNotStay) {
  World w;
  const FlowId stranger = w.net.OpenCore("203.0.113.99:5060");
  w.net.Advance(Seconds(33));
  EXPECT_TRUE(w.net.WasClosed(stranger, CloseReason::kUnregisteredTimeout));
  EXPECT_TRUE(w.net.IsOpen(w.core));
}

// Conformance: PROXY-13
TEST(Terminating, Sole503OfTheUeBecomes500) {
  World w;
  w.net.Receive(w.core, ToUe(w.token).Text());
  w.net.Receive(w.phone, ResponseTo(w.net.OnlyText(), 503));
  EXPECT_EQ(StatusOf(w.net.OnlyText()), 500);
}

// Conformance: ASSOC-23
TEST(Terminating, OldTokenNeverReachesTheNextTenantOfItsSlot) {
  World w;
  w.net.Receive(w.phone, RegisterText{.cseq = 2, .expires = "0"}.Text());
  w.net.GrantFromCore(w.net.Only(), 0);
  ASSERT_EQ(w.net.totals().associations_active, 0u);
  const FlowId other = w.net.OpenTls("203.0.113.26:1000");
  const std::string token =
      w.net.Associate(other, {.user = "bob", .impi = "bob@ims.example.com"});
  EXPECT_NE(token, w.token);
  w.net.Receive(w.core, ToUe(w.token).Text());
  EXPECT_EQ(StatusOf(w.net.OnlyText()), 480);
  EXPECT_EQ(w.net.Only().to.flow, w.core);
  EXPECT_EQ(w.net.Count(CounterId::kTokenStale), 1u);
  w.net.Receive(w.core, ToUe(token).Text());
  EXPECT_EQ(w.net.Only().to.flow, other);
}

// Conformance: PROXY-14, PROXY-30
TEST(Terminating, SilentUeIsNotSpokenFor) {
  World w;
  w.net.Receive(w.core, ToUe(w.token).Text());
  w.net.Advance(Millis(127'900));
  EXPECT_EQ(w.net.totals().transactions, 1u);
  w.net.Advance(Millis(200));
  EXPECT_EQ(w.net.totals().transactions, 0u);
  EXPECT_TRUE(w.net.sent().empty());
  EXPECT_EQ(w.net.Count(CounterId::kTransactionsTimedOut), 1u);
}

struct Plain {
  const char* method;
  const char* uri;
  int code;
};

// Conformance: DEREG-07, PROXY-18
TEST(Terminating, RequestsWithoutATokenEndHere) {
  const Plain rows[] = {
      {"OPTIONS", "sip:pcscf1.ims.example.com:5060", 200},
      {"NOTIFY", "sip:pcscf1.ims.example.com:5060", 481},
      {"MESSAGE", "sip:pcscf1.ims.example.com:5060", 405},
      {"INVITE", "sip:pcscf1.ims.example.com:5060", 405},
      {"MESSAGE", "sip:alice@192.168.1.10:5062", 404},  // no open relay
      {"CANCEL", "sip:pcscf1.ims.example.com:5060", 481},
  };
  for (const Plain& row : rows) {
    World w;
    w.net.Receive(w.core, RequestText{.method = row.method,
                                      .uri = row.uri,
                                      .via = "SIP/2.0/TCP 192.0.2.30:5060"}
                              .Text());
    EXPECT_EQ(StatusOf(w.net.OnlyText()), row.code)
        << row.method << " " << row.uri;
  }
}

TEST(Terminating, CoreConnectionThatClosedIsOpenedAgainForTheAnswer) {
  World w;
  w.net.Receive(w.core, ToUe(w.token).Text());
  const std::string request = w.net.OnlyText();
  w.net.Close(w.core);
  w.net.Receive(w.phone, ResponseTo(request, 200));
  EXPECT_TRUE(w.net.Only().to_core);
  EXPECT_EQ(w.net.Only().to.peer.ToString(), "192.0.2.30:5060");
}

// Nothing says what the other end of a new one would have to prove.
TEST(Terminating, CoreConnectionOverTlsThatClosedIsNotOpenedAgain) {
  World w;
  const FlowId core =
      w.net.Open({.side = Side::kCore,
                  .transport = sip::Transport::kTls,
                  .peer = *Endpoint::Parse("192.0.2.30:40001"),
                  .local = *Endpoint::Parse("192.0.2.10:5071")});
  w.net.Receive(core, ToUe(w.token).Text());
  const std::string request = w.net.OnlyText();
  w.net.Close(core);
  w.net.Receive(w.phone, ResponseTo(request, 200));
  EXPECT_TRUE(w.net.sent().empty());
  EXPECT_EQ(w.net.totals().transactions, 0u);
}

// ---------------------------------------------------------------- other shards

// Two shards of one node; what one hands over, the other gets.
struct Node {
  static EdgeConfig Config(ShardId shard) {
    EdgeConfig config = EdgeHarness::ExampleConfig();
    config.shard = shard;
    config.shards = 2;
    return config;
  }
  EdgeHarness one{Config(0)}, two{Config(1)};
  // Whom the second may decide about without a word to the first.
  const RegisterText user{.impi = ImpiOfDesk(Config(1))};
};

TEST(HandOver, TokenOfAnotherShardGoesThereAndTheAnswerBack) {
  Node node;
  const FlowId phone = node.two.OpenTls();
  const std::string token = node.two.Associate(phone, node.user);
  const FlowId core = node.one.OpenCore();
  node.one.Receive(core, ToUe(token).Text());
  EXPECT_TRUE(node.one.sent().empty());
  ASSERT_EQ(node.one.handed.size(), 1u);
  EXPECT_EQ(node.one.handed[0].shard, 1);
  node.two.HandIn(node.one.handed[0]);
  EXPECT_EQ(node.two.Only().to.flow, phone);
  node.two.Receive(phone, ResponseTo(node.two.OnlyText(), 200));
  EXPECT_EQ(node.two.Only().to.flow, core);  // of the other shard
  EXPECT_EQ(StatusOf(node.two.OnlyText()), 200);
}

TEST(HandOver, ResponseToAnotherShardsRequestGoesThere) {
  Node node;
  const FlowId phone = node.two.OpenTls();
  RegisterText answer = node.user;
  answer.response = "r";
  node.two.Receive(phone, answer.Text());
  const std::string grant =
      Grant(node.two.OnlyText(), 600, EdgeHarness::kIdentities);
  node.one.Receive(node.one.OpenCore("192.0.2.20:5060"), grant);
  ASSERT_EQ(node.one.handed.size(), 1u);
  node.two.HandIn(node.one.handed[0]);
  EXPECT_EQ(node.two.Only().to.flow, phone);
  EXPECT_EQ(node.two.totals().associations_active, 1u);
}

TEST(HandOver, GoesNoFurtherThanOnce) {
  Node node;
  const FlowId phone = node.two.OpenTls();
  const std::string token = node.two.Associate(phone, node.user);
  const FlowId core = node.one.OpenCore();
  node.one.Receive(core, ToUe(token).Text());
  node.one.HandIn(node.one.handed[0]);  // to the wrong one
  EXPECT_EQ(node.one.handed.size(), 1u);
  EXPECT_EQ(StatusOf(node.one.OnlyText()), 480);
}

}  // namespace
}  // namespace sallyport
