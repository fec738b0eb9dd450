#include "core/routing/trust.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/routing/slow_reader.h"
#include "core/sip/digest.h"
#include "core/sip/header_names.h"
#include "core/sip/message.h"
#include "core/sip/splice.h"
#include "gtest/gtest.h"

namespace sallyport::routing {
namespace {

constexpr std::string_view kRequestLine = "MESSAGE sip:b SIP/2.0\r\n";
constexpr std::string_view kStatusLine = "SIP/2.0 183 Progress\r\n";

enum class From { kUe, kCore, kCoreHidingIdentity };

// The header lines that are left of `lines`.
std::string Strip(std::string_view start_line, std::string_view lines,
                  From from) {
  static sip::MessageView view;
  const std::string text = absl::StrCat(start_line, lines, "\r\n");
  EXPECT_EQ(view.Scan(text), sip::ScanVerdict::kOk) << text;
  auto out = std::make_unique<sip::SpliceList>();
  out->Reset(text);
  if (from == From::kUe) {
    StripFromUe(view, *out);
  } else {
    StripTowardsUe(view, from == From::kCoreHidingIdentity, *out);
  }
  out->Seal();
  EXPECT_FALSE(out->overflowed());
  std::string left(out->gathered_size(), '\0');
  out->Gather(left.data());
  return left.substr(start_line.size(), left.size() - start_line.size() - 2);
}
std::string FromUe(std::string_view lines) {
  return Strip(kRequestLine, lines, From::kUe);
}
std::string ToUe(std::string_view lines) {
  return Strip(kRequestLine, lines, From::kCore);
}

// ------------------------------------------------------ the lists

bool Contains(std::span<const sip::HeaderId> ids, std::string_view name) {
  return std::ranges::find(ids, sip::HeaderIdOf(name)) != ids.end();
}

// Spec 9.1, by name.
// Conformance: TRUST-01
TEST(Trust, TheListFromTheUeHoldsSpec91) {
  for (std::string_view name : {"P-Asserted-Identity",
                                "P-Charging-Vector",
                                "P-Charging-Function-Addresses",
                                "P-Visited-Network-ID",
                                "P-Associated-URI",
                                "Service-Route",
                                "Path",
                                "P-Called-Party-ID",
                                "P-Served-User",
                                "P-Profile-Key",
                                "P-Asserted-Service",
                                "P-User-Database",
                                "P-Media-Authorization",
                                "P-Private-Network-Indication",
                                "Security-Server",
                                "Feature-Caps",
                                "Resource-Priority",
                                "History-Info",
                                "Restoration-Info",
                                "Relayed-Charge",
                                "Service-Interact-Info",
                                "Response-Source",
                                "Attestation-Info",
                                "Origination-Id",
                                "Cellular-Network-Info",
                                "Additional-Identity"}) {
    EXPECT_TRUE(Contains(RemovedFromUe(), name)) << name;
  }
}

// Spec 9.2 and 3.3, by name.
// Conformance: TRUST-02
TEST(Trust, TheListTowardsTheUeHoldsSpec92) {
  for (std::string_view name :
       {"P-Charging-Vector",     "P-Charging-Function-Addresses",
        "P-Visited-Network-ID",  "P-User-Database",
        "P-Served-User",         "P-Profile-Key",
        "P-Asserted-Service",    "P-Access-Network-Info",
        "Restoration-Info",      "P-Private-Network-Indication",
        "Relayed-Charge",        "Service-Interact-Info",
        "Attestation-Info",      "Origination-Id",
        "Security-Client",       "Security-Verify",
        "Security-Server",       "P-Preferred-Identity",
        "P-Media-Authorization", "Resource-Priority",
        "Response-Source",       "Cellular-Network-Info"}) {
    EXPECT_TRUE(Contains(RemovedTowardsUe(), name)) << name;
  }
}

// Spec 3.3: what a list must not hold.
// Conformance: TRUST-04
TEST(Trust, KeepsFeatureCapsAndHistoryTowardsTheUe) {
  const std::string lines = "Feature-Caps: *;+g.x\r\nHistory-Info: <sip:a>\r\n";

  EXPECT_EQ(ToUe(lines), lines);
  EXPECT_EQ(FromUe(lines), "");
}

// ------------------------------------------------------ row by row

struct Row {
  std::string_view sentence;
  std::string_view lines;
  std::string_view left;
};

constexpr Row kAccessNetwork[] = {
    {"the UE's own stays", "P-Access-Network-Info: IEEE-802.11\r\n",
     "P-Access-Network-Info: IEEE-802.11\r\n"},
    {"the network's goes",
     "P-Access-Network-Info: IEEE-802.11;network-provided\r\n", ""},
    {"in any case, with space and fold",
     "p-access-network-info : IEEE-802.11 ;\r\n\tNETWORK-Provided \r\n", ""},
    {"with a value", "P-Access-Network-Info: a;network-provided=no\r\n", ""},
    {"instead of a type", "P-Access-Network-Info: network-provided\r\n", ""},
    {"in front of other parameters",
     "P-Access-Network-Info: a;network-provided;b=c\r\n", ""},
    {"behind a quoted comma and semicolon",
     "P-Access-Network-Info: a;b=\",;\";network-provided\r\n", ""},
    {"behind an escaped quote",
     "P-Access-Network-Info: \"a\\\"\";network-provided\r\n", ""},
    {"within quotes it is data",
     "P-Access-Network-Info: a;b=\";network-provided\"\r\n",
     "P-Access-Network-Info: a;b=\";network-provided\"\r\n"},
    {"as a value it is data", "P-Access-Network-Info: a;b=network-provided\r\n",
     "P-Access-Network-Info: a;b=network-provided\r\n"},
    {"only the member of a list goes",
     "P-Access-Network-Info: a, b;network-provided, c\r\n",
     "P-Access-Network-Info: a, c\r\n"},
    {"the first member goes",
     "P-Access-Network-Info: b;network-provided, c\r\n",
     "P-Access-Network-Info: c\r\n"},
    {"another row stays",
     "P-Access-Network-Info: a\r\nX: y\r\n"
     "P-Access-Network-Info: b;network-provided\r\n",
     "P-Access-Network-Info: a\r\nX: y\r\n"},
    {"an open quote hides nothing",
     "P-Access-Network-Info: a;b=\"c, d;network-provided\r\n", ""},
    {"a broken parameter hides nothing",
     "P-Access-Network-Info: a;;network-provided\r\n", ""},
};
// Conformance: REG-09, TRUST-03
TEST(Trust, TakesTheNetworksAccessInfoFromAUe) {
  for (const Row& row : kAccessNetwork) {
    EXPECT_EQ(FromUe(row.lines), row.left) << row.sentence;
  }
}

constexpr Row kEarlyMedia[] = {
    {"supported stays", "P-Early-Media: supported\r\n",
     "P-Early-Media: supported\r\n"},
    {"in any case", "P-Early-Media: Supported\r\n",
     "P-Early-Media: Supported\r\n"},
    {"the rest goes", "P-Early-Media: sendrecv\r\n", ""},
    {"out of a list", "P-Early-Media: sendrecv, supported, gated\r\n",
     "P-Early-Media: supported\r\n"},
    {"over rows", "p-early-media: supported\r\nP-EARLY-MEDIA: sendonly\r\n",
     "p-early-media: supported\r\n"},
};
// Conformance: TRUST-05
TEST(Trust, ReducesEarlyMediaToSupported) {
  for (const Row& row : kEarlyMedia) {
    EXPECT_EQ(FromUe(row.lines), row.left) << row.sentence;
  }
  EXPECT_EQ(Strip(kStatusLine, "P-Early-Media: supported\r\n", From::kUe), "");
  EXPECT_EQ(ToUe("P-Early-Media: sendrecv\r\n"), "P-Early-Media: sendrecv\r\n");
}

constexpr Row kGeolocation[] = {
    {"stays without it", "Geolocation: <cid:a@b>;inserted-by=x\r\n",
     "Geolocation: <cid:a@b>;inserted-by=x\r\n"},
    {"goes alone", "Geolocation: <cid:a@b>;loc-src=evil;x=y\r\n",
     "Geolocation: <cid:a@b>;x=y\r\n"},
    {"in any case, spaced, of each value",
     "Geolocation: <cid:a@b> ; LOC-SRC = evil, <cid:c@d>;loc-src=evil\r\n",
     "Geolocation: <cid:a@b> , <cid:c@d>\r\n"},
    {"twice", "Geolocation: <cid:a@b>;loc-src=evil;loc-src=evil\r\n",
     "Geolocation: <cid:a@b>\r\n"},
    {"unreadable goes whole", "Geolocation: <cid:a@b;loc-src=evil\r\n", ""},
    {"a broken parameter takes the row",
     "Geolocation: <cid:a@b>;;loc-src=evil\r\n", ""},
};
TEST(Trust, TakesTheSourceOfALocationFromAUe) {
  for (const Row& row : kGeolocation) {
    EXPECT_EQ(FromUe(row.lines), row.left) << row.sentence;
  }
  EXPECT_EQ(ToUe("Geolocation: <cid:a@b>;loc-src=c\r\n"),
            "Geolocation: <cid:a@b>;loc-src=c\r\n");
}

constexpr Row kIntegrity[] = {
    {"as the last parameter",
     "Digest username=\"a\", integrity-protected=\"tls-yes\"",
     "Digest username=\"a\""},
    {"as the first", "Digest integrity-protected=\"tls-yes\", username=\"a\"",
     "Digest username=\"a\""},
    {"in the middle", "Digest username=\"a\",integrity-protected=yes,nonce=n",
     "Digest username=\"a\",nonce=n"},
    {"in capitals", "Digest username=\"a\", INTEGRITY-PROTECTED=\"tls-yes\"",
     "Digest username=\"a\""},
    {"a token", "Digest username=\"a\", Integrity-Protected=tls-yes",
     "Digest username=\"a\""},
    {"without a value", "Digest username=\"a\", integrity-protected",
     "Digest username=\"a\""},
    {"spaces around the sign",
     "Digest username=\"a\", integrity-protected \t= \"tls-yes\"",
     "Digest username=\"a\""},
    {"a fold before the name",
     "Digest username=\"a\",\r\n integrity-protected=\"tls-yes\"",
     "Digest username=\"a\""},
    {"a fold at the sign",
     "Digest username=\"a\", integrity-protected\r\n =\r\n \"tls-yes\"",
     "Digest username=\"a\""},
    {"three times",
     "Digest integrity-protected=a, username=\"a\", integrity-protected, "
     "Integrity-protected=\"b\"",
     "Digest username=\"a\""},
    {"two in a row",
     "Digest username=\"a\", integrity-protected=a, integrity-protected=b, c=d",
     "Digest username=\"a\", c=d"},
    {"within quotes it is data",
     "Digest username=\"a\", opaque=\"x, integrity-protected=\\\"tls-yes\"",
     "Digest username=\"a\", opaque=\"x, integrity-protected=\\\"tls-yes\""},
    {"of another scheme", "Basic abc=d, integrity-protected=yes",
     "Basic abc=d"},
    {"a longer name is another",
     "Digest username=\"a\", integrity-protected2=b",
     "Digest username=\"a\", integrity-protected2=b"},
};
// Conformance: SEC-01, SEC-02, SEC-03, SEC-04, SEC-05, SEC-30
TEST(Trust, TakesTheIntegrityClaimOutOfEveryCredentials) {
  for (const Row& row : kIntegrity) {
    for (std::string_view name : {"Authorization", "Proxy-Authorization",
                                  "AUTHORIZATION ", "proxy-authorization"}) {
      const std::string claim = absl::StrCat(name, ": ", row.lines, "\r\n");
      const std::string left = absl::StrCat(name, ": ", row.left, "\r\n");
      EXPECT_EQ(FromUe(claim), left) << row.sentence;
      EXPECT_EQ(FromUe(absl::StrCat(claim, "X: y\r\n", claim)),
                absl::StrCat(left, "X: y\r\n", left))
          << row.sentence;
    }
  }
}

// Spec 4.2 rule 4: no byte of what we cannot parse goes on.
TEST(Trust, RemovesCredentialsThatItCannotRead) {
  for (std::string_view value :
       {"Digest username=\"a, integrity-protected=\"tls-yes\"",
        "Digest username=\"a\" integrity-protected=\"tls-yes\"",
        "Digest username=\"a\\\", integrity-protected=tls-yes"}) {
    EXPECT_EQ(FromUe(absl::StrCat("Proxy-Authorization: ", value, "\r\n")), "")
        << value;
  }
}

TEST(Trust, AppendsToTheSelectedCredentialsOnly) {
  static sip::MessageView view;
  const std::string text =
      "REGISTER sip:b SIP/2.0\r\n"
      "Authorization: Digest username=\"a\", integrity-protected=\"yes\"\r\n"
      "Authorization: Digest integrity-protected=\"no\", username=\"b\"\r\n"
      "\r\n";
  ASSERT_EQ(view.Scan(text), sip::ScanVerdict::kOk);
  auto out = std::make_unique<sip::SpliceList>();
  out->Reset(text);

  const sip::HeaderField* second =
      view.Next(view.Find(sip::HeaderId::kAuthorization));
  EXPECT_TRUE(StripCredentials(view, {.row = second},
                               "integrity-protected=\"tls-yes\"", *out));

  out->Seal();
  std::string left(out->gathered_size(), '\0');
  out->Gather(left.data());
  EXPECT_EQ(left,
            "REGISTER sip:b SIP/2.0\r\n"
            "Authorization: Digest username=\"a\"\r\n"
            "Authorization: Digest username=\"b\", "
            "integrity-protected=\"tls-yes\"\r\n"
            "\r\n");
}

std::string WithClaim(const sip::MessageView& view, bool unclaimed,
                      std::string_view parameter) {
  auto out = std::make_unique<sip::SpliceList>();
  out->Reset(view.bytes());
  EXPECT_TRUE(StripCredentials(
      view,
      {.row = view.Find(sip::HeaderId::kAuthorization), .unclaimed = unclaimed},
      parameter, *out));
  out->Seal();
  std::string left(out->gathered_size(), '\0');
  out->Gather(left.data());
  return left;
}

// What is known of a row changes how it is edited, not what becomes of it.
TEST(Trust, UnclaimedCredentialsAreEditedWithoutALook) {
  static sip::MessageView view;
  for (std::string_view value :
       {"Digest username=\"a\"", "Digest username", "Digest a=b , c=",
        "Digest username=\"a\",\r\n realm=\"integrity-protected\""}) {
    const std::string text = absl::StrCat(
        "REGISTER sip:b SIP/2.0\r\nAuthorization: ", value,
        " \r\nAuthorization: Digest integrity-protected=yes, a=b\r\n\r\n");
    ASSERT_EQ(view.Scan(text), sip::ScanVerdict::kOk);
    ASSERT_TRUE(sip::ParseCredentials(value).unclaimed) << value;
    for (std::string_view parameter : {"", "integrity-protected=\"tls-yes\""}) {
      EXPECT_EQ(WithClaim(view, true, parameter),
                WithClaim(view, false, parameter))
          << value;
    }
  }
}

constexpr Row kChallenges[] = {
    {"nothing to hide",
     "WWW-Authenticate: Digest realm=\"a\", nonce=\"ck=1\"\r\n",
     "WWW-Authenticate: Digest realm=\"a\", nonce=\"ck=1\"\r\n"},
    {"all four names, in any case",
     "WWW-Authenticate: Digest realm=\"a\", ck=\"1\", IK=\"2\", "
     "Integrity-Key=\"3\", cipher-key=\"4\"\r\n",
     "WWW-Authenticate: Digest realm=\"a\"\r\n"},
    {"every row, in order",
     "WWW-Authenticate: Digest realm=\"a\", algorithm=SHA-256, ck=\"1\"\r\n"
     "WWW-Authenticate: Digest ik=\"1\", realm=\"a\", algorithm=MD5\r\n",
     "WWW-Authenticate: Digest realm=\"a\", algorithm=SHA-256\r\n"
     "WWW-Authenticate: Digest realm=\"a\", algorithm=MD5\r\n"},
    {"of a proxy too", "Proxy-Authenticate: Digest ck=\"1\", realm=\"a\"\r\n",
     "Proxy-Authenticate: Digest realm=\"a\"\r\n"},
};
// Conformance: REG-16
TEST(Trust, KeepsSessionKeysFromTheUe) {
  for (const Row& row : kChallenges) {
    EXPECT_EQ(Strip("SIP/2.0 401 Unauthorized\r\n", row.lines, From::kCore),
              row.left)
        << row.sentence;
  }
}

// ------------------------------------------------------ privacy

bool Wants(std::string_view lines, std::string_view value) {
  static sip::MessageView view;
  const std::string text = absl::StrCat(kRequestLine, lines, "\r\n");
  EXPECT_EQ(view.Scan(text), sip::ScanVerdict::kOk);
  return WantsPrivacy(view, value);
}

TEST(Trust, FindsAPrivacyValueAmongOthers) {
  EXPECT_TRUE(Wants("Privacy: id\r\n", "id"));
  EXPECT_TRUE(Wants("PRIVACY : header ; ID;critical\r\n", "id"));
  EXPECT_TRUE(Wants("Privacy: user\r\nPrivacy: header;\r\n id\r\n", "id"));
  EXPECT_TRUE(Wants("Privacy: user, id\r\n", "id"));
  EXPECT_FALSE(Wants("Privacy: idx;user\r\n", "id"));
  EXPECT_FALSE(Wants("Privacy: none\r\n", "id"));
  EXPECT_FALSE(Wants("X: id\r\n", "id"));
}

// Conformance: TERM-06
TEST(Trust, HidesTheAssertedIdentityWhenTold) {
  const std::string lines =
      "P-Asserted-Identity: <sip:a>\r\nPrivacy: id\r\n"
      "p-asserted-identity: <tel:+1>\r\n";

  EXPECT_EQ(Strip(kRequestLine, lines, From::kCoreHidingIdentity),
            "Privacy: id\r\n");
  EXPECT_EQ(ToUe(lines), lines);
}

TEST(Trust, HidesHistoryWhenPrivacyAsks) {
  EXPECT_EQ(ToUe("History-Info: <sip:a>\r\nPrivacy: history\r\n"),
            "Privacy: history\r\n");
}

}  // namespace
}  // namespace sallyport::routing
