#include "net/tls/crypto.h"

#include <openssl/mem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <utility>

#include "absl/log/check.h"

namespace sallyport::net::tls {

void RandomBytes(std::span<uint8_t> out) {
  CHECK_EQ(RAND_bytes(out.data(), out.size()), 1);
}

// Built from SHA-256 itself: the library's HMAC object allocates.
struct HmacSha256::Begun {
  SHA256_CTX inner;
  SHA256_CTX outer;

  ~Begun() { OPENSSL_cleanse(this, sizeof(*this)); }
};

namespace {

void Begin(const MacKey& key, uint8_t octet, SHA256_CTX& hash) {
  std::array<uint8_t, SHA256_CBLOCK> pad;
  pad.fill(octet);
  for (size_t i = 0; i < key.size(); ++i) pad[i] ^= key[i];
  SHA256_Init(&hash);
  SHA256_Update(&hash, pad.data(), pad.size());
  OPENSSL_cleanse(pad.data(), pad.size());
}

}  // namespace

HmacSha256::HmacSha256(const MacKey& key) {
  auto begun = std::make_unique<Begun>();
  Begin(key, 0x36, begun->inner);
  Begin(key, 0x5c, begun->outer);
  begun_ = std::move(begun);
}

HmacSha256::~HmacSha256() = default;

Mac HmacSha256::Sign(std::string_view data) const {
  Mac mac;
  SHA256_CTX hash = begun_->inner;
  SHA256_Update(&hash, data.data(), data.size());
  SHA256_Final(mac.data(), &hash);
  hash = begun_->outer;
  SHA256_Update(&hash, mac.data(), mac.size());
  SHA256_Final(mac.data(), &hash);
  return mac;
}

bool ConstantTimeEqual(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace sallyport::net::tls
