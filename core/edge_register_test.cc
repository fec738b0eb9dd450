// REGISTER through an Edge and back (spec 2.1 to 2.4, 3.1, 3.2).
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/registration/integrity.h"
#include "core/testing/edge_harness.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

std::string ClearText() {
  return RegisterText{.transport = "TCP", .secagree = true}.Text();
}

// Conformance: REG-01, REG-02
TEST(ClearRegister, WithATlsOfferIsForwarded) {
  EdgeHarness net;
  net.Receive(net.OpenClearTcp(), ClearText());
  EXPECT_TRUE(net.Only().to_core);
  EXPECT_EQ(net.Only().to.peer, net.config().home_core[0].endpoint);
  EXPECT_EQ(StartLine(net.OnlyText()), "REGISTER sip:ims.example.com SIP/2.0");
}

// Conformance: REG-13, REG-02
TEST(ClearRegister, ChallengeComesBackOnItsConnectionWithOurOffer) {
  EdgeHarness net;
  const FlowId phone = net.OpenClearTcp();
  net.Receive(phone, ClearText());
  net.AnswerFromCore(net.Only(), 401,
                     "WWW-Authenticate: Digest nonce=\"n\"\r\n");
  EXPECT_EQ(net.Only().to.flow, phone);
  EXPECT_EQ(StatusOf(net.OnlyText()), 401);
  EXPECT_EQ(Rows(net.OnlyText(), "Security-Server"),
            std::vector<std::string>{"tls;q=0.9"});
}

// Conformance: PROXY-03, PROXY-04, PROXY-22
TEST(ClearRegister, OverUdpIsAnsweredAtItsSource) {
  struct {
    std::string via_params;
    std::string to;
  } const rows[] = {
      {";rport", "203.0.113.25:41822"},
      {"", "203.0.113.25:5062"},
      {";maddr=198.51.100.66", "203.0.113.25:5062"},
      {";received=198.51.100.66;rport=9", "203.0.113.25:41822"},
  };
  for (const auto& row : rows) {
    EdgeHarness net;
    const FlowId udp = net.ClearUdp();
    const std::string text =
        Replaced(RegisterText{.transport = "UDP", .secagree = true}.Text(),
                 ";rport", row.via_params);
    net.ReceiveFrom(udp, "203.0.113.25:41822", text);
    net.AnswerFromCore(net.Only(), 401);
    EXPECT_EQ(net.Only().to.peer.ToString(), row.to) << row.via_params;
  }
}

// Conformance: REG-03, REG-05, REG-06, REG-07, REG-08, REG-11
TEST(Register, CarriesWhatTheProxyAdds) {
  EdgeHarness net;
  net.Receive(net.OpenTls(),
              RegisterText{.impi = "",
                           .extra = "Path: <sip:evil@example.net;lr>\r\n"
                                    "P-Visited-Network-ID: \"evil\"\r\n"
                                    "P-Charging-Vector: icid-value=evil\r\n"}
                  .Text());
  const std::string text = net.OnlyText();
  ASSERT_EQ(Rows(text, "Path").size(), 1u) << text;
  EXPECT_TRUE(absl::StartsWith(Row(text, "Path"), "<sip:t."));
  EXPECT_TRUE(
      absl::EndsWith(Row(text, "Path"), "@pcscf1.ims.example.com:5060;lr>"));
  EXPECT_EQ(Row(text, "Require"), "path");
  EXPECT_EQ(Rows(text, "P-Visited-Network-ID"),
            std::vector<std::string>{"\"ims.example.com\""});
  ASSERT_EQ(Rows(text, "P-Charging-Vector").size(), 1u);
  EXPECT_TRUE(Contains(Row(text, "P-Charging-Vector"), "orig-ioi"));
  EXPECT_FALSE(Contains(Row(text, "P-Charging-Vector"), "term-ioi"));
  EXPECT_TRUE(Contains(Row(text, "P-Access-Network-Info"), "network-provided"));
  EXPECT_TRUE(Rows(text, "Record-Route").empty());
}

// Conformance: REG-07
TEST(Register, EveryOneHasAnIcidOfItsOwn) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{}.Text());
  const std::string first = Row(net.OnlyText(), "P-Charging-Vector");
  net.Receive(phone, RegisterText{.cseq = 2}.Text());
  EXPECT_NE(Row(net.OnlyText(), "P-Charging-Vector"), first);
}

// Conformance: REG-04, REG-03
TEST(Register, PathIsTheSameForTheLifeOfTheAssociation) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{}.Text());
  const std::string path = Row(net.OnlyText(), "Path");
  net.AnswerFromCore(net.Only(), 401);
  net.Receive(phone, RegisterText{.response = "r", .cseq = 2}.Text());
  EXPECT_EQ(Row(net.OnlyText(), "Path"), path);
  net.GrantFromCore(net.Only(), 600, EdgeHarness::kIdentities);
  net.Receive(phone, RegisterText{.cseq = 3}.Text());
  EXPECT_EQ(Row(net.OnlyText(), "Path"), path);
  net.GrantFromCore(net.Only());
  net.Receive(phone, RegisterText{.cseq = 4, .expires = "0"}.Text());
  EXPECT_EQ(Row(net.OnlyText(), "Path"), path);
}

// Conformance: REG-09
TEST(Register, KeepsOnlyWhatTheUeMaySayOfItsAccess) {
  EdgeHarness net;
  net.Receive(net.OpenTls(),
              RegisterText{.extra = "P-Access-Network-Info: IEEE-802.11a, "
                                    "3GPP-GERAN;network-provided\r\n"}
                  .Text());
  const auto rows = Rows(net.OnlyText(), "P-Access-Network-Info");
  ASSERT_EQ(rows.size(), 2u) << net.OnlyText();
  EXPECT_EQ(rows[0], "IEEE-802.11a");
  EXPECT_EQ(rows[1], "IEEE-802.11;network-provided");
}

// Conformance: REG-10, REG-12
TEST(Register, AgreementAndRoutesOfTheUeEndHere) {
  EdgeHarness net;
  net.Receive(net.OpenTls(),
              RegisterText{.response = "r",
                           .secagree = true,
                           .verify = true,
                           .extra = "Route: <sip:198.51.100.66;lr>\r\n"}
                  .Text());
  const std::string text = net.OnlyText();
  EXPECT_FALSE(Contains(text, "Security-"));
  EXPECT_FALSE(Contains(text, "sec-agree"));
  EXPECT_TRUE(Rows(text, "Proxy-Require").empty());
  EXPECT_TRUE(Rows(text, "Route").empty());
  EXPECT_EQ(net.Only().to.peer, net.config().home_core[0].endpoint);
}

// What telephones of some operators send of their own accord, in TLS as well.
// Conformance: REG-10, REG-14, POL-09
TEST(Register, MechanismsOfOthersChangeNothingForAPlainClient) {
  EdgeHarness net;
  const FlowId flow = net.OpenTls();
  RegisterText phone{
      .extra =
          "Security-Client: sdes-srtp;mediasec\r\n"
          "Security-Client: msrp-tls;mediasec, dtls-srtp;mediasec\r\n"
          "Security-Client: ipsec-3gpp;alg=hmac-sha-1-96;ealg=aes-cbc;"
          "spi-c=1;spi-s=2;port-c=3;port-s=4;mod=trans\r\n"
          "Security-Client: what-comes-next;q=0.999;x=\"a, tls\"\r\n"};
  net.Receive(flow, phone.Text());
  EXPECT_FALSE(Contains(net.OnlyText(), "Security-"));
  net.AnswerFromCore(net.Only(), 401);
  EXPECT_EQ(StatusOf(net.OnlyText()), 401);
  EXPECT_FALSE(Contains(net.OnlyText(), "Security-"));

  phone.cseq = 2;
  net.Associate(flow, phone);

  EXPECT_EQ(net.totals().associations_active, 1u);
  phone.cseq = 3;
  net.Receive(flow, phone.Text());
  EXPECT_TRUE(Contains(net.OnlyText(), "tls-yes"));
  // Its variant is TLS-first.
  net.Receive(net.OpenClearTcp(),
              RegisterText{.transport = "TCP", .secagree = true}.Text());
  EXPECT_EQ(net.Count(CounterId::kDiscardClearAssociated), 1u);
}

// Conformance: REG-13
TEST(Register, TlsAmongOtherMechanismsIsAnOffer) {
  EdgeHarness net;
  net.Receive(net.OpenTls(),
              RegisterText{.extra = "Security-Client: sdes-srtp;mediasec\r\n"
                                    "Security-Client: x-new, TLS;q=0.1\r\n"}
                  .Text());
  net.AnswerFromCore(net.Only(), 401);
  EXPECT_EQ(Row(net.OnlyText(), "Security-Server"), "tls;q=0.9");
}

// Conformance: REG-14, REG-15, REG-16
TEST(RegisterResponse, OffersAreOursAlone) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  const std::string challenges =
      "WWW-Authenticate: Digest realm=\"x\", algorithm=SHA-256, ck=\"1\"\r\n"
      "WWW-Authenticate: Digest realm=\"x\", algorithm=MD5, ik=\"2\"\r\n"
      "Security-Server: ipsec-3gpp;q=1.0\r\n";
  net.Receive(phone, RegisterText{}.Text());
  net.AnswerFromCore(net.Only(), 401, challenges);
  EXPECT_TRUE(Rows(net.OnlyText(), "Security-Server").empty());
  const auto rows = Rows(net.OnlyText(), "WWW-Authenticate");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_TRUE(Contains(rows[0], "SHA-256"));
  EXPECT_TRUE(Contains(rows[1], "MD5"));
  EXPECT_FALSE(Contains(net.OnlyText(), "ck="));
  EXPECT_FALSE(Contains(net.OnlyText(), "ik="));
  net.Receive(phone, RegisterText{.cseq = 2, .secagree = true}.Text());
  net.AnswerFromCore(net.Only(), 401, challenges);
  EXPECT_EQ(Rows(net.OnlyText(), "Security-Server"),
            std::vector<std::string>{"tls;q=0.9"});
}

// Conformance: REG-17, REG-19, REG-20, REG-21
TEST(RegisterResponse, OkLeavesOnTheConnectionOfTheRequest) {
  EdgeHarness net;
  const FlowId other = net.OpenTls("203.0.113.25:50312");
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{.response = "r"}.Text());
  const std::string info =
      "qop=auth, rspauth=\"dcef\", cnonce=\"0a\", nc=00000001";
  net.GrantFromCore(
      net.Only(), 600,
      absl::StrCat(EdgeHarness::kIdentities, "Authentication-Info: ", info,
                   "\r\nP-Charging-Vector: icid-value=1\r\n"));
  EXPECT_EQ(net.Only().to.flow, phone);
  EXPECT_NE(net.Only().to.flow, other);
  EXPECT_EQ(Row(net.OnlyText(), "Authentication-Info"), info);
  EXPECT_TRUE(Rows(net.OnlyText(), "P-Charging-Vector").empty());
  EXPECT_EQ(Row(net.OnlyText(), "Service-Route"),
            "<sip:orig@192.0.2.30:5060;lr>");
  EXPECT_EQ(Rows(net.OnlyText(), "Via").size(), 1u);
}

// Conformance: REG-18, TERM-02
TEST(RegisterResponse, OkIsDroppedWhenItsConnectionIsGone) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{.response = "r"}.Text());
  const Sent forwarded = net.Only();
  net.Close(phone);
  net.OpenTls("203.0.113.25:50999");  // it takes the slot
  net.GrantFromCore(forwarded, 600, EdgeHarness::kIdentities);
  EXPECT_TRUE(net.sent().empty());
  EXPECT_EQ(net.Count(CounterId::kDiscardLateResponse), 1u);
  EXPECT_EQ(net.totals().associations_suspended, 1u);
}

// Conformance: REG-23
TEST(Register, TlsFirstWithoutCredentialsIsForwarded) {
  EdgeHarness net;
  net.Receive(net.OpenTls(), RegisterText{.impi = ""}.Text());
  EXPECT_TRUE(net.Only().to_core);
}

// Conformance: REG-24
TEST(RegisterResponse, StaleNonceKeepsTheSession) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{.response = "r"}.Text());
  net.AnswerFromCore(net.Only(), 401,
                     "WWW-Authenticate: Digest nonce=\"2\", stale=true\r\n");
  EXPECT_TRUE(net.IsOpen(phone));
  EXPECT_TRUE(net.revoked.empty());
}

// Conformance: REG-25, ASSOC-02
TEST(RegisterResponse, TooBriefIsRelayedUnchanged) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{.response = "r"}.Text());
  net.AnswerFromCore(net.Only(), 423, "Min-Expires: 3600\r\n");
  EXPECT_EQ(StatusOf(net.OnlyText()), 423);
  EXPECT_EQ(Row(net.OnlyText(), "Min-Expires"), "3600");
  EXPECT_EQ(net.totals().associations_active, 0u);
}

// Conformance: REG-30
TEST(RegisterResponse, TheNextEntryPointIsTriedWhenOneIsLost) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{.response = "r"}.Text());
  const Sent first = net.Only();
  net.PeerLost(net.config().home_core[0]);
  const Sent second = net.Only();
  EXPECT_EQ(second.to.peer, net.config().home_core[1].endpoint);
  EXPECT_NE(Row(second.text, "Via"), Row(first.text, "Via"));  // a new branch
  EXPECT_TRUE(Contains(second.text, "tls-pending"));
  // The first one's late answer is nobody's.
  net.GrantFromCore(first, 600, EdgeHarness::kIdentities);
  EXPECT_TRUE(net.sent().empty());
  net.GrantFromCore(second, 600, EdgeHarness::kIdentities);
  EXPECT_EQ(StatusOf(net.OnlyText()), 200);
  EXPECT_EQ(net.totals().associations_active, 1u);
}

// Conformance: REG-30, REG-26, PROXY-30
TEST(RegisterResponse, SilenceMovesOnAndEndsWith504) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{}.Text());
  net.AnswerFromCore(net.Only(), 100);  // it lives, but says no more
  EXPECT_TRUE(net.sent().empty());
  net.Advance(Millis(31'900));
  EXPECT_TRUE(net.sent().empty());
  net.Advance(Millis(200));
  EXPECT_EQ(net.Only().to.peer, net.config().home_core[1].endpoint);
  net.Advance(Millis(32'100));
  EXPECT_EQ(StatusOf(net.OnlyText()), 504);
  EXPECT_EQ(net.Only().to.flow, phone);
  EXPECT_EQ(net.totals().transactions, 0u);
}

// Conformance: REG-26
TEST(RegisterResponse, NoEntryPointAtAllIs504) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.home_core.clear();
  config.home_domains.clear();
  EdgeHarness net(config);
  net.Receive(net.OpenTls(), RegisterText{}.Text());
  EXPECT_EQ(StatusOf(net.OnlyText()), 504);
}

// Conformance: PROXY-13
TEST(RegisterResponse, Sole503Becomes500) {
  EdgeHarness net;
  net.Receive(net.OpenTls(), RegisterText{}.Text());
  net.AnswerFromCore(net.Only(), 503);
  const Sent second = net.Only();
  EXPECT_EQ(second.to.peer, net.config().home_core[1].endpoint);
  net.AnswerFromCore(second, 503);
  EXPECT_EQ(StatusOf(net.OnlyText()), 500);
}

// Conformance: REG-27
TEST(Register, StarMustStandAloneAndEnd) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  for (const char* extra : {"", "Expires: 60\r\n"}) {
    net.Receive(
        phone,
        RegisterText{.contact = "*", .expires = "", .extra = extra}.Text());
    EXPECT_EQ(StatusOf(net.OnlyText()), 400) << extra;
  }
  net.Receive(phone, RegisterText{.contact = "*, <sip:a@192.0.2.1>",
                                  .expires = "",
                                  .extra = "Expires: 0\r\n"}
                         .Text());
  EXPECT_EQ(StatusOf(net.OnlyText()), 400);
}

// Conformance: REG-29
TEST(Register, ContactIsNeverRewritten) {
  EdgeHarness net;
  const std::string contact =
      "\"A, B\" <sip:alice@192.168.1.10;transport=tls>;x=\"y;z\"";
  net.Receive(net.OpenTls(), RegisterText{.contact = contact}.Text());
  EXPECT_EQ(Row(net.OnlyText(), "Contact"), contact + ";expires=600");
}

TEST(Register, ForADomainThatIsNotServedIsRefused) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.home_domains = {"ims.example.com"};
  EdgeHarness net(config);
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{}.Text());
  EXPECT_TRUE(net.Only().to_core);
  net.Receive(phone, Replaced(RegisterText{.cseq = 2}.Text(),
                              "sip:ims.example.com ", "sip:example.net "));
  EXPECT_EQ(StatusOf(net.OnlyText()), 403);
  net.Receive(phone,
              Replaced(RegisterText{.cseq = 3}.Text(), "sip:ims.example.com ",
                       "sip:bob@ims.example.com "));
  EXPECT_EQ(StatusOf(net.OnlyText()), 400);
}

// Conformance: ERR-05
TEST(Register, FullAssociationTableRefusesTheNewcomerAlone) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.associations_max = 1;
  EdgeHarness net(config);
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  const FlowId newcomer = net.OpenTls("203.0.113.26:1000");
  net.Receive(newcomer, RegisterText{.user = "bob", .impi = "bob@x"}.Text());
  EXPECT_EQ(StatusOf(net.OnlyText()), 503);
  EXPECT_FALSE(Row(net.OnlyText(), "Retry-After").empty());
  EXPECT_EQ(net.Count(CounterId::kAssociationTableFull), 1u);
  net.Receive(phone, RegisterText{.cseq = 2}.Text());
  EXPECT_TRUE(net.Only().to_core);
}

// Conformance: ERR-05
TEST(Register, FullTransactionTableRefusesTheNewcomerAlone) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.transactions_max = 1;
  EdgeHarness net(config);
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{}.Text());
  const Sent first = net.Only();
  net.Receive(phone, RegisterText{.cseq = 2}.Text());
  EXPECT_EQ(StatusOf(net.OnlyText()), 503);
  EXPECT_EQ(net.Count(CounterId::kTransactionTableFull), 1u);
  net.AnswerFromCore(first, 401);
  EXPECT_EQ(StatusOf(net.OnlyText()), 401);
}

// Who is refused together must not come back together.
// Conformance: PROXY-28
TEST(Register, RefusedUesAreSpreadOverTheTimeToComeBack) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.associations_max = 1;
  EdgeHarness net(config);
  net.Associate(net.OpenTls());
  const FlowId newcomer = net.OpenTls("203.0.113.26:1000");
  std::vector<int> seconds(60);

  for (int cseq = 1; cseq <= 600; ++cseq) {
    net.Receive(newcomer, RegisterText{.impi = "bob@x", .cseq = cseq}.Text());
    ++seconds.at(std::stoul(Row(net.OnlyText(), "Retry-After")));
  }

  for (size_t i = 0; i < seconds.size(); ++i) {
    EXPECT_EQ(seconds[i] > 0, i >= 30) << i;  // 20 each, were it quite even
    EXPECT_LT(seconds[i], 60) << i;
  }
}

// Conformance: TLS-12
TEST(RegisterResponse, FailedAuthenticationClosesAndRevokes) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls("203.0.113.25:50311", 7);
  net.Receive(phone, RegisterText{.response = "bad"}.Text());
  net.AnswerFromCore(net.Only(), 403);
  EXPECT_EQ(StatusOf(net.OnlyText()), 403);  // delivered first
  EXPECT_TRUE(net.WasClosed(phone, CloseReason::kAuthenticationFailed));
  ASSERT_EQ(net.revoked.size(), 1u);
  EXPECT_EQ(net.revoked[0][0], 7);
  EXPECT_EQ(net.totals().associations_reserved, 0u);
}

TEST(RegisterResponse, FailedAuthenticationMayLeaveTheConnection) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.close_on_auth_failure = false;
  EdgeHarness net(config);
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{.response = "bad"}.Text());
  net.AnswerFromCore(net.Only(), 403);
  EXPECT_TRUE(net.IsOpen(phone));
  EXPECT_TRUE(net.revoked.empty());
}

struct Unreadable {
  std::string_view right;
  std::string_view wrong;
};

// Source: Sallyport 6.2 (rule 1 before 2, 3 and 5)
TEST(Register, WhatCannotBeReadIsSaidBeforeAnyRuleIs) {
  const Unreadable fields[] = {
      {"Contact: <sip:", "Contact: <<sip:"},
      {"Max-Forwards", "Expires: soon\r\nMax-Forwards"},
      {"Contact:", "Expires: 9\r\nContact: *\r\nX:"},
      {"response=\"\"", "response=\""},
      {"response=\"\"", "username=\"b\""},
  };
  const Unreadable rules[] = {
      {"REGISTER sip:", "REGISTER nobody:"},
      {"Max-Forwards: 70", "Max-Forwards: 0"},
      {"Max-Forwards: 70", "Max-Forwards: 70\r\nProxy-Require: levitation"},
  };
  for (const Unreadable& rule : rules) {
    for (const Unreadable& field : fields) {
      EdgeHarness net;
      const std::string text =
          absl::StrReplaceAll(absl::StrReplaceAll(RegisterText{}.Text(),
                                                  {{rule.right, rule.wrong}}),
                              {{field.right, field.wrong}});
      SCOPED_TRACE(text);

      net.Receive(net.OpenTls(), text);

      EXPECT_EQ(StatusOf(net.OnlyText()), 400);
    }
  }
}

// D17 is a verdict as any other: the operator sees how often it was.
TEST(Register, CountsCredentialsThatCannotBeRead) {
  EdgeHarness net;
  const FlowId flow = net.OpenTls();
  for (std::string_view wrong : {"response=\"", "username=\"b\""}) {
    net.Receive(flow, absl::StrReplaceAll(RegisterText{}.Text(),
                                          {{"response=\"\"", wrong}}));
    EXPECT_EQ(StatusOf(net.OnlyText()), 400);
  }

  EXPECT_EQ(net.edge().rules().Get(registration::Rule::kD17), 2u);
}

}  // namespace
}  // namespace sallyport
