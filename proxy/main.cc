// Sallyport: the SIP edge proxy. Start-up, signals and the end.
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/log_severity.h"
#include "absl/log/globals.h"
#include "absl/log/initialize.h"
#include "absl/log/log.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "proxy/admin.h"
#include "proxy/flags.h"
#include "proxy/listeners.h"
#include "proxy/material.h"
#include "proxy/shards.h"

namespace sallyport::proxy {
namespace {

// Signals are waited for by the main thread and by no other.
sigset_t BlockSignals() {
  signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  for (int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return set;
}

void RaiseDescriptorLimit(const Options& options) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t wanted =
      static_cast<rlim_t>(options.shards) * options.streams_max;
  if (limit.rlim_cur < wanted) {
    LOG(WARNING) << "few_descriptors have=" << limit.rlim_cur
                 << " wanted=" << wanted
                 << " note=raise_RLIMIT_NOFILE_or_lower_connections_max";
  }
}

std::string List(const std::vector<Endpoint>& endpoints) {
  return absl::StrJoin(endpoints, ",",
                       [](std::string* out, const Endpoint& endpoint) {
                         out->append(endpoint.ToString());
                       });
}

void Warn(const Options& options) {
  if (options.edge.integrity_profile == EdgeConfig::IntegrityProfile::kSeed) {
    // Conformance: SEC-29
    LOG(WARNING) << "integrity_profile=seed tells the registrar tls-yes before "
                    "it has verified a digest: with a registrar that then "
                    "skips the check, anybody registers as anybody";
  }
  if (!options.edge.secagree_verify_strict) {
    LOG(WARNING) << "secagree_verify=off lets a REGISTER pass whose "
                    "Security-Verify is not what was offered: nobody notices "
                    "that an offer was changed on its way";
  }
  if (options.edge.assoc_without_digest) {
    LOG(WARNING)
        << "assoc_without_digest=true makes an association of a REGISTER "
           "that was never challenged: what the registrar accepts "
           "from anybody, anybody gets";
  }
  if (!options.edge.tls_required) {
    LOG(WARNING) << "tls_required=false forwards REGISTERs that no TLS "
                    "protects, with their digest responses";
  }
  if (options.edge.home_core.empty() && options.edge.home_domains.empty()) {
    LOG(WARNING) << "neither --home_core nor --home_domains is given: every "
                    "REGISTER gets 504";
  }
}

// SIGHUP, or the time for a fresh ticket key.
void Renew(const Options& options, bool reload, Shards& shards,
           std::shared_ptr<const TlsMaterial>& material) {
  if (!reload) {
    material = WithFreshTicketKey(*material);
    LOG(INFO) << "ticket_key_rotated";
  } else if (auto loaded = LoadMaterial(options, material.get());
             loaded.ok()) {
    material = *std::move(loaded);
    LOG(INFO) << "reloaded certificates=" << material->certificates.size();
  } else {
    LOG(ERROR) << "reload_failed kept=previous reason="
               << loaded.status().message();
    return;
  }
  shards.UseMaterial(material);
}

// Returns when the process shall end.
void ServeUntilSignal(const Options& options, const sigset_t& signals,
                      Shards& shards,
                      std::shared_ptr<const TlsMaterial> material) {
  const bool rotate = options.ticket_key_file.empty();
  absl::Time rotate_at = absl::Now() + options.ticket_rotation;
  while (true) {
    const timespec wait = absl::ToTimespec(
        std::max(absl::ZeroDuration(), rotate_at - absl::Now()));
    const int number = sigtimedwait(&signals, nullptr, &wait);
    if (number == SIGTERM || number == SIGINT) return;
    if (number == SIGHUP) {
      Renew(options, true, shards, material);
    } else if (absl::Now() >= rotate_at) {
      rotate_at = absl::Now() + options.ticket_rotation;
      if (rotate) Renew(options, false, shards, material);
    }
  }
}

absl::Status Serve(Options options) {
  const sigset_t signals = BlockSignals();
  RaiseDescriptorLimit(options);
  Warn(options);
  auto material = LoadMaterial(options, nullptr);
  if (!material.ok()) return material.status();
  auto sockets = OpenListeners(options);
  if (!sockets.ok()) return sockets.status();
  FinishOptions(options);
  auto shards = Shards::Create(options, *material, *std::move(sockets));
  if (!shards.ok()) return shards.status();
  auto admin = Admin::Create(options, **shards);
  if (!admin.ok()) return admin.status();

  if (auto status = (*shards)->Start(); !status.ok()) return status;
  (*admin)->SetReady(true);
  const std::string core_tls =
      options.core_tls_listen
          ? absl::StrCat(" core_tls=", options.core_tls_listen->ToString())
          : "";
  std::printf("ready tls=%s sip=%s core=%s%s admin=%s shards=%d\n",
              List(options.tls_listen).c_str(),
              List(options.sip_listen).c_str(),
              options.core_listen.ToString().c_str(), core_tls.c_str(),
              (*admin)->local().ToString().c_str(), options.shards);
  std::fflush(stdout);

  ServeUntilSignal(options, signals, **shards, *std::move(material));
  (*admin)->SetReady(false);
  LOG(INFO) << "draining";
  (*shards)->Drain();
  LOG(INFO) << "ended";
  return absl::OkStatus();
}

}  // namespace
}  // namespace sallyport::proxy

// 0: drained after a signal; 2: the start was refused.
int main(int argc, char** argv) {
  absl::InitializeLog();
  absl::SetStderrThreshold(absl::LogSeverityAtLeast::kInfo);
  auto options = sallyport::proxy::ParseCommandLine(argc, argv);
  absl::Status status = options.status();
  if (status.ok()) status = sallyport::proxy::Serve(*std::move(options));
  if (status.ok()) return 0;
  std::fprintf(stderr, "sallyport: %s\n",
               std::string(status.message()).c_str());
  return 2;
}
