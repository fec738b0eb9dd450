// Options is everything that the operator decides, checked and ready to use.
#ifndef PROXY_OPTIONS_H_
#define PROXY_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "core/base/endpoint.h"
#include "core/edge_config.h"

namespace sallyport::proxy {

// One certificate chain with its private key, as files.
struct CertificateFiles {
  std::string chain;
  std::string key;
};

// Filled once by ParseCommandLine; nothing below proxy/ reads a flag.
struct Options {
  std::vector<Endpoint> tls_listen;
  std::vector<Endpoint> sip_listen;
  // Of each of them, in order (design: Sallyport 1.2).
  enum class AccessClass : uint8_t { kOther, k3gpp };
  std::vector<AccessClass> tls_access;
  std::vector<AccessClass> sip_access;
  Endpoint core_listen;
  std::optional<Endpoint> core_tls_listen;
  Endpoint admin_listen;
  std::vector<Endpoint> dns_servers;  // none: what the system says
  bool admin_show_identities = false;

  std::vector<CertificateFiles> certificates;  // empty: make a self-signed one
  // TLS with the core.
  std::string core_tls_ca;  // empty: the system's, if there are any
  // Where Debian and its kin keep those.
  std::string system_ca = "/etc/ssl/certs/ca-certificates.crt";
  std::optional<CertificateFiles> core_certificate;
  bool core_tls_wanted = false;                // the start fails without it
  std::string state_directory;                 // where that one is kept
  std::string ticket_key_file;                 // empty: random keys
  absl::Duration ticket_lifetime;
  absl::Duration ticket_rotation;

  int shards = 1;
  bool pin_shards = true;

  // Bounds and times of each shard's network half.
  uint32_t streams_max = 0;
  uint32_t handshakes_max = 0;
  uint32_t ring_entries = 0;
  uint32_t receive_buffers = 0;
  uint32_t receive_buffer_bytes = 0;
  size_t queued_bytes_max = 0;
  size_t core_queued_bytes_max = 0;
  size_t send_bytes_max = 0;
  uint32_t connections_per_source = 0;  // 0: no limit
  uint32_t mailbox_messages = 0;
  uint32_t revoked_sessions_max = 0;
  absl::Duration handshake_timeout;
  absl::Duration close_timeout;
  absl::Duration drain_timeout;
  absl::Duration core_connect_timeout;
  absl::Duration core_backoff_min;
  absl::Duration core_backoff_max;

  EdgeConfig edge;  // of every shard; `shard` is set by the shard
};

// Fills in what follows from the ports that the listeners got.
void FinishOptions(Options& options);

}  // namespace sallyport::proxy

#endif  // PROXY_OPTIONS_H_
