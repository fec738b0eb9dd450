#include "core/sip/digest.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::sip {
namespace {

using Verdict = CredentialsView::Verdict;

std::string Shown(std::string_view params) {
  std::string out;
  AuthParamCursor cursor(params);
  while (cursor.Next()) {
    out += "[" + std::string(cursor.name());
    if (cursor.has_value()) out += "|" + std::string(cursor.value());
    out += "]";
  }
  return out + (cursor.malformed() ? "!" : "");
}

// Conformance: PARSE-05, PARSE-06
TEST(AuthParamCursor, Table) {
  const struct {
    std::string_view params, shown;
  } cases[] = {
      {"", ""},
      {"a=b", "[a|b]"},
      {"a=b, c=\"d, e=f\"", "[a|b][c|\"d, e=f\"]"},
      {" a\r\n =\r\n \"b\" \t,\r\n c ", "[a|\"b\"][c]"},
      {"a=\"x\\\", integrity-protected=\\\"y\"",
       "[a|\"x\\\", integrity-protected=\\\"y\"]"},
      {"a=,b=c", "[a|][b|c]"},
      {"uri=sip:a.b:5060, c=d", "[uri|sip:a.b:5060][c|d]"},
      {"dXNlcjpwYXNz+/==", "[dXNlcjpwYXNz+/]"},
      {"integrity-protected", "[integrity-protected]"},
      {"integrity-protected=", "[integrity-protected]"},
      {"a=\"b", "!"},
      {"a=\"b\\\"", "!"},
      {"a=\"b\" c=\"d\"", "!"},
      {"a=\"b\"c=\"d\"", "!"},
      {"a=b c=d", "!"},
      {"a=b\"c\"", "!"},
      {"a=b,", "!"},
      {"a=b,,c=d", "[a|b]!"},
      {",a=b", "!"},
      {"=b", "!"},
      {"a=b;c=d", "!"},
      {"a=b, \"c\"=d", "[a|b]!"},
  };
  for (const auto& row : cases) {
    EXPECT_EQ(Shown(row.params), row.shown) << row.params;
  }
}

TEST(ParseCredentials, SaysWhetherAnybodyClaims) {
  const struct {
    std::string_view value;
    bool unclaimed;
  } cases[] = {
      {"Digest username=\"a\"", true},
      {"Digest username=\"integrity-protected\"", true},
      {"Digest username=\"a, integrity-protected=yes\"", true},
      {"Digest a=b, integrity-protecteD", false},
      {"Digest Integrity-Protected=\"yes\", a=b", false},
      {"Digest integrity-protected =, a=b", false},
      // Nothing is said of what was not read as Digest.
      {"Digest", false},
      {"Digest a=b,", false},
      {"Digest nonce=a, nonce=b", false},
      {"Basic QWxh", false},
      {"", false},
  };
  for (const auto& row : cases) {
    EXPECT_EQ(ParseCredentials(row.value).unclaimed, row.unclaimed)
        << row.value;
  }
}

// Some readers end a quoted string at its first quote (docs/decisions/0008).
TEST(ParseCredentials, RefusesWhatOthersMayEndElsewhere) {
  for (const char* params :
       {"username=\"a\\\"b\"", "opaque=\"x\\\\\"",
        "username=\"u\", opaque=\"\\\", username=v, x=\\\"\""}) {
    const CredentialsView view =
        ParseCredentials(std::string("Digest ") + params);

    EXPECT_EQ(view.verdict, Verdict::kMalformed) << params;
  }
}

TEST(ParseCredentials, ReadsWhatTheDecisionNeeds) {
  const CredentialsView view = ParseCredentials(
      "DIGEST Username=\"a\\xb@c\", realm=\"r\", nonce=\"n\", uri=\"sip:r\", "
      "response=\"0123\", algorithm=AKAv2-SHA-256");

  EXPECT_EQ(view.verdict, Verdict::kDigest);
  EXPECT_EQ(view.username, "\"a\\xb@c\"");
  EXPECT_EQ(view.realm, "\"r\"");
  EXPECT_EQ(view.nonce, "\"n\"");
  EXPECT_EQ(view.response, "\"0123\"");
  EXPECT_EQ(view.algorithm, "AKAv2-SHA-256");
  EXPECT_TRUE(view.has_username && view.has_response &&
              view.response_non_empty && !view.username_hidden);
}

struct CredentialsCase {
  std::string_view sentence;
  std::string_view value;
  Verdict verdict;
  bool response_non_empty = false;
  bool hidden = false;
};
constexpr CredentialsCase kCredentials[] = {
    {"an empty response counts as none", "Digest username=\"u\",response=\"\"",
     Verdict::kDigest},
    {"so does one without a value", "Digest response, username=u",
     Verdict::kDigest},
    {"an unquoted response counts", "Digest response=abc", Verdict::kDigest,
     true},
    {"userhash hides the name", "Digest username=\"x\", userhash=true",
     Verdict::kDigest, false, true},
    {"userhash=false does not", "Digest username=\"x\", userhash=false",
     Verdict::kDigest},
    {"username* hides the name", "Digest username*=UTF-8''x", Verdict::kDigest,
     false, true},
    {"another scheme", "NoOneKnowsThisScheme opaque-data=here",
     Verdict::kOtherScheme},
    {"another scheme alone", "NTLM", Verdict::kOtherScheme},
    {"another scheme, quotes within quotes",
     "Foo a=\"\\\", integrity-protected=yes, b=\\\"\"", Verdict::kMalformed},
    {"another scheme, a quoted backslash at the end", "Foo a=\"b\\\\\"",
     Verdict::kMalformed},
    {"a scheme that begins alike", "Digester a=b", Verdict::kOtherScheme},
    {"the name twice", "Digest username=\"a\", USERNAME=\"b\"",
     Verdict::kDuplicate},
    {"the response twice", "Digest response=\"\", response=\"b\"",
     Verdict::kDuplicate},
    {"the realm twice", "Digest realm=\"a\", realm=\"a\"", Verdict::kDuplicate},
    {"the nonce twice", "Digest nonce=\"a\", nonce=\"a\"", Verdict::kDuplicate},
    {"a name in quotes is data", "Digest opaque=\", username=x\", username=y",
     Verdict::kDigest},
    {"unterminated quote", "Digest username=\"a, realm=\"b\"",
     Verdict::kMalformed},
    {"no comma", "Digest username=\"a\" realm=\"b\"", Verdict::kMalformed},
    {"nothing behind the scheme", "Digest", Verdict::kMalformed},
    {"nothing at all", "", Verdict::kMalformed},
    {"a token68", "Digest QWxh==", Verdict::kMalformed},
    {"no scheme", "username=\"a\"", Verdict::kMalformed},
    {"a comma behind the scheme", "Digest, username=\"a\"",
     Verdict::kMalformed},
};

TEST(ParseCredentials, Table) {
  for (const CredentialsCase& row : kCredentials) {
    SCOPED_TRACE(row.sentence);
    const CredentialsView view = ParseCredentials(row.value);
    EXPECT_EQ(view.verdict, row.verdict) << ToString(view.verdict);
    EXPECT_EQ(view.response_non_empty, row.response_non_empty);
    EXPECT_EQ(view.username_hidden, row.hidden);
  }
}

}  // namespace
}  // namespace sallyport::sip
