#include "proxy/core_links.h"

#include "gtest/gtest.h"
#include "net/tls/test_world.h"

namespace sallyport::proxy {
namespace {

using Choice = CoreLinks::Choice;

constexpr CoreLinks::Backoff kBackoff{.min = Millis(100), .max = Millis(1000)};
constexpr net::StreamId kStream{.slot = 7, .generation = 1};
const CorePeerView kPeer{
    .endpoint = *Endpoint::Parse("192.0.2.20:5060"), .tls = false, .name = {}};
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
  const CorePeerView others[] = {
      {*Endpoint::Parse("[2001:db8::20]:5060"), false, ""},
      {kPeer.endpoint, true, ""},
      {kPeer.endpoint, true, "core.test"}};

  FailTimes(links, 5, kStart);

  EXPECT_EQ(links.Choose(kPeer, kStart).choice, Choice::kRefuse);
  for (const CorePeerView& other : others) {
    EXPECT_EQ(links.Choose(other, kStart).choice, Choice::kConnect);
  }
}

net::tls::ClientSession SomeSession() {
  static const net::tls::ServerWorld world;
  net::tls::Meeting meeting(
      net::tls::TestClient(net::tls::ClientContextOptions{}), world);
  return meeting.Session();
}

constexpr CorePeerView Secure(std::string_view name) {
  return {.endpoint = {}, .tls = true, .name = name};
}

TEST(CoreLinks, NamesAreOneWhateverTheCaseOfTheirLetters) {
  CoreLinks links(kBackoff);

  links.Connecting(Secure("core.test"), kStream);

  EXPECT_EQ(links.Choose(Secure("CORE.Test"), kStart).choice, Choice::kUse);
  EXPECT_EQ(links.Choose(Secure("core.tesu"), kStart).choice, Choice::kConnect);
}

TEST(CoreLinks, AnAddressIsProvenWhereThereIsNoName) {
  CorePeerView peer = Secure("");
  peer.endpoint = *Endpoint::Parse("[2001:db8::20]:5061");
  EXPECT_EQ(CorePeer(peer).Identity(), "2001:db8::20");
  EXPECT_EQ(CorePeer(Secure("core.test")).Identity(), "core.test");
  EXPECT_EQ(CorePeer(Secure("core.test.")).Identity(), "core.test");
}

// A session whose link did not come to stand may be why.
TEST(CoreLinks, KeepsASessionUntilALinkWithItFails) {
  CoreLinks links(kBackoff);
  const CorePeerView peer = Secure("core.test");
  const net::tls::ClientSession session = SomeSession();
  links.Connecting(peer, kStream);
  links.Connected(peer);
  links.KeepSession(peer, session);
  links.Lost(peer, kStart);
  EXPECT_FALSE(links.Session(peer).empty());

  links.Connecting(peer, kStream);
  links.Lost(peer, kStart);

  EXPECT_TRUE(links.Session(peer).empty());
  links.KeepSession(peer, session);
  links.ForgetSessions();
  EXPECT_TRUE(links.Session(peer).empty());
}

TEST(CoreLinks, ComplainsOnceUntilALinkStandsOrTheReasonIsAnother) {
  CoreLinks links(kBackoff);
  const CorePeerView peer = Secure("core.test");

  EXPECT_TRUE(links.Complain(peer, "expired"));
  EXPECT_FALSE(links.Complain(peer, "expired"));
  EXPECT_TRUE(links.Complain(Secure("other.test"), "expired"));
  EXPECT_TRUE(links.Complain(peer, "wrong_name"));
  links.Connected(peer);
  EXPECT_TRUE(links.Complain(peer, "wrong_name"));
}

TEST(CoreLinks, RefusesPeersPastItsBoundUntilIdleOnesMakeRoom) {
  CoreLinks links(kBackoff);
  CorePeerView peer = kPeer;
  for (size_t i = 0; i < CoreLinks::kPeersMax; ++i) {
    peer.endpoint.port = static_cast<uint16_t>(1000 + i);
    links.Connecting(peer, kStream);
  }
  peer.endpoint.port = 9999;

  EXPECT_EQ(links.Choose(peer, kStart).choice, Choice::kRefuse);

  CorePeerView first = kPeer;
  first.endpoint.port = 1000;
  links.Lost(first, kStart);
  EXPECT_EQ(links.Choose(peer, kStart).choice, Choice::kConnect);
}

}  // namespace
}  // namespace sallyport::proxy
