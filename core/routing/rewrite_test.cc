#include "core/routing/rewrite.h"

#include <algorithm>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/registration/integrity.h"
#include "core/routing/own_names.h"
#include "core/routing/rewrite_fixture.h"
#include "core/routing/slow_reader.h"
#include "core/sip/message.h"
#include "gtest/gtest.h"

namespace sallyport::routing {
namespace {

using registration::Integrity;
using Strings = std::vector<std::string>;

// A request of `method` with these lines between Via and Content-Length.
std::string Request(std::string_view method, std::string_view lines,
                    std::string_view uri = "sip:ims.example.com") {
  return absl::StrCat(method, " ", uri, " SIP/2.0\r\n",
                      "Via: SIP/2.0/TLS 192.168.1.10:5062;branch=z9hG4bKa\r\n",
                      "From: <sip:alice@ims.example.com>;tag=ue1\r\n",
                      "To: <sip:alice@ims.example.com>\r\n",
                      "Call-ID: c1@192.168.1.10\r\n", "CSeq: 7 ", method,
                      "\r\n", lines, "Content-Length: 0\r\n\r\n");
}
std::string Response(std::string_view status, std::string_view lines) {
  return absl::StrCat(
      "SIP/2.0 ", status, "\r\n",
      "Via: SIP/2.0/TCP pcscf1.ims.example.com:5060;branch=z9hG4bKours\r\n",
      "Via: SIP/2.0/TLS 192.168.1.10:5062;branch=z9hG4bKa\r\n",
      "From: <sip:alice@ims.example.com>;tag=ue1\r\n",
      "To: <sip:alice@ims.example.com>;tag=s1\r\n",
      "Call-ID: c1@192.168.1.10\r\n", "CSeq: 7 MESSAGE\r\n", lines,
      "Content-Length: 0\r\n\r\n");
}
slow::Message Registered(std::string_view lines, const Journey& journey = {}) {
  return slow::Read(Rewriter().Register(Request("REGISTER", lines), journey));
}
slow::Message Originated(std::string_view lines, const Journey& journey = {},
                         std::string_view method = "MESSAGE") {
  return slow::Read(Rewriter().Originating(Request(method, lines), journey));
}
slow::Message Terminated(std::string_view lines,
                         std::string_view method = "MESSAGE",
                         std::string_view uri = "sip:alice@192.168.1.10") {
  return slow::Read(Rewriter().Terminating(Request(method, lines, uri),
                                           {.peer = "192.0.2.30:5060"}));
}

// ------------------------------------------------------------- Max-Forwards

// Conformance: PROXY-01
TEST(Rewrite, CountsTheHop) {
  for (auto [had, has] :
       {std::pair("Max-Forwards: 70\r\n", "69"),
        std::pair("max-forwards :1\r\n", "0"),
        std::pair("Max-Forwards: 255\r\n", "254"), std::pair("", "70")}) {
    const Strings expected = {has};
    EXPECT_EQ(Registered(had).Values("Max-Forwards"), expected) << had;
    EXPECT_EQ(Originated(had).Values("Max-Forwards"), expected) << had;
    EXPECT_EQ(Terminated(had).Values("Max-Forwards"), expected) << had;
  }
}

// ------------------------------------------------------------- Via

struct ViaCase {
  std::string_view sentence;
  std::string_view via;  // as the UE wrote it
  Strings params;        // that the top value must have in the end
};
const ViaCase kVias[] = {
    {"sent-by differs",
     "192.168.1.10:5062;branch=z9hG4bKa",
     {"received=203.0.113.25"}},
    {"sent-by is a name",
     "ue.example.com;branch=z9hG4bKa",
     {"received=203.0.113.25"}},
    {"rport is filled",
     "192.168.1.10;rport;branch=z9hG4bKa",
     {"rport=50311", "received=203.0.113.25"}},
    {"rport of a UE with the source's address",
     "203.0.113.25:50311;branch=z9hG4bKa;rport",
     {"rport=50311", "received=203.0.113.25"}},
    {"a claimed received is overwritten",
     "192.168.1.10;received=192.0.2.66;branch=z9hG4bKa",
     {"received=203.0.113.25"}},
    {"a claimed rport is overwritten",
     "192.168.1.10;branch=z9hG4bKa;RPORT=66;received=192.0.2.66",
     {"rport=50311", "received=203.0.113.25"}},
};
// Conformance: PROXY-03, PROXY-04
TEST(Rewrite, StampsTheTopVia) {
  for (const ViaCase& c : kVias) {
    std::string request = absl::StrReplaceAll(
        Request("REGISTER", "Via: SIP/2.0/UDP 10.0.0.9;rport\r\n"),
        {{"192.168.1.10:5062;branch=z9hG4bKa", c.via}});

    slow::Message sent = slow::Read(Rewriter().Register(request));

    Strings vias = slow::List(sent, "Via");
    ASSERT_EQ(vias.size(), 3u) << c.sentence;
    EXPECT_EQ(vias[0],
              "SIP/2.0/TCP pcscf1.ims.example.com:5060;"
              "branch=z9hG4bKp1.6c9e02d4b7");
    EXPECT_EQ(vias[2], "SIP/2.0/UDP 10.0.0.9;rport") << c.sentence;
    Strings params = slow::Split(slow::Lower(vias[1]), ';');
    for (const std::string& param : c.params) {
      EXPECT_EQ(std::count(params.begin(), params.end(), param), 1)
          << c.sentence << ": " << vias[1];
    }
    EXPECT_EQ(vias[1].find("192.0.2.66"), std::string::npos) << c.sentence;
    EXPECT_EQ(vias[1].find("=66"), std::string::npos) << c.sentence;
  }
}

TEST(Rewrite, LeavesAViaThatTellsTheTruth) {
  std::string request = absl::StrReplaceAll(
      Request("REGISTER", ""), {{"192.168.1.10:5062;branch=z9hG4bKa",
                                 "203.0.113.25:5062;branch=z9hG4bKa"}});

  EXPECT_EQ(slow::List(slow::Read(Rewriter().Register(request)), "Via")[1],
            "SIP/2.0/TLS 203.0.113.25:5062;branch=z9hG4bKa");
}

TEST(Rewrite, TakesItsOwnViaOutOfAResponse) {
  const std::string row = Response("200 OK", "");
  const std::string list = absl::StrReplaceAll(
      row, {{"bKours\r\nVia: ", "bKours ,\r\n "}, {"Via:", "v :"}});
  for (const std::string& response : {row, list}) {
    const Strings expected = {"SIP/2.0/TLS 192.168.1.10:5062;branch=z9hG4bKa"};
    Rewriter rewriter;
    EXPECT_EQ(
        slow::List(slow::Read(rewriter.RegisterResponse(response)), "Via"),
        expected);
    EXPECT_EQ(slow::List(slow::Read(rewriter.ResponseToUe(response)), "Via"),
              expected);
    EXPECT_EQ(slow::List(slow::Read(rewriter.ResponseToCore(response)), "Via"),
              expected);
  }
}

// ------------------------------------------------------------- REGISTER

// Conformance: REG-05
TEST(RewriteRegister, RequiresPathOnce) {
  const Strings once = {"path"};
  EXPECT_EQ(slow::List(Registered(""), "Require"), once);
  EXPECT_EQ(slow::List(Registered("Require: Path\r\n"), "Require"),
            Strings{"Path"});
  EXPECT_EQ(slow::List(Registered("Require: sec-agree, path\r\n"), "Require"),
            once);
  EXPECT_EQ(slow::List(Registered("Require: gruu\r\n"), "Require"),
            (Strings{"gruu", "path"}));
}

struct AgreementCase {
  std::string_view lines;
  Strings require, proxy_require, supported;
};
const AgreementCase kAgreements[] = {
    {"Require: sec-agree\r\nProxy-Require: sec-agree\r\n", {"path"}, {}, {}},
    {"Require: gruu, Sec-Agree\r\nproxy-require: SEC-AGREE\r\n",
     {"gruu", "path"},
     {},
     {}},
    {"Require: sec-agree,sec-agree\r\nRequire: sec-agree\r\n",
     {"path"},
     {},
     {}},
    {"Require:\r\n sec-agree\r\nSupported: sec-agree, path\r\n",
     {"path"},
     {},
     {"sec-agree", "path"}},
    {"k: sec-agree\r\n", {"path"}, {}, {"sec-agree"}},
};
// Conformance: REG-10
TEST(RewriteRegister, EndsTheAgreementHere) {
  for (const AgreementCase& c : kAgreements) {
    slow::Message sent = Registered(
        absl::StrCat(c.lines,
                     "Security-Client: tls\r\nSecurity-Verify: tls;q=0.9\r\n"
                     "security-client: ipsec-3gpp\r\n"));
    EXPECT_EQ(slow::List(sent, "Require"), c.require) << c.lines;
    EXPECT_EQ(slow::List(sent, "Proxy-Require"), c.proxy_require) << c.lines;
    EXPECT_EQ(slow::List(sent, "Supported"), c.supported) << c.lines;
    EXPECT_FALSE(sent.Has("Security-Client")) << c.lines;
    EXPECT_FALSE(sent.Has("Security-Verify")) << c.lines;
  }
}

// Conformance: REG-03, REG-06, REG-11, REG-12
TEST(RewriteRegister, HonoursNoRoutingOfTheUe) {
  slow::Message sent = Registered(
      "Route: <sip:pcscf1.ims.example.com:5061;lr>, <sip:evil.example;lr>\r\n"
      "ROUTE : <sip:evil.example;lr>\r\n"
      "Record-Route: <sip:evil.example;lr>\r\n"
      "Path: <sip:evil.example;lr>\r\n"
      "path: <sip:evil.example;lr>\r\n"
      "P-Visited-Network-ID: \"evil\"\r\n"
      "WWW-Authenticate: Digest realm=\"evil\"\r\n"
      "Authentication-Info: qop=evil\r\n"
      "Service-Route: <sip:evil.example;lr>\r\n");

  for (std::string_view name : {"Route", "Record-Route", "Service-Route",
                                "WWW-Authenticate", "Authentication-Info"}) {
    EXPECT_FALSE(sent.Has(name)) << name;
  }
  EXPECT_EQ(sent.Values("Path"),
            Strings{"<sip:t.AAAAB2kQ9mXw4rYpZ0sT@pcscf1.ims.example.com:5060"
                    ";lr>"});
  EXPECT_EQ(sent.Values("P-Visited-Network-ID"),
            Strings{"\"ims.example.com\""});
}

// Conformance: REG-07
TEST(RewriteRegister, ChargesEachRegisterAnew) {
  slow::Message one = Registered("P-Charging-Vector: icid-value=evil\r\n",
                                 {.icid = 0x65f0c2a400000001});
  slow::Message two = Registered("", {.icid = 0x65f0c2a400000002});

  EXPECT_EQ(one.Values("P-Charging-Vector"),
            Strings{"icid-value=\"p1-65f0c2a4-00000001\";"
                    "icid-generated-at=192.0.2.10;"
                    "orig-ioi=\"Type 1ims.example.com\""});
  EXPECT_NE(one.Values("P-Charging-Vector"), two.Values("P-Charging-Vector"));
}

constexpr std::string_view kDigest =
    "Authorization: Digest username=\"a@b\",\r\n\tNonce = \"x,y\" ,qop=auth, "
    "response=\"ff\"\r\n";

// Conformance: SEC-17, SEC-30
TEST(RewriteRegister, WritesTheValueBehindUntouchedParameters) {
  for (auto [value, text] : {std::pair(Integrity::kTlsPending, "tls-pending"),
                             std::pair(Integrity::kTlsYes, "tls-yes")}) {
    std::string sent =
        Rewriter().Register(Request("REGISTER", kDigest), {.integrity = value});

    const std::string expected =
        absl::StrCat(kDigest.substr(0, kDigest.size() - 2),
                     ", integrity-protected=\"", text, "\"\r\n");
    EXPECT_NE(sent.find(expected), std::string::npos) << sent;
  }
}

// Conformance: SEC-06, SEC-07
TEST(RewriteRegister, WritesNoValueWhenThereIsNone) {
  std::string sent = Rewriter().Register(Request("REGISTER", kDigest),
                                         {.received_on = sip::Transport::kTcp});

  EXPECT_EQ(sent.find("integrity-protected"), std::string::npos);
  EXPECT_NE(sent.find(kDigest), std::string::npos);
}

// Conformance: SEC-04, SEC-17
TEST(RewriteRegister, WritesTheValueIntoTheSelectedRowOnly) {
  slow::Message sent = Registered(
      "Authorization: Digest username=\"x\", realm=\"elsewhere\", "
      "integrity-protected=\"yes\"\r\n"
      "Authorization: Digest username=\"a\", realm=\"home\"\r\n"
      "Proxy-Authorization: Digest username=\"x\", integrity-protected=no\r\n",
      {.integrity = Integrity::kTlsYes, .credentials_row = 1});

  EXPECT_EQ(sent.Values("Authorization"),
            (Strings{"Digest username=\"x\", realm=\"elsewhere\"",
                     "Digest username=\"a\", realm=\"home\", "
                     "integrity-protected=\"tls-yes\""}));
  EXPECT_EQ(sent.Values("Proxy-Authorization"),
            Strings{"Digest username=\"x\""});
}

// Conformance: REG-08, REG-09
TEST(RewriteRegister, PutsTheNetworksAccessInfoBehindTheUes) {
  EXPECT_EQ(slow::List(Registered("P-Access-Network-Info: a, "
                                  "b;network-provided, c\r\n"),
                       "P-Access-Network-Info"),
            (Strings{"a", "c", "IEEE-802.11;network-provided"}));
}

// Conformance: REG-29
TEST(RewriteRegister, NeverTouchesContact) {
  const std::string contact =
      "m : \"A, B\"<sip:alice@192.168.1.10;ob>;EXPIRES=7 ,\r\n <sip:x@y>\r\n";

  std::string sent = Rewriter().Register(Request("REGISTER", contact));

  EXPECT_NE(sent.find(contact), std::string::npos);
}

// ------------------------------------------------- response to REGISTER

// Conformance: REG-13, REG-14, REG-15
TEST(RewriteRegisterResponse, OffersOurListOnlyToWhomItBelongs) {
  const std::string plain = Response("401 Unauthorized", "");
  const std::string with = Response(
      "401 Unauthorized",
      "Security-Server: ipsec-3gpp;q=0.99\r\nsecurity-server: tls\r\n");
  for (const std::string& response : {plain, with}) {
    Rewriter rewriter;
    EXPECT_EQ(slow::Read(rewriter.RegisterResponse(response, true))
                  .Values("Security-Server"),
              Strings{"tls;q=0.9"});
    EXPECT_EQ(slow::Read(rewriter.RegisterResponse(response, false))
                  .Values("Security-Server"),
              Strings{});
  }
}

// Conformance: REG-16, REG-19, REG-20, REG-25
TEST(RewriteRegisterResponse, PassesTheRegistrarsWordsOn) {
  const std::string kept =
      "WWW-Authenticate: Digest realm=\"a\", algorithm=SHA-256\r\n"
      "WWW-Authenticate: Digest realm=\"a\", algorithm=MD5\r\n"
      "Authentication-Info: qop=auth , rspauth=\"0\"\r\n"
      "Service-Route: <sip:a;lr>,<sip:b;lr>\r\n"
      "P-Associated-URI: \"A\" <sip:a@b> , <tel:+1>\r\n"
      "Path: <sip:x;lr>\r\n"
      "Min-Expires: 600\r\n"
      "Feature-Caps: *;+g.3gpp\r\n";
  const std::string dropped =
      "P-Charging-Vector: icid-value=x;term-ioi=\"h\"\r\n"
      "P-Charging-Function-Addresses: ccf=x\r\n"
      "P-Asserted-Identity: <sip:x>\r\n"
      "P-Visited-Network-ID: x\r\n"
      "P-User-Database: <aaa://x>\r\n"
      "Restoration-Info: x\r\n";

  std::string sent = Rewriter().RegisterResponse(
      Response("423 Interval Too Brief", absl::StrCat(dropped, kept)));

  EXPECT_EQ(sent, absl::StrReplaceAll(
                      Response("423 Interval Too Brief", kept),
                      {{"Via: SIP/2.0/TCP pcscf1.ims.example.com:5060;"
                        "branch=z9hG4bKours\r\n",
                        ""}}));
}

// ------------------------------------------------- requests, UE to core

// Conformance: ORIG-02, ORIG-05, ORIG-06, ORIG-19
TEST(RewriteOriginating, AssertsWhatItWasGiven) {
  const std::string claims =
      "P-Preferred-Identity: <sip:evil@x>\r\n"
      "P-Asserted-Identity: <sip:evil@x>, <tel:+666>\r\n"
      "p-asserted-identity : <sip:evil@x>\r\n";

  slow::Message sent =
      Originated(claims, {.asserted = {"\"A\" <sip:a@b>", "<tel:+1>"}});

  EXPECT_EQ(sent.Values("P-Asserted-Identity"),
            (Strings{"\"A\" <sip:a@b>", "<tel:+1>"}));
  EXPECT_FALSE(sent.Has("P-Preferred-Identity"));
}

// Conformance: ORIG-17
TEST(RewriteOriginating, AssertsDespitePrivacy) {
  slow::Message sent = Originated("Privacy: id\r\n");

  EXPECT_EQ(sent.Values("Privacy"), Strings{"id"});
  EXPECT_TRUE(sent.Has("P-Asserted-Identity"));
}

// Conformance: ORIG-12, ORIG-13, ORIG-20
TEST(RewriteOriginating, ChargesAndEndsTheAgreement) {
  slow::Message sent = Originated(
      "P-Charging-Vector: icid-value=evil;orig-ioi=evil\r\n"
      "Require: sec-agree\r\nProxy-Require: sec-agree\r\n"
      "Supported: sec-agree\r\nSecurity-Verify: tls;q=0.9\r\n"
      "Proxy-Authorization: Digest username=\"a\" ,nonce=\"n\"\r\n");

  EXPECT_EQ(sent.Values("P-Charging-Vector"),
            Strings{"icid-value=\"p1-65f0c2a4-0000002b\";"
                    "icid-generated-at=192.0.2.10;"
                    "orig-ioi=\"Type 1ims.example.com\""});
  EXPECT_FALSE(sent.Has("Require"));
  EXPECT_FALSE(sent.Has("Proxy-Require"));
  EXPECT_FALSE(sent.Has("Security-Verify"));
  EXPECT_EQ(sent.Values("Supported"), Strings{"sec-agree"});
  EXPECT_EQ(sent.Values("Proxy-Authorization"),
            Strings{"Digest username=\"a\" ,nonce=\"n\""});
}

struct RouteCase {
  std::string_view sentence;
  std::string_view lines;
  bool replace;
  Strings routes;
};
const RouteCase kRoutes[] = {
    {"a missing list is put in", "", true, {"<sip:s1;lr>", "<sip:s2;lr>"}},
    {"a foreign list is replaced",
     "Route: <sip:pcscf1.ims.example.com:5061;lr>, <sip:evil;lr>\r\n"
     "Route: <sip:evil2;lr>\r\n",
     true,
     {"<sip:s1;lr>", "<sip:s2;lr>"}},
    {"our own goes, the rest stays",
     "Route: <sip:pcscf1.ims.example.com:5061;transport=tls;lr>\r\n"
     "Route: <sip:s1;lr> , <sip:s2;lr>\r\n",
     false,
     {"<sip:s1;lr>", "<sip:s2;lr>"}},
    {"both of a double Record-Route go",
     "Route: <sip:r.AAAA@pcscf1.ims.example.com:5061;transport=tls;lr>,"
     "<sip:r.AAAA@pcscf1.ims.example.com:5060;lr>,<sip:s1;lr>\r\n",
     false,
     {"<sip:s1;lr>"}},
    {"ours further down stays",
     "Route: <sip:s1;lr>, <sip:pcscf1.ims.example.com:5060;lr>\r\n",
     false,
     {"<sip:s1;lr>", "<sip:pcscf1.ims.example.com:5060;lr>"}},
    {"nothing but ours",
     "Route: <sip:198.51.100.10:5061;transport=tls;lr>\r\n",
     false,
     {}},
};
// Conformance: ORIG-08, ORIG-09
TEST(RewriteOriginating, LeavesAlongTheServiceRoute) {
  for (const RouteCase& c : kRoutes) {
    slow::Message sent =
        Originated(c.lines, {.service_routes = {"<sip:s1;lr>", "<sip:s2;lr>"},
                             .replace_routes = c.replace});
    EXPECT_EQ(slow::List(sent, "Route"), c.routes) << c.sentence;
  }
}

// Conformance: ORIG-11, ORIG-18, REG-11
TEST(RewriteOriginating, RecordRoutesWhatMayFormADialog) {
  const Strings both = {
      "<sip:r.AAAAB2kQ9mXw4rYpZ0sT@pcscf1.ims.example.com:5060;lr>",
      "<sip:r.AAAAB2kQ9mXw4rYpZ0sT@pcscf1.ims.example.com:5063;transport=tls;"
      "lr>"};
  const Journey journey = {.protected_port = 5063};
  for (std::string_view method :
       {"INVITE", "SUBSCRIBE", "REFER", "NOTIFY", "UPDATE", "NEWMETHOD"}) {
    EXPECT_EQ(slow::List(Originated("", journey, method), "Record-Route"), both)
        << method;
  }
  for (std::string_view method : {"MESSAGE", "OPTIONS", "ACK", "BYE", "PRACK",
                                  "INFO", "PUBLISH", "CANCEL"}) {
    EXPECT_FALSE(Originated("", journey, method).Has("Record-Route")) << method;
  }
  EXPECT_FALSE(Registered("").Has("Record-Route"));
}

TEST(RewriteOriginating, PutsItsRecordRoutesOnTop) {
  Strings routes =
      slow::List(Originated("Record-Route: <sip:before;lr>\r\n", {}, "INVITE"),
                 "Record-Route");

  ASSERT_EQ(routes.size(), 3u);
  EXPECT_EQ(routes[2], "<sip:before;lr>");
}

// Conformance: PROXY-29
TEST(RewriteOriginating, AnswersSipsWithSips) {
  const std::string request = Request("INVITE", "", "sips:bob@ims.example.net");

  Strings routes =
      slow::List(slow::Read(Rewriter().Originating(request)), "Record-Route");

  EXPECT_EQ(routes,
            (Strings{"<sips:r.AAAAB2kQ9mXw4rYpZ0sT@pcscf1.ims.example.com:5060"
                     ";lr>",
                     "<sips:r.AAAAB2kQ9mXw4rYpZ0sT@pcscf1.ims.example.com:5061"
                     ";lr>"}));
}

TEST(RewriteOriginating, AddsNoPHeadersToAck) {
  slow::Message sent = Originated("", {}, "ACK");

  for (std::string_view name :
       {"P-Asserted-Identity", "P-Charging-Vector", "P-Access-Network-Info"}) {
    EXPECT_FALSE(sent.Has(name)) << name;
  }
}

struct CheckCase {
  std::string_view sentence;
  std::string_view lines;
  bool equal;
  bool malformed;
  std::string_view token;
};
constexpr CheckCase kChecks[] = {
    {"equal", "Route: <sip:s1;lr>, <sip:s2;lr>\r\n", true, false, ""},
    {"equal behind ours",
     "Route: <sip:r.AA@pcscf1.ims.example.com:5061;transport=tls;lr>\r\n"
     "Route: <sip:s1;lr>,<sip:s2;lr>\r\n",
     true, false, "r.AA"},
    {"equal in another case", "Route: <SIP:S1;LR>, <sip:s2;lr>\r\n", true,
     false, ""},
    {"none", "", false, false, ""},
    {"only ours", "Route: <sip:pcscf1.ims.example.com:5061;lr>\r\n", false,
     false, ""},
    {"another order", "Route: <sip:s2;lr>, <sip:s1;lr>\r\n", false, false, ""},
    {"one short", "Route: <sip:s1;lr>\r\n", false, false, ""},
    {"one more", "Route: <sip:s1;lr>, <sip:s2;lr>, <sip:s3;lr>\r\n", false,
     false, ""},
    {"unreadable", "Route: <sip:s1;lr>, <sip:s2;lr\r\n", false, true, ""},
    {"no URI", "Route: <sip:s1;lr>, <>\r\n", false, true, ""},
};
// Conformance: ORIG-09
TEST(RewriteOriginating, ComparesTheRouteListUriByUri) {
  static sip::MessageView view;
  OwnNames own(ExampleConfig());
  const std::string_view stored[] = {"<sip:s1;lr>", "<sip:s2;lr>"};
  for (const CheckCase& c : kChecks) {
    const std::string request = Request("MESSAGE", c.lines);
    ASSERT_EQ(view.Scan(request), sip::ScanVerdict::kOk) << c.sentence;
    RouteCheck check = CheckRoutes(view, RequestParts(), own, 5061, stored);
    EXPECT_EQ(check.equal, c.equal) << c.sentence;
    EXPECT_EQ(check.malformed, c.malformed) << c.sentence;
    EXPECT_EQ(check.own_token, c.token) << c.sentence;
  }
}

// More values than the validation keeps.
TEST(RewriteOriginating, ComparesAlsoWhatIsReadLate) {
  static sip::MessageView view;
  OwnNames own(ExampleConfig());
  const std::string request = Request(
      "MESSAGE",
      "Route: <sip:r.AA@pcscf1.ims.example.com:5061;lr>, <sip:s1;lr>\r\n"
      "Route: <sip:s2;lr>,<sip:s3;lr>,<sip:s4;lr>,<sip:s5;lr>\r\n");
  RequestParts parts;
  const sip::ScanVerdict scan = view.Scan(request);
  ASSERT_FALSE(ValidateSyntax(view, scan, parts, sip::kDefaultLimits));
  ASSERT_EQ(parts.routes_read, parts.routes.size());
  std::vector<std::string_view> stored = {"<sip:s1;lr>", "<sip:s2;lr>",
                                          "<SIP:S3;lr>", "<sip:s4;lr>",
                                          "<SIP:S5;lr>"};

  const RouteCheck check = CheckRoutes(view, parts, own, 5061, stored);

  EXPECT_TRUE(check.equal);
  EXPECT_EQ(check.own_token, "r.AA");
  ASSERT_TRUE(check.next);
  EXPECT_EQ(check.next->host, "s1");
  EXPECT_EQ(TopOwnRouteUser(view, parts, own, 5061), "r.AA");
  stored.front() = "<SIP:s1;lr>";
  EXPECT_TRUE(CheckRoutes(view, parts, own, 5061, stored).equal);
  EXPECT_FALSE(CheckRoutes(view, parts, own, 5061, stored).next);
  stored.back() = "<sip:s6;lr>";
  EXPECT_FALSE(CheckRoutes(view, parts, own, 5061, stored).equal);
}

// A URI whose parameter stands twice, with two values, equals none.
TEST(RewriteOriginating, KnowsAStoredRouteByItsOctets) {
  static sip::MessageView view;
  OwnNames own(ExampleConfig());
  for (const auto& [route, equal] : std::vector<std::pair<std::string, bool>>{
           {"<sip:s1>", true},
           {"<sip:s1;lr>", true},
           {"\"A\" <sip:u@s1:5070;lr;a=1>", true},
           {"<tel:+1-2;phone-context=a;b=1>", true},
           {"<sip:s1;lr;a=1;a=1>", true},
           {"<sip:s1;lr;a=1;a=2>", false}}) {
    const std::string_view stored[] = {route};
    const std::string request =
        Request("MESSAGE", absl::StrCat("Route: ", route, "\r\n"));
    ASSERT_EQ(view.Scan(request), sip::ScanVerdict::kOk);

    EXPECT_EQ(CheckRoutes(view, RequestParts(), own, 5061, stored).equal, equal)
        << route;
  }
}

// ------------------------------------------------- requests, core to UE

// Conformance: TERM-03, TERM-04
TEST(RewriteTerminating, TakesOurRouteAndShowsTheProtectedPort) {
  slow::Message sent = Terminated(
      "Route: <sip:t.AA@pcscf1.ims.example.com:5060;lr>, <sip:x;lr>\r\n"
      "Record-Route: <sip:scscf;lr>\r\n",
      "INVITE", "sip:alice@192.168.1.10:5062;transport=tls");

  EXPECT_EQ(sent.start_line,
            "INVITE sip:alice@192.168.1.10:5062;transport=tls SIP/2.0");
  EXPECT_EQ(slow::List(sent, "Route"), Strings{"<sip:x;lr>"});
  EXPECT_EQ(slow::List(sent, "Record-Route"),
            (Strings{"<sip:r.AAAAB2kQ9mXw4rYpZ0sT@pcscf1.ims.example.com:5061;"
                     "transport=tls;lr>",
                     "<sip:r.AAAAB2kQ9mXw4rYpZ0sT@pcscf1.ims.example.com:5060;"
                     "lr>",
                     "<sip:scscf;lr>"}));
  EXPECT_EQ(slow::List(sent, "Via").at(0),
            "SIP/2.0/TLS pcscf1.ims.example.com:5061;"
            "branch=z9hG4bKp1.6c9e02d4b7");
}

// Conformance: TERM-05, TERM-06
TEST(RewriteTerminating, ShowsTheUeWhoCallsUnlessPrivate) {
  const std::string lines =
      "P-Asserted-Identity: <sip:bob@x>\r\n"
      "P-Called-Party-ID: <sip:alice@x>\r\n"
      "P-Charging-Vector: icid-value=x\r\n"
      "P-Charging-Function-Addresses: ccf=x\r\n";

  slow::Message open = Terminated(lines);
  EXPECT_TRUE(open.Has("P-Asserted-Identity"));
  EXPECT_TRUE(open.Has("P-Called-Party-ID"));
  EXPECT_FALSE(open.Has("P-Charging-Vector"));
  EXPECT_FALSE(open.Has("P-Charging-Function-Addresses"));

  slow::Message hidden = Terminated(absl::StrCat(lines, "Privacy: id\r\n"));
  EXPECT_FALSE(hidden.Has("P-Asserted-Identity"));
  EXPECT_TRUE(hidden.Has("Privacy"));
}

TEST(RewriteTerminating, MayHideTheIdentityAlways) {
  EdgeConfig config = ExampleConfig();
  config.strip_pai_always = true;
  const std::string lines = "P-Asserted-Identity: <sip:bob@x>\r\n";

  Rewriter rewriter(config);
  EXPECT_FALSE(slow::Read(rewriter.Terminating(Request("MESSAGE", lines)))
                   .Has("P-Asserted-Identity"));
  EXPECT_FALSE(slow::Read(rewriter.ResponseToUe(Response("200 OK", lines)))
                   .Has("P-Asserted-Identity"));
}

TEST(RewriteTerminating, KeepsTheAgreementTagsOfTheCore) {
  EXPECT_EQ(slow::List(Terminated("Require: sec-agree\r\n"), "Require"),
            Strings{"sec-agree"});
}

TEST(RewriteTerminating, FindsTheTokenInTheTopRoute) {
  static sip::MessageView view;
  OwnNames own(ExampleConfig());
  for (auto [lines, user] :
       {std::pair("Route: <sip:t.AA@pcscf1.ims.example.com:5060;lr>\r\n",
                  "t.AA"),
        std::pair("Route: <sip:x@other;lr>, "
                  "<sip:t.AA@pcscf1.ims.example.com:5060;lr>\r\n",
                  ""),
        std::pair("", ""), std::pair("Route: <sip:t.AA@pcscf1", "")}) {
    const std::string request = Request("MESSAGE", lines);
    (void)view.Scan(request);
    EXPECT_EQ(TopOwnRouteUser(view, RequestParts(), own, 5060), user) << lines;
  }
}

// ------------------------------------------------------------- responses

// Conformance: TERM-07, TERM-08
TEST(RewriteResponseToCore, SaysWhoAnswers) {
  const SavedCharging saved = {.called_party = "<sip:alice@ims.example.com>",
                               .icid = "\"n2-7711\"",
                               .orig_ioi = "\"Type 1home.example.com\""};
  const std::string claims =
      "P-Asserted-Identity: <sip:evil>\r\n"
      "P-Preferred-Identity: <sip:evil>\r\n"
      "P-Charging-Vector: icid-value=evil\r\n";
  for (std::string_view status : {"180 Ringing", "200 OK", "202 Accepted"}) {
    slow::Message sent =
        slow::Read(Rewriter().ResponseToCore(Response(status, claims), saved));
    EXPECT_EQ(sent.Values("P-Asserted-Identity"),
              Strings{"<sip:alice@ims.example.com>"});
    EXPECT_EQ(sent.Values("P-Charging-Vector"),
              Strings{"icid-value=\"n2-7711\";"
                      "orig-ioi=\"Type 1home.example.com\";"
                      "term-ioi=\"Type 1ims.example.com\""});
    EXPECT_FALSE(sent.Has("P-Preferred-Identity"));
    EXPECT_EQ(sent.Values("P-Access-Network-Info"),
              Strings{"IEEE-802.11;network-provided"});
  }
}

TEST(RewriteResponseToCore, AssertsNothingInARefusal) {
  slow::Message sent = slow::Read(Rewriter().ResponseToCore(
      Response("486 Busy Here", "P-Asserted-Identity: <sip:evil>\r\n"),
      {.called_party = "<sip:a>", .icid = "x", .orig_ioi = ""}));

  EXPECT_FALSE(sent.Has("P-Asserted-Identity"));
  EXPECT_FALSE(sent.Has("P-Charging-Vector"));
}

TEST(RewriteResponseToCore, SaysNothingThatTheRequestDidNotBring) {
  slow::Message sent =
      slow::Read(Rewriter().ResponseToCore(Response("200 OK", "")));

  EXPECT_FALSE(sent.Has("P-Asserted-Identity"));
  EXPECT_FALSE(sent.Has("P-Charging-Vector"));
}

TEST(Rewrite, ReadsWhatTheRequestLeftBehind) {
  static sip::MessageView view;
  const std::string request = Request(
      "MESSAGE",
      "P-Called-Party-ID: \"A\" <sip:a@b>;x=y\r\n"
      "P-Charging-Vector: ICID-Value = \"a;b\\\";c\" ;icid-generated-at=h;"
      "orig-ioi=\"Type 1h\"\r\n");
  ASSERT_EQ(view.Scan(request), sip::ScanVerdict::kOk);

  SavedCharging saved = ReadCharging(view);

  EXPECT_EQ(saved.called_party, "\"A\" <sip:a@b>;x=y");
  EXPECT_EQ(saved.icid, "\"a;b\\\";c\"");
  EXPECT_EQ(saved.orig_ioi, "\"Type 1h\"");
  EXPECT_EQ(ChargingParam(view, "term-ioi"), "");
}

// Octet by octet, as RFC 3261 25.1 has quoted strings.
std::string_view PlainParam(std::string_view text, std::string_view name) {
  bool quoted = false;
  size_t begin = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && quoted && text[i] == '\\') {
      ++i;
      continue;
    }
    if (i < text.size() && text[i] == '"') quoted = !quoted;
    if (i < text.size() && (quoted || text[i] != ';')) continue;
    const std::string_view param = text.substr(begin, i - begin);
    begin = i + 1;
    const size_t equals = param.find('=');
    if (equals == std::string_view::npos) continue;
    if (slow::Lower(sip::TrimLws(param.substr(0, equals))) == name) {
      return sip::TrimLws(param.substr(equals + 1));
    }
  }
  return {};
}

TEST(Rewrite, ReadsChargingAsAPlainReaderDoes) {
  static sip::MessageView view;
  constexpr std::string_view kPieces[] = {
      "icid-value", "orig-ioi", "ICID-Value", "x",  "=",  "=", "=",
      ";",          ";",        "\"",         "\"", "\\", " ", "\t"};
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string value = "x";
    for (auto n = random() % 24; n > 0; --n) {
      value += kPieces[random() % std::size(kPieces)];
    }
    const std::string request =
        Request("MESSAGE", absl::StrCat("P-Charging-Vector: ", value, "\r\n"));
    ASSERT_EQ(view.Scan(request), sip::ScanVerdict::kOk);
    const std::string_view text = view.Value(sip::HeaderId::kPChargingVector);

    const SavedCharging saved = ReadCharging(view);

    EXPECT_EQ(saved.icid, PlainParam(text, "icid-value")) << value;
    EXPECT_EQ(saved.orig_ioi, PlainParam(text, "orig-ioi")) << value;
    EXPECT_EQ(ChargingParam(view, "x"), PlainParam(text, "x")) << value;
  }
}

// Conformance: ORIG-16, TERM-06
TEST(RewriteResponseToUe, DropsWhatEndsHere) {
  slow::Message sent = slow::Read(Rewriter().ResponseToUe(Response(
      "200 OK",
      "P-Charging-Vector: icid-value=x\r\n"
      "P-Charging-Function-Addresses: ccf=x\r\nPath: <sip:x>\r\n"
      "Service-Route: <sip:x>\r\nP-Associated-URI: <sip:x>\r\n"
      "P-Called-Party-ID: <sip:x>\r\nP-Asserted-Identity: <sip:bob@x>\r\n"
      "Reason: Q.850;cause=16\r\n")));

  EXPECT_EQ(sent.rows.size(), 8u);
  EXPECT_TRUE(sent.Has("P-Asserted-Identity"));
  EXPECT_TRUE(sent.Has("Reason"));
}

TEST(RewriteResponseToUe, TakesOurViaOutOfWhateverRowItStandsIn) {
  constexpr std::string_view kOurs = "SIP/2.0/TCP edge;branch=z9hG4bKours";
  constexpr std::string_view kNext = "SIP/2.0/TLS ue;branch=z9hG4bKa";
  const std::string response = Response("200 OK", "");
  const size_t begin = response.find("Via: ");
  const size_t end = response.find("From: ");
  for (const std::string& rows :
       {absl::StrCat("Via: ", kOurs, "\r\nVia: ", kNext, "\r\n"),
        absl::StrCat("v:", kOurs, "\r\n \r\nVia: ", kNext, "\r\n"),
        absl::StrCat("Via:\r\nVia: ", kOurs, "\r\nVia: ", kNext, "\r\n"),
        absl::StrCat("Via: ", kOurs, ", ", kNext, "\r\n"),
        absl::StrCat("Via: ", kOurs, ",\r\nVia: ", kNext, "\r\n"),
        absl::StrCat("Via: ,", kOurs, "\r\nVia: ", kNext, "\r\n"),
        absl::StrCat("Via: ,\r\nVia: ", kOurs, "\r\nVia: ", kNext, "\r\n")}) {
    std::string changed = response;
    changed.replace(begin, end - begin, rows);
    Strings left =
        slow::List(slow::Read(Rewriter().ResponseToUe(changed)), "Via");
    std::erase(left, "");
    EXPECT_EQ(left, Strings{std::string(kNext)}) << rows;
  }
}

}  // namespace
}  // namespace sallyport::routing
