// Why a peer's certificate was not believed: labels of a metric.
#ifndef NET_TLS_DISTRUST_H_
#define NET_TLS_DISTRUST_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport::net::tls {

enum class Distrust : uint8_t {
  kNone,
  kNoCertificate,     // we asked for one, and got none
  kUnknownAuthority,  // its chain ends at nobody whom we trust
  kExpired,           // it, or one of its chain
  kNotYetValid,
  kWrongName,     // genuine, and somebody else's
  kWrongPurpose,  // its extended key usage is for something else
  kBadChain,      // a signature, a constraint or an extension that is wrong
};
inline constexpr size_t kDistrustCount =
    static_cast<size_t>(Distrust::kBadChain) + 1;
std::string_view ToString(Distrust distrust);

}  // namespace sallyport::net::tls

#endif  // NET_TLS_DISTRUST_H_
