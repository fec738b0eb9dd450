// Chance and authentication codes for core/, out of the TLS library.
#ifndef PROXY_RANDOM_H_
#define PROXY_RANDOM_H_

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/edge_config.h"
#include "net/tls/crypto.h"

namespace sallyport::proxy {

// Threads: one. Draws from the system's generator 512 bytes at a time.
class SystemEntropy final : public Entropy {
 public:
  uint64_t Next() override {
    if (next_ == words_.size()) Refill();
    return words_[next_++];
  }

 private:
  void Refill() {
    net::tls::RandomBytes(
        {reinterpret_cast<uint8_t*>(words_.data()), sizeof(words_)});
    next_ = 0;
  }
  std::array<uint64_t, 64> words_;
  size_t next_ = words_.size();
};

// HMAC-SHA-256 under a key that all shards of this process share.
// Source: RFC 5626 5.2.
class HmacMac final : public Mac {
 public:
  explicit HmacMac(const net::tls::MacKey& key) : hmac_(key) {}
  std::array<uint8_t, 32> Sign(std::string_view data) const override {
    return hmac_.Sign(data);
  }

 private:
  const net::tls::HmacSha256 hmac_;
};

}  // namespace sallyport::proxy

#endif  // PROXY_RANDOM_H_
