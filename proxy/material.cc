#include "proxy/material.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/log/log.h"
#include "absl/strings/str_cat.h"
#include "net/fd.h"
#include "net/tls/client.h"
#include "net/tls/self_signed.h"
#include "net/tls/server_context.h"
#include "net/tls/validity.h"

namespace sallyport::proxy {
namespace {

using net::tls::CertificatePem;
using net::tls::TicketKeys;

// Old keys open tickets for this long after a new one seals.
// Source: Sallyport 5.8 item 8.
constexpr std::chrono::hours kKeyOverlap{8 * 24};

net::tls::WallTime WallNow() {
  return std::chrono::floor<std::chrono::seconds>(
      std::chrono::system_clock::now());
}

absl::Status Blame(std::string_view flag, std::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat("--", flag, ": ", reason));
}

absl::StatusOr<std::string> ReadFile(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  if (!file) {
    return absl::NotFoundError(absl::StrCat(name, ": ", std::strerror(errno)));
  }
  return std::string(std::istreambuf_iterator<char>(file), {});
}

absl::StatusOr<bool> Exists(const std::string& name) {
  std::error_code error;
  const bool exists = std::filesystem::exists(name, error);
  if (error) {
    return absl::UnavailableError(absl::StrCat(name, ": ", error.message()));
  }
  return exists;
}

// Others must not read it, not even for a moment; nor find half of it, nor have
// made it before us.
absl::Status WriteSecretFile(const std::string& name, std::string_view text) {
  const std::string draft = name + ".new";
  unlink(draft.c_str());
  net::Fd file(open(draft.c_str(),
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    S_IRUSR | S_IWUSR));
  if (!file.valid() || write(file.get(), text.data(), text.size()) !=
                           static_cast<ssize_t>(text.size()) ||
      fsync(file.get()) != 0 || rename(draft.c_str(), name.c_str()) != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot write ", name, ": ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

absl::StatusOr<CertificatePem> MakeCertificate(const Options& options,
                                               const std::string& chain_file,
                                               const std::string& key_file) {
  std::error_code error;
  std::filesystem::create_directories(options.state_directory, error);
  if (error) {
    return absl::UnavailableError(absl::StrCat(
        "cannot make ", options.state_directory, ": ", error.message()));
  }
  net::tls::SelfSignedOptions wanted{.dns_name = options.edge.domain,
                                     .more_dns_names = {"localhost"},
                                     .addresses = {},
                                     .now = WallNow()};
  for (const Endpoint& endpoint : options.tls_listen) {
    if (!endpoint.address.is_unspecified()) {
      wanted.addresses.push_back(endpoint.address);
    }
  }
  auto made = net::tls::MakeSelfSigned(wanted);
  if (!made.ok()) return made.status();
  absl::Status status = WriteSecretFile(key_file, made->key_pem);
  status.Update(WriteSecretFile(chain_file, made->chain_pem));
  if (!status.ok()) return status;
  LOG(WARNING) << "self_signed_certificate_made domain="
               << options.edge.domain << " certificate=" << chain_file
               << " key=" << key_file
               << " note=phones_trust_it_only_when_told_to";
  return net::tls::ReadCertificate(chain_file, key_file);
}

absl::StatusOr<CertificatePem> SelfSigned(const Options& options) {
  const std::string stem =
      absl::StrCat(options.state_directory, "/", options.edge.domain);
  const std::string chain_file = stem + ".crt";
  const std::string key_file = stem + ".key";
  const absl::StatusOr<bool> has_chain = Exists(chain_file);
  if (!has_chain.ok()) return has_chain.status();
  const absl::StatusOr<bool> has_key = Exists(key_file);
  if (!has_key.ok()) return has_key.status();
  if (*has_chain && *has_key) {
    LOG(INFO) << "self_signed_certificate_used certificate=" << chain_file;
    return net::tls::ReadCertificate(chain_file, key_file);
  }
  return MakeCertificate(options, chain_file, key_file);
}

absl::StatusOr<std::vector<CertificatePem>> LoadCertificates(
    const Options& options) {
  std::vector<CertificatePem> certificates;
  for (const CertificateFiles& files : options.certificates) {
    auto certificate = net::tls::ReadCertificate(files.chain, files.key);
    if (!certificate.ok()) {
      return Blame("tls_certificate, --tls_private_key",
                   certificate.status().message());
    }
    certificates.push_back(*std::move(certificate));
  }
  if (!certificates.empty()) return certificates;
  auto certificate = SelfSigned(options);
  if (!certificate.ok()) {
    return Blame("state_directory", certificate.status().message());
  }
  certificates.push_back(*std::move(certificate));
  return certificates;
}

// Nothing when nobody needs it and it is not to be had.
absl::StatusOr<std::optional<net::tls::PemFile>> LoadAuthorities(
    const Options& options) {
  const bool own = !options.core_tls_ca.empty();
  auto file = net::tls::ReadPem(own ? options.core_tls_ca : options.system_ca);
  if (file.ok()) return *std::move(file);
  if (options.core_tls_wanted) {
    return Blame("core_tls_ca", file.status().message());
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<CoreTlsMaterial>> LoadCoreTls(
    const Options& options) {
  auto authorities = LoadAuthorities(options);
  if (!authorities.ok()) return authorities.status();
  if (!*authorities) return std::nullopt;
  CoreTlsMaterial core{.authorities = **std::move(authorities),
                       .certificate = std::nullopt};
  auto trusting =
      net::tls::ClientContext::Create({.authorities = core.authorities});
  if (!trusting.ok()) {
    if (!options.core_tls_wanted) return std::nullopt;
    return Blame("core_tls_ca", trusting.status().message());
  }
  if (!options.core_certificate) return core;
  constexpr std::string_view kFlags =
      "core_tls_certificate, --core_tls_private_key";
  auto certificate = net::tls::ReadCertificate(options.core_certificate->chain,
                                               options.core_certificate->key);
  if (!certificate.ok()) return Blame(kFlags, certificate.status().message());
  core.certificate = *std::move(certificate);
  auto shown =
      net::tls::ClientContext::Create({.certificate = core.certificate});
  if (!shown.ok()) return Blame(kFlags, shown.status().message());
  return core;
}

absl::StatusOr<TicketKeys::Snapshot> LoadTicketKeys(
    const Options& options, const TlsMaterial* before) {
  const std::string& name = options.ticket_key_file;
  if (name.empty()) {
    return before != nullptr ? before->ticket_keys
                             : TicketKeys::Random(WallNow());
  }
  const absl::StatusOr<bool> exists = Exists(name);
  if (!exists.ok()) return Blame("ticket_key_file", exists.status().message());
  if (before == nullptr && !*exists) {
    const TicketKeys::Snapshot fresh = TicketKeys::Random(WallNow());
    if (auto status = WriteSecretFile(name, fresh->ToText()); !status.ok()) {
      return Blame("ticket_key_file", status.message());
    }
    LOG(INFO) << "ticket_key_file_made file=" << name;
    return fresh;
  }
  const auto text = ReadFile(name);
  if (!text.ok()) return Blame("ticket_key_file", text.status().message());
  auto keys = TicketKeys::FromText(*text);
  if (!keys.ok()) {
    return Blame("ticket_key_file",
                 absl::StrCat(name, ": ", keys.status().message()));
  }
  return keys;
}

// What a shard will do with it, done once by way of trial.
absl::Status Try(const TlsMaterial& material) {
  net::tls::TicketDesk desk({.revoked_max = 1}, material.ticket_keys,
                            WallNow());
  auto context = net::tls::ServerContext::Create(
      {.certificates = material.certificates, .tickets = &desk});
  if (context.ok()) return absl::OkStatus();
  return Blame("tls_certificate, --tls_private_key",
               context.status().message());
}

// Also says what an operator should know. They can be read: it was tried.
net::tls::WallTime FirstEnd(std::span<const CertificatePem> certificates) {
  const auto validity = net::tls::ReadValidity(certificates, WallNow());
  CHECK_OK(validity.status());
  for (const std::string& warning : validity->warnings) LOG(WARNING) << warning;
  return validity->expires_at;
}

void NoteValidity(TlsMaterial& material) {
  material.expires_at = FirstEnd(material.certificates);
  if (material.core && material.core->certificate) {
    material.core_expires_at = FirstEnd({&*material.core->certificate, 1});
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<const TlsMaterial>> LoadMaterial(
    const Options& options, const TlsMaterial* before) {
  auto certificates = LoadCertificates(options);
  if (!certificates.ok()) return certificates.status();
  auto keys = LoadTicketKeys(options, before);
  if (!keys.ok()) return keys.status();
  auto core = LoadCoreTls(options);
  if (!core.ok()) return core.status();
  auto material = std::make_shared<TlsMaterial>();
  material->certificates = *std::move(certificates);
  material->ticket_keys = *std::move(keys);
  material->core = *std::move(core);
  if (absl::Status status = Try(*material); !status.ok()) return status;
  NoteValidity(*material);
  return material;
}

std::shared_ptr<const TlsMaterial> WithFreshTicketKey(
    const TlsMaterial& before) {
  auto material = std::make_shared<TlsMaterial>(before);
  material->ticket_keys = before.ticket_keys->Rotated(WallNow(), kKeyOverlap);
  NoteValidity(*material);  // who is to renew one is reminded each day
  return material;
}

}  // namespace sallyport::proxy
