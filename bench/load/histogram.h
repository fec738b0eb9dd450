// A Histogram counts durations in buckets that are narrow where they are short:
// the relative error of a percentile is the same over the whole range.
#ifndef BENCH_LOAD_HISTOGRAM_H_
#define BENCH_LOAD_HISTOGRAM_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace sallyport::load {

// Log-linear: each power of two is cut into 64 equal buckets.
// Bounds: no heap (20 KiB); values past kMax count as kMax in percentiles, and
//         exactly in Max().
// Cost:   Add: O(1). Percentile: one walk.
class Histogram {
 public:
  static constexpr int kSubBits = 6;   // a percentile is at most 1/64 too high
  static constexpr int kMaxBits = 44;  // of nanoseconds: 4.8 hours
  static constexpr uint64_t kMax = (uint64_t{1} << kMaxBits) - 1;

  void Add(uint64_t value);

  uint64_t count() const { return count_; }
  uint64_t Max() const { return max_; }
  // The smallest bucket end that `percent` of the values do not pass, and never
  // more than Max(); 0 when there are none.
  uint64_t Percentile(double percent) const;

 private:
  static constexpr size_t kSub = size_t{1} << kSubBits;
  static constexpr size_t kBuckets = (kMaxBits - kSubBits + 1) * kSub;

  static size_t BucketOf(uint64_t value);
  static uint64_t EndOf(size_t bucket);  // the largest value in it

  std::array<uint64_t, kBuckets> buckets_{};
  uint64_t count_ = 0;
  uint64_t max_ = 0;
};

}  // namespace sallyport::load

#endif  // BENCH_LOAD_HISTOGRAM_H_
