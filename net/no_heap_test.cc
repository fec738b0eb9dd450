// Counts what the heap is asked for while a reactor carries messages.
#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "net/testing/loopback.h"

namespace {
std::atomic<size_t> allocations{0};
}  // namespace

void* operator new(size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  void* memory = std::malloc(bytes);
  if (memory == nullptr) std::abort();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace sallyport::net {
namespace {

constexpr size_t kStreams = 8;

// Sends back what comes to tag 1; counts the rest. Remembers nothing.
class Echo : public EventSink {
 public:
  explicit Echo(Reactor* reactor) : reactor_(reactor) {}
  void OnAccepted(StreamId, uint32_t, const Endpoint&,
                  const Endpoint&) override {
    ++accepted;
  }
  void OnConnected(StreamId) override {}
  void OnBytes(StreamId stream, std::span<uint8_t> bytes) override {
    if (reactor_->tag(stream) == 0) {
      returned += bytes.size();
      return;
    }
    reactor_->Queue(
        stream, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  void OnClosed(StreamId, CloseReason) override {}
  void OnDetached(StreamId, Fd, const Endpoint&, const Endpoint&) override {}
  void OnDatagram(const DatagramView& datagram) override {
    returned += datagram.bytes.size();
  }
  void OnMail() override {}

  size_t accepted = 0;
  size_t returned = 0;

 private:
  Reactor* const reactor_;
};

TEST(NoHeap, IsTouchedByMessagesThroughEstablishedStreams) {
  auto reactor = MakeReactor();
  ASSERT_TRUE(reactor->Enable().has_value());
  Echo sink(reactor.get());
  const Endpoint server = ListenOnLoopback(*reactor, 1);
  auto socket = OpenUdpSocket(Loopback(), {});
  const Endpoint udp_address = *LocalEndpoint(socket->get());
  const UdpId udp = reactor->OpenUdp(std::move(socket).value(), 1);
  std::vector<StreamId> clients;
  for (size_t i = 0; i < kStreams; ++i) {
    clients.push_back(reactor->Connect(server, 0));
  }
  while (sink.accepted < kStreams) {
    reactor->Turn(reactor->Now() + Millis(10), sink);
  }
  const std::string message(800, 'x');
  const auto round = [&] {
    sink.returned = 0;
    for (const StreamId client : clients) reactor->Queue(client, message);
    ASSERT_TRUE(reactor->SendDatagram(udp, udp_address, message));
    while (sink.returned < (kStreams + 1) * message.size()) {
      reactor->Turn(reactor->Now() + Seconds(1), sink);
    }
  };
  for (int i = 0; i < 10; ++i) round();

  const size_t before = allocations.load();
  for (int i = 0; i < 500; ++i) round();

  EXPECT_EQ(allocations.load(), before);
}

}  // namespace
}  // namespace sallyport::net
