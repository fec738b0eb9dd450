// Next hops of an Edge: names that are resolved, entry points that fail, rest
// and come back (spec 6.4, 6.8, E24, E25).
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/testing/edge_harness.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

constexpr auto kTcp = sip::Transport::kTcp;

Endpoint Host(int number) {
  return *Endpoint::Parse(absl::StrCat("192.0.2.", number, ":5060"));
}

// One entry point, a name; no other core peers.
EdgeConfig ByName() {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.home_core = {{.endpoint = {},
                       .transport = kTcp,
                       .host = "core.ims.example.com"}};
  config.core_peers.clear();
  return config;
}

// Nothing is configured but the domain that is served.
EdgeConfig ByDomain() {
  EdgeConfig config = ByName();
  config.home_core.clear();
  return config;
}

// Which of 192.0.2.* the only message went to; 0: none, or an answer.
int WentTo(const EdgeHarness& net) {
  if (net.sent().size() != 1 || !net.Only().to_core) return 0;
  return net.Only().to.peer.address.octets()[3];
}

int Register(EdgeHarness& net) {
  net.Receive(net.OpenTls(), RegisterText{}.Text());
  return WentTo(net);
}

// ---------------------------------------------------------------- the home core

TEST(HomeName, IsResolvedBeforeAnybodyRegisters) {
  EdgeHarness net(ByName());
  net.Advance(Millis(1));
  ASSERT_EQ(net.asked.size(), 1u);
  EXPECT_EQ(net.asked[0].host, "core.ims.example.com");
  EXPECT_EQ(net.asked[0].transport, kTcp);
  net.Resolve(net.asked[0], {{Host(51), kTcp}});
  EXPECT_EQ(Register(net), 51);
}

TEST(HomeName, IsResolvedAgainWhenItsTimeIsOver) {
  EdgeHarness net(ByName());
  net.Advance(Millis(1));
  net.Resolve(net.asked[0], {{Host(51), kTcp}}, Seconds(10));
  net.Advance(Seconds(9));
  EXPECT_EQ(net.asked.size(), 1u);
  net.Advance(Seconds(2));
  ASSERT_EQ(net.asked.size(), 2u);
  EXPECT_EQ(Register(net), 51);  // the old answer, until there is a new one
  net.Resolve(net.asked[1], {{Host(52), kTcp}}, Seconds(10));
  EXPECT_EQ(Register(net), 52);
}

// Conformance: REG-26
TEST(HomeName, AFailedResolutionLeavesWhatIsKnownForAWhile) {
  EdgeConfig config = ByName();
  config.core_stale_max = Seconds(60);
  EdgeHarness net(config);
  net.Advance(Millis(1));
  net.Resolve(net.asked[0], {{Host(51), kTcp}}, Seconds(10));
  for (int i = 0; i < 20; ++i) {
    const size_t before = net.asked.size();
    net.Advance(Seconds(6));
    if (net.asked.size() > before) {
      net.ResolveFails(net.asked.back(), HostOutcome::kFailed);
    }
    if (i == 8) {
      EXPECT_EQ(Register(net), 51);
    }
  }
  EXPECT_EQ(Register(net), 0);
  EXPECT_EQ(StatusOf(net.OnlyText()), 504);
}

// Conformance: REG-30
TEST(HomeName, AllItsAddressesAreTried) {
  EdgeHarness net(ByName());
  net.Advance(Millis(1));
  net.Resolve(net.asked[0], {{Host(52), kTcp, 2}, {Host(51), kTcp, 1}});
  EXPECT_EQ(Register(net), 51);
  net.PeerLost({Host(51), kTcp, ""});
  EXPECT_EQ(WentTo(net), 52);
  EXPECT_EQ(net.Count(CounterId::kNextHopRetries), 1u);
  net.PeerLost({Host(52), kTcp, ""});
  EXPECT_EQ(StatusOf(net.OnlyText()), 504);
}

TEST(HomeName, ItsAddressesAreCorePeers) {
  EdgeHarness net(ByName());
  net.Advance(Millis(1));
  const std::string text =
      RequestText{.method = "OPTIONS", .via = "SIP/2.0/TCP 192.0.2.51:5060"}
          .Text();
  net.Receive(net.OpenCore("192.0.2.51:40000"), text);
  EXPECT_TRUE(net.sent().empty());
  EXPECT_EQ(net.Count(CounterId::kDiscardForeignPeer), 1u);
  EXPECT_FALSE(net.edge().IsCorePeer(Host(51).address));
  net.Resolve(net.asked[0], {{Host(51), kTcp}});
  EXPECT_TRUE(net.edge().IsCorePeer(Host(51).address));
  net.Receive(net.OpenCore("192.0.2.51:40001"), text);
  EXPECT_EQ(StatusOf(net.OnlyText()), 404);
}

// Conformance: REG-26
TEST(Domain, IsResolvedWhereItIsServedAndNoOther) {
  EdgeConfig config = ByDomain();
  config.home_domains = {"ims.example.com", "other.example.com"};
  EdgeHarness net(config);
  net.Advance(Millis(1));
  ASSERT_EQ(net.asked.size(), 2u);
  EXPECT_EQ(net.asked[0].host, "ims.example.com");
  EXPECT_EQ(net.asked[0].port, 0);
  EXPECT_FALSE(net.asked[0].transport);
  net.Resolve(net.asked[0], {{Host(51), sip::Transport::kUdp}});
  EXPECT_EQ(Register(net), 51);
  EXPECT_EQ(net.Only().to.transport, sip::Transport::kUdp);
  // Port and transport of a UE's Request-URI do not say where it goes.
  net.Receive(net.OpenTls(),
              Replaced(RegisterText{}.Text(), "REGISTER sip:ims.example.com",
                       "REGISTER sip:IMS.example.com:99;transport=tcp"));
  EXPECT_EQ(WentTo(net), 51);
  EXPECT_EQ(net.Only().to.peer.port, 5060);
  net.Receive(net.OpenTls(),
              Replaced(RegisterText{}.Text(), "REGISTER sip:ims.example.com",
                       "REGISTER sip:evil.example.net"));
  EXPECT_EQ(StatusOf(net.OnlyText()), 403);
  EXPECT_EQ(net.asked.size(), 2u);
}

// An open proxy would let a UE choose whom we ask for.
TEST(Domain, WithoutServedOnesNothingIsResolved) {
  EdgeConfig config = ByDomain();
  config.home_domains.clear();
  EdgeHarness net(config);
  EXPECT_EQ(Register(net), 0);
  EXPECT_EQ(StatusOf(net.OnlyText()), 504);
  EXPECT_TRUE(net.asked.empty());
}

// ---------------------------------------------------------------- waiting

TEST(Waiting, RequestsGoWhenTheAnswerComes) {
  EdgeHarness net(ByName());
  const FlowId a = net.OpenTls(), b = net.OpenTls();
  net.Receive(a, RegisterText{.response = "r"}.Text());
  net.Receive(b, RegisterText{.user = "bob", .impi = "bob@x"}.Text());
  EXPECT_TRUE(net.sent().empty());
  EXPECT_EQ(net.asked.size(), 1u);  // one question for both
  net.Resolve(net.asked[0], {{Host(51), kTcp}});
  ASSERT_EQ(net.sent().size(), 2u);
  EXPECT_TRUE(Contains(net.sent()[0].text, "tls-pending"));
  EXPECT_TRUE(net.sent()[1].to_core);
  const Sent first = net.sent()[0];
  net.GrantFromCore(first, 600, EdgeHarness::kIdentities);
  EXPECT_EQ(StatusOf(net.OnlyText()), 200);
  EXPECT_EQ(net.Only().to.flow, a);
}

// Conformance: REG-26
TEST(Waiting, Ends504InTime) {
  EdgeHarness net(ByName());
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{}.Text());
  net.Advance(Millis(4'900));
  EXPECT_TRUE(net.sent().empty());
  net.Advance(Millis(200));
  EXPECT_EQ(StatusOf(net.OnlyText()), 504);
  EXPECT_EQ(net.Only().to.flow, phone);
  EXPECT_EQ(net.totals().transactions, 0u);
  net.Resolve(net.asked[0], {{Host(51), kTcp}});  // too late for it
  EXPECT_TRUE(net.sent().empty());
}

// Conformance: REG-26
TEST(Waiting, EndsAtOnceWhenThereIsNoSuchName) {
  for (const HostOutcome outcome :
       {HostOutcome::kNoName, HostOutcome::kNoRecords, HostOutcome::kFailed}) {
    EdgeHarness net(ByName());
    net.Receive(net.OpenTls(), RegisterText{}.Text());
    net.ResolveFails(net.asked[0], outcome);
    EXPECT_EQ(StatusOf(net.OnlyText()), 504);
    EXPECT_EQ(Register(net), 0);
    EXPECT_EQ(StatusOf(net.OnlyText()), 504) << "nobody waits for a failure";
  }
}

TEST(Waiting, AUeThatLeavesWaitsNoMore) {
  EdgeHarness net(ByName());
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{}.Text());
  net.Close(phone);
  net.Resolve(net.asked[0], {{Host(51), kTcp}});
  net.Advance(Seconds(40));
  EXPECT_EQ(net.totals().transactions, 0u);
  EXPECT_EQ(net.totals().associations_reserved, 0u);
}

TEST(Waiting, RetransmissionsAreAbsorbed) {
  EdgeHarness net(ByName());
  const FlowId udp = net.ClearUdp();
  const std::string text =
      RegisterText{
          .transport = "UDP", .branch = "z9hG4bKagain", .secagree = true}
          .Text();
  net.ReceiveFrom(udp, "203.0.113.25:5062", text);
  net.ReceiveFrom(udp, "203.0.113.25:5062", text);
  EXPECT_EQ(net.totals().transactions, 1u);
  net.Advance(Millis(1));
  net.Resolve(net.asked[0], {{Host(51), kTcp}});
  EXPECT_EQ(WentTo(net), 51);
}

// An address, and a name for when it fails.
EdgeConfig ByAddressAndName() {
  EdgeConfig config = ByName();
  config.home_core.insert(
      config.home_core.begin(),
      {.endpoint = Host(20), .transport = kTcp, .host = "192.0.2.20"});
  return config;
}

// Conformance: REG-26
TEST(Waiting, EndsWithWhatHasRestedMeanwhile) {
  EdgeHarness net(ByAddressAndName());
  EXPECT_EQ(Register(net), 20);
  net.AnswerFromCore(net.Only(), 503, "Retry-After: 2\r\n");
  EXPECT_EQ(Register(net), 0);
  EXPECT_TRUE(net.sent().empty());
  net.Advance(Millis(4'900));
  EXPECT_TRUE(net.sent().empty());
  net.Advance(Millis(200));
  ASSERT_EQ(net.sent().size(), 2u);  // the first has tried it already
  EXPECT_EQ(StatusOf(net.sent()[0].text), 504);
  EXPECT_TRUE(net.sent()[1].to_core);
  EXPECT_EQ(net.sent()[1].to.peer, Host(20));
}

// Conformance: REG-26
TEST(Waiting, EndsWith503WhenWhatIsKnownStillRests) {
  EdgeHarness net(ByAddressAndName());
  EXPECT_EQ(Register(net), 20);
  net.AnswerFromCore(net.Only(), 503, "Retry-After: 30\r\n");
  net.Advance(Millis(100));
  EXPECT_EQ(Register(net), 0);
  net.Advance(Millis(4'950));  // the first has tried all there is
  EXPECT_EQ(StatusOf(net.OnlyText()), 504);
  net.Advance(Millis(100));
  EXPECT_EQ(StatusOf(net.OnlyText()), 503);
  EXPECT_NE(Row(net.OnlyText(), "Retry-After"), "");
}

// ---------------------------------------------------------------- 503

// Conformance: REG-26, REG-30
TEST(RetryAfter, ANameThatIsNotResolvedYetIsWaitedFor) {
  EdgeHarness net(ByAddressAndName());
  net.Advance(Millis(1));
  EXPECT_EQ(Register(net), 20);
  net.AnswerFromCore(net.Only(), 503, "Retry-After: 10\r\n");
  EXPECT_TRUE(net.sent().empty());
  net.Resolve(net.asked[0], {{Host(51), kTcp}});
  EXPECT_EQ(WentTo(net), 51);
}

// Conformance: REG-30, PROXY-28
TEST(RetryAfter, AnotherEntryPointServesMeanwhile) {
  EdgeHarness net;
  EXPECT_EQ(Register(net), 20);
  net.AnswerFromCore(net.Only(), 503, "Retry-After: 10 (busy);duration=5\r\n");
  EXPECT_EQ(WentTo(net), 21);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Register(net), 21);
  net.Advance(Millis(10'100));
  EXPECT_EQ(Register(net), 20);  // the probe
  const Sent probe = net.Only();
  EXPECT_EQ(Register(net), 21);
  net.AnswerFromCore(probe, 401);
  EXPECT_EQ(Register(net), 20);
}

// Conformance: PROXY-28
TEST(RetryAfter, OfAllIsPassedOnToUes) {
  EdgeHarness net;
  Register(net);
  net.AnswerFromCore(net.Only(), 503, "Retry-After: 10\r\n");
  net.AnswerFromCore(net.Only(), 503, "Retry-After: 10\r\n");
  EXPECT_EQ(StatusOf(net.OnlyText()), 500);  // Source: RFC 3261 16.7 step 6
  EXPECT_EQ(Register(net), 0);
  EXPECT_EQ(StatusOf(net.OnlyText()), 503);
  EXPECT_NE(Row(net.OnlyText(), "Retry-After"), "");
  net.Advance(Millis(10'100));
  EXPECT_EQ(Register(net), 20);
}

// Conformance: PROXY-28
TEST(RetryAfter, IsPassedOnWhenTheOthersFail) {
  for (const bool lost : {false, true}) {
    EdgeHarness net;
    Register(net);
    net.AnswerFromCore(net.Only(), 503, "Retry-After: 10\r\n");
    net.AnswerFromCore(net.Only(), 401);
    EXPECT_EQ(Register(net), 21);
    lost ? net.PeerLost(net.config().home_core[1])
         : net.AnswerFromCore(net.Only(), 503);
    EXPECT_EQ(StatusOf(net.OnlyText()), 503) << lost;
    EXPECT_NE(Row(net.OnlyText(), "Retry-After"), "");
  }
}

TEST(RetryAfter, IsBounded) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.core_rest_max = Seconds(20);
  EdgeHarness net(config);
  Register(net);
  net.AnswerFromCore(net.Only(), 503, "Retry-After: 4294967295\r\n");
  net.Advance(Millis(20'100));
  EXPECT_EQ(Register(net), 20);
}

// ---------------------------------------------------------------- breakers

// Conformance: REG-30
TEST(Breakers, WhatFailedInARowIsAskedLast) {
  EdgeHarness net;
  const CoreTarget& first = net.config().home_core[0];
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Register(net), 20);
    net.PeerLost(first);
    EXPECT_EQ(WentTo(net), 21);
    net.AnswerFromCore(net.Only(), 401);
  }
  EXPECT_EQ(Register(net), 21);
  // With the other one gone as well, the guess is tried.
  net.PeerLost(net.config().home_core[1]);
  EXPECT_EQ(WentTo(net), 20);
}

// Conformance: REG-30, PROXY-30
TEST(Breakers, SilenceCounts) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  for (int i = 1; i <= 3; ++i) {
    net.Receive(phone, RegisterText{.cseq = i}.Text());
    EXPECT_EQ(WentTo(net), 20);
    net.Advance(Millis(32'100));
    ASSERT_EQ(WentTo(net), 21);
    net.AnswerFromCore(net.Only(), 401);
  }
  net.Receive(phone, RegisterText{.cseq = 9}.Text());
  EXPECT_EQ(WentTo(net), 21);
}

TEST(Breakers, EndWhenNobodyWaitsAnyMore) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.home_core.clear();
  for (int i = 20; i < 28; ++i) {
    config.home_core.push_back({Host(i), kTcp, absl::StrCat("h", i)});
  }
  EdgeHarness net(config);
  const FlowId phone = net.OpenTls();
  net.Receive(phone, RegisterText{}.Text());
  for (int i = 21; i < 24; ++i) {
    net.Advance(Millis(32'100));
    EXPECT_EQ(WentTo(net), i);
  }
  net.Advance(Millis(32'100));
  EXPECT_EQ(StatusOf(net.OnlyText()), 504);
}

// ---------------------------------------------------------------- Service-Route

// A phone whose Service-Route is a name.
struct World {
  explicit World(std::string_view route = "<sip:orig@scscf.example.net;lr>") {
    phone = net.OpenTls();
    net.Associate(phone, {}, absl::StrCat("Service-Route: ", route, "\r\n"));
  }
  void Send(int cseq = 1) {
    net.Receive(phone, RequestText{.cseq = cseq, .body = "hello"}.Text());
  }
  EdgeHarness net;
  FlowId phone;
};

TEST(ServiceRoute, NamesAreResolvedOnceForAll) {
  World w;
  w.Send();
  w.Send(2);
  EXPECT_TRUE(w.net.sent().empty());
  ASSERT_EQ(w.net.asked.size(), 1u);
  EXPECT_EQ(w.net.asked[0].host, "scscf.example.net");
  w.net.Resolve(w.net.asked[0], {{Host(31), kTcp}});
  ASSERT_EQ(w.net.sent().size(), 2u);
  EXPECT_EQ(w.net.sent()[0].to.peer, Host(31));
  EXPECT_TRUE(Contains(w.net.sent()[0].text, "\r\n\r\nhello"));
  EXPECT_TRUE(Contains(Row(w.net.sent()[0].text, "Route"), "scscf.example"));
  w.Send(3);
  EXPECT_EQ(WentTo(w.net), 31);
  EXPECT_EQ(w.net.asked.size(), 1u);
}

TEST(ServiceRoute, PortAndTransportArePartOfTheQuestion) {
  World w("<sip:orig@scscf.example.net:5070;transport=udp;lr>");
  w.Send();
  ASSERT_EQ(w.net.asked.size(), 1u);
  EXPECT_EQ(w.net.asked[0].port, 5070);
  EXPECT_EQ(w.net.asked[0].transport, sip::Transport::kUdp);
}

// Conformance: ORIG-21
TEST(ServiceRoute, TheNextAddressIsTriedAndThenItIs504) {
  World w;
  w.Send();
  w.net.Resolve(w.net.asked[0], {{Host(31), kTcp, 1}, {Host(32), kTcp, 2}});
  EXPECT_EQ(WentTo(w.net), 31);
  const Sent first = w.net.Only();
  w.net.PeerLost({Host(31), kTcp, ""});
  EXPECT_EQ(WentTo(w.net), 32);
  EXPECT_NE(Row(w.net.OnlyText(), "Via"), Row(first.text, "Via"));
  EXPECT_TRUE(Contains(w.net.OnlyText(), "\r\n\r\nhello"));
  w.net.PeerLost({Host(32), kTcp, ""});
  EXPECT_EQ(StatusOf(w.net.OnlyText()), 504);
}

// Conformance: ORIG-21
TEST(ServiceRoute, ANameThatLeadsNowhereIs504) {
  World w;
  w.Send();
  w.net.ResolveFails(w.net.asked[0], HostOutcome::kNoName, Seconds(60));
  EXPECT_EQ(StatusOf(w.net.OnlyText()), 504);
  w.Send(2);
  EXPECT_EQ(StatusOf(w.net.OnlyText()), 504);
  EXPECT_EQ(w.net.asked.size(), 1u);  // remembered
  w.net.Advance(Seconds(61));
  w.Send(3);
  EXPECT_EQ(w.net.asked.size(), 2u);
  w.net.Advance(Millis(5'100));
  EXPECT_EQ(StatusOf(w.net.OnlyText()), 504);  // the wait is bounded
}

TEST(ServiceRoute, A503MovesOnAndRestsNobody) {
  World w;
  w.Send();
  w.net.Resolve(w.net.asked[0], {{Host(31), kTcp, 1}, {Host(32), kTcp, 2}});
  w.net.AnswerFromCore(w.net.Only(), 503, "Retry-After: 60\r\n");
  EXPECT_EQ(WentTo(w.net), 32);
  w.net.AnswerFromCore(w.net.Only(), 503, "Retry-After: 60\r\n");
  EXPECT_EQ(StatusOf(w.net.OnlyText()), 500);
  w.Send(2);
  EXPECT_EQ(WentTo(w.net), 31);
}

// Conformance: TERM-14
TEST(ServiceRoute, ItsHostMayAnswerButNotAsk) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.core_peers.clear();
  EdgeHarness net(config);
  const FlowId phone = net.OpenTls();
  net.Associate(phone, {},
                "Service-Route: <sip:orig@scscf.example.net;lr>\r\n");
  net.Receive(phone, RequestText{}.Text());
  net.Resolve(net.asked[0], {{Host(31), kTcp}});
  const Sent forwarded = net.Only();
  net.Receive(net.CoreLink(Host(31)),
              RequestText{.method = "OPTIONS",
                          .via = "SIP/2.0/TCP 192.0.2.31:5060"}
                  .Text());
  EXPECT_TRUE(net.sent().empty());
  EXPECT_EQ(net.Count(CounterId::kDiscardForeignPeer), 1u);
  net.AnswerFromCore(forwarded, 200);
  EXPECT_EQ(StatusOf(net.OnlyText()), 200);
  net.Advance(Seconds(60));
  EXPECT_TRUE(net.IsOpen(net.CoreLink(Host(31))));
}

TEST(ServiceRoute, AnAssociationThatEndsTakesItsRequestsAlong) {
  World w;
  w.Send();
  w.net.Advance(Millis(100));
  w.net.Close(w.phone);
  w.net.Resolve(w.net.asked[0], {{Host(31), kTcp}});
  w.net.Advance(Seconds(40));
  EXPECT_EQ(w.net.totals().transactions, 0u);
}

// ---------------------------------------------------------------- probes

EdgeConfig Probing() {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.core_probe_interval = Seconds(30);
  config.timer_f_core = Seconds(2);
  config.core_failures_max = 2;
  return config;
}

// Answers all probes that left, but those to `silent`.
int AnswerProbes(EdgeHarness& net, int code, int silent = 0) {
  int probes = 0;
  for (const Sent& sent : std::vector<Sent>(net.sent())) {
    if (!Contains(sent.text, "OPTIONS sip:192.0.2.")) continue;
    ++probes;
    if (sent.to.peer.address.octets()[3] == silent) continue;
    net.AnswerFromCore(sent, code, code == 503 ? "Retry-After: 20\r\n" : "");
    EXPECT_TRUE(net.sent().empty());
  }
  return probes;
}

// Time passes, and each probe is answered when it comes.
int Live(EdgeHarness& net, int seconds, int code, int silent = 0) {
  int probes = 0;
  for (int i = 0; i < seconds; ++i) {
    net.Advance(Seconds(1));
    probes += AnswerProbes(net, code, silent);
  }
  return probes;
}

TEST(Probes, GoToEachEntryPointOfWhichNothingIsHeard) {
  EdgeHarness net(Probing());
  EXPECT_EQ(Live(net, 30, 200), 2);
  EXPECT_EQ(net.totals().transactions, 0u);
  EXPECT_EQ(Live(net, 300, 200), 20);
  int probes = 0;
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(Register(net), 20);
    net.AnswerFromCore(net.Only(), 401);  // this one is heard
    probes += Live(net, 10, 200);
  }
  EXPECT_EQ(probes, 10);
}

TEST(Probes, SilenceOpensAndAnyAnswerCloses) {
  EdgeConfig config = Probing();
  config.core_rest_min = Seconds(60);
  EdgeHarness net(config);
  Live(net, 70, 200, 20);
  EXPECT_EQ(Register(net), 21);
  net.AnswerFromCore(net.Only(), 401);
  Live(net, 60, 405);
  EXPECT_EQ(Register(net), 20);
}

TEST(Probes, A503AsksForARest) {
  EdgeHarness net(Probing());
  for (int i = 0; i < 31 && AnswerProbes(net, 503) == 0; ++i) {
    net.Advance(Seconds(1));
  }
  EXPECT_EQ(Live(net, 19, 200), 0);
  EXPECT_EQ(Register(net), 0);
  EXPECT_EQ(StatusOf(net.OnlyText()), 503);
  EXPECT_EQ(Live(net, 40, 200), 2);
  EXPECT_EQ(Register(net), 20);
}

TEST(Probes, ALostLinkCountsOnce) {
  EdgeConfig config = Probing();
  config.core_failures_max = 3;
  EdgeHarness net(config);
  net.Advance(Seconds(30));
  for (int i = 0; i < 2; ++i) net.PeerLost(net.config().home_core[0]);
  EXPECT_EQ(Register(net), 20);
}

// ---------------------------------------------------------------- TLS

constexpr auto kTls = sip::Transport::kTls;

// The name of the question is to be proven, whatever records lie between.
// Source: RFC 5922 7.3
TEST(OverTls, ARequestSaysWhoMustBeThere) {
  EdgeConfig config = ByName();
  config.home_core[0].any_transport = true;
  EdgeHarness net(config);
  net.Advance(Millis(1));
  net.Resolve(net.asked[0], {{Host(51), kTls}});
  EXPECT_EQ(Register(net), 51);
  EXPECT_EQ(net.Only().to.transport, kTls);
  EXPECT_EQ(net.Only().to.host, "core.ims.example.com");
  EXPECT_EQ(Row(net.OnlyText(), "Via").substr(0, 34),
            "SIP/2.0/TLS pcscf1.ims.example.com");
  // Without a listener for TLS the core comes back as ever.
  EXPECT_TRUE(Contains(Row(net.OnlyText(), "Path"), ":5060;lr>"));
}

TEST(OverTls, AListenerOfTheCoreIsNamedToIt) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.core_tls_port = 5071;
  config.home_core = {{Host(20), kTls, "192.0.2.20"}};
  EdgeHarness net(config);
  EXPECT_EQ(Register(net), 20);
  EXPECT_EQ(net.Only().to.host, "");
  EXPECT_TRUE(Contains(Row(net.OnlyText(), "Path"),
                       "@pcscf1.ims.example.com:5071;transport=tls;lr>"));
  EXPECT_TRUE(Contains(Row(net.OnlyText(), "Via"),
                       "SIP/2.0/TLS pcscf1.ims.example.com:5071;"));
}

TEST(OverTls, WhoDoesNotProveItIsPassedOver) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.home_core = {{Host(20), kTls, "one.test"},
                      {Host(20), kTls, "two.test"}};
  EdgeHarness net(config);
  Register(net);
  EXPECT_EQ(net.Only().to.host, "one.test");
  net.PeerLost({Host(20), kTls, "two.test"});  // not where it went
  EXPECT_TRUE(net.sent().empty());
  net.PeerLost({Host(20), kTls, "one.test"});
  EXPECT_EQ(net.Only().to.host, "two.test");
  net.PeerLost({Host(20), kTls, "two.test"});
  EXPECT_EQ(StatusOf(net.OnlyText()), 504);
}

// Source: RFC 3261 19.1.2 (ports), 26.2.2 (sips is TLS)
TEST(OverTls, AServiceRouteMayAskForIt) {
  for (const char* route : {"<sips:orig@192.0.2.31;lr>",
                            "<sip:orig@192.0.2.31;transport=tls;lr>"}) {
    World w(route);
    w.Send();
    EXPECT_EQ(w.net.Only().to.transport, kTls) << route;
    EXPECT_EQ(w.net.Only().to.peer, *Endpoint::Parse("192.0.2.31:5061"));
    EXPECT_EQ(w.net.Only().to.host, "");
  }
  World w("<sip:orig@scscf.example.net;transport=tls;lr>");
  w.Send();
  EXPECT_EQ(w.net.asked[0].transport, kTls);
  w.net.Resolve(w.net.asked[0], {{Host(31), kTls}});
  EXPECT_EQ(w.net.Only().to.host, "scscf.example.net");
}

// What a route does not say is taken from the entry point that it can mean.
TEST(OverTls, AServiceRouteInClearIsNotAnEntryPointOfTls) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.home_core = {
      {Host(30), kTcp, "192.0.2.30"},
      {*Endpoint::Parse("192.0.2.20:5081"), kTls, "192.0.2.20"}};
  const struct {
    const char* route;
    const char* peer;
    sip::Transport transport;
  } cases[] = {
      {"<sip:orig@192.0.2.20;lr>", "192.0.2.20:5081", kTls},
      {"<sips:orig@192.0.2.20;lr>", "192.0.2.20:5081", kTls},
      {"<sip:orig@192.0.2.20;transport=tcp;lr>", "192.0.2.20:5060", kTcp},
  };
  for (const auto& row : cases) {
    EdgeHarness net(config);
    const FlowId phone = net.OpenTls();
    net.Associate(phone, {},
                  absl::StrCat("Service-Route: ", row.route, "\r\n"));
    net.Receive(phone, RequestText{}.Text());
    EXPECT_EQ(net.Only().to.peer, *Endpoint::Parse(row.peer)) << row.route;
    EXPECT_EQ(net.Only().to.transport, row.transport) << row.route;
  }
}

TEST(NextHops, AreShown) {
  EdgeHarness net;
  const uint64_t version = net.edge().next_hops_version();
  ASSERT_EQ(net.edge().NextHops().size(), 2u);
  EXPECT_TRUE(net.edge().NextHops()[0].up);
  EXPECT_TRUE(net.edge().NextHops()[0].entry);
  Register(net);
  net.AnswerFromCore(net.Only(), 503, "Retry-After: 10\r\n");
  EXPECT_NE(net.edge().next_hops_version(), version);
  EXPECT_FALSE(net.edge().NextHops()[0].up);
}

}  // namespace
}  // namespace sallyport
