#include "net/tls/client_hello.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "net/tls/test_world.h"

namespace sallyport::net::tls {
namespace {

std::string U16(size_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}
std::string Prefixed16(const std::string& bytes) {
  return U16(bytes.size()) + bytes;
}
std::string Extension(size_t type, const std::string& data) {
  return U16(type) + Prefixed16(data);
}
std::string Hello(const std::string& extensions) {
  const std::string body = std::string("\x03\x03") + std::string(32, 'r') +
                           std::string(1, '\0') + Prefixed16("\x13\x01") +
                           std::string("\x01\x00", 2) + Prefixed16(extensions);
  return std::string("\x01\x00", 2) + U16(body.size()) + body;
}
std::string Record(const std::string& message) {
  return std::string("\x16\x03\x01") + Prefixed16(message);
}
// identity, obfuscated age; then one binder.
std::string PreSharedKey(const std::string& identity) {
  return Prefixed16(Prefixed16(identity) + "aged") +
         Prefixed16(std::string(1, 32) + std::string(32, 'b'));
}

constexpr size_t kSessionTicket = 35;
constexpr size_t kPreSharedKey = 41;

struct PeekCase {
  const char* sentence;
  std::string received;
  HelloVerdict verdict;
  const char* ticket;
};

TEST(PeekClientHello, FindsTheTicket) {
  const PeekCase cases[] = {
      {"no extension", Record(Hello("")), HelloVerdict::kHello, ""},
      {"another extension", Record(Hello(Extension(0, "name"))),
       HelloVerdict::kHello, ""},
      {"TLS 1.2 without a ticket yet",
       Record(Hello(Extension(kSessionTicket, ""))), HelloVerdict::kHello, ""},
      {"TLS 1.2", Record(Hello(Extension(kSessionTicket, "old"))),
       HelloVerdict::kHello, "old"},
      {"TLS 1.3", Record(Hello(Extension(kPreSharedKey, PreSharedKey("new")))),
       HelloVerdict::kHello, "new"},
      {"both: that of TLS 1.3",
       Record(Hello(Extension(kSessionTicket, "old") +
                    Extension(kPreSharedKey, PreSharedKey("new")))),
       HelloVerdict::kHello, "new"},
      {"an identity longer than its list",
       Record(Hello(Extension(kPreSharedKey, U16(4) + U16(9) + "short"))),
       HelloVerdict::kHello, ""},
      {"an extension longer than the hello",
       Record(Hello(U16(kSessionTicket) + U16(99) + "short")),
       HelloVerdict::kHello, ""},
      {"a hello that goes on in another record",
       Record(Hello(Extension(kSessionTicket, "old")).substr(0, 40)),
       HelloVerdict::kHello, ""},
      {"a record longer than any", std::string("\x16\x03\x01\xff\xff", 5),
       HelloVerdict::kHello, ""},
      {"a record without room for a message",
       std::string("\x16\x03\x01\x00\x00", 5), HelloVerdict::kHello, ""},
      {"another handshake message", Record(std::string("\x02\0\0\0", 4)),
       HelloVerdict::kHello, ""},
      {"SIP", "REGISTER sip:home.test SIP/2.0", HelloVerdict::kNotTls, ""},
      {"another record type", "\x17\x03\x03", HelloVerdict::kNotTls, ""},
      {"another major version", "\x16\x02", HelloVerdict::kNotTls, ""},
      {"nothing yet", "", HelloVerdict::kNeedMore, ""},
      {"one octet", "\x16", HelloVerdict::kNeedMore, ""},
  };
  for (const PeekCase& row : cases) {
    const HelloPeek peek = PeekClientHello(row.received);
    EXPECT_EQ(peek.verdict, row.verdict)
        << row.sentence << ": " << ToString(peek.verdict);
    EXPECT_EQ(peek.ticket, row.ticket) << row.sentence;
  }
}

class RealHello : public testing::TestWithParam<TlsVersion> {
 protected:
  // The first flight of a client that resumes, and its ticket.
  void SetUp() override {
    auto client = TestClient(GetParam());
    Meeting first(client, world_);
    session_ = first.Session();
    ClientEngine again(client, "edge.test", session_);
    End end(again);
    end.Drain();
    hello_ = end.out.bytes;
  }

  ServerWorld world_{TicketKeys::Random(kTestNow), {.home_shard = 5}};
  ClientSession session_;
  std::string hello_;
};
INSTANTIATE_TEST_SUITE_P(PeekClientHello, RealHello,
                         testing::Values(TlsVersion::k1_2, TlsVersion::k1_3));

// Conformance: TLS-15
TEST_P(RealHello, SaysTheHomeShardOfItsTicket) {
  const HelloPeek peek = PeekClientHello(hello_);

  EXPECT_EQ(peek.verdict, HelloVerdict::kHello);
  EXPECT_EQ(peek.ticket, session_.ticket());
  EXPECT_EQ(TicketHome(world_.desk.keys(), peek.ticket), 5);
  EXPECT_EQ(TicketHome(*TicketKeys::Random(kTestNow), peek.ticket),
            std::nullopt);
}

TEST_P(RealHello, NeedsMoreWhereverItIsCut) {
  for (size_t kept = 0; kept < hello_.size(); ++kept) {
    // An allocation of its own: a read past the end is seen by the sanitizer.
    const std::vector<char> cut(hello_.begin(), hello_.begin() + kept);
    EXPECT_EQ(PeekClientHello({cut.data(), cut.size()}).verdict,
              HelloVerdict::kNeedMore);
  }
}

TEST_P(RealHello, SurvivesAnyChangedOctet) {
  for (size_t i = 0; i < hello_.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      std::vector<char> changed(hello_.begin(), hello_.end());
      changed[i] = static_cast<char>(value);
      const HelloPeek peek = PeekClientHello({changed.data(), changed.size()});
      EXPECT_LE(peek.ticket.size(), changed.size());
    }
  }
}

}  // namespace
}  // namespace sallyport::net::tls
