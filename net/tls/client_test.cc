// A client that verifies its server, and a server that verifies its client.
#include "net/tls/client.h"

#include <openssl/ssl.h>

#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "net/tls/engine.h"
#include "net/tls/test_authority.h"
#include "net/tls/test_world.h"

namespace sallyport::net::tls {
namespace {

using Hours = std::chrono::hours;

const TestAuthority& Ours() {
  static const TestAuthority authority("ours");
  return authority;
}
const TestAuthority& Theirs() {
  static const TestAuthority authority("theirs");
  return authority;
}

CertificatePem CoreCertificate() {
  return Ours().Issue({.alternatives = "DNS:core.test"});
}

// A server of the core; with authorities it demands a certificate.
struct CoreWorld {
  explicit CoreWorld(const CertificatePem& certificate,
                     std::optional<PemFile> client_authorities = {})
      : server(TicketKeys::Random(kTestNow)) {
    ServerContextOptions options;
    options.certificates = {&certificate, 1};
    options.tickets = &server.desk;
    options.client_authorities = std::move(client_authorities);
    auto made = ServerContext::Create(options);
    EXPECT_TRUE(made.ok()) << made.status();
    if (made.ok()) server.context = *std::move(made);
  }
  ServerWorld server;
};

ClientContextOptions Trusting(TlsVersion version) {
  ClientContextOptions options;
  options.version_min = options.version_max = version;
  options.authorities = Ours().pem();
  return options;
}

class EachVersion : public testing::TestWithParam<TlsVersion> {};
INSTANTIATE_TEST_SUITE_P(Tls, EachVersion,
                         testing::Values(TlsVersion::k1_2, TlsVersion::k1_3));

struct ServerCase {
  const char* sentence;
  bool ours;
  TestAuthority::Wanted wanted;
  Distrust distrust;
  const char* alert;
};

TEST_P(EachVersion, TheClientBelievesWhoProvesTheNameAndNobodyElse) {
  const std::string right = "DNS:core.test";
  const ServerCase cases[] = {
      {"right", true, {.alternatives = right}, Distrust::kNone, ""},
      {"right, and for servers",
       true,
       {.alternatives = right, .extended_use = "serverAuth"},
       Distrust::kNone,
       ""},
      {"of another authority",
       false,
       {.alternatives = right},
       Distrust::kUnknownAuthority,
       "unknown_ca"},
      {"of another name",
       true,
       {.alternatives = "DNS:other.test", .common_name = "core.test"},
       Distrust::kWrongName,
       "bad_certificate"},
      {"expired",
       true,
       {.alternatives = right, .from = Hours(-10), .until = Hours(-1)},
       Distrust::kExpired,
       "certificate_expired"},
      {"not valid yet",
       true,
       {.alternatives = right, .from = Hours(1)},
       Distrust::kNotYetValid,
       "certificate_expired"},
      {"for clients alone",
       true,
       {.alternatives = right, .extended_use = "clientAuth"},
       Distrust::kWrongPurpose,
       "unsupported_certificate"},
  };
  for (const ServerCase& row : cases) {
    SCOPED_TRACE(row.sentence);
    const CoreWorld core((row.ours ? Ours() : Theirs()).Issue(row.wanted));
    const Meeting meeting(TestClient(Trusting(GetParam())), core.server, {},
                          "core.test");

    const bool good = row.distrust == Distrust::kNone;
    EXPECT_EQ(meeting.client.handshake_done(), good);
    EXPECT_EQ(meeting.server.handshake_done(), good);
    EXPECT_EQ(meeting.client.distrust(), row.distrust);
    if (good) continue;
    EXPECT_EQ(meeting.client.failure(), Failure::kUntrusted);
    EXPECT_EQ(AlertName(meeting.server.peer_alert()), row.alert);
  }
}

TEST_P(EachVersion, AnAddressIsProvenByAnAddress) {
  const CoreWorld core(Ours().Issue({.alternatives = "IP:192.0.2.1"}));
  const auto client = TestClient(Trusting(GetParam()));

  const Meeting right(client, core.server, {}, "192.0.2.1");
  const Meeting wrong(client, core.server, {}, "192.0.2.2");

  EXPECT_TRUE(right.client.handshake_done());
  EXPECT_EQ(right.server.sni(), "");
  EXPECT_EQ(wrong.client.distrust(), Distrust::kWrongName);
}

TEST_P(EachVersion, TheServerHearsTheName) {
  const CoreWorld core(CoreCertificate());
  const Meeting meeting(TestClient(Trusting(GetParam())), core.server, {},
                        "core.test");
  EXPECT_EQ(meeting.server.sni(), "core.test");
}

// A resumed session is no way around the check.
TEST_P(EachVersion, AResumedSessionIsVerifiedAgain) {
  const CoreWorld core(CoreCertificate());
  Meeting first(TestClient(Trusting(GetParam())), core.server, {}, "core.test");
  const ClientSession session = first.Session();
  ASSERT_FALSE(session.empty());
  ClientContextOptions others = Trusting(GetParam());
  others.authorities = Theirs().pem();

  const Meeting again(TestClient(Trusting(GetParam())), core.server, session,
                      "core.test");
  const Meeting renamed(TestClient(Trusting(GetParam())), core.server, session,
                        "other.test");
  const Meeting distrusted(TestClient(others), core.server, session,
                           "core.test");

  EXPECT_TRUE(again.client.resumed());
  EXPECT_TRUE(again.client.handshake_done());
  EXPECT_EQ(renamed.client.distrust(), Distrust::kWrongName);
  EXPECT_EQ(distrusted.client.distrust(), Distrust::kUnknownAuthority);
}

struct ClientCase {
  const char* sentence;
  std::optional<CertificatePem> shown;
  Distrust distrust;
};

TEST_P(EachVersion, TheServerThatAsksBelievesOnlyWhoProvesItself) {
  const CoreWorld core(CoreCertificate(), Ours().pem());
  const ClientCase cases[] = {
      {"right", Ours().Issue({.alternatives = "DNS:edge.test"}),
       Distrust::kNone},
      {"none", std::nullopt, Distrust::kNoCertificate},
      {"of another authority", Theirs().Issue({}), Distrust::kUnknownAuthority},
      {"expired", Ours().Issue({.from = Hours(-9), .until = Hours(-1)}),
       Distrust::kExpired},
      {"for servers alone", Ours().Issue({.extended_use = "serverAuth"}),
       Distrust::kWrongPurpose},
  };
  for (const ClientCase& row : cases) {
    SCOPED_TRACE(row.sentence);
    ClientContextOptions options = Trusting(GetParam());
    options.certificate = row.shown;
    const Meeting meeting(TestClient(options), core.server, {}, "core.test");

    EXPECT_EQ(meeting.server.handshake_done(), row.distrust == Distrust::kNone);
    EXPECT_EQ(meeting.server.distrust(), row.distrust);
    EXPECT_EQ(meeting.client.failed(), row.distrust != Distrust::kNone);
  }
}

// A phone has tickets of the same keys: they open nothing here.
TEST_P(EachVersion, ATicketIsNoCertificate) {
  const TicketKeys::Snapshot keys = TicketKeys::Random(kTestNow);
  ServerWorld phones(keys);
  phones.Load({CoreCertificate()});
  Meeting first(TestClient(Trusting(GetParam())), phones, {}, "core.test");
  const ClientSession session = first.Session();
  ASSERT_FALSE(session.empty());
  CoreWorld core(CoreCertificate(), Ours().pem());
  core.server.desk.SetKeys(keys);

  Meeting second(TestClient(Trusting(GetParam())), core.server, session,
                 "core.test");

  EXPECT_FALSE(second.server.handshake_done());
  EXPECT_EQ(second.server.distrust(), Distrust::kNoCertificate);
}

TEST_P(EachVersion, AServerThatAsksGivesNoTickets) {
  const CoreWorld core(CoreCertificate(), Ours().pem());
  ClientContextOptions options = Trusting(GetParam());
  options.certificate = Ours().Issue({});
  Meeting meeting(TestClient(options), core.server, {}, "core.test");

  EXPECT_TRUE(meeting.Session().empty());
}

TEST(ClientContext, OffersAeadWithForwardSecrecyAlone) {
  const auto client = TestClient(ClientContextOptions{});
  const STACK_OF(SSL_CIPHER)* offered = SSL_CTX_get_ciphers(client->get());
  EXPECT_EQ(sk_SSL_CIPHER_num(offered), 6u);
  for (size_t i = 0; i < sk_SSL_CIPHER_num(offered); ++i) {
    const SSL_CIPHER* suite = sk_SSL_CIPHER_value(offered, i);
    EXPECT_TRUE(SSL_CIPHER_is_aead(suite)) << SSL_CIPHER_get_name(suite);
  }
}

TEST(ClientContext, SaysWhichFileIsBad) {
  const std::string good = Ours().pem().text;
  struct {
    const char* sentence;
    std::string text;
    const char* reason;
  } const cases[] = {
      {"empty", "", "ca.pem: no certificate in PEM form"},
      {"no PEM", "nothing\n", "ca.pem: no certificate in PEM form"},
      {"cut", good.substr(0, good.size() / 2),
       "ca.pem: certificate number 1 is damaged"},
      {"the second cut", good + good.substr(0, good.size() / 2),
       "ca.pem: certificate number 2 is damaged"},
  };
  for (const auto& row : cases) {
    ClientContextOptions options;
    options.authorities = {.name = "ca.pem", .text = row.text};
    EXPECT_EQ(ClientContext::Create(options).status().message(), row.reason)
        << row.sentence;
  }
  ClientContextOptions options;
  options.certificate = Ours().Issue({});
  options.certificate->key_pem = Ours().Issue({}).key_pem;
  EXPECT_EQ(ClientContext::Create(options).status().message(),
            "peer.key: the key does not match the first certificate of "
            "peer.pem");
}

}  // namespace
}  // namespace sallyport::net::tls
