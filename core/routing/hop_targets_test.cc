#include "core/routing/hop_targets.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace sallyport::routing {
namespace {

constexpr BreakerPolicy kPolicy{};
constexpr auto kTcp = sip::Transport::kTcp;

Endpoint Host(int number) {
  return *Endpoint::Parse(absl::StrCat("192.0.2.", number, ":5060"));
}
Instant At(int64_t ms) { return Instant(Millis{ms}); }

TEST(HopTargets, AreKnownByAddressPortAndTransport) {
  HopTargets targets(8, kPolicy);
  const TargetId one = targets.FindOrAdd(Host(1), kTcp, At(0));
  EXPECT_EQ(targets.FindOrAdd(Host(1), kTcp, At(1)), one);
  EXPECT_EQ(targets.Find(Host(1), kTcp), one);
  EXPECT_FALSE(targets.Find(Host(1), sip::Transport::kUdp).valid());
  EXPECT_TRUE(targets.Knows(Host(1).address));
  EXPECT_FALSE(targets.Knows(Host(2).address));
  targets.CheckInvariants();
}

TEST(HopTargets, TheLeastRecentlyUsedMakesRoom) {
  HopTargets targets(2, kPolicy);
  targets.FindOrAdd(Host(1), kTcp, At(0));
  targets.FindOrAdd(Host(2), kTcp, At(1));
  targets.FindOrAdd(Host(1), kTcp, At(2));
  EXPECT_TRUE(targets.FindOrAdd(Host(3), kTcp, At(3)).valid());
  EXPECT_TRUE(targets.Knows(Host(1).address));
  EXPECT_FALSE(targets.Knows(Host(2).address));
  targets.CheckInvariants();
}

TEST(HopTargets, WhoIsListedStaysAndTheNewcomerIsTakenForHealthy) {
  HopTargets targets(1, kPolicy);
  ++targets.Get(targets.FindOrAdd(Host(1), kTcp, At(0)))->users;
  const TargetId none = targets.FindOrAdd(Host(2), kTcp, At(1));
  EXPECT_FALSE(none.valid());
  for (int i = 0; i < 10; ++i) targets.Failed(none, At(2));
  EXPECT_TRUE(targets.Admits(none, At(2)));
  EXPECT_FALSE(targets.AskedToRest(none, At(2)));
  targets.CheckInvariants();
}

TEST(HopTargets, OnlyWhoStandsForTheHomeCoreIsAnEntry) {
  HopTargets targets(8, kPolicy);
  const TargetId one = targets.FindOrAdd(Host(1), kTcp, At(0));
  EXPECT_FALSE(targets.IsEntry(Host(1).address));
  ++targets.Get(one)->users;
  ++targets.Get(one)->entries;
  EXPECT_TRUE(targets.IsEntry(Host(1).address));
}

TEST(HopTargets, TheVersionTellsOfEachChange) {
  HopTargets targets(8, kPolicy);
  const TargetId one = targets.FindOrAdd(Host(1), kTcp, At(0));
  uint64_t seen = targets.version();
  EXPECT_NE(seen, 0u);
  targets.Began(one, At(0));
  targets.Succeeded(one, At(0));
  targets.Failed(one, At(0));
  EXPECT_EQ(targets.version(), seen);
  targets.RestFor(one, Millis{1'000}, At(0));
  EXPECT_NE(targets.version(), seen);
}

}  // namespace
}  // namespace sallyport::routing
