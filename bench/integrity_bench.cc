// What does it cost to decide on the protection of a REGISTER, once its lines
// have names?
//
// Sketch: the decision itself is a dozen branches: 5 ns. What it rests on is
// read from the text: nine parameters of the credentials in 330 octets, quotes
// and all, at 1 ns per octet: 350 ns; the private identity is compared octet by
// octet with the stored one: 40 octets, 40 ns; the agreement's three rows: 100
// ns.
//
// We would be wrong if the decision showed beside the reading, or if reading
// cost more than 1 ns per octet of the credentials.
//
// Seen (2 virtual cores of 2.6 GHz, shared with compilers; -c opt): the reading
// costs 550 ns, 1.7 per octet, and a REGISTER pays it several times over
// (bench/edge_bench.cc); the decision 100, because it looks behind the quotes
// whether the username is empty; the identity 120, the agreement 117.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "core/edge_config.h"
#include "core/registration/integrity.h"
#include "core/registration/security_agreement.h"
#include "core/sip/message.h"

namespace sallyport::registration {
namespace {

constexpr std::string_view kRealm = "ims.mnc001.mcc001.3gppnetwork.org";

// Run from the top of the tree, as `bazel run` does.
struct Request {
  Request() {
    std::ifstream file(
        "tests/messages/register/challenge_response_over_tls.sip",
        std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
    if (message.Scan(bytes) != sip::ScanVerdict::kOk) std::abort();
  }
  std::string bytes;
  sip::MessageView message;
};

void BM_Integrity_SelectCredentials(benchmark::State& state) {
  const Request request;
  for (auto _ : state) {
    const Credentials credentials = SelectCredentials(request.message, kRealm);
    if (credentials.kind != Credentials::Kind::kDigest) std::abort();
  }
}
BENCHMARK(BM_Integrity_SelectCredentials);

void BM_Integrity_SameImpi(benchmark::State& state) {
  const Request request;
  const Credentials credentials = SelectCredentials(request.message, kRealm);
  const std::string impi = "user1@" + std::string(kRealm);
  for (auto _ : state) {
    if (!SameImpi(credentials.digest.username, impi)) std::abort();
  }
}
BENCHMARK(BM_Integrity_SameImpi);

void BM_Integrity_ReadAgreement(benchmark::State& state) {
  const Request request;
  for (auto _ : state) {
    benchmark::DoNotOptimize(ReadAgreement(request.message));
  }
}
BENCHMARK(BM_Integrity_ReadAgreement);

void BM_Integrity_Decide(benchmark::State& state) {
  const Request request;
  const EdgeConfig config;
  Credentials credentials = SelectCredentials(request.message, kRealm);
  IntegrityInput input{.on_tls = true,
                       .bound = IntegrityInput::Bound::kActive,
                       .username_matches = true};
  for (auto _ : state) {
    benchmark::DoNotOptimize(credentials);
    benchmark::DoNotOptimize(input);
    if (DecideIntegrity(credentials, input, config).value !=
        Integrity::kTlsYes) {
      std::abort();
    }
  }
}
BENCHMARK(BM_Integrity_Decide);

}  // namespace
}  // namespace sallyport::registration
