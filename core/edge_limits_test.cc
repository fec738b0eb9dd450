// Every bound of a message (Sallyport 8.3), at the bound and one past it, as
// the defaults and as an operator sets it.
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "core/sip/limits.h"
#include "core/testing/edge_harness.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

using sip::MessageLimits;

std::string Repeated(std::string_view part, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) absl::StrAppend(&text, part);
  return text;
}

std::string WithLines(std::string_view lines) {
  return RequestText{.extra = std::string(lines)}.Text();
}

// Fields of 256 octets and one that fills the rest.
std::string Filler(size_t size) {
  const std::string row = absl::StrCat("X: ", std::string(251, 'x'), "\r\n");
  const size_t rows = size / row.size() - 1;
  const size_t rest = size - rows * row.size();
  return absl::StrCat(Repeated(row, rows), "X: ", std::string(rest - 5, 'x'),
                      "\r\n");
}

std::string WithHead(size_t size, std::string_view body = "") {
  RequestText request{.branch = "z9hG4bKfill", .body = std::string(body)};
  const size_t bare = request.Text().size() - body.size();
  request.extra = Filler(size - bare);
  return request.Text();
}

std::string WithFields(size_t count) {
  const size_t bare = 7;  // Via to CSeq, and Content-Length
  return WithLines(Repeated("X: y\r\n", count - bare));
}

std::string WithUri(size_t size) {
  constexpr std::string_view kRest = "sip:@example.net";
  return RequestText{
      .uri = absl::StrCat("sip:", std::string(size - kRest.size(), 'a'),
                          "@example.net")}
      .Text();
}

struct Bound {
  std::string_view sentence;
  uint32_t MessageLimits::*limit;
  uint32_t lower;  // what an operator might set
  int code;
  bool closes;
  std::string (*text)(size_t);
};
constexpr Bound kBounds[] = {
    {"octets of a head", &MessageLimits::head_bytes, 1024, 513, true,
     [](size_t n) { return WithHead(n); }},
    {"octets of a body", &MessageLimits::body_bytes, 10, 413, true,
     [](size_t n) { return RequestText{.body = std::string(n, 'b')}.Text(); }},
    {"header fields", &MessageLimits::header_fields, 40, 513, false,
     [](size_t n) { return WithFields(n); }},
    {"octets of a header value", &MessageLimits::header_value_bytes, 300, 513,
     false,
     [](size_t n) {
       return WithLines(absl::StrCat("X:  ", std::string(n, 'x'), " \r\n"));
     }},
    {"octets of a folded header value", &MessageLimits::header_value_bytes, 300,
     513, false,
     [](size_t n) {
       return WithLines(
           absl::StrCat("X: y\r\n ", std::string(n - 4, 'x'), "\r\n"));
     }},
    {"octets of a Request-URI", &MessageLimits::request_uri_bytes, 64, 414,
     false, WithUri},
    {"values of Via", &MessageLimits::via_values, 3, 513, false,
     [](size_t n) {
       return WithLines(Repeated("v: SIP/2.0/UDP a\r\n", n - 1));
     }},
    {"values of Via in one row", &MessageLimits::via_values, 3, 513, false,
     [](size_t n) {
       return WithLines(absl::StrCat(
           "Via: SIP/2.0/UDP a", Repeated(", SIP/2.0/UDP a", n - 2), "\r\n"));
     }},
    {"values of Route", &MessageLimits::route_values, 3, 513, false,
     [](size_t n) { return WithLines(Repeated("Route: <sip:a;lr>\r\n", n)); }},
    {"values of Record-Route", &MessageLimits::route_values, 3, 513, false,
     [](size_t n) {
       return WithLines(absl::StrCat("Record-Route: <sip:a;lr>",
                                     Repeated(",<sip:a;lr>", n - 1), "\r\n"));
     }},
    {"Contacts of a REGISTER", &MessageLimits::register_contacts, 2, 513, false,
     [](size_t n) {
       return RegisterText{
           .cseq = 9,
           .extra = Repeated("m: <sip:x@192.168.1.10:5062>\r\n", n - 1)}
           .Text();
     }},
};

void ExpectBound(const Bound& bound, const MessageLimits& limits) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.message_limits = limits;
  EdgeHarness net(config);
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  const size_t most = limits.*bound.limit;

  net.Receive(phone, bound.text(most));
  EXPECT_TRUE(net.Only().to_core) << net.OnlyText();

  net.Receive(phone, bound.text(most + 1));
  EXPECT_EQ(StatusOf(net.OnlyText()), bound.code);
  EXPECT_FALSE(net.Only().to_core);
  EXPECT_EQ(net.IsOpen(phone), !bound.closes);
}

// Conformance: PARSE-18
TEST(Limits, AtTheBoundItPassesAndOnePastItIsRefused) {
  for (const Bound& bound : kBounds) {
    SCOPED_TRACE(bound.sentence);
    ExpectBound(bound, {});
  }
}

// Conformance: PARSE-18
TEST(Limits, AreWhatTheOperatorSets) {
  for (const Bound& bound : kBounds) {
    SCOPED_TRACE(bound.sentence);
    MessageLimits limits;
    limits.*bound.limit = bound.lower;
    ExpectBound(bound, limits);
  }
}

// RFC 3261 18.1.1: so much must be taken in a datagram.
// Conformance: PARSE-18
TEST(Limits, AMessageOf65535OctetsPassesAndOneMoreDoesNot) {
  constexpr size_t kHead = 16384;
  for (size_t size : {65535u, 65536u}) {
    SCOPED_TRACE(size);
    const std::string text = WithHead(kHead, std::string(size - kHead, 'b'));
    ASSERT_EQ(text.size(), size);
    EdgeHarness net;
    const FlowId phone = net.OpenTls();
    net.Associate(phone);

    net.Receive(phone, text);
    EXPECT_EQ(StatusOf(net.OnlyText()), size == 65535 ? 0 : 413);
    EXPECT_EQ(net.IsOpen(phone), size == 65535);

    // Nobody of ours is meant: 404 says that it was read.
    net.ReceiveFrom(net.CoreUdp(), "192.0.2.30:5060", text);
    EXPECT_EQ(StatusOf(net.OnlyText()), size == 65535 ? 404 : 413);
  }
}

// Datagrams have the same bounds; nothing is closed.
// Conformance: PARSE-18
TEST(Limits, HoldForDatagrams) {
  for (const Bound& bound : kBounds) {
    SCOPED_TRACE(bound.sentence);
    if (bound.limit == &MessageLimits::register_contacts) continue;
    EdgeHarness net;
    const size_t most = MessageLimits{}.*bound.limit;

    net.ReceiveFrom(net.CoreUdp(), "192.0.2.30:5060", bound.text(most));
    EXPECT_EQ(StatusOf(net.OnlyText()), 404);

    net.ReceiveFrom(net.CoreUdp(), "192.0.2.30:5060", bound.text(most + 1));
    EXPECT_EQ(StatusOf(net.OnlyText()), bound.code);
  }
}

// Conformance: PARSE-18
TEST(Limits, AnUnknownPeerMayLeaveSoMuchUnfinished) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  for (uint32_t most : {config.unassociated_bytes_max, 2000u}) {
    SCOPED_TRACE(most);
    config.unassociated_bytes_max = most;
    const std::string text =
        Replaced(RegisterText{.branch = "z9hG4bKlong"}.Text(),
                 "Content-Length: 0", "Content-Length: 40000");
    EdgeHarness net(config);
    const FlowId phone = net.OpenTls();

    net.Receive(phone, text + std::string(most - text.size(), 'x'));
    EXPECT_TRUE(net.IsOpen(phone));
    EXPECT_TRUE(net.sent().empty());

    net.Receive(phone, "x");
    EXPECT_TRUE(net.WasClosed(phone, CloseReason::kHeadTooLong));
    EXPECT_EQ(StatusOf(net.OnlyText()), 513);
  }
}

// What began is let in while it lasts; then the connection goes.
// Conformance: PARSE-18
TEST(Limits, AStartedMessageHasTenSeconds) {
  for (Millis time : {EdgeConfig().message, Millis(2'000)}) {
    EdgeConfig config = EdgeHarness::ExampleConfig();
    config.message = time;
    EdgeHarness net(config);
    const FlowId phone = net.OpenTls();
    net.Associate(phone);
    net.Receive(phone, "M");

    net.Advance(time - Millis(100));
    EXPECT_TRUE(net.IsOpen(phone));

    net.Advance(Millis(200));
    EXPECT_TRUE(net.WasClosed(phone, CloseReason::kMessageTimeout));
  }
}

}  // namespace
}  // namespace sallyport
