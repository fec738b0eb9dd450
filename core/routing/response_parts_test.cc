#include "core/routing/response_parts.h"

#include <string>

#include "gtest/gtest.h"

namespace sallyport::routing {
namespace {

constexpr std::string_view kOurs = "SIP/2.0/TCP edge;branch=z9hG4bK0";
constexpr std::string_view kNext = "SIP/2.0/TLS a:5070;branch=z9hG4bK1";

// Of a response with these rows; the text lives until the next call.
ResponseParts PartsOf(const std::string& rows) {
  static std::string text;
  static sip::MessageView response;
  text = "SIP/2.0 200 OK\r\n" + rows + "Content-Length: 0\r\n\r\n";
  EXPECT_EQ(response.Scan(text), sip::ScanVerdict::kOk);
  ResponseParts parts;
  ReadVias(response, parts);
  ReadRest(response, parts);
  return parts;
}

std::string Via(std::string_view values) {
  return "Via: " + std::string(values) + "\r\n";
}

TEST(ResponseParts, AreTheTwoTopmostViasHoweverTheyStand) {
  const std::string both = std::string(kOurs) + " , " + std::string(kNext);
  for (const std::string& rows :
       {Via(kOurs) + Via(kNext), Via(both), "v: " + both + "\r\n"}) {
    const ResponseParts parts = PartsOf(rows);
    EXPECT_EQ(parts.vias, 2) << rows;
    EXPECT_FALSE(parts.ends_here()) << rows;
    EXPECT_EQ(parts.own_via, kOurs) << rows;
    EXPECT_EQ(parts.next_via, kNext) << rows;
    ASSERT_TRUE(parts.next.has_value()) << rows;
    EXPECT_EQ(parts.next->host, "a") << rows;
  }
}

TEST(ResponseParts, SayWhetherAResponseEndsHere) {
  EXPECT_TRUE(PartsOf("").ends_here());
  EXPECT_EQ(PartsOf("").vias, 0);
  const ResponseParts parts = PartsOf(Via(kOurs));
  EXPECT_TRUE(parts.ends_here());
  EXPECT_EQ(parts.own_via, kOurs);
  EXPECT_FALSE(parts.next.has_value());
}

TEST(ResponseParts, CountSomeVias) {
  const std::string four =
      Via(kOurs) + Via(kNext) + Via("third") + Via("fourth");
  EXPECT_EQ(PartsOf(four).vias, ResponseParts::kViasSeen);
  EXPECT_EQ(PartsOf(four).next_via, kNext);
  // A comma has a value behind it, if only an empty one.
  EXPECT_EQ(PartsOf(Via(std::string(kOurs) + ",")).vias, 2);
}

TEST(ResponseParts, ForgetTheResponseBefore) {
  const std::string text = "SIP/2.0 200 OK\r\nCSeq: 7 REGISTER\r\n" +
                           Via(kOurs) + Via(kNext) + "\r\n";
  sip::MessageView response;
  ASSERT_EQ(response.Scan(text), sip::ScanVerdict::kOk);
  ResponseParts parts;
  ReadVias(response, parts);
  ReadRest(response, parts);
  ASSERT_TRUE(parts.next && parts.cseq);
  ASSERT_EQ(response.Scan("SIP/2.0 200 OK\r\n\r\n"), sip::ScanVerdict::kOk);
  ReadVias(response, parts);
  EXPECT_EQ(parts.vias, 0);
  EXPECT_TRUE(parts.own_via.empty() && parts.next_via.empty());
  EXPECT_FALSE(parts.next || parts.cseq);
}

TEST(ResponseParts, HaveTheNextHopWhateverItsParametersSay) {
  const ResponseParts parts =
      PartsOf(Via(kOurs) + Via("SIP/2.0/TLS a:5070;branch=\"x"));
  ASSERT_TRUE(parts.next.has_value());
  EXPECT_EQ(parts.next->host, "a");
}

TEST(ResponseParts, AreNothingWhereTheyCannotBeRead) {
  EXPECT_FALSE(PartsOf(Via(kOurs) + Via("?")).next.has_value());
  EXPECT_EQ(PartsOf(Via(kOurs) + Via("?")).next_via, "?");
  EXPECT_FALSE(PartsOf(Via(kOurs)).cseq.has_value());
  EXPECT_FALSE(PartsOf("CSeq: REGISTER\r\n").cseq.has_value());
  const ResponseParts parts = PartsOf("CSeq: 7 REGISTER\r\n");
  ASSERT_TRUE(parts.cseq.has_value());
  EXPECT_EQ(parts.cseq->number, 7u);
  EXPECT_EQ(parts.cseq->method, "REGISTER");
}

}  // namespace
}  // namespace sallyport::routing
