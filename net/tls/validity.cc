#include "net/tls/validity.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "net/tls/certificate_chain.h"

namespace sallyport::net::tls {
namespace {

constexpr std::chrono::hours kExpiryWarning{14 * 24};

std::string DateOf(WallTime time) {
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", absl::FromChrono(time),
                          absl::UTCTimeZone());
}

// Nothing when the validity needs no remark.
std::string WarningOf(const CertificateChain& chain, WallTime now) {
  if (chain.not_after() <= now) {
    return absl::StrCat("the certificate expired at ",
                        DateOf(chain.not_after()));
  }
  if (chain.not_before() > now) {
    return absl::StrCat("the certificate is not valid before ",
                        DateOf(chain.not_before()));
  }
  if (chain.not_after() - now < kExpiryWarning) {
    return absl::StrCat("the certificate will expire at ",
                        DateOf(chain.not_after()));
  }
  return "";
}

}  // namespace

absl::StatusOr<Validity> ReadValidity(
    std::span<const CertificatePem> certificates, WallTime now) {
  Validity validity;
  for (const CertificatePem& pem : certificates) {
    const absl::StatusOr<CertificateChain> chain = CertificateChain::Parse(pem);
    if (!chain.ok()) return chain.status();
    if (std::string warning = WarningOf(*chain, now); !warning.empty()) {
      validity.warnings.push_back(absl::StrCat(pem.name, ": ", warning));
    }
    validity.expires_at = std::min(validity.expires_at, chain->not_after());
  }
  return validity;
}

}  // namespace sallyport::net::tls
