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

constexpr uint16_t kDefaultPort = 5060;
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

absl::StatusOr<CoreTarget> ParseTarget(std::string_view text) {
  const auto wrong = [text](std::string_view reason) {
    return absl::InvalidArgumentError(absl::StrCat("`", text, "` ", reason));
  };
  const std::optional<sip::UriView> uri = sip::ParseUri(text);
  if (!uri || uri->scheme != sip::UriScheme::kSip || uri->host.empty()) {
    return wrong("is not sip:HOST:PORT;transport=tcp (or udp)");
  }
  if (HasUnknownParam(uri->params)) {
    return wrong("has a parameter that is not transport, priority or weight");
  }
  CoreTarget target;
  target.host = std::string(uri->host);
  const sip::Param transport = sip::FindParam(uri->params, "transport");
  if (!transport.present || sip::EqualsIgnoreCase(transport.value, "tcp")) {
    target.transport = sip::Transport::kTcp;
  } else if (sip::EqualsIgnoreCase(transport.value, "udp")) {
    target.transport = sip::Transport::kUdp;
  } else {
    return wrong("asks for a transport that is not tcp or udp");
  }
  const auto priority = Number(*uri, "priority");
  if (!priority.ok()) return priority.status();
  target.priority = *priority;
  const auto weight = Number(*uri, "weight");
  if (!weight.ok()) return weight.status();
  target.weight = weight->value_or(1);
  if (const auto address = AddressOf(target.host)) {
    target.endpoint = {.address = *address,
                       .port = uri->port == 0 ? kDefaultPort : uri->port};
    return target;
  }
  // What is not said is for DNS to say. Source: RFC 3263 4
  target.endpoint.port = uri->port;
  target.any_transport = !transport.present;
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
