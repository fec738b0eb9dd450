#include "core/sip/splice.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace sallyport::sip {
namespace {

std::string Gathered(SpliceList& splices) {
  splices.Seal();
  std::string out(splices.gathered_size(), '?');
  splices.Gather(out.data());
  return out;
}

TEST(SpliceList, WithoutSplicesTheMessageLeavesByteForByte) {
  const std::string message("a\0b\r\n\xff", 6);
  SpliceList splices;
  splices.Reset(message);

  EXPECT_EQ(Gathered(splices), message);
}

TEST(SpliceList, AnEmptyMessageLeavesEmpty) {
  SpliceList splices;
  splices.Reset("");

  EXPECT_EQ(Gathered(splices), "");
}

TEST(SpliceList, TheOrderOfAddingDoesNotMatterForDifferentPlaces) {
  SpliceList splices;
  splices.Reset("0123456789");

  splices.Insert(10, "end");
  splices.Remove(4, 6);
  splices.Insert(0, "begin");

  EXPECT_EQ(Gathered(splices), "begin01236789end");
}

TEST(SpliceList, InsertionsAtOnePlaceKeepTheOrderOfAdding) {
  SpliceList splices;
  splices.Reset("ab");

  splices.Insert(1, "1");
  splices.Insert(1, "2");
  splices.Insert(1, "3");

  EXPECT_EQ(Gathered(splices), "a123b");
}

TEST(SpliceList, RemovalsMayTouchAndCoverOneAnother) {
  SpliceList splices;
  splices.Reset("0123456789");

  splices.Remove(2, 4);
  splices.Remove(4, 6);
  splices.Remove(3, 8);
  splices.Remove(5, 5);

  EXPECT_EQ(Gathered(splices), "0189");
}

TEST(SpliceList, AnInsertionInsideARemovalIsKept) {
  SpliceList splices;
  splices.Reset("0123456789");

  splices.Remove(2, 8);
  splices.Insert(5, "x");
  splices.Replace(8, 9, "y");

  EXPECT_EQ(Gathered(splices), "01xy9");
}

TEST(SpliceList, SaysWhenThereAreTooMany) {
  SpliceList splices;
  splices.Reset("ab");

  for (size_t i = 0; i < SpliceList::kSplicesMax; ++i) splices.Insert(1, "x");
  EXPECT_FALSE(splices.overflowed());
  splices.Insert(1, "x");

  EXPECT_TRUE(splices.overflowed());
  splices.Reset("ab");
  EXPECT_FALSE(splices.overflowed());
}

// The law in one line per splice: an octet leaves unless a removal holds it,
// and texts stand before the octet at their place.
std::string Expected(const std::string& message,
                     const std::vector<std::pair<size_t, size_t>>& removals,
                     const std::vector<std::pair<size_t, std::string>>& texts) {
  std::string out;
  for (size_t i = 0; i <= message.size(); ++i) {
    for (const auto& [at, text] : texts) {
      if (at == i) out += text;
    }
    bool removed = i == message.size();
    for (const auto& [begin, end] : removals) {
      removed = removed || (begin <= i && i < end);
    }
    if (!removed) out += message[i];
  }
  return out;
}

TEST(SpliceList, EqualsItsDefinitionForRandomSplices) {
  std::mt19937 random(20260101);
  for (int round = 0; round < 3000; ++round) {
    std::string message;
    for (size_t i = random() % 40; i > 0; --i) message += 'a' + random() % 26;
    std::vector<std::pair<size_t, size_t>> removals;
    std::vector<std::pair<size_t, std::string>> texts;
    SpliceList splices;
    splices.Reset(message);
    for (size_t i = random() % 9; i > 0; --i) {
      const size_t a = random() % (message.size() + 1);
      const size_t b = random() % (message.size() + 1);
      if (random() % 2 == 0) {
        removals.emplace_back(std::min(a, b), std::max(a, b));
        splices.Remove(std::min(a, b), std::max(a, b));
      } else {
        texts.emplace_back(a, std::to_string(i));
      }
    }
    for (const auto& [at, text] : texts) splices.Insert(at, text);

    EXPECT_EQ(Gathered(splices), Expected(message, removals, texts));
  }
}

TEST(SpliceListDeathTest, RefusesToSendWhatOverflowed) {
  SpliceList splices;
  splices.Reset("ab");
  for (size_t i = 0; i <= SpliceList::kSplicesMax; ++i) splices.Insert(1, "x");
  splices.Seal();
  char out[1024];

  EXPECT_DEATH(splices.Gather(out), "overflowed");
}

TEST(SpliceListDeathTest, RefusesAPlaceOutsideTheMessage) {
  SpliceList splices;
  splices.Reset("ab");

  EXPECT_DEATH(splices.Remove(1, 3), "");
  EXPECT_DEATH(splices.Insert(3, "x"), "");
}

TEST(Scratch, JoinsTextsAndNumbers) {
  Scratch scratch;

  const std::string_view first = scratch.Join("a", std::string("bc"), "");
  scratch.Begin();
  scratch.AppendUint(0);
  scratch.Append(";");
  scratch.AppendUint(18446744073709551615u);
  scratch.Append(";");
  scratch.AppendHex(0xabc, 5);
  scratch.AppendHex(0x123456789abcdef0, 16);
  const std::string_view second = scratch.Take();

  EXPECT_EQ(first, "abc");
  EXPECT_EQ(second, "0;18446744073709551615;00abc123456789abcdef0");
}

TEST(Scratch, SaysWhenItIsFullAndWritesNothingMore) {
  Scratch scratch;
  const std::string almost(Scratch::kBytes - 1, 'x');

  EXPECT_EQ(scratch.Join(almost), almost);
  EXPECT_FALSE(scratch.overflowed());
  EXPECT_EQ(scratch.Join("ab"), "");
  EXPECT_TRUE(scratch.overflowed());

  scratch.Reset();
  EXPECT_FALSE(scratch.overflowed());
  EXPECT_EQ(scratch.Join("ab"), "ab");
}

}  // namespace
}  // namespace sallyport::sip
