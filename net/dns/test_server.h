// A name server of a test: answers over UDP on loopback what the test says, or
// nothing.
#ifndef NET_DNS_TEST_SERVER_H_
#define NET_DNS_TEST_SERVER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "core/base/endpoint.h"
#include "net/dns/test_reply.h"
#include "net/fd.h"

namespace sallyport::net::dns {

// Owns:    its socket and its thread.
class TestServer {
 public:
  // Called on the server's thread; nothing: it does not answer.
  using Answer = std::function<std::optional<std::string>(const TestQuery&)>;

  explicit TestServer(Answer answer);
  ~TestServer();

  const Endpoint& endpoint() const { return endpoint_; }
  // That have come.
  uint32_t queries() const { return queries_.load(); }

 private:
  void Run();

  const Answer answer_;
  Fd socket_;
  Fd end_;
  Endpoint endpoint_;
  std::atomic<uint32_t> queries_{0};
  std::thread thread_;
};

}  // namespace sallyport::net::dns

#endif  // NET_DNS_TEST_SERVER_H_
