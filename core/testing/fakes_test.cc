#include "core/testing/fakes.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace sallyport {
namespace {

TEST(FakeMac, DependsOnEachBitOfTheDataOnItsSizeAndOnTheKey) {
  const FakeMac mac(1);
  const std::string data = "a text to sign";
  std::set<std::array<uint8_t, 32>> codes = {
      mac.Sign(data), FakeMac(2).Sign(data), mac.Sign(data + '\0'),
      mac.Sign("")};
  for (size_t bit = 0; bit < data.size() * 8; ++bit) {
    std::string changed = data;
    changed[bit / 8] ^= static_cast<char>(1 << bit % 8);
    codes.insert(mac.Sign(changed));
  }

  EXPECT_EQ(codes.size(), 4 + data.size() * 8);
  EXPECT_EQ(mac.Sign(data), FakeMac(1).Sign(data));
}

TEST(FakeEntropy, GivesTheSameNumbersForTheSameSeed) {
  FakeEntropy one(7);
  FakeEntropy same(7);
  FakeEntropy other(8);
  std::set<uint64_t> numbers;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t number = one.Next();
    EXPECT_EQ(same.Next(), number);
    EXPECT_NE(other.Next(), number);
    numbers.insert(number);
  }

  EXPECT_EQ(numbers.size(), 1000u);
}

}  // namespace
}  // namespace sallyport
