// What does TLS cost a shard: a phone that comes anew, a phone that comes back,
// and a SIP message each way?
//
// Sketch: a full handshake is one P-256 signature (12 us), one X25519 key pair
// and one agreement (12 + 30 us) for the server, and about the same for the
// client, which runs in the same loop; a resumed one has no signature. A record
// of 800 bytes is AES-128-GCM at a few bytes per ns, a copy and a malloc: below
// 1 us. Wrong if: the server's part of a full handshake exceeds 200 us, or a
// record 2 us.
#include <time.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "benchmark/benchmark.h"
#include "net/tls/client.h"
#include "net/tls/client_hello.h"
#include "net/tls/crypto.h"
#include "net/tls/engine.h"
#include "net/tls/test_world.h"

namespace sallyport::net::tls {
namespace {

constexpr size_t kMessageBytes = 800;  // a REGISTER with a challenge response

TlsVersion VersionOf(const benchmark::State& state) {
  return state.range(0) == 12 ? TlsVersion::k1_2 : TlsVersion::k1_3;
}

// The time that this thread had on a core, so that neighbours do not count.
struct ThreadClock {
  static std::chrono::nanoseconds now() {
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
  }
};

// Both ends; `server_ns` is the server's share.
void Handshakes(benchmark::State& state, bool resume) {
  using Clock = ThreadClock;
  ServerWorld world;
  const auto client_context = TestClient(VersionOf(state));
  ClientSession session;
  if (resume) session = Meeting(client_context, world).Session();
  std::chrono::nanoseconds server_time{0};
  for (auto _ : state) {
    ClientEngine client(client_context, "edge.test", session);
    End client_end(client);
    client_end.Drain();
    std::chrono::nanoseconds start = Clock::now();
    Engine server(world.context);
    End server_end(server);
    server_time += Clock::now() - start;
    while (!client_end.out.bytes.empty()) {
      start = Clock::now();
      server_end.Take(client_end.out.bytes);
      server_time += Clock::now() - start;
      client_end.out.bytes.clear();
      client_end.Take(server_end.out.bytes);
      server_end.out.bytes.clear();
    }
    if (!server.handshake_done() || server.resumed() != resume) {
      state.SkipWithError("not the handshake that was meant");
      break;
    }
  }
  state.counters["server_ns"] = benchmark::Counter(
      server_time.count(), benchmark::Counter::kAvgIterations);
}

void BM_Handshake_Full(benchmark::State& state) { Handshakes(state, false); }
void BM_Handshake_Resumed(benchmark::State& state) { Handshakes(state, true); }
BENCHMARK(BM_Handshake_Full)->Arg(12)->Arg(13)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_Handshake_Resumed)
    ->Arg(12)
    ->Arg(13)
    ->Unit(benchmark::kMicrosecond);

void BM_Record_Seal(benchmark::State& state) {
  ServerWorld world;
  Meeting meeting(TestClient(VersionOf(state)), world);
  const std::string text(kMessageBytes, 'x');
  Buffer out;
  for (auto _ : state) {
    out.bytes.clear();
    if (!meeting.server.Write(text, out)) state.SkipWithError("not sealed");
    benchmark::DoNotOptimize(out.bytes.data());
  }
  state.SetBytesProcessed(state.iterations() * kMessageBytes);
}
BENCHMARK(BM_Record_Seal)->Arg(12)->Arg(13);

// The client seals a batch while the clock stands still.
void BM_Record_Open(benchmark::State& state) {
  constexpr size_t kBatch = 1000;
  ServerWorld world;
  Meeting meeting(TestClient(VersionOf(state)), world);
  const std::string text(kMessageBytes, 'x');
  Buffer sealed;
  Buffer none;
  std::string_view rest;
  char plain[2048];
  size_t record_bytes = 0;
  for (auto _ : state) {
    if (rest.empty()) {
      state.PauseTiming();
      sealed.bytes.clear();
      for (size_t i = 0; i < kBatch; ++i) {
        if (!meeting.client.Write(text, sealed)) {
          state.SkipWithError("not sealed");
        }
      }
      rest = sealed.bytes;
      record_bytes = sealed.bytes.size() / kBatch;
      state.ResumeTiming();
    }
    meeting.server.Feed(rest.substr(0, record_bytes));
    rest.remove_prefix(record_bytes);
    const ReadResult first = meeting.server.Read(plain, sizeof(plain), none);
    const ReadResult second = meeting.server.Read(plain, sizeof(plain), none);
    if (first.bytes != kMessageBytes ||
        second.status != ReadStatus::kWantMore) {
      state.SkipWithError("not opened");
      break;
    }
  }
  state.SetBytesProcessed(state.iterations() * kMessageBytes);
}
BENCHMARK(BM_Record_Open)->Arg(12)->Arg(13);

// Before a socket is handed to its home shard.
void BM_ClientHello_PeekAndTicketHome(benchmark::State& state) {
  ServerWorld world;
  const auto client_context = TestClient(VersionOf(state));
  const ClientSession session = Meeting(client_context, world).Session();
  ClientEngine client(client_context, "edge.test", session);
  End end(client);
  end.Drain();
  for (auto _ : state) {
    const HelloPeek peek = PeekClientHello(end.out.bytes);
    const auto home = TicketHome(world.desk.keys(), peek.ticket);
    if (!home.has_value()) state.SkipWithError("no home");
    benchmark::DoNotOptimize(home);
  }
}
BENCHMARK(BM_ClientHello_PeekAndTicketHome)->Arg(12)->Arg(13);

// A flow token's MAC.
void BM_HmacSha256_FlowToken(benchmark::State& state) {
  MacKey key;
  RandomBytes(key);
  const HmacSha256 hmac(key);
  const std::string token(24, 't');
  for (auto _ : state) {
    benchmark::DoNotOptimize(hmac.Sign(token));
  }
}
BENCHMARK(BM_HmacSha256_FlowToken);

}  // namespace
}  // namespace sallyport::net::tls
