#include "bench/load/report.h"

#include <algorithm>
#include <cstdio>
#include <string>

namespace sallyport::load {
namespace {

constexpr double kBusyThread = 0.85;  // of a core
// A start that comes later than this shows in the latency.
constexpr double kLateMillis = 2;

double ToMillis(uint64_t nanos) { return static_cast<double>(nanos) * 1e-6; }

void PrintHistogram(const char* name, const Histogram& histogram) {
  std::printf("  %-11s", name);
  for (const double percent : {50.0, 90.0, 99.0, 99.9}) {
    std::printf(" p%g %.2f ms ", percent,
                ToMillis(histogram.Percentile(percent)));
  }
  std::printf(" max %.2f ms\n", ToMillis(histogram.Max()));
}

void PrintShare(const char* name, const CpuUsage& usage, double seconds) {
  std::printf("  %-11s %5.1f %% of a core, waited for one %.1f %%\n", name,
              100 * usage.used / seconds, 100 * usage.waited / seconds);
}

// Whether this tool, and not the proxy, set the pace.
void PrintVerdict(const PhaseReport& report) {
  const Costs& costs = report.costs;
  const double late = ToMillis(report.tally->late_start.Percentile(99));
  const bool ours = costs.generator.used > kBusyThread * costs.seconds;
  const bool core = costs.core.used > kBusyThread * costs.seconds;
  if (ours || core) {
    std::printf("  verdict     THIS TOOL WAS THE BOTTLENECK (%s)\n",
                ours ? "the UEs' thread" : "the home core's thread");
  } else if (late > kLateMillis && report.phase.busy_max == ~0u) {
    std::printf(
        "  verdict     this tool was late (p99 %.2f ms): it had no core "
        "in time, or the proxy held up its UEs\n",
        late);
  } else {
    std::printf("  verdict     this tool was not the bottleneck\n");
  }
}

}  // namespace

void PrintPhase(const PhaseReport& report) {
  const Tally& tally = *report.tally;
  const Costs& costs = report.costs;
  const double done = static_cast<double>(std::max<uint64_t>(tally.done, 1));
  const double registers =
      static_cast<double>(std::max<uint64_t>(tally.registers, 1));
  std::printf(
      "%s: %llu in %.2f s: %.0f registrations/s (asked for %.0f/s), "
      "%.0f REGISTER/s\n",
      report.phase.name.c_str(), static_cast<unsigned long long>(tally.done),
      costs.seconds, static_cast<double>(tally.done) / costs.seconds,
      report.phase.rate, registers / costs.seconds);
  PrintHistogram("latency", tally.latency);
  PrintHistogram("late start", tally.late_start);
  if (costs.proxy.used > 0) {
    std::printf(
        "  proxy CPU   %.1f us per REGISTER, %.1f us per registration\n",
        1e6 * costs.proxy.used / registers, 1e6 * costs.proxy.used / done);
    PrintShare("proxy", costs.proxy, costs.seconds);
  }
  PrintShare("this tool", costs.generator, costs.seconds);
  PrintShare("home core", costs.core, costs.seconds);
  PrintVerdict(report);
  std::fflush(stdout);
}

void PrintIdle(const Costs& costs, uint32_t ues) {
  std::printf("idle: %u connections for %.2f s\n", ues, costs.seconds);
  PrintShare("proxy", costs.proxy, costs.seconds);
  std::fflush(stdout);
}

void PrintMemory(const char* what, const MemoryUsage& before,
                 const MemoryUsage& now, uint32_t ues) {
  const auto growth = [ues](uint64_t from, uint64_t to) {
    return (static_cast<double>(to) - static_cast<double>(from)) /
           std::max(ues, 1u);
  };
  std::printf(
      "  memory      PSS %.0f bytes per idle registered UE (RSS %.0f), "
      "%s: from %.1f MiB to %.1f MiB\n",
      growth(before.proportional_bytes, now.proportional_bytes),
      growth(before.resident_bytes, now.resident_bytes), what,
      static_cast<double>(before.proportional_bytes) / (1 << 20),
      static_cast<double>(now.proportional_bytes) / (1 << 20));
  std::fflush(stdout);
}

void PrintErrors(const ErrorCounts& errors) {
  std::printf("errors: %llu", static_cast<unsigned long long>(errors.Total()));
  for (size_t i = 0; i < kErrorCount; ++i) {
    if (errors.counts[i] == 0) continue;
    std::printf(" %s=%llu",
                std::string(ToString(static_cast<Error>(i))).c_str(),
                static_cast<unsigned long long>(errors.counts[i]));
  }
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace sallyport::load
