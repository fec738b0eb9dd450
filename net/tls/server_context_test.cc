#include "net/tls/server_context.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "net/tls/self_signed.h"
#include "net/tls/test_world.h"
#include "net/tls/validity.h"

namespace sallyport::net::tls {
namespace {

using testing::HasSubstr;

// The refusal's text, or "ok".
std::string Load(const std::vector<CertificatePem>& certificates) {
  TicketDesk desk({}, TicketKeys::Random(kTestNow), kTestNow);
  ServerContextOptions options;
  options.certificates = certificates;
  options.tickets = &desk;
  const auto context = ServerContext::Create(options);
  return context.ok() ? "ok" : std::string(context.status().message());
}

CertificatePem Named(CertificatePem pem) {
  pem.name = "chain.pem";
  pem.key_name = "key.pem";
  return pem;
}

// The same certificate with an RSA key; signed anew.
CertificatePem RsaCertificate(const std::string& dns_name) {
  const CertificatePem ecdsa = TestCertificate(dns_name);
  bssl::UniquePtr<BIO> in(
      BIO_new_mem_buf(ecdsa.chain_pem.data(), ecdsa.chain_pem.size()));
  bssl::UniquePtr<X509> certificate(
      PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
  bssl::UniquePtr<RSA> rsa(RSA_new());
  bssl::UniquePtr<BIGNUM> exponent(BN_new());
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  EXPECT_TRUE(BN_set_word(exponent.get(), RSA_F4));
  EXPECT_TRUE(RSA_generate_key_ex(rsa.get(), 2048, exponent.get(), nullptr));
  EXPECT_TRUE(EVP_PKEY_set1_RSA(key.get(), rsa.get()));
  EXPECT_TRUE(X509_set_pubkey(certificate.get(), key.get()));
  EXPECT_TRUE(X509_sign(certificate.get(), key.get(), EVP_sha256()));
  bssl::UniquePtr<BIO> chain(BIO_new(BIO_s_mem()));
  bssl::UniquePtr<BIO> secret(BIO_new(BIO_s_mem()));
  EXPECT_TRUE(PEM_write_bio_X509(chain.get(), certificate.get()));
  EXPECT_TRUE(PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr,
                                       nullptr, 0, nullptr, nullptr));
  const auto text = [](BIO* bio) {
    const uint8_t* bytes;
    size_t size;
    EXPECT_TRUE(BIO_mem_contents(bio, &bytes, &size));
    return std::string(reinterpret_cast<const char*>(bytes), size);
  };
  return {"rsa.pem", "rsa.key", text(chain.get()), text(secret.get())};
}

TEST(ServerContext, RefusesWhatItCannotServeAndNamesTheFile) {
  const CertificatePem good = Named(TestCertificate("edge.test"));
  const CertificatePem other = TestCertificate("edge.test");
  CertificatePem no_chain = good;
  no_chain.chain_pem = "hello";
  CertificatePem broken_chain = good;
  broken_chain.chain_pem =
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  CertificatePem torn_chain = good;
  torn_chain.chain_pem.resize(torn_chain.chain_pem.size() / 2);
  CertificatePem broken_second = good;
  broken_second.chain_pem += broken_chain.chain_pem;
  CertificatePem no_key = good;
  no_key.key_pem = good.chain_pem;
  CertificatePem locked_key = good;
  locked_key.key_pem =
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n"
      "-----END ENCRYPTED PRIVATE KEY-----\n";
  CertificatePem other_key = good;
  other_key.key_pem = other.key_pem;

  EXPECT_EQ(Load({good}), "ok");
  EXPECT_EQ(Load({}), "no TLS certificate is given");
  EXPECT_EQ(Load({no_chain}), "chain.pem: no certificate in PEM form");
  EXPECT_EQ(Load({broken_chain}), "chain.pem: certificate number 1 is damaged");
  EXPECT_EQ(Load({torn_chain}), "chain.pem: damaged PEM");
  EXPECT_EQ(Load({broken_second}),
            "chain.pem: certificate number 2 is damaged");
  EXPECT_EQ(Load({no_key}), "key.pem: no private key in PEM form");
  EXPECT_EQ(Load({locked_key}), "key.pem: the private key is encrypted");
  EXPECT_EQ(Load({other_key}),
            "key.pem: the key does not match the first certificate of "
            "chain.pem");
  EXPECT_EQ(Load({good, other_key}), Load({other_key}));
}

TEST(Validity, WarnsOfACertificateOutsideItsTime) {
  constexpr std::chrono::hours kDay{24};
  const auto warnings = [&](int days_ago) {
    const CertificatePem pem[] = {
        Named(TestCertificate("edge.test", kTestNow - days_ago * kDay))};
    const auto validity = ReadValidity(pem, kTestNow);
    EXPECT_TRUE(validity.ok());
    return absl::StrJoin(validity->warnings, "; ");
  };

  EXPECT_THAT(warnings(366),
              HasSubstr("chain.pem: the certificate expired at 20"));
  EXPECT_THAT(warnings(360), HasSubstr("the certificate will expire at 20"));
  EXPECT_THAT(warnings(-2), HasSubstr("the certificate is not valid before 20"));
  EXPECT_EQ(warnings(300), "");
}

TEST(Validity, IsThatOfTheFirstToEnd) {
  constexpr std::chrono::hours kDay{24};
  const CertificatePem pem[] = {TestCertificate("a.test", kTestNow),
                                TestCertificate("b.test", kTestNow - kDay)};
  const auto both = ReadValidity(pem, kTestNow);
  const auto first = ReadValidity({pem, 1}, kTestNow);
  ASSERT_TRUE(both.ok() && first.ok());
  EXPECT_EQ(first->expires_at - both->expires_at, kDay);
  EXPECT_GT(both->expires_at, kTestNow);
  EXPECT_EQ(ReadValidity({}, kTestNow)->expires_at, WallTime::max());

  CertificatePem torn = Named(pem[0]);
  torn.chain_pem.clear();
  EXPECT_EQ(ReadValidity({&torn, 1}, kTestNow).status().message(),
            "chain.pem: no certificate in PEM form");
}

TEST(ReadCertificate, NamesTheFileThatIsMissing) {
  const std::string there = testing::TempDir() + "/there.pem";
  std::ofstream(there) << "text";

  EXPECT_THAT(ReadCertificate("/no/such/chain.pem", there).status().message(),
              HasSubstr("/no/such/chain.pem: cannot be opened: No such file"));
  EXPECT_THAT(ReadCertificate(there, "/no/such/key.pem").status().message(),
              HasSubstr("/no/such/key.pem: cannot be opened: No such file"));
  EXPECT_THAT(ReadCertificate(there, testing::TempDir()).status().message(),
              HasSubstr(": cannot be read: Is a directory"));
  EXPECT_EQ(ReadCertificate(there, there)->chain_pem, "text");
}

// ---- Which certificate a client gets.

std::string CommonName(const Meeting& meeting) {
  const bssl::UniquePtr<X509> peer(
      SSL_get_peer_certificate(meeting.client.ssl()));
  if (peer == nullptr) return "none";
  char name[100] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(peer.get()), NID_commonName,
                            name, sizeof(name));
  const bssl::UniquePtr<EVP_PKEY> key(X509_get_pubkey(peer.get()));
  return std::string(name) +
         (EVP_PKEY_id(key.get()) == EVP_PKEY_RSA ? " rsa" : " ecdsa");
}

struct ChoiceCase {
  const char* sentence;
  const char* server_name;
  bool rsa_only;
  const char* certificate;
};

TEST(ServerContext, ChoosesACertificateByNameAndKey) {
  constexpr ChoiceCase kCases[] = {
      {"the name of the second", "two.test", false, "two.test ecdsa"},
      {"in capitals", "TWO.test", false, "two.test ecdsa"},
      {"the name of the first", "one.test", false, "one.test ecdsa"},
      {"the same, for a client without ECDSA", "one.test", true,
       "one.test rsa"},
      {"a wildcard", "a.many.test", false, "*.many.test ecdsa"},
      {"a wildcard is one label", "a.b.many.test", false, "one.test ecdsa"},
      {"a wildcard is not none", "many.test", false, "one.test ecdsa"},
      {"an unknown name: the default", "who.test", false, "one.test ecdsa"},
      {"unknown, without ECDSA: the default's other key", "who.test", true,
       "one.test rsa"},
      {"no name: the default", "", false, "one.test ecdsa"},
      {"an address is no name", "192.0.2.1", false, "one.test ecdsa"},
  };
  ServerWorld world;
  world.Load({TestCertificate("one.test"), TestCertificate("two.test"),
              RsaCertificate("one.test"), TestCertificate("*.many.test")});
  for (TlsVersion version : {TlsVersion::k1_2, TlsVersion::k1_3}) {
    for (const ChoiceCase& row : kCases) {
      auto client = TestClient(version);
      const uint16_t rsa = SSL_SIGN_RSA_PSS_RSAE_SHA256;
      if (row.rsa_only) {
        SSL_CTX_set_verify_algorithm_prefs(client->get(), &rsa, 1);
      }
      Meeting meeting(client, world, {}, row.server_name);
      EXPECT_EQ(CommonName(meeting), row.certificate) << row.sentence;
    }
  }
}

TEST(ServerContext, SendsTheWholeChain) {
  CertificatePem pem = TestCertificate("edge.test");
  pem.chain_pem += TestCertificate("intermediate.test").chain_pem;
  ServerWorld world;
  world.Load({pem});
  Meeting meeting(TestClient(TlsVersion::k1_3), world);

  EXPECT_EQ(
      sk_CRYPTO_BUFFER_num(SSL_get0_peer_certificates(meeting.client.ssl())),
      2u);
}

TEST(ServerContext, ResumesUnderAnotherCertificateOfTheSameProxy) {
  ServerWorld world;
  world.Load({TestCertificate("one.test"), TestCertificate("two.test")});
  auto client = TestClient(TlsVersion::k1_3);
  Meeting first(client, world, {}, "two.test");
  Meeting second(client, world, first.Session(), "two.test");

  EXPECT_TRUE(second.server.resumed());
  EXPECT_EQ(second.server.tsid(), first.server.tsid());
}

// ---- Self-signed certificates.

struct TrustCase {
  const char* server_name;
  bool trusted;
};

TEST(MakeSelfSigned, IsGoodForItsNamesAndAddresses) {
  constexpr TrustCase kCases[] = {
      {"edge.test", true}, {"localhost", true},  {"127.0.0.1", true},
      {"::1", true},       {"evil.test", false}, {"127.0.0.2", false},
  };
  SelfSignedOptions options;
  options.dns_name = "edge.test";
  options.more_dns_names = {"localhost"};
  std::array<uint8_t, 16> loopback{};
  loopback[15] = 1;
  options.addresses = {IpAddress::V4({127, 0, 0, 1}), IpAddress::V6(loopback)};
  options.now = std::chrono::floor<std::chrono::seconds>(
      std::chrono::system_clock::now());  // the client looks at its clock
  const auto pem = MakeSelfSigned(options);
  ASSERT_TRUE(pem.ok()) << pem.status();
  ServerWorld world;
  world.Load({*pem});
  auto client = TestClient(ClientContextOptions{
      .authorities = PemFile{.name = "ca", .text = pem->chain_pem}});
  for (const TrustCase& row : kCases) {
    Meeting meeting(client, world, {}, row.server_name);
    EXPECT_EQ(meeting.server.handshake_done(), row.trusted) << row.server_name;
    EXPECT_EQ(meeting.client.failed(), !row.trusted) << row.server_name;
  }
}

TEST(MakeSelfSigned, RefusesNoName) { EXPECT_FALSE(MakeSelfSigned({}).ok()); }

TEST(MakeSelfSigned, TakesANameThatIsTooLongForACommonName) {
  SelfSignedOptions options;
  options.dns_name = std::string(60, 'a') + ".very.long.edge.test";
  options.now = kTestNow;

  EXPECT_TRUE(MakeSelfSigned(options).ok());
}

}  // namespace
}  // namespace sallyport::net::tls
