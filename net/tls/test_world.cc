#include "net/tls/test_world.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/log/check.h"
#include "net/tls/self_signed.h"

namespace sallyport::net::tls {

ReadStatus End::Drain() {
  std::array<char, 5000> piece;
  for (;;) {
    const ReadResult read = channel.Read(piece.data(), piece.size(), out);
    switch (read.status) {
      case ReadStatus::kPlaintext:
        text.append(piece.data(), read.bytes);
        break;
      case ReadStatus::kHandshakeDone:
        ++handshakes_done;
        break;
      case ReadStatus::kWantMore:
      case ReadStatus::kClosed:
      case ReadStatus::kFailed:
        return read.status;
    }
  }
}

ReadStatus End::Take(std::string_view ciphertext, size_t piece) {
  ReadStatus status = ReadStatus::kWantMore;
  while (!ciphertext.empty() && status == ReadStatus::kWantMore) {
    // A copy of exact size, freed at once: the window must not be kept.
    const std::string window(ciphertext.substr(0, piece));
    ciphertext.remove_prefix(window.size());
    channel.Feed(window);
    status = Drain();
  }
  return status;
}

void Exchange(End& client, End& server, size_t piece) {
  client.Drain();
  while (!client.out.bytes.empty() || !server.out.bytes.empty()) {
    server.Take(std::exchange(client.out.bytes, {}), piece);
    client.Take(std::exchange(server.out.bytes, {}), piece);
  }
}

CertificatePem TestCertificate(const std::string& dns_name, WallTime now) {
  SelfSignedOptions options;
  options.dns_name = dns_name;
  options.now = now;
  absl::StatusOr<CertificatePem> pem = MakeSelfSigned(options);
  CHECK(pem.ok()) << pem.status();
  return *pem;
}

ServerWorld::ServerWorld(TicketKeys::Snapshot keys, TicketDesk::Options options)
    : desk(options, std::move(keys), kTestNow) {
  static const CertificatePem certificate = TestCertificate("edge.test");
  Load({certificate});
}

void ServerWorld::Load(const std::vector<CertificatePem>& certificates) {
  ServerContextOptions options;
  options.certificates = certificates;
  options.tickets = &desk;
  auto made = ServerContext::Create(options);
  CHECK(made.ok()) << made.status();
  context = *std::move(made);
}

std::shared_ptr<const ClientContext> TestClient(TlsVersion version) {
  ClientContextOptions options;
  options.version_min = options.version_max = version;
  return TestClient(options);
}

std::shared_ptr<const ClientContext> TestClient(
    const ClientContextOptions& options) {
  auto made = ClientContext::Create(options);
  CHECK(made.ok()) << made.status();
  return *made;
}

Meeting::Meeting(std::shared_ptr<const ClientContext> client_context,
                 const ServerWorld& server_world, const ClientSession& resume,
                 const std::string& server_name, size_t piece)
    : client(std::move(client_context), server_name, resume),
      server(server_world.context) {
  Exchange(client_end, server_end, piece);
}

ClientSession Meeting::Session() {
  CHECK(server.Write("\r\n\r\n", server_end.out));
  Exchange(client_end, server_end);
  return client.session();
}

}  // namespace sallyport::net::tls
