// The load generator for the whole proxy: `load --help` says what it does.
#include <signal.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
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
#include "bench/load/proxy_process.h"
#include "bench/load/report.h"
#include "bench/load/runner.h"
#include "net/reactor.h"
#include "net/tls/client.h"

namespace sallyport::load {
namespace {

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
                                        .answer_again = options.answer_again});
  return absl::OkStatus();
}

absl::Status Start(const Options& options, World& world) {
  RaiseDescriptorLimit();
  signal(SIGPIPE, SIG_IGN);
  if (options.builtin_core) {
    auto core = HomeCore::Create(options.core_listen);
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

Phase Connecting(const char* name, const Options& options, uint32_t first,
                 uint32_t count) {
  return {.name = name,
          .work = Fleet::Work::kRegister,
          .rate = options.register_rate,
          .total = count,
          .first = first,
          .busy_max = options.connecting_max};
}

void RunPhases(const Options& options, const World& world) {
  Fleet& fleet = *world.fleet;
  Runner runner({.reactor = world.reactor.get(),
                 .fleet = &fleet,
                 .core = world.core.get(),
                 .proxy = world.proxy_pid,
                 .timeout = absl::ToInt64Nanoseconds(options.timeout)});
  const MemoryUsage cold = ReadMemory(world.proxy_pid);
  const uint32_t first = WarmUpUes(options);
  if (first > 0) (void)runner.Work(Connecting("warm-up", options, 0, first));
  const MemoryUsage warm = ReadMemory(world.proxy_pid);
  PrintPhase(
      runner.Work(Connecting("register", options, first, options.ues - first)));
  const auto total = static_cast<uint64_t>(
      options.rate * absl::ToDoubleSeconds(options.duration));
  if (total > 0) {
    PrintPhase(runner.Work({.name = "reregister",
                            .work = Fleet::Work::kReregister,
                            .rate = options.rate,
                            .total = total}));
  }
  PrintIdle(runner.Hold("idle", absl::ToInt64Nanoseconds(options.idle)),
            fleet.connected());
  if (world.proxy_pid != 0) {
    const MemoryUsage now = ReadMemory(world.proxy_pid);
    PrintMemory("all growth", cold, now, fleet.connected());
    PrintMemory("after warm-up", warm, now, fleet.connected() - first);
  }
  if (!options.resume) return;
  runner.LeaveAll();
  Phase phase = Connecting("resume", options, 0, options.ues);
  phase.work = Fleet::Work::kReturn;
  PrintPhase(runner.Work(phase));
}

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

int Run(const Options& options) {
  World world;
  if (const auto status = Start(options, world); !status.ok()) {
    std::fprintf(stderr, "load: %s\n", std::string(status.message()).c_str());
    return 2;
  }
  std::printf("%u UEs over TLS %s to %s\n", options.ues,
              options.tls == net::tls::TlsVersion::k1_2 ? "1.2" : "1.3",
              world.target.ToString().c_str());
  RunPhases(options, world);
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
  if (options.ok()) return sallyport::load::Run(*options);
  std::fprintf(stderr, "load: %s\n",
               std::string(options.status().message()).c_str());
  return 2;
}
