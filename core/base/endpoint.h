// An Endpoint is an IP address and a port; IPv4 and IPv6 alike.
#ifndef CORE_BASE_ENDPOINT_H_
#define CORE_BASE_ENDPOINT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sallyport {

// An IpAddress holds 4 or 16 octets in network order. An IPv4-mapped IPv6
// address becomes the IPv4 address it stands for, however it was built, so that
// one host has one value.
class IpAddress {
 public:
  IpAddress() = default;  // no address: neither IPv4 nor IPv6

  static IpAddress V4(std::array<uint8_t, 4> octets);
  static IpAddress V6(const std::array<uint8_t, 16>& octets);
  // "192.0.2.1", "2001:db8::1" or "[2001:db8::1]"; nothing else.
  static std::optional<IpAddress> Parse(std::string_view text);

  bool valid() const { return size_ != 0; }
  bool is_v4() const { return size_ == 4; }
  bool is_v6() const { return size_ == 16; }
  bool is_loopback() const;
  bool is_unspecified() const;
  bool is_multicast_or_broadcast() const;
  const uint8_t* octets() const { return octets_.data(); }
  size_t size() const { return size_; }

  // "192.0.2.1" or "2001:db8::1" (no brackets) into `out`, which holds at least
  // kTextBytesMax; returns the length, 0 for no address. Source: RFC 5952 4
  static constexpr size_t kTextBytesMax = 46;
  size_t Write(char* out) const;
  std::string ToString() const;

  friend bool operator==(const IpAddress&, const IpAddress&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const IpAddress& a) {
    return H::combine(H::combine_contiguous(std::move(h), a.octets_.data(), 16),
                      a.size_);
  }

 private:
  std::array<uint8_t, 16> octets_{};  // unused octets stay zero
  uint8_t size_ = 0;
};

struct Endpoint {
  IpAddress address;
  uint16_t port = 0;

  // "192.0.2.1:5060" or "[2001:db8::1]:5060".
  static std::optional<Endpoint> Parse(std::string_view text);
  std::string ToString() const;  // brackets around IPv6

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Endpoint& e) {
    return H::combine(std::move(h), e.address, e.port);
  }
};

// A Cidr is a block of addresses: "192.0.2.0/24", "2001:db8::/32", or one
// address without a length.
struct Cidr {
  IpAddress address;
  uint8_t prefix_bits = 0;

  static std::optional<Cidr> Parse(std::string_view text);
  bool Contains(const IpAddress& candidate) const;
};

}  // namespace sallyport

#endif  // CORE_BASE_ENDPOINT_H_
