#include "net/dns/cache.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace sallyport::net::dns {
namespace {

Instant At(int64_t ms) { return Instant(Millis(ms)); }

Answer Holding(int64_t ttl_s, Failure failure = Failure::kNoRecords) {
  Answer answer;
  answer.failure = failure;
  answer.ttl = Seconds(ttl_s);
  return answer;
}

Question Host(std::string name) { return {.host = std::move(name)}; }

TEST(DnsCache, GivesAnAnswerUntilItEnds) {
  Cache cache(4);
  cache.Put(Host("a"), Holding(10), At(0));

  EXPECT_EQ(cache.Find(Host("a"), At(0)), Holding(10));
  EXPECT_EQ(cache.Find(Host("a"), At(9'999)), Holding(1));
  EXPECT_EQ(cache.Find(Host("a"), At(10'000)), std::nullopt);
  EXPECT_EQ(cache.size(), 0u);
  cache.CheckInvariants();
}

TEST(DnsCache, TellsQuestionsApartByEachPart) {
  const Question question{"a", 5060, Transport::kTcp, false};
  Cache cache(4);
  cache.Put(question, Holding(10), At(0));

  EXPECT_TRUE(cache.Find(question, At(0)));
  EXPECT_FALSE(cache.Find({"b", 5060, Transport::kTcp, false}, At(0)));
  EXPECT_FALSE(cache.Find({"a", 5061, Transport::kTcp, false}, At(0)));
  EXPECT_FALSE(cache.Find({"a", 5060, Transport::kUdp, false}, At(0)));
  EXPECT_FALSE(cache.Find({"a", 5060, Transport::kTcp, true}, At(0)));
}

TEST(DnsCache, ReplacesAnAnswer) {
  Cache cache(1);
  cache.Put(Host("a"), Holding(10), At(0));
  EXPECT_FALSE(cache.Put(Host("a"), Holding(99), At(5'000)));

  EXPECT_EQ(cache.Find(Host("a"), At(20'000)), Holding(84));
  cache.CheckInvariants();
}

TEST(DnsCache, LetsGoWhatEndsFirstWhenItIsFull) {
  Cache cache(2);
  EXPECT_FALSE(cache.Put(Host("long"), Holding(100), At(0)));
  EXPECT_FALSE(cache.Put(Host("short"), Holding(10), At(0)));
  EXPECT_TRUE(cache.Put(Host("new"), Holding(50), At(0)));

  EXPECT_FALSE(cache.Find(Host("short"), At(0)));
  EXPECT_TRUE(cache.Find(Host("long"), At(0)));
  EXPECT_TRUE(cache.Find(Host("new"), At(0)));
  cache.CheckInvariants();
}

TEST(DnsCache, LosesNothingWhileWhatHasEndedCanLeave) {
  Cache cache(1);
  cache.Put(Host("a"), Holding(10), At(0));

  EXPECT_FALSE(cache.Put(Host("b"), Holding(10), At(10'000)));
  EXPECT_TRUE(cache.Find(Host("b"), At(10'000)));
}

TEST(DnsCache, KeepsNothingThatHoldsForNoTimeAndNothingWithoutRoom) {
  Cache cache(4), none(0);
  cache.Put(Host("a"), Holding(0), At(0));
  none.Put(Host("a"), Holding(10), At(0));

  EXPECT_EQ(cache.size(), 0u);
  EXPECT_FALSE(none.Find(Host("a"), At(0)));
}

TEST(DnsCache, StaysWithinItsBound) {
  Cache cache(8);
  for (int i = 0; i < 1000; ++i) {
    cache.Put(Host(absl::StrCat("h", i)), Holding(1 + i * 7 % 13), At(i * 100));
    ASSERT_LE(cache.size(), 8u);
    cache.CheckInvariants();
  }
}

}  // namespace
}  // namespace sallyport::net::dns
