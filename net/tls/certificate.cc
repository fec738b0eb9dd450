#include "net/tls/certificate.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace sallyport::net::tls {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    return absl::NotFoundError(
        absl::StrCat(path, ": cannot be opened: ", std::strerror(errno)));
  }
  absl::Cleanup close = [file] { std::fclose(file); };
  std::string text(kFileBytesMax + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  if (std::ferror(file)) {
    return absl::UnavailableError(
        absl::StrCat(path, ": cannot be read: ", std::strerror(errno)));
  }
  if (text.size() > kFileBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": larger than ", kFileBytesMax, " bytes"));
  }
  return text;
}

}  // namespace

absl::StatusOr<PemFile> ReadPem(const std::string& file) {
  absl::StatusOr<std::string> text = ReadFile(file);
  if (!text.ok()) return text.status();
  return PemFile{.name = file, .text = *std::move(text)};
}

absl::StatusOr<CertificatePem> ReadCertificate(const std::string& chain_file,
                                               const std::string& key_file) {
  absl::StatusOr<std::string> chain = ReadFile(chain_file);
  if (!chain.ok()) return chain.status();
  absl::StatusOr<std::string> key = ReadFile(key_file);
  if (!key.ok()) return key.status();
  return CertificatePem{.name = chain_file,
                        .key_name = key_file,
                        .chain_pem = *std::move(chain),
                        .key_pem = *std::move(key)};
}

}  // namespace sallyport::net::tls
