#include "net/dns/resolver.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/log/check.h"
#include "absl/synchronization/mutex.h"
#include "net/dns/cache.h"
#include "net/dns/channel.h"
#include "net/dns/procedure.h"
#include "net/fd.h"

namespace sallyport::net::dns {
namespace {

// How long the thread sleeps when nothing is open; anything will wake it.
constexpr Millis kIdle{60'000};

Instant SteadyNow() {
  return Instant(std::chrono::duration_cast<Millis>(
      std::chrono::steady_clock::now().time_since_epoch()));
}

// The name of the first option that is out of its range; empty: all are well.
std::string_view BadOption(const ResolverOptions& options) {
  if (options.servers.size() > kDnsServersMax) return "servers";
  if (options.services.empty() || options.services.size() > kDnsServicesMax) {
    return "services";
  }
  if (options.default_transport == Transport::kNone) return "default_transport";
  if (options.question_time <= Millis(0)) return "question_time";
  if (options.try_time <= Millis(0)) return "try_time";
  if (options.tries == 0) return "tries";
  if (options.questions_max == 0) return "questions_max";
  if (options.waiters_max == 0) return "waiters_max";
  if (options.lookups_max == 0) return "lookups_max";
  if (options.targets_max == 0 || options.targets_max > kDnsTargetsCeiling) {
    return "targets_max";
  }
  if (options.records_max == 0 || options.records_max > kDnsRecordsCeiling) {
    return "records_max";
  }
  if (options.ttl_min < Seconds(0)) return "ttl_min";
  if (options.ttl_max < options.ttl_min) return "ttl_max";
  if (options.negative_ttl < Seconds(0)) return "negative_ttl";
  if (options.failure_ttl < Seconds(0)) return "failure_ttl";
  return {};
}

ProcedureOptions ProcedureOptionsOf(const ResolverOptions& options) {
  return {.services = options.services,
          .default_transport = options.default_transport,
          .targets_max = options.targets_max,
          .ttl_min = options.ttl_min,
          .ttl_max = options.ttl_max,
          .negative_ttl = options.negative_ttl,
          .failure_ttl = options.failure_ttl};
}

Answer Failed(Failure failure) {
  Answer answer;
  answer.failure = failure;
  return answer;
}

// Which lookup of which question a reply is for.
struct Tag {
  uint64_t question;
  size_t lookup;

  static_assert(kDnsLookupsMax <= 256);
  uint64_t Pack() const { return question << 8 | lookup; }
  static Tag Unpack(uint64_t packed) { return {packed >> 8, packed & 0xff}; }
};

}  // namespace

// Two halves: what Ask() shares with the thread, under the lock, and what
// belongs to the thread alone.
class Resolver::Impl {
 public:
  Impl(ResolverOptions options, std::unique_ptr<Channel> channel, Fd wake);
  ~Impl();

  bool Ask(Question question, Callback callback);
  const ResolverCounters& counters() const { return counters_; }

 private:
  struct Asked {
    Question question;
    Callback callback;
  };
  // A question that is being worked on, and who waits for its answer.
  struct Open {
    Open(const ProcedureOptions& options, Question canonical, Instant ends)
        : question(std::move(canonical)),
          deadline(ends),
          procedure(options, question) {}
    const Question question;
    const Instant deadline;
    Procedure procedure;
    size_t lookups = 0;  // that were begun
    std::vector<Callback> waiters;
  };
  using Deadline = std::pair<Instant, uint64_t>;  // when, of which question

  void Run();
  // False: the resolver is to stop.
  bool TakeAsked();
  void Begin(Asked asked);
  void Send(uint64_t id, Open& open);
  void OnReply(Channel::Reply reply);
  void EndLate(Instant now);
  void End(uint64_t id);
  void StopAll();
  void Deliver(const Answer& answer, std::vector<Callback> waiters);
  Millis UntilNextDeadline(Instant now) const;
  void Wake();

  const ResolverOptions options_;
  const ProcedureOptions procedure_options_;
  const std::unique_ptr<Channel> channel_;
  const Fd wake_;

  absl::Mutex mutex_;
  std::vector<Asked> inbox_ ABSL_GUARDED_BY(mutex_);
  // In the inbox, and with open questions.
  uint32_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  // The thread's.
  absl::flat_hash_map<uint64_t, std::unique_ptr<Open>> open_;
  absl::flat_hash_map<Question, uint64_t> open_ids_;  // of the same questions
  absl::btree_set<Deadline> deadlines_;               // of the same questions
  uint64_t next_id_ = 0;
  // Begun and not ended; some of them for questions that have ended.
  uint32_t lookups_ = 0;
  Cache cache_;

  ResolverCounters counters_;
  std::thread thread_;  // last: it begins when all else is there
};

Resolver::Impl::Impl(ResolverOptions options, std::unique_ptr<Channel> channel,
                     Fd wake)
    : options_(std::move(options)),
      procedure_options_(ProcedureOptionsOf(options_)),
      channel_(std::move(channel)),
      wake_(std::move(wake)),
      cache_(options_.cache_entries_max),
      thread_([this] { Run(); }) {}

Resolver::Impl::~Impl() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  Wake();
  thread_.join();
}

bool Resolver::Impl::Ask(Question question, Callback callback) {
  bool was_empty = false;
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_ || waiting_ >= options_.waiters_max) {
      counters_.refused.Add();
      return false;
    }
    ++waiting_;
    counters_.asked.Add();
    was_empty = inbox_.empty();
    inbox_.push_back({std::move(question), std::move(callback)});
  }
  if (was_empty) Wake();
  return true;
}

void Resolver::Impl::Wake() {
  const uint64_t one = 1;
  // It fails only when the count is full, and then the thread is awake.
  [[maybe_unused]] const ssize_t written =
      write(wake_.get(), &one, sizeof(one));
}

void Resolver::Impl::Run() {
  pthread_setname_np(pthread_self(), "dns");
  while (TakeAsked()) {
    for (Channel::Reply& reply :
         channel_->Wait(wake_.get(), UntilNextDeadline(SteadyNow()))) {
      OnReply(std::move(reply));
    }
    EndLate(SteadyNow());
  }
  StopAll();
}

bool Resolver::Impl::TakeAsked() {
  uint64_t count = 0;
  // Before the inbox: who comes after this is seen now or wakes us again.
  [[maybe_unused]] const ssize_t got = read(wake_.get(), &count, sizeof(count));
  std::vector<Asked> asked;
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return false;
    asked.swap(inbox_);
  }
  for (Asked& one : asked) Begin(std::move(one));
  return true;
}

void Resolver::Impl::Begin(Asked asked) {
  std::vector<Callback> waiters;
  waiters.push_back(std::move(asked.callback));
  const std::optional<Question> question = CanonicalQuestion(asked.question);
  if (!question)
    return Deliver(Failed(Failure::kMalformed), std::move(waiters));
  if (const auto known = cache_.Find(*question, options_.now())) {
    counters_.cached.Add();
    return Deliver(*known, std::move(waiters));
  }
  if (const auto same = open_ids_.find(*question); same != open_ids_.end()) {
    counters_.joined.Add();
    open_[same->second]->waiters.push_back(std::move(waiters.front()));
    return;
  }
  auto open = std::make_unique<Open>(procedure_options_, *question,
                                     SteadyNow() + options_.question_time);
  if (open->procedure.done()) {  // it needs no server
    return Deliver(open->procedure.answer(), std::move(waiters));
  }
  if (open_.size() >= options_.questions_max ||
      lookups_ >= options_.lookups_max) {
    return Deliver(Failed(Failure::kBusy), std::move(waiters));
  }
  const uint64_t id = next_id_++;
  open->waiters = std::move(waiters);
  Open& opened = *open;
  open_.emplace(id, std::move(open));
  open_ids_.emplace(*question, id);
  deadlines_.insert({opened.deadline, id});
  Send(id, opened);
}

// Makes the lookups that are due, or ends the question when it needs no more.
void Resolver::Impl::Send(uint64_t id, Open& open) {
  while (const Lookup* lookup = open.procedure.Next()) {
    counters_.lookups.Add();
    ++lookups_;
    channel_->Begin(Tag{id, open.lookups++}.Pack(), *lookup);
  }
  if (open.procedure.done()) End(id);
}

void Resolver::Impl::OnReply(Channel::Reply reply) {
  CHECK_GT(lookups_, 0u);
  --lookups_;
  const Tag tag = Tag::Unpack(reply.tag);
  const auto open = open_.find(tag.question);
  if (open == open_.end()) return counters_.late.Add();
  open->second->procedure.OnRecords(tag.lookup, std::move(reply.records));
  Send(tag.question, *open->second);
}

void Resolver::Impl::EndLate(Instant now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const uint64_t id = deadlines_.begin()->second;
    open_.at(id)->procedure.GiveUp();
    End(id);
  }
}

void Resolver::Impl::End(uint64_t id) {
  const auto node = open_.extract(id);
  CHECK(!node.empty()) << id;
  Open& open = *node.mapped();
  open_ids_.erase(open.question);
  deadlines_.erase({open.deadline, id});
  const Answer& answer = open.procedure.answer();
  if (cache_.Put(open.question, answer, options_.now())) {
    counters_.evicted.Add();
  }
  Deliver(answer, std::move(open.waiters));
}

// Nobody adds to the inbox any more.
void Resolver::Impl::StopAll() {
  std::vector<Callback> waiters;
  {
    absl::MutexLock lock(&mutex_);
    for (Asked& asked : inbox_) waiters.push_back(std::move(asked.callback));
    inbox_.clear();
  }
  for (auto& [id, open] : open_) {
    for (Callback& waiter : open->waiters) waiters.push_back(std::move(waiter));
  }
  open_.clear();
  open_ids_.clear();
  deadlines_.clear();
  Deliver(Failed(Failure::kStopped), std::move(waiters));
}

void Resolver::Impl::Deliver(const Answer& answer,
                             std::vector<Callback> waiters) {
  {
    // Before the calls: a callback may ask again.
    absl::MutexLock lock(&mutex_);
    CHECK(waiting_ >= waiters.size());
    waiting_ -= static_cast<uint32_t>(waiters.size());
  }
  counters_.answers[static_cast<size_t>(answer.failure)].Add(waiters.size());
  for (const Callback& waiter : waiters) waiter(answer);
}

Millis Resolver::Impl::UntilNextDeadline(Instant now) const {
  if (deadlines_.empty()) return kIdle;
  return std::max(Millis(0), deadlines_.begin()->first - now);
}

Result<std::unique_ptr<Resolver>, ResolverFailure> Resolver::Start(
    ResolverOptions options) {
  if (const std::string_view bad = BadOption(options); !bad.empty()) {
    return Unexpected{ResolverFailure{bad, "out of its range"}};
  }
  if (options.now == nullptr) options.now = SteadyNow;
  auto channel = Channel::Make({.servers = options.servers,
                                .try_time = options.try_time,
                                .tries = options.tries,
                                .records_max = options.records_max});
  if (!channel) return Unexpected{ResolverFailure{"channel", channel.error()}};
  Fd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) {
    return Unexpected{ResolverFailure{"eventfd", std::strerror(errno)}};
  }
  return std::unique_ptr<Resolver>(new Resolver(std::make_unique<Impl>(
      std::move(options), *std::move(channel), std::move(wake))));
}

Resolver::Resolver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Resolver::~Resolver() = default;

bool Resolver::Ask(Question question, Callback callback) {
  return impl_->Ask(std::move(question), std::move(callback));
}

const ResolverCounters& Resolver::counters() const { return impl_->counters(); }

}  // namespace sallyport::net::dns
