#include "proxy/shards.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <utility>

#include "absl/log/log.h"
#include "absl/strings/str_cat.h"
#include "net/tls/crypto.h"

namespace sallyport::proxy {
namespace {

// The index-th core of those that this process may use.
void PinToCore(size_t index) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return;
  const int cores = CPU_COUNT(&allowed);
  if (cores == 0) return;
  int wanted = static_cast<int>(index % static_cast<size_t>(cores));
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &allowed) || wanted-- > 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
    return;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Shards>> Shards::Create(
    const Options& options, std::shared_ptr<const TlsMaterial> material,
    std::vector<ShardSockets> sockets) {
  std::unique_ptr<Shards> shards(new Shards(options));
  shards->NoteValidity(*material);
  net::tls::MacKey mac_key;
  net::tls::RandomBytes(mac_key);
  if (absl::Status status = shards->StartNames(material->core.has_value());
      !status.ok())
    return status;
  for (int i = 0; i < options.shards; ++i) {
    auto shard = Shard::Create({.index = static_cast<ShardId>(i),
                                .options = &options,
                                .mailboxes = &shards->mailboxes_,
                                .names = shards->names_.get(),
                                .ring_fds = &shards->ring_fds_,
                                .material = material,
                                .mac_key = mac_key,
                                .sockets = std::move(sockets[i])});
    if (!shard.ok()) return shard.status();
    shards->ring_fds_.push_back((*shard)->ring_fd());
    shards->shards_.push_back(*std::move(shard));
  }
  return shards;
}

// Who lists addresses alone is served without a resolver.
absl::Status Shards::StartNames(bool tls) {
  auto names = Names::Start(
      {.shards = options_.shards, .tls = tls, .servers = options_.dns_servers},
      [this](ShardId to) { shards_[to]->WakeFromOutside(); });
  if (names.ok()) {
    names_ = *std::move(names);
    return absl::OkStatus();
  }
  const auto& home = options_.edge.home_core;
  if (home.empty() || !std::all_of(home.begin(), home.end(),
                                   [](const CoreTarget& target) {
                                     return target.literal();
                                   })) {
    return names.status();
  }
  LOG(WARNING) << "no_resolver reason=" << names.status().message()
               << " effect=names_in_service_routes_lead_nowhere";
  return absl::OkStatus();
}

// One more box than shards: the commanders'.
Shards::Shards(const Options& options)
    : options_(options),
      mailboxes_(static_cast<uint32_t>(options.shards) + 1,
                 options.mailbox_messages) {}

Shards::~Shards() { Drain(); }

// What the starting thread waits for: a word from every shard.
struct Shards::Beginning {
  absl::Mutex mutex;
  int waiting_for ABSL_GUARDED_BY(mutex) = 0;
  absl::Status first_failure ABSL_GUARDED_BY(mutex);

  void Report(absl::Status status) {
    absl::MutexLock lock(&mutex);
    --waiting_for;
    first_failure.Update(std::move(status));
  }
  absl::Status Wait() {
    absl::MutexLock lock(&mutex);
    mutex.Await(absl::Condition(
        +[](int* count) { return *count == 0; }, &waiting_for));
    return first_failure;
  }
};

absl::Status Shards::Start() {
  const auto beginning = std::make_shared<Beginning>();
  {
    absl::MutexLock lock(&beginning->mutex);
    beginning->waiting_for = static_cast<int>(shards_.size());
  }
  for (size_t i = 0; i < shards_.size(); ++i) {
    auto thread = Thread::Start(absl::StrCat("shard-", i), [this, i, beginning] {
      RunShard(i, *beginning);
    });
    if (thread.ok()) {
      threads_.push_back(*std::move(thread));
    } else {
      beginning->Report(thread.status());
    }
  }
  absl::Status status = beginning->Wait();
  if (!status.ok()) Drain();
  return status;
}

void Shards::RunShard(size_t index, Beginning& beginning) {
  if (options_.pin_shards) PinToCore(index);
  const absl::Status status = shards_[index]->Enable();
  beginning.Report(status);
  if (status.ok()) shards_[index]->Run();
}

void Shards::Command(const std::function<void(Mail&)>& fill) {
  absl::MutexLock lock(&command_mutex_);
  const uint32_t from = static_cast<uint32_t>(shards_.size());
  for (uint32_t to = 0; to < shards_.size(); ++to) {
    Mail* mail = mailboxes_.Claim(from, to);
    if (mail == nullptr) {
      LOG(ERROR) << "command_lost shard=" << to << " reason=mailbox_full";
      continue;
    }
    fill(*mail);
    if (mailboxes_.Publish(from, to)) shards_[to]->WakeFromOutside();
  }
}

void Shards::NoteValidity(const TlsMaterial& material) {
  const auto seconds = [](net::tls::WallTime time) {
    return time.time_since_epoch().count();
  };
  certificate_expires_s_.Set(seconds(material.expires_at));
  core_certificate_expires_s_.Set(seconds(material.core_expires_at));
}

void Shards::UseMaterial(std::shared_ptr<const TlsMaterial> material) {
  NoteValidity(*material);
  Command([&material](Mail& mail) {
    mail.kind = Mail::Kind::kMaterial;
    mail.material = material;
  });
}

std::vector<AssociationQuery::Row> Shards::Associations(
    const std::string& impi, size_t most) {
  const auto query = std::make_shared<AssociationQuery>(
      impi, most, static_cast<int>(shards_.size()));
  Command([&query](Mail& mail) {
    mail.kind = Mail::Kind::kQuery;
    mail.query = query;
  });
  return query->Wait(absl::Seconds(2));
}

void Shards::Drain() {
  if (threads_.empty()) return;
  for (const auto& shard : shards_) shard->AskToDrain();
  threads_.clear();  // joins
}

}  // namespace sallyport::proxy
