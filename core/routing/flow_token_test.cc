#include "core/routing/flow_token.h"

#include <string>

#include "core/testing/fakes.h"
#include "gtest/gtest.h"

namespace sallyport::routing {
namespace {

using Verdict = TokenRead::Verdict;

constexpr FlowToken kToken{
    .shard = 0x0102,
    .association = {.slot = 0x03040506, .generation = 0x0708090a}};

std::string Write(const Mac& mac, TokenUse use, const FlowToken& token) {
  return std::string(WriteToken(mac, use, token).view());
}

void ExpectSame(const FlowToken& read, const FlowToken& written) {
  EXPECT_EQ(read.shard, written.shard);
  EXPECT_EQ(read.association, written.association);
}

TEST(FlowToken, ReadsBackWhatWasWritten) {
  const FakeMac mac;
  const FlowToken kTokens[] = {
      kToken,
      {},  // of a UE without association
      {.shard = 0, .association = {.slot = 0, .generation = 1}},
      {.shard = 0xffff, .association = {0xfffffffe, 0xffffffff}}};
  for (const FlowToken& token : kTokens) {
    for (const TokenUse use :
         {TokenUse::kPath, TokenUse::kRecordRoute, TokenUse::kNotify}) {
      const TokenRead read = ReadToken(mac, Write(mac, use, token));

      ASSERT_EQ(read.verdict, Verdict::kGenuine);
      EXPECT_EQ(read.use, use);
      ExpectSame(read.token, token);
    }
  }
}

// Conformance: REG-04
TEST(FlowToken, IsTheSameTextEachTime) {
  const FakeMac mac;

  EXPECT_EQ(Write(mac, TokenUse::kPath, kToken),
            Write(FakeMac(), TokenUse::kPath, kToken));
}

TEST(FlowToken, IsAPlainUserPartWithItsUseInFront) {
  const std::string path = Write(FakeMac(), TokenUse::kPath, kToken);
  const std::string route = Write(FakeMac(), TokenUse::kRecordRoute, kToken);

  EXPECT_EQ(path.substr(0, 2), "t.");
  EXPECT_EQ(route.substr(0, 2), "r.");
  EXPECT_EQ(path.size(), 34u);
  EXPECT_EQ(path.find_first_not_of(
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                "0123456789-_",
                2),
            std::string::npos);
}

TEST(FlowToken, IsForgedOrNoTokenAfterAnyChangeOfOneBit) {
  const FakeMac mac;
  const std::string token = Write(mac, TokenUse::kPath, kToken);
  for (size_t bit = 0; bit < token.size() * 8; ++bit) {
    std::string changed = token;
    changed[bit / 8] ^= static_cast<char>(1 << bit % 8);

    EXPECT_NE(ReadToken(mac, changed).verdict, Verdict::kGenuine) << changed;
  }
}

TEST(FlowToken, IsForgedAfterAnyOtherLetter) {
  const FakeMac mac;
  const std::string token = Write(mac, TokenUse::kPath, kToken);
  for (size_t at = 2; at < token.size(); ++at) {
    std::string changed = token;
    changed[at] = token[at] == 'A' ? 'B' : 'A';

    EXPECT_EQ(ReadToken(mac, changed).verdict, Verdict::kForged) << changed;
  }
}

TEST(FlowToken, IsNoTokenWhenItWasCutOrGrew) {
  const FakeMac mac;
  const std::string token = Write(mac, TokenUse::kPath, kToken);
  for (size_t size = 0; size < token.size(); ++size) {
    EXPECT_EQ(ReadToken(mac, token.substr(0, size)).verdict,
              Verdict::kNotAToken);
    EXPECT_EQ(ReadToken(mac, token.substr(token.size() - size)).verdict,
              Verdict::kNotAToken);
  }
  EXPECT_EQ(ReadToken(mac, token + "A").verdict, Verdict::kNotAToken);
  EXPECT_EQ(ReadToken(mac, token + "=").verdict, Verdict::kNotAToken);
}

TEST(FlowToken, DoesNotServeAnotherUse) {
  const FakeMac mac;
  std::string token = Write(mac, TokenUse::kPath, kToken);

  token[0] = 'r';

  EXPECT_EQ(ReadToken(mac, token).verdict, Verdict::kForged);
}

TEST(FlowToken, OfAnotherKeyIsForged) {
  const std::string token = Write(FakeMac(1), TokenUse::kPath, kToken);
  const TokenRead read = ReadToken(FakeMac(2), token);

  EXPECT_EQ(read.verdict, Verdict::kForged);
  ExpectSame(read.token, FlowToken());
}

TEST(FlowToken, WithAKeptCodeIsTheSameText) {
  const FakeMac mac;
  const TokenCode code = SignToken(mac, TokenUse::kPath, kToken);

  EXPECT_EQ(WriteToken(TokenUse::kPath, kToken, code).view(),
            Write(mac, TokenUse::kPath, kToken));
}

TEST(FlowToken, ClaimsWhatWasWrittenAndIsJudgedByTheCode) {
  const FakeMac mac;
  const TokenCode code = SignToken(mac, TokenUse::kPath, kToken);
  const auto claim = ParseToken(Write(mac, TokenUse::kPath, kToken));

  ASSERT_TRUE(claim.has_value());
  EXPECT_EQ(claim->use, TokenUse::kPath);
  ExpectSame(claim->token, kToken);
  EXPECT_EQ(claim->code, code);
  EXPECT_EQ(JudgeToken(*claim, code).verdict, Verdict::kGenuine);
  ExpectSame(JudgeToken(*claim, code).token, kToken);
  for (size_t i = 0; i < code.size(); ++i) {
    TokenCode other = code;
    other[i] ^= 0x80;
    EXPECT_EQ(JudgeToken(*claim, other).verdict, Verdict::kForged);
    ExpectSame(JudgeToken(*claim, other).token, FlowToken());
  }
}

TEST(FlowToken, IsNoClaimWithALetterOfAnotherAlphabet) {
  const std::string token = Write(FakeMac(), TokenUse::kPath, kToken);
  for (size_t at = 2; at < token.size(); ++at) {
    for (const char letter : {'+', '/', '=', '.', ' ', '\0', '\xff'}) {
      std::string changed = token;
      changed[at] = letter;

      EXPECT_FALSE(ParseToken(changed).has_value()) << changed;
    }
  }
}

TEST(FlowToken, IsNotWhatPeopleAreCalled) {
  for (const std::string_view user :
       {"", "t", "t.", "alice", "t.alice", "orig",
        "x.AAAAAAAAAAAAAAAAAAAAAAAAA", "T.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "t.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+",
        "t.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="}) {
    EXPECT_EQ(ReadToken(FakeMac(), user).verdict, Verdict::kNotAToken) << user;
  }
}

}  // namespace
}  // namespace sallyport::routing
