#include "net/listeners.h"

#include <cerrno>
#include <optional>
#include <utility>

#include "absl/log/check.h"
#include "net/limits.h"
#include "net/socket.h"

namespace sallyport::net {
namespace {

// The connection is gone, or its peer is; the listener is well.
bool IsOfOneConnection(int error) {
  return error == ECONNABORTED || error == EPROTO || error == EINTR ||
         error == EPERM;
}

}  // namespace

void Listeners::Listen(Fd socket, uint32_t tag) {
  CHECK(!stopped_);
  CHECK_LT(listeners_.size(), kListenersMax);
  listeners_.push_back({.socket = std::move(socket), .tag = tag});
  StartAccept(static_cast<uint32_t>(listeners_.size() - 1));
}

void Listeners::Hold(uint32_t tag, bool held) {
  for (uint32_t slot = 0; slot < listeners_.size(); ++slot) {
    Listener& listener = listeners_[slot];
    if (listener.tag != tag || listener.held == held || stopped_) continue;
    listener.held = held;
    if (held && listener.accepting) {
      parts_.ring->Cancel(Op::kAccept, {slot, slot});
    } else if (!held && !listener.accepting && !listener.pausing) {
      StartAccept(slot);
    }
  }
}

void Listeners::Stop() {
  stopped_ = true;
  for (uint32_t slot = 0; slot < listeners_.size(); ++slot) {
    Listener& listener = listeners_[slot];
    if (listener.accepting) {
      parts_.ring->Cancel(Op::kAccept, {slot, slot});
    } else {
      listener.socket = Fd();
    }
  }
}

void Listeners::OnCompletion(const Completion& completion, Instant now,
                             EventSink& sink) {
  const uint32_t slot = completion.request.subject.slot;
  CHECK_LT(slot, listeners_.size());
  Listener& listener = listeners_[slot];
  if (completion.request.op == Op::kCancelAccept) {
    // It found nothing: the last completion of the accept is on the way, or the
    // accept is just being run.
    if (listener.accepting && completion.result == -EALREADY) {
      parts_.ring->Cancel(Op::kAccept, {slot, slot});
    }
    return;
  }
  if (!completion.more) listener.accepting = false;
  if (completion.result >= 0) {
    OnConnection(Fd(completion.result), listener.tag, sink);
  }
  if (listeners_[slot].accepting) return;
  if (stopped_) {
    listeners_[slot].socket = Fd();
  } else if (listeners_[slot].held) {
    return;  // until it is let go
  } else if (completion.result >= 0 || completion.result == -ECANCELED ||
             IsOfOneConnection(-completion.result)) {
    StartAccept(slot);
  } else {
    Pause(slot, now);
  }
}

void Listeners::OnConnection(Fd connection, uint32_t tag, EventSink& sink) {
  if (stopped_) return;
  if (parts_.streams->full()) {
    parts_.counters->refused_accepts.Add();
    return;
  }
  // A multishot accept has one place for all addresses, so they are asked for.
  const std::optional<Endpoint> peer = PeerEndpoint(connection.get());
  const std::optional<Endpoint> local = LocalEndpoint(connection.get());
  if (!peer || !local) {
    parts_.counters->gone_accepts.Add();
    return;
  }
  parts_.counters->accepted.Add();
  const StreamId id =
      parts_.streams->Add(std::move(connection), tag, *peer, *local);
  sink.OnAccepted(id, tag, *peer, *local);
}

void Listeners::Pause(uint32_t slot, Instant now) {
  parts_.counters->accept_pauses.Add();
  listeners_[slot].pausing = true;
  const TimerId timer = parts_.timers->Arm(
      now + kAcceptPause, {.kind = pause_kind_, .subject = {slot, slot}});
  CHECK(timer.valid());
}

void Listeners::OnPauseEnd(SlotHandle listener) {
  listeners_[listener.slot].pausing = false;
  if (!stopped_ && !listeners_[listener.slot].held) StartAccept(listener.slot);
}

void Listeners::StartAccept(uint32_t slot) {
  Listener& listener = listeners_[slot];
  CHECK(!listener.accepting);
  listener.accepting = true;
  parts_.ring->Accept(listener.socket.get(), {slot, slot});
}

}  // namespace sallyport::net
