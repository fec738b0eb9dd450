// What the proxy writes of itself into messages, prepared once at the start.
#ifndef CORE_ROUTING_OWN_NAMES_H_
#define CORE_ROUTING_OWN_NAMES_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/endpoint.h"
#include "core/edge_config.h"
#include "core/sip/values.h"

namespace sallyport::routing {

struct OwnNames {
  explicit OwnNames(const EdgeConfig& config);

  std::string domain;           // `pcscf1.ims.example.com`
  // Where the core reaches us: `pcscf1.ims.example.com:5060`; over TLS the port
  // of its own listener, as far as there is one.
  std::string core_sent_by;
  std::string core_tls_sent_by;
  // In Path, in Record-Route towards the core, and in Contact, behind the user
  // part: `@pcscf1.ims.example.com:5060;lr>`. With a listener for TLS it is
  // that one: `@pcscf1.ims.example.com:5071;transport=tls;lr>`.
  std::string path_tail;
  std::string core_route_tail;
  std::string core_sips_route_tail;  // of a sips URI, which says tls by itself
  std::string core_contact;          // without `;lr>`
  std::string visited_network;  // `P-Visited-Network-ID: "ims.example.com"\r\n`
  // `P-Access-Network-Info: ...;network-provided\r\n`
  std::string access_network;
  std::string orig_ioi;           // `"Type 1ims.example.com"`
  // What stands before and behind the number of an icid; the prefix is the
  // shard. What makes an icid unique to a process is in its number:
  // `P-Charging-Vector: icid-value="p1-`
  // `";icid-generated-at=192.0.2.10;orig-ioi="Type 1ims.example.com"\r\n`.
  std::string charging_begin;
  std::string charging_end;

  // In a Via towards the core, before the branch:
  // `SIP/2.0/TCP pcscf1.ims.example.com:5060;branch=`.
  std::string_view ViaBegin(sip::Transport sent_on) const {
    return via_begins_[static_cast<size_t>(sent_on)];
  }
  // What stands for the branch in a Via value that begins, octet by octet, as
  // one of ours does: towards the core, or towards a UE that came to the usual
  // port. Most responses bring it back so, and it need not be parsed.
  std::optional<std::string_view> BranchIn(std::string_view via) const;

  // Host (and port, transport when given) mean us: spec 6.3.
  // `flow_port`: the listener's port of the flow in question.
  //
  // A name of ours without a port is us whatever the transport, since SRV
  // records may lead from a name to any port. An address without a port means
  // the default one of its scheme and transport (RFC 3263 4.2), so another
  // element on our own address is not taken for us.
  bool IsOurs(const sip::UriView& uri, uint16_t flow_port) const;

 private:
  bool IsOurName(std::string_view host) const;

  std::array<std::string, 3> via_begins_;  // by transport
  std::string ue_via_begin_;
  std::vector<std::string> names_;
  std::vector<IpAddress> addresses_;
  uint16_t core_port_;
  uint16_t core_tls_port_;
  uint16_t tls_port_;
};

}  // namespace sallyport::routing

#endif  // CORE_ROUTING_OWN_NAMES_H_
