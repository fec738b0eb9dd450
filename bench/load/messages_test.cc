#include "bench/load/messages.h"

#include <string>

#include "absl/strings/str_replace.h"
#include "core/sip/header_names.h"
#include "gtest/gtest.h"

namespace sallyport::load {
namespace {

constexpr char kNonce[] = "7d3f0c9a5b1e4e6f8a2d91c04be7735f";

// What the proxy makes of the credentials: `mark` is the value that it adds.
std::string Register(Expect expect, std::string_view nonce,
                     const std::string& mark) {
  std::string text;
  WriteRegister({.ue = 7, .cseq = 3, .expect = expect, .nonce = nonce}, text);
  if (mark.empty()) return text;
  return absl::StrReplaceAll(
      text, {{"realm=", "integrity-protected=" + mark + ", realm="}});
}

struct JudgeCase {
  const char* sentence;
  Expect expect;
  const char* nonce;
  const char* mark;
  CoreVerdict verdict;
};
constexpr JudgeCase kCases[] = {
    {"a stranger is challenged", Expect::kNone, "", "",
     CoreVerdict::kChallenge},
    {"a stranger whom somebody vouches for", Expect::kNone, "",
     "\"tls-pending\"", CoreVerdict::kWrongIntegrity},
    {"a stranger with a response", Expect::kNone, kNonce, "",
     CoreVerdict::kNoResponse},
    {"a response on a new session", Expect::kTlsPending, kNonce,
     "\"tls-pending\"", CoreVerdict::kGrant},
    {"tls-pending without a response", Expect::kTlsPending, "",
     "\"tls-pending\"", CoreVerdict::kNoResponse},
    {"tls-yes too early", Expect::kTlsPending, kNonce, "\"tls-yes\"",
     CoreVerdict::kWrongIntegrity},
    {"a known session", Expect::kTlsYes, "", "\"tls-yes\"",
     CoreVerdict::kGrant},
    {"a known session that answers all the same", Expect::kTlsYes, kNonce,
     "\"tls-yes\"", CoreVerdict::kGrant},
    {"a known session that is not vouched for", Expect::kTlsYes, "", "",
     CoreVerdict::kWrongIntegrity},
    {"a known session that shall be challenged", Expect::kTlsYesAsked, "",
     "\"tls-yes\"", CoreVerdict::kChallenge},
    {"the same, not vouched for", Expect::kTlsYesAsked, "", "",
     CoreVerdict::kWrongIntegrity},
    {"a token instead of a quoted string", Expect::kTlsYes, "", "tls-yes",
     CoreVerdict::kGrant},
};

TEST(Judge, HoldsTheMarkAgainstWhatTheUeKnows) {
  for (const JudgeCase& c : kCases) {
    const std::string text = Register(c.expect, c.nonce, c.mark);
    sip::MessageView message;
    ASSERT_EQ(message.Scan(text), sip::ScanVerdict::kOk) << c.sentence;

    EXPECT_EQ(Judge(message, true), c.verdict)
        << c.sentence << ": " << ToString(Judge(message, true));
  }
}

TEST(Judge, RefusesOtherMessages) {
  sip::MessageView message;
  const std::string publish =
      "PUBLISH sip:load.test SIP/2.0\r\nContent-Length: 0\r\n\r\n";
  ASSERT_EQ(message.Scan(publish), sip::ScanVerdict::kOk);
  EXPECT_EQ(Judge(message, true), CoreVerdict::kNotRegister);

  const std::string probe =
      "OPTIONS sip:load.test SIP/2.0\r\nContent-Length: 0\r\n\r\n";
  ASSERT_EQ(message.Scan(probe), sip::ScanVerdict::kOk);
  EXPECT_EQ(Judge(message, true), CoreVerdict::kProbe);
}

TEST(WriteAnswer, ChallengesWithANonce) {
  const std::string text = Register(Expect::kNone, "", "");
  sip::MessageView request;
  ASSERT_EQ(request.Scan(text), sip::ScanVerdict::kOk);
  std::string answer;

  WriteAnswer(request, CoreVerdict::kChallenge, answer);

  sip::MessageView response;
  ASSERT_EQ(response.Scan(answer), sip::ScanVerdict::kOk);
  EXPECT_EQ(response.status_code(), 401);
  EXPECT_EQ(CSeqOf(response), 3u);
  EXPECT_EQ(NonceOf(response), kNonce);
}

TEST(WriteAnswer, GrantsWithWhatAnAssociationNeeds) {
  const std::string text = Register(Expect::kTlsYes, "", "\"tls-yes\"");
  sip::MessageView request;
  ASSERT_EQ(request.Scan(text), sip::ScanVerdict::kOk);
  std::string answer;

  WriteAnswer(request, CoreVerdict::kGrant, answer);

  sip::MessageView response;
  ASSERT_EQ(response.Scan(answer), sip::ScanVerdict::kOk);
  EXPECT_EQ(response.status_code(), 200);
  EXPECT_EQ(response.Value(sip::HeaderId::kVia),
            request.Value(sip::HeaderId::kVia));
  EXPECT_EQ(response.Value(sip::HeaderId::kContact),
            request.Value(sip::HeaderId::kContact));
  EXPECT_TRUE(response.Has(sip::HeaderId::kServiceRoute));
  EXPECT_TRUE(response.Has(sip::HeaderId::kPAssociatedUri));
}

// A relay marks nothing, and is not asked to.
TEST(Judge, OfARelayOnlyTheResponseCounts) {
  constexpr struct {
    Expect expect;
    const char* nonce;
    CoreVerdict verdict;
  } kRelayed[] = {
      {Expect::kNone, "", CoreVerdict::kChallenge},
      {Expect::kTlsPending, kNonce, CoreVerdict::kGrant},
      {Expect::kTlsPending, "", CoreVerdict::kNoResponse},
      {Expect::kTlsYes, "", CoreVerdict::kGrant},
      {Expect::kTlsYesAsked, "", CoreVerdict::kChallenge},
  };
  for (const auto& c : kRelayed) {
    const std::string text = Register(c.expect, c.nonce, "");
    sip::MessageView message;
    ASSERT_EQ(message.Scan(text), sip::ScanVerdict::kOk);
    EXPECT_EQ(Judge(message, false), c.verdict) << ToString(c.expect);
  }
}

TEST(Message, ReachesTheUeOfARegisterAndIsAnswered) {
  const std::string text = Register(Expect::kNone, "", "");
  sip::MessageView view;
  ASSERT_EQ(view.Scan(text), sip::ScanVerdict::kOk);
  EXPECT_EQ(UeOf(view), 7u);
  UeAddress address = AddressOf(view);
  EXPECT_EQ(address.contact, "sip:ue7@10.0.0.7:5062;transport=tls");
  EXPECT_EQ(address.path, "");
  address.path = "<sip:token@edge.load.test;lr>";

  std::string request;
  WriteMessage(7, 42, address, request);
  sip::MessageView message;
  ASSERT_EQ(message.Scan(request), sip::ScanVerdict::kOk);
  EXPECT_EQ(message.method(), sip::Method::kMessage);
  EXPECT_EQ(message.Value(sip::HeaderId::kRoute), address.path);

  std::string answer;
  WriteMessageAnswer(message, answer);
  sip::MessageView response;
  ASSERT_EQ(response.Scan(answer), sip::ScanVerdict::kOk);
  EXPECT_EQ(response.status_code(), 200);
  EXPECT_EQ(CSeqOf(response), 42u);
}

}  // namespace
}  // namespace sallyport::load
