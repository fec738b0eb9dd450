#include "bench/load/histogram.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"

namespace sallyport::load {
namespace {

TEST(Histogram, OfNothingIsZero) {
  const Histogram histogram;

  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.Percentile(50), 0u);
  EXPECT_EQ(histogram.Max(), 0u);
}

TEST(Histogram, IsExactForSmallValues) {
  Histogram histogram;
  for (uint64_t value = 1; value <= 50; ++value) histogram.Add(value);

  EXPECT_EQ(histogram.Percentile(0), 1u);
  EXPECT_EQ(histogram.Percentile(50), 25u);
  EXPECT_EQ(histogram.Percentile(100), 50u);
}

TEST(Histogram, ServesOneValueForEveryPercentile) {
  Histogram histogram;
  histogram.Add(1'234'567);

  EXPECT_EQ(histogram.Percentile(1), 1'234'567u);
  EXPECT_EQ(histogram.Percentile(99.9), 1'234'567u);
}

TEST(Histogram, KeepsTheExactMaximumPastItsRange) {
  Histogram histogram;
  histogram.Add(Histogram::kMax + 5);
  histogram.Add(3);

  EXPECT_EQ(histogram.Max(), Histogram::kMax + 5);
  EXPECT_EQ(histogram.Percentile(100), Histogram::kMax);
}

// The definition, over all sizes: sort and count.
TEST(Histogram, IsNeverBelowThePercentileAndAtMostASixtyFourthAbove) {
  Histogram histogram;
  std::vector<uint64_t> values;
  uint64_t state = 1;
  for (int i = 0; i < 20'000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    values.push_back((state >> 24) >> (state % 40));
    histogram.Add(values.back());
  }
  std::sort(values.begin(), values.end());

  for (const double percent : {0.1, 10.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    const auto rank =
        static_cast<size_t>(static_cast<double>(values.size()) * percent / 100);
    const uint64_t exact = values[rank - 1];
    EXPECT_GE(histogram.Percentile(percent), exact) << percent;
    EXPECT_LE(histogram.Percentile(percent), exact + exact / 64) << percent;
  }
}

}  // namespace
}  // namespace sallyport::load
