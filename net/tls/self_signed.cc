#include "net/tls/self_signed.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/ec_key.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "net/tls/crypto.h"

namespace sallyport::net::tls {
namespace {

constexpr size_t kCommonNameBytesMax = 64;  // RFC 5280 appendix A.1

bssl::UniquePtr<EVP_PKEY> NewKey() {
  bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  if (ec == nullptr || key == nullptr || !EC_KEY_generate_key(ec.get()) ||
      !EVP_PKEY_set1_EC_KEY(key.get(), ec.get())) {
    return nullptr;
  }
  return key;
}

bool SetTime(ASN1_TIME* field, std::chrono::sys_seconds time) {
  return ASN1_TIME_set_posix(field, time.time_since_epoch().count()) != nullptr;
}

bool SetSerial(X509* certificate) {
  std::array<uint8_t, 16> random;
  RandomBytes(random);
  random[0] = (random[0] & 0x7f) | 0x40;  // positive, and of full length
  bssl::UniquePtr<BIGNUM> number(
      BN_bin2bn(random.data(), random.size(), nullptr));
  return number != nullptr &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) !=
             nullptr;
}

bool SetSubject(X509* certificate, std::string_view name) {
  // A longer name stands in subjectAltName only, where clients look for it.
  const std::string_view common = name.substr(0, kCommonNameBytesMax);
  X509_NAME* const subject = X509_get_subject_name(certificate);
  return X509_NAME_add_entry_by_NID(
             subject, NID_commonName, MBSTRING_UTF8,
             reinterpret_cast<const uint8_t*>(common.data()), common.size(), -1,
             0) &&
         X509_set_issuer_name(certificate, subject);
}

bool AddAlternative(GENERAL_NAMES* names, int type, const void* bytes,
                    size_t size) {
  bssl::UniquePtr<GENERAL_NAME> name(GENERAL_NAME_new());
  bssl::UniquePtr<ASN1_STRING> value(ASN1_STRING_type_new(
      type == GEN_DNS ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING));
  if (name == nullptr || value == nullptr ||
      !ASN1_STRING_set(value.get(), bytes, size)) {
    return false;
  }
  GENERAL_NAME_set0_value(name.get(), type, value.release());
  return bssl::PushToStack(names, std::move(name));
}

bool SetAlternatives(X509* certificate, const SelfSignedOptions& options) {
  bssl::UniquePtr<GENERAL_NAMES> names(GENERAL_NAMES_new());
  bool ok = names != nullptr &&
            AddAlternative(names.get(), GEN_DNS, options.dns_name.data(),
                           options.dns_name.size());
  for (const std::string& name : options.more_dns_names) {
    ok = ok && AddAlternative(names.get(), GEN_DNS, name.data(), name.size());
  }
  for (const IpAddress& address : options.addresses) {
    ok = ok && AddAlternative(names.get(), GEN_IPADD, address.octets(),
                              address.size());
  }
  return ok && X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(),
                                 0, 0);
}

bool Fill(X509* certificate, EVP_PKEY* key, const SelfSignedOptions& options) {
  return X509_set_version(certificate, X509_VERSION_3) &&
         SetSerial(certificate) &&
         SetTime(X509_getm_notBefore(certificate),
                 options.now - std::chrono::hours(1)) &&
         SetTime(X509_getm_notAfter(certificate),
                 options.now + options.valid_for) &&
         SetSubject(certificate, options.dns_name) &&
         SetAlternatives(certificate, options) &&
         X509_set_pubkey(certificate, key) &&
         X509_sign(certificate, key, EVP_sha256());
}

std::string TakeText(BIO* bio) {
  const uint8_t* bytes = nullptr;
  size_t size = 0;
  if (!BIO_mem_contents(bio, &bytes, &size)) return "";
  return std::string(reinterpret_cast<const char*>(bytes), size);
}

}  // namespace

absl::StatusOr<CertificatePem> MakeSelfSigned(
    const SelfSignedOptions& options) {
  if (options.dns_name.empty()) {
    return absl::InvalidArgumentError("self-signed certificate: no name");
  }
  const bssl::UniquePtr<EVP_PKEY> key = NewKey();
  const bssl::UniquePtr<X509> certificate(X509_new());
  const bssl::UniquePtr<BIO> chain(BIO_new(BIO_s_mem()));
  const bssl::UniquePtr<BIO> secret(BIO_new(BIO_s_mem()));
  if (key == nullptr || !Fill(certificate.get(), key.get(), options) ||
      !PEM_write_bio_X509(chain.get(), certificate.get()) ||
      !PEM_write_bio_PKCS8PrivateKey(secret.get(), key.get(), nullptr, nullptr,
                                     0, nullptr, nullptr)) {
    const char* reason = ERR_reason_error_string(ERR_get_error());
    ERR_clear_error();
    return absl::InternalError(
        absl::StrCat("self-signed certificate for ", options.dns_name, ": ",
                     reason == nullptr ? "no reason given" : reason));
  }
  const std::string name = absl::StrCat("self-signed for ", options.dns_name);
  return CertificatePem{.name = name,
                        .key_name = name,
                        .chain_pem = TakeText(chain.get()),
                        .key_pem = TakeText(secret.get())};
}

}  // namespace sallyport::net::tls
