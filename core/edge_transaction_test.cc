// Transactions of an Edge: matching, repeating, giving up; and request
// validation as it shows outside (spec 6.2, 6.4, 6.5, 7).
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/testing/edge_harness.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

EdgeConfig OverUdp() {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  for (CoreTarget& target : config.home_core)
    target.transport = sip::Transport::kUdp;
  return config;
}

// Conformance: PROXY-05
TEST(Transactions, EachHasABranchOfItsOwn) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{}.Text());
  const std::string first = Row(net.OnlyText(), "Via");
  net.Receive(phone, RegisterText{.cseq = 2}.Text());
  EXPECT_NE(Row(net.OnlyText(), "Via"), first);
  EXPECT_TRUE(Contains(first, ";branch=z9hG4bK"));
}

// Conformance: PROXY-15
TEST(Transactions, RetransmissionIsAbsorbed) {
  EdgeHarness net;
  const FlowId udp = net.ClearUdp();
  const std::string text =
      RegisterText{
          .transport = "UDP", .branch = "z9hG4bKagain", .secagree = true}
          .Text();
  net.ReceiveFrom(udp, "203.0.113.25:5062", text);
  const Sent forwarded = net.Only();
  net.ReceiveFrom(udp, "203.0.113.25:5062", text);
  EXPECT_TRUE(net.sent().empty());
  net.AnswerFromCore(forwarded, 401);
  const std::string answer = net.OnlyText();
  for (int i = 0; i < 3; ++i) {
    net.ReceiveFrom(udp, "203.0.113.25:5062", text);
    EXPECT_EQ(net.OnlyText(), answer);
  }
  EXPECT_EQ(net.Count(CounterId::kDiscardDuplicate), 4u);
  // The same branch from elsewhere is another transaction.
  net.ReceiveFrom(udp, "203.0.113.99:5062", text);
  EXPECT_TRUE(net.Only().to_core);
  net.Advance(Millis(32'100));  // Timer J
  net.ReceiveFrom(udp, "203.0.113.25:5062", text);
  EXPECT_TRUE(net.Only().to_core);
}

// Conformance: PROXY-15
TEST(Transactions, RetransmissionOnAStreamIsAbsorbedWhileItLasts) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  const std::string text = RegisterText{.branch = "z9hG4bKagain"}.Text();
  net.Receive(phone, text);
  net.Receive(phone, text);
  EXPECT_TRUE(net.sent().empty());
  EXPECT_EQ(net.totals().transactions, 1u);
}

// The cookie alone is no branch (RFC 4475 3.2.1): then dialog and CSeq tell
// requests apart, as in RFC 2543 (RFC 3261 17.2.3).
// Conformance: PROXY-15
TEST(Transactions, WithoutAUniqueBranchTheDialogTellsRequestsApart) {
  for (const char* branch : {";branch=z9hG4bK", ";branch=Z9HG4BK", ";branch=1",
                             ";branch=z9hG4bJ-unique", ""}) {
    SCOPED_TRACE(branch);
    EdgeHarness net;
    const FlowId phone = net.OpenTls();
    net.Associate(phone);
    const auto text = [&](const char* call_id, int cseq) {
      return Replaced(
          RequestText{.branch = "x", .call_id = call_id, .cseq = cseq}.Text(),
          ";branch=x", branch);
    };
    net.Receive(phone, text("a", 1));
    EXPECT_TRUE(net.Only().to_core);
    net.Receive(phone, text("a", 1));
    EXPECT_TRUE(net.sent().empty());
    net.Receive(phone, text("a", 2));
    EXPECT_TRUE(net.Only().to_core);
    net.Receive(phone, text("b", 1));
    EXPECT_TRUE(net.Only().to_core);
  }
}

// What of a response cannot be read, or would be sent on to everybody
// (RFC 4475 3.1.2.5, 3.3.10), is no response; the request goes on waiting.
// Conformance: PARSE-13
TEST(Transactions, ResponseThatCannotBeUsedIsDiscarded) {
  constexpr std::pair<const char*, const char*> kChanges[] = {
      {"CSeq: 1 ", "CSeq: 2147483648 "},
      {"CSeq: 1 ", "CSeq: -1 "},
      {"CSeq: 1 REGISTER\r\n", ""},
      {"192.168.1.10:5062", "255.255.255.255"},
      {"192.168.1.10:5062", "255.255.255.255:5062"},
      {"192.168.1.10:5062", "224.0.1.75"},
      {"192.168.1.10:5062", "[ff02::1]"},
      {"192.168.1.10:5062", ""},
  };
  for (const auto& [old, now] : kChanges) {
    SCOPED_TRACE(now);
    EdgeHarness net;
    const FlowId phone = net.OpenTls();
    net.Receive(phone, RegisterText{.response = "r"}.Text());
    const Sent forwarded = net.Only();
    const FlowId core = net.CoreLink(forwarded.to.peer);
    net.Receive(core, Replaced(ResponseTo(forwarded.text, 401), old, now));
    EXPECT_TRUE(net.sent().empty());
    EXPECT_EQ(net.Count(CounterId::kDiscardMalformed), 1u);
    net.AnswerFromCore(forwarded, 401);
    EXPECT_EQ(StatusOf(net.OnlyText()), 401);
  }
}

// Conformance: PROXY-16
TEST(Transactions, UnmatchedResponsesAreDiscarded) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{.response = "r"}.Text());
  const Sent forwarded = net.Only();
  const std::string via = Row(forwarded.text, "Via");
  const size_t digit = via.find("z9hG4bK") + 7;
  for (size_t i = digit; i < via.size(); ++i) {
    std::string guess = via;
    guess[i] = guess[i] == '1' ? '2' : '1';
    net.Receive(net.CoreLink(forwarded.to.peer),
                Replaced(Grant(forwarded.text), via, guess));
    EXPECT_TRUE(net.sent().empty()) << guess;
  }
  EXPECT_EQ(net.totals().associations_active, 0u);
  net.GrantFromCore(forwarded, 600, EdgeHarness::kIdentities);
  EXPECT_EQ(StatusOf(net.OnlyText()), 200);
  net.GrantFromCore(forwarded, 600, EdgeHarness::kIdentities);
  EXPECT_TRUE(net.sent().empty());
}

// Conformance: PROXY-16, ERR-08
TEST(Transactions, ResponsesThatAreNoneAreDiscarded) {
  EdgeHarness net;
  const FlowId core = net.OpenCore();
  net.Receive(core, ResponseTo(RequestText{}.Text(), 200));
  net.Receive(core, Replaced(ResponseTo(RequestText{}.Text(), 200), "200",
                             "4294967301"));
  net.Receive(core, "SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(net.sent().empty());
}

// Conformance: TERM-14
TEST(Transactions, ResponseFromAnotherCorePeerIsDropped) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{.response = "r"}.Text());
  const Sent forwarded = net.Only();
  net.Receive(net.OpenCore("192.0.2.99:5060"), Grant(forwarded.text));
  EXPECT_TRUE(net.sent().empty());
  net.Receive(phone, Grant(forwarded.text));  // the UE grants itself
  EXPECT_TRUE(net.sent().empty());
  EXPECT_EQ(net.totals().associations_active, 0u);
  EXPECT_EQ(net.Count(CounterId::kDiscardForeignResponse), 2u);
}

// ---------------------------------------------------------------- UDP to the
// core

TEST(TimerE, RepeatsOverUdpUntilAnAnswer) {
  EdgeHarness net(OverUdp());
  const FlowId udp = net.CoreUdp();
  net.Receive(net.OpenTls(), RegisterText{}.Text());
  const Sent first = net.Only();
  EXPECT_EQ(first.to.transport, sip::Transport::kUdp);
  net.Advance(Millis(499));
  EXPECT_TRUE(net.sent().empty());
  net.Advance(Millis(20));
  EXPECT_EQ(net.OnlyText(), first.text);  // not one octet differs
  net.Advance(Millis(1'000));
  EXPECT_EQ(net.sent().size(), 1u);
  net.Advance(Millis(6'100));  // after 2 s and 4 s more
  EXPECT_EQ(net.sent().size(), 2u);
  net.ReceiveFrom(udp, "192.0.2.20:5060", ResponseTo(first.text, 401));
  EXPECT_EQ(StatusOf(net.OnlyText()), 401);
  net.Advance(Millis(10'000));
  EXPECT_TRUE(net.sent().empty());
}

TEST(TimerE, IsSilentOnStreams) {
  EdgeHarness net;
  net.Receive(net.OpenTls(), RegisterText{}.Text());
  net.Advance(Millis(31'000));
  EXPECT_TRUE(net.sent().empty());
}

// Conformance: PROXY-25
TEST(Transactions, LongRequestsDoNotGoByUdp) {
  EdgeHarness net(OverUdp());
  net.Receive(
      net.OpenTls(),
      RegisterText{.extra = absl::StrCat("X: ", std::string(1300, 'x'), "\r\n")}
          .Text());
  EXPECT_EQ(net.Only().to.transport, sip::Transport::kTcp);
  EXPECT_TRUE(Contains(Row(net.OnlyText(), "Via"), "SIP/2.0/TCP"));
  EXPECT_EQ(net.Only().to.peer, net.config().home_core[0].endpoint);
}

// ---------------------------------------------------------------- loops

// Conformance: PROXY-06
TEST(Loop, IsDetectedAndASpiralPasses) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  const std::string token = net.Associate(phone);
  const std::string route = absl::StrCat(
      "Route: <sip:", token, "@pcscf1.ims.example.com:5060;lr>\r\n");
  const FlowId core = net.OpenCore();
  const auto request = [&](const std::string& uri, const std::string& extra) {
    return RequestText{.uri = uri,
                       .via = "SIP/2.0/TCP 192.0.2.30:5060",
                       .extra = route + extra}
        .Text();
  };
  net.Receive(core, request("sip:alice@192.168.1.10", ""));
  const std::string our_via =
      absl::StrCat("Via: ", Row(net.OnlyText(), "Via"), "\r\n");
  net.Receive(core, request("sip:alice@192.168.1.10", our_via));
  EXPECT_EQ(StatusOf(net.OnlyText()), 482);
  net.Receive(core, request("sip:other@192.168.1.10", our_via));
  EXPECT_EQ(net.Only().to.flow, phone);
}

// ---------------------------------------------------------------- validation

struct Wrong {
  const char* name;
  const char* from;
  const char* to;
  int code;
};
class Validation : public testing::TestWithParam<Wrong> {};

// Conformance: PROXY-02, PROXY-18, PROXY-19, ERR-02, ERR-03, ERR-06, PARSE-18
INSTANTIATE_TEST_SUITE_P(
    Spec62, Validation,
    testing::Values(
        Wrong{"MaxForwards0", "Max-Forwards: 70", "Max-Forwards: 0", 483},
        Wrong{"MaxForwardsTooLarge", "Max-Forwards: 70", "Max-Forwards: 300",
              400},
        Wrong{"ProxyRequire", "Max-Forwards",
              "Proxy-Require: foo\r\nMax-Forwards", 420},
        Wrong{"Scheme", "sip:bob@example.net SIP", "unknown:bob SIP", 416},
        Wrong{"Version", "SIP/2.0\r\nVia", "SIP/7.0\r\nVia", 505},
        Wrong{"CseqMethod", "1 MESSAGE", "1 OPTIONS", 400},
        Wrong{"TwoCallIds", "Call-ID:", "Call-ID: x\r\nCall-ID:", 400}),
    [](const auto& param) { return param.param.name; });

TEST_P(Validation, IsAnswered) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  net.Receive(phone, Replaced(RequestText{.branch = "z9hG4bKw"}.Text(),
                              GetParam().from, GetParam().to));
  const std::string text = net.OnlyText();
  EXPECT_EQ(StatusOf(text), GetParam().code) << text;
  EXPECT_EQ(net.Only().to.flow, phone);
  EXPECT_TRUE(Contains(Row(text, "Via"), "z9hG4bKw"));
  EXPECT_TRUE(Contains(Row(text, "To"), ";tag="));
  EXPECT_EQ(Row(text, "From"), "<sip:alice@ims.example.com>;tag=ue-1");
  if (GetParam().code == 420) {
    EXPECT_EQ(Row(text, "Unsupported"), "foo");
  }
  EXPECT_EQ(net.totals().transactions, 0u);
}

TEST_P(Validation, IsNotSaidToAnAck) {
  if (std::string_view(GetParam().name) == "CseqMethod") return;
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  net.Receive(phone, Replaced(RequestText{.method = "ACK"}.Text(),
                              GetParam().from, GetParam().to));
  EXPECT_TRUE(net.sent().empty());
}

// Repeated refusals are one answer.
TEST(Refusals, OfOneRequestAreAlike) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  const std::string text =
      Replaced(RequestText{.branch = "z9hG4bKw"}.Text(), "70", "0");
  net.Receive(phone, text);
  const std::string first = net.OnlyText();
  net.Receive(phone, text);
  EXPECT_EQ(net.OnlyText(), first);
}

// Conformance: PROXY-01, PROXY-20
TEST(Transactions, WhatIsNotOursToChangeStays) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  const std::string odd = "X-Odd:  \"a, b\" ;c\r\n d\r\nSubject : hello\r\n";
  net.Receive(phone,
              RequestText{.extra = odd, .body = "one\r\n\r\ntwo"}.Text());
  EXPECT_TRUE(Contains(net.OnlyText(), odd)) << net.OnlyText();
  EXPECT_TRUE(Contains(net.OnlyText(), "Max-Forwards: 69"));
  EXPECT_TRUE(Contains(net.OnlyText(), "\r\n\r\none\r\n\r\ntwo"));
}

}  // namespace
}  // namespace sallyport
