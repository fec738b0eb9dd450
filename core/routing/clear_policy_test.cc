#include "core/routing/clear_policy.h"

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "core/counters.h"
#include "core/edge_config.h"
#include "core/registration/integrity.h"
#include "core/registration/security_agreement.h"
#include "core/routing/validation.h"
#include "core/sip/message.h"
#include "gtest/gtest.h"

namespace sallyport::routing {
namespace {

using Outcome = ClearDecision::Outcome;
using sip::Transport;

// What a UE may put into a clear REGISTER, as header lines.
constexpr std::string_view kTls = "Security-Client: tls;q=0.9\r\n";
constexpr std::string_view kIpsec =
    "Security-Client: ipsec-3gpp;alg=hmac-sha-1-96;spi-c=1;spi-s=2;port-c=3;"
    "port-s=4\r\n";
constexpr std::string_view kRequired =
    "Require: sec-agree\r\nProxy-Require: sec-agree\r\n";
constexpr std::string_view kSupported = "Supported: path, sec-agree\r\n";
constexpr std::string_view kVerify = "Security-Verify: tls;q=0.9\r\n";
constexpr std::string_view kNoAnswer =
    "Authorization: Digest username=\"a@b\", realm=\"b\", nonce=\"\", "
    "uri=\"sip:b\", response=\"\"\r\n";
constexpr std::string_view kAnswer =
    "Authorization: Digest username=\"a@b\", realm=\"b\", nonce=\"n\", "
    "uri=\"sip:b\", response=\"0123\"\r\n";
constexpr std::string_view kUnreadable =
    "Authorization: Digest username=\"a@b, response=\r\n";
constexpr std::string_view kBasic = "Authorization: Basic YTpi\r\n";
constexpr std::string_view kContact = "Contact: <sip:a@192.0.2.1>\r\n";
constexpr std::string_view kGone = "Contact: <sip:a@192.0.2.1>;expires=0\r\n";
constexpr std::string_view kAllGone = "Contact: *\r\nExpires: 0\r\n";
constexpr std::string_view kOneGone =
    "Contact: <sip:a@192.0.2.1>, <sip:b@192.0.2.1>;expires=0\r\n";

ClearDecision DecideBytes(std::string_view text, Transport transport,
                          bool tls_first, const EdgeConfig& config) {
  static sip::MessageView view;
  EXPECT_EQ(view.Scan(text), sip::ScanVerdict::kOk) << text;
  if (!view.is_request() || view.method() != sip::Method::kRegister) {
    return DecideClear(view, {}, {}, nullptr, transport, tls_first, config);
  }
  RegisterParts parts;
  EXPECT_FALSE(
      ValidateRegister(view, sip::ParseUri(view.request_uri()).value(), parts))
      << text;
  return DecideClear(view, registration::SelectCredentials(view, "b"),
                     registration::ReadAgreement(view), &parts, transport,
                     tls_first, config);
}

ClearDecision DecideRegister(std::string_view lines,
                             const EdgeConfig& config = {},
                             Transport transport = Transport::kTcp,
                             bool tls_first = false) {
  const std::string text =
      absl::StrCat("REGISTER sip:b SIP/2.0\r\n", lines, "\r\n");
  return DecideBytes(text, transport, tls_first, config);
}

ClearDecision DecideOther(std::string_view method,
                          const EdgeConfig& config = {},
                          Transport transport = Transport::kTcp) {
  const std::string text =
      absl::StrCat(method, " sip:b SIP/2.0\r\nX: y\r\n\r\n");
  return DecideBytes(text, transport, false, config);
}

// Spec 2.9, `tls_required` on.
struct RegisterCase {
  std::string_view sentence;
  std::string lines;
  bool tls_first;
  Outcome outcome;
  CounterId counter;  // of a discard
  int code;           // of an answer
};
const RegisterCase kRegisterCases[] = {
    {"offers tls: accepted",
     absl::StrCat(kTls, kRequired, kContact),
     false,
     Outcome::kAccept,
     {},
     0},
    {"offers tls without the tags: accepted",
     absl::StrCat(kTls, kContact),
     false,
     Outcome::kAccept,
     {},
     0},
    {"an empty response is no response",
     absl::StrCat(kTls, kNoAnswer, kContact),
     false,
     Outcome::kAccept,
     {},
     0},
    {"tls among others: accepted",
     absl::StrCat(kIpsec, kTls, kContact),
     false,
     Outcome::kAccept,
     {},
     0},
    {"a query is an initial REGISTER too",
     std::string(kTls),
     false,
     Outcome::kAccept,
     {},
     0},
    {"no offer, no word of sec-agree",
     std::string(kContact),
     false,
     Outcome::kAnswer,
     {},
     421},
    {"no offer, but sec-agree required",
     absl::StrCat(kRequired, kContact),
     false,
     Outcome::kAnswer,
     {},
     494},
    {"no offer, but sec-agree supported",
     absl::StrCat(kSupported, kContact),
     false,
     Outcome::kAnswer,
     {},
     494},
    {"only ipsec offered",
     absl::StrCat(kIpsec, kRequired, kContact),
     false,
     Outcome::kAnswer,
     {},
     494},
    {"only ipsec offered, no word of sec-agree",
     absl::StrCat(kIpsec, kContact),
     false,
     Outcome::kAnswer,
     {},
     421},
    {"an answer to a challenge", absl::StrCat(kTls, kAnswer, kContact), false,
     Outcome::kDiscard, CounterId::kDiscardClearAnswer, 0},
    {"credentials of another scheme", absl::StrCat(kTls, kBasic, kContact),
     false, Outcome::kDiscard, CounterId::kDiscardClearAnswer, 0},
    {"the protected half", absl::StrCat(kTls, kVerify, kContact), false,
     Outcome::kDiscard, CounterId::kDiscardClearAnswer, 0},
    {"removes its Contact", absl::StrCat(kTls, kGone), false, Outcome::kDiscard,
     CounterId::kDiscardClearDeregister, 0},
    {"removes every Contact", absl::StrCat(kTls, kAllGone), false,
     Outcome::kDiscard, CounterId::kDiscardClearDeregister, 0},
    {"removes one of two", absl::StrCat(kTls, kOneGone), false,
     Outcome::kDiscard, CounterId::kDiscardClearDeregister, 0},
    {"Expires 0 without a Contact", absl::StrCat(kTls, "Expires: 0\r\n"), false,
     Outcome::kDiscard, CounterId::kDiscardClearDeregister, 0},
    {"its IMPI lives on a TLS-first association",
     absl::StrCat(kTls, kNoAnswer, kContact), true, Outcome::kDiscard,
     CounterId::kDiscardClearAssociated, 0},
    {"unreadable credentials over TCP: 400 by the integrity decision",
     absl::StrCat(kTls, kUnreadable, kContact),
     false,
     Outcome::kAccept,
     {},
     0},
};
// Conformance: REG-02, POL-03, POL-04, POL-06, POL-09, SEC-16, SEC-27, SEC-28
TEST(ClearPolicy, AcceptsInitialRegisterAndNothingElse) {
  for (const RegisterCase& c : kRegisterCases) {
    ClearDecision decision =
        DecideRegister(c.lines, {}, Transport::kTcp, c.tls_first);
    EXPECT_EQ(decision.outcome, c.outcome) << c.sentence;
    if (c.outcome == Outcome::kDiscard) {
      EXPECT_EQ(decision.counter, c.counter) << c.sentence;
    }
    EXPECT_EQ(decision.refusal.code, c.code) << c.sentence;
  }
}

// Conformance: SEC-27, ERR-07
TEST(ClearPolicy, The421TellsWhatToDo) {
  EXPECT_EQ(DecideRegister(kContact).refusal.extra,
            "Require: sec-agree\r\nSecurity-Server: tls;q=0.9\r\n");
}

// Conformance: SEC-28, ERR-07
TEST(ClearPolicy, The494OffersOurList) {
  EXPECT_EQ(DecideRegister(absl::StrCat(kIpsec, kRequired)).refusal.extra,
            "Security-Server: tls;q=0.9\r\n");
}

// Conformance: POL-01, POL-02, POL-06
TEST(ClearPolicy, DiscardsEveryOtherRequestSilently) {
  for (std::string_view method :
       {"INVITE", "OPTIONS", "SUBSCRIBE", "MESSAGE", "BYE", "CANCEL", "NOTIFY",
        "PUBLISH", "REFER", "register", "NEWMETHOD"}) {
    ClearDecision decision = DecideOther(method);
    EXPECT_EQ(decision.outcome, Outcome::kDiscard) << method;
    EXPECT_EQ(decision.counter, CounterId::kDiscardClear) << method;
  }
  EXPECT_EQ(DecideOther("ACK").outcome, Outcome::kDiscard);
  EXPECT_EQ(DecideOther("ACK").counter, CounterId::kDiscardAck);
}

// Conformance: POL-05
TEST(ClearPolicy, DiscardsResponses) {
  for (bool tls_required : {true, false}) {
    EdgeConfig config;
    config.tls_required = tls_required;
    ClearDecision decision = DecideBytes("SIP/2.0 200 OK\r\nX: y\r\n\r\n",
                                         Transport::kTcp, false, config);
    EXPECT_EQ(decision.outcome, Outcome::kDiscard);
    EXPECT_EQ(decision.counter, CounterId::kDiscardClearResponse);
  }
}

// Conformance: POL-07
TEST(ClearPolicy, WithoutTlsRequiredProxiesRegisterOnly) {
  EdgeConfig config;
  config.tls_required = false;

  for (std::string_view lines : {kContact, kAnswer, kAllGone, kVerify}) {
    EXPECT_EQ(DecideRegister(lines, config).outcome, Outcome::kAccept) << lines;
  }
  EXPECT_EQ(DecideOther("INVITE", config).outcome, Outcome::kDiscard);
}

TEST(ClearPolicy, MayForwardARegisterWithoutATlsOffer) {
  EdgeConfig config;
  config.clear_register_without_tls_offer = EdgeConfig::ClearRegister::kForward;

  EXPECT_EQ(DecideRegister(kContact, config).outcome, Outcome::kAccept);
  EXPECT_EQ(DecideRegister(kAnswer, config).outcome, Outcome::kDiscard);
}

TEST(ClearPolicy, MayAnswer403OverTcpButNeverOverUdp) {
  EdgeConfig config;
  config.clear_action = EdgeConfig::ClearAction::kReject403;

  EXPECT_EQ(DecideOther("INVITE", config).refusal.code, 403);
  EXPECT_EQ(DecideRegister(kAnswer, config).refusal.code, 403);
  EXPECT_EQ(DecideOther("INVITE", config, Transport::kUdp).outcome,
            Outcome::kDiscard);
  EXPECT_EQ(DecideRegister(kAnswer, config, Transport::kUdp).outcome,
            Outcome::kDiscard);
  EXPECT_EQ(DecideOther("ACK", config).outcome, Outcome::kDiscard);
  EXPECT_EQ(DecideOther("CANCEL", config).outcome, Outcome::kDiscard);
}

TEST(ClearPolicy, SaysNothingToUnreadableCredentialsOverUdp) {
  ClearDecision decision =
      DecideRegister(absl::StrCat(kTls, kUnreadable), {}, Transport::kUdp);

  EXPECT_EQ(decision.outcome, Outcome::kDiscard);
  EXPECT_EQ(decision.counter, CounterId::kDiscardMalformed);
}

}  // namespace
}  // namespace sallyport::routing
