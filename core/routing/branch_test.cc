#include "core/routing/branch.h"

#include <string>

#include "core/sip/message.h"
#include "gtest/gtest.h"

namespace sallyport::routing {
namespace {

constexpr Branch kBranch{.shard = 3,
                         .transaction = {0x12, 0xfedcba98},
                         .attempt = 1,
                         .loop_hash = 0x0123456789abcdef};

// Conformance: PROXY-05
TEST(BranchText, ReadsBackAsItWasWritten) {
  const BranchText text = WriteBranch(kBranch);
  EXPECT_EQ(text.view(), "z9hG4bK000300000012fedcba9801.0123456789abcdef");
  EXPECT_EQ(ParseBranch(text.view()), kBranch);
}

TEST(BranchText, AnythingElseIsNotOurs) {
  const std::string text(WriteBranch(kBranch).view());
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(ParseBranch(text.substr(0, size))) << size;
  }
  EXPECT_FALSE(ParseBranch(text + "0"));
  for (size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = 'g';
    if (changed != text) {
      EXPECT_FALSE(ParseBranch(changed)) << i;
    }
  }
}

std::string Request(const std::string& uri, const std::string& extra,
                    const std::string& call_id = "1") {
  return "INVITE " + uri +
         " SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK1\r\nMax-Forwards: "
         "70\r\n"
         "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: " +
         call_id + "\r\nCSeq: 1 INVITE\r\n" + extra +
         "Content-Length: 0\r\n\r\n";
}

uint64_t HashOf(const std::string& text, uint64_t seed = 1) {
  sip::MessageView request;
  RequestParts parts;
  char extra[512];
  const sip::ScanVerdict scan = request.Scan(text);
  EXPECT_FALSE(Validate(request, scan, parts, extra));
  return LoopHash(request, parts, seed);
}

// Conformance: PROXY-06
TEST(LoopHash, ChangesWithWhatDecidesTheWay) {
  const uint64_t hash = HashOf(Request("sip:c@d", ""));
  EXPECT_EQ(HashOf(Request("sip:c@d", "")), hash);
  EXPECT_EQ(
      HashOf(Request("sip:c@d", "Via: SIP/2.0/TCP b;branch=z9hG4bK2\r\n")),
      hash);
  EXPECT_NE(HashOf(Request("sip:c@e", "")), hash);
  EXPECT_NE(HashOf(Request("sip:c@d", "", "2")), hash);
  EXPECT_NE(HashOf(Request("sip:c@d", "Route: <sip:x;lr>\r\n")), hash);
  EXPECT_NE(HashOf(Request("sip:c@d", "Proxy-Require: sec-agree\r\n")), hash);
  EXPECT_NE(HashOf(Request("sip:c@d", ""), 2), hash);
}

// Conformance: PROXY-06
TEST(Loop, NeedsOurNameAndTheSameHash) {
  const auto looped = [](const std::string& host, uint64_t seed) {
    Branch branch = kBranch;
    branch.loop_hash = HashOf(Request("sip:c@d", ""), seed);
    const std::string text = Request(
        "sip:c@d", "Via: SIP/2.0/TCP " + host + ":5060;branch=" +
                       std::string(WriteBranch(branch).view()) + "\r\n");
    sip::MessageView request;
    RequestParts parts;
    const sip::ScanVerdict scan = request.Scan(text);
    EXPECT_FALSE(
        ValidateSyntax(request, scan, parts, sip::kDefaultLimits));
    return HasLooped(request, parts, "pcscf1.example",
                     LoopHash(request, parts, 7));
  };
  EXPECT_TRUE(looped("pcscf1.example", 7));
  EXPECT_TRUE(looped("PCSCF1.example", 7));
  EXPECT_FALSE(looped("pcscf1.example", 8));
  EXPECT_FALSE(looped("pcscf2.example", 7));
  // Nor must it be the last hop's.
  EXPECT_TRUE(looped("pcscf2.example:5060;branch=z9hG4bK1, SIP/2.0/TCP "
                     "pcscf1.example",
                     7));
  EXPECT_TRUE(
      looped("pcscf2.example:5060;branch=z9hG4bK1\r\n"
             "v: SIP / 2.0 / TCP pcscf1.example",
             7));
  EXPECT_FALSE(
      looped("pcscf2.example:5060;branch=z9hG4bK1, SIP/2.0/TCP "
             "pcscf1.example",
             8));
}

struct Echo {
  std::string vias = "Via: SIP/2.0/TLS edge;branch=z9hG4bK0\r\n"
                     "Via: SIP/2.0/TCP a:5070;branch=z9hG4bK1, SIP/2.0/UDP "
                     "[2001:db8::1];branch=z9hG4bK2\r\n";
  std::string call_id = "1@a";
  std::string cseq = "7 MESSAGE";
};

std::string TextOf(const std::string& start_line, const Echo& echo) {
  return start_line + echo.vias +
         "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nMax-Forwards: 70\r\n" +
         "Call-ID: " + echo.call_id + "\r\nCSeq: " + echo.cseq +
         "\r\nContent-Length: 0\r\n\r\n";
}

std::optional<uint64_t> EchoOf(const Echo& echo, uint64_t seed = 1) {
  const std::string text = TextOf("SIP/2.0 200 OK\r\n", echo);
  sip::MessageView response;
  EXPECT_EQ(response.Scan(text), sip::ScanVerdict::kOk);
  ResponseParts parts;
  ReadVias(response, parts);
  ReadRest(response, parts);
  return EchoHash(response, parts, seed);
}

uint64_t EchoOfRequest(const Echo& echo) {
  const std::string text = TextOf("MESSAGE sip:c@d SIP/2.0\r\n", echo);
  sip::MessageView request;
  RequestParts parts;
  const sip::ScanVerdict scan = request.Scan(text);
  EXPECT_FALSE(ValidateSyntax(request, scan, parts, sip::kDefaultLimits));
  return EchoHash(request, parts, 1);
}

TEST(EchoHash, IsThatOfWhatMeansTheSame) {
  const auto hash = EchoOf({});
  EXPECT_TRUE(hash.has_value());
  EXPECT_EQ(EchoOf({.cseq = "7   MESSAGE"}), hash);
  EXPECT_EQ(EchoOfRequest(
                {.vias = "v: SIP/2.0/TCP a:5070;branch=z9hG4bK1, SIP/2.0/UDP "
                         "[2001:db8::1];branch=z9hG4bK2\r\n"}),
            hash);
  // Folded, spaced, in another order, in other rows, in another case, and with
  // what we put into the first.
  EXPECT_EQ(
      EchoOf({.vias = "Via: SIP/2.0/TLS edge;branch=z9hG4bK0, SIP / 2.0 / tcp A "
                      ": 5070;rport=1;received=192.0.2.1;branch=z9hG4bK1\r\n"
                      "Via: SIP/2.0/UDP\r\n [2001:DB8::1]\r\n "
                      ";branch=z9hG4bK2\r\n"}),
      hash);
}

TEST(EchoHash, IsAnotherForAnyOtherRequest) {
  const std::string own = "Via: SIP/2.0/TLS edge;branch=z9hG4bK0\r\n";
  const std::string second = "Via: SIP/2.0/UDP [2001:db8::1];branch=z9hG4bK2\r\n";
  const auto hash = EchoOf({});
  EXPECT_NE(EchoOf({}, 2), hash);
  EXPECT_EQ(EchoOf({.cseq = "MESSAGE"}), std::nullopt);
  EXPECT_NE(EchoOf({.call_id = "1@A"}), hash);
  EXPECT_NE(EchoOf({.cseq = "8 MESSAGE"}), hash);
  EXPECT_NE(EchoOf({.cseq = "7 OPTIONS"}), hash);
  for (const char* first :
       {"", "Via: SIP/2.0/TCP a:5070;branch=z9hG4bK3\r\n",
        "Via: SIP/2.0/TCP a:5070;branch=z9hG4Bk1\r\n",
        "Via: SIP/2.0/TCP a:5071;branch=z9hG4bK1\r\n",
        "Via: SIP/2.0/TCP a;branch=z9hG4bK1\r\n",
        "Via: SIP/2.0/TLS a:5070;branch=z9hG4bK1\r\n",
        "Via: SIP/2.0/TCP b:5070;branch=z9hG4bK1\r\n", "Via: ?\r\n"}) {
    EXPECT_NE(EchoOf({.vias = own + first + second}), hash) << first;
  }
  EXPECT_NE(EchoOf({.vias = own + "Via: SIP/2.0/TCP a:5070;branch=z9hG4bK1\r\n" +
                            second + second}),
            hash);
}

}  // namespace
}  // namespace sallyport::routing
