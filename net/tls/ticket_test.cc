#include "net/tls/ticket.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "net/tls/crypto.h"

namespace sallyport::net::tls {
namespace {

constexpr WallTime kNow{std::chrono::seconds(1'900'000'000)};
using Refusal = TicketDesk::Refusal;

Tsid RandomTsid() {
  Tsid tsid;
  RandomBytes(tsid);
  return tsid;
}

std::string Seal(TicketDesk& desk, const Tsid& tsid,
                 std::string_view session = "the session") {
  std::vector<uint8_t> out(session.size() + TicketDesk::kOverheadBytes);
  const size_t bytes = desk.Seal(
      tsid, {reinterpret_cast<const uint8_t*>(session.data()), session.size()},
      out);
  return std::string(out.begin(), out.begin() + bytes);
}

struct Answer {
  Refusal refusal = Refusal::kNone;
  TicketIdentity identity;
  std::string session;
};

Answer Open(TicketDesk& desk, std::string_view ticket) {
  Answer answer;
  std::vector<uint8_t> session(ticket.size());
  const auto opened = desk.Open(ticket, session, &answer.refusal);
  if (opened.has_value()) {
    answer.identity = opened->identity;
    answer.session.assign(session.begin(),
                          session.begin() + opened->session_bytes);
  }
  return answer;
}

TEST(TicketDesk, OpensWhatItSealed) {
  TicketDesk desk({.home_shard = 513}, TicketKeys::Random(kNow), kNow);
  const Tsid tsid = RandomTsid();
  const std::string ticket = Seal(desk, tsid);

  const Answer answer = Open(desk, ticket);

  EXPECT_EQ(ticket.size(), 11 + TicketDesk::kOverheadBytes);
  EXPECT_EQ(answer.refusal, Refusal::kNone);
  EXPECT_EQ(answer.identity.tsid, tsid);
  EXPECT_EQ(answer.identity.home_shard, 513);
  EXPECT_EQ(answer.identity.issued_at, kNow);
  EXPECT_EQ(answer.session, "the session");
  EXPECT_EQ(TicketHome(desk.keys(), ticket), 513);
}

TEST(TicketDesk, SealsNothingWithoutRoom) {
  TicketDesk desk({}, TicketKeys::Random(kNow), kNow);
  std::vector<uint8_t> session(100);
  std::vector<uint8_t> out(100 + TicketDesk::kOverheadBytes - 1);

  EXPECT_EQ(desk.Seal(RandomTsid(), session, out), 0u);
}

TEST(TicketDesk, NeverSealsTheSameTicketTwice) {
  TicketDesk desk({}, TicketKeys::Random(kNow), kNow);
  const Tsid tsid = RandomTsid();

  EXPECT_NE(Seal(desk, tsid), Seal(desk, tsid));
}

// Conformance: TLS-09
TEST(TicketDesk, IgnoresATicketInWhichAnyBitIsChanged) {
  TicketDesk desk({}, TicketKeys::Random(kNow), kNow);
  const std::string ticket = Seal(desk, RandomTsid());
  for (size_t i = 0; i < ticket.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = ticket;
      changed[i] ^= 1 << bit;
      EXPECT_EQ(Open(desk, changed).refusal,
                i < 16 ? Refusal::kUnknownKey : Refusal::kForged);
      EXPECT_EQ(TicketHome(desk.keys(), changed), std::nullopt);
    }
  }
  EXPECT_EQ(desk.counters().accepted, 0u);
  EXPECT_EQ(desk.counters().unknown_key, 16u * 8);
}

TEST(TicketDesk, IgnoresATicketOfAnyOtherLength) {
  TicketDesk desk({}, TicketKeys::Random(kNow), kNow);
  const std::string ticket = Seal(desk, RandomTsid());
  for (size_t kept = 0; kept < ticket.size(); ++kept) {
    EXPECT_EQ(Open(desk, ticket.substr(0, kept)).refusal, Refusal::kForged);
  }

  EXPECT_EQ(Open(desk, ticket + "x").refusal, Refusal::kForged);
  EXPECT_EQ(Open(desk, std::string(kTicketBytesMax + 1, 'x')).refusal,
            Refusal::kForged);
}

struct AgeCase {
  const char* sentence;
  int64_t age_s;
  Refusal refusal;
};

// Conformance: TLS-16
TEST(TicketDesk, JudgesTheAgeOfATicket) {
  constexpr AgeCase kCases[] = {
      {"new", 0, Refusal::kNone},
      {"an hour", 3600, Refusal::kNone},
      {"the last second", 86399, Refusal::kNone},
      {"at its end", 86400, Refusal::kTooOld},
      {"long ago", 864000, Refusal::kTooOld},
      {"from a clock that is ahead of ours", -60, Refusal::kNone},
      {"from far in the future", -86400, Refusal::kTooOld},
  };
  for (const AgeCase& row : kCases) {
    TicketDesk desk({}, TicketKeys::Random(kNow), kNow);
    const std::string ticket = Seal(desk, RandomTsid());
    desk.SetNow(kNow + std::chrono::seconds(row.age_s));
    EXPECT_EQ(Open(desk, ticket).refusal, row.refusal) << row.sentence;
  }
}

// Conformance: TLS-16
TEST(TicketDesk, KeepsItsLifetimeBetweenAnHourAndSevenDays) {
  const auto keys = TicketKeys::Random(kNow);
  TicketDesk tiny({.lifetime = std::chrono::seconds(5)}, keys, kNow);
  TicketDesk usual({}, keys, kNow);
  TicketDesk huge({.lifetime = std::chrono::hours(9999)}, keys, kNow);

  EXPECT_EQ(tiny.lifetime(), std::chrono::hours(1));
  EXPECT_EQ(usual.lifetime(), std::chrono::hours(24));
  EXPECT_EQ(huge.lifetime(), std::chrono::hours(24 * 7));
}

TEST(TicketDesk, ForgetsARevocationWhenNoTicketCanCarryItAnyMore) {
  TicketDesk desk({.revoked_max = 2}, TicketKeys::Random(kNow), kNow);
  const Tsid one = RandomTsid();
  const Tsid two = RandomTsid();
  EXPECT_TRUE(desk.Revoke(one));
  desk.SetNow(kNow + std::chrono::hours(1));
  EXPECT_TRUE(desk.Revoke(two));
  EXPECT_EQ(Open(desk, Seal(desk, one)).refusal, Refusal::kRevoked);

  desk.SetNow(kNow + std::chrono::hours(24));
  EXPECT_TRUE(desk.Revoke(RandomTsid()));  // takes the room of `one`

  EXPECT_EQ(Open(desk, Seal(desk, one)).refusal, Refusal::kNone);
  EXPECT_EQ(Open(desk, Seal(desk, two)).refusal, Refusal::kRevoked);
}

TEST(RevokedSessions, DropsTheOldestAndSaysSo) {
  RevokedSessions revoked(2);
  const Tsid one = RandomTsid();
  const Tsid two = RandomTsid();
  const Tsid three = RandomTsid();

  EXPECT_TRUE(revoked.Revoke(one, kNow));
  EXPECT_TRUE(revoked.Revoke(two, kNow));
  EXPECT_TRUE(revoked.Revoke(two, kNow));  // known already
  EXPECT_FALSE(revoked.Revoke(three, kNow));

  EXPECT_EQ(revoked.size(), 2u);
  EXPECT_FALSE(revoked.Contains(one));
  EXPECT_TRUE(revoked.Contains(two));
  EXPECT_TRUE(revoked.Contains(three));
}

TEST(RevokedSessions, GoesRoundItsRing) {
  RevokedSessions revoked(7);
  std::vector<Tsid> tsids(50);
  for (size_t i = 0; i < tsids.size(); ++i) {
    tsids[i] = RandomTsid();
    const WallTime expires_at = kNow + std::chrono::seconds(i);
    revoked.DropExpired(expires_at - std::chrono::seconds(5));
    ASSERT_TRUE(revoked.Revoke(tsids[i], expires_at)) << i;
    ASSERT_LE(revoked.size(), 5u);
    for (size_t k = 0; k <= i; ++k) {
      ASSERT_EQ(revoked.Contains(tsids[k]), k + 5 > i) << k << " of " << i;
    }
  }

  revoked.Clear();
  EXPECT_EQ(revoked.size(), 0u);
  EXPECT_FALSE(revoked.Contains(tsids.back()));
  EXPECT_TRUE(revoked.Revoke(tsids.back(), kNow));
  EXPECT_TRUE(revoked.Contains(tsids.back()));
}

TEST(TicketKeys, OpensWithEveryKeyAndSealsWithTheNewest) {
  const auto old_keys = TicketKeys::Random(kNow);
  TicketDesk desk({}, old_keys, kNow);
  const Tsid tsid = RandomTsid();
  const std::string old_ticket = Seal(desk, tsid);
  constexpr std::chrono::hours kDay{24};

  const auto later = kNow + kDay;
  const auto keys = old_keys->Rotated(later, 8 * kDay);
  desk.SetKeys(keys);
  const std::string new_ticket = Seal(desk, tsid);

  EXPECT_EQ(keys->all().size(), 2u);
  EXPECT_EQ(Open(desk, old_ticket).refusal, Refusal::kNone);
  EXPECT_EQ(Open(desk, new_ticket).refusal, Refusal::kNone);
  EXPECT_EQ(TicketHome(*old_keys, new_ticket), std::nullopt);
}

TEST(TicketKeys, DropsKeysThatAreTooOldOrTooMany) {
  auto keys = TicketKeys::Random(kNow);
  for (int i = 1; i <= 30; ++i) {
    keys = keys->Rotated(kNow + std::chrono::hours(24 * i),
                         std::chrono::hours(24 * 8 + 1));
    EXPECT_LE(keys->all().size(), 9u);
  }
  for (int i = 0; i < 30; ++i) {
    keys = keys->Rotated(kNow, std::chrono::hours(9999));
  }
  EXPECT_EQ(keys->all().size(), TicketKeys::kKeysMax);
}

// The age of such a key is beyond what seconds can count.
// Source: Sallyport 5.8 (item 8)
TEST(TicketKeys, DropsAKeyOfTheBeginningOfTime) {
  const auto read = TicketKeys::FromText(std::string(32, 'a') + " " +
                                         std::string(64, 'b') +
                                         " -9223372036854775808");
  ASSERT_TRUE(read.ok()) << read.status();

  const auto keys = (*read)->Rotated(kNow, std::chrono::hours(24 * 8));

  ASSERT_EQ(keys->all().size(), 1u);
  EXPECT_EQ(keys->newest().made_at, kNow);
}

// Conformance: TLS-15
TEST(TicketKeys, SurvivesAFile) {
  const auto keys =
      TicketKeys::Random(kNow)->Rotated(kNow, std::chrono::hours(1));
  const auto read =
      TicketKeys::FromText("# keys of a test\n\n" + keys->ToText());

  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ((*read)->ToText(), keys->ToText());
}

TEST(TicketKeys, RefusesATextThatIsNotOne) {
  const std::string name(32, 'a');
  const std::string secret(64, 'b');
  for (const std::string& text :
       {std::string(), std::string("# nothing"), name, name + " " + secret,
        name + " " + secret + " soon", name + "0 " + secret + " 1",
        std::string(32, 'g') + " " + secret + " 1",
        std::string(32, '\xff') + " " + secret + " 1",
        name + " " + secret + " 1 2"}) {
    EXPECT_FALSE(TicketKeys::FromText(text).ok()) << text;
  }
}

}  // namespace
}  // namespace sallyport::net::tls
