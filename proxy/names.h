// Names is the way from shards to the resolver and back: questions go by its
// lock, answers come by a mailbox of each shard.
#ifndef PROXY_NAMES_H_
#define PROXY_NAMES_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/counter.h"
#include "core/flow.h"
#include "core/resolution.h"
#include "net/dns/answer.h"
#include "net/dns/resolver.h"
#include "net/mailbox.h"

namespace sallyport::proxy {

// A HostAnswer that owns what it says.
struct NameAnswer {
  std::string host;
  uint16_t port = 0;
  std::optional<sip::Transport> transport;
  HostOutcome outcome = HostOutcome::kFailed;
  std::vector<HostTarget> targets;
  Millis valid_for{0};

  HostAnswer View() const {
    return {.question = {.host = host, .port = port, .transport = transport},
            .outcome = outcome,
            .targets = targets,
            .valid_for = valid_for};
  }
};

// In the words of core/: groups and priorities of DNS become one order.
NameAnswer Translate(const net::dns::Question& question,
                     const net::dns::Answer& answer);

struct NamesOptions {
  int shards = 1;
  bool tls = false;               // servers that speak it count
  std::vector<Endpoint> servers;  // none: what the system says
};

// Threads: Ask() and Drain(shard) by that shard's thread; the rest by any.
// Owns:    the resolver with its thread. No wake after the destructor.
// Bounds:  kAnswersMax answers on their way to each shard; more are lost,
//          counted, and asked for again.
class Names {
 public:
  static constexpr uint32_t kAnswersMax = 256;
  using Wake = std::function<void(ShardId)>;

  // Fails: no thread, no socket. `wake` is called on the resolver's thread.
  static absl::StatusOr<std::unique_ptr<Names>> Start(
      const NamesOptions& options, Wake wake);

  // False: too many questions are under way.
  [[nodiscard]] bool Ask(ShardId shard, const HostQuestion& question);

  // Calls deliver(const HostAnswer&) for what has come.
  template <typename Deliver>
  void Drain(ShardId shard, Deliver&& deliver) {
    net::Mailbox<NameAnswer>& box = *boxes_[shard];
    while (const NameAnswer* answer = box.Front()) {
      deliver(answer->View());
      box.Pop();
    }
  }

  const net::dns::ResolverCounters& counters() const {
    return resolver_->counters();
  }
  uint64_t answers_lost() const { return answers_lost_.Get(); }

 private:
  Names(int shards, Wake wake);
  void OnAnswer(ShardId shard, const net::dns::Question& question,
                const net::dns::Answer& answer);

  const Wake wake_;
  std::vector<std::unique_ptr<net::Mailbox<NameAnswer>>> boxes_;
  Counter answers_lost_;  // written by the resolver's thread
  std::unique_ptr<net::dns::Resolver> resolver_;  // ends before the rest
};

}  // namespace sallyport::proxy

#endif  // PROXY_NAMES_H_
