// What an Edge tells the registrar about the protection of a REGISTER (spec 4).
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/testing/edge_harness.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

constexpr std::string_view kPending = "integrity-protected=\"tls-pending\"";
constexpr std::string_view kYes = "integrity-protected=\"tls-yes\"";

// The registrar's 401 to what was just forwarded.
void Challenge(EdgeHarness& net) {
  const Sent forwarded = net.Only();
  net.AnswerFromCore(forwarded, 401,
                     "WWW-Authenticate: Digest realm=\"ims.example.com\", "
                     "nonce=\"n1\"\r\n");
  ASSERT_EQ(StatusOf(net.OnlyText()), 401);
}

std::string AuthorizationOf(const EdgeHarness& net) {
  return Row(net.OnlyText(), "Authorization");
}

struct Claim {
  const char* name;
  const char* row;   // what the UE writes
  const char* kept;  // what must survive of it
};

class ForgedClaim : public testing::TestWithParam<Claim> {};

// Conformance: SEC-01, SEC-02, SEC-03, SEC-04, SEC-05, SEC-06
INSTANTIATE_TEST_SUITE_P(
    Spec42, ForgedClaim,
    testing::Values(
        Claim{"Plain",
              "Authorization: Digest username=\"a@ims.example.com\", "
              "integrity-protected=\"tls-yes\", realm=\"ims.example.com\"\r\n",
              "realm=\"ims.example.com\""},
        Claim{"UpperCase",
              "Authorization: Digest INTEGRITY-Protected=\"tls-yes\", "
              "username=\"a@ims.example.com\"\r\n",
              "username=\"a@ims.example.com\""},
        Claim{"Token",
              "Authorization: Digest username=\"a@ims.example.com\", "
              "integrity-protected=tls-yes\r\n",
              "username=\"a@ims.example.com\""},
        Claim{"NoValue",
              "Authorization: Digest username=\"a@ims.example.com\", "
              "integrity-protected\r\n",
              "username=\"a@ims.example.com\""},
        Claim{"SpacesAroundEquals",
              "Authorization: Digest username=\"a@ims.example.com\", "
              "integrity-protected = \"tls-yes\"\r\n",
              "username=\"a@ims.example.com\""},
        Claim{"FoldBeforeName",
              "Authorization: Digest username=\"a@ims.example.com\",\r\n "
              "integrity-protected=\"tls-yes\"\r\n",
              "username=\"a@ims.example.com\""},
        Claim{"Twice",
              "Authorization: Digest integrity-protected=\"tls-yes\", "
              "username=\"a@ims.example.com\", integrity-protected=\"yes\"\r\n",
              "username=\"a@ims.example.com\""},
        Claim{"InSeveralRows",
              "Authorization: Digest username=\"a@ims.example.com\", "
              "realm=\"ims.example.com\", integrity-protected=\"tls-yes\"\r\n"
              "Authorization: Digest username=\"b\", realm=\"other.example\", "
              "integrity-protected=\"tls-yes\"\r\n"
              "Proxy-Authorization: Digest username=\"c\", "
              "realm=\"third.example\", "
              "integrity-protected=\"tls-yes\"\r\n",
              "username=\"b\""}),
    [](const auto& param) { return param.param.name; });

TEST_P(ForgedClaim, NeverReachesTheCoreOnTls) {
  EdgeHarness net;
  net.Receive(net.OpenTls(),
              RegisterText{.impi = "", .extra = GetParam().row}.Text());
  ASSERT_TRUE(net.Only().to_core);
  EXPECT_FALSE(Contains(net.OnlyText(), "ntegrity-")) << net.OnlyText();
  EXPECT_FALSE(Contains(net.OnlyText(), "NTEGRITY-")) << net.OnlyText();
  EXPECT_TRUE(Contains(net.OnlyText(), GetParam().kept)) << net.OnlyText();
}

TEST_P(ForgedClaim, NeverReachesTheCoreInClear) {
  EdgeHarness net;
  net.Receive(net.OpenClearTcp(), RegisterText{.impi = "",
                                               .transport = "TCP",
                                               .secagree = true,
                                               .extra = GetParam().row}
                                      .Text());
  ASSERT_TRUE(net.Only().to_core);
  EXPECT_FALSE(Contains(net.OnlyText(), "ntegrity-")) << net.OnlyText();
  EXPECT_FALSE(Contains(net.OnlyText(), "NTEGRITY-")) << net.OnlyText();
}

// Conformance: SEC-05
TEST(Integrity, WordsInAQuotedStringAreData) {
  EdgeHarness net;
  const std::string opaque =
      "opaque=\"a, integrity-protected=tls-yes, b\"";
  net.Receive(net.OpenTls(),
              RegisterText{
                  .impi = "",
                  .extra = absl::StrCat(
                      "Authorization: Digest username=\"x\", ", opaque, "\r\n")}
                  .Text());
  EXPECT_TRUE(Contains(AuthorizationOf(net), opaque)) << net.OnlyText();
}

// Conformance: SEC-08, SEC-09, SEC-07
TEST(Integrity, ResponseOnASessionMadeAfterTheChallenge) {
  for (const bool seed : {false, true}) {
    EdgeConfig config = EdgeHarness::ExampleConfig();
    if (seed) config.integrity_profile = EdgeConfig::IntegrityProfile::kSeed;
    EdgeHarness net(config);
    net.Receive(net.OpenClearTcp(),
                RegisterText{.transport = "TCP", .secagree = true}.Text());
    Challenge(net);
    EXPECT_EQ(net.shared.size(), seed ? 1u : 0u);
    net.Advance(Millis(1000));
    net.Receive(
        net.OpenTls(),
        RegisterText{
            .response = "r1", .cseq = 2, .secagree = true, .verify = true}
            .Text());
    EXPECT_TRUE(Contains(AuthorizationOf(net), seed ? kYes : kPending))
        << net.OnlyText();
  }
}

// Conformance: SEC-09
TEST(Integrity, AChallengeThatNobodyGotDoesNotCount) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.integrity_profile = EdgeConfig::IntegrityProfile::kSeed;
  EdgeHarness net(config);
  const FlowId gone = net.OpenClearTcp();
  net.Receive(gone, RegisterText{.transport = "TCP", .secagree = true}.Text());
  const Sent forwarded = net.Only();
  net.Close(gone);
  net.AnswerFromCore(forwarded, 401,
                     "WWW-Authenticate: Digest realm=\"ims.example.com\", "
                     "nonce=\"n1\"\r\n");
  ASSERT_TRUE(net.sent().empty());
  EXPECT_TRUE(net.shared.empty());
  net.Advance(Millis(1000));
  net.Receive(net.OpenTls(),
              RegisterText{
                  .response = "r1", .cseq = 2, .secagree = true, .verify = true}
                  .Text());
  EXPECT_TRUE(Contains(AuthorizationOf(net), kPending)) << net.OnlyText();
}

// Another shard relayed the 401.
// Conformance: SEC-09
TEST(Integrity, SharedChallengeCounts) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.integrity_profile = EdgeConfig::IntegrityProfile::kSeed;
  EdgeHarness first(config), second(config);
  first.Receive(first.OpenClearTcp(),
                RegisterText{.transport = "TCP", .secagree = true}.Text());
  Challenge(first);
  ASSERT_EQ(first.shared.size(), 1u);
  second.Do([&](Edge& edge) {
    edge.OnChallengeShared(first.shared[0], second.now());
  });
  second.Receive(
      second.OpenTls(),
      RegisterText{
          .response = "r1", .cseq = 2, .secagree = true, .verify = true}
          .Text());
  EXPECT_TRUE(Contains(AuthorizationOf(second), kYes)) << second.OnlyText();
}

// Conformance: SEC-10, SEC-11, SEC-16
TEST(Integrity, TlsFirstIsPendingInBothProfiles) {
  for (const auto profile : {EdgeConfig::IntegrityProfile::kPublished,
                             EdgeConfig::IntegrityProfile::kSeed}) {
    EdgeConfig config = EdgeHarness::ExampleConfig();
    config.integrity_profile = profile;
    EdgeHarness net(config);
    const FlowId phone = net.OpenTls();
    net.Receive(phone, RegisterText{}.Text());
    EXPECT_FALSE(Contains(AuthorizationOf(net), "integrity-protected"));
    Challenge(net);
    net.Receive(phone, RegisterText{.response = "r1", .cseq = 2}.Text());
    EXPECT_TRUE(Contains(AuthorizationOf(net), kPending)) << net.OnlyText();
  }
}

// Conformance: SEC-12, SEC-13, SEC-14, SEC-17
TEST(Integrity, AssociatedSession) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  net.Receive(phone, RegisterText{.cseq = 2}.Text());
  EXPECT_TRUE(absl::EndsWith(AuthorizationOf(net), absl::StrCat(", ", kYes)))
      << net.OnlyText();
  net.Receive(phone, RegisterText{.response = "r2", .cseq = 3}.Text());
  const std::string with_response = AuthorizationOf(net);
  EXPECT_TRUE(absl::EndsWith(with_response, absl::StrCat(", ", kYes)));
  EXPECT_EQ(with_response.find("integrity-protected"),
            with_response.rfind("integrity-protected"));
  net.Receive(phone, RegisterText{.impi = "", .cseq = 4}.Text());
  EXPECT_FALSE(Contains(net.OnlyText(), "integrity-protected"));
}

// Conformance: SEC-15
TEST(Integrity, OtherUsernameOnAnAssociatedSessionIsRefused) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  for (const char* response : {"", "r9"}) {
    net.Receive(phone, RegisterText{.impi = "mallory@ims.example.com",
                                    .response = response,
                                    .cseq = 9}
                           .Text());
    EXPECT_EQ(StatusOf(net.OnlyText()), 403);
    EXPECT_EQ(net.Only().to.flow, phone);
    EXPECT_EQ(net.totals().associations_active, 1u);
  }
  EXPECT_EQ(net.Count(CounterId::kIntegrityRejected), 2u);
  net.Receive(phone, RegisterText{.cseq = 10}.Text());
  EXPECT_TRUE(Contains(AuthorizationOf(net), kYes));
}

// Conformance: SEC-07, SEC-06
TEST(Integrity, YesAndNoAreNeverWritten) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  std::vector<std::string> forwarded;
  net.Receive(phone, RegisterText{}.Text());
  forwarded.push_back(net.OnlyText());
  net.Receive(phone, RegisterText{.response = "r", .cseq = 2}.Text());
  forwarded.push_back(net.OnlyText());
  net.Receive(net.OpenClearTcp(),
              RegisterText{.transport = "TCP", .secagree = true}.Text());
  EXPECT_FALSE(Contains(net.OnlyText(), "integrity-protected"));
  forwarded.push_back(net.OnlyText());
  for (const std::string& text : forwarded) {
    for (const char* value : {"\"yes\"", "\"no\"", "=yes", "=no\r"}) {
      EXPECT_FALSE(Contains(text, absl::StrCat("integrity-protected=", value)));
    }
  }
}

// Conformance: SEC-23
TEST(Integrity, AnExpiredAssociationGivesNoYes) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone);  // 600 s, and 30 s of grace
  // The very timer that ends it has not been looked at.
  const std::string text = RegisterText{.cseq = 2}.Text();
  net.Do([&](Edge& edge) {
    EXPECT_EQ(edge.OnReceived(phone, {}, text, net.now() + Seconds(631)),
              text.size());
  });
  EXPECT_FALSE(Contains(AuthorizationOf(net), "integrity-protected"))
      << net.OnlyText();
  EXPECT_EQ(net.totals().associations_active, 0u);
}

// The state that counts is that of the second attempt.
// Conformance: SEC-23
TEST(Integrity, TheNextEntryPointHearsOfTheStateThen) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.timer_f_core = Seconds(700);
  EdgeHarness net(config);
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  net.Receive(phone, RegisterText{.cseq = 2}.Text());
  EXPECT_TRUE(Contains(AuthorizationOf(net), kYes));
  net.Advance(Seconds(701));
  EXPECT_EQ(net.Only().to.peer, config.home_core[1].endpoint);
  EXPECT_FALSE(Contains(AuthorizationOf(net), "integrity-protected"));
}

struct Refused {
  const char* name;
  const char* rows;
};
class BadCredentials : public testing::TestWithParam<Refused> {};

// Conformance: SEC-18, SEC-20, SEC-21
INSTANTIATE_TEST_SUITE_P(
    Spec45, BadCredentials,
    testing::Values(
        Refused{"TwoSetsOfTheHomeRealm",
                "Authorization: Digest username=\"a\", "
                "realm=\"ims.example.com\"\r\n"
                "Authorization: Digest username=\"b\", "
                "realm=\"ims.example.com\"\r\n"},
        Refused{"OpenQuote", "Authorization: Digest username=\"a\r\n"},
        Refused{"NoComma",
                "Authorization: Digest username=\"a\" realm=\"b\"\r\n"},
        Refused{"TwoUsernames",
                "Authorization: Digest username=\"a\", username=\"b\"\r\n"},
        Refused{"TwoResponses",
                "Authorization: Digest username=\"a\", response=\"1\", "
                "response=\"2\"\r\n"}),
    [](const auto& param) { return param.param.name; });

TEST_P(BadCredentials, AreAnsweredWith400) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{.impi = "", .extra = GetParam().rows}.Text());
  EXPECT_EQ(StatusOf(net.OnlyText()), 400) << net.OnlyText();
  EXPECT_EQ(net.Only().to.flow, phone);
  EXPECT_EQ(net.totals().transactions, 0u);
}

// Conformance: SEC-19, SEC-22
TEST(Integrity, CredentialsThatNameNobodyGetNoValue) {
  for (const char* row :
       {"Authorization: NoOneKnows opaque=1\r\n",
        "Authorization: Digest username*=UTF-8''a, realm=\"x\"\r\n",
        "Authorization: Digest username=\"h\", userhash=true, "
        "realm=\"x\"\r\n"}) {
    EdgeHarness net;
    const FlowId phone = net.OpenTls();
    net.Receive(phone, RegisterText{.impi = "", .extra = row}.Text());
    ASSERT_TRUE(net.Only().to_core) << row;
    EXPECT_FALSE(Contains(net.OnlyText(), "integrity-protected")) << row;
  }
}

// ---------------------------------------------------------------- sec-agree

// Conformance: SEC-24, SEC-25, ERR-07
TEST(SecurityAgreement, VerifyMustSayWhatWasOffered) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Receive(
      phone,
      RegisterText{.response = "r", .secagree = true, .verify = true}.Text());
  ASSERT_TRUE(net.Only().to_core);
  EXPECT_FALSE(Contains(net.OnlyText(), "Security-Verify"));
  net.Receive(
      phone,
      Replaced(
          RegisterText{
              .response = "r", .cseq = 2, .secagree = true, .verify = true}
              .Text(),
          "Security-Verify: tls;q=0.9", "Security-Verify: tls;q=0.1"));
  EXPECT_EQ(StatusOf(net.OnlyText()), 494);
  EXPECT_EQ(Row(net.OnlyText(), "Security-Server"), "tls;q=0.9");
}

TEST(SecurityAgreement, MismatchPassesWhenItIsNotVerified) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.secagree_verify_strict = false;
  EdgeHarness net(config);
  net.Receive(
      net.OpenTls(),
      Replaced(RegisterText{.response = "r", .secagree = true, .verify = true}
                   .Text(),
               "Security-Verify: tls;q=0.9", "Security-Verify: tls;q=0.1"));
  EXPECT_TRUE(net.Only().to_core);
}

// Conformance: SEC-25
TEST(SecurityAgreement, VerifyMustNotBeForgottenAfterTheChallenge) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{.secagree = true}.Text());
  Challenge(net);
  net.Receive(
      phone, RegisterText{.response = "r", .cseq = 2, .secagree = true}.Text());
  EXPECT_EQ(StatusOf(net.OnlyText()), 494);
}

// Conformance: SEC-26
TEST(SecurityAgreement, OtherRequestsThatRequireItMustVerify) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  const std::string require =
      "Require: sec-agree\r\nProxy-Require: sec-agree\r\n";
  net.Receive(phone, RequestText{.extra = require}.Text());
  EXPECT_EQ(StatusOf(net.OnlyText()), 494);
  EXPECT_EQ(Row(net.OnlyText(), "Security-Server"), "tls;q=0.9");
  net.Receive(
      phone,
      RequestText{.extra = require + "Security-Verify: tls;q=0.9\r\n"}.Text());
  EXPECT_TRUE(net.Only().to_core);
}

}  // namespace
}  // namespace sallyport
