// A ServerContext is what the TLS connections of one shard have in common:
// certificates, versions, suites and the ticket desk.
#ifndef NET_TLS_SERVER_CONTEXT_H_
#define NET_TLS_SERVER_CONTEXT_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "net/tls/certificate.h"
#include "net/tls/ticket.h"

struct bio_st;
struct ssl_ctx_st;
struct ssl_early_callback_ctx;
enum ssl_select_cert_result_t : int;

namespace sallyport::net::tls {

struct ServerContextOptions {
  // At least one. The first is the default; others are chosen by server name
  // (SNI), and among those that fit, by the client's signature algorithms
  // (ECDSA before RSA).
  std::span<const CertificatePem> certificates;  // read during Create only
  // Issues tickets and knows the time; borrowed, must outlive all engines.
  TicketDesk* tickets = nullptr;
  size_t tickets_per_connection = 1;  // TLS 1.3; 1..16
  // With it a client must show a certificate for which one of these vouches, at
  // each connection: there are no tickets then.
  std::optional<PemFile> client_authorities = std::nullopt;
};

// TLS 1.2 and 1.3; AEAD with forward secrecy; X25519 and P-256; no early data,
// renegotiation, compression or session cache, and no client certificate unless
// its options ask for one.
// Threads: of its shard alone; each shard makes its own from the same bytes.
// Owns:    certificates and keys as the TLS library holds them. Engines share
// in
//          the ownership: to reload, make a new one for the engines to come.
// Source:  Sallyport 9.3, 5.8 (item 6); TS 33.203 O.2.1 (no
// CertificateRequest to a UE).
class ServerContext {
 public:
  // Fails: one text that names the file and the reason: not PEM, no
  // certificate,
  //        no key, key does not match, key of a kind we do not serve.
  static absl::StatusOr<std::shared_ptr<const ServerContext>> Create(
      const ServerContextOptions& options);
  ~ServerContext();
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  TicketDesk& tickets() const { return *tickets_; }

 private:
  friend class Engine;
  struct Identity;  // a certificate with its own SSL_CTX
  using SelectResult = ssl_select_cert_result_t;

  ServerContext();
  absl::Status Load(const ServerContextOptions& options);
  ssl_ctx_st* default_ctx() const;
  // Sets the TLS library's clock, on this thread, to the desk's.
  void SetLibraryClock() const;
  static SelectResult SelectIdentity(const ssl_early_callback_ctx* hello);
  const Identity& Choose(const ssl_early_callback_ctx& hello) const;

  TicketDesk* tickets_ = nullptr;
  std::vector<std::unique_ptr<Identity>> identities_;
  bio_st* bio_ = nullptr;  // shared by the engines, one of which runs at a time
};

}  // namespace sallyport::net::tls

#endif  // NET_TLS_SERVER_CONTEXT_H_
