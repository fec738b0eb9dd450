#include "core/routing/own_names.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"

namespace sallyport::routing {
namespace {

constexpr uint16_t kSipPort = 5060;
constexpr uint16_t kSipsPort = 5061;

// A quoted string of RFC 3261 25.1 that says `text`.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  quoted.push_back('"');
  return quoted;
}

std::string_view WithoutLastDot(std::string_view host) {
  if (host.size() > 1 && host.back() == '.') host.remove_suffix(1);
  return host;
}

bool UsableAddress(const IpAddress& address) {
  return address.valid() && !address.is_unspecified();
}

// An IPv6 address stands in brackets wherever SIP says `host`.
std::string HostText(const IpAddress& address) {
  return address.is_v6() ? absl::StrCat("[", address.ToString(), "]")
                         : address.ToString();
}

std::string GeneratedAt(const EdgeConfig& config) {
  const IpAddress& address = config.core_listen.address;
  return UsableAddress(address) ? HostText(address) : config.domain;
}

std::string_view TransportText(sip::Transport transport) {
  switch (transport) {
    case sip::Transport::kUdp:
      return "UDP";
    case sip::Transport::kTcp:
      return "TCP";
    case sip::Transport::kTls:
      return "TLS";
  }
  return "TCP";
}

uint16_t DefaultPort(const sip::UriView& uri) {
  std::optional<sip::Transport> transport = sip::UriTransport(uri);
  return transport == sip::Transport::kTls ? kSipsPort : kSipPort;
}

}  // namespace

OwnNames::OwnNames(const EdgeConfig& config)
    : domain(config.domain),
      core_sent_by(absl::StrCat(config.domain, ":", config.core_listen.port)),
      core_tls_sent_by(
          config.core_tls_port == 0
              ? core_sent_by
              : absl::StrCat(config.domain, ":", config.core_tls_port)),
      core_contact(
          absl::StrCat("@", core_tls_sent_by,
                       config.core_tls_port == 0 ? "" : ";transport=tls")),
      visited_network(absl::StrCat(
          "P-Visited-Network-ID: ", Quoted(config.visited_network_id), "\r\n")),
      access_network(
          absl::StrCat("P-Access-Network-Info: ", config.access_network_info,
                       ";network-provided\r\n")),
      // Source: TS 24.229 4.5 (type 1 between visited and home network).
      orig_ioi(Quoted(config.ioi)),
      // Source: RFC 7315 5.6, TS 24.229 4.5
      charging_begin(
          absl::StrCat("P-Charging-Vector: icid-value=\"p", config.shard, "-")),
      charging_end(absl::StrCat("\";icid-generated-at=", GeneratedAt(config),
                                ";orig-ioi=", orig_ioi, "\r\n")),
      core_port_(config.core_listen.port),
      core_tls_port_(config.core_tls_port),
      tls_port_(config.tls_port) {
  path_tail = absl::StrCat(core_contact, ";lr>");
  core_route_tail = path_tail;
  core_sips_route_tail = absl::StrCat("@", core_tls_sent_by, ";lr>");
  for (const sip::Transport transport :
       {sip::Transport::kUdp, sip::Transport::kTcp, sip::Transport::kTls}) {
    via_begins_[static_cast<size_t>(transport)] = absl::StrCat(
        "SIP/2.0/", TransportText(transport), " ",
        transport == sip::Transport::kTls ? core_tls_sent_by : core_sent_by,
        ";branch=");
  }
  ue_via_begin_ = absl::StrCat("SIP/2.0/TLS ", config.domain, ":",
                               config.tls_port, ";branch=");
  names_.push_back(std::string(WithoutLastDot(config.domain)));
  for (const std::string& host : config.own_hosts) {
    std::optional<IpAddress> address = IpAddress::Parse(host);
    if (address.has_value()) {
      addresses_.push_back(*address);
    } else {
      names_.push_back(std::string(WithoutLastDot(host)));
    }
  }
  if (UsableAddress(config.core_listen.address)) {
    addresses_.push_back(config.core_listen.address);
  }
}

bool OwnNames::IsOurName(std::string_view host) const {
  host = WithoutLastDot(host);
  return std::ranges::any_of(names_, [host](const std::string& name) {
    return sip::EqualsIgnoreCase(name, host);
  });
}

std::optional<std::string_view> OwnNames::BranchIn(std::string_view via) const {
  const auto behind = [&](const std::string& begin) {
    return via.substr(begin.size());
  };
  for (const std::string& begin : via_begins_) {
    if (via.starts_with(begin)) return behind(begin);
  }
  if (via.starts_with(ue_via_begin_)) return behind(ue_via_begin_);
  return std::nullopt;
}

bool OwnNames::IsOurs(const sip::UriView& uri, uint16_t flow_port) const {
  if (uri.scheme != sip::UriScheme::kSip &&
      uri.scheme != sip::UriScheme::kSips) {
    return false;
  }
  uint16_t port = uri.port;
  if (IsOurName(uri.host)) {
    if (port == 0) return true;
  } else {
    std::optional<IpAddress> address = IpAddress::Parse(uri.host);
    if (!address.has_value()) return false;
    if (std::ranges::find(addresses_, *address) == addresses_.end()) {
      return false;
    }
    if (port == 0) port = DefaultPort(uri);
  }
  return port == core_port_ || port == flow_port || port == tls_port_ ||
         (port == core_tls_port_ && port != 0);
}

}  // namespace sallyport::routing
