// How bytes become messages at an Edge, and what happens to bytes that do not
// (spec 8.2, 7 E5 to E11, 6.9).
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/testing/edge_harness.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

// Conformance: PARSE-08
TEST(Framing, SplitAtEveryOctetGivesTheSame) {
  const std::string text =
      RegisterText{.response = "r", .branch = "z9hG4bKsplit", .secagree = true}
          .Text();
  EdgeHarness whole;
  whole.Receive(whole.OpenTls(), text);
  const std::string expected = whole.OnlyText();
  for (size_t cut = 1; cut < text.size(); ++cut) {
    EdgeHarness net;
    const FlowId phone = net.OpenTls();
    net.Receive(phone, text.substr(0, cut));
    ASSERT_TRUE(net.sent().empty()) << cut;
    net.Receive(phone, text.substr(cut));
    ASSERT_EQ(net.OnlyText(), expected) << cut;
  }
}

// Conformance: PARSE-09
TEST(Framing, ManyMessagesInOneReadKeepTheirOrder) {
  EdgeHarness net;
  std::string read;
  for (int i = 1; i <= 20; ++i)
    absl::StrAppend(&read, RegisterText{.cseq = i}.Text());
  net.Receive(net.OpenTls(), read);
  ASSERT_EQ(net.sent().size(), 20u);
  for (int i = 1; i <= 20; ++i) {
    EXPECT_EQ(Row(net.sent()[static_cast<size_t>(i - 1)].text, "CSeq"),
              absl::StrCat(i, " REGISTER"));
  }
}

// Conformance: PARSE-10
TEST(Framing, LineEndsBeforeAMessageAreIgnored) {
  EdgeHarness net;
  net.Receive(net.OpenTls(), absl::StrCat("\r\n", RegisterText{}.Text()));
  EXPECT_TRUE(net.Only().to_core);
}

// Conformance: PARSE-11
TEST(Framing, MissingContentLengthIs400AndClose) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Receive(phone,
              Replaced(RegisterText{}.Text(), "Content-Length: 0\r\n", ""));
  EXPECT_EQ(StatusOf(net.OnlyText()), 400);
  EXPECT_EQ(net.Only().to.flow, phone);
  EXPECT_TRUE(net.WasClosed(phone, CloseReason::kNoContentLength));
}

// Conformance: ERR-04
TEST(Framing, TwoContentLengthsThatDifferAre400AndClose) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Receive(phone, Replaced(RegisterText{}.Text(), "Content-Length: 0\r\n",
                              "Content-Length: 0\r\nContent-Length: 4\r\n"));
  EXPECT_EQ(StatusOf(net.OnlyText()), 400);
  EXPECT_TRUE(net.WasClosed(phone, CloseReason::kBadContentLength));
}

// Conformance: PARSE-18
TEST(Framing, LimitsGive413And513) {
  EdgeHarness net;
  FlowId phone = net.OpenTls();
  net.Receive(phone, Replaced(RegisterText{}.Text(), "Content-Length: 0",
                              "Content-Length: 49153"));
  EXPECT_EQ(StatusOf(net.OnlyText()), 413);
  EXPECT_TRUE(net.WasClosed(phone, CloseReason::kBodyTooLong));
  phone = net.OpenTls();
  net.Associate(phone);
  net.Receive(phone, Replaced(RequestText{}.Text(), "Content-Length",
                              absl::StrCat("X: ", std::string(16384, 'x'),
                                           "\r\nContent-Length")));
  EXPECT_EQ(StatusOf(net.OnlyText()), 513);
  EXPECT_TRUE(net.WasClosed(phone, CloseReason::kHeadTooLong));
}

// Conformance: PARSE-18
TEST(Framing, UnknownPeersGetLittleRoom) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  const std::string text = Replaced(RegisterText{}.Text(), "Content-Length: 0",
                                    "Content-Length: 20000");
  net.Receive(phone, text + std::string(16384, 'x'));
  EXPECT_TRUE(net.WasClosed(phone, CloseReason::kHeadTooLong));
}

// Conformance: PARSE-12
TEST(Framing, DatagramsAreCutByContentLength) {
  EdgeHarness net;
  const FlowId udp = net.ClearUdp();
  const auto text = [](int length, std::string_view body, const char* call_id) {
    return Replaced(
        RegisterText{.transport = "UDP", .call_id = call_id, .secagree = true}
            .Text(),
        "Content-Length: 0\r\n\r\n",
        absl::StrCat("Content-Length: ", length, "\r\n\r\n", body));
  };
  net.ReceiveFrom(udp, "203.0.113.25:1", text(4, "bodysurplus", "1"));
  EXPECT_TRUE(Contains(net.OnlyText(), "\r\n\r\nbody"));
  EXPECT_FALSE(Contains(net.OnlyText(), "surplus"));
  net.ReceiveFrom(udp, "203.0.113.25:1", text(9, "body", "2"));
  EXPECT_EQ(StatusOf(net.OnlyText()), 400);
  // Of a response nothing is said.
  net.ReceiveFrom(net.CoreUdp(), "192.0.2.20:5060",
                  Replaced(ResponseTo(RequestText{}.Text(), 200),
                           "Content-Length: 0", "Content-Length: 9"));
  EXPECT_TRUE(net.sent().empty());
}

// Conformance: PROXY-23
TEST(Framing, PingIsAnsweredOnceForARead) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Receive(phone, "\r\n\r\n");
  EXPECT_EQ(net.OnlyText(), "\r\n");
  net.Receive(phone, "\r\n\r\n\r\n\r\n\r\n\r\n");
  EXPECT_EQ(net.OnlyText(), "\r\n");
  EXPECT_EQ(net.Count(CounterId::kPings), 2u);
  // A body that looks like one is a body.
  net.Associate(phone);
  net.Receive(phone, RequestText{.body = "\r\n\r\n"}.Text());
  EXPECT_TRUE(net.Only().to_core);
}

// Conformance: TLS-14
TEST(Framing, WhatIsNotSipClosesTheConnection) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Receive(phone,
              std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
  EXPECT_TRUE(net.WasClosed(phone, CloseReason::kNotSip));
  EXPECT_TRUE(net.sent().empty());
}

// Conformance: ERR-01
TEST(Framing, GarbageThatCannotBeAnsweredClosesAfterThree) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  const std::string garbage =
      "MESSAGE sip:a@b SIP/2.0\r\nFrom: <sip:a@b>;tag=1\r\nContent-Length: "
      "0\r\n\r\n";
  net.Receive(phone, garbage);
  net.Receive(phone, garbage);
  EXPECT_TRUE(net.IsOpen(phone));
  net.Receive(phone, garbage);
  EXPECT_TRUE(net.WasClosed(phone, CloseReason::kGarbage));
  EXPECT_EQ(net.Count(CounterId::kDiscardMalformed), 3u);
}

// ---------------------------------------------------------------- time

// Conformance: TLS-13
TEST(Guard, ConnectionWithoutRegisterIsClosed) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Advance(Millis(31'900));
  EXPECT_TRUE(net.IsOpen(phone));
  net.Advance(Millis(200));
  EXPECT_TRUE(net.WasClosed(phone, CloseReason::kUnregisteredTimeout));
}

// Conformance: TLS-13
TEST(Guard, ChallengeGivesFourMinutesAndAssociationMore) {
  EdgeHarness net;
  const FlowId challenged = net.OpenTls();
  const FlowId phone = net.OpenTls("203.0.113.26:1");
  net.Receive(challenged, RegisterText{}.Text());
  net.AnswerFromCore(net.Only(), 401);
  net.Associate(phone, {.user = "bob", .impi = "bob@ims.example.com"});
  net.Advance(Millis(239'000));
  EXPECT_TRUE(net.IsOpen(challenged));
  net.Advance(Millis(1'100));
  EXPECT_TRUE(net.WasClosed(challenged, CloseReason::kUnregisteredTimeout));
  EXPECT_TRUE(net.IsOpen(phone));
}

TEST(Guard, UnansweredRegisterIsWaitedFor) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Advance(Millis(31'000));
  net.Receive(phone, RegisterText{.response = "r"}.Text());
  const Sent forwarded = net.Only();
  net.Advance(Millis(3'000));
  EXPECT_TRUE(net.IsOpen(phone));
  net.GrantFromCore(forwarded, 600, EdgeHarness::kIdentities);
  EXPECT_EQ(net.Only().to.flow, phone);
  net.Advance(Seconds(60));
  EXPECT_TRUE(net.IsOpen(phone));
}

TEST(Guard, StartedMessageMustEnd) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  net.Receive(phone, "MESSAGE sip:a@b SIP/2.0\r\n");
  net.Advance(Millis(9'000));
  net.Receive(phone, "Via: ");  // a trickle does not help
  EXPECT_TRUE(net.IsOpen(phone));
  net.Advance(Millis(1'100));
  EXPECT_TRUE(net.WasClosed(phone, CloseReason::kMessageTimeout));
}

TEST(Guard, MoreFlowsThanThereIsRoomForAreClosed) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.flows_max = 2;
  EdgeHarness net(config);
  net.OpenTls();
  net.OpenTls();
  const FlowId third = net.OpenTls();
  EXPECT_TRUE(net.WasClosed(third, CloseReason::kTableFull));
  EXPECT_EQ(net.totals().flows, 2u);
}

}  // namespace
}  // namespace sallyport
