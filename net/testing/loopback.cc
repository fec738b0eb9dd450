#include "net/testing/loopback.h"

#include <dirent.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "absl/log/check.h"
#include "gtest/gtest.h"
#include "net/sockaddr.h"

namespace sallyport::net {
namespace {

constexpr Millis kPatience{30'000};

// The end of an earlier ring interrupts calls that have a time limit.
template <typename Call>
ssize_t Retry(Call call) {
  ssize_t result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

}  // namespace

Seen* RecordingSink::Find(StreamId stream) {
  for (auto it = seen.rbegin(); it != seen.rend(); ++it) {
    if (it->id == stream) return &*it;
  }
  return nullptr;
}

Seen& RecordingSink::Live(StreamId stream) {
  Seen* found = Find(stream);
  CHECK(found != nullptr) << "an event for a stream that never was";
  CHECK(!found->closed && !found->detached) << "an event after the end";
  return *found;
}

void RecordingSink::Expect(StreamId stream) {
  CHECK(Find(stream) == nullptr);
  seen.push_back(
      {.id = stream, .peer = {}, .local = {}, .bytes = {}, .closed = {}});
}

void RecordingSink::OnAccepted(StreamId stream, uint32_t tag,
                               const Endpoint& peer, const Endpoint& local) {
  Expect(stream);
  Seen& entry = Live(stream);
  entry.tag = tag;
  entry.peer = peer;
  entry.local = local;
  if (on_accepted) on_accepted(stream);
}

void RecordingSink::OnConnected(StreamId stream) {
  Seen& entry = Live(stream);
  CHECK(!entry.connected && entry.bytes.empty());
  entry.connected = true;
  if (on_connected) on_connected(stream);
}

void RecordingSink::OnBytes(StreamId stream, std::span<uint8_t> bytes) {
  CHECK(!bytes.empty());
  const std::string_view text(reinterpret_cast<char*>(bytes.data()),
                              bytes.size());
  Live(stream).bytes.append(text);
  if (on_bytes) on_bytes(stream, text);
}

void RecordingSink::OnClosed(StreamId stream, CloseReason reason) {
  Live(stream).closed = reason;
  ++ended;
  if (on_closed) on_closed(stream, reason);
}

void RecordingSink::OnDetached(StreamId stream, Fd connection,
                               const Endpoint& peer, const Endpoint& local) {
  Seen& entry = Live(stream);
  entry.detached = true;
  entry.peer = peer;
  entry.local = local;
  ++ended;
  detached = std::move(connection);
  if (on_detached) on_detached(stream);
}

void RecordingSink::OnDatagram(const DatagramView& datagram) {
  datagrams.push_back(
      {datagram.socket, datagram.tag, datagram.peer, datagram.local,
       std::string(reinterpret_cast<const char*>(datagram.bytes.data()),
                   datagram.bytes.size())});
}

void RecordingSink::OnMail() {
  ++mails;
  if (on_mail) on_mail();
}

std::unique_ptr<Reactor> MakeReactor(const ReactorOptions& options) {
  auto reactor = Reactor::Create(options);
  CHECK(reactor.has_value()) << reactor.error().ToString();
  return std::move(reactor).value();
}

Endpoint Loopback() { return {*IpAddress::Parse("127.0.0.1"), 0}; }
Endpoint Loopback6() { return {*IpAddress::Parse("::1"), 0}; }

Endpoint ListenOnLoopback(Reactor& reactor, uint32_t tag, const Endpoint& at) {
  auto listener = OpenTcpListener(at, {});
  CHECK(listener.has_value()) << listener.error().ToString();
  const Endpoint local = *LocalEndpoint(listener->get());
  reactor.Listen(std::move(listener).value(), tag);
  return local;
}

bool TurnUntil(Reactor& reactor, EventSink& sink,
               const std::function<bool()>& done) {
  const auto limit = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > limit) {
      ADD_FAILURE() << "what was waited for did not come";
      return false;
    }
    reactor.Turn(reactor.Now() + Millis(20), sink);
  }
  return true;
}

Fd ConnectTo(const Endpoint& server) {
  auto fd = OpenTcpSocket(server, {});
  CHECK(fd.has_value()) << fd.error().ToString();
  // Without a time limit it is restarted by itself.
  const SocketAddress address(server);
  CHECK_EQ(connect(fd->get(), &address.base, address.size), 0)
      << strerror(errno);
  const timeval patience{.tv_sec = kPatience.count() / 1000, .tv_usec = 0};
  setsockopt(fd->get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  setsockopt(fd->get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  return std::move(fd).value();
}

bool SendAll(const Fd& fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = Retry([&] {
      return send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    });
    if (sent <= 0) return false;
    bytes.remove_prefix(sent);
  }
  return true;
}

std::optional<std::string> ReadBytes(const Fd& fd, size_t bytes) {
  std::string all(bytes, '\0');
  size_t have = 0;
  while (have < bytes) {
    const ssize_t got = Retry(
        [&] { return recv(fd.get(), all.data() + have, bytes - have, 0); });
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    have += got;
  }
  all.resize(have);
  return all;
}

bool ReadsEnd(const Fd& fd) {
  char byte;
  return Retry([&] { return recv(fd.get(), &byte, 1, 0); }) == 0;
}

void Reset(Fd fd) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

size_t OpenDescriptors() {
  size_t count = 0;
  DIR* folder = opendir("/proc/self/fd");
  CHECK(folder != nullptr);
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

std::string Pattern(size_t size, uint32_t seed) {
  std::string bytes(size, '\0');
  uint32_t state = seed * 2654435761u + 1;
  for (char& byte : bytes) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

}  // namespace sallyport::net
