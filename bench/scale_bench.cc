// Does an association cost more when there are ten million of them?
//
// Sketch: nothing walks, so what grows is only how far away the memory is. Ten
// thousand are 6 MB and come from the last cache (some 25 ns a line); ten
// million are 6 GB, where each line comes from memory and each page from the
// page table (100 to 150 ns). Lines of a look-up by session: bucket, record (2
// of its 3): some 100 ns of difference. Of a refresh: the same, and 9 lines of
// texts in a row, which the processor fetches ahead: 300 ns of difference. An
// end and a new one: buckets and neighbours of two indices, malloc: 1 us.
//
// We would be wrong if a refresh, or an end and a beginning, cost more than
// twice as much at ten million as at ten thousand, or if a million took more
// than 600 bytes each.
//
// Seen (2 virtual cores of 2.6 GHz, shared with compilers; --config=release):
//                        10,000   100,000  1,000,000  10,000,000
//   find by session            59       165        390   590..750 ns
//   count of an IMPI          156       718       1120       2560
//   match an identity          52       207        250        370
//   refresh                   206       739        887  1130..1560
//   expire nothing             36       138        207        317
//   end and begin             768      1666       2002  2380..2670
//   bytes of each             584       571        569        588
// Memory is as it should be, and time is not: at ten million a refresh costs
// five to eight times as much, an end and a beginning three times. Nothing
// walks and the instructions are the same (1030 for a refresh): ten thousand
// lie in the caches, which the bound of two forgot. A look-up misses 4 lines,
// not 3 (a record of 136 octets begins anywhere in a line; callgrind, 2 MB). On
// 64 shards ten million are 156,250 on each: near the second column. Huge pages
// for the heap (GLIBC_TUNABLES=glibc.malloc.hugetlb=1) gave from nothing to 30
// % in three runs at ten million: not more than the noise of this machine.
//
// A turn is 64 telephones, far from one another; what they say was made before.
// What is measured is the time that the thread had on a core. Ten million take
// 6 GB, and a minute to make.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "bench/full_slice.h"
#include "bench/thread_clock.h"
#include "core/registration/association_slice.h"
#include "core/testing/fakes.h"
#include "core/testing/heap_count.h"

namespace sallyport::bench {
namespace {

using registration::Applied;
using registration::AssociationId;
using registration::AssociationSlice;

constexpr size_t kTurn = 64;

// A telephone with something to say.
struct Caller {
  explicit Caller(uint32_t number)
      : number(number),
        info(InfoOf(number)),
        flow(FlowOf(number)),
        phone(number),
        tel("tel:+" + phone.digits) {}

  const uint32_t number;
  const FlowInfo info;
  const FlowId flow;
  const Phone phone;
  const std::string tel;
};

// Of all runs: what an earlier one touched is still in the caches.
FakeEntropy g_chance;

// Telephones of one turn; no two are the same one.
class Callers {
 public:
  explicit Callers(int64_t count) : share_(count / kTurn) {}
  const std::deque<Caller>& Next() {
    callers_.clear();
    for (size_t i = 0; i < kTurn; ++i) {
      callers_.emplace_back(
          static_cast<uint32_t>(g_chance.Next() % share_ + i * share_));
    }
    return callers_;
  }

 private:
  const uint64_t share_;
  std::deque<Caller> callers_;
};

uint32_t g_cseq = 1;  // of all runs: an older one would not be applied

template <typename Operation>
void Measure(benchmark::State& state, Operation&& operation) {
  FullSlice& full = FullSlice::Of(state.range(0));
  Callers callers(state.range(0));
  std::vector<double> turns;
  uint64_t heap = 0;
  while (state.KeepRunningBatch(kTurn)) {
    const std::deque<Caller>& turn = callers.Next();
    ++g_cseq;
    const uint64_t heap_before = HeapCount();
    const double begin = ThreadSeconds();
    for (const Caller& caller : turn) operation(*full.slice, caller);
    const double seconds = ThreadSeconds() - begin;
    heap += HeapCount() - heap_before;
    state.SetIterationTime(seconds);
    turns.push_back(seconds);
  }
  const auto middle = turns.begin() + static_cast<long>(turns.size() / 2);
  std::nth_element(turns.begin(), middle, turns.end());
  state.counters["median_ns"] = *middle / kTurn * 1e9;
  state.counters["heap"] =
      static_cast<double>(heap) / static_cast<double>(state.iterations());
  state.counters["bytes_per_association"] = full.bytes_per_association;
}

void BM_Scale_FindBySession(benchmark::State& state) {
  Measure(state, [](AssociationSlice& slice, const Caller& caller) {
    const AssociationId id = slice.FindByTlsSession(caller.info.tls_session);
    if (!id.valid()) std::abort();
  });
}

void BM_Scale_CountOfImpi(benchmark::State& state) {
  Measure(state, [](AssociationSlice& slice, const Caller& caller) {
    if (slice.CountOfImpi(caller.phone.impi) != 1) std::abort();
  });
}

// What a message of a telephone asks of its association.
void BM_Scale_MatchIdentity(benchmark::State& state) {
  Measure(state, [](AssociationSlice& slice, const Caller& caller) {
    const AssociationId id = slice.At(caller.number);
    if (slice.MatchIdentity(id, caller.tel).empty()) std::abort();
  });
}

void BM_Scale_Refresh(benchmark::State& state) {
  Measure(state, [](AssociationSlice& slice, const Caller& caller) {
    const Applied applied =
        slice.Apply(slice.At(caller.number), caller.phone.GrantOf(g_cseq),
                    caller.flow, caller.info, kRegistered);
    if (applied != Applied::kRefreshed) std::abort();
  });
}

// The timer fires, and the association was refreshed meanwhile.
void BM_Scale_ExpireNothing(benchmark::State& state) {
  Measure(state, [](AssociationSlice& slice, const Caller& caller) {
    if (slice.ExpireSets(slice.At(caller.number), kRegistered)) std::abort();
  });
}

// An association ends, and another one takes its slot.
void BM_Scale_EndAndBegin(benchmark::State& state) {
  const Instant later = kRegistered + Seconds(3630);
  Measure(state, [later](AssociationSlice& slice, const Caller& caller) {
    const AssociationId old = slice.At(caller.number);
    if (!slice.ExpireSets(old, later)) std::abort();
    slice.Remove(old);
    const AssociationId fresh = slice.Reserve(caller.flow, caller.info);
    const Applied applied = slice.Apply(fresh, caller.phone.GrantOf(g_cseq),
                                        caller.flow, caller.info, kRegistered);
    if (applied != Applied::kCreated) std::abort();
  });
}

// All of one size, then all of the next: a full slice is made once per size.
const bool registered = [] {
  using Function = void (*)(benchmark::State&);
  const std::pair<const char*, Function> kAll[] = {
      {"BM_Scale_FindBySession", BM_Scale_FindBySession},
      {"BM_Scale_CountOfImpi", BM_Scale_CountOfImpi},
      {"BM_Scale_MatchIdentity", BM_Scale_MatchIdentity},
      {"BM_Scale_Refresh", BM_Scale_Refresh},
      {"BM_Scale_ExpireNothing", BM_Scale_ExpireNothing},
      {"BM_Scale_EndAndBegin", BM_Scale_EndAndBegin},
  };
  for (const int64_t count : {10'000, 100'000, 1'000'000, 10'000'000}) {
    for (const auto& [name, function] : kAll) {
      benchmark::RegisterBenchmark(name, function)->Arg(count)->UseManualTime();
    }
  }
  return true;
}();

}  // namespace
}  // namespace sallyport::bench
