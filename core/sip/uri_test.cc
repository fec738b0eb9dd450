#include "core/sip/uri.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::sip {
namespace {

TEST(ParseUri, FindsTheParts) {
  const auto uri = ParseUri(
      "SIP:alice;day=tue?x:pass@[2001:db8::1]:5061;lr;transport=TLS?a=b&c=d");

  ASSERT_TRUE(uri);
  EXPECT_EQ(uri->scheme, UriScheme::kSip);
  EXPECT_EQ(uri->user, "alice;day=tue?x");
  EXPECT_EQ(uri->password, "pass");
  EXPECT_EQ(uri->host, "[2001:db8::1]");
  EXPECT_EQ(uri->port, 5061);
  EXPECT_EQ(uri->params, ";lr;transport=TLS");
  EXPECT_EQ(uri->headers, "?a=b&c=d");
  EXPECT_TRUE(IsLooseRoute(*uri));
  EXPECT_EQ(UriTransport(*uri), Transport::kTls);
}

TEST(ParseUri, OtherSchemes) {
  EXPECT_EQ(ParseUri("sips:a")->scheme, UriScheme::kSips);
  EXPECT_EQ(ParseUri("tel:+1-201;phone-context=x")->user, "+1-201");
  EXPECT_EQ(ParseUri("tel:+1-201;phone-context=x")->params, ";phone-context=x");
  EXPECT_EQ(ParseUri("urn:service:sos")->scheme, UriScheme::kUrn);
  EXPECT_EQ(ParseUri("nobodyKnowsThisScheme:x")->scheme, UriScheme::kOther);
  EXPECT_EQ(ParseUri("sip:sips%3Auser%40example.com@example.net")->user,
            "sips%3Auser%40example.com");
}

// Before the '@' delimiters part nothing, behind the '?' nothing but that.
TEST(ParseUri, PartsWhereADelimiterParts) {
  const auto user = ParseUri("sip:[u]:p]?;x:y%41@h-1.a_b:7");
  ASSERT_TRUE(user);
  EXPECT_EQ(user->user, "[u]");
  EXPECT_EQ(user->password, "p]?;x:y%41");
  EXPECT_EQ(user->host, "h-1.a_b");
  EXPECT_EQ(user->port, 7);
  const auto headers = ParseUri("sip:h;a=[:]?b=c;d=e?f:g");
  ASSERT_TRUE(headers);
  EXPECT_EQ(headers->host, "h");
  EXPECT_EQ(headers->port, 0);
  EXPECT_EQ(headers->params, ";a=[:]");
  EXPECT_EQ(headers->headers, "?b=c;d=e?f:g");
  for (std::string_view text :
       {"sip:a;b@", "sip:a?b@c@d", "sip::p@h", "sip:h+1", "sip:h]:1",
        "sip:[::1]x:1", "sip:[::1]:1]", "sip:a:5;6:", "sip:?a=b", "sip:;lr",
        "sip:u@;lr", "sip:h?a=%4"}) {
    EXPECT_EQ(ParseUri(text).has_value(), text == "sip:a:5;6:") << text;
  }
}

TEST(ParseUri, RefusesWhatIsNone) {
  for (std::string_view text : {
           "",
           "sip",
           "sip:",
           ":a",
           "1sip:a",
           "sip:a b",
           " sip:a",
           "sip:a ",
           "<sip:a>",
           "sip:a\"b",
           "sip:@a",
           "sip:a@",
           "sip:a@b@c",
           "sip:a:",
           "sip:a:0",
           "sip:a:65536",
           "sip:a:+1",
           "sip:a:99999999999999999999",
           "sip:a;",
           "sip:a;;lr",
           "sip:a;=x",
           "sip:a?",
           "sip:[::1",
           "sip:[]",
           "sip:[x]",
           "sip:a%2",
           "sip:a%zz@b",
           "sip:a\x80@b",
           "sip:a\r\n @b",
           "sip:a/b",
           "tel:",
           "tel:+",
           "tel:abz",
           "tel:+1;",
           "tel:+*",
       }) {
    EXPECT_FALSE(ParseUri(text)) << text;
  }
  EXPECT_FALSE(ParseUri(std::string_view("sip:a\0b", 7)));
}

struct EqualityCase {
  std::string_view a, b;
  bool equal;
};
// Source: RFC 3261 19.1.4 (the examples, then the rules).
// Conformance: PARSE-15
constexpr EqualityCase kEquality[] = {
    {"sip:%61lice@atlanta.com;transport=TCP",
     "sip:alice@AtLanTa.CoM;Transport=tcp", true},
    {"sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true},
    {"sip:carol@chicago.com", "sip:carol@chicago.com;security=on", true},
    {"sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on",
     true},
    {"sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
     "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
     true},
    {"sip:alice@atlanta.com?subject=project%20x&priority=urgent",
     "sip:alice@atlanta.com?priority=urgent&subject=project%20x", true},
    {"SIP:ALICE@AtLanTa.CoM;Transport=udp",
     "sip:alice@AtLanTa.CoM;Transport=UDP", false},
    {"sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false},
    {"sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false},
    {"sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false},
    {"sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting",
     false},
    {"sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false},
    {"sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off",
     false},
    {"sip:a@b", "sips:a@b", false},
    {"sip:a@b", "sip:A@b", false},
    {"sip:a:x@b", "sip:a:y@b", false},
    {"sip:a:x@b", "sip:a@b", false},
    {"sip:a@b", "sip:b", false},
    {"sip:b;maddr=1", "sip:b", false},
    {"sip:b;ttl=1", "sip:b", false},
    {"sip:b;method=X", "sip:b", false},
    {"sip:b;user=phone", "sip:b", false},
    {"sip:b;lr", "sip:b", true},
    {"sip:b;lr", "sip:b;lr=on", false},
    {"sip:b;%6cr=on", "sip:b;lr=off", false},
    // An escaped reserved octet is not the octet, and %00 is data.
    {"sip:a%3bb@c", "sip:a;b@c", false},
    {"sip:a%3bb@c", "sip:a%3Bb@c", true},
    {"sip:null-%00-null@c", "sip:null-null@c", false},
    {"sip:null-%00-null@c", "sip:null-%00%00-null@c", false},
    {"sip:null-%00-a@c", "sip:null-%00-b@c", false},
    {"sip:c?a=1&a=1&b=2", "sip:c?a=1&b=2&b=2", false},
    {"sip:c?a=1", "sip:c?A=1", true},
    {"sip:c?a", "sip:c?a=", false},
    {"tel:+1-201-555-0123", "tel:+1(201)5550.123", true},
    {"tel:+12015550123", "tel:12015550123", false},
    {"tel:+12015550123", "tel:+120155501234", false},
    {"tel:7;phone-context=A.b", "tel:7;PHONE-CONTEXT=a.B", true},
    {"tel:7;phone-context=a", "tel:7", false},
    {"urn:service:sos", "urn:service:sos", true},
    {"urn:service:sos", "URN:service:sos", false},
};

TEST(UriEquals, Table) {
  for (const EqualityCase& row : kEquality) {
    const auto a = ParseUri(row.a), b = ParseUri(row.b);
    ASSERT_TRUE(a && b) << row.a << " " << row.b;
    EXPECT_EQ(UriEquals(*a, *b), row.equal) << row.a << " " << row.b;
    EXPECT_EQ(UriEquals(*b, *a), row.equal) << row.b << " " << row.a;
    EXPECT_TRUE(UriEquals(*a, *a)) << row.a;
  }
}

TEST(Uri, TransportComesFromTheParameterOrTheScheme) {
  EXPECT_EQ(UriTransport(*ParseUri("sip:a")), std::nullopt);
  EXPECT_EQ(UriTransport(*ParseUri("sip:a;transport=Tcp")), Transport::kTcp);
  EXPECT_EQ(UriTransport(*ParseUri("sip:a;transport=udp")), Transport::kUdp);
  EXPECT_EQ(UriTransport(*ParseUri("sip:a;transport=sctp")), std::nullopt);
  EXPECT_EQ(UriTransport(*ParseUri("sips:a;transport=tcp")), Transport::kTls);
  EXPECT_EQ(UriTransport(*ParseUri("tel:+1")), std::nullopt);
}

TEST(Uri, LooseRoutingInAnyForm) {
  for (std::string_view text :
       {"sip:a;lr", "sip:a;LR", "sip:a;x;lr=true", "sip:a;lr=on"}) {
    EXPECT_TRUE(IsLooseRoute(*ParseUri(text))) << text;
  }
  EXPECT_FALSE(IsLooseRoute(*ParseUri("sip:lr;x=lr?lr=1")));
}

}  // namespace
}  // namespace sallyport::sip
