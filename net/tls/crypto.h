// What core/ needs of cryptography; proxy/ hands it in.
#ifndef NET_TLS_CRYPTO_H_
#define NET_TLS_CRYPTO_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sallyport::net::tls {

// Fills `out` from the system's cryptographic generator. Cannot fail: without
// randomness the process ends.
void RandomBytes(std::span<uint8_t> out);

using MacKey = std::array<uint8_t, 32>;
using Mac = std::array<uint8_t, 32>;

// A truncated MAC is a prefix of the result.
// Source: RFC 2104; FIPS 180-4.
// Hot: 1 per flow token; no heap, no syscall, no lock.
[[nodiscard]] Mac HmacSha256(const MacKey& key, std::string_view data);

// The time depends on the lengths only.
[[nodiscard]] bool ConstantTimeEqual(std::string_view a, std::string_view b);

}  // namespace sallyport::net::tls

#endif  // NET_TLS_CRYPTO_H_
