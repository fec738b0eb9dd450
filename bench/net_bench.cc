// What does it cost a shard to bring a message in and to send one out, without
// TLS and without SIP? And what of that is saved by nobody, because bare
// sockets cost it as well?
//
// Sketch: per message one send through loopback (TCP's two ends: 2 to 4 us of
// kernel, which a real network card shares out otherwise), one completion for
// the send and one for the receive, one buffer lent and given back: 0.1 to 0.2
// us of ours. io_uring_enter is 1 us and is shared by all streams of a turn. A
// re-REGISTER and its 200 are two receives and a send for the phone, and a
// share of one send and one receive for the core: 4 us.
//
// We would be wrong if the cost per message did not fall from 1 to 256 streams,
// or if enters per message stayed near 1 at 256.
//
// Seen (Linux 6.18, 2 cores shared with compilers): 95 % of the time is the
// kernel's. One enter runs some 20 deferred completions at most, so 256 streams
// take 18 enters for 512 messages, not 4. From 16 to 256 streams the cost rises
// again, in the kernel: the first expectation was wrong there (512 sockets are
// more than the L2 cache holds; to be measured again on a quiet machine).
//
// Seen (2 virtual cores of an AMD EPYC, family 26; --config=release, medians of
// three runs): a bare re-REGISTER with its 200 costs 4.25 us among 64 phones and
// 4.48 among 16, a bare accept with its close 6.9.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "net/fd.h"
#include "net/reactor.h"
#include "net/sockaddr.h"
#include "net/socket.h"

namespace sallyport::net {
namespace {

constexpr size_t kMessageBytes = 800;  // a REGISTER with a challenge response
constexpr uint32_t kServerTag = 1;

// The time that this thread had on a core, so that neighbours do not count.
double ThreadSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * now.tv_nsec;
}

// Sends back what comes to the server's side, and counts it on the client's.
class PingPong : public EventSink {
 public:
  explicit PingPong(Reactor* reactor) : reactor_(reactor) {}

  void OnAccepted(StreamId, uint32_t, const Endpoint&,
                  const Endpoint&) override {
    ++accepted;
  }
  void OnConnected(StreamId) override {}
  void OnBytes(StreamId stream, std::span<uint8_t> bytes) override {
    if (reactor_->tag(stream) == kServerTag) {
      reactor_->Queue(
          stream, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    } else {
      returned += bytes.size();
    }
  }
  void OnClosed(StreamId, CloseReason) override {}
  void OnDetached(StreamId, Fd, const Endpoint&, const Endpoint&) override {}
  void OnDatagram(const DatagramView& datagram) override {
    if (datagram.tag == kServerTag) {
      (void)reactor_->SendDatagram(
          datagram.socket, datagram.peer,
          {reinterpret_cast<const char*>(datagram.bytes.data()),
           datagram.bytes.size()},
          datagram.local.address);
    } else {
      returned += datagram.bytes.size();
    }
  }
  void OnMail() override {}

  size_t accepted = 0;
  size_t returned = 0;

 private:
  Reactor* const reactor_;
};

Endpoint Loopback() { return {*IpAddress::Parse("127.0.0.1"), 0}; }

std::unique_ptr<Reactor> MakeReactor() {
  auto reactor = Reactor::Create({});
  if (!reactor || !(*reactor)->Enable()) std::abort();
  return std::move(reactor).value();
}

// Reports the cost of one message: received once and sent once.
class Meter {
 public:
  explicit Meter(const Reactor& reactor)
      : reactor_(reactor),
        enters_(reactor.counters().enters.Get()),
        seconds_(ThreadSeconds()) {}
  void Report(benchmark::State& state, int64_t messages) {
    const double count = static_cast<double>(messages);
    const double enters = reactor_.counters().enters.Get() - enters_;
    state.SetItemsProcessed(messages);
    state.counters["cpu_ns/message"] =
        (ThreadSeconds() - seconds_) / count * 1e9;
    state.counters["enters/message"] = enters / count;
  }

 private:
  const Reactor& reactor_;
  const uint64_t enters_;
  const double seconds_;
};

void BM_Stream_PingPong(benchmark::State& state) {
  const size_t streams = state.range(0);
  auto reactor = MakeReactor();
  PingPong sink(reactor.get());
  auto listener = OpenTcpListener(Loopback(), {});
  const Endpoint server = *LocalEndpoint(listener->get());
  reactor->Listen(std::move(listener).value(), kServerTag);
  std::vector<StreamId> clients;
  for (size_t i = 0; i < streams; ++i) {
    clients.push_back(reactor->Connect(server, 0));
  }
  while (sink.accepted < streams) {
    reactor->Turn(reactor->Now() + Millis(10), sink);
  }
  const std::string message(kMessageBytes, 'x');

  Meter meter(*reactor);
  for (auto _ : state) {
    sink.returned = 0;
    for (const StreamId client : clients) reactor->Queue(client, message);
    while (sink.returned < streams * kMessageBytes) {
      reactor->Turn(kNever, sink);
    }
  }
  meter.Report(state, 2 * state.iterations() * streams);
}
BENCHMARK(BM_Stream_PingPong)->Arg(1)->Arg(16)->Arg(256)->UseRealTime();

void BM_Datagram_PingPong(benchmark::State& state) {
  const size_t window = state.range(0);
  auto reactor = MakeReactor();
  PingPong sink(reactor.get());
  auto server = OpenUdpSocket(Loopback(), {});
  auto client = OpenUdpSocket(Loopback(), {});
  const Endpoint address = *LocalEndpoint(server->get());
  reactor->OpenUdp(std::move(server).value(), kServerTag);
  const UdpId from = reactor->OpenUdp(std::move(client).value(), 0);
  const std::string message(kMessageBytes, 'x');

  Meter meter(*reactor);
  for (auto _ : state) {
    sink.returned = 0;
    for (size_t i = 0; i < window; ++i) {
      if (!reactor->SendDatagram(from, address, message)) std::abort();
    }
    while (sink.returned < window * kMessageBytes) {
      reactor->Turn(kNever, sink);
    }
  }
  meter.Report(state, 2 * state.iterations() * window);
}
BENCHMARK(BM_Datagram_PingPong)->Arg(1)->Arg(16)->UseRealTime();

// One connection: accepted, opened from here, reset from here, closed there.
void BM_Stream_ConnectAndReset(benchmark::State& state) {
  auto reactor = MakeReactor();
  PingPong sink(reactor.get());
  auto listener = OpenTcpListener(Loopback(), {});
  const Endpoint server = *LocalEndpoint(listener->get());
  reactor->Listen(std::move(listener).value(), kServerTag);

  Meter meter(*reactor);
  for (auto _ : state) {
    const size_t before = sink.accepted;
    const StreamId client = reactor->Connect(server, 0);
    while (sink.accepted == before) reactor->Turn(kNever, sink);
    reactor->Close(client, CloseHow::kAbort);
    while (reactor->held_streams() > 0) reactor->Turn(kNever, sink);
  }
  meter.Report(state, state.iterations());
}
BENCHMARK(BM_Stream_ConnectAndReset)->UseRealTime();

// ---- what no proxy saves: bare sockets, no TLS, no SIP

class BareConnection {
 public:
  BareConnection() {
    auto listener = OpenTcpListener(Loopback(), {});
    const SocketAddress address(*LocalEndpoint(listener->get()));
    far_ = Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(far_.get(), &address.base, address.size) != 0) std::abort();
    near_ = Fd(accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
    const int on = 1;
    for (const int fd : {near(), far()}) {
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
  }
  int near() const { return near_.get(); }  // the proxy's end
  int far() const { return far_.get(); }

 private:
  Fd near_, far_;
};

void SendBare(int fd, const std::string& bytes) {
  if (send(fd, bytes.data(), bytes.size(), 0) !=
      static_cast<ssize_t>(bytes.size())) {
    std::abort();
  }
}

void ReceiveBare(int fd, std::string& bytes) {
  if (recv(fd, bytes.data(), bytes.size(), MSG_WAITALL) !=
      static_cast<ssize_t>(bytes.size())) {
    std::abort();
  }
}

// A re-REGISTER and its 200 for each of many phones: from and to each phone one
// message at a time, from and to the core all of them at once.
void BM_BareRelay_Register(benchmark::State& state) {
  constexpr size_t kFromPhone = 842, kToCore = 1242, kFromCore = 832,
                   kToPhone = 684;
  const auto phones = static_cast<size_t>(state.range(0));
  std::vector<BareConnection> connections(phones);
  BareConnection core;
  std::string from_phone(kFromPhone, 'x'), to_phone(kToPhone, 'x');
  std::string to_core(kToCore * phones, 'x'),
      from_core(kFromCore * phones, 'x');
  double seconds = 0;
  for (auto _ : state) {
    for (BareConnection& phone : connections) SendBare(phone.far(), from_phone);
    double begin = ThreadSeconds();
    for (BareConnection& phone : connections) {
      ReceiveBare(phone.near(), from_phone);
    }
    SendBare(core.near(), to_core);
    seconds += ThreadSeconds() - begin;
    ReceiveBare(core.far(), to_core);
    SendBare(core.far(), from_core);
    begin = ThreadSeconds();
    ReceiveBare(core.near(), from_core);
    for (BareConnection& phone : connections) SendBare(phone.near(), to_phone);
    seconds += ThreadSeconds() - begin;
    for (BareConnection& phone : connections)
      ReceiveBare(phone.far(), to_phone);
  }
  state.counters["relay_ns"] =
      seconds * 1e9 / static_cast<double>(state.iterations() * phones);
}
BENCHMARK(BM_BareRelay_Register)->Arg(16)->Arg(64);

// A connection: accept4() and close(), with the rest that TCP does in its
// thread.
void BM_BareSocket_AcceptAndClose(benchmark::State& state) {
  auto listener = OpenTcpListener(Loopback(), {});
  const SocketAddress server(*LocalEndpoint(listener->get()));
  double seconds = 0;
  for (auto _ : state) {
    const Fd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int connected = connect(client.get(), &server.base, server.size);
    const double begin = ThreadSeconds();
    {
      const Fd accepted(
          accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (connected != 0 || accepted.get() < 0) {
        state.SkipWithError("no connection");
      }
    }
    seconds += ThreadSeconds() - begin;
  }
  state.counters["server_ns"] =
      benchmark::Counter(seconds * 1e9, benchmark::Counter::kAvgIterations);
}
BENCHMARK(BM_BareSocket_AcceptAndClose);

}  // namespace
}  // namespace sallyport::net
