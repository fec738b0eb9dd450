// The header tables of spec section 3: what changes in a message on its way
// through, as splices over the original. Pure functions: message and facts in,
// splices out.
#ifndef CORE_ROUTING_REWRITE_H_
#define CORE_ROUTING_REWRITE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/endpoint.h"
#include "core/edge_config.h"
#include "core/registration/integrity.h"
#include "core/routing/own_names.h"
#include "core/routing/trust.h"
#include "core/routing/validation.h"
#include "core/sip/message.h"
#include "core/sip/splice.h"
#include "core/sip/values.h"

namespace sallyport::routing {

// Where the message came from and goes to, common to all requests.
struct Hop {
  Endpoint peer;  // source of the request
  sip::Transport received_on = sip::Transport::kTls;
  sip::Transport sent_on = sip::Transport::kTcp;
  uint16_t protected_port = 5061;  // of the UE's flow (listener)
  std::string_view branch;         // whole, with the magic cookie
};

// Nothing here fails by itself: ask out.overflowed() and scratch.overflowed()
// before the message goes. Everything reads a validated message (Validate) and
// may be called once per message and SpliceList.

// Spec 3.1: REGISTER, UE to core.
struct RegisterFacts {
  Hop hop;
  std::string_view path_user;  // the token text, `t.…`
  registration::Integrity integrity = registration::Integrity::kNone;
  SelectedCredentials credentials;  // the row that gets the value
  uint64_t icid = 0;  // fresh; high half the process's, low half counts
};
void RewriteRegister(const sip::MessageView& request, const RequestParts& parts,
                     const RegisterFacts& facts, const OwnNames& own,
                     sip::Scratch& scratch, sip::SpliceList& out);

// Spec 3.2: response to REGISTER, core to UE.
// `add_security_server`: a 401 to a UE that sent Security-Client.
void RewriteRegisterResponse(const sip::MessageView& response,
                             bool add_security_server, sip::Scratch& scratch,
                             sip::SpliceList& out);

// Spec 2.8, 3.3: other requests, UE to core.
struct OriginatingFacts {
  Hop hop;
  std::string_view record_route_user;  // `r.…`
  std::span<const std::string_view>
      service_routes;  // of the association, whole values
  // False: the UE's own list stays, without our values on top of it: because it
  // equals the stored one, or because the request is within a dialog.
  bool replace_routes = true;
  std::span<const std::string_view> asserted;  // P-Asserted-Identity values
  uint64_t icid = 0;
};
// The Route values of the UE behind our own (all that stand on top): equal to
// the stored list, URI by URI in order (spec 2.8 step 3)? `own_token`: user
// part of our popped Route, if any.
struct RouteCheck {
  bool equal = false;
  bool malformed = false;
  std::string_view own_token;
  // The first of the stored list, where it stands in the request octet by
  // octet.
  std::optional<sip::UriView> next;
};
RouteCheck CheckRoutes(const sip::MessageView& request,
                       const RequestParts& parts, const OwnNames& own,
                       uint16_t protected_port,
                       std::span<const std::string_view> service_routes);
void RewriteOriginating(const sip::MessageView& request,
                        const RequestParts& parts,
                        const OriginatingFacts& facts, const OwnNames& own,
                        sip::Scratch& scratch, sip::SpliceList& out);

// Spec 2.7, 3.3: other requests, core to UE. The Request-URI is not rewritten.
struct TerminatingFacts {
  Hop hop;                             // sent_on is kTls
  std::string_view record_route_user;  // `r.…`
};
// The user part of the topmost Route value, when it is ours; else empty.
std::string_view TopOwnRouteUser(const sip::MessageView& request,
                                 const RequestParts& parts, const OwnNames& own,
                                 uint16_t port);
void RewriteTerminating(const sip::MessageView& request,
                        const RequestParts& parts,
                        const TerminatingFacts& facts, const EdgeConfig& config,
                        const OwnNames& own, sip::Scratch& scratch,
                        sip::SpliceList& out);

// Spec 3.3: responses. What the request left behind, kept by the transaction.
struct SavedCharging {
  std::string_view called_party;  // P-Called-Party-ID value
  std::string_view icid;          // icid-value of the request, quotes kept
  std::string_view orig_ioi;      // of the request, quotes kept
};
// Borrows the request; the transaction keeps a copy.
SavedCharging ReadCharging(const sip::MessageView& request);
// A parameter of P-Charging-Vector as it stands, quotes kept; or empty.
std::string_view ChargingParam(const sip::MessageView& message,
                               std::string_view name);
void RewriteResponseToCore(const sip::MessageView& response,
                           const SavedCharging& saved, const OwnNames& own,
                           sip::Scratch& scratch, sip::SpliceList& out);
void RewriteResponseToUe(const sip::MessageView& response,
                         const EdgeConfig& config, sip::Scratch& scratch,
                         sip::SpliceList& out);

// Appends a P-Charging-Vector of ours:
// `icid-value="p1-65f0c2a4-0000002a";icid-generated-at=...;orig-ioi="..."`; no
// term-ioi, which is the answering network's to say.
void AppendCharging(const OwnNames& own, uint64_t icid, sip::Scratch& scratch);

// Record-Route belongs on requests that form or may form dialogs, and on
// unknown methods; not on MESSAGE, OPTIONS, REGISTER (RFC 3261 16.6 step 4;
// spec 6.4).
bool WantsRecordRoute(const sip::MessageView& request);

}  // namespace sallyport::routing

#endif  // CORE_ROUTING_REWRITE_H_
