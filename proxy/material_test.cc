#include "proxy/material.h"

#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "net/tls/self_signed.h"

namespace sallyport::proxy {
namespace {

namespace fs = std::filesystem;

class Material : public testing::Test {
 protected:
  Material() {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    options_.state_directory = folder_ / "state";
    options_.edge.domain = "pcscf.test";
    options_.tls_listen = {*Endpoint::Parse("127.0.0.1:5061")};
  }

  std::string File(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

  // Of a certificate that signs itself, and so is an authority of its own.
  static const net::tls::CertificatePem& Own() {
    static const auto own = net::tls::MakeSelfSigned(
        {.dns_name = "core.test",
         .more_dns_names = {},
         .addresses = {},
         .now = std::chrono::floor<std::chrono::seconds>(
             std::chrono::system_clock::now())});
    return *own;
  }
  static std::string Chain() { return Own().chain_pem; }
  static std::string Key() { return Own().key_pem; }

  const fs::path folder_ = fs::path(testing::TempDir()) / "material_test";
  Options options_;
};

mode_t ModeOf(const fs::path& file) {
  struct stat facts {};
  EXPECT_EQ(stat(file.c_str(), &facts), 0) << file;
  return facts.st_mode & 0777;
}

TEST_F(Material, MakesACertificateAtTheFirstStartAndKeepsIt) {
  const auto first = LoadMaterial(options_, nullptr);
  const auto second = LoadMaterial(options_, nullptr);

  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ((*first)->certificates[0].chain_pem,
            (*second)->certificates[0].chain_pem);
}

TEST_F(Material, KeepsThePrivateKeyFromOthers) {
  ASSERT_TRUE(LoadMaterial(options_, nullptr).ok());

  EXPECT_EQ(ModeOf(folder_ / "state/pcscf.test.key"), 0600u);
}

TEST_F(Material, NamesACertificateFileThatIsMissing) {
  options_.certificates = {{.chain = "/nonexistent/chain.pem",
                            .key = "/nonexistent/key.pem"}};

  const auto loaded = LoadMaterial(options_, nullptr);

  ASSERT_FALSE(loaded.ok());
  EXPECT_NE(loaded.status().message().find("--tls_certificate"),
            std::string::npos);
  EXPECT_NE(loaded.status().message().find("/nonexistent/chain.pem"),
            std::string::npos);
}

TEST_F(Material, RefusesAKeyOfAnotherCertificate) {
  ASSERT_TRUE(LoadMaterial(options_, nullptr).ok());
  options_.edge.domain = "other.test";
  ASSERT_TRUE(LoadMaterial(options_, nullptr).ok());
  options_.certificates = {{.chain = folder_ / "state/pcscf.test.crt",
                            .key = folder_ / "state/other.test.key"}};

  const auto loaded = LoadMaterial(options_, nullptr);

  ASSERT_FALSE(loaded.ok());
  EXPECT_NE(loaded.status().message().find("other.test.key"),
            std::string::npos)
      << loaded.status();
}

TEST_F(Material, MakesTicketKeysOnceAndReadsThemAgain) {
  options_.ticket_key_file = folder_ / "tickets";

  const auto first = LoadMaterial(options_, nullptr);
  const auto second = LoadMaterial(options_, nullptr);

  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ((*first)->ticket_keys->newest().name,
            (*second)->ticket_keys->newest().name);
  EXPECT_EQ(ModeOf(folder_ / "tickets"), 0600u);
}

TEST_F(Material, NamesATicketKeyFileThatMakesNoSense) {
  options_.ticket_key_file = File("tickets", "not a key\n");

  const auto loaded = LoadMaterial(options_, nullptr);

  ASSERT_FALSE(loaded.ok());
  EXPECT_NE(loaded.status().message().find("--ticket_key_file"),
            std::string::npos);
}

TEST_F(Material, KeepsRandomTicketKeysOverAReload) {
  const auto first = LoadMaterial(options_, nullptr);
  ASSERT_TRUE(first.ok());

  const auto second = LoadMaterial(options_, first->get());

  ASSERT_TRUE(second.ok());
  EXPECT_EQ((*first)->ticket_keys->newest().name,
            (*second)->ticket_keys->newest().name);
}

TEST_F(Material, OpensOldTicketsAfterARotation) {
  const auto before = LoadMaterial(options_, nullptr);
  ASSERT_TRUE(before.ok());

  const auto after = WithFreshTicketKey(**before);

  EXPECT_NE(after->ticket_keys->newest().name,
            (*before)->ticket_keys->newest().name);
  EXPECT_EQ(after->ticket_keys->all().size(), 2u);
}

// ---- TLS with the core

TEST_F(Material, TrustsWhatTheSystemTrustsWhereNothingIsSaid) {
  options_.system_ca = File("system.pem", Chain());

  const auto material = LoadMaterial(options_, nullptr);

  ASSERT_TRUE(material.ok()) << material.status();
  ASSERT_TRUE((*material)->core.has_value());
  EXPECT_EQ((*material)->core->authorities.text, Chain());
}

TEST_F(Material, DoesWithoutTlsWithTheCoreUnlessItIsWanted) {
  for (const std::string& system :
       {std::string("/nonexistent/ca.pem"), File("odd.pem", "nothing\n")}) {
    SCOPED_TRACE(system);
    options_.system_ca = system;
    options_.core_tls_wanted = false;

    const auto material = LoadMaterial(options_, nullptr);
    ASSERT_TRUE(material.ok()) << material.status();
    EXPECT_FALSE((*material)->core.has_value());

    options_.core_tls_wanted = true;
    const absl::Status refused = LoadMaterial(options_, nullptr).status();
    EXPECT_EQ(refused.message().find(absl::StrCat("--core_tls_ca: ", system)),
              0u)
        << refused;
  }
}

TEST_F(Material, ReadsOurCertificateForTheCore) {
  options_.core_tls_ca = File("ca.pem", Chain());
  options_.core_certificate = {.chain = File("edge.pem", Chain()),
                               .key = File("edge.key", Key())};

  const auto material = LoadMaterial(options_, nullptr);

  ASSERT_TRUE(material.ok()) << material.status();
  ASSERT_TRUE((*material)->core->certificate.has_value());
  EXPECT_EQ((*material)->core->certificate->key_pem, Key());

  options_.core_certificate->key = File("edge.key", "nothing\n");
  const absl::Status refused = LoadMaterial(options_, nullptr).status();
  EXPECT_NE(refused.message().find("--core_tls_private_key"),
            std::string::npos);
  EXPECT_NE(refused.message().find("edge.key"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::proxy
