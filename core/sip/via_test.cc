#include "core/sip/via.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::sip {
namespace {

TEST(ParseVia, FindsTheParts) {
  const auto via = ParseVia(
      "SIP/2.0/TLS [2001:db8::9:1]:5061;rport;received=2001:db8::1;"
      "branch=z9hG4bK1");

  ASSERT_TRUE(via);
  EXPECT_EQ(via->transport, "TLS");
  EXPECT_EQ(via->host, "[2001:db8::9:1]");
  EXPECT_EQ(via->port, 5061);
  EXPECT_EQ(via->branch, "z9hG4bK1");
  EXPECT_TRUE(via->rport.present && !via->rport.has_value);
  EXPECT_EQ(via->received.value, "2001:db8::1");
  EXPECT_EQ(via->received.whole, "received=2001:db8::1");
}

// RFC 5118 4.5: both spellings are about.
TEST(ParseVia, ReceivedHasItsIpv6AddressWithOrWithoutBrackets) {
  for (std::string_view value :
       {"2001:db8::9:255", "[2001:db8::9:255]", "192.0.2.1", "::1", "[::1]"}) {
    const std::string text =
        "SIP/2.0/UDP [2001:db8::9:1];received=" + std::string(value) +
        ";rport=5060;branch=z9hG4bKas3-111";
    const auto via = ParseVia(text);
    ASSERT_TRUE(via) << value;
    EXPECT_EQ(via->received.value, value);
    EXPECT_EQ(via->rport.value, "5060");
    EXPECT_EQ(via->branch, "z9hG4bKas3-111");
  }
}

// Conformance: PARSE-02
TEST(ParseVia, WhiteSpaceAndFoldsStandWhereTheGrammarAllows) {
  const auto via = ParseVia(
      "SIP  / 2.0\r\n /UDP\r\n    192.0.2.2 :\t5070 \r\n ; branch\r\n ="
      "\r\n 390skdjuw ");

  ASSERT_TRUE(via);
  EXPECT_EQ(via->transport, "UDP");
  EXPECT_EQ(via->host, "192.0.2.2");
  EXPECT_EQ(via->port, 5070);
  EXPECT_EQ(via->branch, "390skdjuw");
}

TEST(PartVia, LeavesTheParametersToWhoWantsThem) {
  auto via = PartVia("SIP/2.0/TCP a:5070;branch=z9hG4bK1;rport=9");
  ASSERT_TRUE(via);
  EXPECT_EQ(via->transport, "TCP");
  EXPECT_EQ(via->host, "a");
  EXPECT_EQ(via->port, 5070);
  EXPECT_TRUE(via->branch.empty());
  EXPECT_FALSE(via->rport.present);

  ASSERT_TRUE(ReadViaParams(*via));
  EXPECT_EQ(via->branch, "z9hG4bK1");
  EXPECT_EQ(via->rport.value, "9");

  auto broken = PartVia("SIP/2.0/TCP a;branch=\"x");
  ASSERT_TRUE(broken);
  EXPECT_FALSE(ReadViaParams(*broken));
  EXPECT_FALSE(PartVia("SIP/2.0/TCP ;branch=x"));
}

TEST(ParseVia, RefusesWhatCannotBeUsed) {
  for (std::string_view text : {
           "",
           "SIP/2.0/TLS",
           "SIP/2.0/TLSa",
           "SIP/2.0 a",
           "SIP/3.0/TLS a",
           "HTTP/2.0/TLS a",
           "SIP/2.0/TLS ;branch=1",
           "SIP/2.0/TLS a b",
           "SIP/2.0/TLS a:0",
           "SIP/2.0/TLS a:65536",
           "SIP/2.0/TLS a:",
           "SIP/2.0/TLS a:+5060",
           "SIP/2.0/TLS a:-5060",
           "SIP/2.0/TLS a:4294967296",
           "SIP/2.0/TLS [::1;branch=1",
           "SIP/2.0/TLS a;",
           "SIP/2.0/TLS a;;b",
           "SIP/2.0/TLS a;branch=1;branch=2",
           "SIP/2.0/TLS a;rport;rport",
           "SIP/2.0/TLS a;received=1;Received=2",
           "SIP/2.0/TLS a;branch=\"x",
       }) {
    EXPECT_FALSE(ParseVia(text)) << text;
  }
}

TEST(ParseVia, UnknownTransportsAndParametersAreLegal) {
  const auto via = ParseVia("SIP/2.0/UNKNOWN a.example;x=1;x=2;ttl=3");

  ASSERT_TRUE(via);
  EXPECT_EQ(via->transport, "UNKNOWN");
  EXPECT_EQ(via->branch, "");
}

}  // namespace
}  // namespace sallyport::sip
