#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "net/reactor.h"
#include "net/testing/loopback.h"

namespace sallyport::net {
namespace {

// Two UDP sockets of one reactor.
struct Pair {
  explicit Pair(const Endpoint& at, const ReactorOptions& options = {},
                const UdpSocketOptions& socket_options = {})
      : reactor(MakeReactor(options)) {
    EXPECT_TRUE(reactor->Enable().has_value());
    Open(at, 1, a, a_address, socket_options);
    Open(at, 2, b, b_address, socket_options);
  }
  void Open(const Endpoint& at, uint32_t tag, UdpId& id, Endpoint& address,
            const UdpSocketOptions& options) {
    auto socket = OpenUdpSocket(at, options);
    ASSERT_TRUE(socket.has_value()) << socket.error().ToString();
    address = *LocalEndpoint(socket->get());
    id = reactor->OpenUdp(std::move(socket).value(), tag);
  }
  bool Until(const std::function<bool()>& done) {
    return TurnUntil(*reactor, sink, done);
  }

  std::unique_ptr<Reactor> reactor;
  RecordingSink sink;
  UdpId a;
  UdpId b;
  Endpoint a_address;
  Endpoint b_address;
};

TEST(Udp, CarriesADatagramWithBothAddresses) {
  for (const Endpoint& at : {Loopback(), Loopback6()}) {
    Pair pair(at);

    ASSERT_TRUE(pair.reactor->SendDatagram(pair.a, pair.b_address, "hello"));
    pair.Until([&] { return pair.sink.datagrams.size() == 1; });

    const auto& got = pair.sink.datagrams[0];
    EXPECT_EQ(got.bytes, "hello");
    EXPECT_EQ(got.socket, pair.b);
    EXPECT_EQ(got.tag, 2u);
    EXPECT_EQ(got.peer, pair.a_address);
    EXPECT_EQ(got.local, pair.b_address);
  }
}

TEST(Udp, CarriesTheSmallestAndTheLargestDatagram) {
  Pair pair(Loopback());
  const std::string largest = Pattern(65'507, 1);

  ASSERT_TRUE(pair.reactor->SendDatagram(pair.a, pair.b_address, ""));
  ASSERT_TRUE(pair.reactor->SendDatagram(pair.a, pair.b_address, largest));
  pair.Until([&] { return pair.sink.datagrams.size() == 2; });

  EXPECT_EQ(pair.sink.datagrams[0].bytes, "");
  EXPECT_TRUE(pair.sink.datagrams[1].bytes == largest);
}

// Source: RFC 3581 4
TEST(Udp, AnswersFromTheAddressThatWasAskedThroughAWildcardSocket) {
  Pair pair({*IpAddress::Parse("0.0.0.0"), 0});
  const Endpoint asked{*IpAddress::Parse("127.0.0.2"), pair.b_address.port};

  ASSERT_TRUE(pair.reactor->SendDatagram(pair.a, asked, "question"));
  pair.Until([&] { return pair.sink.datagrams.size() == 1; });
  const auto question = pair.sink.datagrams[0];
  ASSERT_TRUE(pair.reactor->SendDatagram(pair.b, question.peer, "answer",
                                         question.local.address));
  pair.Until([&] { return pair.sink.datagrams.size() == 2; });

  EXPECT_EQ(question.local, asked);
  EXPECT_EQ(pair.sink.datagrams[1].peer, asked);
}

TEST(Udp, ServesIpv4ThroughASocketOfBothFamilies) {
  Pair pair({*IpAddress::Parse("::"), 0}, {}, {.v6_only = false});
  const Endpoint v4{*IpAddress::Parse("127.0.0.1"), pair.b_address.port};

  ASSERT_TRUE(pair.reactor->SendDatagram(pair.a, v4, "four", v4.address));
  pair.Until([&] { return pair.sink.datagrams.size() == 1; });

  EXPECT_EQ(pair.sink.datagrams[0].local, v4);
  EXPECT_EQ(pair.sink.datagrams[0].peer.address, v4.address);
}

TEST(Udp, RefusesADatagramPastItsQueue) {
  ReactorOptions options;
  options.datagrams_queued_max = 2;
  Pair pair(Loopback(), options);

  EXPECT_TRUE(pair.reactor->SendDatagram(pair.a, pair.b_address, "1"));
  EXPECT_TRUE(pair.reactor->SendDatagram(pair.a, pair.b_address, "2"));
  EXPECT_FALSE(pair.reactor->SendDatagram(pair.a, pair.b_address, "3"));
  pair.Until([&] { return pair.sink.datagrams.size() == 2; });

  EXPECT_TRUE(pair.reactor->SendDatagram(pair.a, pair.b_address, "4"));
  EXPECT_EQ(pair.reactor->counters().datagrams_refused.Get(), 1u);
}

TEST(Udp, RefusesADatagramForAnotherFamily) {
  Pair pair(Loopback());

  EXPECT_FALSE(pair.reactor->SendDatagram(pair.a, Loopback6(), "six"));
  EXPECT_FALSE(pair.reactor->SendDatagram(pair.a, {}, "nowhere"));
}

TEST(Udp, CountsADatagramThatTheSystemRefuses) {
  Pair pair(Loopback());

  ASSERT_TRUE(pair.reactor->SendDatagram(pair.a, pair.b_address,
                                         std::string(65'530, 'x')));
  pair.Until(
      [&] { return pair.reactor->counters().datagrams_failed.Get() == 1; });
}

TEST(Udp, GoesOnAfterAPeersPortWasClosed) {
  Pair pair(Loopback());
  Endpoint closed;
  {
    const auto socket = OpenUdpSocket(Loopback(), {});
    closed = *LocalEndpoint(socket->get());
  }

  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(pair.reactor->SendDatagram(pair.a, closed, "anybody?"));
    pair.reactor->Turn(pair.reactor->Now() + Millis(5), pair.sink);
  }
  ASSERT_TRUE(pair.reactor->SendDatagram(pair.b, pair.a_address, "here"));
  pair.Until([&] { return pair.sink.datagrams.size() == 1; });

  EXPECT_LT(pair.reactor->counters().turns.Get(), 50u);
}

TEST(Udp, ReceivesABurstWithFewBuffers) {
  ReactorOptions options;
  options.datagram_buffers = 2;
  Pair pair(Loopback(), options);

  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(pair.reactor->SendDatagram(pair.a, pair.b_address, "burst"));
  }
  pair.Until([&] { return pair.sink.datagrams.size() == 50; });

  EXPECT_GT(pair.reactor->counters().no_buffers.Get(), 0u);
}

}  // namespace
}  // namespace sallyport::net
