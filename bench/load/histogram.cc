#include "bench/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sallyport::load {

// Values below 64 have a bucket each; above, the highest bit chooses a row of
// 64 and the next six bits the bucket in it.
size_t Histogram::BucketOf(uint64_t value) {
  value = std::min(value, kMax);
  if (value < kSub) return value;
  const int shift = std::bit_width(value) - 1 - kSubBits;
  return (static_cast<size_t>(shift) << kSubBits) + (value >> shift);
}

uint64_t Histogram::EndOf(size_t bucket) {
  if (bucket < kSub) return bucket;
  const size_t shift = bucket / kSub - 1;
  const uint64_t first = kSub + bucket % kSub;
  return ((first + 1) << shift) - 1;
}

void Histogram::Add(uint64_t value) {
  ++buckets_[BucketOf(value)];
  ++count_;
  max_ = std::max(max_, value);
}

uint64_t Histogram::Percentile(double percent) const {
  if (count_ == 0) return 0;
  const auto wanted = std::clamp<uint64_t>(
      static_cast<uint64_t>(
          std::ceil(static_cast<double>(count_) * percent / 100)),
      1, count_);
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += buckets_[bucket];
    if (seen >= wanted) return std::min(EndOf(bucket), max_);
  }
  return max_;
}

}  // namespace sallyport::load
