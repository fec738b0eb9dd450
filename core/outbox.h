// An Outbox gathers what one event wants done, and lends the room in which the
// texts of it are written.
#ifndef CORE_OUTBOX_H_
#define CORE_OUTBOX_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/log/check.h"
#include "core/actions.h"
#include "core/news.h"
#include "core/resolution.h"
#include "core/sip/splice.h"

namespace sallyport {

// Bounds: kActionsMax; no event of an Edge wants more, so more is a bug.
// Laws:   at most one changed message for each event (`splices`).
class Outbox {
 public:
  static constexpr size_t kActionsMax = 16;

  void Reset() {
    count_ = 0;
    scratch.Reset();
    splices.Reset({});
  }
  Actions actions() const { return {actions_.data(), count_}; }

  void Send(const Destination& to, std::string_view text) {
    Add({.kind = Action::Kind::kSend, .to = to, .text = text});
  }
  // `splices`, sealed.
  void SendSplices(const Destination& to) {
    Add({.kind = Action::Kind::kSend, .to = to, .message = &splices});
  }
  void Close(FlowId flow, CloseReason reason) {
    Add({.kind = Action::Kind::kClose,
         .to = Destination::ToFlow(flow, {}),
         .reason = reason});
  }
  // `info` lives until the next event.
  void HandOver(const Destination& from, const FlowInfo& info,
                std::string_view text, ShardId shard) {
    Add({.kind = Action::Kind::kHandOver,
         .to = from,
         .text = text,
         .info = &info,
         .shard = shard});
  }
  void Revoke(const TlsSessionId& session) {
    Add({.kind = Action::Kind::kRevoke, .tls_session = session});
  }
  void Tell(ShardId shard, const NewsView& news) {
    CHECK_LT(count_, kActionsMax);
    std::string& room = news_[count_];
    WriteNews(news, room);
    Add({.kind = Action::Kind::kTell, .text = room, .shard = shard});
  }
  void ShareChallenge(uint64_t challenge) {
    Add({.kind = Action::Kind::kShareChallenge, .challenge = challenge});
  }

  void Resolve(const HostQuestion& question) {
    Add({.kind = Action::Kind::kResolve, .question = question});
  }

  sip::Scratch scratch;
  sip::SpliceList splices;

 private:
  void Add(const Action& action) {
    CHECK_LT(count_, kActionsMax);
    actions_[count_++] = action;
  }

  std::array<Action, kActionsMax> actions_;
  std::array<std::string, kActionsMax> news_;  // of kTell, by its place
  size_t count_ = 0;
};

}  // namespace sallyport

#endif  // CORE_OUTBOX_H_
