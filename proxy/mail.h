// What shards, and the thread that commands them, send to one another.
#ifndef PROXY_MAIL_H_
#define PROXY_MAIL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/flow.h"
#include "net/fd.h"
#include "net/mailbox.h"
#include "net/tls/certificate.h"
#include "net/tls/ticket.h"

namespace sallyport::proxy {

// TLS with the core: whom to trust, and who we are.
struct CoreTlsMaterial {
  net::tls::PemFile authorities;
  std::optional<net::tls::CertificatePem> certificate;

  // Whose certificates its listener shows. Borrows both.
  std::span<const net::tls::CertificatePem> CertificatesOr(
      std::span<const net::tls::CertificatePem> others) const {
    return certificate ? std::span(&*certificate, 1) : others;
  }
};

// Certificates and ticket keys: read once, the same for every shard.
struct TlsMaterial {
  std::vector<net::tls::CertificatePem> certificates;
  net::tls::TicketKeys::Snapshot ticket_keys;
  std::optional<CoreTlsMaterial> core;  // none: no TLS with the core
  // When the first certificate ends that phones are shown, or the core; max():
  // there is none.
  net::tls::WallTime expires_at = net::tls::WallTime::max();
  net::tls::WallTime core_expires_at = net::tls::WallTime::max();
};

class AssociationQuery;

// One kind of mail uses some of the fields. Who has read it leaves no memory
// behind: a box goes round all its slots, so that each would come to keep the
// longest text it ever held.
struct Mail {
  enum class Kind : uint8_t {
    kAdopt,      // connection, info.peer, info.local, bytes: its ticket is yours
    kHandOver,   // flow, peer, info, bytes: a message of your association
    kSend,       // flow, peer, bytes: send it on your flow
    kChallenge,  // challenge: a context of the security agreement
    kNews,       // bytes: what another shard says of a user's devices
    kMaterial,   // material: certificates or ticket keys changed
    kQuery,      // query: somebody looks in
  };
  Kind kind = Kind::kSend;
  FlowId flow;
  Endpoint peer;
  FlowInfo info;
  net::Fd connection;
  std::string bytes;
  uint64_t challenge = 0;
  std::shared_ptr<const TlsMaterial> material;
  std::shared_ptr<AssociationQuery> query;
};

// Box number `shards` is the command thread's.
using Mailboxes = net::Mailboxes<Mail>;

}  // namespace sallyport::proxy

#endif  // PROXY_MAIL_H_
