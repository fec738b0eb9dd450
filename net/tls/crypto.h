// What core/ needs of cryptography; proxy/ hands it in.
#ifndef NET_TLS_CRYPTO_H_
#define NET_TLS_CRYPTO_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace sallyport::net::tls {

// Fills `out` from the system's cryptographic generator. Cannot fail: without
// randomness the process ends.
void RandomBytes(std::span<uint8_t> out);

using MacKey = std::array<uint8_t, 32>;
using Mac = std::array<uint8_t, 32>;

// HMAC-SHA-256 under one key, which is hashed once and for all. A truncated MAC is
// a prefix of the result.
// Source: RFC 2104; FIPS 180-4.
// Hot: Sign(), 1 per flow token; no heap, no syscall, no lock. Any thread.
class HmacSha256 {
 public:
  explicit HmacSha256(const MacKey& key);
  ~HmacSha256();  // and the key is gone
  HmacSha256(const HmacSha256&) = delete;
  HmacSha256& operator=(const HmacSha256&) = delete;

  [[nodiscard]] Mac Sign(std::string_view data) const;

 private:
  struct Begun;  // both hashes behind their pads
  std::unique_ptr<const Begun> begun_;
};

// The time depends on the lengths only.
[[nodiscard]] bool ConstantTimeEqual(std::string_view a, std::string_view b);

}  // namespace sallyport::net::tls

#endif  // NET_TLS_CRYPTO_H_
