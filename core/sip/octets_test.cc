#include "core/sip/octets.h"

#include <string>

#include "gtest/gtest.h"

namespace sallyport::sip {
namespace {

constexpr OctetSet kVowels("aeiou");
constexpr OctetSet kDigits([](char c) { return c >= '0' && c <= '9'; });
static_assert(kVowels.Has('e') && !kVowels.Has('E') && !kVowels.Has('\0'));
static_assert((kVowels | kDigits).Has('7') && (kVowels | kDigits).Has('u'));
static_assert(SpanOf("1234x5", kDigits) == 4 && SpanOf("", kDigits) == 0);
static_assert(AreAllIn("", kDigits) && !AreAllIn("12a", kDigits));

constexpr OctetSet kNoVowels = ~kVowels;

// Every octet at every place of texts of every size around the width of a load.
TEST(SpanOf, EndsAtTheFirstStranger) {
  for (const OctetSet& set : {kVowels, kDigits, kNoVowels}) {
    const char filler = set.Has('a') ? 'a' : '7';
    for (size_t size = 0; size <= 40; ++size) {
      for (size_t at = 0; at < size; ++at) {
        for (int c = 0; c < 256; ++c) {
          std::string text(size, filler);
          text[at] = static_cast<char>(c);
          const size_t span = SpanOf(text, set);
          ASSERT_EQ(span, set.Has(text[at]) ? size : at) << c << ' ' << size;
        }
      }
    }
  }
}

TEST(AreAllIn, SeesOneStrangerAnywhere) {
  for (const OctetSet& set : {kVowels, kDigits, kNoVowels}) {
    const char filler = set.Has('a') ? 'a' : '7';
    for (size_t size = 0; size <= 40; ++size) {
      const std::string all(size, filler);
      EXPECT_TRUE(AreAllIn(all, set)) << size;
      for (size_t at = 0; at < size; ++at) {
        for (int c = 0; c < 256; ++c) {
          std::string text = all;
          text[at] = static_cast<char>(c);
          ASSERT_EQ(AreAllIn(text, set), set.Has(text[at])) << c << ' ' << size;
        }
      }
    }
  }
  EXPECT_TRUE(AreAllIn({}, kDigits));
}

TEST(FindStranger, FindsTheFirstFromThereOn) {
  for (size_t size = 0; size <= 70; ++size) {
    const std::string none(size, '7');
    for (size_t at = 0; at < size; ++at) {
      std::string text = none;
      text[at] = '.';
      if (at + 1 < size) text[at + 1] = '\x80';
      const std::string exact(text.data(), size);
      for (size_t from = 0; from <= at; ++from) {
        ASSERT_EQ(FindStranger(exact, kDigits, from), at)
            << size << ' ' << from;
      }
      const size_t behind = FindStranger(exact, kDigits, at + 1);
      ASSERT_EQ(behind, at + 1 < size ? at + 1 : size);
    }
    ASSERT_EQ(FindStranger(none, kDigits, size), size);
    ASSERT_EQ(FindStranger(none, kDigits, size + 3), size);
  }
}

// Every place of the octet in texts of every size around the width of a load,
// on memory that ends with the text.
TEST(FindAny, FindsTheFirstWhereverItStands) {
  for (size_t size = 0; size <= 70; ++size) {
    const std::string none(size, '.');
    EXPECT_EQ((FindAny<',', '"'>(none)), size);
    for (size_t at = 0; at < size; ++at) {
      std::string text = none;
      text[at] = '"';
      if (at + 1 < size) text[at + 1] = ',';
      const std::string exact(text.data(), size);
      for (size_t from = 0; from <= at; ++from) {
        ASSERT_EQ((FindAny<',', '"'>(exact, from)), at) << size << ' ' << from;
      }
      const size_t behind = FindAny<',', '"'>(exact, at + 1);
      ASSERT_EQ(behind, at + 1 < size ? at + 1 : size);
    }
  }
}

TEST(FindAny, FromTheEndOrBeyondFindsNothing) {
  EXPECT_EQ(FindAny<'a'>("aaa", 3), 3u);
  EXPECT_EQ(FindAny<'a'>("aaa", 7), 3u);
  EXPECT_EQ(FindAny<'a'>({}, 0), 0u);
}

}  // namespace
}  // namespace sallyport::sip
