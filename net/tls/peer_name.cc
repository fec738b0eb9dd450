#include "net/tls/peer_name.h"

#include <openssl/err.h>
#include <openssl/nid.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "core/base/endpoint.h"

namespace sallyport::net::tls {
namespace {

std::string_view TextOf(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

// The domain of a `sip:` URI that names one: no user part counts.
// Source: RFC 5922 7.1
std::string_view SipDomain(std::string_view uri) {
  if (!absl::StartsWithIgnoreCase(uri, "sip:")) return {};
  uri.remove_prefix(4);
  return uri.find('@') == uri.npos ? uri.substr(0, uri.find_first_of(":;?"))
                                   : std::string_view();
}

bool IsAddress(const ASN1_OCTET_STRING* octets, const IpAddress& address) {
  const std::string_view text = TextOf(octets);
  return text.size() == address.size() &&
         std::equal(
             text.begin(), text.end(), address.octets(),
             [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; });
}

bool Matches(const GENERAL_NAME* name, std::string_view host,
             const std::optional<IpAddress>& address) {
  switch (name->type) {
    case GEN_IPADD:
      return address && IsAddress(name->d.iPAddress, *address);
    case GEN_DNS:
      return !address && absl::EqualsIgnoreCase(TextOf(name->d.dNSName), host);
    case GEN_URI:
      return !address &&
             absl::EqualsIgnoreCase(
                 SipDomain(TextOf(name->d.uniformResourceIdentifier)), host);
    default:
      return false;
  }
}

}  // namespace

bool IsAddressName(std::string_view host) {
  return IpAddress::Parse(host).has_value();
}

bool BearsName(const X509* certificate, std::string_view host) {
  if (!IsAddressName(host)) absl::ConsumeSuffix(&host, ".");
  if (host.empty()) return false;
  const std::optional<IpAddress> address = IpAddress::Parse(host);
  const bssl::UniquePtr<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  ERR_clear_error();
  const size_t count = names == nullptr ? 0 : sk_GENERAL_NAME_num(names.get());
  for (size_t i = 0; i < count; ++i) {
    if (Matches(sk_GENERAL_NAME_value(names.get(), i), host, address)) {
      return true;
    }
  }
  return false;
}

}  // namespace sallyport::net::tls
