#include "net/tls/engine.h"

#include <openssl/aead.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "net/tls/client.h"
#include "net/tls/test_world.h"

namespace sallyport::net::tls {
namespace {

class EachVersion : public testing::TestWithParam<TlsVersion> {
 protected:
  std::shared_ptr<const ClientContext> client_ = TestClient(GetParam());
  ServerWorld world_;
};

std::string VersionName(const testing::TestParamInfo<TlsVersion>& info) {
  return info.param == TlsVersion::k1_2 ? "Tls12" : "Tls13";
}
INSTANTIATE_TEST_SUITE_P(Engine, EachVersion,
                         testing::Values(TlsVersion::k1_2, TlsVersion::k1_3),
                         VersionName);

// Text of `bytes` octets in which no two places look alike.
std::string LongText(size_t bytes) {
  std::string text;
  for (uint32_t word = 1; text.size() < bytes; ++word) {
    text += std::to_string(word * 2654435761u);
  }
  text.resize(bytes);
  return text;
}

// ---- Handshake.

// Conformance: TLS-03
TEST_P(EachVersion, MeetsAndTalksBothWays) {
  Meeting meeting(client_, world_);

  EXPECT_TRUE(meeting.server.handshake_done());
  EXPECT_EQ(meeting.server_end.handshakes_done, 1);
  EXPECT_EQ(meeting.server.version(),
            GetParam() == TlsVersion::k1_2 ? "TLSv1.2" : "TLSv1.3");
  EXPECT_EQ(meeting.server.sni(), "edge.test");
  EXPECT_FALSE(meeting.server.resumed());

  EXPECT_TRUE(meeting.client.Write("REGISTER", meeting.client_end.out));
  EXPECT_TRUE(meeting.server.Write("200 OK", meeting.server_end.out));
  Exchange(meeting.client_end, meeting.server_end);
  EXPECT_EQ(meeting.server_end.text, "REGISTER");
  EXPECT_EQ(meeting.client_end.text, "200 OK");
}

// The handshake messages that a client gets, by type.
std::vector<uint8_t> received_messages;
void NoteMessage(int is_write, int, int content_type, const void* bytes, size_t,
                 SSL*, void*) {
  if (is_write || content_type != SSL3_RT_HANDSHAKE) return;
  received_messages.push_back(*static_cast<const uint8_t*>(bytes));
}

// Conformance: TLS-02
TEST_P(EachVersion, AsksForNoClientCertificate) {
  received_messages.clear();
  SSL_CTX_set_msg_callback(client_->get(), &NoteMessage);
  Meeting meeting(client_, world_);

  ASSERT_TRUE(meeting.server.handshake_done());
  EXPECT_THAT(received_messages, testing::Contains(SSL3_MT_CERTIFICATE));
  EXPECT_THAT(received_messages,
              testing::Not(testing::Contains(SSL3_MT_CERTIFICATE_REQUEST)));
}

struct RefusedClient {
  const char* sentence;
  uint16_t version_max;
  const char* suites;
  Failure failure;
  uint8_t alert;
};

constexpr RefusedClient kRefusedClients[] = {
    // Conformance: TLS-03
    {"TLS 1.0 is refused", TLS1_VERSION, nullptr, Failure::kNoVersion,
     SSL_AD_PROTOCOL_VERSION},
    // Conformance: TLS-03
    {"TLS 1.1 is refused", TLS1_1_VERSION, nullptr, Failure::kNoVersion,
     SSL_AD_PROTOCOL_VERSION},
    // Conformance: TLS-04
    {"CBC alone is refused", TLS1_2_VERSION, "ECDHE-RSA-AES128-SHA",
     Failure::kNoCipher, SSL_AD_HANDSHAKE_FAILURE},
    // Conformance: TLS-04
    {"no forward secrecy is refused", TLS1_2_VERSION, "AES128-GCM-SHA256",
     Failure::kNoCipher, SSL_AD_HANDSHAKE_FAILURE},
};

// Conformance: TLS-03, TLS-04
TEST(Engine, RefusesOldVersionsAndWeakSuitesWithAnAlert) {
  ServerWorld world;
  for (const RefusedClient& row : kRefusedClients) {
    SCOPED_TRACE(row.sentence);
    auto client = TestClient(ClientContextOptions{});
    SSL_CTX_set_min_proto_version(client->get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(client->get(), row.version_max);
    ASSERT_TRUE(SSL_CTX_set_strict_cipher_list(
        client->get(), row.suites == nullptr ? "ALL" : row.suites));
    Meeting meeting(client, world);

    EXPECT_EQ(meeting.server.failure(), row.failure);
    EXPECT_EQ(meeting.server.sent_alert(), row.alert);
    EXPECT_EQ(meeting.client.failure(), Failure::kPeerAlert);
    EXPECT_EQ(meeting.client.peer_alert(), row.alert);
    EXPECT_FALSE(meeting.server.handshake_done());
  }
}

// Conformance: TLS-04
TEST(Engine, ServesExactlyTheAeadSuitesWithForwardSecrecy) {
  ServerWorld world;
  auto probe = TestClient(TlsVersion::k1_2);
  SSL_CTX_set_cipher_list(probe->get(), "ALL");
  std::vector<std::string> served;
  const STACK_OF(SSL_CIPHER)* all = SSL_CTX_get_ciphers(probe->get());
  for (size_t i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
    const SSL_CIPHER* suite = sk_SSL_CIPHER_value(all, i);
    auto client = TestClient(TlsVersion::k1_2);
    ASSERT_TRUE(
        SSL_CTX_set_cipher_list(client->get(), SSL_CIPHER_get_name(suite)));
    Meeting meeting(client, world);
    if (!meeting.server.handshake_done()) continue;
    EXPECT_TRUE(SSL_CIPHER_is_aead(suite)) << meeting.server.cipher();
    EXPECT_EQ(SSL_CIPHER_get_kx_nid(suite), NID_kx_ecdhe);
    served.emplace_back(meeting.server.cipher());
  }

  EXPECT_EQ(served.size(), 3u);  // with the ECDSA certificate of this world
}

TEST(Engine, TellsPlaintextOnItsPortFromBrokenTls) {
  ServerWorld world;
  Engine engine(world.context);
  End end(engine);

  EXPECT_EQ(end.Take("REGISTER sip:home.test SIP/2.0\r\n"),
            ReadStatus::kFailed);
  EXPECT_EQ(engine.failure(), Failure::kNotTls);
  // The answer is an alert and no SIP.
  ASSERT_EQ(end.out.bytes.size(), 7u);
  EXPECT_EQ(end.out.bytes[0], SSL3_RT_ALERT);
}

TEST(Engine, StaysFailedAndTakesNoMore) {
  ServerWorld world;
  Engine engine(world.context);
  End end(engine);
  ASSERT_EQ(end.Take(std::string(64, '\x16')), ReadStatus::kFailed);
  const std::string sent = end.out.bytes;

  EXPECT_EQ(end.Take("more"), ReadStatus::kFailed);
  EXPECT_FALSE(engine.Write("x", end.out));
  engine.Shutdown(end.out);
  EXPECT_EQ(end.out.bytes, sent);
}

// ---- Records.

TEST_P(EachVersion, GivesTheSameTextHoweverTheCiphertextIsCut) {
  const std::string question = LongText(40000);
  const std::string answer = LongText(20000);
  for (size_t piece : {1, 2, 3, 4, 5, 6, 7, 11, 64, 1000, 1460, 16389}) {
    SCOPED_TRACE(piece);
    Meeting meeting(client_, world_, {}, "edge.test", piece);
    ASSERT_TRUE(meeting.client.Write(question, meeting.client_end.out));
    ASSERT_TRUE(meeting.server.Write(answer, meeting.server_end.out));
    Exchange(meeting.client_end, meeting.server_end, piece);

    EXPECT_EQ(meeting.server_end.text, question);
    EXPECT_EQ(meeting.client_end.text, answer);
    EXPECT_EQ(meeting.server_end.handshakes_done, 1);
  }
}

TEST_P(EachVersion, CarriesAMebibyteEachWay) {
  const std::string text = LongText(1 << 20);
  Meeting meeting(client_, world_);

  ASSERT_TRUE(meeting.client.Write(text, meeting.client_end.out));
  ASSERT_TRUE(meeting.server.Write(text, meeting.server_end.out));
  Exchange(meeting.client_end, meeting.server_end);

  EXPECT_EQ(meeting.server_end.text, text);
  EXPECT_EQ(meeting.client_end.text, text);
}

TEST_P(EachVersion, WaitsForTheRestOfATruncatedStream) {
  Meeting full(client_, world_);
  ASSERT_TRUE(full.client.Write("REGISTER", full.client_end.out));
  const std::string record = full.client_end.out.bytes;
  for (size_t kept = 0; kept < record.size(); ++kept) {
    Meeting meeting(client_, world_);
    ASSERT_TRUE(meeting.client.Write("REGISTER", meeting.client_end.out));
    const std::string cut = meeting.client_end.out.bytes.substr(0, kept);

    EXPECT_EQ(meeting.server_end.Take(cut), ReadStatus::kWantMore);
    EXPECT_EQ(meeting.server_end.text, "");
  }
}

TEST_P(EachVersion, RefusesARecordThatWasChanged) {
  Meeting meeting(client_, world_);
  ASSERT_TRUE(meeting.client.Write("REGISTER", meeting.client_end.out));
  std::string record = std::exchange(meeting.client_end.out.bytes, {});
  record.back() ^= 1;

  EXPECT_EQ(meeting.server_end.Take(record), ReadStatus::kFailed);
  EXPECT_EQ(meeting.server.failure(), Failure::kBadRecord);
  EXPECT_EQ(meeting.server.sent_alert(), SSL_AD_BAD_RECORD_MAC);
  EXPECT_EQ(meeting.client_end.Take(meeting.server_end.out.bytes),
            ReadStatus::kFailed);
  EXPECT_EQ(meeting.client.peer_alert(), SSL_AD_BAD_RECORD_MAC);
}

TEST_P(EachVersion, SeesCloseNotifyOfEitherSide) {
  Meeting meeting(client_, world_);
  ASSERT_TRUE(meeting.server.Write("403", meeting.server_end.out));
  meeting.server.Shutdown(meeting.server_end.out);
  const std::string last = std::exchange(meeting.server_end.out.bytes, {});
  meeting.server.Shutdown(meeting.server_end.out);

  EXPECT_EQ(meeting.server_end.out.bytes, "");  // once
  EXPECT_FALSE(meeting.server.Write("more", meeting.server_end.out));
  EXPECT_EQ(meeting.client_end.Take(last), ReadStatus::kClosed);
  EXPECT_EQ(meeting.client_end.text, "403");

  // The other direction is still open.
  ASSERT_TRUE(meeting.client.Write("bye", meeting.client_end.out));
  meeting.client.Shutdown(meeting.client_end.out);
  EXPECT_EQ(meeting.server_end.Take(meeting.client_end.out.bytes),
            ReadStatus::kClosed);
  EXPECT_EQ(meeting.server_end.text, "bye");
  EXPECT_FALSE(meeting.server.failed());
}

TEST_P(EachVersion, SendsNothingWhenShutDownDuringTheHandshake) {
  Engine engine(world_.context);
  End end(engine);

  engine.Shutdown(end.out);
  EXPECT_FALSE(engine.Write("early", end.out));

  EXPECT_EQ(end.out.bytes, "");
}

TEST_P(EachVersion, NotesTheAlertOfAClientThatDistrusts) {
  ClientContextOptions options;
  options.version_min = options.version_max = GetParam();
  options.authorities = {
      .name = "ca", .text = TestCertificate("somebody.else.test").chain_pem};
  Meeting meeting(TestClient(options), world_);

  EXPECT_TRUE(meeting.client.failed());
  EXPECT_EQ(meeting.server.failure(), Failure::kPeerAlert);
  EXPECT_EQ(AlertName(meeting.server.peer_alert()), "unknown_ca");
}

// ---- Resumption.

// Conformance: TLS-05, TLS-06
TEST_P(EachVersion, KeepsTheTsidOverResumption) {
  Meeting first(client_, world_);
  const ClientSession session = first.Session();
  ASSERT_FALSE(session.empty());

  Meeting second(client_, world_, session);

  EXPECT_TRUE(second.server.resumed());
  EXPECT_TRUE(second.client.resumed());
  EXPECT_EQ(second.server.tsid(), first.server.tsid());
}

// Conformance: TLS-06
TEST(Engine, KeepsTheTsidWithATicketIssuedOnAResumedConnection) {
  ServerWorld world;
  auto client = TestClient(TlsVersion::k1_3);
  Meeting first(client, world);
  ClientSession session = first.Session();
  for (int generation = 0; generation < 5; ++generation) {
    Meeting next(client, world, session);
    ASSERT_TRUE(next.server.resumed());
    EXPECT_EQ(next.server.tsid(), first.server.tsid());
    const ClientSession newer = next.Session();
    EXPECT_NE(newer.ticket(), session.ticket());
    session = newer;
  }
}

// Conformance: TLS-05, TLS-06, TLS-15
TEST_P(EachVersion, KeepsTheTsidOnAnotherShardAndAfterARestart) {
  Meeting first(client_, world_);
  const ClientSession session = first.Session();
  const auto keys = TicketKeys::FromText(world_.desk.keys().ToText());
  ASSERT_TRUE(keys.ok());
  ServerWorld other(*keys, {.home_shard = 7});

  Meeting second(client_, other, session);

  EXPECT_TRUE(second.server.resumed());
  EXPECT_EQ(second.server.tsid(), first.server.tsid());
  EXPECT_EQ(TicketHome(other.desk.keys(), session.ticket()), 0);
}

TEST_P(EachVersion, DrawsAFreshTsidForEachFullHandshake) {
  Meeting first(client_, world_);
  Meeting second(client_, world_);

  EXPECT_NE(first.server.tsid(), second.server.tsid());
  EXPECT_NE(first.server.tsid(), Tsid{});
}

// The client sends the session id of its TLS 1.2 session: the same on both
// connections, and no server knows its ticket.
// Conformance: TLS-07
TEST(Engine, DoesNotJoinConnectionsByTheSessionIdThatClientsChoose) {
  ServerWorld foreign;
  ServerWorld world;
  for (TlsVersion version_max : {TlsVersion::k1_2, TlsVersion::k1_3}) {
    ClientContextOptions options;
    options.version_max = version_max;
    auto client = TestClient(options);
    Meeting abroad(TestClient(TlsVersion::k1_2), foreign);
    const ClientSession session = abroad.Session();
    const std::array<uint8_t, 32> chosen = {'s', 'a', 'm', 'e'};
    ASSERT_TRUE(
        SSL_SESSION_set1_id(session.get(), chosen.data(), chosen.size()));

    Meeting one(client, world, session);
    Meeting two(client, world, session);

    ASSERT_TRUE(one.server.handshake_done());
    ASSERT_TRUE(two.server.handshake_done());
    EXPECT_FALSE(two.server.resumed());
    EXPECT_NE(one.server.tsid(), two.server.tsid());
    EXPECT_NE(one.server.tsid(), abroad.server.tsid());
  }
}

// The ticket opens, but the stack refuses a session from the future.
// Conformance: TLS-08
TEST_P(EachVersion, LeavesTheFreshTsidWhenTheStackRefusesAGoodTicket) {
  Meeting first(client_, world_);
  const ClientSession session = first.Session();
  world_.desk.SetNow(kTestNow - std::chrono::minutes(1));

  Meeting second(client_, world_, session);

  ASSERT_TRUE(second.server.handshake_done());
  EXPECT_EQ(world_.desk.counters().accepted, 1u);
  EXPECT_FALSE(second.server.resumed());
  EXPECT_NE(second.server.tsid(), first.server.tsid());
}

// The same by another suite; and the ticket of the new connection carries the
// new tsid.
// Conformance: TLS-08
TEST(Engine, SealsTheFreshTsidAfterAGoodTicketWasRefused) {
  ServerWorld world;
  auto narrow = TestClient(TlsVersion::k1_2);
  auto other = TestClient(TlsVersion::k1_2);
  SSL_CTX_set_cipher_list(narrow->get(), "ECDHE-ECDSA-AES256-GCM-SHA384");
  SSL_CTX_set_cipher_list(other->get(),
                          "ECDHE-ECDSA-AES128-GCM-SHA256:"
                          "ECDHE-ECDSA-AES256-GCM-SHA384");
  Meeting first(narrow, world);
  const ClientSession session = first.Session();

  Meeting second(other, world, session);
  ASSERT_TRUE(second.server.handshake_done());
  EXPECT_EQ(world.desk.counters().accepted, 1u);
  ASSERT_FALSE(second.server.resumed());
  EXPECT_NE(second.server.tsid(), first.server.tsid());

  Meeting third(other, world, second.Session());
  EXPECT_TRUE(third.server.resumed());
  EXPECT_EQ(third.server.tsid(), second.server.tsid());
}

// Conformance: TLS-09
TEST_P(EachVersion, MakesAFullHandshakeForAForeignTicket) {
  ServerWorld foreign;
  Meeting abroad(client_, foreign);
  Meeting meeting(client_, world_, abroad.Session());

  EXPECT_TRUE(meeting.server.handshake_done());
  EXPECT_FALSE(meeting.server.resumed());
  EXPECT_EQ(world_.desk.counters().unknown_key, 1u);
  EXPECT_NE(meeting.server.tsid(), abroad.server.tsid());
}

// Conformance: TLS-09
TEST_P(EachVersion, MakesAFullHandshakeForATamperedTicket) {
  Meeting first(client_, world_);
  const ClientSession session = first.Session();
  std::string ticket(session.ticket());
  ticket[ticket.size() / 2] ^= 0x40;
  ASSERT_TRUE(SSL_SESSION_set_ticket(
      session.get(), reinterpret_cast<const uint8_t*>(ticket.data()),
      ticket.size()));

  Meeting second(client_, world_, session);

  EXPECT_TRUE(second.server.handshake_done());
  EXPECT_FALSE(second.server.resumed());
  EXPECT_EQ(world_.desk.counters().forged, 1u);
  EXPECT_NE(second.server.tsid(), first.server.tsid());
}

TEST_P(EachVersion, MakesAFullHandshakeForATicketThatIsTooOld) {
  Meeting first(client_, world_);
  const ClientSession session = first.Session();
  world_.desk.SetNow(kTestNow + TicketDesk::kLifetimeDefault);
  // The client's own clock did not move: it still offers the ticket.
  Meeting second(client_, world_, session);

  EXPECT_TRUE(second.server.handshake_done());
  EXPECT_FALSE(second.server.resumed());
  EXPECT_EQ(world_.desk.counters().too_old, 1u);
}

// Conformance: TLS-16
TEST_P(EachVersion, ResumesWithATicketThatIsOlderThanAnHour) {
  ServerWorld world(TicketKeys::Random(kTestNow),
                    {.lifetime = std::chrono::seconds(1)});  // raised to 1 h
  Meeting first(client_, world);
  const ClientSession session = first.Session();
  EXPECT_GE(SSL_SESSION_get_timeout(session.get()), 3600u);
  world.desk.SetNow(kTestNow + std::chrono::seconds(3599));

  Meeting second(client_, world, session);

  EXPECT_TRUE(second.server.resumed());
  EXPECT_EQ(second.server.tsid(), first.server.tsid());
}

TEST_P(EachVersion, MakesAFullHandshakeForARevokedSession) {
  Meeting first(client_, world_);
  const ClientSession session = first.Session();
  ASSERT_TRUE(world_.desk.Revoke(first.server.tsid()));

  Meeting second(client_, world_, session);

  EXPECT_TRUE(second.server.handshake_done());
  EXPECT_FALSE(second.server.resumed());
  EXPECT_EQ(world_.desk.counters().revoked, 1u);
  EXPECT_NE(second.server.tsid(), first.server.tsid());
}

TEST_P(EachVersion, OpensWithOldKeysUntilTheyAreDropped) {
  Meeting first(client_, world_);
  const ClientSession session = first.Session();
  constexpr std::chrono::hours kDay{24};

  world_.desk.SetKeys(world_.desk.keys().Rotated(kTestNow, kDay));
  Meeting second(client_, world_, session);
  EXPECT_TRUE(second.server.resumed());

  world_.desk.SetKeys(world_.desk.keys().Rotated(kTestNow, {}));
  Meeting third(client_, world_, session);
  EXPECT_FALSE(third.server.resumed());
  EXPECT_TRUE(third.server.handshake_done());
}

// Conformance: TLS-10
TEST(Engine, TakesNoEarlyData) {
  ServerWorld world;
  auto client = TestClient(TlsVersion::k1_3);
  SSL_CTX_set_early_data_enabled(client->get(), 1);
  Meeting first(client, world);
  const ClientSession session = first.Session();

  EXPECT_FALSE(SSL_SESSION_early_data_capable(session.get()));
  Meeting second(client, world, session);
  EXPECT_TRUE(second.server.resumed());
  EXPECT_FALSE(SSL_early_data_accepted(second.client.ssl()));
}

// ---- Renegotiation.

// Seals one TLS 1.2 handshake record as the client would, from the keys that it
// shares with the server (AES-128-GCM), because no client of ours renegotiates.
std::string SealedByClient(const SSL* client, std::string_view message) {
  std::vector<uint8_t> keys(SSL_get_key_block_len(client));
  EXPECT_TRUE(SSL_generate_key_block(client, keys.data(), keys.size()));
  const uint8_t* key = keys.data();            // client's key, server's key,
  const uint8_t* salt = keys.data() + 2 * 16;  // client's salt, server's salt
  std::array<uint8_t, 12> nonce{};
  std::copy_n(salt, 4, nonce.begin());
  const uint64_t sequence = SSL_get_write_sequence(client);
  std::array<uint8_t, 13> associated{};
  for (int i = 0; i < 8; ++i) {
    nonce[4 + i] = associated[i] = sequence >> (56 - 8 * i) & 0xff;
  }
  associated[8] = SSL3_RT_HANDSHAKE;
  associated[9] = associated[10] = 3;
  associated[12] = static_cast<uint8_t>(message.size());

  EVP_AEAD_CTX aead;
  EXPECT_TRUE(
      EVP_AEAD_CTX_init(&aead, EVP_aead_aes_128_gcm(), key, 16, 16, nullptr));
  std::string sealed(message.size() + 16, '\0');
  size_t sealed_bytes = 0;
  EXPECT_TRUE(EVP_AEAD_CTX_seal(
      &aead, reinterpret_cast<uint8_t*>(sealed.data()), &sealed_bytes,
      sealed.size(), nonce.data(), nonce.size(),
      reinterpret_cast<const uint8_t*>(message.data()), message.size(),
      associated.data(), associated.size()));
  EVP_AEAD_CTX_cleanup(&aead);
  const size_t record_bytes = 8 + sealed.size();
  std::string record = {SSL3_RT_HANDSHAKE, 3, 3,
                        static_cast<char>(record_bytes >> 8),
                        static_cast<char>(record_bytes)};
  record.append(nonce.begin() + 4, nonce.end());
  return record + sealed;
}

// Conformance: TLS-11
TEST(Engine, RefusesToRenegotiate) {
  ServerWorld world;
  auto client = TestClient(TlsVersion::k1_2);
  SSL_CTX_set_cipher_list(client->get(), "ECDHE-ECDSA-AES128-GCM-SHA256");
  Meeting meeting(client, world);
  ASSERT_TRUE(meeting.server.handshake_done());
  std::string hello = {SSL3_MT_CLIENT_HELLO, 0, 0, 41, 3, 3};
  hello += std::string(32, 'r');  // random
  hello += std::string{0, 0, 2};  // session id, suites
  hello += "\xc0\x2b";
  hello += std::string{1, 0};  // compression
  hello.resize(4 + 41);

  const ReadStatus status =
      meeting.server_end.Take(SealedByClient(meeting.client.ssl(), hello));

  EXPECT_EQ(status, ReadStatus::kFailed);
  EXPECT_EQ(meeting.server.failure(), Failure::kRenegotiation);
  EXPECT_EQ(AlertName(meeting.server.sent_alert()), "no_renegotiation");
}

// ---- Reload.

TEST_P(EachVersion, ReloadKeepsOldConnectionsAndServesNewOnes) {
  auto old = std::make_unique<Meeting>(client_, world_);
  Engine halfway(world_.context);
  ClientEngine halfway_client(client_, "edge.test");
  End halfway_end(halfway);
  End halfway_client_end(halfway_client);
  halfway_client_end.Drain();
  std::weak_ptr<const ServerContext> old_context = world_.context;

  world_.Load({TestCertificate("new.test")});

  EXPECT_FALSE(old_context.expired());
  Exchange(halfway_client_end, halfway_end);
  EXPECT_TRUE(halfway.handshake_done());
  ASSERT_TRUE(old->server.Write("still here", old->server_end.out));
  Exchange(old->client_end, old->server_end);
  EXPECT_EQ(old->client_end.text, "still here");
  Meeting resumed(client_, world_, old->Session());
  EXPECT_TRUE(resumed.server.resumed());
}

TEST_P(EachVersion, ReloadFreesTheOldContextWithItsLastConnection) {
  auto old = std::make_unique<Meeting>(client_, world_);
  std::weak_ptr<const ServerContext> old_context = world_.context;
  world_.Load({TestCertificate("new.test")});

  old.reset();

  EXPECT_TRUE(old_context.expired());
}

}  // namespace
}  // namespace sallyport::net::tls
