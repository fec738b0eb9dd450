// A ClientEngine is the client end of one TLS connection: bytes in, bytes out.
// Load generators, tests and connections towards a core that speaks TLS use it.
#ifndef NET_TLS_CLIENT_H_
#define NET_TLS_CLIENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
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
  // Certificates to trust. Empty: the server is not verified at all.
  std::string ca_pem;
};

// What the client connections of one thread have in common.
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

  ssl_ctx_st* ctx_ = nullptr;
  bio_st* bio_ = nullptr;
  bool verifies_ = false;
};

// Feed, Read, Write and Shutdown are Channel's. The client speaks first: call
// Read once before anything is fed.
class ClientEngine final : public Channel {
 public:
  // `server_name`: SNI, and the name that a verified certificate must bear;
  // empty: neither.
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
  void OnHandshakeStep() override;
  void OnHandshakeDone() override;

  std::shared_ptr<const ClientContext> context_;
  ClientSession session_;
};

}  // namespace sallyport::net::tls

#endif  // NET_TLS_CLIENT_H_
