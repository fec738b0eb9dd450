#include "net/tls/crypto.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace sallyport::net::tls {
namespace {

std::string Hex(const Mac& mac) {
  return absl::BytesToHexString(
      {reinterpret_cast<const char*>(mac.data()), mac.size()});
}

MacKey KeyOf(std::string_view text) {
  MacKey key{};
  std::copy(text.begin(), text.end(), key.begin());
  return key;
}

struct MacCase {
  const char* sentence;
  std::string key;
  std::string data;
  const char* mac;
};

// Source: RFC 4231 4.2, 4.3, 4.4 (shorter keys end in zeros, which HMAC adds).
TEST(HmacSha256, AgreesWithThePublishedVectors) {
  const MacCase cases[] = {
      {"test case 1", std::string(20, '\x0b'), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"test case 2", "Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {"test case 3", std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
  };
  for (const MacCase& row : cases) {
    EXPECT_EQ(Hex(HmacSha256(KeyOf(row.key)).Sign(row.data)), row.mac)
        << row.sentence;
  }
}

TEST(ConstantTimeEqual, ComparesLengthAndBytes) {
  EXPECT_TRUE(ConstantTimeEqual("", ""));
  EXPECT_TRUE(ConstantTimeEqual("abc", "abc"));
  EXPECT_FALSE(ConstantTimeEqual("abc", "abd"));
  EXPECT_FALSE(ConstantTimeEqual("abc", "ab"));
}

TEST(RandomBytes, GivesOtherBytesEachTime) {
  MacKey one{};
  MacKey two{};
  RandomBytes(one);
  RandomBytes(two);

  EXPECT_NE(one, MacKey{});
  EXPECT_NE(one, two);
}

}  // namespace
}  // namespace sallyport::net::tls
