#include "core/registration/impi.h"

#include <string>

#include "core/sip/text.h"
#include "gtest/gtest.h"

namespace sallyport::registration {
namespace {

TEST(Impi, IsComparedByOctetsUpToItsHost) {
  EXPECT_TRUE(EqualImpis("a@b.example", "a@B.Example"));
  EXPECT_FALSE(EqualImpis("a@b.example", "A@b.example"));
  EXPECT_FALSE(EqualImpis("a@b", "a@bc"));
  EXPECT_FALSE(EqualImpis("", ""));
}

uint64_t BitsOf(const std::string& secret, const std::string& impi) {
  return Fingerprint().Add(secret).AddImpi(impi).Take();
}

TEST(Fingerprint, EqualImpisGiveEqualBits) {
  EXPECT_EQ(BitsOf("s", "alice.of.somewhere@Home.Example"),
            BitsOf("s", "alice.of.somewhere@hOME.example"));
  EXPECT_NE(BitsOf("s", "alice.of.somewhere@home.example"),
            BitsOf("s", "Alice.of.somewhere@home.example"));
  EXPECT_NE(BitsOf("s", "alice@home.example"),
            BitsOf("t", "alice@home.example"));
}

// Of all octets only letters have two cases.
TEST(Fingerprint, FoldsLettersBehindTheUserAndNothingElse) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const auto one = static_cast<char>(a), other = static_cast<char>(b);
      if (one == '@' || other == '@') continue;
      const bool same = sip::ToLower(one) == sip::ToLower(other);
      const std::string host = "u@example-";
      EXPECT_EQ(
          BitsOf("s", host + one + "x") == BitsOf("s", host + other + "x"),
          same)
          << a << " " << b;
    }
  }
  EXPECT_EQ(BitsOf("s", "u@v@Host"), BitsOf("s", "u@v@host"));
  EXPECT_NE(BitsOf("s", "u@V@host"), BitsOf("s", "u@v@host"));
}

// However it is made, it is what Unquote() makes of it.
TEST(UnquotedText, IsWhatUnquoteMakes) {
  for (const std::string text :
       {"", "a", "\"", "\"\"", "\"a\"", "a\"b\"", "\"a\"b", "\"a\"b\"", "\"a",
        "\"\\\"", "\"\\\"\"", "\"a\\\\\"", "\"a\r\n b\"", "\"\\", "\\a",
        "\"a long one@home.example\"", "\"a long one\\@home.example\""}) {
    std::string made(text.size(), '\0');
    made.resize(sip::Unquote(text, made.data()));
    EXPECT_EQ(UnquotedText(text).view(), made) << text;
  }
}

TEST(Fingerprint, PartsDoNotRunOn) {
  EXPECT_NE(Fingerprint().Add("ab").Add("c").Take(),
            Fingerprint().Add("a").Add("bc").Take());
}

// Who does not know the secret cannot choose two that are equal: a difference in
// the highest bit of one word and two in the next had cancelled for every secret.
TEST(Fingerprint, NoPairIsEqualUnderAllSecrets) {
  const std::string impi = "user0001userabcd@ims.example.com";
  std::string other = impi;
  for (const size_t at : {7, 11, 15}) {
    other[at] = static_cast<char>(other[at] ^ 0x80);
  }
  for (const char* secret : {"", "0123456789abcdef", "another one"}) {
    EXPECT_NE(BitsOf(secret, impi), BitsOf(secret, other)) << secret;
  }
}

}  // namespace
}  // namespace sallyport::registration
