// What a person reads at the end of a phase.
#ifndef BENCH_LOAD_REPORT_H_
#define BENCH_LOAD_REPORT_H_

#include <cstdint>

#include "bench/load/errors.h"
#include "bench/load/runner.h"
#include "bench/load/usage.h"

namespace sallyport::load {

void PrintPhase(const PhaseReport& report);
void PrintIdle(const Costs& costs, uint32_t ues);
// Growth per UE, from before these UEs connected to now; `what` says which.
void PrintMemory(const char* what, const MemoryUsage& before,
                 const MemoryUsage& now, uint32_t ues);
void PrintErrors(const ErrorCounts& errors);

}  // namespace sallyport::load

#endif  // BENCH_LOAD_REPORT_H_
