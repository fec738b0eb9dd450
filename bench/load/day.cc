#include "bench/load/day.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace sallyport::load {
namespace {

absl::Status Wrong(std::string_view item, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("--day: `", item, "` ", why));
}

// SplitMix64: neighbours come out unlike each other.
uint64_t Scramble(uint64_t number) {
  number += 0x9e3779b97f4a7c15;
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

}  // namespace

absl::StatusOr<DayMix> DayMix::Parse(std::string_view text) {
  DayMix mix;
  for (const std::string_view item : absl::StrSplit(text, ',')) {
    const std::pair<std::string_view, std::string_view> parts =
        absl::StrSplit(item, absl::MaxSplits(':', 1));
    const auto* const known =
        std::ranges::find(kDayOperations, parts.first, &DayOperation::name);
    if (known == kDayOperations.end()) {
      return Wrong(item, "is no operation of a day (see --help)");
    }
    uint32_t& weight =
        mix.weights_[static_cast<size_t>(known - kDayOperations.begin())];
    if (weight > 0) return Wrong(item, "comes twice");
    if (!absl::SimpleAtoi(parts.second, &weight) || weight > kWeightMax) {
      return Wrong(item, "has no weight between 0 and 1000000");
    }
    mix.total_ += weight;
  }
  if (mix.total_ == 0) return Wrong(text, "has nothing to do");
  return mix;
}

uint32_t DayMix::WeightOf(Work work) const {
  const auto* const known =
      std::ranges::find(kDayOperations, work, &DayOperation::work);
  if (known == kDayOperations.end()) return 0;
  return weights_[static_cast<size_t>(known - kDayOperations.begin())];
}

Work DayMix::Draw(uint64_t piece) const {
  CHECK_GT(total_, 0u);
  uint64_t rest = Scramble(piece) % total_;
  size_t drawn = 0;
  while (rest >= weights_[drawn]) rest -= weights_[drawn++];
  return kDayOperations[drawn].work;
}

}  // namespace sallyport::load
