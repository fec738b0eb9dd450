#include "core/registration/impi.h"

#include <string>

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
