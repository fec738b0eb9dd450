#include "tests/fuzz/naive_sip.h"

#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"

namespace sallyport::fuzz {
namespace {

constexpr std::string_view kFlag = "integrity-protected";

// How many times the flag stands in the credentials of a message.
size_t Claims(std::string_view message, QuotesEnd quotes) {
  size_t count = 0;
  for (const NaiveRow& row : ReadNaively(message).rows) {
    if (row.name != "authorization" && row.name != "proxy-authorization") {
      continue;
    }
    for (const NaiveParam& param : NaiveParams(row.value, quotes)) {
      count += param.name == kFlag && !param.is_scheme;
    }
  }
  return count;
}

std::string With(std::string_view line) {
  return "REGISTER sip:x SIP/2.0\r\n" + std::string(line) + "\r\n\r\nbody";
}

struct Case {
  const char* sentence;
  const char* line;
  size_t claims;
};

constexpr Case kSeen[] = {
    {"as we write it",
     "Authorization: Digest a=b, integrity-protected=\"tls-yes\"", 1},
    {"any case", "AUTHORIZATION: DIGEST Integrity-PROTECTED=x", 1},
    {"a token, a string, nothing",
     "Authorization: Digest integrity-protected=yes, "
     "integrity-protected=\"yes\", integrity-protected",
     3},
    {"an empty value", "Authorization: Digest integrity-protected=", 1},
    {"spaces around =", "Authorization: Digest a=b,integrity-protected \t= x",
     1},
    {"folds anywhere",
     "Authorization:\r\n Digest a=b,\r\n\tintegrity-protected\r\n =\r\n yes",
     1},
    {"no space behind the colon", "Authorization:Digest integrity-protected=x",
     1},
    {"space before the colon", "Authorization \t: Digest integrity-protected=x",
     1},
    {"the other row", "Proxy-Authorization: Digest integrity-protected=x", 1},
    {"any scheme", "Authorization: Basic integrity-protected==", 1},
    {"no scheme", "Authorization: integrity-protected=yes", 1},
    {"no scheme, no value", "Authorization: integrity-protected, a=b", 1},
    {"no scheme, spaces", "Authorization: integrity-protected = yes", 1},
    {"semicolons", "Authorization: Digest a=b;integrity-protected=yes", 1},
    {"a missing comma", "Authorization: Digest a=\"b\" integrity-protected=yes",
     1},
    {"nothing behind a string",
     "Authorization: Digest a=\"b\"integrity-protected=yes", 1},
    {"empty list members", "Authorization: Digest ,, ,integrity-protected=x,,",
     1},
    {"two rows",
     "Authorization: Digest integrity-protected=x\r\n"
     "Authorization: Digest integrity-protected=y",
     2},
    {"lone line feeds",
     "A: b\nAuthorization: Digest integrity-protected=x\nC: d", 1},
    {"lone carriage returns",
     "A: b\rAuthorization: Digest integrity-protected=x\rC: d", 1},
    {"a string that nobody closed, before",
     "Authorization: Digest integrity-protected=x, a=\"b", 1},
};

constexpr Case kData[] = {
    {"data in quotes",
     "Authorization: Digest opaque=\"x, integrity-protected=yes\"", 0},
    {"data in quotes over a fold",
     "Authorization: Digest opaque=\"x,\r\n integrity-protected=yes\"", 0},
    {"a value", "Authorization: Digest opaque=integrity-protected", 0},
    {"a scheme", "Authorization: integrity-protected a=b", 0},
    {"a scheme alone", "Authorization: integrity-protected", 0},
    {"a longer name", "Authorization: Digest x-integrity-protected=yes", 0},
    {"another header", "X: Digest integrity-protected=yes", 0},
    {"a name within a fold", "X: y\r\n Authorization: integrity-protected", 0},
    {"the body", "A: b\r\n\r\nAuthorization: Digest integrity-protected=x", 0},
};

TEST(NaiveSip, SeesEveryDisguiseOfAParameter) {
  for (const Case& each : kSeen) {
    for (QuotesEnd quotes :
         {QuotesEnd::kAtUnescapedQuote, QuotesEnd::kAtAnyQuote}) {
      EXPECT_EQ(Claims(With(each.line), quotes), each.claims) << each.sentence;
    }
  }
}

TEST(NaiveSip, IsNotFooledByWhatIsData) {
  for (const Case& each : kData) {
    for (QuotesEnd quotes :
         {QuotesEnd::kAtUnescapedQuote, QuotesEnd::kAtAnyQuote}) {
      EXPECT_EQ(Claims(With(each.line), quotes), each.claims) << each.sentence;
    }
  }
}

TEST(NaiveSip, ReadsBothWaysWhereQuotesAreEscaped) {
  const std::string hidden =
      With("Authorization: Digest a=\"\\\", integrity-protected=x, b=\\\"\"");
  EXPECT_EQ(Claims(hidden, QuotesEnd::kAtUnescapedQuote), 0u);
  EXPECT_EQ(Claims(hidden, QuotesEnd::kAtAnyQuote), 1u);

  const std::string shown =
      With("Authorization: Digest a=\"\\\\\", integrity-protected=x");
  EXPECT_EQ(Claims(shown, QuotesEnd::kAtUnescapedQuote), 1u);
  EXPECT_EQ(Claims(shown, QuotesEnd::kAtAnyQuote), 1u);
}

TEST(NaiveSip, KeepsTheTextOfAParameter) {
  const std::vector<NaiveParam> params = NaiveParams(
      "Digest Username=\"a\\\"b\", x = y", QuotesEnd::kAtUnescapedQuote);

  ASSERT_EQ(params.size(), 3u);
  EXPECT_EQ(params[1].name, "username");
  EXPECT_EQ(params[1].value, "a\"b");
  EXPECT_EQ(params[1].text, "Username=\"a\\\"b\"");
  EXPECT_EQ(params[2].text, "x = y");
}

TEST(NaiveSip, ReadsStartLinesAndCompactForms) {
  const NaiveMessage request = ReadNaively(
      "MESSAGE sip:x SIP/2.0\r\nv: SIP/2.0/TLS a;branch=z9hG4bK1;x, b\r\n\r\n");
  EXPECT_FALSE(request.is_response());
  EXPECT_EQ(request.method(), "MESSAGE");
  EXPECT_EQ(NaiveTopBranch(request), "z9hG4bK1");

  const NaiveMessage response =
      ReadNaively("SIP/2.0 401 No\r\nM: <sip:a@b>\n\n");
  EXPECT_TRUE(response.is_response());
  EXPECT_EQ(response.status(), 401);
  EXPECT_EQ(response.Value("contact"), "<sip:a@b>");
  EXPECT_EQ(NaiveUser("<sip:t.abc@host;lr>"), "t.abc");
}

}  // namespace
}  // namespace sallyport::fuzz
