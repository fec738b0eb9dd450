// The load generator for the whole proxy: `load --help` says what it does.
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/log_severity.h"
#include "absl/log/globals.h"
#include "absl/log/initialize.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bench/load/fleet.h"
#include "bench/load/home_core.h"
#include "bench/load/options.h"
#include "bench/load/perf_counter.h"
#include "bench/load/phases.h"
#include "bench/load/proxy_process.h"
#include "bench/load/report.h"
#include "bench/load/runner.h"
#include "bench/load/usage.h"
#include "net/reactor.h"
#include "net/tls/client.h"

namespace sallyport::load {
namespace {

// A relay comes with a connection for each UE, an edge with a few.
constexpr uint32_t kOtherPeers = 1024;

void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// What a run needs around the fleet; ended in the reverse order.
struct World {
  std::unique_ptr<HomeCore> core;
  std::unique_ptr<ProxyProcess> proxy;  // null: it runs already
  std::unique_ptr<net::Reactor> reactor;
  std::unique_ptr<Fleet> fleet;
  Endpoint target;
  pid_t proxy_pid = 0;
  std::optional<PerfCounter> instructions;  // of the proxy
};

absl::Status StartProxy(const Options& options, World& world) {
  world.target = options.target;
  world.proxy_pid = options.proxy_pid;
  if (options.target.address.valid()) return absl::OkStatus();
  auto proxy = ProxyProcess::Create({.program = options.proxy,
                                     .home_core = world.core->local(),
                                     .shards = options.shards,
                                     .more_flags = options.proxy_flags});
  if (!proxy.ok()) return proxy.status();
  world.proxy = *std::move(proxy);
  world.target = world.proxy->tls();
  world.proxy_pid = world.proxy->pid();
  return absl::OkStatus();
}

std::function<void(uint32_t ue)> AskerOf(const World& world) {
  return [core = world.core.get()](uint32_t ue) { core->AskForMessage(ue); };
}

absl::Status StartFleet(const Options& options, World& world) {
  net::ReactorOptions reactor_options;
  reactor_options.streams_max = options.ues + 16;
  auto reactor = net::Reactor::Create(reactor_options);
  if (!reactor) return absl::UnavailableError(reactor.error().ToString());
  world.reactor = *std::move(reactor);
  if (const auto enabled = world.reactor->Enable(); !enabled) {
    return absl::UnavailableError(enabled.error().ToString());
  }
  auto tls = net::tls::ClientContext::Create(
      {.version_min = options.tls, .version_max = options.tls});
  if (!tls.ok()) return tls.status();
  world.fleet = std::make_unique<Fleet>(
      world.reactor.get(), Fleet::Setup{.ues = options.ues,
                                        .target = world.target,
                                        .tls = *std::move(tls),
                                        .ask_for_message = AskerOf(world)});
  return absl::OkStatus();
}

absl::Status Build(const Options& options, World& world) {
  RaiseDescriptorLimit();
  signal(SIGPIPE, SIG_IGN);
  if (options.builtin_core) {
    auto core = HomeCore::Create({.listen = options.core_listen,
                                  .peers_max = options.ues + kOtherPeers,
                                  .ues = options.ues,
                                  .edge = options.edge});
    if (!core.ok()) return core.status();
    world.core = *std::move(core);
  }
  if (auto status = StartProxy(options, world); !status.ok()) return status;
  return StartFleet(options, world);
}

// The first UEs make the proxy touch what it needs only once: its code, its
// rings, the first slots of its tables. A small run has none to spare.
uint32_t WarmUpUes(const Options& options) {
  return options.ues < 1000 ? 0 : options.ues / 20;
}

// One run: its phases, one after the other.
class Run {
 public:
  Run(const Options& options, const World& world, Report report)
      : options_(options),
        world_(world),
        report_(std::move(report)),
        runner_({.reactor = world.reactor.get(),
                 .fleet = world.fleet.get(),
                 .core = world.core.get(),
                 .proxy = world.proxy_pid,
                 .instructions =
                     world.instructions ? &*world.instructions : nullptr,
                 .timeout = absl::ToInt64Nanoseconds(options.timeout)}),
        cold_(ReadMemory(world.proxy_pid)) {}

  void All() {
    for (const PhaseSpec& spec : options_.phases) One(spec);
  }

 private:
  Phase PhaseOf(const PhaseSpec& spec) const {
    Phase phase{.spec = spec,
                .in_flight = std::min(options_.in_flight, options_.ues),
                .day = options_.day};
    if (spec.once()) {
      phase.total = options_.ues;
    } else {
      phase.time = absl::ToInt64Nanoseconds(options_.duration);
    }
    return phase;
  }

  void One(const PhaseSpec& spec) {
    Fleet& fleet = *world_.fleet;
    switch (spec.kind) {
      case PhaseSpec::Kind::kIdle:
        return Idle(spec);
      case PhaseSpec::Kind::kLeave:
        return runner_.LeaveAll();
      case PhaseSpec::Kind::kMessage:
        return report_.Add(runner_.Message(PhaseOf(spec)), fleet.size(),
                           fleet.errors().Total());
      case PhaseSpec::Kind::kDay:
        return report_.Add(runner_.Work(PhaseOf(spec)), fleet.size(),
                           fleet.errors().Total());
      case PhaseSpec::Kind::kWork:
        break;
    }
    Phase phase = PhaseOf(spec);
    if (StepsOf(spec.work).resumes) runner_.GetTickets(phase);
    if (spec.work == Work::kRegister) WarmUp(phase);
    report_.Add(runner_.Work(phase), fleet.size(), fleet.errors().Total());
    if (StepsOf(spec.work).leaves) runner_.LeaveAll();
  }

  // The first UEs make the proxy touch what it needs only once.
  void WarmUp(Phase& phase) {
    Phase first = phase;
    first.total = warm_ = WarmUpUes(options_);
    if (warm_ > 0) (void)runner_.Work(first);
    then_ = ReadMemory(world_.proxy_pid);
    phase.first = warm_;
    phase.total = options_.ues - warm_;
  }

  void Idle(const PhaseSpec& spec) {
    const Costs costs =
        runner_.Hold(spec.name, absl::ToInt64Nanoseconds(options_.idle));
    report_.Add({.costs = costs,
                 .connected = world_.fleet->connected(),
                 .cold = cold_,
                 .then = then_,
                 .now = ReadMemory(world_.proxy_pid),
                 .warm = warm_},
                options_.ues);
  }

  const Options& options_;
  const World& world_;
  Report report_;
  Runner runner_;
  const MemoryUsage cold_;  // before anybody connected
  MemoryUsage then_;        // with `warm_` UEs
  uint32_t warm_ = 0;
};

// All errors of the run; ends the world.
ErrorCounts Finish(World& world) {
  ErrorCounts errors = world.fleet->errors();
  world.fleet.reset();
  world.reactor.reset();  // closes all connections
  if (world.proxy != nullptr) {
    absl::Status ended = world.proxy->Lives()
                             ? absl::OkStatus()
                             : absl::UnavailableError("the proxy has ended");
    ended.Update(world.proxy->End());
    if (!ended.ok()) {
      std::fprintf(stderr, "load: %s\n", std::string(ended.message()).c_str());
      errors.Add(Error::kProxy);
    }
  }
  if (world.core != nullptr) errors.Add(Error::kCore, world.core->errors());
  return errors;
}

// All its threads stand when the proxy says that it is ready.
void CountInstructions(World& world) {
  if (world.proxy_pid == 0) return;
  world.instructions = PerfCounter::Open(world.proxy_pid, kInstructions);
  if (!world.instructions) std::printf("no hardware counters\n");
}

int Start(const Options& options) {
  auto report = Report::Create(options.figures);
  World world;
  absl::Status status = report.status();
  status.Update(Build(options, world));
  if (!status.ok()) {
    std::fprintf(stderr, "load: %s\n", std::string(status.message()).c_str());
    return 2;
  }
  std::printf("%u UEs over TLS %s to %s\n", options.ues,
              options.tls == net::tls::TlsVersion::k1_2 ? "1.2" : "1.3",
              world.target.ToString().c_str());
  CountInstructions(world);
  Run(options, world, *std::move(report)).All();
  const ErrorCounts errors = Finish(world);
  PrintErrors(errors);
  return errors.Total() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace sallyport::load

int main(int argc, char** argv) {
  absl::InitializeLog();
  absl::SetStderrThreshold(absl::LogSeverityAtLeast::kWarning);
  const auto options = sallyport::load::ParseCommandLine(argc, argv);
  if (options.ok()) return sallyport::load::Start(*options);
  std::fprintf(stderr, "load: %s\n",
               std::string(options.status().message()).c_str());
  return 2;
}
