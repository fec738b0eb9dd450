#include "net/result.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"

namespace sallyport::net {
namespace {

Result<std::unique_ptr<int>, std::string> Half(int number) {
  if (number % 2 != 0) return Unexpected(std::string("odd"));
  return std::make_unique<int>(number / 2);
}

TEST(Result, HoldsAValueOrAnError) {
  const auto good = Half(4);
  const auto bad = Half(5);

  ASSERT_TRUE(good.has_value());
  EXPECT_EQ(**good, 2);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error(), "odd");
}

TEST(Result, GivesItsValueAway) {
  const std::unique_ptr<int> half = std::move(Half(8)).value();

  EXPECT_EQ(*half, 4);
}

TEST(Result, OfOneTypeForBothKeepsThemApart) {
  const Result<int, int> good = 1;
  const Result<int, int> bad = Unexpected(1);

  EXPECT_TRUE(good.has_value());
  EXPECT_FALSE(bad.has_value());
}

TEST(ResultDeathTest, ReadingTheValueOfAFailureIsAMistake) {
  EXPECT_DEATH((void)Half(5).value(), "has_value");
}

}  // namespace
}  // namespace sallyport::net
