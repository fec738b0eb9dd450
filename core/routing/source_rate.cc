#include "core/routing/source_rate.h"

#include <algorithm>
#include <string_view>

#include "core/routing/fingerprint.h"

namespace sallyport::routing {
namespace {

constexpr uint64_t kToken = 1000;  // a token in thousandths

}  // namespace

SourceRate::SourceRate(const Options& options)
    : options_(options), buckets_(options.per_second == 0 ? 0 : kBuckets) {}

bool SourceRate::Take(const IpAddress& source, Instant now) {
  if (buckets_.empty()) return true;
  const IpAddress prefix = options_.prefix.Of(source);
  const std::string_view octets(
      reinterpret_cast<const char*>(prefix.octets()), prefix.size());
  Bucket& bucket =
      buckets_[Fingerprint(options_.seed).Add(octets).value() % kBuckets];
  const uint64_t full = options_.per_second * kToken;
  // A thousandth of a token comes with each millisecond, for each per second.
  const uint64_t gained =
      bucket.used
          ? std::min<uint64_t>(full, static_cast<uint64_t>(
                                         (now - bucket.filled).count()) *
                                         options_.per_second)
          : full;
  const uint64_t tokens = std::min(full, bucket.tokens + gained);
  const bool granted = tokens >= kToken;
  bucket = {.filled = now,
            .tokens = static_cast<uint32_t>(granted ? tokens - kToken : tokens),
            .used = true};
  return granted;
}

}  // namespace sallyport::routing
