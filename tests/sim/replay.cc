// Runs simulated networks, one per seed, and says what each did.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/sim/world.h"

ABSL_FLAG(uint64_t, seed, 1, "the first seed");
ABSL_FLAG(uint64_t, seeds, 1, "how many seeds, one after the other");
ABSL_FLAG(int, shards, 3, "shards");
ABSL_FLAG(int, phones, 200, "phones");
ABSL_FLAG(int, seconds, 120, "simulated seconds of life before all leave");
ABSL_FLAG(int, check_every, 4,
          "steps from one check of all tables to the next");
ABSL_FLAG(int, jobs, 1, "processes that share the seeds");
ABSL_FLAG(bool, trace, false, "write all that comes in and leaves a shard");
ABSL_FLAG(bool, quiet, false, "a line at the end only");

namespace sallyport::sim {
namespace {

// A broken law ends the process; some of them know no seed.
char replayed[32];

void SayWhich(int) { (void)!write(STDERR_FILENO, replayed, sizeof(replayed)); }

void Replay(uint64_t seed) {
  std::snprintf(replayed, sizeof(replayed), "--seed=%-23lu\n", seed);
  World world({.seed = seed,
               .shards = absl::GetFlag(FLAGS_shards),
               .phones = absl::GetFlag(FLAGS_phones),
               .duration = Seconds(absl::GetFlag(FLAGS_seconds)),
               .check_every = absl::GetFlag(FLAGS_check_every),
               .trace = absl::GetFlag(FLAGS_trace)});
  const Report report = world.Run();
  if (absl::GetFlag(FLAGS_quiet)) return;
  std::printf(
      "seed=%lu steps=%lu registered=%lu unchallenged=%lu resumed=%lu "
      "lost=%lu delivered=%lu handed_over=%lu handovers_lost=%lu given_up=%lu "
      "failed_over=%lu restarts=%lu moved=%lu removed=%lu second_sets=%lu "
      "rotated=%lu subscribed=%lu news=%lu ended=%lu shortened=%lu "
      "names_asked=%lu names_failed=%lu unoffered=%lu "
      "turned_away=%lu fingerprint=%016lx\n",
      seed, report.steps, report.registered, report.refreshed_without_challenge,
      report.resumed, report.connections_lost, report.messages_delivered,
      report.handed_over, report.handovers_lost, report.given_up,
      report.failed_over, report.restarts, report.devices_moved,
      report.sets_removed, report.second_sets, report.keys_rotated,
      report.subscribed, report.news_accepted, report.ended_by_network,
      report.shortened, report.names_asked, report.names_failed,
      report.failed_unoffered, report.turned_away, report.fingerprint);
}

// Each process takes every jobs-th seed. False when one of them died.
bool ReplayAll(uint64_t first, uint64_t count, int jobs) {
  std::vector<pid_t> children;
  for (int job = 0; job < jobs; ++job) {
    const pid_t child = fork();
    if (child == 0) {
      std::setvbuf(stdout, nullptr, _IOLBF, 4096);  // lines stay whole
      for (uint64_t i = static_cast<uint64_t>(job); i < count;
           i += static_cast<uint64_t>(jobs)) {
        Replay(first + i);
      }
      std::fflush(stdout);
      _exit(0);
    }
    children.push_back(child);
  }
  bool all_well = true;
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    all_well = all_well && status == 0;
  }
  return all_well;
}

}  // namespace
}  // namespace sallyport::sim

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage(
      "Runs simulated networks from seeds and checks their laws after each "
      "step; a broken law ends it with the seed and status 1. One run again: "
      "--seed=N.");
  absl::ParseCommandLine(argc, argv);
  std::signal(SIGABRT, sallyport::sim::SayWhich);
  const absl::Time start = absl::Now();
  const uint64_t count = absl::GetFlag(FLAGS_seeds);
  const bool all_well = sallyport::sim::ReplayAll(
      absl::GetFlag(FLAGS_seed), count, absl::GetFlag(FLAGS_jobs));
  std::printf("%lu seeds %s in %.1f s\n", count,
              all_well ? "kept all laws" : "BROKE A LAW",
              absl::ToDoubleSeconds(absl::Now() - start));
  return all_well ? 0 : 1;
}
