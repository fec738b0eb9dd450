#include "proxy/material.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "gtest/gtest.h"

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

}  // namespace
}  // namespace sallyport::proxy
