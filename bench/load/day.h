// What phones of a registered population do over a day, as a mix of operations.
#ifndef BENCH_LOAD_DAY_H_
#define BENCH_LOAD_DAY_H_

#include <array>
#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "bench/load/phases.h"

namespace sallyport::load {

// An operation of the day, as figures and --day call it. A reconnect is a
// return of a phone that is still there.
struct DayOperation {
  std::string_view name;
  Work work;
};
inline constexpr std::array kDayOperations = {
    DayOperation{"ping", Work::kPing},
    DayOperation{"reregister", Work::kReregisterAnswered},
    DayOperation{"message", Work::kMessage},
    DayOperation{"reconnect", Work::kReturn},
};

// How often each is done, in proportion.
class DayMix {
 public:
  static constexpr uint32_t kWeightMax = 1'000'000;

  // `text`: NAME:WEIGHT, parted by commas; what it does not name is not done.
  // Fails: an unknown name, one that comes twice, a weight past kWeightMax or
  //        none, nothing to do.
  static absl::StatusOr<DayMix> Parse(std::string_view text);

  uint32_t WeightOf(Work work) const;
  // The operation of this piece of work: by chance, but the same in every run.
  // Only of a mix that Parse() has made.
  Work Draw(uint64_t piece) const;

 private:
  std::array<uint32_t, kDayOperations.size()> weights_{};
  uint64_t total_ = 0;
};

}  // namespace sallyport::load

#endif  // BENCH_LOAD_DAY_H_
