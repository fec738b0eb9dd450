#include "core/sip/text.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::sip {
namespace {

struct NumberCase {
  std::string_view text;
  std::optional<uint32_t> exact;
  std::optional<uint32_t> clamped;
};
constexpr uint32_t kMax = 4294967295u;
// Conformance: PARSE-13
constexpr NumberCase kNumbers[] = {
    {"0", 0, 0},
    {"0000000000000000007", 7, 7},
    {"3600", 3600, 3600},
    {"4294967295", kMax, kMax},
    {"4294967296", std::nullopt, kMax},
    {"42949672960", std::nullopt, kMax},
    {"18446744073709551616", std::nullopt, kMax},
    {"36893488147419103232000000000000000000", std::nullopt, kMax},
    {"999999999999999999", std::nullopt, kMax},
    {"9999999999999999999", std::nullopt, kMax},
    {"00000000000000000000004294967295", kMax, kMax},
    {"00000000000000000000004294967296", std::nullopt, kMax},
    {"000000000000000000x", std::nullopt, std::nullopt},
    {"0000000000000000001:", std::nullopt, std::nullopt},
    {"", std::nullopt, std::nullopt},
    {"+1", std::nullopt, std::nullopt},
    {"-1", std::nullopt, std::nullopt},
    {" 1", std::nullopt, std::nullopt},
    {"1 ", std::nullopt, std::nullopt},
    {"1.5", std::nullopt, std::nullopt},
    {"0x10", std::nullopt, std::nullopt},
    {"99999999999x", std::nullopt, std::nullopt},
};

TEST(Text, NumbersAreDigitsAndNeverWrap) {
  for (const NumberCase& row : kNumbers) {
    EXPECT_EQ(ParseUint32(row.text), row.exact) << row.text;
    EXPECT_EQ(ParseDeltaSeconds(row.text), row.clamped) << row.text;
  }
}

TEST(Text, TokensHaveTheOctetsOfTheGrammar) {
  EXPECT_TRUE(IsToken("aZ09-.!%*_+`'~"));
  EXPECT_FALSE(IsToken(""));
  using std::string_view_literals::operator""sv;
  for (char c : "\0 \t\r\n()<>@,;:\\\"/[]?={}\x7f\x80\xff"sv) {
    EXPECT_FALSE(IsToken(std::string(1, c))) << static_cast<int>(c);
  }
}

TEST(Text, ComparisonIgnoresTheCaseOfLettersOnly) {
  EXPECT_TRUE(EqualsIgnoreCase("Tls-YES", "tLS-yes"));
  EXPECT_FALSE(EqualsIgnoreCase("tls", "tls "));
  EXPECT_FALSE(EqualsIgnoreCase("[", "{"));
  EXPECT_FALSE(EqualsIgnoreCase("\xc3\x84", "\xc3\xa4"));
}

TEST(Text, FoldsAreWhiteSpace) {
  EXPECT_EQ(TrimLws("\r\n a b\t\r\n "), "a b");
  EXPECT_EQ(TrimLws(" \r\n "), "");
  EXPECT_EQ(SkipLws("\r\n\ta "), "a ");
}

std::string Unquoted(std::string_view text) {
  std::string out(text.size(), '?');
  out.resize(Unquote(text, out.data()));
  return out;
}

TEST(Text, UnquotingResolvesPairsAndFolds) {
  EXPECT_EQ(Unquoted("\"a\\\"b\\\\c\""), "a\"b\\c");
  EXPECT_EQ(Unquoted("\"a\r\n \tb\""), "a b");
  EXPECT_EQ(Unquoted("\"a, b\""), "a, b");
  EXPECT_EQ(Unquoted("\"a\"b\""), "\"a\"b\"");
  EXPECT_EQ(Unquoted("\"a\\\""), "\"a\\\"");
  EXPECT_EQ(Unquoted("\""), "\"");
  EXPECT_EQ(Unquoted("\"\""), "");
  EXPECT_EQ(Unquoted({}), "");
  EXPECT_EQ(Unquoted("token"), "token");
  EXPECT_EQ(Unquoted("\"unterminated"), "\"unterminated");
  EXPECT_EQ(Unquoted("\"a\" b"), "\"a\" b");
}

TEST(Unquote, WritesOverItsOwnText) {
  for (std::string text :
       {std::string("\"<urn:uuid:00000000-0000-1000-8000-000A95A0E128>\""),
        std::string("\"a\\\"b\\\\c and what is behind, which is longer\""),
        std::string("\"a\r\n \tb\""), std::string("token")}) {
    const std::string expected = Unquoted(text);
    text.resize(Unquote(text, text.data()));
    EXPECT_EQ(text, expected);
  }
}

TEST(Text, AQuotedStringEndsAtTheFirstQuoteWithoutABackslash) {
  EXPECT_EQ(QuotedSize("\"a\\\"b\"c"), 6u);
  EXPECT_EQ(QuotedSize("\"a\\\\\"b\""), 5u);
  EXPECT_EQ(QuotedSize("\"a\\\""), 0u);
  EXPECT_EQ(QuotedSize("\"a\\"), 0u);
  EXPECT_EQ(QuotedSize("a"), 0u);
  EXPECT_EQ(QuotedSize(""), 0u);
}

}  // namespace
}  // namespace sallyport::sip
