// An Engine is the server end of one TLS connection: bytes in, bytes out.
#ifndef NET_TLS_ENGINE_H_
#define NET_TLS_ENGINE_H_

#include <memory>
#include <string_view>

#include "net/tls/channel.h"
#include "net/tls/server_context.h"
#include "net/tls/ticket.h"

namespace sallyport::net::tls {

// Feed, Read, Write and Shutdown are Channel's.
// Owns:   a share of its ServerContext, so a reload leaves it alone.
// Bounds: about 3 KiB of heap once idle (engine_memory_test.cc); what only the
//         handshake needs is given back when it is done.
class Engine final : public Channel {
 public:
  explicit Engine(std::shared_ptr<const ServerContext> context);
  ~Engine();

  // The identity of the TLS session: fresh after a full handshake, that of the
  // ticket after a resumption. It is final once the handshake is done.
  // Source: Sallyport 5.8 (items 1, 4).
  const Tsid& tsid() const;

  // After the handshake; empty when the client named no server.
  std::string_view sni() const;

 private:
  friend struct TicketHooks;
  void OnHandshakeStep() override;
  void OnHandshakeDone() override;

  std::shared_ptr<const ServerContext> context_;
  Tsid fresh_tsid_;
  // From a ticket that could be opened; counts only if the stack resumes it.
  Tsid candidate_tsid_;
  bool has_candidate_ = false;
};

}  // namespace sallyport::net::tls

#endif  // NET_TLS_ENGINE_H_
