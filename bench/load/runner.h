// A Runner takes a Fleet through the phases of a run, and measures each.
#ifndef BENCH_LOAD_RUNNER_H_
#define BENCH_LOAD_RUNNER_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "bench/load/clock.h"
#include "bench/load/day.h"
#include "bench/load/fleet.h"
#include "bench/load/home_core.h"
#include "bench/load/perf_counter.h"
#include "bench/load/phases.h"
#include "bench/load/usage.h"
#include "net/reactor.h"

namespace sallyport::load {

inline constexpr uint64_t kNoEnd = ~uint64_t{0};

struct Phase {
  PhaseSpec spec;
  uint64_t total = kNoEnd;        // pieces of work; UEs take turns
  Nanos time = 0;                 // 0: until `total` are done
  uint32_t first = 0;             // the UE that begins
  uint32_t in_flight = 0;         // in a closed loop; newcomers in an open one
  DayMix day;                     // of kDay
};

// What was used during a phase.
struct Costs {
  double seconds = 0;
  CpuUsage proxy;
  CpuUsage generator;  // the thread of the UEs
  CpuUsage core;       // the built-in home core's thread
  // Of the proxy, where they are counted; those of the kernel for it, too.
  std::optional<double> instructions;
  bool instructions_of_kernel = false;
};

struct PhaseReport {
  Phase phase;
  Costs costs;
  std::unique_ptr<Tally> tally;
};

// Threads: of the reactor. Borrows all its parts.
class Runner {
 public:
  struct Parts {
    net::Reactor* reactor = nullptr;
    Fleet* fleet = nullptr;
    HomeCore* core = nullptr;  // may be null
    pid_t proxy = 0;           // 0: not measured
    const PerfCounter* instructions = nullptr;  // of the proxy; may be null
    Nanos timeout = 0;
  };
  explicit Runner(const Parts& parts);

  // Begins piece k at k / rate, or as soon as fewer than `in_flight` are at
  // work, and ends when every piece that has begun has ended.
  PhaseReport Work(Phase phase);
  // The home core writes to the UEs.
  PhaseReport Message(const Phase& phase);
  // UEs that have none get a ticket by a visit: a server of TLS 1.3 may send it
  // with its first data only.
  void GetTickets(const Phase& phase);
  // Nobody says anything.
  Costs Hold(std::string_view name, Nanos time);
  // Every UE closes its connection.
  void LeaveAll();

 private:
  struct Snapshot {
    Nanos at = 0;
    CpuUsage proxy, generator, core;
    double instructions = 0;
  };
  Snapshot Look() const;
  Costs Between(const Snapshot& first, const Snapshot& last) const;
  // Begins what is due; returns how many have begun in all.
  uint64_t BeginDue(const Phase& phase, Nanos start, uint64_t begun);
  bool MayBegin(const Phase& phase, load::Work work) const;
  // Answers to the home core's MESSAGEs may still be on their way to it.
  void AwaitCore();
  void GiveUpLate();
  void Turn(Nanos most);
  void Progress(std::string_view name, uint64_t done, uint64_t total);

  const Parts parts_;
  const pid_t thread_;
  Nanos said_ = 0;
  Nanos looked_ = 0;
};

}  // namespace sallyport::load

#endif  // BENCH_LOAD_RUNNER_H_
