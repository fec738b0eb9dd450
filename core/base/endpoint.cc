#include "core/base/endpoint.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace sallyport {
namespace {

constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0,    0,
                                                   0, 0, 0, 0, 0xff, 0xff};

// Digits only: no sign, no white space, nothing behind them.
std::optional<uint32_t> ParseNumber(std::string_view digits, uint32_t most) {
  uint32_t number = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc() || stop != end || number > most) return {};
  return number;
}

// Four numbers, and no zero before another digit, as inet_pton() has it. Each
// message brings some.
std::optional<std::array<uint8_t, 4>> ReadV4(std::string_view text) {
  std::array<uint8_t, 4> octets;
  size_t at = 0;
  for (size_t i = 0; i < octets.size(); ++i) {
    if (i > 0 && (at == text.size() || text[at++] != '.')) return {};
    const size_t begin = at;
    unsigned number = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      if (at - begin == 3) return {};
      number = 10 * number + static_cast<unsigned>(text[at] - '0');
    }
    const bool leads_with_zero = at - begin > 1 && text[begin] == '0';
    if (at == begin || number > 255 || leads_with_zero) return {};
    octets[i] = static_cast<uint8_t>(number);
  }
  if (at < text.size()) return {};
  return octets;
}

// Each message gets one: the library's function costs 1,500 instructions.
size_t WriteV4(const uint8_t* octets, char* out) {
  char* end = out;
  for (int i = 0; i < 4; ++i) {
    if (i > 0) *end++ = '.';
    end = std::to_chars(end, end + 3, octets[i]).ptr;
  }
  return static_cast<size_t>(end - out);
}

}  // namespace

IpAddress IpAddress::V4(std::array<uint8_t, 4> octets) {
  IpAddress address;
  std::copy(octets.begin(), octets.end(), address.octets_.begin());
  address.size_ = 4;
  return address;
}

IpAddress IpAddress::V6(const std::array<uint8_t, 16>& octets) {
  if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), octets.begin())) {
    return V4({octets[12], octets[13], octets[14], octets[15]});
  }
  IpAddress address;
  address.octets_ = octets;
  address.size_ = 16;
  return address;
}

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  const bool bracketed =
      text.size() >= 2 && text.front() == '[' && text.back() == ']';
  if (bracketed) {
    text = text.substr(1, text.size() - 2);
  } else if (const auto v4 = ReadV4(text)) {
    return V4(*v4);
  }
  char terminated[kTextBytesMax];
  if (text.empty() || text.size() >= sizeof(terminated)) return {};
  if (text.find(':') == std::string_view::npos) return {};  // a name
  if (text.find('\0') != std::string_view::npos) return {};
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  std::array<uint8_t, 16> v6;
  if (inet_pton(AF_INET6, terminated, v6.data()) == 1) return V6(v6);
  return {};
}

bool IpAddress::is_loopback() const {
  if (is_v4()) return octets_[0] == 127;
  return is_v6() && octets_[15] == 1 &&
         std::all_of(octets_.begin(), octets_.end() - 1,
                     [](uint8_t octet) { return octet == 0; });
}

bool IpAddress::is_unspecified() const {
  return valid() && std::all_of(octets_.begin(), octets_.end(),
                                [](uint8_t octet) { return octet == 0; });
}

bool IpAddress::is_multicast_or_broadcast() const {
  if (is_v6()) return octets_[0] == 0xff;
  if (!is_v4()) return false;
  const bool multicast = (octets_[0] & 0xf0) == 0xe0;
  return multicast || std::all_of(octets_.begin(), octets_.begin() + 4,
                                  [](uint8_t octet) { return octet == 0xff; });
}

size_t IpAddress::Write(char* out) const {
  if (is_v4()) return WriteV4(octets_.data(), out);
  if (!is_v6() ||
      inet_ntop(AF_INET6, octets_.data(), out, kTextBytesMax) == nullptr) {
    return 0;
  }
  return std::strlen(out);
}

std::string IpAddress::ToString() const {
  char text[kTextBytesMax];
  return std::string(text, Write(text));
}

std::optional<Endpoint> Endpoint::Parse(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  const std::string_view host = text.substr(0, colon);
  // Without brackets nobody can tell where an IPv6 address ends.
  const bool bracketed = !host.empty() && host.front() == '[';
  if (!bracketed && host.find(':') != std::string_view::npos) return {};

  const std::optional<IpAddress> address = IpAddress::Parse(host);
  const std::optional<uint32_t> port =
      ParseNumber(text.substr(colon + 1), UINT16_MAX);
  if (!address || !port) return {};
  return Endpoint{*address, static_cast<uint16_t>(*port)};
}

std::string Endpoint::ToString() const {
  const std::string port_text = std::to_string(port);
  if (address.is_v6()) return "[" + address.ToString() + "]:" + port_text;
  return address.ToString() + ":" + port_text;
}

std::optional<Cidr> Cidr::Parse(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string_view host = text.substr(0, slash);
  const std::optional<IpAddress> address = IpAddress::Parse(host);
  if (!address) return {};
  const uint32_t address_bits = static_cast<uint32_t>(address->size()) * 8;
  if (slash == std::string_view::npos) {
    return Cidr{*address, static_cast<uint8_t>(address_bits)};
  }
  // A length behind an IPv4-mapped address counts the mapping's 96 bits.
  const bool mapped =
      address->is_v4() && host.find(':') != std::string_view::npos;
  const uint32_t skipped = mapped ? 96 : 0;
  const std::optional<uint32_t> bits =
      ParseNumber(text.substr(slash + 1), address_bits + skipped);
  if (!bits || *bits < skipped) return {};
  return Cidr{*address, static_cast<uint8_t>(*bits - skipped)};
}

bool Cidr::Contains(const IpAddress& candidate) const {
  if (!address.valid() || candidate.size() != address.size()) return false;
  const size_t whole = prefix_bits / 8;
  if (std::memcmp(address.octets(), candidate.octets(), whole) != 0) {
    return false;
  }
  const int rest = prefix_bits % 8;
  if (rest == 0) return true;
  const int differing = address.octets()[whole] ^ candidate.octets()[whole];
  return (differing >> (8 - rest)) == 0;
}

}  // namespace sallyport
