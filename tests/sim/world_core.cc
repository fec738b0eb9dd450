// Between the shards and the home core: links, names, and what the core sends.
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "tests/sim/text.h"
#include "tests/sim/world.h"
#include "tests/sim/world_parts.h"

namespace sallyport::sim {

void World::SendToHome(Shard& shard, const Endpoint& to,
                       const std::string& text) {
  int node = 0;
  while (node < kNodes && NodeAt(node) != to) ++node;
  CHECK_LT(node, kNodes) << "seed " << options_.seed << ": to nobody\n" << text;
  const ShardId index = shard.config.shard;
  const std::string_view method = MethodOf(text);
  if (method == "REGISTER" && offers_.OnOffered(text, node)) {
    ++report_.failed_over;
  }
  if (method == "SUBSCRIBE") watches_.OnSubscribe(index, text, schedule_.now());
  laws_.OnToHome(text, schedule_.now());
  const bool slow = home_.health(node) == Health::kDead && chance_.OneIn(2);
  Later(slow ? chance_.Between(100, 3000) : chance_.Between(1, 10),
        [this, index, node, text] { DeliverToHome(index, node, text); });
}

void World::DeliverToHome(ShardId index, int node, const std::string& text) {
  FlowId& link = shards_[index]->links[static_cast<size_t>(node)];
  if (home_.health(node) == Health::kDead) {
    Trace(index, "lost", NodeAt(node).ToString());
    Step(index, [&](Edge& edge) {
      edge.OnCorePeerLost(NodeAt(node), sip::Transport::kTcp, schedule_.now());
    });
    return;
  }
  if (!link.valid()) {
    link = OpenFlow(index,
                    {.side = Side::kCore,
                     .transport = sip::Transport::kTcp,
                     .peer = NodeAt(node),
                     .local = CoreListen()},
                    nullptr);
    Find(link)->node = node;
  }
  Obey(home_.OnMessage(node, link, text, schedule_.now()));
}

// A request comes by any shard; so does, now and then, the answer of the
// serving node, which has connections of its own to all.
void World::Obey(std::vector<HomeMessage> messages) {
  for (HomeMessage& message : messages) {
    Later(message.delay, [this, message = std::move(message)] {
      const Flow* flow = Find(message.flow);
      const bool anywhere = flow != nullptr && flow->node == kServing &&
                            !IsRequest(message.text) && chance_.OneIn(10);
      const FlowId along = !message.flow.valid() || anywhere
                               ? shards_[chance_.Below(shards_.size())]->inbound
                               : message.flow;
      SendAlong(along, message.text, false);
    });
  }
}

void World::BreakLink(ShardId shard, int node) {
  const FlowId link = shards_[shard]->links[static_cast<size_t>(node)];
  if (link.valid()) EndFlow(link);
}

// ---- names

void World::Resolve(const Shard& shard, const HostQuestion& question) {
  ++report_.names_asked;
  Trace(shard.config.shard, "asks", question.host);
  const ShardId index = shard.config.shard;
  const Name name{.host = std::string(question.host),
                  .port = question.port,
                  .transport = question.transport};
  for (Resolver::Answer& answer : resolver_.Ask(name.host, ending_)) {
    if (answer.outcome != HostOutcome::kFound) ++report_.names_failed;
    Later(answer.delay, [this, index, name, answer = std::move(answer)] {
      DeliverAnswer(index, name, answer);
    });
  }
}

void World::DeliverAnswer(ShardId index, const Name& name,
                          const Resolver::Answer& answer) {
  Trace(index, "DNS",
        absl::StrCat(name.host, " ", ToString(answer.outcome), " ",
                     answer.targets.size(), " for ", answer.valid_for.count()));
  offers_.OnAnswer(index, name.host, answer, schedule_.now());
  Step(index, [&](Edge& edge) {
    edge.OnResolved({.question = {.host = name.host,
                                  .port = name.port,
                                  .transport = name.transport},
                     .outcome = answer.outcome,
                     .targets = answer.targets,
                     .valid_for = answer.valid_for},
                    schedule_.now());
  });
}

}  // namespace sallyport::sim
