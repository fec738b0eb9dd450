// What do the tables and texts cost that route a message: flow token, branch,
// transaction, next hop?
//
// Sketch: a token is HMAC-SHA-256 over 25 octets: with the two pads four blocks
// of 64 octets, 60 ns each with the SHA instructions, and BoringSSL copies some
// states: 350 ns; its text is 32 letters. A branch is 46 hexadecimal digits: 30
// ns to write, 60 to read. A transaction is 500 octets of record, a copy of 842
// octets, two list links and one bucket: 10 lines, 150 ns. Choosing between two
// entry points looks at two health records: 30 ns.
//
// We would be wrong if a token cost more than 500 ns (then it should be kept
// with the association), or if a transaction cost more among 10,000 others than
// the lines that it misses.
//
// Seen (2 virtual cores of 2.6 GHz, shared with compilers; -c opt): a token 200
// ns, a branch 19 and 43, a transaction 62 among 64 and 134 among 10,000, a
// next hop 60. None is worth keeping instead of making.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "bench/hmac_mac.h"
#include "core/base/endpoint.h"
#include "core/base/time.h"
#include "core/edge_config.h"
#include "core/routing/branch.h"
#include "core/routing/flow_token.h"
#include "core/routing/next_hops.h"
#include "core/routing/transaction_table.h"
#include "core/testing/fakes.h"
#include "core/testing/heap_count.h"

namespace sallyport::routing {
namespace {

using bench::HmacMac;

std::string Register() {
  std::ifstream file("tests/messages/register/challenge_response_over_tls.sip",
                     std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.empty()) std::abort();
  return bytes;
}

void BM_Token_Write(benchmark::State& state) {
  const HmacMac mac;
  FlowToken token{.shard = 3, .association = {.slot = 0, .generation = 7}};
  for (auto _ : state) {
    ++token.association.slot;
    benchmark::DoNotOptimize(WriteToken(mac, TokenUse::kPath, token));
  }
}
BENCHMARK(BM_Token_Write);

void BM_Token_Read(benchmark::State& state) {
  const HmacMac mac;
  const TokenText text =
      WriteToken(mac, TokenUse::kPath,
                 {.shard = 3, .association = {.slot = 4, .generation = 7}});
  for (auto _ : state) {
    const TokenRead read = ReadToken(mac, text.view());
    if (read.verdict != TokenRead::Verdict::kGenuine) std::abort();
  }
}
BENCHMARK(BM_Token_Read);

void BM_Branch_Write(benchmark::State& state) {
  Branch branch{.shard = 3, .transaction = {.slot = 0, .generation = 7}};
  for (auto _ : state) {
    ++branch.transaction.slot;
    branch.loop_hash += 0x9e3779b97f4a7c15;
    benchmark::DoNotOptimize(WriteBranch(branch));
  }
}
BENCHMARK(BM_Branch_Write);

void BM_Branch_Read(benchmark::State& state) {
  const BranchText text =
      WriteBranch({.shard = 3,
                   .transaction = {.slot = 4, .generation = 7},
                   .loop_hash = 0x0123456789abcdef});
  for (auto _ : state) {
    if (!ParseBranch(text.view())) std::abort();
  }
}
BENCHMARK(BM_Branch_Read);

// The whole life of one: begun with a copy of its request, waiting on a flow,
// found by its response, and ended; among so many others, the oldest ends.
void BM_Transaction_Life(benchmark::State& state) {
  const std::string request = Register();
  const auto others = static_cast<uint32_t>(state.range(0));
  TransactionTable table(
      {.capacity = others + 1, .message_bytes_max = uint64_t{256} << 20});
  FakeEntropy chance;
  const auto begin = [&](uint32_t flow_slot) {
    const SlotHandle handle = table.Begin();
    Transaction& transaction = *table.Find(handle);
    transaction.request = table.pool().Store(request);
    transaction.key = chance.Next();
    transaction.method_hash = 1;
    transaction.downstream.flow = {
        .shard = 0, .handle = {.slot = flow_slot, .generation = 1}};
    table.Index(handle);
    table.AttachToFlow(handle, flow_slot);
    return handle;
  };
  std::vector<SlotHandle> waiting;
  for (uint32_t i = 0; i < others; ++i) waiting.push_back(begin(i));
  size_t next = 0;
  const uint64_t heap = HeapCount();
  for (auto _ : state) {
    SlotHandle& oldest = waiting[next++ % others];
    const Transaction* transaction = table.Find(oldest);
    if (transaction == nullptr || !transaction->request.valid()) std::abort();
    table.End(oldest);
    oldest = begin(static_cast<uint32_t>(next % others));
  }
  state.counters["heap"] = static_cast<double>(HeapCount() - heap) /
                           static_cast<double>(state.iterations());
}
BENCHMARK(BM_Transaction_Life)->Arg(64)->Arg(10'000);

// Is this request a repetition? Of most it is not.
void BM_Transaction_IsNew(benchmark::State& state) {
  const auto others = static_cast<uint32_t>(state.range(0));
  TransactionTable table({.capacity = others, .message_bytes_max = 1 << 20});
  FakeEntropy chance;
  for (uint32_t i = 0; i < others; ++i) {
    const SlotHandle handle = table.Begin();
    table.Find(handle)->key = chance.Next();
    table.Index(handle);
  }
  for (auto _ : state) {
    if (table.FindByKey(chance.Next(), 1).valid()) std::abort();
  }
}
BENCHMARK(BM_Transaction_IsNew)->Arg(64)->Arg(10'000);

void BM_NextHop_ChooseHome(benchmark::State& state) {
  EdgeConfig config;
  for (const char* text : {"192.0.2.20:5060", "192.0.2.21:5060"}) {
    config.home_core.push_back({.endpoint = *Endpoint::Parse(text),
                                .host = text,
                                .priority = uint16_t{1}});
  }
  FakeEntropy chance;
  NextHops hops(config, chance);
  const Instant now{Millis(1'000'000)};
  const uint64_t heap = HeapCount();
  for (auto _ : state) {
    HopTries tries;
    const HopChoice choice = hops.ChooseHome("ims.example.com", tries, now);
    if (choice.kind != HopChoice::Kind::kTarget) std::abort();
    hops.Begin(choice, tries, now);
    hops.Succeeded(choice.target, now);
  }
  state.counters["heap"] = static_cast<double>(HeapCount() - heap) /
                           static_cast<double>(state.iterations());
}
BENCHMARK(BM_NextHop_ChooseHome);

}  // namespace
}  // namespace sallyport::routing
