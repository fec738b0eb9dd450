#include "net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <fstream>

#include "gtest/gtest.h"
#include "net/sockaddr.h"

namespace sallyport::net {
namespace {

Endpoint At(std::string_view text) { return *Endpoint::Parse(text); }

int OptionOf(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof(value);
  EXPECT_EQ(getsockopt(fd, level, name, &value, &size), 0);
  return value;
}

TEST(SocketAddress, IsTheSameEndpointInBothDirections) {
  for (const char* text : {"192.0.2.7:5060", "[2001:db8::7]:5061"}) {
    const SocketAddress address(At(text));

    EXPECT_EQ(ToEndpoint(&address.base, address.size).ToString(), text);
  }
}

TEST(SocketAddress, MapsIpv4ForASocketOfBothFamilies) {
  const SocketAddress mapped = SocketAddress::Mapped(At("192.0.2.7:5060"));

  EXPECT_EQ(mapped.base.sa_family, AF_INET6);
  EXPECT_EQ(ToEndpoint(&mapped.base, mapped.size), At("192.0.2.7:5060"));
}

TEST(SocketAddress, OfNoAddressIsEmpty) {
  EXPECT_EQ(SocketAddress(Endpoint{}).size, 0u);
}

TEST(SocketAddress, CutShortOrOfAnotherFamilyIsNoAddress) {
  SocketAddress address(At("192.0.2.7:5060"));
  EXPECT_FALSE(ToEndpoint(&address.base, 8).address.valid());

  address.base.sa_family = AF_UNIX;
  EXPECT_FALSE(ToEndpoint(&address.base, address.size).address.valid());
}

TEST(Socket, ListensOnAPortThatTheSystemChooses) {
  for (const char* text : {"127.0.0.1:0", "[::1]:0"}) {
    const auto listener = OpenTcpListener(At(text), {});

    ASSERT_TRUE(listener.has_value()) << listener.error().ToString();
    const auto local = LocalEndpoint(listener->get());
    ASSERT_TRUE(local.has_value());
    EXPECT_NE(local->port, 0);
    EXPECT_EQ(local->address, At(text).address);
  }
}

// The length stands where a connection has its selective acknowledgements.
TEST(Socket, LetsAsManyWaitAsTheSystemAllows) {
  int allowed = 0;
  ASSERT_TRUE(std::ifstream("/proc/sys/net/core/somaxconn") >> allowed);
  const auto listener = OpenTcpListener(At("127.0.0.1:0"), {});
  ASSERT_TRUE(listener.has_value());

  tcp_info info;
  socklen_t size = sizeof(info);
  ASSERT_EQ(getsockopt(listener->get(), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
  EXPECT_EQ(info.tcpi_sacked, static_cast<uint32_t>(allowed));
}

TEST(Socket, SaysWhichAddressIsTakenAndWhy) {
  const auto first = OpenTcpListener(At("127.0.0.1:0"), {});
  const Endpoint taken = *LocalEndpoint(first->get());

  const auto second = OpenTcpListener(taken, {});

  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().error, EADDRINUSE);
  EXPECT_EQ(second.error().ToString(),
            "bind " + taken.ToString() + ": Address already in use");
}

TEST(Socket, SharesAPortBetweenShards) {
  const TcpListenerOptions tcp{.reuse_port = true, .stream = {}};
  const auto first = OpenTcpListener(At("127.0.0.1:0"), tcp);
  const auto second = OpenTcpListener(*LocalEndpoint(first->get()), tcp);
  EXPECT_TRUE(second.has_value());

  const UdpSocketOptions udp{.reuse_port = true};
  const auto third = OpenUdpSocket(At("127.0.0.1:0"), udp);
  const auto fourth = OpenUdpSocket(*LocalEndpoint(third->get()), udp);
  EXPECT_TRUE(fourth.has_value());
}

TEST(Socket, DoesNotShareAUdpPortUnasked) {
  const auto first = OpenUdpSocket(At("127.0.0.1:0"), {});

  const auto second = OpenUdpSocket(*LocalEndpoint(first->get()), {});

  EXPECT_FALSE(second.has_value());
}

TEST(Socket, RefusesAnEndpointWithoutAddress) {
  EXPECT_FALSE(OpenTcpListener({}, {}).has_value());
  EXPECT_FALSE(OpenUdpSocket({}, {}).has_value());
  EXPECT_FALSE(OpenTcpSocket({}, {}).has_value());
}

TEST(Socket, AcceptedConnectionsInheritTheStreamOptions) {
  const TcpListenerOptions options{.stream = {.keepalive_idle = Seconds(77),
                                              .keepalive_interval = Seconds(7),
                                              .keepalive_probes = 3,
                                              .user_timeout = Millis(12'345)}};
  const auto listener = OpenTcpListener(At("127.0.0.1:0"), options);
  const Endpoint server = *LocalEndpoint(listener->get());
  const auto client = OpenTcpSocket(server, {});
  const SocketAddress address(server);
  ASSERT_EQ(connect(client->get(), &address.base, address.size), 0);

  const Fd accepted(accept(listener->get(), nullptr, nullptr));

  EXPECT_EQ(OptionOf(accepted.get(), IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(OptionOf(accepted.get(), SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(OptionOf(accepted.get(), IPPROTO_TCP, TCP_KEEPIDLE), 77);
  EXPECT_EQ(OptionOf(accepted.get(), IPPROTO_TCP, TCP_KEEPINTVL), 7);
  EXPECT_EQ(OptionOf(accepted.get(), IPPROTO_TCP, TCP_KEEPCNT), 3);
  EXPECT_EQ(OptionOf(accepted.get(), IPPROTO_TCP, TCP_USER_TIMEOUT), 12'345);
  EXPECT_EQ(PeerEndpoint(accepted.get()), LocalEndpoint(client->get()));
}

TEST(Socket, WithoutAPeerHasNoPeerEndpoint) {
  const auto listener = OpenTcpListener(At("127.0.0.1:0"), {});

  EXPECT_EQ(PeerEndpoint(listener->get()), std::nullopt);
  EXPECT_EQ(LocalEndpoint(-1), std::nullopt);
}

}  // namespace
}  // namespace sallyport::net
