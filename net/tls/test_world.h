// A TestWorld joins the two ends of TLS in memory, for tests and benchmarks.
#ifndef NET_TLS_TEST_WORLD_H_
#define NET_TLS_TEST_WORLD_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/tls/certificate.h"
#include "net/tls/channel.h"
#include "net/tls/client.h"
#include "net/tls/engine.h"
#include "net/tls/server_context.h"
#include "net/tls/ticket.h"

namespace sallyport::net::tls {

inline constexpr WallTime kTestNow{std::chrono::seconds(1'900'000'000)};

class Buffer final : public Output {
 public:
  void Append(std::string_view ciphertext) override { bytes += ciphertext; }
  std::string bytes;
};

// One end with all that came out of it.
struct End {
  explicit End(Channel& c) : channel(c) {}

  // Reads until nothing more comes; the last status.
  ReadStatus Drain();
  // Feeds `ciphertext` in pieces of `piece` bytes.
  ReadStatus Take(std::string_view ciphertext, size_t piece = 1 << 20);

  Channel& channel;
  Buffer out;        // ciphertext for the other end
  std::string text;  // plaintext that was read
  int handshakes_done = 0;
};

// Carries bytes both ways until both ends are quiet.
void Exchange(End& client, End& server, size_t piece = 1 << 20);

CertificatePem TestCertificate(const std::string& dns_name,
                               WallTime now = kTestNow);

// A server shard with one certificate for "edge.test".
struct ServerWorld {
  explicit ServerWorld(TicketKeys::Snapshot keys = TicketKeys::Random(kTestNow),
                       TicketDesk::Options options = {});
  void Load(const std::vector<CertificatePem>& certificates);

  TicketDesk desk;
  std::shared_ptr<const ServerContext> context;
};

std::shared_ptr<const ClientContext> TestClient(TlsVersion version);
std::shared_ptr<const ClientContext> TestClient(
    const ClientContextOptions& options);

// A client and a server that have met; the client's engine and what it learned.
struct Meeting {
  Meeting(std::shared_ptr<const ClientContext> client_context,
          const ServerWorld& server_world, const ClientSession& resume = {},
          const std::string& server_name = "edge.test", size_t piece = 1 << 20);
  // The server says something: with it a TLS 1.3 client gets its tickets.
  ClientSession Session();

  ClientEngine client;
  Engine server;
  End client_end{client};
  End server_end{server};
};

}  // namespace sallyport::net::tls

#endif  // NET_TLS_TEST_WORLD_H_
