#include "core/routing/breaker.h"

#include <vector>

#include "core/testing/name_table.h"
#include "gtest/gtest.h"

namespace sallyport::routing {
namespace {

using State = Breaker::State;

constexpr BreakerPolicy kPolicy{.failures_max = 3,
                                .rest_min = Millis{1'000},
                                .rest_max = Millis{10'000}};

Instant At(int64_t ms) { return Instant(Millis{ms}); }

TEST(BreakerState, HasALabelForEachValue) { ExpectLabels<State>(3); }

// ---------------------------------------------------------------- time table

enum class What { kLook, kBegan, kSucceeded, kFailed, kRest5s, kRest60s };
struct Row {
  int64_t ms;
  What what;
  State after;
  bool admits;
};
struct Story {
  const char* name;
  std::vector<Row> rows;
};
class BreakerStory : public testing::TestWithParam<Story> {};

INSTANTIATE_TEST_SUITE_P(
    Breaker, BreakerStory,
    testing::Values(
        Story{"OpensAfterFailuresInARow",
              {{0, What::kFailed, State::kClosed, true},
               {10, What::kFailed, State::kClosed, true},
               {20, What::kFailed, State::kOpen, false},
               {1'019, What::kLook, State::kOpen, false},
               {1'020, What::kLook, State::kHalfOpen, true}}},
        Story{"AnAnswerStartsTheRowAgain",
              {{0, What::kFailed, State::kClosed, true},
               {1, What::kFailed, State::kClosed, true},
               {2, What::kSucceeded, State::kClosed, true},
               {3, What::kFailed, State::kClosed, true},
               {4, What::kFailed, State::kClosed, true}}},
        Story{"OneProbeAtATimeAndItCloses",
              {{0, What::kFailed, State::kClosed, true},
               {0, What::kFailed, State::kClosed, true},
               {0, What::kFailed, State::kOpen, false},
               {1'000, What::kBegan, State::kHalfOpen, false},
               {1'500, What::kSucceeded, State::kClosed, true},
               {1'501, What::kFailed, State::kClosed, true}}},
        Story{"EachFailedProbeDoublesTheRestUpToItsBound",
              {{0, What::kFailed, State::kClosed, true},
               {0, What::kFailed, State::kClosed, true},
               {0, What::kFailed, State::kOpen, false},
               {1'000, What::kBegan, State::kHalfOpen, false},
               {1'100, What::kFailed, State::kOpen, false},
               {3'100, What::kBegan, State::kHalfOpen, false},
               {3'100, What::kFailed, State::kOpen, false},
               {7'100, What::kBegan, State::kHalfOpen, false},
               {7'100, What::kFailed, State::kOpen, false},
               {15'100, What::kBegan, State::kHalfOpen, false},
               {15'100, What::kFailed, State::kOpen, false},
               {25'099, What::kLook, State::kOpen, false},
               {25'100, What::kLook, State::kHalfOpen, true}}},
        Story{"LateFailuresWhileItRestsSayNothingNew",
              {{0, What::kFailed, State::kClosed, true},
               {0, What::kFailed, State::kClosed, true},
               {0, What::kFailed, State::kOpen, false},
               {500, What::kFailed, State::kOpen, false},
               {999, What::kFailed, State::kOpen, false},
               {1'000, What::kLook, State::kHalfOpen, true}}},
        Story{"AProbeThatNobodyAnswersIsNotTheLast",
              {{0, What::kFailed, State::kClosed, true},
               {0, What::kFailed, State::kClosed, true},
               {0, What::kFailed, State::kOpen, false},
               {1'000, What::kBegan, State::kHalfOpen, false},
               {1'999, What::kLook, State::kHalfOpen, false},
               {2'000, What::kLook, State::kHalfOpen, true}}},
        Story{"RetryAfterOpensAtOnceAndAnswersFromBeforeDoNotEndIt",
              {{0, What::kRest5s, State::kOpen, false},
               {10, What::kSucceeded, State::kOpen, false},
               {20, What::kFailed, State::kOpen, false},
               {4'999, What::kLook, State::kOpen, false},
               {5'000, What::kBegan, State::kHalfOpen, false},
               {5'010, What::kSucceeded, State::kClosed, true}}},
        Story{"RetryAfterIsBounded",
              {{0, What::kRest60s, State::kOpen, false},
               {9'999, What::kLook, State::kOpen, false},
               {10'000, What::kLook, State::kHalfOpen, true}}},
        Story{"AShorterRestDoesNotShortenOneUnderWay",
              {{0, What::kRest60s, State::kOpen, false},
               {1'000, What::kRest5s, State::kOpen, false},
               {9'999, What::kLook, State::kOpen, false}}}),
    [](const auto& param) { return param.param.name; });

// Conformance: PROXY-28
TEST_P(BreakerStory, GoesSo) {
  Breaker breaker;
  int line = 0;
  for (const Row& row : GetParam().rows) {
    const Instant now = At(row.ms);
    const State before = breaker.StateAt(now);
    bool changed = false;
    switch (row.what) {
      case What::kLook:
        break;
      case What::kBegan:
        changed = breaker.Began(now);
        break;
      case What::kSucceeded:
        changed = breaker.Succeeded(now);
        break;
      case What::kFailed:
        changed = breaker.Failed(now, kPolicy);
        break;
      case What::kRest5s:
        changed = breaker.RestFor(Millis{5'000}, now, kPolicy);
        break;
      case What::kRest60s:
        changed = breaker.RestFor(Millis{60'000}, now, kPolicy);
        break;
    }
    EXPECT_EQ(ToString(breaker.StateAt(now)), ToString(row.after)) << line;
    EXPECT_EQ(breaker.Admits(now), row.admits) << line;
    // Who publishes states must hear of each change.
    EXPECT_TRUE(changed || before == row.after) << line;
    ++line;
  }
}

TEST(Breaker, ARetryAfterOfNothingIsAFailure) {
  Breaker breaker;
  breaker.RestFor(Millis{0}, At(0), kPolicy);
  EXPECT_EQ(breaker.StateAt(At(0)), State::kClosed);
  breaker.RestFor(Millis{0}, At(0), kPolicy);
  breaker.RestFor(Millis{0}, At(0), kPolicy);
  EXPECT_EQ(breaker.StateAt(At(0)), State::kOpen);
  EXPECT_FALSE(breaker.AskedToRest(At(0)));
}

TEST(Breaker, KnowsWhoAskedForARest) {
  Breaker breaker;
  breaker.RestFor(Millis{5'000}, At(0), kPolicy);
  EXPECT_TRUE(breaker.AskedToRest(At(4'999)));
  EXPECT_FALSE(breaker.AskedToRest(At(5'000)));
}

}  // namespace
}  // namespace sallyport::routing
