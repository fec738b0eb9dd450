#include "net/tls/crypto.h"

#include <openssl/mem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "absl/log/check.h"

namespace sallyport::net::tls {

void RandomBytes(std::span<uint8_t> out) {
  CHECK_EQ(RAND_bytes(out.data(), out.size()), 1);
}

// Built from SHA-256 itself: the library's HMAC object allocates.
Mac HmacSha256(const MacKey& key, std::string_view data) {
  std::array<uint8_t, SHA256_CBLOCK> inner_pad;
  std::array<uint8_t, SHA256_CBLOCK> outer_pad;
  inner_pad.fill(0x36);
  outer_pad.fill(0x5c);
  for (size_t i = 0; i < key.size(); ++i) {
    inner_pad[i] ^= key[i];
    outer_pad[i] ^= key[i];
  }

  Mac mac;
  SHA256_CTX hash;
  SHA256_Init(&hash);
  SHA256_Update(&hash, inner_pad.data(), inner_pad.size());
  SHA256_Update(&hash, data.data(), data.size());
  SHA256_Final(mac.data(), &hash);
  SHA256_Init(&hash);
  SHA256_Update(&hash, outer_pad.data(), outer_pad.size());
  SHA256_Update(&hash, mac.data(), mac.size());
  SHA256_Final(mac.data(), &hash);
  return mac;
}

bool ConstantTimeEqual(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace sallyport::net::tls
