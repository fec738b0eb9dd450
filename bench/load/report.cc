#include "bench/load/report.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "bench/load/day.h"

namespace sallyport::load {
namespace {

constexpr double kBusyThread = 0.85;  // of a core
// A start that comes later than this shows in the latency.
constexpr double kLateMillis = 2;

double ToMillis(uint64_t nanos) { return static_cast<double>(nanos) * 1e-6; }

void PrintHistogram(std::string_view name, const Histogram& histogram) {
  absl::PrintF("  %-11s", name);
  for (const double percent : {50.0, 90.0, 99.0, 99.9}) {
    std::printf(" p%g %.2f ms ", percent,
                ToMillis(histogram.Percentile(percent)));
  }
  absl::PrintF(" max %.2f ms of %d\n", ToMillis(histogram.Max()),
               histogram.count());
}

void PrintShare(const char* name, const CpuUsage& usage, double seconds) {
  std::printf("  %-11s %5.1f %% of a core, waited for one %.1f %%\n", name,
              100 * usage.used / seconds, 100 * usage.waited / seconds);
}

enum class Bottleneck { kNone, kUes, kCore, kLate, kInFlight };

// Whether this tool, and not the proxy, set the pace.
Bottleneck BottleneckOf(const PhaseReport& report) {
  const Costs& costs = report.costs;
  const double late = ToMillis(report.tally->late_start.Percentile(99));
  if (costs.generator.used > kBusyThread * costs.seconds) {
    return Bottleneck::kUes;
  }
  if (costs.core.used > kBusyThread * costs.seconds) return Bottleneck::kCore;
  if (report.phase.spec.rate == 0 || late <= kLateMillis) {
    return Bottleneck::kNone;
  }
  return report.phase.spec.connects() ? Bottleneck::kInFlight
                                      : Bottleneck::kLate;
}

const char* ToString(Bottleneck bottleneck) {
  switch (bottleneck) {
    case Bottleneck::kNone:
      return "this tool was not the bottleneck";
    case Bottleneck::kUes:
      return "THIS TOOL WAS THE BOTTLENECK (the UEs' thread)";
    case Bottleneck::kCore:
      return "THIS TOOL WAS THE BOTTLENECK (the home core's thread)";
    case Bottleneck::kLate:
      return "this tool was late: it had no core in time, or the proxy held up "
             "its UEs";
    case Bottleneck::kInFlight:
      return "UEs began late: --in_flight of them were at work";
  }
  return "";
}

std::string Pace(const PhaseSpec& spec) {
  return spec.rate > 0 ? absl::StrFormat("asked for %.0f/s", spec.rate)
                       : "closed loop";
}

double Micros(uint64_t nanos) { return static_cast<double>(nanos) * 1e-3; }

std::string PercentilesToJson(const Histogram& latency) {
  return absl::StrFormat(
      R"("p50_us":%.1f,"p90_us":%.1f,"p99_us":%.1f,"p999_us":%.1f,)"
      R"("max_us":%.1f)",
      Micros(latency.Percentile(50)), Micros(latency.Percentile(90)),
      Micros(latency.Percentile(99)), Micros(latency.Percentile(99.9)),
      Micros(latency.Max()));
}

const Histogram& LatencyOf(const Tally& tally, Work work) {
  return tally.latencies[static_cast<size_t>(work)];
}

// Nothing where they are not counted.
std::string InstructionsToJson(const Costs& costs, double done) {
  if (!costs.instructions) return "";
  return absl::StrFormat(
      R"("instructions_per_operation":%.0f,"instructions_of_kernel":%s,)",
      *costs.instructions / done,
      costs.instructions_of_kernel ? "true" : "false");
}

// `"operations":{...},` of a day; nothing of other phases.
std::string OperationsToJson(const PhaseReport& report) {
  if (report.phase.spec.kind != PhaseSpec::Kind::kDay) return "";
  std::vector<std::string> operations;
  for (const DayOperation& operation : kDayOperations) {
    const Histogram& latency = LatencyOf(*report.tally, operation.work);
    operations.push_back(absl::StrFormat(R"("%s":{"done":%d,%s})",
                                         operation.name, latency.count(),
                                         PercentilesToJson(latency)));
  }
  return absl::StrCat(R"("operations":{)", absl::StrJoin(operations, ","),
                      "},");
}

std::string ToJson(const PhaseReport& report, uint32_t ues, uint64_t errors) {
  const Tally& tally = *report.tally;
  const Costs& costs = report.costs;
  const double done = static_cast<double>(std::max<uint64_t>(tally.done, 1));
  const Bottleneck bottleneck = BottleneckOf(report);
  return absl::StrFormat(
      R"({"phase":"%s","rate":%g,"ues":%d,"in_flight":%d,"done":%d,)"
      R"("registers":%d,"seconds":%.6f,"proxy_cpu_us":%.4f,)"
      R"(%s,"proxy_share":%.4f,"proxy_waited":%.4f,)"
      R"("tool_share":%.4f,"core_share":%.4f,"tool_bottleneck":%s,)"
      R"(%s%s"errors":%d})",
      report.phase.spec.name, report.phase.spec.rate, ues,
      report.phase.in_flight, tally.done, tally.registers, costs.seconds,
      1e6 * costs.proxy.used / done, PercentilesToJson(tally.latency),
      costs.proxy.used / costs.seconds, costs.proxy.waited / costs.seconds,
      costs.generator.used / costs.seconds, costs.core.used / costs.seconds,
      bottleneck == Bottleneck::kNone ? "false" : "true",
      InstructionsToJson(costs, done), OperationsToJson(report), errors);
}

double Growth(uint64_t from, uint64_t to, uint32_t ues) {
  return (static_cast<double>(to) - static_cast<double>(from)) /
         std::max(ues, 1u);
}

// Growth per UE from `before` to `now`; `what` says which.
void PrintMemory(const char* what, const MemoryUsage& before,
                 const MemoryUsage& now, uint32_t ues) {
  std::printf(
      "  memory      PSS %.0f bytes per idle registered UE (RSS %.0f), "
      "%s: from %.1f MiB to %.1f MiB\n",
      Growth(before.proportional_bytes, now.proportional_bytes, ues),
      Growth(before.resident_bytes, now.resident_bytes, ues), what,
      static_cast<double>(before.proportional_bytes) / (1 << 20),
      static_cast<double>(now.proportional_bytes) / (1 << 20));
}

void PrintOperations(const Tally& tally) {
  for (const DayOperation& operation : kDayOperations) {
    const Histogram& latency = LatencyOf(tally, operation.work);
    if (latency.count() > 0) PrintHistogram(operation.name, latency);
  }
}

void PrintPhase(const PhaseReport& report) {
  const Tally& tally = *report.tally;
  const Costs& costs = report.costs;
  const double done = static_cast<double>(std::max<uint64_t>(tally.done, 1));
  const std::string name(report.phase.spec.name);
  std::printf("%s: %llu in %.2f s: %.0f/s (%s), %.0f REGISTER/s\n",
              name.c_str(), static_cast<unsigned long long>(tally.done),
              costs.seconds, static_cast<double>(tally.done) / costs.seconds,
              Pace(report.phase.spec).c_str(),
              static_cast<double>(tally.registers) / costs.seconds);
  PrintHistogram("latency", tally.latency);
  if (report.phase.spec.kind == PhaseSpec::Kind::kDay) PrintOperations(tally);
  if (report.phase.spec.rate > 0) {
    PrintHistogram("late start", tally.late_start);
  }
  if (costs.proxy.used > 0) {
    std::printf("  proxy CPU   %.2f us each\n", 1e6 * costs.proxy.used / done);
    PrintShare("proxy", costs.proxy, costs.seconds);
  }
  if (costs.instructions) {
    std::printf("  instructions %.0f each%s\n", *costs.instructions / done,
                costs.instructions_of_kernel ? "" : ", user code only");
  }
  PrintShare("this tool", costs.generator, costs.seconds);
  PrintShare("home core", costs.core, costs.seconds);
  std::printf("  verdict     %s\n", ToString(BottleneckOf(report)));
  std::fflush(stdout);
}

}  // namespace

absl::StatusOr<Report> Report::Create(const std::string& figures) {
  std::ofstream file;
  if (!figures.empty()) {
    file.open(figures, std::ios::app);
    if (!file) {
      return absl::UnavailableError(
          absl::StrCat("--figures=", figures, ": ", strerror(errno)));
    }
  }
  return Report(std::move(file));
}

void Report::Add(const PhaseReport& phase, uint32_t ues, uint64_t errors) {
  PrintPhase(phase);
  if (figures_.is_open()) {
    figures_ << ToJson(phase, ues, errors) << std::endl;
  }
}

void Report::Add(const Idle& idle, uint32_t ues) {
  std::printf("idle: %u connections for %.2f s\n", idle.connected,
              idle.costs.seconds);
  PrintShare("proxy", idle.costs.proxy, idle.costs.seconds);
  const uint32_t newer = idle.connected - std::min(idle.connected, idle.warm);
  if (idle.now.proportional_bytes > 0) {
    PrintMemory("all growth", idle.cold, idle.now, idle.connected);
    if (idle.warm > 0) {
      PrintMemory("after warm-up", idle.then, idle.now, newer);
    }
  }
  std::fflush(stdout);
  if (!figures_.is_open()) return;
  const uint64_t now = idle.now.proportional_bytes;
  figures_ << absl::StrFormat(
                  R"({"phase":"idle","ues":%d,"connected":%d,)"
                  R"("seconds":%.3f,"proxy_share":%.6f,"warm":%d,)"
                  R"("pss_bytes_before":%d,"pss_bytes_warm":%d,)"
                  R"("pss_bytes":%d,"pss_per_ue":%.1f,)"
                  R"("pss_per_ue_after_warm_up":%.1f})",
                  ues, idle.connected, idle.costs.seconds,
                  idle.costs.proxy.used / idle.costs.seconds, idle.warm,
                  idle.cold.proportional_bytes, idle.then.proportional_bytes,
                  now,
                  Growth(idle.cold.proportional_bytes, now, idle.connected),
                  Growth(idle.then.proportional_bytes, now, newer))
           << std::endl;
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
