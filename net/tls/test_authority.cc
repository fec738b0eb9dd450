#include "net/tls/test_authority.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdint>

#include "absl/log/check.h"
#include "net/tls/crypto.h"

namespace sallyport::net::tls {
namespace {

void SetTime(ASN1_TIME* field, std::chrono::hours from_now) {
  const auto time = std::chrono::floor<std::chrono::seconds>(
      std::chrono::system_clock::now() + from_now);
  CHECK(ASN1_TIME_set_posix(field, time.time_since_epoch().count()));
}

void SetSerial(X509* certificate) {
  std::array<uint8_t, 8> random;
  RandomBytes(random);
  random[0] = 1;
  const bssl::UniquePtr<BIGNUM> number(
      BN_bin2bn(random.data(), random.size(), nullptr));
  CHECK(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)));
}

void Name(X509_NAME* subject, const std::string& common_name) {
  CHECK(X509_NAME_add_entry_by_NID(
      subject, NID_commonName, MBSTRING_UTF8,
      reinterpret_cast<const uint8_t*>(common_name.data()), common_name.size(),
      -1, 0));
}

void Extend(X509* certificate, int nid, const std::string& value) {
  if (value.empty()) return;
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const bssl::UniquePtr<X509_EXTENSION> extension(
      X509V3_EXT_nconf_nid(nullptr, &context, nid, value.c_str()));
  CHECK(extension != nullptr) << value;
  CHECK(X509_add_ext(certificate, extension.get(), -1));
}

std::string TakeText(BIO* bio) {
  const uint8_t* bytes = nullptr;
  size_t size = 0;
  CHECK(BIO_mem_contents(bio, &bytes, &size));
  return std::string(reinterpret_cast<const char*>(bytes), size);
}

std::string PemOf(X509* certificate) {
  const bssl::UniquePtr<BIO> bio(BIO_new(BIO_s_mem()));
  CHECK(PEM_write_bio_X509(bio.get(), certificate));
  return TakeText(bio.get());
}

}  // namespace

bssl::UniquePtr<EVP_PKEY> NewTestKey() {
  bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  CHECK(EC_KEY_generate_key(ec.get()));
  CHECK(EVP_PKEY_set1_EC_KEY(key.get(), ec.get()));
  return key;
}

TestAuthority::TestAuthority(const std::string& name)
    : key_(NewTestKey()), certificate_(X509_new()) {
  X509* const own = certificate_.get();
  CHECK(X509_set_version(own, X509_VERSION_3));
  SetSerial(own);
  SetTime(X509_getm_notBefore(own), std::chrono::hours(-1000));
  SetTime(X509_getm_notAfter(own), std::chrono::hours(1000));
  Name(X509_get_subject_name(own), name);
  CHECK(X509_set_issuer_name(own, X509_get_subject_name(own)));
  CHECK(X509_set_pubkey(own, key_.get()));
  Extend(own, NID_basic_constraints, "critical,CA:TRUE");
  CHECK(X509_sign(own, key_.get(), EVP_sha256()));
}

PemFile TestAuthority::pem() const {
  return {.name = "ca.pem", .text = PemOf(certificate_.get())};
}

bssl::UniquePtr<X509> TestAuthority::IssueX509(const Wanted& wanted,
                                               EVP_PKEY* key) const {
  bssl::UniquePtr<X509> made(X509_new());
  CHECK(X509_set_version(made.get(), X509_VERSION_3));
  SetSerial(made.get());
  SetTime(X509_getm_notBefore(made.get()), wanted.from);
  SetTime(X509_getm_notAfter(made.get()), wanted.until);
  Name(X509_get_subject_name(made.get()), wanted.common_name);
  CHECK(X509_set_issuer_name(made.get(),
                             X509_get_subject_name(certificate_.get())));
  CHECK(X509_set_pubkey(made.get(), key));
  Extend(made.get(), NID_subject_alt_name, wanted.alternatives);
  Extend(made.get(), NID_ext_key_usage, wanted.extended_use);
  CHECK(X509_sign(made.get(), key_.get(), EVP_sha256()));
  return made;
}

CertificatePem TestAuthority::Issue(const Wanted& wanted) const {
  const bssl::UniquePtr<EVP_PKEY> key = NewTestKey();
  const bssl::UniquePtr<X509> made = IssueX509(wanted, key.get());
  const bssl::UniquePtr<BIO> secret(BIO_new(BIO_s_mem()));
  CHECK(PEM_write_bio_PKCS8PrivateKey(secret.get(), key.get(), nullptr, nullptr,
                                      0, nullptr, nullptr));
  return {.name = "peer.pem",
          .key_name = "peer.key",
          .chain_pem = PemOf(made.get()),
          .key_pem = TakeText(secret.get())};
}

}  // namespace sallyport::net::tls
