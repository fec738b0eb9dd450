#include "proxy/home_core.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/sip/values.h"

namespace sallyport::proxy {
namespace {

constexpr uint16_t kDefaultPort = 5060;

IpAddress AddressOf(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    std::array<uint8_t, 4> octets;
    std::memcpy(octets.data(),
                &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, 4);
    return IpAddress::V4(octets);
  }
  std::array<uint8_t, 16> octets;
  std::memcpy(octets.data(),
              &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, 16);
  return IpAddress::V6(octets);
}

absl::StatusOr<IpAddress> Resolve(const std::string& host) {
  if (const auto literal = IpAddress::Parse(host)) return *literal;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0) {
    return absl::NotFoundError(
        absl::StrCat("cannot resolve `", host, "`: ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found,
                                                             freeaddrinfo);
  return AddressOf(found->ai_addr);
}

absl::StatusOr<CoreTarget> ParseTarget(std::string_view text) {
  const auto wrong = [text](std::string_view reason) {
    return absl::InvalidArgumentError(absl::StrCat("`", text, "` ", reason));
  };
  const std::optional<sip::UriView> uri = sip::ParseUri(text);
  if (!uri || uri->scheme != sip::UriScheme::kSip || uri->host.empty()) {
    return wrong("is not sip:HOST:PORT;transport=tcp (or udp)");
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
  absl::StatusOr<IpAddress> address = Resolve(target.host);
  if (!address.ok()) return address.status();
  target.endpoint = {.address = *address,
                     .port = uri->port == 0 ? kDefaultPort : uri->port};
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
  return targets;
}

}  // namespace sallyport::proxy
