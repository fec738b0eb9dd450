#include "bench/load/options.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/flags/usage_config.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

// ---- the load
ABSL_FLAG(uint32_t, ues, 10'000,
          "UEs, each with its own TLS connection "
          "(1 to 19000: the descriptors of one process)");
ABSL_FLAG(std::string, phases, "register@500,reregister@2000,idle",
          "what happens, in this order, parted by commas: NAME@RATE (open loop: "
          "so many pieces of work per second) or NAME (closed loop: --in_flight "
          "pieces all the time)");
ABSL_FLAG(std::string, day, "ping:720,reregister:48,message:20,reconnect:10",
          "what phase day is made of: NAME:WEIGHT, parted by commas");
ABSL_FLAG(uint32_t, in_flight, 256,
          "pieces of work at the same time in a closed loop; in an open loop, "
          "UEs that connect at the same time: others wait, and their latency "
          "runs (1 to 19000)");
ABSL_FLAG(absl::Duration, duration, absl::Seconds(20),
          "how long a phase lasts in which UEs have many turns");
ABSL_FLAG(absl::Duration, idle, absl::Seconds(10),
          "how long to hold the idle connections before memory is read");
ABSL_FLAG(std::string, tls, "1.3", "TLS version of the UEs: 1.3 or 1.2");
ABSL_FLAG(bool, reregister_with_response, false,
          "phase reregister's REGISTERs carry a challenge response (they must "
          "be marked tls-yes all the same); those of day always do");
ABSL_FLAG(absl::Duration, timeout, absl::Seconds(15),
          "a UE whose step takes longer is given up: an error");
ABSL_FLAG(std::string, figures, "",
          "file to which a line of JSON is added for every phase");

// ---- the proxy
ABSL_FLAG(std::string, proxy, "",
          "program to start as the proxy; empty: the one built with this tool");
ABSL_FLAG(int, shards, 1, "shards of the proxy that is started");
ABSL_FLAG(std::string, proxy_flags, "",
          "more flags for the proxy that is started, parted by spaces");
ABSL_FLAG(std::string, target, "",
          "IP:PORT of the TLS port of a proxy that runs already; its "
          "--home_core must be --core_listen of this tool");
ABSL_FLAG(int, proxy_pid, 0,
          "process to measure, with its descendants, when --target is given; "
          "0: none is measured");
ABSL_FLAG(std::string, kind, "edge",
          "edge: what runs at --target marks REGISTERs, and is checked; relay: "
          "it does not");

// ---- the home core
ABSL_FLAG(std::string, home_core, "builtin",
          "builtin: in a thread of this process; none: somebody else's");
ABSL_FLAG(std::string, core_listen, "127.0.0.1:0",
          "where the built-in home core listens (TCP)");

namespace sallyport::load {
namespace {

constexpr std::string_view kUsage =
    R"(load: registers many UEs over TLS at a SIP edge proxy, and measures.

  bazel run -c opt //bench:load -- --ues=10000 \\
      --phases=register@1000,reregister@2000,idle --duration=20s

starts a proxy on free ports of 127.0.0.1 and a small home core, and runs the
phases. Of UEs that are away:
  handshake          connect, full TLS handshake, close
  handshake_resumed  the same with a ticket
  visit              connect, full handshake, REGISTER, 401, REGISTER with
                     response, 200, close
  visit_resumed      the same with a ticket
  register           as visit, once for every UE, and all stay
  return             connect with a ticket, REGISTER, 200; once for every UE
Of UEs that are registered:
  reregister         REGISTER, 200
  ping               CRLF CRLF, CRLF: what keeps a NAT open
  message            a MESSAGE from the home core to a UE, 200 back
  day                any of what a phone does over a day, by chance (below)
  idle               nobody says anything for --idle; memory is read
  leave              all close
What needs tickets gets them first, by visits that are not counted.
All but register, return, idle and leave last for --duration; UEs take turns.

NAME@RATE is open-loop: the moment of each piece of work is set before the run,
and latency counts from that moment, also when this tool or the proxy was late.
"late start" is the part of it that this tool itself is to blame for. NAME alone
is closed-loop: --in_flight pieces are always at work, each begun as one ends,
which asks for the most that proxy and tool together can do.

Each piece of day is drawn from --day, the same in every run. The weights are
one phone's operations in a day, by this model:
  ping:720       a keep-alive each 2 minutes, before a carrier's NAT forgets
  reregister:48  a re-REGISTER with response each 30 minutes, half of an hour's
                 expiry
  message:20     MESSAGEs from the home core; done when the UE answers
  reconnect:10   the connection ends; back with a ticket, REGISTER, 200
So 10,000 phones do 92 of them per second in the mean. What a phone sends
besides REGISTER is not in it.

The built-in home core knows no passwords and checks no digest: it answers 401
to a REGISTER that nobody vouches for and 200 to one with the integrity-protected
value that the UE's state asks for (none, tls-pending with a response, tls-yes).
Any other value is an error. So figures hold for the proxy alone, without the
work of a registrar.

CPU of the proxy is read from /proc/PID/task/*/schedstat, memory from /proc/PID/smaps_rollup
(the kernel's socket memory is in neither). "waited" is time in which threads
were ready and had no core. Where the machine counts instructions and lets us,
those of the proxy are given for each piece: with the kernel's for it, or of user
code only where no more is permitted. Otherwise a line says that there are none.

Exit status: 0 without any error, 1 with errors, 2 when it could not start.)";

int g_status_of_early_exit = -1;

// Abseil ends with 1 for --help and for bad flags; ours are 0 and 2.
void ExitFromFlags() {
  if (g_status_of_early_exit < 0) return;
  std::fflush(nullptr);
  _exit(g_status_of_early_exit);
}

bool AsksForHelp(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (absl::StartsWith(arg, "--help") || absl::StartsWith(arg, "-help")) {
      return true;
    }
  }
  return false;
}

absl::Status Wrong(std::string_view flag, std::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat("--", flag, ": ", reason));
}

absl::Status CheckLoad(const Options& options) {
  if (options.ues < 1 || options.ues > 19'000) {
    return Wrong("ues", "is not between 1 and 19000");
  }
  if (options.in_flight < 1 || options.in_flight > 19'000) {
    return Wrong("in_flight", "is not between 1 and 19000");
  }
  for (const absl::Duration time : {options.duration, options.idle}) {
    if (time < absl::ZeroDuration() || time > absl::Hours(24)) {
      return Wrong("duration or --idle", "is not between 0 and 24h");
    }
  }
  if (options.timeout < absl::Seconds(1)) {
    return Wrong("timeout", "is less than 1s");
  }
  return absl::OkStatus();
}

void AnswerAgain(Options& options) {
  for (PhaseSpec& phase : options.phases) {
    if (phase.work == Work::kReregister) phase.work = Work::kReregisterAnswered;
  }
}

// Phases that have the home core write to UEs.
bool SendsMessages(const PhaseSpec& phase, const DayMix& day) {
  return phase.kind == PhaseSpec::Kind::kMessage ||
         (phase.kind == PhaseSpec::Kind::kDay &&
          day.WeightOf(Work::kMessage) > 0);
}

absl::Status FillLoad(Options& options) {
  options.ues = absl::GetFlag(FLAGS_ues);
  options.duration = absl::GetFlag(FLAGS_duration);
  options.idle = absl::GetFlag(FLAGS_idle);
  options.in_flight = absl::GetFlag(FLAGS_in_flight);
  options.figures = absl::GetFlag(FLAGS_figures);
  auto phases = ParsePhases(absl::GetFlag(FLAGS_phases));
  if (!phases.ok()) return phases.status();
  options.phases = *std::move(phases);
  if (absl::GetFlag(FLAGS_reregister_with_response)) AnswerAgain(options);
  auto day = DayMix::Parse(absl::GetFlag(FLAGS_day));
  if (!day.ok()) return day.status();
  options.day = *day;
  options.timeout = absl::GetFlag(FLAGS_timeout);
  const std::string version = absl::GetFlag(FLAGS_tls);
  if (version != "1.2" && version != "1.3") {
    return Wrong("tls", absl::StrCat("`", version, "` is not 1.2 or 1.3"));
  }
  options.tls = version == "1.2" ? net::tls::TlsVersion::k1_2
                                 : net::tls::TlsVersion::k1_3;
  return CheckLoad(options);
}

// Built: next to this program; `bazel run` and tests: in the runfiles.
std::string FindProxy() {
  char self[4096];
  const ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
  const std::string program(self, size > 0 ? static_cast<size_t>(size) : 0);
  const std::string folder = program.substr(0, program.rfind('/'));
  for (const std::string& file :
       {std::string("proxy/sallyport"),
        program + ".runfiles/sallyport/proxy/sallyport",
        folder + "/../../proxy/sallyport"}) {
    if (access(file.c_str(), X_OK) == 0) return file;
  }
  return "";
}

absl::Status FillProxy(Options& options) {
  const std::string target = absl::GetFlag(FLAGS_target);
  options.proxy_pid = absl::GetFlag(FLAGS_proxy_pid);
  options.shards = absl::GetFlag(FLAGS_shards);
  const std::string kind = absl::GetFlag(FLAGS_kind);
  if (kind != "edge" && kind != "relay") {
    return Wrong("kind", "is not edge or relay");
  }
  options.edge = kind == "edge";
  options.proxy_flags =
      absl::StrSplit(absl::GetFlag(FLAGS_proxy_flags), ' ', absl::SkipEmpty());
  if (!target.empty()) {
    const std::optional<Endpoint> endpoint = Endpoint::Parse(target);
    if (!endpoint) return Wrong("target", "is not IP:PORT");
    options.target = *endpoint;
    return absl::OkStatus();
  }
  options.proxy = absl::GetFlag(FLAGS_proxy);
  if (options.proxy.empty()) options.proxy = FindProxy();
  if (options.proxy.empty()) return Wrong("proxy", "none is found; name one");
  return absl::OkStatus();
}

absl::Status FillCore(Options& options) {
  const std::string core = absl::GetFlag(FLAGS_home_core);
  if (core != "builtin" && core != "none") {
    return Wrong("home_core", "is not builtin or none");
  }
  options.builtin_core = core == "builtin";
  for (const PhaseSpec& phase : options.phases) {
    if (SendsMessages(phase, options.day) && !options.builtin_core) {
      return Wrong("phases", "MESSAGEs are sent by the built-in home core");
    }
  }
  if (!options.builtin_core && !options.target.address.valid()) {
    return Wrong("home_core", "none needs a proxy that runs: --target");
  }
  const auto listen = Endpoint::Parse(absl::GetFlag(FLAGS_core_listen));
  if (!listen) return Wrong("core_listen", "is not IP:PORT");
  options.core_listen = *listen;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Options> ParseCommandLine(int argc, char** argv) {
  absl::SetProgramUsageMessage(kUsage);
  absl::FlagsUsageConfig config;
  config.contains_helpshort_flags = [](absl::string_view file) {
    return absl::StrContains(file, "bench/load/options.cc");
  };
  config.contains_help_flags = config.contains_helpshort_flags;
  absl::SetFlagsUsageConfig(config);
  g_status_of_early_exit = AsksForHelp(argc, argv) ? 0 : 2;
  std::atexit(ExitFromFlags);
  const std::vector<char*> positional = absl::ParseCommandLine(argc, argv);
  g_status_of_early_exit = -1;
  if (positional.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("`", positional[1], "` is not a flag (--help)"));
  }
  Options options;
  absl::Status status = FillLoad(options);
  status.Update(FillProxy(options));
  status.Update(FillCore(options));
  if (!status.ok()) return status;
  return options;
}

}  // namespace sallyport::load
