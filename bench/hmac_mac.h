// The authentication code that the program uses (proxy/random.h), under a key
// that everybody knows.
#ifndef BENCH_HMAC_MAC_H_
#define BENCH_HMAC_MAC_H_

#include <array>
#include <cstdint>
#include <string_view>

#include "core/edge_config.h"
#include "net/tls/crypto.h"

namespace sallyport::bench {

class HmacMac final : public Mac {
 public:
  std::array<uint8_t, 32> Sign(std::string_view data) const override {
    return hmac_.Sign(data);
  }

 private:
  const net::tls::HmacSha256 hmac_{net::tls::MacKey{1, 2, 3}};
};

}  // namespace sallyport::bench

#endif  // BENCH_HMAC_MAC_H_
