#include "bench/load/runner.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
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

// An open loop asks for no more, also when it wakes after its end.
uint64_t DueIn(Nanos time, double rate) {
  if (time == 0 || rate == 0) return kNoEnd;
  return static_cast<uint64_t>(ToSeconds(time) * rate + 0.5);
}

Work WorkOf(const Phase& phase, uint64_t piece) {
  return phase.spec.kind == PhaseSpec::Kind::kDay ? phase.day.Draw(piece)
                                                  : phase.spec.work;
}

}  // namespace

Runner::Runner(const Parts& parts) : parts_(parts), thread_(gettid()) {}

Runner::Snapshot Runner::Look() const {
  Snapshot now{.at = ReadNanos(),
               .proxy = {},
               .generator = ReadThreadCpu(thread_),
               .core = {},
               .instructions = 0};
  if (parts_.proxy != 0) now.proxy = ReadProcessCpu(parts_.proxy);
  if (parts_.core != nullptr) now.core = ReadThreadCpu(parts_.core->thread());
  if (parts_.instructions != nullptr) {
    now.instructions = parts_.instructions->Read();
  }
  return now;
}

Costs Runner::Between(const Snapshot& first, const Snapshot& last) const {
  Costs costs{.seconds = ToSeconds(last.at - first.at),
              .proxy = last.proxy - first.proxy,
              .generator = last.generator - first.generator,
              .core = last.core - first.core,
              .instructions = std::nullopt,
              .instructions_of_kernel = false};
  if (parts_.instructions != nullptr) {
    costs.instructions = last.instructions - first.instructions;
    costs.instructions_of_kernel = parts_.instructions->with_kernel();
  }
  return costs;
}

void Runner::Turn(Nanos most) {
  parts_.reactor->Turn(parts_.reactor->Now() + Millis(most / kMillisecond),
                       *parts_.fleet);
}

void Runner::Progress(std::string_view name, uint64_t done, uint64_t total) {
  const Nanos now = ReadNanos();
  if (now - said_ < kProgressEvery) return;
  said_ = now;
  const std::string of = total == kNoEnd ? "" : absl::StrCat(" of ", total);
  absl::FPrintF(stderr, "%-10s %d%s, %d at work, %d connected, %d errors\n",
                name, done, of, parts_.fleet->busy(),
                parts_.fleet->connected(), parts_.fleet->errors().Total());
}

bool Runner::MayBegin(const Phase& phase, load::Work work) const {
  const bool open = phase.spec.rate > 0;
  return (open && !StepsOf(work).connects) ||
         parts_.fleet->busy() < phase.in_flight;
}

// A UE that still works holds up those behind it; their latency runs.
uint64_t Runner::BeginDue(const Phase& phase, Nanos start, uint64_t begun) {
  Fleet& fleet = *parts_.fleet;
  const Nanos now = ReadNanos();
  while (begun < phase.total) {
    const load::Work work = WorkOf(phase, begun);
    if (!MayBegin(phase, work)) break;
    const Nanos intended = phase.spec.rate > 0
                               ? IntendedAt(start, phase.spec.rate, begun)
                               : std::max(now, start);
    if (intended > now) break;
    const auto ue = static_cast<uint32_t>((phase.first + begun) % fleet.size());
    if (!fleet.Begin(work, ue, intended)) break;
    ++begun;
  }
  return begun;
}

void Runner::GiveUpLate() {
  const Nanos now = ReadNanos();
  if (now - looked_ < kLookEvery) return;
  looked_ = now;
  parts_.fleet->GiveUp(now, parts_.timeout);
}

PhaseReport Runner::Work(Phase phase) {
  phase.total = std::min(phase.total, DueIn(phase.time, phase.spec.rate));
  Fleet& fleet = *parts_.fleet;
  const Snapshot first = Look();
  const Nanos start = ReadNanos() + kHeadStart;
  const Nanos end = phase.time > 0 ? start + phase.time
                                   : std::numeric_limits<Nanos>::max();
  std::optional<Pacer> pacer;
  if (phase.spec.rate > 0) {
    pacer.emplace(parts_.reactor, start,
                  static_cast<Nanos>(1e9 / phase.spec.rate));
  }
  said_ = start;
  uint64_t begun = 0;
  bool begins = true;
  while ((begins || fleet.busy() > 0) && fleet.failed() < fleet.size()) {
    Turn(begun == 0 ? kMillisecond : kSecond / 10);
    if (begins) begun = BeginDue(phase, start, begun);
    begins = begun < phase.total && ReadNanos() < end;
    GiveUpLate();
    Progress(phase.spec.name, begun - fleet.busy(), phase.total);
  }
  if (parts_.core != nullptr) AwaitCore();
  return {.phase = phase,
          .costs = Between(first, Look()),
          .tally = fleet.TakeTally()};
}

void Runner::AwaitCore() {
  const Nanos end = ReadNanos() + parts_.timeout;
  while (parts_.core->messaging() && ReadNanos() < end) Turn(kMillisecond);
  if (parts_.core->messaging()) parts_.fleet->Count(Error::kTimeout);
}

PhaseReport Runner::Message(const Phase& phase) {
  HomeCore& core = *parts_.core;
  const Snapshot first = Look();
  const uint64_t before = core.messages();
  const Nanos end = first.at + phase.time;
  core.BeginMessages(phase.in_flight, end);
  while (core.messaging() && ReadNanos() < end + parts_.timeout) {
    Turn(kMillisecond);
    Progress(phase.spec.name, core.messages() - before, phase.total);
  }
  auto tally = parts_.fleet->TakeTally();
  tally->done = core.messages() - before;
  if (core.messaging()) {
    parts_.fleet->Count(Error::kTimeout);
  } else {
    tally->latency = core.TakeLatency();
  }
  return {.phase = phase,
          .costs = Between(first, Look()),
          .tally = std::move(tally)};
}

void Runner::GetTickets(const Phase& phase) {
  Fleet& fleet = *parts_.fleet;
  Phase full = phase;
  full.spec.rate = 0;
  full.spec.work = Work::kVisit;
  full.total = 0;
  full.time = 0;
  while (full.total < fleet.size() &&
         !fleet.HasTicket(static_cast<uint32_t>(full.total))) {
    ++full.total;
  }
  if (full.total > 0) (void)Work(full);
  LeaveAll();
}

Costs Runner::Hold(std::string_view name, Nanos time) {
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
