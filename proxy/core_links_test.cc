#include "proxy/core_links.h"

#include "gtest/gtest.h"

namespace sallyport::proxy {
namespace {

using Choice = CoreLinks::Choice;

constexpr CoreLinks::Backoff kBackoff{.min = Millis(100), .max = Millis(1000)};
constexpr net::StreamId kStream{.slot = 7, .generation = 1};
const Endpoint kPeer = *Endpoint::Parse("192.0.2.20:5060");
const Instant kStart = Instant(Millis(1000));

// A link that never came up, `times` times.
void FailTimes(CoreLinks& links, int times, Instant now) {
  for (int i = 0; i < times; ++i) {
    links.Connecting(kPeer, kStream);
    links.Lost(kPeer, now);
  }
}

TEST(CoreLinks, ConnectsToAPeerThatIsNew) {
  CoreLinks links(kBackoff);

  EXPECT_EQ(links.Choose(kPeer, kStart).choice, Choice::kConnect);
}

TEST(CoreLinks, UsesALinkFromTheMomentItIsBegun) {
  CoreLinks links(kBackoff);

  links.Connecting(kPeer, kStream);

  EXPECT_EQ(links.Choose(kPeer, kStart).choice, Choice::kUse);
  EXPECT_EQ(links.Choose(kPeer, kStart).stream, kStream);
}

TEST(CoreLinks, ConnectsAgainAtOnceAfterALinkThatStood) {
  CoreLinks links(kBackoff);
  links.Connecting(kPeer, kStream);
  links.Connected(kPeer);

  links.Lost(kPeer, kStart);

  EXPECT_EQ(links.Choose(kPeer, kStart).choice, Choice::kConnect);
}

TEST(CoreLinks, WaitsAfterTheSecondFailureInARow) {
  CoreLinks links(kBackoff);

  FailTimes(links, 2, kStart);

  EXPECT_EQ(links.Choose(kPeer, kStart + Millis(99)).choice, Choice::kRefuse);
  EXPECT_EQ(links.Choose(kPeer, kStart + Millis(100)).choice, Choice::kConnect);
}

TEST(CoreLinks, DoublesTheWaitUpToItsBound) {
  CoreLinks links(kBackoff);

  FailTimes(links, 3, kStart);
  EXPECT_EQ(links.Choose(kPeer, kStart + Millis(199)).choice, Choice::kRefuse);
  EXPECT_EQ(links.Choose(kPeer, kStart + Millis(200)).choice, Choice::kConnect);

  FailTimes(links, 20, kStart);
  EXPECT_EQ(links.Choose(kPeer, kStart + Millis(999)).choice, Choice::kRefuse);
  EXPECT_EQ(links.Choose(kPeer, kStart + Millis(1000)).choice,
            Choice::kConnect);
}

TEST(CoreLinks, ForgetsFailuresOnceALinkStands) {
  CoreLinks links(kBackoff);
  FailTimes(links, 5, kStart);

  links.Connecting(kPeer, kStream);
  links.Connected(kPeer);
  links.Lost(kPeer, kStart);

  EXPECT_EQ(links.Choose(kPeer, kStart).choice, Choice::kConnect);
}

TEST(CoreLinks, KeepsPeersApart) {
  CoreLinks links(kBackoff);
  const Endpoint other = *Endpoint::Parse("[2001:db8::20]:5060");

  FailTimes(links, 5, kStart);

  EXPECT_EQ(links.Choose(kPeer, kStart).choice, Choice::kRefuse);
  EXPECT_EQ(links.Choose(other, kStart).choice, Choice::kConnect);
}

TEST(CoreLinks, RefusesPeersPastItsBoundUntilIdleOnesMakeRoom) {
  CoreLinks links(kBackoff);
  Endpoint peer = kPeer;
  for (size_t i = 0; i < CoreLinks::kPeersMax; ++i) {
    peer.port = static_cast<uint16_t>(1000 + i);
    links.Connecting(peer, kStream);
  }
  peer.port = 9999;

  EXPECT_EQ(links.Choose(peer, kStart).choice, Choice::kRefuse);

  Endpoint first = kPeer;
  first.port = 1000;
  links.Lost(first, kStart);
  EXPECT_EQ(links.Choose(peer, kStart).choice, Choice::kConnect);
}

}  // namespace
}  // namespace sallyport::proxy
