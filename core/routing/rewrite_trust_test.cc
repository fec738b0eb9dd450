// The trust boundary over whole messages: every header field of spec 9.1
// and 9.2, in every disguise, in every kind of message. What is sent is judged
// by a reader that shares no line with core/sip.

#include <algorithm>
#include <cctype>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/routing/rewrite_fixture.h"
#include "core/routing/slow_reader.h"
#include "gtest/gtest.h"

namespace sallyport::routing {
namespace {

// A header field as an enemy would send it; every value says `evil`.
struct Forged {
  std::string_view name;
  std::string_view value;
  std::string_view second;  // another member of a list
};
constexpr Forged kFromUe[] = {
    {"P-Asserted-Identity", "<sip:evil@x>", "<tel:+1;evil>"},
    {"P-Preferred-Identity", "<sip:evil@x>", "<tel:+1;evil>"},
    {"P-Charging-Vector", "icid-value=evil", "icid-value=evil"},
    {"P-Charging-Function-Addresses", "ccf=evil", "ecf=evil"},
    {"P-Visited-Network-ID", "\"evil\"", "evil"},
    {"P-Associated-URI", "<sip:evil@x>", "<tel:+1;evil>"},
    {"Service-Route", "<sip:evil;lr>", "<sip:evil2;lr>"},
    {"Path", "<sip:evil;lr>", "<sip:evil2;lr>"},
    {"P-Called-Party-ID", "<sip:evil@x>", "<sip:evil2@x>"},
    {"P-Served-User", "<sip:evil@x>;sescase=orig", "<sip:evil2@x>"},
    {"P-Profile-Key", "<sip:evil@x>", "<sip:evil2@x>"},
    {"P-Asserted-Service", "urn:evil", "urn:evil2"},
    {"P-User-Database", "<aaa://evil>", "<aaa://evil2>"},
    {"P-Media-Authorization", "00evil", "01evil"},
    {"P-Private-Network-Indication", "evil", "evil2"},
    {"Security-Client", "evil", "evil2"},
    {"Security-Verify", "evil", "evil2"},
    {"Security-Server", "evil;q=1", "evil2"},
    {"Feature-Caps", "*;+g.evil", "*;+g.evil2"},
    {"Resource-Priority", "evil.1", "evil.2"},
    {"History-Info", "<sip:evil@x>;index=1", "<sip:evil@x>;index=1.1"},
    {"Restoration-Info", "evil", "evil2"},
    {"Relayed-Charge", "evil", "evil2"},
    {"Service-Interact-Info", "evil", "evil2"},
    {"Response-Source", "evil", "evil2"},
    {"Attestation-Info", "evil", "evil2"},
    {"Origination-Id", "evil", "evil2"},
    {"Cellular-Network-Info", "evil", "evil2"},
    {"Additional-Identity", "<sip:evil@x>", "<sip:evil2@x>"},
    {"P-Access-Network-Info", "evil;network-provided",
     "evil2;network-provided"},
};
constexpr Forged kTowardsUe[] = {
    {"P-Charging-Vector", "icid-value=evil", "icid-value=evil"},
    {"P-Charging-Function-Addresses", "ccf=evil", "ecf=evil"},
    {"P-Visited-Network-ID", "\"evil\"", "evil"},
    {"P-Preferred-Identity", "<sip:evil@x>", "<tel:+1;evil>"},
    {"P-User-Database", "<aaa://evil>", "<aaa://evil2>"},
    {"P-Served-User", "<sip:evil@x>;sescase=orig", "<sip:evil2@x>"},
    {"P-Profile-Key", "<sip:evil@x>", "<sip:evil2@x>"},
    {"P-Asserted-Service", "urn:evil", "urn:evil2"},
    {"P-Access-Network-Info", "evil", "evil2;network-provided"},
    {"P-Media-Authorization", "00evil", "01evil"},
    {"P-Private-Network-Indication", "evil", "evil2"},
    {"Resource-Priority", "evil.1", "evil.2"},
    {"Restoration-Info", "evil", "evil2"},
    {"Relayed-Charge", "evil", "evil2"},
    {"Service-Interact-Info", "evil", "evil2"},
    {"Response-Source", "evil", "evil2"},
    {"Attestation-Info", "evil", "evil2"},
    {"Origination-Id", "evil", "evil2"},
    {"Cellular-Network-Info", "evil", "evil2"},
    {"Security-Client", "evil", "evil2"},
    {"Security-Verify", "evil", "evil2"},
    {"Security-Server", "evil;q=1", "evil2"},
};

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return upper;
}
std::string Mixed(std::string_view text) {
  std::string mixed = slow::Lower(text);
  for (size_t i = 1; i < mixed.size(); i += 2) {
    mixed[i] =
        static_cast<char>(std::toupper(static_cast<unsigned char>(mixed[i])));
  }
  return mixed;
}

// A long gap of harmless fields between two occurrences.
std::string Gap() {
  std::string gap;
  for (int i = 0; i < 60; ++i) absl::StrAppend(&gap, "X-Gap: ", i, "\r\n");
  return gap;
}

struct Disguise {
  std::string_view name;
  std::function<std::string(const Forged&)> lines;
};
std::vector<Disguise> Disguises() {
  auto row = [](std::string_view name, std::string_view value) {
    return absl::StrCat(name, ": ", value, "\r\n");
  };
  return {
      {"plain", [=](const Forged& f) { return row(f.name, f.value); }},
      {"upper", [=](const Forged& f) { return row(Upper(f.name), f.value); }},
      {"lower",
       [=](const Forged& f) { return row(slow::Lower(f.name), f.value); }},
      {"mixed", [=](const Forged& f) { return row(Mixed(f.name), f.value); }},
      {"space before colon",
       [](const Forged& f) {
         return absl::StrCat(f.name, "  :", f.value, "\r\n");
       }},
      {"tab before colon",
       [](const Forged& f) {
         return absl::StrCat(f.name, "\t: ", f.value, "\r\n");
       }},
      {"folded before the value",
       [](const Forged& f) {
         return absl::StrCat(f.name, ":\r\n ", f.value, "\r\n");
       }},
      {"folded behind the value",
       [](const Forged& f) {
         return absl::StrCat(f.name, ": ", f.value, "\r\n ;x=evil\r\n\t \r\n");
       }},
      {"comma list",
       [](const Forged& f) {
         return absl::StrCat(f.name, ": ", f.value, ", ", f.second, "\r\n");
       }},
      {"comma list over a fold",
       [](const Forged& f) {
         return absl::StrCat(f.name, ": ", f.value, " ,\r\n ", f.second,
                             "\r\n");
       }},
      {"two rows",
       [=](const Forged& f) {
         return row(f.name, f.value) + row(slow::Lower(f.name), f.second);
       }},
      {"second occurrence after a gap",
       [=](const Forged& f) {
         return row(f.name, f.value) + Gap() + row(Mixed(f.name), f.second);
       }},
  };
}

// One kind of message and its way through.
struct Passage {
  std::string_view name;
  std::function<std::string(std::string_view lines)> send;
};

std::string Request(std::string_view method, std::string_view lines) {
  return absl::StrCat(
      method, " sip:ims.example.com SIP/2.0\r\n",
      "Via: SIP/2.0/TLS 192.168.1.10:5062;branch=z9hG4bKa\r\n",
      "X-First: kept\r\n", lines, "Max-Forwards: 70\r\n",
      "From: <sip:alice@ims.example.com>;tag=ue1\r\n",
      "To: <sip:alice@ims.example.com>\r\nCall-ID: c1@192.168.1.10\r\n",
      "CSeq: 7 ", method, "\r\nX-Last: kept\r\nContent-Length: 4\r\n\r\nbody");
}
std::string Response(std::string_view status, std::string_view lines) {
  return absl::StrCat(
      "SIP/2.0 ", status, "\r\n",
      "Via: SIP/2.0/TCP pcscf1.ims.example.com:5060;branch=z9hG4bKours\r\n",
      "Via: SIP/2.0/TLS 192.168.1.10:5062;branch=z9hG4bKa\r\n",
      "X-First: kept\r\n", lines,
      "From: <sip:alice@ims.example.com>;tag=ue1\r\n",
      "To: <sip:alice@ims.example.com>;tag=s1\r\nCall-ID: c1@192.168.1.10\r\n",
      "CSeq: 7 MESSAGE\r\nX-Last: kept\r\nContent-Length: 4\r\n\r\nbody");
}

std::vector<Passage> PassagesFromUe() {
  static Rewriter* rewriter = new Rewriter;
  std::vector<Passage> passages = {{"REGISTER", [](std::string_view lines) {
                                      return rewriter->Register(
                                          Request("REGISTER", lines));
                                    }}};
  for (std::string_view method : {"MESSAGE", "INVITE", "ACK", "NEWMETHOD"}) {
    passages.push_back({method, [method](std::string_view lines) {
                          return rewriter->Originating(Request(method, lines));
                        }});
  }
  for (std::string_view status :
       {"100 Trying", "183 Progress", "200 OK", "486 Busy Here"}) {
    passages.push_back({status, [status](std::string_view lines) {
                          return rewriter->ResponseToCore(
                              Response(status, lines));
                        }});
  }
  return passages;
}
std::vector<Passage> PassagesTowardsUe() {
  static Rewriter* rewriter = new Rewriter;
  std::vector<Passage> passages;
  for (std::string_view method : {"MESSAGE", "INVITE", "ACK", "NEWMETHOD"}) {
    passages.push_back({method, [method](std::string_view lines) {
                          return rewriter->Terminating(Request(method, lines));
                        }});
  }
  for (std::string_view status : {"183 Progress", "200 OK", "486 Busy Here"}) {
    passages.push_back({status, [status](std::string_view lines) {
                          return rewriter->ResponseToUe(
                              Response(status, lines));
                        }});
  }
  for (std::string_view status : {"200 OK", "401 Unauthorized"}) {
    passages.push_back({status, [status](std::string_view lines) {
                          return rewriter->RegisterResponse(
                              Response(status, lines));
                        }});
  }
  return passages;
}

void ExpectNoEvil(const Passage& passage, const Forged& forged,
                  const Disguise& disguise) {
  const std::string where =
      absl::StrCat(passage.name, ", ", forged.name, ", ", disguise.name);
  const std::string bare = passage.send("");
  const std::string lines = disguise.lines(forged);
  const std::string sent = passage.send(lines);
  ASSERT_NE(sent[0], '(') << where << ": " << sent;
  EXPECT_EQ(slow::Lower(sent).find("evil"), std::string::npos) << where << "\n"
                                                               << sent;
  // As many rows of this name as without the forgery: those of the proxy.
  slow::Message message = slow::Read(sent);
  EXPECT_EQ(message.Values(forged.name), slow::Read(bare).Values(forged.name))
      << where;
  // And nothing else is missing.
  EXPECT_EQ(message.Count("X-First"), 1u) << where;
  EXPECT_EQ(message.Count("X-Last"), 1u) << where;
  EXPECT_EQ(message.Count("X-Gap"),
            slow::Read(absl::StrCat("S\r\n", lines, "\r\n")).Count("X-Gap"))
      << where;
  EXPECT_EQ(message.body, "body") << where;
}

// Conformance: TRUST-01, TRUST-03, REG-06, REG-09, REG-10, ORIG-05
TEST(RewriteTrust, NothingThatOnlyTheNetworkMaySayComesFromAUe) {
  for (const Passage& passage : PassagesFromUe()) {
    for (const Forged& forged : kFromUe) {
      for (const Disguise& disguise : Disguises()) {
        ExpectNoEvil(passage, forged, disguise);
      }
    }
  }
}

// Three fields of which only a part is the network's (spec 3.3, 9.1).
// Conformance: TRUST-01, TRUST-03, TRUST-05, REG-09
TEST(RewriteTrust, OfPartialFieldsThePartOfTheUePasses) {
  constexpr std::string_view kLines =
      "GEOLOCATION :\r\n <cid:kept@a> ; Loc-Src=evil;x=y, <cid:kept@b>\r\n"
      "P-Early-Media: evil, supported\r\n"
      "p-access-network-info: kept1 , evil ;Network-Provided,\r\n\tkept2\r\n";
  for (const Passage& passage : PassagesFromUe()) {
    SCOPED_TRACE(passage.name);
    const std::string bare = passage.send("");
    for (const std::string& gap : {std::string(), Gap()}) {
      const std::string sent =
          passage.send(absl::StrCat("P-Access-Network-Info: kept0\r\n"
                                    "Geolocation: <cid:kept@0>\r\n",
                                    gap, kLines));
      EXPECT_EQ(slow::Lower(sent).find("evil"), std::string::npos) << sent;
      slow::Message message = slow::Read(sent);
      EXPECT_EQ(message.Count("Geolocation"), 2u);
      for (std::string_view kept :
           {"kept0", "kept1", "kept2", "kept@0", "kept@a", "kept@b", "x=y"}) {
        EXPECT_NE(sent.find(kept), std::string::npos) << kept;
      }
      const bool response = bare.starts_with("SIP/");
      EXPECT_EQ(message.Count("P-Early-Media"), response ? 0u : 1u);
    }
  }
  for (const Passage& passage : PassagesTowardsUe()) {
    SCOPED_TRACE(passage.name);
    const std::string sent = passage.send(
        "Geolocation: <cid:a@b>;loc-src=core\r\nP-Early-Media: sendrecv\r\n");
    EXPECT_NE(sent.find("loc-src=core"), std::string::npos);
    EXPECT_NE(sent.find("P-Early-Media: sendrecv\r\n"), std::string::npos);
  }
}

// Conformance: TRUST-02, TRUST-03, REG-15, REG-20, ORIG-16, TERM-05
TEST(RewriteTrust, NothingThatOnlyTheNetworkMayKnowReachesAUe) {
  for (const Passage& passage : PassagesTowardsUe()) {
    for (const Forged& forged : kTowardsUe) {
      for (const Disguise& disguise : Disguises()) {
        ExpectNoEvil(passage, forged, disguise);
      }
    }
  }
}

// ------------------------------------------------- integrity-protected

// The words out of quoted strings.
bool ClaimsIntegrity(std::string_view value) {
  std::string bare;
  bool quoted = false;
  for (size_t i = 0; i < value.size(); ++i) {
    if (quoted && value[i] == '\\') {
      ++i;
    } else if (value[i] == '"') {
      quoted = !quoted;
    } else if (!quoted) {
      bare.push_back(value[i]);
    }
  }
  return slow::Lower(bare).find("integrity-protected") != std::string::npos;
}

constexpr std::string_view kClaims[] = {
    "integrity-protected=\"tls-yes\"",
    "INTEGRITY-PROTECTED=\"tls-yes\"",
    "Integrity-Protected=tls-yes",
    "integrity-protected",
    "integrity-protected = \"yes\"",
    "integrity-protected\t=\tno",
    "\r\n integrity-protected=\"tls-yes\"",
    "integrity-protected\r\n =\r\n \"auth-done\"",
    "integrity-protected=\"\"",
    "integrity-protected=\"a\\\"b, c\"",
};
// `%` is where the claim stands.
constexpr std::string_view kPlaces[] = {
    "Digest %, username=\"a\", nonce=\"n\"",
    "Digest username=\"a\",%,nonce=\"n\"",
    "Digest username=\"a\", nonce=\"n\", %",
    "Digest %, username=\"a\", %, nonce=\"n\" ,%",
    "Other %, username=\"a\"",
    "Digest username=\"a\", opaque=\"integrity-protected=x\", %",
};
constexpr std::string_view kNames[] = {"Authorization", "AUTHORIZATION ",
                                       "Proxy-Authorization",
                                       "pRoXy-AuThOrIzAtIoN\t"};

std::string Claim(std::string_view name, std::string_view place,
                  std::string_view claim) {
  std::string line = absl::StrCat(name, ": ");
  for (char c : place) {
    if (c == '%') {
      absl::StrAppend(&line, claim);
    } else {
      line.push_back(c);
    }
  }
  return line + "\r\n";
}

void ExpectNoClaim(const Passage& passage, const std::string& lines) {
  const std::string sent = passage.send(lines);
  ASSERT_NE(sent[0], '(') << passage.name << "\n" << lines << sent;
  size_t rows = 0;
  for (const slow::Row& row : slow::Read(sent).rows) {
    if (!row.name.ends_with("authorization")) continue;
    ++rows;
    EXPECT_FALSE(ClaimsIntegrity(row.value)) << passage.name << "\n" << lines;
    EXPECT_NE(row.value.find("username=\"a\""), std::string::npos) << sent;
  }
  EXPECT_EQ(rows, slow::Read(absl::StrCat("S\r\n", lines, "\r\n")).rows.size())
      << lines;
}

// Conformance: SEC-01, SEC-02, SEC-03, SEC-04
TEST(RewriteTrust, NoClaimOfIntegrityEverComesFromAUe) {
  for (const Passage& passage : PassagesFromUe()) {
    for (std::string_view name : kNames) {
      for (std::string_view place : kPlaces) {
        for (std::string_view claim : kClaims) {
          const std::string line = Claim(name, place, claim);
          ExpectNoClaim(passage, line);
          ExpectNoClaim(passage, absl::StrCat(line, line));
        }
      }
    }
  }
}

// ------------------------------------------------------------- the law

// Rows that no table names, in every shape that the grammar allows.
constexpr std::string_view kStrange =
    "X-Unknown:value\r\n"
    "x-unknown : second ,  spaced\r\n"
    "X-Folded: a\r\n\tb\r\n  c\r\n"
    "X-Empty:\r\n"
    "X-Empty2: \r\n"
    "X-Trailing: space \t \r\n"
    "X-Quoted: \"P-Asserted-Identity: <sip:a>\\\"\", <a,b>\r\n"
    "X-Utf8: \xc3\xa9\xff\xfe\r\n"
    "P-Asserted-Identityx: not it\r\n"
    "P-Asserted: nor this\r\n"
    "m: <sip:a@b>;expires=1 , <sip:c@d>\r\n"
    "Event : reg\r\n"
    "Subject: integrity-protected=\"tls-yes\"\r\n"
    "c: application/x\r\n"
    "Reason: SIP;cause=200\r\n"
    "Accept: a/b,c/d\r\n"
    "Privacy: none\r\n"
    "Date: soon\r\n";

// Names that section 3 lets a passage change.
const std::set<std::string> kTouched = {"via",
                                        "max-forwards",
                                        "route",
                                        "record-route",
                                        "path",
                                        "require",
                                        "p-visited-network-id",
                                        "p-charging-vector",
                                        "p-access-network-info",
                                        "p-asserted-identity"};

std::vector<std::string> Untouched(const slow::Message& message) {
  std::vector<std::string> raws;
  for (const slow::Row& row : message.rows) {
    if (!kTouched.contains(row.name)) raws.push_back(row.raw);
  }
  return raws;
}

void ExpectLaw(const Passage& passage, const std::string& received) {
  slow::Message before = slow::Read(received);
  slow::Message after = slow::Read(passage.send(kStrange));
  EXPECT_EQ(after.start_line, before.start_line) << passage.name;
  EXPECT_EQ(Untouched(after), Untouched(before)) << passage.name;
  EXPECT_EQ(after.body, before.body) << passage.name;
}

// Conformance: PROXY-20, REG-29
TEST(RewriteTrust, WhatNoTableNamesPassesByteForByte) {
  std::vector<Passage> passages = PassagesFromUe();
  for (Passage& passage : PassagesTowardsUe()) passages.push_back(passage);
  for (const Passage& passage : passages) {
    const bool response = std::isdigit(passage.name[0]) != 0;
    ExpectLaw(passage, response ? Response(passage.name, kStrange)
                                : Request(passage.name, kStrange));
  }
}

}  // namespace
}  // namespace sallyport::routing
