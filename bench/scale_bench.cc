// Does an association cost more when there are ten million of them?
//
// Sketch: nothing walks, so what grows is only how far away the memory is. Ten
// thousand are 6 MB and come from the caches; ten million are 6 GB, where each
// line comes from memory and each page from the page table. A look-up by
// session waits for two lines, one after the other (bucket, record); a refresh
// for two (record, and the texts, whose lines are asked for together). What was
// approached (core/base/prefetch.h) waits for none, and pays for the transfer.
//
// We would be wrong if a refresh, or an end and a beginning, cost more than
// twice as much at ten million as at ten thousand, or if a million took more
// than 600 bytes each.
//
// Seen (2 virtual cores of 2.6 GHz, 2 MiB of second cache each, 480 MiB of
// third for the whole host; beside compilers; --config=release; medians of
// five, of ten thousand in three runs):
//                                10,000  10,000,000  the same, huge pages
//   one line, awaited            28..55         525         326 ns
//   find by session                  25         280         183
//   count of an IMPI                153        1609         942
//   match an identity                79         383         290
//   the same, approached             46         266         173
//   refresh                         192        1178         878
//   the same, approached             89         459         303
//   expire nothing                   49         297         224
//   the same, approached             48         250         168
//   end and begin                   915        2034        1618
//   bytes of each                   584         588
// Memory is as it should be, and time is not. A line that is awaited costs ten
// to nineteen times as much at ten million (six to twelve with huge pages:
// GLIBC_TUNABLES=glibc.malloc.hugetlb=1). Who needs it can only wait, or ask
// early. On 64 shards ten million are 156,250 on each.
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

// Does the slice hear who is next while earlier ones are worked on?
enum class Turn { kSudden, kApproached };

// As net/ring.h does it.
void Approach(const AssociationSlice& slice, const std::deque<Caller>& turn,
              size_t done) {
  constexpr size_t kStride = 2;
  if (done + 2 * kStride < turn.size()) {
    slice.Prefetch({.slot = turn[done + 2 * kStride].number}, 0);
  }
  if (done + kStride < turn.size()) {
    slice.Prefetch(slice.At(turn[done + kStride].number), 1);
  }
}

template <Turn kind, typename Operation>
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
    for (size_t done = 0; done < turn.size(); ++done) {
      if (kind == Turn::kApproached) Approach(*full.slice, turn, done);
      operation(*full.slice, turn[done]);
    }
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

// One line that comes from where the associations are. Each slot is known only
// when the one before was read, so nothing hides the wait.
void BM_Scale_OneLine(benchmark::State& state) {
  uint32_t zero = 0;
  Measure<Turn::kSudden>(
      state, [&zero](AssociationSlice& slice, const Caller& caller) {
        zero = slice.At(caller.number + zero).generation >> 31;
      });
}

void BM_Scale_FindBySession(benchmark::State& state) {
  Measure<Turn::kSudden>(state, [](AssociationSlice& slice,
                                   const Caller& caller) {
    const AssociationId id = slice.FindByTlsSession(caller.info.tls_session);
    if (!id.valid()) std::abort();
  });
}

void BM_Scale_CountOfImpi(benchmark::State& state) {
  Measure<Turn::kSudden>(state,
                         [](AssociationSlice& slice, const Caller& caller) {
                           if (slice.CountOfImpi(caller.phone.impi) != 1)
                             std::abort();
                         });
}

// What a message of a telephone asks of its association.
template <Turn kind>
void BM_Scale_MatchIdentity(benchmark::State& state) {
  Measure<kind>(state, [](AssociationSlice& slice, const Caller& caller) {
    const AssociationId id = slice.At(caller.number);
    if (slice.MatchIdentity(id, caller.tel).empty()) std::abort();
  });
}

template <Turn kind>
void BM_Scale_Refresh(benchmark::State& state) {
  Measure<kind>(state, [](AssociationSlice& slice, const Caller& caller) {
    const Applied applied =
        slice.Apply(slice.At(caller.number), caller.phone.GrantOf(g_cseq),
                    caller.flow, caller.info, kRegistered);
    if (applied != Applied::kRefreshed) std::abort();
  });
}

// The timer fires, and the association was refreshed meanwhile.
template <Turn kind>
void BM_Scale_ExpireNothing(benchmark::State& state) {
  Measure<kind>(state, [](AssociationSlice& slice, const Caller& caller) {
    if (slice.ExpireSets(slice.At(caller.number), kRegistered)) std::abort();
  });
}

// An association ends, and another one takes its slot.
void BM_Scale_EndAndBegin(benchmark::State& state) {
  const Instant later = kRegistered + Seconds(3630);
  Measure<Turn::kSudden>(state, [later](AssociationSlice& slice,
                                        const Caller& caller) {
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
  constexpr Turn kSudden = Turn::kSudden;
  constexpr Turn kApproached = Turn::kApproached;
  const std::pair<const char*, Function> kAll[] = {
      {"BM_Scale_OneLine", BM_Scale_OneLine},
      {"BM_Scale_FindBySession", BM_Scale_FindBySession},
      {"BM_Scale_CountOfImpi", BM_Scale_CountOfImpi},
      {"BM_Scale_MatchIdentity", BM_Scale_MatchIdentity<kSudden>},
      {"BM_Scale_MatchIdentity_Approached",
       BM_Scale_MatchIdentity<kApproached>},
      {"BM_Scale_Refresh", BM_Scale_Refresh<kSudden>},
      {"BM_Scale_Refresh_Approached", BM_Scale_Refresh<kApproached>},
      {"BM_Scale_ExpireNothing", BM_Scale_ExpireNothing<kSudden>},
      {"BM_Scale_ExpireNothing_Approached",
       BM_Scale_ExpireNothing<kApproached>},
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
