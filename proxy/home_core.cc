#include "proxy/home_core.h"

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/sip/values.h"

namespace sallyport::proxy {
namespace {

// Source: RFC 3261 19.1.2
constexpr uint16_t kSipPort = 5060;
constexpr uint16_t kSipsPort = 5061;
constexpr uint32_t kRankMax = 65535;

// Nothing when the parameter is not there.
absl::StatusOr<std::optional<uint16_t>> Number(const sip::UriView& uri,
                                               std::string_view name) {
  const sip::Param param = sip::FindParam(uri.params, name);
  if (!param.present) return std::nullopt;
  const auto value = sip::ParseUint32(param.value);
  if (!value || *value > kRankMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        "`", uri.whole, "` has a ", name, " that is not 0 to ", kRankMax));
  }
  return static_cast<uint16_t>(*value);
}

std::optional<IpAddress> AddressOf(std::string_view host) {
  // Source: RFC 6761 6.3: this name is not for DNS.
  if (sip::EqualsIgnoreCase(host, "localhost")) {
    return IpAddress::V4({127, 0, 0, 1});
  }
  return IpAddress::Parse(host);
}

bool HasUnknownParam(std::string_view params) {
  for (std::string_view param : absl::StrSplit(params, ';', absl::SkipEmpty())) {
    const std::string_view name = param.substr(0, param.find('='));
    if (!sip::EqualsIgnoreCase(name, "lr") &&
        !sip::EqualsIgnoreCase(name, "transport") &&
        !sip::EqualsIgnoreCase(name, "priority") &&
        !sip::EqualsIgnoreCase(name, "weight")) {
      return true;
    }
  }
  return false;
}

// Nothing when there is no such transport. Source: RFC 3261 26.2.2: of sips,
// tcp is what TLS runs over.
std::optional<sip::Transport> TransportOf(bool secure,
                                          const sip::Param& param) {
  const auto is = [&param](std::string_view name) {
    return sip::EqualsIgnoreCase(param.value, name);
  };
  if (param.present && is("tls")) return sip::Transport::kTls;
  if (!param.present || is("tcp")) {
    return secure ? sip::Transport::kTls : sip::Transport::kTcp;
  }
  if (!secure && is("udp")) return sip::Transport::kUdp;
  return std::nullopt;
}

uint16_t DefaultPort(sip::Transport transport) {
  return transport == sip::Transport::kTls ? kSipsPort : kSipPort;
}

absl::StatusOr<CoreTarget> ParseTarget(std::string_view text) {
  const auto wrong = [text](std::string_view reason) {
    return absl::InvalidArgumentError(absl::StrCat("`", text, "` ", reason));
  };
  const std::optional<sip::UriView> uri = sip::ParseUri(text);
  const bool secure = uri && uri->scheme == sip::UriScheme::kSips;
  if (!uri || (!secure && uri->scheme != sip::UriScheme::kSip) ||
      uri->host.empty()) {
    return wrong("is not sip:HOST:PORT;transport=tcp (or udp, tls)");
  }
  if (HasUnknownParam(uri->params)) {
    return wrong("has a parameter that is not transport, priority or weight");
  }
  CoreTarget target;
  target.host = std::string(uri->host);
  const sip::Param transport = sip::FindParam(uri->params, "transport");
  const auto known = TransportOf(secure, transport);
  if (!known) return wrong("asks for a transport that is not tcp, udp or tls");
  target.transport = *known;
  const auto priority = Number(*uri, "priority");
  if (!priority.ok()) return priority.status();
  target.priority = *priority;
  const auto weight = Number(*uri, "weight");
  if (!weight.ok()) return weight.status();
  target.weight = weight->value_or(1);
  if (const auto address = AddressOf(target.host)) {
    target.endpoint = {
        .address = *address,
        .port = uri->port == 0 ? DefaultPort(target.transport) : uri->port};
    return target;
  }
  // What is not said is for DNS to say. Source: RFC 3263 4
  target.endpoint.port = uri->port;
  target.any_transport = !transport.present && !secure;
  return target;
}

}  // namespace

absl::StatusOr<std::vector<CoreTarget>> ParseHomeCore(std::string_view list) {
  std::vector<CoreTarget> targets;
  for (std::string_view text : absl::StrSplit(list, ',', absl::SkipEmpty())) {
    absl::StatusOr<CoreTarget> target = ParseTarget(text);
    if (!target.ok()) return target.status();
    targets.push_back(*std::move(target));
  }
  if (targets.size() > kHomeCoreMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("more than ", kHomeCoreMax, " entry points"));
  }
  return targets;
}

}  // namespace sallyport::proxy
