#include "bench/load/runner.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "bench/load/pacer.h"
#include "core/base/time.h"

namespace sallyport::load {
namespace {

constexpr Nanos kProgressEvery = 2 * kSecond;
constexpr Nanos kLookEvery = kSecond / 2;  // for what takes too long
constexpr Nanos kMillisecond = 1'000'000;
// Time for the pacer to stand before the first piece is due.
constexpr Nanos kHeadStart = 10 * kMillisecond;

Nanos IntendedAt(Nanos start, double rate, uint64_t piece) {
  return start + static_cast<Nanos>(static_cast<double>(piece) * 1e9 / rate);
}

}  // namespace

Runner::Runner(const Parts& parts) : parts_(parts), thread_(gettid()) {}

Runner::Snapshot Runner::Look() const {
  Snapshot now{.at = ReadNanos(),
               .proxy = {},
               .generator = ReadThreadCpu(thread_),
               .core = {}};
  if (parts_.proxy != 0) now.proxy = ReadProcessCpu(parts_.proxy);
  if (parts_.core != nullptr) now.core = ReadThreadCpu(parts_.core->thread());
  return now;
}

Costs Runner::Between(const Snapshot& first, const Snapshot& last) {
  return {.seconds = ToSeconds(last.at - first.at),
          .proxy = last.proxy - first.proxy,
          .generator = last.generator - first.generator,
          .core = last.core - first.core};
}

void Runner::Turn(Nanos most) {
  parts_.reactor->Turn(parts_.reactor->Now() + Millis(most / kMillisecond),
                       *parts_.fleet);
}

void Runner::Progress(const std::string& name, uint64_t done, uint64_t total) {
  const Nanos now = ReadNanos();
  if (now - said_ < kProgressEvery) return;
  said_ = now;
  std::fprintf(stderr,
               "%-10s %llu of %llu, %u at work, %u connected, %llu "
               "errors\n",
               name.c_str(), static_cast<unsigned long long>(done),
               static_cast<unsigned long long>(total), parts_.fleet->busy(),
               parts_.fleet->connected(),
               static_cast<unsigned long long>(parts_.fleet->errors().Total()));
}

// A UE that still works holds up those behind it; their latency runs.
uint64_t Runner::BeginDue(const Phase& phase, Nanos start, uint64_t begun) {
  Fleet& fleet = *parts_.fleet;
  const Nanos now = ReadNanos();
  while (begun < phase.total && fleet.busy() < phase.busy_max) {
    const Nanos intended = IntendedAt(start, phase.rate, begun);
    if (intended > now) break;
    const auto ue = static_cast<uint32_t>((phase.first + begun) % fleet.size());
    if (!fleet.Begin(phase.work, ue, intended)) break;
    ++begun;
  }
  return begun;
}

PhaseReport Runner::Work(const Phase& phase) {
  Fleet& fleet = *parts_.fleet;
  const Snapshot first = Look();
  const Nanos start = ReadNanos() + kHeadStart;
  const Pacer pacer(parts_.reactor, start,
                    static_cast<Nanos>(1e9 / phase.rate));
  said_ = start;
  uint64_t begun = 0;
  Nanos look_at = start + kLookEvery;
  while ((begun < phase.total || fleet.busy() > 0) &&
         fleet.failed() < fleet.size()) {
    Turn(kSecond / 10);
    begun = BeginDue(phase, start, begun);
    const Nanos now = ReadNanos();
    if (now >= look_at) {
      fleet.GiveUp(now, parts_.timeout);
      look_at = now + kLookEvery;
    }
    Progress(phase.name, begun - fleet.busy(), phase.total);
  }
  return {.phase = phase,
          .costs = Between(first, Look()),
          .tally = fleet.TakeTally()};
}

Costs Runner::Hold(const std::string& name, Nanos time) {
  const Snapshot first = Look();
  said_ = first.at;
  const Nanos end = first.at + time;
  for (Nanos now = first.at; now < end; now = ReadNanos()) {
    Turn(std::clamp(end - now, kMillisecond, kSecond));
    Progress(name, static_cast<uint64_t>(ToSeconds(now - first.at)),
             static_cast<uint64_t>(ToSeconds(time)));
  }
  return Between(first, Look());
}

void Runner::LeaveAll() {
  Fleet& fleet = *parts_.fleet;
  for (uint32_t ue = 0; ue < fleet.size(); ++ue) {
    fleet.Leave(ue);
    if (ue % 64 == 63) Turn(kMillisecond);
  }
  const Nanos end = ReadNanos() + parts_.timeout;
  while (fleet.connected() > 0 && ReadNanos() < end) Turn(kSecond / 10);
  (void)fleet.TakeTally();
}

}  // namespace sallyport::load
