#include "proxy/names.h"

#include <utility>

#include "absl/log/log.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace sallyport::proxy {
namespace {

// What a core link can be.
std::vector<net::dns::Service> CoreServices(bool tls) {
  std::vector<net::dns::Service> services;
  for (const net::dns::Service& service : net::dns::kSipServices) {
    if (tls || !service.secure) services.push_back(service);
  }
  return services;
}

net::dns::Transport ToNet(const std::optional<sip::Transport>& transport) {
  if (!transport) return net::dns::Transport::kNone;
  switch (*transport) {
    case sip::Transport::kUdp:
      return net::dns::Transport::kUdp;
    case sip::Transport::kTcp:
      return net::dns::Transport::kTcp;
    case sip::Transport::kTls:
      return net::dns::Transport::kTls;
  }
  return net::dns::Transport::kNone;
}

std::optional<sip::Transport> ToCore(net::dns::Transport transport) {
  switch (transport) {
    case net::dns::Transport::kNone:
      return std::nullopt;
    case net::dns::Transport::kUdp:
      return sip::Transport::kUdp;
    case net::dns::Transport::kTcp:
      return sip::Transport::kTcp;
    case net::dns::Transport::kTls:
      return sip::Transport::kTls;
  }
  return std::nullopt;
}

HostOutcome OutcomeOf(net::dns::Failure failure) {
  switch (failure) {
    case net::dns::Failure::kNone:
      return HostOutcome::kFound;
    case net::dns::Failure::kNoSuchName:
      return HostOutcome::kNoName;
    case net::dns::Failure::kNoRecords:
      return HostOutcome::kNoRecords;
    case net::dns::Failure::kTimeout:
    case net::dns::Failure::kServerFailure:
    case net::dns::Failure::kMalformed:
    case net::dns::Failure::kBusy:
    case net::dns::Failure::kStopped:
      break;
  }
  return HostOutcome::kFailed;
}

}  // namespace

NameAnswer Translate(const net::dns::Question& question,
                     const net::dns::Answer& answer) {
  NameAnswer translated{.host = question.host,
                        .port = question.port,
                        .transport = ToCore(question.transport),
                        .outcome = OutcomeOf(answer.failure),
                        .targets = {},
                        .valid_for = answer.ttl};
  for (const net::dns::Target& target : answer.targets) {
    const auto transport = ToCore(target.transport);
    if (!transport) continue;
    translated.targets.push_back(
        {.endpoint = target.endpoint,
         .transport = *transport,
         .priority = uint32_t{target.group} << 16 | target.priority,
         .weight = target.weight});
  }
  return translated;
}

Names::Names(int shards, Wake wake) : wake_(std::move(wake)) {
  for (int i = 0; i < shards; ++i) {
    boxes_.push_back(std::make_unique<net::Mailbox<NameAnswer>>(kAnswersMax));
  }
}

absl::StatusOr<std::unique_ptr<Names>> Names::Start(
    const NamesOptions& options, Wake wake) {
  std::unique_ptr<Names> names(new Names(options.shards, std::move(wake)));
  net::dns::ResolverOptions resolver;
  resolver.servers = options.servers;
  resolver.services = CoreServices(options.tls);
  auto started = net::dns::Resolver::Start(std::move(resolver));
  if (!started) {
    return absl::FailedPreconditionError(
        absl::StrCat("the resolver does not start: ", started.error().step,
                     ": ", started.error().reason));
  }
  names->resolver_ = *std::move(started);
  return names;
}

bool Names::Ask(ShardId shard, const HostQuestion& question) {
  const net::dns::Question asked{.host = std::string(question.host),
                                 .port = question.port,
                                 .transport = ToNet(question.transport)};
  return resolver_->Ask(
      asked, [this, shard, asked](const net::dns::Answer& answer) {
        OnAnswer(shard, asked, answer);
      });
}

void Names::OnAnswer(ShardId shard, const net::dns::Question& question,
                     const net::dns::Answer& answer) {
  if (answer.failure == net::dns::Failure::kStopped) return;
  if (!answer.ok()) {
    LOG_EVERY_N_SEC(WARNING, 1)
        << "name_not_resolved name=" << question.host
        << " reason=" << net::dns::ToString(answer.failure);
  }
  NameAnswer* slot = boxes_[shard]->Claim();
  if (slot == nullptr) return answers_lost_.Add();
  *slot = Translate(question, answer);
  if (boxes_[shard]->Publish()) wake_(shard);
}

}  // namespace sallyport::proxy
