// What a hostile peer tries against an Edge, and what must leave instead.
#include <string>

#include "absl/strings/str_cat.h"
#include "core/testing/edge_harness.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

std::string Without(std::string text, std::string_view line_begin) {
  const size_t begin = text.find(line_begin);
  return text.erase(begin, text.find("\r\n", begin) + 2 - begin);
}

// A stream would take the body for the next message.
// Conformance: PARSE-12, TRUST-01
TEST(Hostile, DatagramWithoutALengthGetsOneTowardsTheCore) {
  EdgeHarness net;
  RegisterText phone{.transport = "UDP", .secagree = true};
  const std::string smuggled =
      "REGISTER sip:ims.example.com SIP/2.0\r\nAuthorization: Digest "
      "username=\"victim@ims.example.com\",integrity-protected=\"tls-yes\"\r\n"
      "\r\n";

  net.ReceiveFrom(net.ClearUdp(), "203.0.113.25:41822",
                  Without(phone.Text(), "Content-Length") + smuggled);

  EXPECT_EQ(Row(net.OnlyText(), "Content-Length"),
            absl::StrCat(smuggled.size()));
}

// Readers that end a quoted string at its first quote would see the victim.
// Conformance: SEC-20, SEC-21
TEST(Hostile, SecondUsernameBehindAnEscapedQuoteIsRefused) {
  EdgeHarness net;
  const FlowId flow = net.OpenTls();
  net.Associate(flow);

  for (const char* value :
       {"\"\\\", username=victim@ims.example.com, x=\\\"\"", "\"a\\\\\""}) {
    net.Receive(flow, Replaced(RegisterText{.cseq = 7}.Text(), "uri=",
                               absl::StrCat("opaque=", value, ", uri=")));

    EXPECT_EQ(StatusOf(net.OnlyText()), 400) << value;
    EXPECT_FALSE(net.Only().to_core);
  }
}

// Whatever the scheme: who reads it may not look at that first.
// Conformance: SEC-04, SEC-20
TEST(Hostile, ClaimBehindAnEscapedQuoteIsRefusedInEveryScheme) {
  EdgeHarness net;
  const FlowId flow = net.OpenTls();
  net.Associate(flow);

  for (const char* name : {"Authorization", "Proxy-Authorization"}) {
    const std::string row =
        absl::StrCat(name,
                     ": Foo a=\"\\\", integrity-protected=tls-yes, "
                     "b=\\\"\"\r\n");
    net.Receive(flow, RegisterText{.cseq = 7, .extra = row}.Text());
    EXPECT_EQ(StatusOf(net.OnlyText()), 400) << name;
    EXPECT_FALSE(net.Only().to_core);

    net.Receive(flow, RequestText{.extra = row}.Text());
    EXPECT_EQ(StatusOf(net.OnlyText()), 400) << name;
    EXPECT_FALSE(net.Only().to_core);
  }
}

// URIs that compare equal may differ in what the S-CSCF obeys.
// Conformance: TRUST-06, ORIG-09
TEST(Hostile, RouteListLeavesInTheRegistrarsWords) {
  EdgeHarness net;
  const FlowId flow = net.OpenTls();
  net.Associate(flow);

  net.Receive(flow, RequestText{.extra = "Route: <sip:orig@192.0.2.30:5060;"
                                         "lr;planted=1>\r\n"}
                        .Text());

  EXPECT_FALSE(Contains(net.OnlyText(), "planted"));
  EXPECT_EQ(Row(net.OnlyText(), "Route"), "<sip:orig@192.0.2.30:5060;lr>");
}

TEST(Hostile, MessageWithTooManyChangesIsAnsweredAndHarmsNobody) {
  EdgeHarness net;
  const FlowId flow = net.OpenTls();
  std::string list = "P-Access-Network-Info: a;network-provided";
  for (int i = 0; i < 420; ++i) absl::StrAppend(&list, ",b,a;network-provided");

  net.Receive(flow, RegisterText{.extra = list.substr(0, 8100) + "\r\n"}.Text());

  ASSERT_EQ(net.sent().size(), 1u);
  EXPECT_GE(StatusOf(net.OnlyText()), 400);
  const FlowId other = net.OpenTls("203.0.113.26:5000");
  net.Receive(other, RegisterText{.branch = "z9hG4bKbad", .expires = "x"}.Text());
  EXPECT_EQ(StatusOf(net.OnlyText()), 400);
}

// Without --home_domains the Request-URI must not say whose realm counts.
// Conformance: SEC-18
TEST(Hostile, TwoCredentialsAreRefusedWhereNoRealmIsConfigured) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.home_domains.clear();
  EdgeHarness net(config);
  const FlowId flow = net.OpenTls();

  net.Receive(
      flow,
      RegisterText{.extra = "Authorization: Digest username=\"v@evil\", "
                            "realm=\"evil.example\", nonce=\"\", "
                            "uri=\"sip:x\", response=\"\"\r\n"}
          .Text());

  EXPECT_EQ(StatusOf(net.OnlyText()), 400);
}

// Conformance: TERM-12
TEST(Hostile, ResponseToAnotherRequestIsDropped) {
  EdgeHarness net;
  const FlowId flow = net.OpenTls();
  const std::string user = net.Associate(flow);
  const FlowId core = net.OpenCore();
  net.Receive(core,
              RequestText{.via = "SIP/2.0/TCP 192.0.2.30:5060",
                          .extra = absl::StrCat("Route: <sip:", user,
                                                "@pcscf1.ims.example.com:5060;"
                                                "lr>\r\n")}
                  .Text());
  const std::string request = net.OnlyText();

  net.Receive(flow, Replaced(ResponseTo(request, 200), "Call-ID: ",
                             "Call-ID: another-"));
  EXPECT_TRUE(net.sent().empty());
  net.Receive(flow, Replaced(ResponseTo(request, 200), "192.0.2.30:5060;branch=",
                             "192.0.2.30:5060;branch=z9hG4bKother"));
  EXPECT_TRUE(net.sent().empty());

  net.Receive(flow, ResponseTo(request, 200));
  EXPECT_EQ(StatusOf(net.OnlyText()), 200);
}

// A stack that writes what it has parsed changes spaces, case and order.
// Conformance: PARSE-02
TEST(Hostile, ResponseInAnotherSpellingIsRelayed) {
  EdgeHarness net;
  const FlowId flow = net.OpenTls();
  const std::string user = net.Associate(flow);
  const FlowId core = net.OpenCore();
  net.Receive(
      core, RequestText{.via = "SIP/2.0/TCP 192.0.2.30:5060",
                        .branch = "z9hG4bKa;x=y",
                        .extra = absl::StrCat("Via: SIP/2.0/UDP as.example"
                                              ";branch=z9hG4bKb;q=1\r\nRoute: "
                                              "<sip:",
                                              user,
                                              "@pcscf1.ims.example.com:5060;"
                                              "lr>\r\n")}
                .Text());
  std::string answer = ResponseTo(net.OnlyText(), 200);
  answer = Replaced(answer, "CSeq: 1 ", "CSeq: 0001 \r\n  ");
  answer =
      Replaced(answer, "\r\nVia: SIP/2.0/UDP as.example;branch=z9hG4bKb;q=1",
               " ,\r\n SIP / 2.0 /\r\n udp AS.example; q=1;branch = "
               "z9hG4bKb");
  answer = Replaced(answer, ";branch=z9hG4bKa;x=y", ";x=y;branch=z9hG4bKa");

  net.Receive(flow, answer);

  EXPECT_EQ(StatusOf(net.OnlyText()), 200);
  EXPECT_EQ(net.Only().to.flow, core);
}

// Conformance: PROXY-28
TEST(Hostile, OneUnknownConnectionDoesNotUseUpTheTransactions) {
  EdgeHarness net;
  const FlowId flow = net.OpenTls();

  for (int i = 1; i <= 20; ++i) {
    net.Receive(flow, RegisterText{.call_id = absl::StrCat("c", i)}.Text());
  }

  EXPECT_EQ(StatusOf(net.OnlyText()), 503);
  EXPECT_LE(net.edge().totals().transactions, 8u);
}

}  // namespace
}  // namespace sallyport
