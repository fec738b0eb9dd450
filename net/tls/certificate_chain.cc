#include "net/tls/certificate_chain.h"

#include <openssl/bio.h>
#include <openssl/ec_key.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace sallyport::net::tls {
namespace {

constexpr unsigned kRsaBitsMin = 2048;
constexpr size_t kChainMax = 10;

bssl::UniquePtr<BIO> Open(const std::string& text) {
  return bssl::UniquePtr<BIO>(BIO_new_mem_buf(text.data(), text.size()));
}

const std::string& KeyName(const CertificatePem& pem) {
  return pem.key_name.empty() ? pem.name : pem.key_name;
}

absl::Status Refuse(const std::string& file, std::string_view reason) {
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat(file, ": ", reason));
}

// The library would ask at the terminal.
int NoPassphrase(char*, int, int, void*) { return -1; }

WallTime ToWallTime(const ASN1_TIME* time) {
  int64_t seconds = 0;
  if (!ASN1_TIME_to_posix(time, &seconds)) return WallTime{};
  return WallTime(std::chrono::seconds(seconds));
}

std::string LowerCase(const ASN1_STRING* text) {
  return absl::AsciiStrToLower(
      {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
       static_cast<size_t>(ASN1_STRING_length(text))});
}

}  // namespace

absl::StatusOr<CertificateChain> CertificateChain::Parse(
    const CertificatePem& pem) {
  CertificateChain chain;
  if (absl::Status s = chain.ReadChain(pem); !s.ok()) return s;
  if (absl::Status s = chain.ReadKey(pem); !s.ok()) return s;
  if (absl::Status s = chain.ReadLeaf(pem); !s.ok()) return s;
  return chain;
}

absl::Status CertificateChain::ReadChain(const CertificatePem& pem) {
  const bssl::UniquePtr<BIO> file = Open(pem.chain_pem);
  uint8_t* der = nullptr;
  long der_bytes = 0;
  while (PEM_bytes_read_bio(&der, &der_bytes, nullptr, PEM_STRING_X509,
                            file.get(), &NoPassphrase, nullptr)) {
    buffers_.emplace_back(CRYPTO_BUFFER_new(der, der_bytes, nullptr));
    OPENSSL_free(der);
    if (buffers_.size() > kChainMax) {
      return Refuse(pem.name, absl::StrCat("more than ", kChainMax,
                                           " certificates in one chain"));
    }
    if (!bssl::UniquePtr<X509>(X509_parse_from_buffer(buffers_.back().get()))) {
      return Refuse(pem.name, absl::StrCat("certificate number ",
                                           buffers_.size(), " is damaged"));
    }
  }
  // The end of the text is an error, too: "no start line".
  const uint32_t error = ERR_peek_last_error();
  if (ERR_GET_LIB(error) != ERR_LIB_PEM ||
      ERR_GET_REASON(error) != PEM_R_NO_START_LINE) {
    return Refuse(pem.name, "damaged PEM");
  }
  if (buffers_.empty()) return Refuse(pem.name, "no certificate in PEM form");
  ERR_clear_error();
  return absl::OkStatus();
}

absl::Status CertificateChain::ReadKey(const CertificatePem& pem) {
  const bssl::UniquePtr<BIO> file = Open(pem.key_pem);
  key_.reset(
      PEM_read_bio_PrivateKey(file.get(), nullptr, &NoPassphrase, nullptr));
  if (key_ == nullptr) {
    return Refuse(KeyName(pem), absl::StrContains(pem.key_pem, "ENCRYPTED")
                                    ? "the private key is encrypted"
                                    : "no private key in PEM form");
  }
  switch (EVP_PKEY_id(key_.get())) {
    case EVP_PKEY_EC: {
      const EC_GROUP* group =
          EC_KEY_get0_group(EVP_PKEY_get0_EC_KEY(key_.get()));
      // Only P-256 is among the groups that are offered.
      if (EC_GROUP_get_curve_name(group) != NID_X9_62_prime256v1) {
        return Refuse(KeyName(pem), "the elliptic curve is not P-256");
      }
      kind_ = KeyKind::kEcdsa;
      return absl::OkStatus();
    }
    case EVP_PKEY_RSA:
      if (RSA_bits(EVP_PKEY_get0_RSA(key_.get())) < kRsaBitsMin) {
        return Refuse(KeyName(pem), "the RSA key is shorter than 2048 bits");
      }
      kind_ = KeyKind::kRsa;
      return absl::OkStatus();
    default:
      return Refuse(KeyName(pem), "the key is neither ECDSA nor RSA");
  }
}

absl::Status CertificateChain::ReadLeaf(const CertificatePem& pem) {
  const bssl::UniquePtr<X509> leaf(
      X509_parse_from_buffer(buffers_.front().get()));
  const bssl::UniquePtr<EVP_PKEY> certified(X509_get_pubkey(leaf.get()));
  if (certified == nullptr || EVP_PKEY_cmp(certified.get(), key_.get()) != 1) {
    return Refuse(KeyName(pem), absl::StrCat("the key does not match the first "
                                             "certificate of ",
                                             pem.name));
  }
  not_before_ = ToWallTime(X509_get0_notBefore(leaf.get()));
  not_after_ = ToWallTime(X509_get0_notAfter(leaf.get()));
  ReadNames(leaf.get());
  return absl::OkStatus();
}

void CertificateChain::ReadNames(const X509* leaf) {
  const bssl::UniquePtr<GENERAL_NAMES> alternatives(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr)));
  const size_t count =
      alternatives == nullptr ? 0 : sk_GENERAL_NAME_num(alternatives.get());
  for (size_t i = 0; i < count; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives.get(), i);
    if (name->type == GEN_DNS) names_.push_back(LowerCase(name->d.dNSName));
  }
  if (names_.empty()) {
    const X509_NAME* subject = X509_get_subject_name(leaf);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at >= 0) {
      names_.push_back(LowerCase(
          X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
    }
  }
  ERR_clear_error();
}

bool CertificateChain::Names(std::string_view host) const {
  const size_t dot = host.find('.');
  const std::string_view parent =
      dot == host.npos || dot == 0 ? std::string_view() : host.substr(dot);
  return std::any_of(
      names_.begin(), names_.end(), [host, parent](std::string_view name) {
        return name == host || (!parent.empty() && name.size() > 1 &&
                                name[0] == '*' && name.substr(1) == parent);
      });
}

bool CertificateChain::SharesFirstName(const CertificateChain& other) const {
  return !names_.empty() && std::find(other.names_.begin(), other.names_.end(),
                                      names_.front()) != other.names_.end();
}

absl::Status CertificateChain::InstallIn(SSL_CTX* ctx,
                                         const std::string& file) const {
  std::vector<CRYPTO_BUFFER*> raw;
  for (const auto& buffer : buffers_) raw.push_back(buffer.get());
  if (SSL_CTX_set_chain_and_key(ctx, raw.data(), raw.size(), key_.get(),
                                nullptr)) {
    return absl::OkStatus();
  }
  const char* reason = ERR_reason_error_string(ERR_get_error());
  return Refuse(file,
                absl::StrCat("refused by the TLS library: ",
                             reason == nullptr ? "no reason given" : reason));
}

}  // namespace sallyport::net::tls
