// A ClientEngine is the client end of one TLS connection: bytes in, bytes out.
// Connections towards a core that speaks TLS use it, load generators and tests.
#ifndef NET_TLS_CLIENT_H_
#define NET_TLS_CLIENT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "net/tls/certificate.h"
#include "net/tls/channel.h"

struct bio_st;
struct ssl_ctx_st;
struct ssl_session_st;

namespace sallyport::net::tls {

// A ClientSession is what a client keeps to resume: a ticket and its secret. It
// is a value; an empty one resumes nothing.
class ClientSession {
 public:
  ClientSession() = default;
  explicit ClientSession(ssl_session_st* session);  // takes the reference

  bool empty() const { return session_ == nullptr; }
  ssl_session_st* get() const { return session_.get(); }
  // The ticket as it goes over the wire.
  std::string_view ticket() const;

 private:
  std::shared_ptr<ssl_session_st> session_;
};

enum class TlsVersion : uint8_t { k1_2, k1_3 };

struct ClientContextOptions {
  TlsVersion version_min = TlsVersion::k1_2;
  TlsVersion version_max = TlsVersion::k1_3;
  // Whom to trust. None: the server is not verified at all (load, tests).
  std::optional<PemFile> authorities = std::nullopt;
  // Shown to a server that asks for it. None: it gets none.
  std::optional<CertificatePem> certificate = std::nullopt;
};

// What the client connections of one thread have in common: TLS 1.2 and 1.3,
// AEAD with forward secrecy, as our servers (ServerContext).
// Fails:  Create: one text that names the file and the reason.
// Source: Sallyport 9.3
class ClientContext {
 public:
  static absl::StatusOr<std::shared_ptr<const ClientContext>> Create(
      const ClientContextOptions& options);
  ~ClientContext();
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  ssl_ctx_st* get() const { return ctx_; }

 private:
  friend class ClientEngine;
  ClientContext() = default;
  absl::Status UseCertificate(const CertificatePem& pem);

  ssl_ctx_st* ctx_ = nullptr;
  bio_st* bio_ = nullptr;
};

// Feed, Read, Write and Shutdown are Channel's. The client speaks first: call
// Read once before anything is fed.
class ClientEngine final : public Channel {
 public:
  // `server_name`: SNI (but for an address), and the name that a verified
  // certificate must bear (BearsName); empty: neither.
  ClientEngine(std::shared_ptr<const ClientContext> context,
               const std::string& server_name,
               const ClientSession& resume = {});
  ~ClientEngine();

  // The newest session that the server offered; empty when none did. A TLS 1.3
  // ticket comes with the server's first flight of data: read before asking.
  ClientSession session() const { return session_; }

  using Channel::ssl;  // for tests of what no well-behaved client does

 private:
  friend class ClientContext;
  friend struct ClientHooks;
  std::string_view RequiredName() const override { return server_name_; }
  void OnHandshakeStep() override;
  void OnHandshakeDone() override;

  std::shared_ptr<const ClientContext> context_;
  const std::string server_name_;
  ClientSession session_;
};

}  // namespace sallyport::net::tls

#endif  // NET_TLS_CLIENT_H_
