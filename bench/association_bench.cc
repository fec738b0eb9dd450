// What does an association cost, in bytes and in time, when there are a
// million?
//
// Sketch: a record of 128 bytes with 8 of its slot, two links of 4 bytes, and a
// packed run of texts: 32 of header, 32 per set, 8 per identity, and some 330
// of IMPI, Contact, Call-ID, instance, identities and routes: 570 in all. A
// look-up by session touches bucket, record: two cache misses, 200 ns. A
// refresh that says nothing new compares 330 bytes: 150 ns when they are in the
// cache; when neither the association nor the grant is, some 15 lines are
// missed: 1000 ns.
//
// We would be wrong if a million cost much more per call than ten thousand plus
// those misses, or more than 600 bytes each.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/full_slice.h"
#include "core/registration/association_slice.h"
#include "core/testing/fakes.h"

namespace sallyport::registration {
namespace {

using bench::FlowOf;
using bench::FullSlice;
using bench::InfoOf;
using bench::Phone;
using bench::SessionOf;

constexpr Instant kNow = bench::kRegistered;

void BM_Association_FindByTlsSession(benchmark::State& state) {
  const FullSlice& full = FullSlice::Of(state.range(0));
  FakeEntropy entropy;
  for (auto _ : state) {
    const uint32_t number = entropy.Next() % state.range(0);
    const AssociationId id = full.slice->FindByTlsSession(SessionOf(number));
    if (id.slot != number) std::abort();
  }
  state.counters["bytes_per_association"] = full.bytes_per_association;
}

void BM_Association_CountOfImpi(benchmark::State& state) {
  const FullSlice& full = FullSlice::Of(state.range(0));
  FakeEntropy entropy;
  std::deque<Phone> phones;
  for (int i = 0; i < 4096; ++i) {
    phones.emplace_back(entropy.Next() % state.range(0));
  }
  size_t next = 0;
  for (auto _ : state) {
    const Phone& phone = phones[next++ % phones.size()];
    if (full.slice->CountOfImpi(phone.impi) != 1) std::abort();
  }
}

void BM_Association_Facts(benchmark::State& state) {
  const FullSlice& full = FullSlice::Of(state.range(0));
  FakeEntropy entropy;
  for (auto _ : state) {
    const AssociationId id = full.slice->At(entropy.Next() % state.range(0));
    benchmark::DoNotOptimize(full.slice->default_identity(id));
    benchmark::DoNotOptimize(full.slice->flow(id));
  }
}

void BM_Association_MatchIdentity(benchmark::State& state) {
  const FullSlice& full = FullSlice::Of(state.range(0));
  FakeEntropy entropy;
  std::vector<uint32_t> numbers;
  std::vector<std::string> uris;
  for (int i = 0; i < 4096; ++i) {
    numbers.push_back(entropy.Next() % state.range(0));
    uris.push_back("tel:+" + Phone(numbers.back()).digits);
  }
  size_t next = 0;
  for (auto _ : state) {
    const size_t i = next++ % uris.size();
    const AssociationId id = full.slice->At(numbers[i]);
    if (full.slice->MatchIdentity(id, uris[i]).empty()) std::abort();
  }
}

void Refresh(benchmark::State& state, int phones) {
  FullSlice& full = FullSlice::Of(state.range(0));
  FakeEntropy entropy;
  struct Known {
    uint32_t number;
    FlowInfo info;
    std::unique_ptr<Phone> phone;
  };
  std::vector<Known> refreshes;
  for (int i = 0; i < phones; ++i) {
    const uint32_t number = entropy.Next() % state.range(0);
    refreshes.push_back(
        {number, InfoOf(number), std::make_unique<Phone>(number)});
  }
  static uint32_t cseq = 1;  // of all runs: an older one would not be applied
  for (auto _ : state) {
    const Known& refresh = refreshes[++cseq % refreshes.size()];
    const AssociationId id = full.slice->At(refresh.number);
    const Applied applied =
        full.slice->Apply(id, refresh.phone->GrantOf(cseq),
                          FlowOf(refresh.number), refresh.info, kNow);
    if (applied != Applied::kRefreshed) std::abort();
  }
}

void BM_Association_RefreshWarm(benchmark::State& state) { Refresh(state, 64); }

void BM_Association_RefreshCold(benchmark::State& state) {
  Refresh(state, 4096);
}

// The timer of an association fires early, because it was refreshed meanwhile.
void BM_Association_ExpireNothing(benchmark::State& state) {
  FullSlice& full = FullSlice::Of(state.range(0));
  FakeEntropy entropy;
  for (auto _ : state) {
    const AssociationId id = full.slice->At(entropy.Next() % state.range(0));
    if (full.slice->ExpireSets(id, kNow)) std::abort();
  }
}

// An association ends and another one begins.
void BM_Association_ExpireRemoveCreate(benchmark::State& state) {
  FullSlice& full = FullSlice::Of(state.range(0));
  const Instant later = kNow + Seconds(3630);
  FakeEntropy entropy;
  for (auto _ : state) {
    state.PauseTiming();
    const uint32_t number = entropy.Next() % state.range(0);
    const Phone phone(number);
    const FlowInfo info = InfoOf(number);
    state.ResumeTiming();
    const AssociationId old = full.slice->At(number);
    if (!full.slice->ExpireSets(old, later)) std::abort();
    full.slice->Remove(old);
    const AssociationId fresh = full.slice->Reserve(FlowOf(number), info);
    const Applied applied =
        full.slice->Apply(fresh, phone.GrantOf(1), FlowOf(number), info, kNow);
    if (applied != Applied::kCreated) std::abort();
  }
}

// All of one size, then all of the next: a full slice is made once per size.
const bool registered = [] {
  using Function = void (*)(benchmark::State&);
  const std::pair<const char*, Function> kAll[] = {
      {"BM_Association_FindByTlsSession", BM_Association_FindByTlsSession},
      {"BM_Association_CountOfImpi", BM_Association_CountOfImpi},
      {"BM_Association_Facts", BM_Association_Facts},
      {"BM_Association_MatchIdentity", BM_Association_MatchIdentity},
      {"BM_Association_RefreshWarm", BM_Association_RefreshWarm},
      {"BM_Association_RefreshCold", BM_Association_RefreshCold},
      {"BM_Association_ExpireNothing", BM_Association_ExpireNothing},
      {"BM_Association_ExpireRemoveCreate", BM_Association_ExpireRemoveCreate},
  };
  for (const int64_t count : {10'000, 1'000'000}) {
    for (const auto& [name, function] : kAll) {
      benchmark::RegisterBenchmark(name, function)->Arg(count);
    }
  }
  return true;
}();

}  // namespace
}  // namespace sallyport::registration
