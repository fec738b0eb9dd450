#include "bench/load/home_core.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "bench/load/messages.h"
#include "net/socket.h"

namespace sallyport::load {
namespace {

// A proxy under load is far ahead of its core; it must not count as slow.
net::ReactorOptions CoreReactor(uint32_t peers_max) {
  net::ReactorOptions options;
  options.streams_max = peers_max;
  options.queued_bytes_max = net::kQueuedBytesCeiling;
  options.receive_buffer_bytes = 16384;
  options.receive_buffers = 256;
  return options;
}

}  // namespace

absl::StatusOr<std::unique_ptr<HomeCore>> HomeCore::Create(
    const Setup& setup) {
  auto socket = net::OpenTcpListener(setup.listen, {});
  if (!socket) return absl::UnavailableError(socket.error().ToString());
  const std::optional<Endpoint> bound = net::LocalEndpoint(socket->get());
  if (!bound) return absl::UnavailableError("the home core has no address");
  auto reactor = net::Reactor::Create(CoreReactor(setup.peers_max));
  if (!reactor) return absl::UnavailableError("no io_uring for the home core");
  (*reactor)->Listen(std::move(*socket), 0);
  return std::unique_ptr<HomeCore>(
      new HomeCore(std::move(*reactor), setup, *bound));
}

HomeCore::HomeCore(std::unique_ptr<net::Reactor> reactor, const Setup& setup,
                   const Endpoint& local)
    : setup_(setup),
      local_(local),
      reactor_(std::move(reactor)),
      ues_(setup.ues),
      thread_([this] { Run(); }) {
  thread_id_.wait(0);
}

HomeCore::~HomeCore() {
  ends_ = true;
  reactor_->WakeFromOutside();
  thread_.join();
}

void HomeCore::Run() {
  CHECK(reactor_->Enable().has_value()) << "io_uring refused this thread";
  thread_id_ = gettid();
  thread_id_.notify_all();
  while (!ends_) reactor_->Turn(kNever, *this);
}

void HomeCore::OnAccepted(net::StreamId stream, uint32_t, const Endpoint&,
                          const Endpoint&) {
  peers_.erase(stream.slot);
  peers_.try_emplace(stream.slot);
}

void HomeCore::OnClosed(net::StreamId stream, net::CloseReason) {
  peers_.erase(stream.slot);
}

void HomeCore::OnBytes(net::StreamId stream, std::span<uint8_t> bytes) {
  Peer& peer = peers_.at(stream.slot);
  peer.received.append(reinterpret_cast<const char*>(bytes.data()),
                       bytes.size());
  if (TakeMessages(stream, peer)) return;
  Complain("cannot cut the stream", peer.received);
  reactor_->Close(stream, net::CloseHow::kAbort);
}

bool HomeCore::TakeMessages(net::StreamId stream, Peer& peer) {
  using Verdict = sip::Framer::Verdict;
  std::string_view rest = peer.received;
  while (true) {
    const sip::Framer::Cut cut = peer.framer.Next(rest);
    if (cut.verdict == Verdict::kNeedMore) break;
    if (cut.verdict == Verdict::kMessage) {
      OnMessage(stream, rest.substr(0, cut.size));
    } else if (cut.verdict == Verdict::kPing) {
      // Through a relay a UE pings the core. Source: RFC 5626 3.5.1
      if (!reactor_->Queue(stream, "\r\n")) errors_.Add();
    } else if (cut.verdict != Verdict::kCrlf) {
      return false;
    }
    rest.remove_prefix(cut.size);
  }
  peer.received.erase(0, peer.received.size() - rest.size());
  return true;
}

void HomeCore::OnMessage(net::StreamId stream, std::string_view message) {
  if (message_.Scan(message) != sip::ScanVerdict::kOk) {
    return Complain("cannot read", message);
  }
  message_.is_request() ? OnRequest(stream, message) : OnAnswer(message);
}

void HomeCore::OnRequest(net::StreamId stream, std::string_view message) {
  const CoreVerdict verdict = Judge(message_, setup_.edge);
  if (verdict == CoreVerdict::kChallenge) {
    challenges_.Add();
  } else if (verdict == CoreVerdict::kGrant) {
    grants_.Add();
    const std::optional<uint32_t> ue = UeOf(message_);
    if (ue && *ue < ues_.size()) ues_[*ue] = {AddressOf(message_), stream};
  } else if (verdict != CoreVerdict::kProbe) {
    Complain(ToString(verdict), message);
  }
  text_.clear();
  WriteAnswer(message_, verdict, text_);
  if (!reactor_->Queue(stream, text_)) errors_.Add();
}

// ---------------------------------------------------------------- MESSAGEs

void HomeCore::BeginMessages(uint32_t in_flight, Nanos end) {
  end_ = end;
  messaging_ = true;
  asked_for_ = in_flight;
  reactor_->WakeFromOutside();
}

void HomeCore::AskForMessage(uint32_t ue) {
  {
    const std::lock_guard lock(ask_mutex_);
    asked_ues_.push_back(ue);
  }
  reactor_->WakeFromOutside();
}

Histogram HomeCore::TakeLatency() { return std::exchange(latency_, {}); }

void HomeCore::OnMail() {
  uint32_t asked_for = asked_for_.exchange(0);
  if (asked_for > 0) {
    on_their_way_.clear();  // what was given up
    latency_ = {};
  }
  for (; asked_for > 0; --asked_for) SendNextMessage();
  SendAskedFor();
  EndWhenDone();
}

void HomeCore::SendAskedFor() {
  std::vector<uint32_t> ues;
  {
    const std::lock_guard lock(ask_mutex_);
    ues.swap(asked_ues_);
  }
  for (const uint32_t ue : ues) {
    if (!SendMessage(ue)) errors_.Add();
  }
}

void HomeCore::EndWhenDone() {
  if (on_their_way_.empty()) {
    messaging_.store(false, std::memory_order_release);
  }
}

// To the next UE that can be reached: so many are on their way as were asked for.
void HomeCore::SendNextMessage() {
  for (uint32_t tries = 0; tries < setup_.ues; ++tries) {
    const uint32_t index = next_ue_;
    next_ue_ = (next_ue_ + 1) % setup_.ues;
    if (SendMessage(index)) return;
    errors_.Add();
  }
}

bool HomeCore::SendMessage(uint32_t index) {
  const Ue& ue = ues_[index];
  text_.clear();
  WriteMessage(index, ++cseq_, ue.address, text_);
  if (!reactor_->Queue(ue.stream, text_)) return false;
  on_their_way_.emplace(cseq_, ReadNanos());
  messaging_ = true;
  return true;
}

void HomeCore::OnAnswer(std::string_view message) {
  const auto sent = on_their_way_.find(CSeqOf(message_));
  if (sent == on_their_way_.end() || message_.status_code() != 200) {
    return Complain("is no answer to a MESSAGE", message);
  }
  const Nanos now = ReadNanos();
  latency_.Add(static_cast<uint64_t>(now - sent->second));
  on_their_way_.erase(sent);
  messages_.Add();
  if (now < end_) SendNextMessage();
  EndWhenDone();
}

// The first one in full: it says more than any count.
void HomeCore::Complain(std::string_view what, std::string_view message) {
  if (errors_.Get() == 0) {
    std::fprintf(stderr, "home core: %.*s:\n%.*s\n",
                 static_cast<int>(what.size()), what.data(),
                 static_cast<int>(message.size()), message.data());
  }
  errors_.Add();
}

}  // namespace sallyport::load
