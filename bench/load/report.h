// What a person reads at the end of a phase, and the same for programs: an object
// of JSON for each phase.
#ifndef BENCH_LOAD_REPORT_H_
#define BENCH_LOAD_REPORT_H_

#include <cstdint>
#include <fstream>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "bench/load/errors.h"
#include "bench/load/runner.h"
#include "bench/load/usage.h"

namespace sallyport::load {

// Threads: one. Owns: the file of figures.
class Report {
 public:
  // Adds to `figures`; none is written when it is empty.
  static absl::StatusOr<Report> Create(const std::string& figures);

  // `errors`: of the run so far.
  void Add(const PhaseReport& phase, uint32_t ues, uint64_t errors);

  struct Idle {
    Costs costs;
    uint32_t connected = 0;
    // Before anybody connected; when `warm` were connected; now.
    MemoryUsage cold, then, now;
    uint32_t warm = 0;
  };
  void Add(const Idle& idle, uint32_t ues);

 private:
  explicit Report(std::ofstream figures) : figures_(std::move(figures)) {}
  std::ofstream figures_;
};

void PrintErrors(const ErrorCounts& errors);

}  // namespace sallyport::load

#endif  // BENCH_LOAD_REPORT_H_
