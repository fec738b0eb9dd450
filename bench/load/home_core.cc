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
net::ReactorOptions CoreReactor() {
  net::ReactorOptions options;
  options.streams_max = HomeCore::kPeersMax;
  options.queued_bytes_max = net::kQueuedBytesCeiling;
  options.receive_buffer_bytes = 16384;
  options.receive_buffers = 256;
  return options;
}

}  // namespace

absl::StatusOr<std::unique_ptr<HomeCore>> HomeCore::Create(
    const Endpoint& local) {
  auto socket = net::OpenTcpListener(local, {});
  if (!socket) return absl::UnavailableError(socket.error().ToString());
  const std::optional<Endpoint> bound = net::LocalEndpoint(socket->get());
  if (!bound) return absl::UnavailableError("the home core has no address");
  auto reactor = net::Reactor::Create(CoreReactor());
  if (!reactor) return absl::UnavailableError("no io_uring for the home core");
  (*reactor)->Listen(std::move(*socket), 0);
  return std::unique_ptr<HomeCore>(new HomeCore(std::move(*reactor), *bound));
}

HomeCore::HomeCore(std::unique_ptr<net::Reactor> reactor, const Endpoint& local)
    : local_(local), reactor_(std::move(reactor)), thread_([this] { Run(); }) {
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
    } else if (cut.verdict != Verdict::kPing && cut.verdict != Verdict::kCrlf) {
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
  const CoreVerdict verdict = Judge(message_);
  if (verdict == CoreVerdict::kChallenge) {
    challenges_.Add();
  } else if (verdict == CoreVerdict::kGrant) {
    grants_.Add();
  } else {
    Complain(ToString(verdict), message);
  }
  if (!message_.is_request()) return;
  answer_.clear();
  WriteAnswer(message_, verdict, answer_);
  if (!reactor_->Queue(stream, answer_)) errors_.Add();
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
