#include "net/dns/test_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string_view>
#include <utility>

#include "absl/log/check.h"

namespace sallyport::net::dns {

TestServer::TestServer(Answer answer)
    : answer_(std::move(answer)),
      socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
      end_(eventfd(0, EFD_CLOEXEC)) {
  CHECK(socket_.valid() && end_.valid());
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  CHECK_EQ(bind(socket_.get(), any, size), 0);
  CHECK_EQ(getsockname(socket_.get(), any, &size), 0);
  endpoint_ = {IpAddress::V4({127, 0, 0, 1}), ntohs(address.sin_port)};
  thread_ = std::thread([this] { Run(); });
}

TestServer::~TestServer() {
  const uint64_t one = 1;
  CHECK_EQ(write(end_.get(), &one, sizeof(one)),
           static_cast<ssize_t>(sizeof(one)));
  thread_.join();
}

void TestServer::Run() {
  while (true) {
    pollfd polled[] = {{socket_.get(), POLLIN, 0}, {end_.get(), POLLIN, 0}};
    CHECK_GT(poll(polled, 2, -1), 0);
    if (polled[1].revents != 0) return;
    std::array<char, 2048> buffer;
    sockaddr_storage from = {};
    socklen_t from_size = sizeof(from);
    const ssize_t size =
        recvfrom(socket_.get(), buffer.data(), buffer.size(), 0,
                 reinterpret_cast<sockaddr*>(&from), &from_size);
    CHECK_GE(size, 0);
    const auto query = ReadQuery({buffer.data(), static_cast<size_t>(size)});
    CHECK(query.has_value());
    ++queries_;
    const std::optional<std::string> reply = answer_(*query);
    if (!reply) continue;
    // Whoever asked may be gone.
    (void)sendto(socket_.get(), reply->data(), reply->size(), 0,
                 reinterpret_cast<sockaddr*>(&from), from_size);
  }
}

}  // namespace sallyport::net::dns
