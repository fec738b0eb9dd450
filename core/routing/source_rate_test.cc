#include "core/routing/source_rate.h"

#include <string_view>

#include "gtest/gtest.h"

namespace sallyport::routing {
namespace {

IpAddress At(std::string_view text) { return *IpAddress::Parse(text); }

int Granted(SourceRate& rate, std::string_view source, Instant now, int asked) {
  int granted = 0;
  for (int i = 0; i < asked; ++i) granted += rate.Take(At(source), now) ? 1 : 0;
  return granted;
}

TEST(SourceRate, WithoutALimitEverybodyIsAnswered) {
  SourceRate rate({});
  EXPECT_EQ(Granted(rate, "192.0.2.1", Instant(), 10'000), 10'000);
}

TEST(SourceRate, GrantsABurstAndThenTheRate) {
  SourceRate rate({.per_second = 10, .prefix = {}, .seed = 7});
  Instant now{};
  EXPECT_EQ(Granted(rate, "192.0.2.1", now, 100), 10);
  now += Millis(99);
  EXPECT_EQ(Granted(rate, "192.0.2.1", now, 100), 0);
  now += Millis(1);
  EXPECT_EQ(Granted(rate, "192.0.2.1", now, 100), 1);
  now += Millis(500);
  EXPECT_EQ(Granted(rate, "192.0.2.1", now, 100), 5);
  now += Millis(1000LL * 3600 * 24 * 365);
  EXPECT_EQ(Granted(rate, "192.0.2.1", now, 100), 10);
}

TEST(SourceRate, OneSourceDoesNotStarveAnother) {
  SourceRate rate({.per_second = 3, .prefix = {}, .seed = 7});
  EXPECT_EQ(Granted(rate, "192.0.2.1", Instant(), 100), 3);
  EXPECT_EQ(Granted(rate, "192.0.2.2", Instant(), 100), 3);
  EXPECT_EQ(Granted(rate, "2001:db8::1", Instant(), 100), 3);
}

TEST(SourceRate, AddressesOfOnePrefixAreOneSource) {
  SourceRate rate({.per_second = 3, .prefix = {.v4_bits = 24}, .seed = 7});
  EXPECT_EQ(Granted(rate, "192.0.2.1", Instant(), 100), 3);
  EXPECT_EQ(Granted(rate, "192.0.2.200", Instant(), 100), 0);
  EXPECT_EQ(Granted(rate, "2001:db8::1", Instant(), 100), 3);
  EXPECT_EQ(Granted(rate, "2001:db8::2", Instant(), 100), 0);
}

}  // namespace
}  // namespace sallyport::routing
