// What a run of the load generator shall do, as the command line says it.
#ifndef BENCH_LOAD_OPTIONS_H_
#define BENCH_LOAD_OPTIONS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/load/day.h"
#include "bench/load/phases.h"
#include "core/base/endpoint.h"
#include "net/tls/client.h"

namespace sallyport::load {

struct Options {
  // ---- the load
  uint32_t ues = 10'000;
  std::vector<PhaseSpec> phases;
  DayMix day;
  uint32_t in_flight = 256;  // pieces of a closed loop, or newcomers
  absl::Duration duration;   // of a phase that repeats
  absl::Duration idle;
  net::tls::TlsVersion tls = net::tls::TlsVersion::k1_3;
  absl::Duration timeout;
  std::string figures;  // a file; empty: none

  // ---- the proxy: `target` valid: it runs already
  Endpoint target;
  pid_t proxy_pid = 0;  // of `target`; 0: not measured
  bool edge = true;     // it marks REGISTERs; false: a relay, which does not
  std::string proxy;    // a file to start
  std::vector<std::string> proxy_flags;
  int shards = 1;

  // ---- the home core
  bool builtin_core = true;
  Endpoint core_listen;
};

// Ends the process for --help (0) and for flags that do not parse (2).
absl::StatusOr<Options> ParseCommandLine(int argc, char** argv);

}  // namespace sallyport::load

#endif  // BENCH_LOAD_OPTIONS_H_
