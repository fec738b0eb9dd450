#include "core/routing/validation.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/registration/security_agreement.h"
#include "core/sip/limits.h"
#include "core/sip/message.h"
#include "core/sip/values.h"
#include "gtest/gtest.h"

namespace sallyport::routing {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kMessage =
    "MESSAGE sip:bob@ims.example.net SIP/2.0\r\n"
    "Via: SIP/2.0/TLS 192.168.1.10:5062;branch=z9hG4bKa;rport\r\n"
    "Max-Forwards: 70\r\n"
    "From: <sip:alice@ims.example.com>;tag=ue1\r\n"
    "To: <sip:bob@ims.example.net>\r\n"
    "Call-ID: c1@192.168.1.10\r\n"
    "CSeq: 7 MESSAGE\r\n"
    "Content-Length: 2\r\n"
    "\r\n"
    "hi";

struct Checked {
  Refusal refusal;
  RequestParts parts;
  bool answerable = false;
  std::string extra;
};
Checked Check(std::string_view text, size_t extra_bytes = 512) {
  static sip::MessageView view;
  std::vector<char> extra(extra_bytes);
  Checked checked;
  sip::ScanVerdict scan = view.Scan(text);
  checked.refusal = Validate(view, scan, checked.parts, extra);
  checked.extra = std::string(checked.refusal.extra);
  checked.answerable = Answerable(view);
  return checked;
}

std::string With(std::string_view old, std::string_view now) {
  std::string text = absl::StrReplaceAll(kMessage, {{old, now}});
  EXPECT_NE(text, kMessage) << old;
  return text;
}
std::string Adding(std::string_view lines) {
  return With("Max-Forwards: 70\r\n",
              absl::StrCat("Max-Forwards: 70\r\n", lines));
}
std::string Repeated(std::string_view part, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) absl::StrAppend(&text, part);
  return text;
}

TEST(Validation, TakesARequestApartOnce) {
  std::string text = Adding("Route: <sip:a.example;lr>\r\n");

  Checked checked = Check(text);

  EXPECT_FALSE(checked.refusal) << checked.refusal.reason;
  EXPECT_EQ(checked.parts.request_uri.host, "ims.example.net");
  EXPECT_EQ(checked.parts.via.branch, "z9hG4bKa");
  EXPECT_EQ(checked.parts.from.uri, "sip:alice@ims.example.com");
  EXPECT_EQ(checked.parts.from_tag, "ue1");
  EXPECT_EQ(checked.parts.to.uri, "sip:bob@ims.example.net");
  EXPECT_EQ(checked.parts.to_tag, "");
  EXPECT_EQ(checked.parts.call_id, "c1@192.168.1.10");
  EXPECT_EQ(checked.parts.cseq.number, 7u);
  EXPECT_EQ(checked.parts.max_forwards, 70);
  ASSERT_EQ(checked.parts.routes_read, 1u);
  EXPECT_EQ(checked.parts.routes[0].host, "a.example");
  EXPECT_TRUE(checked.parts.lone_via);
}

TEST(Validation, KeepsTheRoutesOnTop) {
  const std::string text = Adding(
      "Route: <sip:a;lr>, <sip:b;lr>\r\nRoute: <sip:c;lr>\r\n"
      "Route: <sip:d;lr>,<sip:e;lr>\r\n"
      "Via: SIP/2.0/TCP below;branch=z9hG4bKb\r\n");

  const Checked checked = Check(text);

  EXPECT_FALSE(checked.refusal) << checked.refusal.reason;
  std::string hosts;
  for (size_t i = 0; i < checked.parts.routes_read; ++i) {
    hosts += checked.parts.routes[i].host;
  }
  EXPECT_EQ(hosts, "abcd");
  EXPECT_FALSE(checked.parts.lone_via);
}

TEST(Validation, LetsARequestWithoutMaxForwardsPass) {
  std::string text = With("Max-Forwards: 70\r\n", "");

  Checked checked = Check(text);

  EXPECT_FALSE(checked.refusal);
  EXPECT_EQ(checked.parts.max_forwards, -1);
}

// Each row changes one thing; spec 6.2 rule 1 and 7 (E4).
struct Change {
  std::string_view sentence;
  std::string_view old;
  std::string_view now;
  int code;
};
constexpr Change kChanges[] = {
    {"no Via", "Via: SIP/2.0/TLS 192.168.1.10:5062;branch=z9hG4bKa;rport\r\n",
     "", 400},
    {"a Via of empty parameters", ";rport\r\n", ";;,;,,\r\n", 400},
    {"a Via row that ends in a comma", ";rport\r\n", ";rport,\r\n", 400},
    {"no From", "From: <sip:alice@ims.example.com>;tag=ue1\r\n", "", 400},
    {"no To", "To: <sip:bob@ims.example.net>\r\n", "", 400},
    {"no Call-ID", "Call-ID: c1@192.168.1.10\r\n", "", 400},
    {"an empty Call-ID", "c1@192.168.1.10", "", 400},
    {"a Call-ID of two words", "c1@192.168.1.10", "c1 c2", 400},
    {"no CSeq", "CSeq: 7 MESSAGE\r\n", "", 400},
    {"a From that is no address", "<sip:alice@ims.example.com>;tag=ue1", "<>",
     400},
    {"a From with a comma in its name", "<sip:alice",
     "Bell, Alexander <sip:alice", 400},
    {"a From with two tags", ";tag=ue1", ";tag=ue1;tag=ue2", 400},
    {"a From with an open bracket", ";tag=ue1", ";tag=ue1;x=<y", 400},
    {"a From with an open quote", ";tag=ue1", ";tag=ue1;x=\"y", 400},
    {"a To with space in its brackets", "<sip:bob@ims.example.net>",
     "\"Watson, Thomas\" < sip:bob@ims.example.net >", 400},
    {"a To with an open quote", "To: <sip", "To: \"Mr. J. <sip", 400},
    {"a To of an unknown scheme is the registrar's business",
     "To: <sip:bob@ims.example.net>", "To: isbn:2983792873", 0},
    {"a From without tag is of the old days", ";tag=ue1", "", 0},
    {"a To of two addresses", "<sip:bob@ims.example.net>",
     "<sip:bob@ims.example.net>, <sip:eve@ims.example.net>", 400},
    {"a From of two addresses without brackets", "<sip:alice@ims.example.com>",
     "sip:alice@ims.example.com, sip:eve@ims.example.com", 400},
    {"a question mark out of brackets", "<sip:bob@ims.example.net>",
     "sip:bob@ims.example.net?Subject=x", 400},
    {"a comma in quotes and in brackets", "<sip:bob@ims.example.net>",
     "\"a, <b>\" <sip:bob,c@ims.example.net>", 0},
    {"a quote that a backslash keeps open", "<sip:bob@ims.example.net>",
     "\"a\\\" <sip:bob@ims.example.net>", 400},
    {"a backslash that a backslash ends", "<sip:bob@ims.example.net>",
     "\"a\\\\\" <sip:bob@ims.example.net>", 0},
    {"UTF-8 in quotes", "<sip:bob@ims.example.net>",
     "\"J\xc3\xbcrgen\" <sip:bob@ims.example.net>", 0},
    {"octets that are no UTF-8 in quotes", "<sip:bob@ims.example.net>",
     "\"\xff\xfe\x80\" <sip:bob@ims.example.net>", 0},
    {"a fold in quotes", "<sip:bob@ims.example.net>",
     "\"a\r\n b\" <sip:bob@ims.example.net>", 0},
    {"a lone CR in quotes", "<sip:bob@ims.example.net>",
     "\"a\rb\" <sip:bob@ims.example.net>", 400},
    {"a lone LF in quotes", "<sip:bob@ims.example.net>",
     "\"a\n b\" <sip:bob@ims.example.net>", 400},
    {"NUL in quotes", "<sip:bob@ims.example.net>",
     "\"a\0b\" <sip:bob@ims.example.net>"sv, 400},
    {"%00 is data", "sip:alice@", "sip:al%00ice@", 0},
    {"To folded wherever it may be", "<sip:bob@ims.example.net>",
     "\r\n Bob\r\n\t<sip:bob@ims.example.net>\r\n ;\r\n tag\r\n =\r\n x", 0},
    {"Call-ID folded before its word", "Call-ID: c1", "Call-ID:\r\n\tc1", 0},
    {"Call-ID folded within", "c1@", "c1\r\n @", 400},
    {"CSeq folded", "7 MESSAGE", "\r\n 0007\r\n\tMESSAGE\r\n ", 0},
    {"Max-Forwards folded", "Forwards: 70", "Forwards :\r\n 0070\r\n ", 0},
    {"Content-Length folded", "Length: 2", "Length\t: \r\n 2", 0},
    {"branch twice", ";rport\r\n", ";rport;branch=z9hG4bKa\r\n", 400},
    {"rport twice", ";rport\r\n", ";rport;RPORT\r\n", 400},
    {"received twice", ";rport\r\n", ";received=::1;received=[::1]\r\n", 400},
    {"received of IPv6 in brackets", ";rport\r\n", ";received=[::1]\r\n", 0},
    {"received of IPv6 without", ";rport\r\n", ";received=::1\r\n", 0},
    {"a parameter twice that is not ours", ";rport\r\n", ";x=1;x=2\r\n", 0},
    {"a Via of port zero", "192.168.1.10:5062", "192.168.1.10:0", 400},
    {"a Via of port 65536", "192.168.1.10:5062", "192.168.1.10:65536", 400},
    {"a Via of port 65535", "192.168.1.10:5062", "192.168.1.10:65535", 0},
    {"a To of port zero", "bob@ims.example.net>", "bob@ims.example.net:0>",
     400},
    {"a Request-URI of port 65536", "net SIP", "net:65536 SIP", 400},
    {"a Request-URI of port 65535", "net SIP", "net:65535 SIP", 0},
    {"an IPv6 Request-URI", "bob@ims.example.net SIP",
     "bob@[2001:db8::1]:5060 SIP", 0},
    {"a CSeq of 2^31-1", "CSeq: 7 ", "CSeq: 2147483647 ", 0},
    {"a CSeq past 2^31-1", "CSeq: 7 ", "CSeq: 2147483648 ", 400},
    {"a CSeq past 2^64", "CSeq: 7 ", "CSeq: 36893488147419103232 ", 400},
    {"a CSeq of another method", "7 MESSAGE", "7 INVITE", 400},
    {"a CSeq whose method is of another case", "7 MESSAGE", "7 Message", 400},
    {"a CSeq with a sign", "CSeq: 7", "CSeq: -7", 400},
    {"Max-Forwards past 255", "Forwards: 70", "Forwards: 256", 400},
    {"Max-Forwards 255", "Forwards: 70", "Forwards: 255", 0},
    {"Max-Forwards past 2^32", "Forwards: 70", "Forwards: 4294967366", 400},
    {"Max-Forwards with a sign", "Forwards: 70", "Forwards: +70", 400},
    {"Max-Forwards zero", "Forwards: 70", "Forwards: 0", 483},
    {"a length with a sign", "Length: 2", "Length: -2", 400},
    {"a length that is no number", "Length: 2", "Length: two", 400},
    {"a length past the datagram", "Length: 2", "Length: 3", 400},
    {"a Request-URI in brackets", " sip:bob@ims.example.net ",
     " <sip:bob@ims.example.net> ", 400},
    {"a Request-URI with headers", " sip:bob@ims.example.net ",
     " sip:bob@ims.example.net?Route=%3Csip:x%3E ", 400},
    {"a Request-URI with space", " sip:bob@ims.example.net ",
     " sip:bob@ims.example.net; lr ", 400},
    {"two spaces in the start line", "MESSAGE sip", "MESSAGE  sip", 400},
    {"space at the end of the start line", "SIP/2.0\r\nVia: S",
     "SIP/2.0 \r\nVia: S", 400},
    {"an unknown scheme", " sip:bob@ims.example.net ", " soap.beep://a:1 ",
     416},
    {"a scheme that nobody knows", " sip:bob@ims.example.net ",
     " nobodyKnows:totallyopaque ", 416},
    {"tel is known", " sip:bob@ims.example.net ", " tel:+15557654321 ", 0},
    {"sips is known", " sip:bob", " sips:bob", 0},
    {"a service is known", " sip:bob@ims.example.net ", " urn:service:sos ", 0},
    {"another urn is not", " sip:bob@ims.example.net ", " urn:isbn:1 ", 416},
    {"version 7", "net SIP/2.0", "net SIP/7.0", 505},
    {"a header line without a colon", "Max-Forwards: 70", "Max-Forwards", 400},
    {"zero hops goes before a bad extension", "Max-Forwards: 70\r\n",
     "Max-Forwards: 0\r\nProxy-Require: nothingSupportsThis\r\n", 483},
    {"an unknown scheme goes before zero hops",
     "sip:bob@ims.example.net SIP/2.0\r\nVia: SIP/2.0/TLS "
     "192.168.1.10:5062;branch=z9hG4bKa;rport\r\nMax-Forwards: 70",
     "x:y SIP/2.0\r\nVia: SIP/2.0/TLS "
     "192.168.1.10:5062;branch=z9hG4bKa;rport\r\nMax-Forwards: 0",
     416},
};
// Conformance: PROXY-02, PROXY-19, ERR-02, ERR-03, PARSE-13
TEST(Validation, RefusesWhatIsWrongWithTheRightCode) {
  for (const Change& change : kChanges) {
    std::string text = With(change.old, change.now);
    Checked checked = Check(text);
    EXPECT_EQ(checked.refusal.code, change.code)
        << change.sentence << ": " << checked.refusal.reason;
  }
}

// Spec 8.1: a repeat of a single-value header, also of the same value.
TEST(Validation, RefusesARepeatedSingleValue) {
  for (std::string_view line :
       {"To: <sip:bob@ims.example.net>\r\n", "t: <sip:bob@ims.example.net>\r\n",
        "From: <sip:alice@ims.example.com>;tag=ue1\r\n",
        "i: c1@192.168.1.10\r\n", "cseq: 7 MESSAGE\r\n", "Max-Forwards: 70\r\n",
        "l: 2\r\n", "Content-Length: 3\r\n", "Expires: 5\r\nExpires: 5\r\n",
        "Content-Type: text/plain\r\nc: text/plain\r\n"}) {
    EXPECT_EQ(Check(Adding(line)).refusal.code, 400) << line;
  }
  // Of others the first counts, where one is read at all.
  EXPECT_EQ(Check(Adding("Subject: a\r\ns: b\r\nDate: a, b\r\nDate: c\r\n"
                         "Min-Expires: 1\r\nMin-Expires: 2\r\n"))
                .refusal.code,
            0);
}

// Conformance: PARSE-18
TEST(Validation, CountsTheValuesOfViaRouteAndRecordRoute) {
  const std::string via =
      Repeated("Via: SIP/2.0/UDP 192.0.2.1, SIP/2.0/UDP 192.0.2.2\r\n", 34);
  EXPECT_EQ(Check(Adding(via)).refusal.code, 0);
  EXPECT_EQ(Check(Adding(via + "v: SIP/2.0/UDP 192.0.2.1\r\n")).refusal.code,
            0);
  EXPECT_EQ(
      Check(Adding(via + "v: SIP/2.0/UDP a, SIP/2.0/UDP b\r\n")).refusal.code,
      513);
  for (std::string_view name : {"Route", "Record-Route"}) {
    const std::string row =
        absl::StrCat(name, ": <sip:a.example;lr>, <sip:b.example;lr>\r\n");
    EXPECT_EQ(Check(Adding(Repeated(row, 16))).refusal.code, 0) << name;
    EXPECT_EQ(Check(Adding(Repeated(row, 17))).refusal.code, 513) << name;
  }
}

TEST(Validation, RefusesARouteThatCannotBeRead) {
  EXPECT_EQ(Check(Adding("Route: <sip:a.example;lr\r\n")).refusal.code, 400);
  EXPECT_EQ(Check(Adding("Route: <>\r\n")).refusal.code, 400);
}

// Conformance: PARSE-18
TEST(Validation, AnswersTheScannersBounds) {
  const std::string uri = absl::StrCat(
      " sip:", std::string(sip::kRequestUriBytesMax, 'a'), "@x.example ");
  EXPECT_EQ(Check(With(" sip:bob@ims.example.net ", uri)).refusal.code, 414);
  EXPECT_EQ(
      Check(Adding(Repeated("X-A: b\r\n", sip::kHeaderFieldsMax))).refusal.code,
      513);
  const std::string value(sip::kHeaderValueBytesMax + 1, 'a');
  EXPECT_EQ(Check(Adding(absl::StrCat("X-A: ", value, "\r\n"))).refusal.code,
            513);
}

// Conformance: PROXY-18
TEST(Validation, ListsExactlyTheUnknownProxyRequireTags) {
  Checked checked =
      Check(Adding("Proxy-Require: nothingSupportsThis, Sec-Agree\r\n"
                   "Require: alsoNotForUs\r\n"
                   "proxy-require: norThis\r\n"));

  EXPECT_EQ(checked.refusal.code, 420);
  EXPECT_EQ(checked.extra, "Unsupported: nothingSupportsThis, norThis\r\n");
}

TEST(Validation, UnderstandsSecAgree) {
  EXPECT_FALSE(Check(Adding("Proxy-Require: sec-agree\r\n")).refusal);
}

// RFC 3261 8.2.2.3
TEST(Validation, IgnoresProxyRequireInAckAndCancel) {
  for (std::string_view method : {"ACK", "CANCEL"}) {
    std::string text = absl::StrReplaceAll(Adding("Proxy-Require: x\r\n"),
                                           {{"MESSAGE", method}});
    EXPECT_FALSE(Check(text).refusal) << method;
  }
}

TEST(Validation, KeepsALongListOfTagsWithinItsRoom) {
  std::string tags =
      absl::StrCat("Proxy-Require: a", Repeated(",abcdef", 200), "\r\n");

  Checked checked = Check(Adding(tags));

  EXPECT_EQ(checked.refusal.code, 420);
  EXPECT_LE(checked.extra.size(), 512u);
  EXPECT_TRUE(checked.extra.starts_with("Unsupported: a, abcdef"));
  EXPECT_TRUE(checked.extra.ends_with("abcdef\r\n"));
}

// Spec 7, E5.
TEST(Validation, KnowsWhatCanBeAnswered) {
  EXPECT_TRUE(Check(kMessage).answerable);
  EXPECT_TRUE(Check(With("CSeq: 7 ", "CSeq: 99999999999 ")).answerable);
  EXPECT_TRUE(Check(With("net SIP/2.0", "net SIP/7.0")).answerable);
  EXPECT_TRUE(Check(With(";rport\r\n", ";;,;,,\r\n")).answerable);
  EXPECT_FALSE(Check(With("CSeq: 7 MESSAGE\r\n", "")).answerable);
  EXPECT_FALSE(Check(With("Call-ID: c1@192.168.1.10\r\n", "")).answerable);
  EXPECT_FALSE(Check(With("To: <sip:bob@ims.example.net>\r\n", "")).answerable);
  EXPECT_TRUE(Check(With("Via: SIP/2.0", "Via: sip\r\n \t/ 2.0 ")).answerable);
  EXPECT_FALSE(Check(With("Via: SIP", "Via: XIP")).answerable);
  EXPECT_FALSE(Check(With("Via: SIP/", "Via: SIPS/")).answerable);
  EXPECT_FALSE(Check(With("Via: SIP/2.0", "Via: SI")).answerable);
  EXPECT_FALSE(Check("hello\r\n\r\n").answerable);
}

// Spec 4.2 rule 4.
TEST(Validation, RefusesCredentialsOfAUeThatCannotBeParsed) {
  static sip::MessageView view;
  for (std::string_view name : {"Authorization", "Proxy-Authorization"}) {
    std::string text =
        Adding(absl::StrCat(name, ": Digest username=\"a, realm=b\r\n"));
    ASSERT_EQ(view.Scan(text), sip::ScanVerdict::kOk);
    EXPECT_EQ(ValidateCredentials(view).code, 400) << name;
    EXPECT_EQ(
        ValidateCredentials(view, sip::HeaderId::kProxyAuthorization).code,
        name == "Authorization" ? 0 : 400);
  }
  std::string text = Adding("Authorization: Digest username=\"a\"\r\n");
  ASSERT_EQ(view.Scan(text), sip::ScanVerdict::kOk);
  EXPECT_FALSE(ValidateCredentials(view));
}

// Conformance: ERR-07
TEST(Validation, RefusalsBringTheFieldsThatTheyMustCarry) {
  const std::string server =
      absl::StrCat("Security-Server: ", registration::kSecurityServer, "\r\n");

  EXPECT_EQ(Refuse(494).extra, server);
  EXPECT_EQ(Refuse(421).extra, absl::StrCat("Require: sec-agree\r\n", server));
  EXPECT_EQ(Refuse(405).extra, "Allow: OPTIONS\r\n");
  EXPECT_EQ(Refuse(503, "Retry-After: 5\r\n").extra, "Retry-After: 5\r\n");
  EXPECT_EQ(Refuse(403).extra, "");
  EXPECT_EQ(Refuse(403).reason, "Forbidden");
}

// ------------------------------------------------------------- REGISTER

struct CheckedRegister {
  Refusal refusal;
  RegisterParts parts;
};
CheckedRegister CheckRegister(std::string_view lines,
                              std::string_view uri = "sip:ims.example.com") {
  static sip::MessageView view;
  static std::string text;
  text = absl::StrCat("REGISTER ", uri, " SIP/2.0\r\n", lines, "\r\n");
  EXPECT_EQ(view.Scan(text), sip::ScanVerdict::kOk);
  CheckedRegister checked;
  const std::optional<sip::UriView> parsed = sip::ParseUri(uri);
  if (!parsed) ADD_FAILURE() << uri;
  checked.refusal =
      ValidateRegister(view, parsed.value_or(sip::UriView()), checked.parts);
  return checked;
}

TEST(ValidateRegister, ReadsTheContact) {
  CheckedRegister checked = CheckRegister(
      "Expires: 60\r\n"
      "Contact: <sip:a@192.0.2.1>;+sip.instance=\"<urn:uuid:1>\";reg-id=2"
      ";expires=120, <sip:b@192.0.2.1>\r\n");

  EXPECT_FALSE(checked.refusal);
  EXPECT_EQ(checked.parts.contacts, 2u);
  EXPECT_EQ(checked.parts.contact_uri, "sip:a@192.0.2.1");
  EXPECT_EQ(checked.parts.instance, "<urn:uuid:1>");
  EXPECT_EQ(checked.parts.reg_id, 2u);
  EXPECT_EQ(checked.parts.expires_s, 120u);
  EXPECT_TRUE(checked.parts.has_expires);
  EXPECT_FALSE(checked.parts.deregisters);
}

// Spec 5.4 and 8.1: parameter, header, 3600; larger values clamp.
TEST(ValidateRegister, KnowsWhatExpiryIsAsked) {
  EXPECT_EQ(CheckRegister("Contact: <sip:a@b>\r\n").parts.expires_s, 3600u);
  EXPECT_FALSE(CheckRegister("Contact: <sip:a@b>\r\n").parts.has_expires);
  EXPECT_EQ(
      CheckRegister("Contact: <sip:a@b>\r\nExpires: 7\r\n").parts.expires_s,
      7u);
  for (std::string_view most :
       {"4294967295", "4294967296", "99999999999", "18446744073709551616"}) {
    EXPECT_EQ(
        CheckRegister(absl::StrCat("Contact: <sip:a@b>;expires=", most, "\r\n"))
            .parts.expires_s,
        0xffffffffu)
        << most;
    EXPECT_EQ(CheckRegister(
                  absl::StrCat("Contact: <sip:a@b>\r\nExpires: ", most, "\r\n"))
                  .parts.expires_s,
              0xffffffffu)
        << most;
  }
}

struct ContactCase {
  std::string_view sentence;
  std::string_view lines;
  int code;
  bool deregisters = false;
  bool removes = false;
};
constexpr ContactCase kContactCases[] = {
    {"no Contact asks for the list", "Expires: 0\r\n", 0},
    {"star and zero removes all", "Contact: *\r\nExpires: 0\r\n", 0, true,
     true},
    {"star without Expires", "Contact: *\r\n", 400},
    {"star with another Expires", "Contact: *\r\nExpires: 1\r\n", 400},
    {"star and a Contact", "Contact: *, <sip:a@b>\r\nExpires: 0\r\n", 400},
    {"a Contact and star", "m: <sip:a@b>\r\nContact: *\r\nExpires: 0\r\n", 400},
    {"star twice", "Contact: *\r\nContact: *\r\nExpires: 0\r\n", 400},
    {"star with a parameter", "Contact: *;expires=0\r\n", 400},
    {"zero in the parameter", "Contact: <sip:a@b>;expires=0\r\n", 0, true,
     true},
    {"zero in the header", "Contact: <sip:a@b>\r\nExpires: 0\r\n", 0, true,
     true},
    {"the parameter wins", "Contact: <sip:a@b>;expires=5\r\nExpires: 0\r\n", 0},
    {"one of two is removed", "Contact: <sip:a@b>, <sip:c@d>;expires=0\r\n", 0,
     false, true},
    {"a signed Expires", "Contact: <sip:a@b>\r\nExpires: +5\r\n", 400},
    {"an empty Expires", "Contact: <sip:a@b>\r\nExpires:\r\n", 400},
    {"a reg-id twice", "Contact: <sip:a@b>;reg-id=1;REG-ID=1\r\n", 400},
    {"a port past 65535", "Contact: <sip:a@b:65536>\r\n", 400},
    {"a port of zero", "Contact: <sip:a@b:0>\r\n", 400},
    {"a comma in quotes and brackets",
     "Contact: \"x, y\" <sip:a,b@c>;expires=0\r\n", 0, true, true},
    {"parameters out of brackets are the header's",
     "Contact: sip:a@b;expires=0\r\n", 0, true, true},
    {"and within them the URI's", "Contact: <sip:a@b;expires=0>\r\n", 0},
    {"a bad Expires", "Contact: <sip:a@b>\r\nExpires: soon\r\n", 400},
    {"a bad expires", "Contact: <sip:a@b>;expires=-1\r\n", 400},
    {"expires twice", "Contact: <sip:a@b>;expires=1;Expires=2\r\n", 400},
    {"an instance twice",
     "Contact: <sip:a@b>;+sip.instance=\"x\";+sip.instance=\"x\"\r\n", 400},
    {"a reg-id of zero", "Contact: <sip:a@b>;reg-id=0\r\n", 400},
    {"headers out of brackets", "Contact: sip:a@b?Route=%3Csip:c%3E\r\n", 400},
    {"headers in brackets", "Contact: <sip:a@b?Route=%3Csip:c%3E>\r\n", 0},
    {"an open bracket", "Contact: <sip:a@b\r\n", 400},
    {"escaped NULs are data",
     "Contact: <sip:%00@host5.example.com>, <sip:%00%00@host5.example.com>\r\n",
     0},
    {"another scheme is the registrar's business",
     "Contact: <name:John_Smith>\r\n", 0},
};
// Conformance: REG-27
TEST(ValidateRegister, KnowsTheFormsOfContact) {
  for (const ContactCase& c : kContactCases) {
    CheckedRegister checked = CheckRegister(c.lines);
    EXPECT_EQ(checked.refusal.code, c.code) << c.sentence;
    if (c.code != 0) continue;
    EXPECT_EQ(checked.parts.deregisters, c.deregisters) << c.sentence;
    EXPECT_EQ(checked.parts.removes, c.removes) << c.sentence;
  }
}

// Conformance: PARSE-18
TEST(ValidateRegister, TakesTenContactsAndNoMore) {
  std::string ten = Repeated("Contact: <sip:a@b>\r\n", 10);
  EXPECT_FALSE(CheckRegister(ten).refusal);
  EXPECT_EQ(CheckRegister(ten + "m: <sip:a@b>\r\n").refusal.code, 513);
}

TEST(ValidateRegister, WantsADomainAsRequestUri) {
  EXPECT_EQ(CheckRegister("", "sip:alice@ims.example.com").refusal.code, 400);
  EXPECT_EQ(CheckRegister("", "tel:+15551230001").refusal.code, 400);
  EXPECT_FALSE(CheckRegister("", "sips:ims.example.com").refusal);
}

}  // namespace
}  // namespace sallyport::routing
