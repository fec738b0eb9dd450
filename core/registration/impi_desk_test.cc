#include "core/registration/impi_desk.h"

#include <array>
#include <optional>

#include "gtest/gtest.h"

namespace sallyport::registration {
namespace {

constexpr ShardId kHere = 0;
constexpr Millis kLease{900'000};
constexpr Instant kStart{Millis{1'000'000}};
constexpr uint64_t kAlice = 0x1234'5678'9abc'def0;
constexpr uint64_t kBob = 0x1234'5678'9abc'def1;  // of the same hash
constexpr uint32_t kMost = 2;

// The n-th device of Alice, at home on shard n, asked for at second n.
Standing Device(uint32_t n) {
  return {.impi = kAlice,
          .device = n,
          .id = {.slot = n, .generation = 1},
          .home = static_cast<ShardId>(n),
          .active = true,
          .since = kStart + Seconds(n)};
}

Standing Away(uint32_t n, Instant ends) {
  Standing standing = Device(n);
  standing.active = false;
  standing.ends = ends;
  return standing;
}

class DeskTest : public testing::Test {
 protected:
  ~DeskTest() override { desk_.CheckInvariants(); }

  void Put(const Standing& standing, Instant now = kStart) {
    EXPECT_TRUE(desk_.Put(standing, now));
    desk_.CheckInvariants();
  }
  bool IsFull(uint64_t device, Instant now = kStart) const {
    return desk_.IsFull(kAlice, device, kMost, now);
  }
  // The slot of the one that has to go.
  std::optional<uint32_t> Excess(Instant now = kStart) {
    const auto excess = desk_.TakeExcess(kAlice, kMost, now);
    return excess ? std::optional(excess->id.slot) : std::nullopt;
  }

  ImpiDesk desk_{8, kHere, kLease};
};

TEST_F(DeskTest, HasRoomUntilTheBoundAndNotPastIt) {
  Put(Device(1));
  EXPECT_FALSE(IsFull(9));
  Put(Device(2));

  EXPECT_TRUE(IsFull(9));
  EXPECT_FALSE(Excess().has_value());
}

TEST_F(DeskTest, ADeviceThatComesBackTakesNoMoreRoom) {
  Put(Device(1));
  Put(Device(2));

  EXPECT_FALSE(IsFull(Device(2).device));
}

TEST_F(DeskTest, OneThatIsAwayMakesRoom) {
  Put(Device(1));
  Put(Away(2, kStart + Seconds(100)));

  EXPECT_FALSE(IsFull(9));
}

TEST_F(DeskTest, OtherUsersDoNotCount) {
  Put(Device(1));
  Put(Device(2));
  Standing bob = Device(3);
  bob.impi = kBob;
  Put(bob);

  EXPECT_FALSE(Excess().has_value());
  EXPECT_FALSE(desk_.IsFull(kBob, 9, kMost, kStart));
}

TEST_F(DeskTest, OfTooManyTheNewestGoes) {
  Put(Device(3));  // whatever the order in which it is heard of
  Put(Device(1));
  Put(Device(2));

  EXPECT_EQ(Excess(), 3u);
}

TEST_F(DeskTest, OfTooManyOneThatIsAwayGoesBeforeThat) {
  Put(Away(1, kStart + Seconds(200)));
  Put(Away(2, kStart + Seconds(100)));
  Put(Device(3));

  EXPECT_EQ(Excess(), 2u);
}

// Two too many: the word to the first may still be on its way.
TEST_F(DeskTest, TheSameOneIsNotSentAwayTwice) {
  for (uint32_t n = 1; n <= 4; ++n) Put(Device(n));

  EXPECT_EQ(Excess(), 4u);
  EXPECT_EQ(Excess(), 3u);
  EXPECT_FALSE(Excess().has_value());
  Put(Device(4));  // it did not hear of it
  EXPECT_EQ(Excess(), 4u);
}

TEST_F(DeskTest, TheSameAssociationStandsOnce) {
  Put(Device(1));
  Put(Away(1, kStart + Seconds(1)));
  Put(Device(1));

  EXPECT_EQ(desk_.size(), 1u);
  desk_.Remove(Device(1));
  desk_.Remove(Device(1));
  EXPECT_EQ(desk_.size(), 0u);
}

TEST_F(DeskTest, AnOlderAssociationOfADeviceDoesNotCount) {
  Put(Device(1));
  Put(Device(2));
  Standing again = Device(2);
  again.home = 5;
  again.since = kStart + Seconds(9);
  Put(again);

  EXPECT_FALSE(Excess().has_value());
  std::array<ShardId, 4> homes{};
  EXPECT_EQ(desk_.FindHomesOfDevice(again, kStart, homes), 1u);
  EXPECT_EQ(homes[0], 2);
}

TEST_F(DeskTest, AnOlderAssociationThatIsHeardOfLateDoesNotCountEither) {
  Put(Device(1));
  Standing young = Device(2);
  young.home = 5;
  young.since = kStart + Seconds(9);
  Put(young);
  Put(Device(2));

  EXPECT_FALSE(Excess().has_value());
}

TEST_F(DeskTest, TellsNoMoreHomesThanThereIsRoomFor) {
  for (uint32_t n = 1; n < 5; ++n) {
    Standing same = Device(n);
    same.device = 7;
    Put(same);
  }
  std::array<ShardId, 2> homes{};
  Standing newest = Device(6);
  newest.device = 7;

  EXPECT_EQ(desk_.FindHomesOfDevice(newest, kStart, homes), 2u);
}

TEST_F(DeskTest, KnowsWhoIsTlsFirstAndConnected) {
  Put(Device(1));
  EXPECT_FALSE(desk_.FindTlsFirst(kAlice, kStart).has_value());
  Standing first = Device(2);
  first.tls_first = true;
  Put(first);
  EXPECT_EQ(desk_.FindTlsFirst(kAlice, kStart), 2);

  first.active = false;
  Put(first);

  EXPECT_FALSE(desk_.FindTlsFirst(kAlice, kStart).has_value());
}

// Of its own associations the shard knows more than the desk.
TEST_F(DeskTest, NamesNoOneAtHome) {
  Standing own = Device(1);
  own.home = kHere;
  own.tls_first = true;
  Put(own);

  EXPECT_FALSE(desk_.FindTlsFirst(kAlice, kStart).has_value());
}

TEST_F(DeskTest, ForgetsWhatIsNotSaidAgain) {
  Put(Device(1));
  Put(Device(2));
  const Instant later = kStart + kLease - Millis(1);
  EXPECT_TRUE(IsFull(9, later));
  Put(Device(1), later);

  EXPECT_FALSE(IsFull(9, kStart + kLease));
  Put(Device(3), kStart + kLease);
  EXPECT_TRUE(IsFull(9, kStart + kLease));
}

TEST_F(DeskTest, DoesNotForgetItsOwn) {
  Standing own = Device(1);
  own.home = kHere;
  Put(own);
  Put(Device(2));

  EXPECT_TRUE(desk_.IsFull(kAlice, 9, 1, kStart + 100 * kLease));
}

TEST_F(DeskTest, TakesNoMoreThanItHasRoomFor) {
  for (uint32_t n = 1; n <= 8; ++n) Put(Device(n));

  EXPECT_FALSE(desk_.Put(Device(9), kStart));
  EXPECT_EQ(desk_.size(), 8u);
}

// What ran out gives its room to those who come, though nobody asks for it.
TEST_F(DeskTest, WhatRanOutMakesRoom) {
  for (uint32_t n = 1; n <= 8; ++n) Put(Device(n));
  const Instant later = kStart + 2 * kLease;

  for (uint32_t n = 11; n <= 18; ++n) Put(Device(n), later);

  EXPECT_EQ(desk_.size(), 8u);
  EXPECT_TRUE(desk_.IsFull(kAlice, 9, 8, later));
}

// ---- keys

constexpr uint64_t kSecret = 42;

TEST(ImpiKey, IsEqualWhereImpisAre) {
  const uint64_t key = ImpiKey("alice@ims.example.com", kSecret);

  EXPECT_EQ(key, ImpiKey("alice@IMS.example.com", kSecret));
  EXPECT_NE(key, ImpiKey("Alice@ims.example.com", kSecret));
  EXPECT_NE(key, ImpiKey("alice@ims.example.com", kSecret + 1));
  EXPECT_EQ(ImpiKey("", kSecret), 0u);
}

uint64_t KeyOf(std::string_view contact_uri) {
  return DeviceKey("", 0, contact_uri, kSecret);
}

TEST(DeviceKey, IsThatOfTheInstanceWhereThereIsOne) {
  const uint64_t key = DeviceKey("urn:uuid:1", 0, "sip:a@10.0.0.1", kSecret);

  EXPECT_EQ(key, DeviceKey("urn:uuid:1", 0, "sip:a@10.0.0.2", kSecret));
  EXPECT_NE(key, DeviceKey("urn:uuid:1", 2, "sip:a@10.0.0.1", kSecret));
  EXPECT_NE(key, DeviceKey("urn:uuid:2", 0, "sip:a@10.0.0.1", kSecret));
}

TEST(DeviceKey, IsThatOfTheContactOtherwise) {
  const uint64_t key = KeyOf("sip:a@Phone.test:5062;transport=tls");

  EXPECT_EQ(key, KeyOf("sip:a@phone.test:5062;transport=TLS"));
  EXPECT_EQ(key, KeyOf("sip:a@phone.test:5062 sip:a@other.test"));
  EXPECT_NE(key, KeyOf("sip:b@phone.test:5062"));
  EXPECT_NE(key, KeyOf("sip:a@phone.test:5063"));
  EXPECT_NE(key, KeyOf("sip:a@other.test:5062"));
}

}  // namespace
}  // namespace sallyport::registration
