#include "core/routing/next_hops.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/testing/fakes.h"
#include "gtest/gtest.h"

namespace sallyport::routing {
namespace {

using Kind = HopChoice::Kind;
constexpr auto kTcp = sip::Transport::kTcp;
constexpr std::string_view kDomain = "ims.example.com";

Endpoint Host(int number) {
  return *Endpoint::Parse(absl::StrCat("192.0.2.", number, ":5060"));
}
Instant At(int64_t ms) { return Instant(Millis{ms}); }

CoreTarget Literal(int number, std::optional<uint16_t> priority = {},
                   uint16_t weight = 1) {
  return {.endpoint = Host(number),
          .transport = kTcp,
          .host = Host(number).address.ToString(),
          .priority = priority,
          .weight = weight};
}
CoreTarget Named(std::string host, std::optional<uint16_t> priority = {}) {
  return {.endpoint = {},
          .transport = kTcp,
          .host = std::move(host),
          .priority = priority};
}

// Everything that one transaction would try, in order: last digits.
std::string Order(NextHops& hops, Instant now = At(0)) {
  HopTries tries;
  std::string order;
  for (;;) {
    const HopChoice choice = hops.ChooseHome(kDomain, tries, now);
    if (choice.kind != Kind::kTarget) return order;
    absl::StrAppend(&order, choice.endpoint.address.octets()[3]);
    hops.Begin(choice, tries, now);
  }
}

struct Fixture {
  explicit Fixture(std::vector<CoreTarget> home, EdgeConfig config = {}) {
    config.home_core = std::move(home);
    config.core_failures_max = 2;
    hops.emplace(config, entropy);
  }
  NameId Answer(const HostQuestion& question, std::vector<HostTarget> targets,
                Instant now, HostOutcome outcome = HostOutcome::kFound,
                Millis valid_for = Millis{60'000}) {
    const NameId name = hops->OnAnswer({.question = question,
                                        .outcome = outcome,
                                        .targets = targets,
                                        .valid_for = valid_for},
                                       now);
    hops->CheckInvariants();
    return name;
  }
  void Break(int number, Instant now) {
    for (int i = 0; i < 2; ++i) hops->Lost(Host(number), kTcp, now);
  }
  void Rest(int number, Millis time, Instant now) {
    hops->RestFor(hops->targets().Find(Host(number), kTcp), time, now);
  }

  FakeEntropy entropy;
  std::optional<NextHops> hops;
};

HostQuestion AskedFor(std::string_view host) {
  return {.host = host, .transport = kTcp};
}

// ---------------------------------------------------------------- TLS

constexpr auto kTls = sip::Transport::kTls;

// Source: RFC 5922 7.3: the name that was asked for, not the one of an SRV
// record.
TEST(OverTls, TheChoiceSaysWhatIsToBeProven) {
  CoreTarget named = Named("Core.Test");
  named.any_transport = true;
  CoreTarget here = {
      .endpoint = Host(3), .transport = kTls, .host = "localhost"};
  CoreTarget address = Literal(4);
  address.transport = kTls;
  Fixture w({named, here, address});
  w.Answer({.host = "core.test"}, {{Host(1), kTls, 1}, {Host(2), kTcp, 2}},
           At(0));

  HopTries tries;
  std::string proven;
  for (int i = 0; i < 4; ++i) {
    const HopChoice choice = w.hops->ChooseHome(kDomain, tries, At(0));
    ASSERT_EQ(choice.kind, Kind::kTarget);
    absl::StrAppend(&proven, choice.host, ";");
    w.hops->Begin(choice, tries, At(0));
  }
  EXPECT_EQ(proven, "Core.Test;;localhost;;");
}

TEST(OverTls, ARouteWithAnAddressHasNoName) {
  Fixture w({Literal(1)});
  EXPECT_EQ(w.hops->ChooseAddress(Host(5), kTls, {}, At(0), "192.0.2.5").host,
            "");
  EXPECT_EQ(w.hops->ChooseAddress(Host(5), kTls, {}, At(0), "localhost").host,
            "localhost");
  EXPECT_EQ(w.hops->ChooseAddress(Host(5), kTcp, {}, At(0), "localhost").host,
            "");
}

TEST(OverTls, OneNameThatIsNotProvenLeavesAnotherAlone) {
  CoreTarget one = Literal(1), two = Literal(1), other = Literal(2);
  one.transport = two.transport = kTls;
  one.host = "one.test";
  two.host = "two.test";
  Fixture w({one, two, other});
  for (int i = 0; i < 2; ++i) w.hops->Lost(Host(1), kTls, At(0), "ONE.test");

  const HopChoice choice = w.hops->ChooseHome(kDomain, {}, At(0));
  EXPECT_EQ(choice.endpoint, Host(1));
  EXPECT_EQ(choice.host, "two.test");
  w.hops->CheckInvariants();
}

TEST(OverTls, AProbeProvesTheName) {
  CoreTarget named = Literal(1);
  named.transport = kTls;
  named.host = "core.test";
  Fixture w({named});
  EXPECT_EQ(w.hops->BeginProbe(Millis{10}, At(20)).host, "core.test");
}

// ---------------------------------------------------------------- order

// Conformance: REG-30
TEST(HomeOrder, IsThatOfTheListWhereNothingIsSaid) {
  Fixture w({Literal(3), Literal(1), Literal(2)});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Order(*w.hops), "312");
}

// Conformance: REG-30
TEST(HomeOrder, FollowsPriorities) {
  Fixture w({Literal(1, 20), Literal(2, 10), Literal(3, 30)});
  EXPECT_EQ(Order(*w.hops), "213");
}

TEST(HomeOrder, SharesByWeightWithinOnePriority) {
  Fixture w({Literal(1, 1, 10), Literal(2, 1, 30), Literal(3, 1, 60),
             Literal(4, 2)});
  std::map<char, int> first;
  for (int i = 0; i < 10'000; ++i) {
    const std::string order = Order(*w.hops);
    ASSERT_EQ(order.size(), 4u);
    EXPECT_EQ(order[3], '4');
    ++first[order[0]];
  }
  EXPECT_NEAR(first['1'], 1'000, 150);
  EXPECT_NEAR(first['2'], 3'000, 200);
  EXPECT_NEAR(first['3'], 6'000, 200);
}

TEST(HomeOrder, AWeightOfNothingIsAVerySmallChance) {
  Fixture w({Literal(1, 1, 0), Literal(2, 1, 1)});
  int first = 0;
  for (int i = 0; i < 10'000; ++i) first += Order(*w.hops)[0] == '1';
  EXPECT_GT(first, 0);
  EXPECT_LT(first, 200);
}

TEST(HomeOrder, EqualChancesGiveEqualChoices) {
  const auto run = [] {
    Fixture w({Literal(1, 1), Literal(2, 1), Literal(3, 1)});
    std::string all;
    for (int i = 0; i < 100; ++i) all += Order(*w.hops);
    return all;
  };
  EXPECT_EQ(run(), run());
}

// Conformance: REG-30
TEST(HomeOrder, EachIsTriedOnceAndNotMoreThanTheBound) {
  std::vector<CoreTarget> many;
  for (int i = 1; i <= 9; ++i) many.push_back(Literal(i));
  many.insert(many.begin(), Literal(1));
  Fixture w(many);
  EXPECT_EQ(Order(*w.hops), "12345678");
}

// ---------------------------------------------------------------- health

// Conformance: REG-30
TEST(HomeHealth, WhatDoesNotAnswerIsAskedLast) {
  Fixture w({Literal(1), Literal(2), Literal(3)});
  w.Break(1, At(0));
  EXPECT_EQ(Order(*w.hops, At(10)), "231");
  w.Break(2, At(10));
  w.Break(3, At(10));
  EXPECT_EQ(Order(*w.hops, At(20)), "123");  // nobody else to ask
}

TEST(HomeHealth, OneRequestIsTheProbeAndAnAnswerBringsItBack) {
  Fixture w({Literal(1), Literal(2)});
  w.Break(1, At(0));
  const Instant later = At(1'000);
  HopTries tries;
  const HopChoice probe = w.hops->ChooseHome(kDomain, tries, later);
  EXPECT_EQ(probe.endpoint, Host(1));
  w.hops->Begin(probe, tries, later);
  EXPECT_EQ(Order(*w.hops, later), "21");
  w.hops->Succeeded(probe.target, later);
  EXPECT_EQ(Order(*w.hops, later), "12");
}

// Conformance: PROXY-28
TEST(HomeHealth, WhoAsksForARestGetsIt) {
  Fixture w({Literal(1), Literal(2)});
  w.Rest(1, Millis{5'000}, At(0));
  EXPECT_EQ(Order(*w.hops, At(10)), "2");
  w.Rest(2, Millis{2'000}, At(10));
  HopTries tries;
  EXPECT_EQ(w.hops->ChooseHome(kDomain, tries, At(20)).kind, Kind::kResting);
  EXPECT_EQ(Order(*w.hops, At(2'010)), "2");
  EXPECT_EQ(Order(*w.hops, At(5'000)), "12");
}

// ---------------------------------------------------------------- names

TEST(HomeNames, AreAskedForBeforeAnybodyComes) {
  Fixture w({Named("a.example"), Literal(9), Named("A.EXAMPLE")});
  ASSERT_EQ(w.hops->home_names().size(), 1u);
  const NameId name = w.hops->home_names()[0];
  EXPECT_EQ(w.hops->NextAsk(name), At(0));
  const auto question = w.hops->Ask(name, At(0));
  ASSERT_TRUE(question);
  EXPECT_EQ(question->host, "a.example");
  EXPECT_FALSE(w.hops->Ask(name, At(1))) << "it is under way";
  w.Answer(*question, {{Host(1), kTcp}}, At(10));
  EXPECT_EQ(w.hops->NextAsk(name), At(60'010));
  EXPECT_TRUE(w.hops->Ask(name, At(60'010)));
}

TEST(HomeNames, AnAnswerThatIsLostIsAskedForAgain) {
  Fixture w({Named("a.example")});
  const NameId name = w.hops->home_names()[0];
  ASSERT_TRUE(w.hops->Ask(name, At(0)));
  EXPECT_EQ(w.hops->NextAsk(name), At(30'000));
  EXPECT_FALSE(w.hops->Ask(name, At(29'999)));
  EXPECT_TRUE(w.hops->Ask(name, At(30'000)));
}

TEST(HomeNames, OthersAreUsedMeanwhile) {
  Fixture w({Named("a.example"), Literal(9)});
  EXPECT_EQ(Order(*w.hops), "9");
  HopTries tries;
  w.hops->Begin(w.hops->ChooseHome(kDomain, tries, At(0)), tries, At(0));
  EXPECT_EQ(w.hops->ChooseHome(kDomain, tries, At(0)).kind, Kind::kWait);
  w.Answer(AskedFor("a.example"),
           {{Host(2), kTcp, 20, 1}, {Host(1), kTcp, 10, 1}}, At(0));
  EXPECT_EQ(Order(*w.hops), "129");
}

TEST(HomeNames, TheirAddressesStandForTheHomeCoreWhileTheyDo) {
  Fixture w({Named("a.example")});
  w.Answer(AskedFor("a.example"), {{Host(1), kTcp}}, At(0));
  EXPECT_TRUE(w.hops->IsEntryPoint(Host(1).address));
  w.Answer(AskedFor("a.example"), {{Host(2), kTcp}}, At(1));
  EXPECT_FALSE(w.hops->IsEntryPoint(Host(1).address));
  EXPECT_TRUE(w.hops->IsEntryPoint(Host(2).address));
}

TEST(HomeNames, WhatStaysKeepsItsHealth) {
  Fixture w({Named("a.example")});
  const std::vector<HostTarget> both = {{Host(1), kTcp, 1}, {Host(2), kTcp, 2}};
  w.Answer(AskedFor("a.example"), both, At(0));
  w.Break(1, At(0));
  w.Answer(AskedFor("a.example"), both, At(1));
  EXPECT_EQ(Order(*w.hops, At(2)), "21");
}

TEST(HomeNames, AnswersOutliveFailuresButNotForEver) {
  EdgeConfig config;
  config.core_stale_max = Millis{10'000};
  Fixture w({Named("a.example")}, config);
  w.Answer(AskedFor("a.example"), {{Host(1), kTcp}}, At(0));
  w.Answer(AskedFor("a.example"), {}, At(60'000), HostOutcome::kFailed,
           Millis{5'000});
  EXPECT_EQ(Order(*w.hops, At(69'999)), "1");
  EXPECT_EQ(Order(*w.hops, At(70'000)), "");
}

TEST(HomeNames, ANameThatIsGoneIsGone) {
  for (const HostOutcome outcome :
       {HostOutcome::kNoName, HostOutcome::kNoRecords}) {
    Fixture w({Named("a.example")});
    w.Answer(AskedFor("a.example"), {{Host(1), kTcp}}, At(0));
    w.Answer(AskedFor("a.example"), {}, At(1), outcome);
    HopTries tries;
    EXPECT_EQ(w.hops->ChooseHome(kDomain, tries, At(2)).kind, Kind::kNone);
    EXPECT_FALSE(w.hops->IsEntryPoint(Host(1).address));
  }
}

TEST(HomeNames, TheFirstAnswerIsWaitedForAndAFailureIsNot) {
  Fixture w({Named("a.example")});
  HopTries tries;
  EXPECT_EQ(w.hops->ChooseHome(kDomain, tries, At(0)).kind, Kind::kWait);
  w.Answer(AskedFor("a.example"), {}, At(1), HostOutcome::kFailed,
           Millis{5'000});
  EXPECT_EQ(w.hops->ChooseHome(kDomain, tries, At(2)).kind, Kind::kNone);
  EXPECT_EQ(w.hops->ChooseHome(kDomain, tries, At(5'001)).kind, Kind::kWait);
}

TEST(HomeNames, WithoutAListTheyAreTheServedDomains) {
  EdgeConfig config;
  config.home_domains = {"a.example", "b.example"};
  Fixture w({}, config);
  ASSERT_EQ(w.hops->home_names().size(), 2u);
  const auto question = w.hops->Ask(w.hops->home_names()[1], At(0));
  EXPECT_EQ(question->host, "b.example");
  EXPECT_EQ(question->port, 0);
  EXPECT_FALSE(question->transport);  // NAPTR says it
  w.Answer(*question, {{Host(2), kTcp}}, At(0));
  HopTries tries;
  EXPECT_EQ(w.hops->ChooseHome("B.example", tries, At(0)).endpoint, Host(2));
  EXPECT_EQ(w.hops->ChooseHome("a.example", tries, At(0)).kind, Kind::kWait);
  EXPECT_EQ(w.hops->ChooseHome("evil.example", tries, At(0)).kind,
            Kind::kNone);
  EXPECT_EQ(w.hops->names(), 2u);
}

// ---------------------------------------------------------------- routes

TEST(Hosts, OneQuestionServesAllWhoWait) {
  Fixture w({Literal(9)});
  const HostQuestion question{.host = "s.example", .port = 5070};
  const HopTries tries;
  const HopChoice first = w.hops->ChooseHost(question, tries, At(0));
  EXPECT_EQ(first.kind, Kind::kWait);
  EXPECT_TRUE(first.ask);
  ASSERT_TRUE(w.hops->Ask(first.name, At(0)));
  const HopChoice second = w.hops->ChooseHost(question, tries, At(1));
  EXPECT_EQ(second.name, first.name);
  EXPECT_FALSE(second.ask);
  EXPECT_EQ(w.Answer(question, {{Host(1), kTcp}}, At(2)), first.name);
  EXPECT_EQ(w.hops->ChooseHost(question, tries, At(3)).endpoint, Host(1));
  EXPECT_TRUE(w.hops->Knows(Host(1).address));
  EXPECT_FALSE(w.hops->IsEntryPoint(Host(1).address));
}

TEST(Hosts, AnOldAnswerServesWhileANewOneIsAskedFor) {
  Fixture w({Literal(9)});
  const HostQuestion question{.host = "s.example"};
  const HopTries tries;
  w.hops->Ask(w.hops->ChooseHost(question, tries, At(0)).name, At(0));
  w.Answer(question, {{Host(1), kTcp}}, At(0));
  const HopChoice fresh = w.hops->ChooseHost(question, tries, At(59'999));
  EXPECT_FALSE(fresh.ask);
  const HopChoice stale = w.hops->ChooseHost(question, tries, At(60'000));
  EXPECT_EQ(stale.endpoint, Host(1));
  EXPECT_TRUE(stale.ask);
}

TEST(Hosts, ANameWithoutServersIsRememberedAsSuch) {
  Fixture w({Literal(9)});
  const HostQuestion question{.host = "s.example"};
  const HopTries tries;
  w.hops->Ask(w.hops->ChooseHost(question, tries, At(0)).name, At(0));
  w.Answer(question, {}, At(0), HostOutcome::kNoName);
  const HopChoice none = w.hops->ChooseHost(question, tries, At(59'999));
  EXPECT_EQ(none.kind, Kind::kNone);
  EXPECT_FALSE(none.ask);
  EXPECT_EQ(w.hops->ChooseHost(question, tries, At(60'000)).kind, Kind::kWait);
}

TEST(Hosts, AFailedAnswerDoesNotBringBackWhatIsTooOld) {
  EdgeConfig config;
  config.core_stale_max = Millis{0};
  Fixture w({Literal(9)}, config);
  const HostQuestion question{.host = "s.example"};
  const HopTries tries;
  w.hops->Ask(w.hops->ChooseHost(question, tries, At(0)).name, At(0));
  w.Answer(question, {{Host(1), kTcp}}, At(0));
  w.Answer(question, {}, At(60'000), HostOutcome::kFailed);
  EXPECT_EQ(w.hops->ChooseHost(question, tries, At(60'001)).kind, Kind::kNone);
}

TEST(Hosts, WhoAskedForARestIsStillTheOnlyWay) {
  Fixture w({Literal(9)});
  const HostQuestion question{.host = "s.example"};
  w.hops->ChooseHost(question, {}, At(0));
  w.Answer(question, {{Host(1), kTcp, 1}, {Host(2), kTcp, 2}}, At(0));
  w.Rest(1, Millis{5'000}, At(0));
  EXPECT_EQ(w.hops->ChooseHost(question, {}, At(1)).endpoint, Host(2));
  w.Rest(2, Millis{5'000}, At(0));
  EXPECT_EQ(w.hops->ChooseHost(question, {}, At(1)).endpoint, Host(1));
}

TEST(Hosts, AreBoundedAndTheHomeCoreStays) {
  EdgeConfig config;
  config.core_names_max = 3;
  Fixture w({Named("home.example")}, config);
  const HopTries tries;
  const auto choose = [&](std::string_view host, int64_t ms) {
    return w.hops->ChooseHost({.host = host}, tries, At(ms));
  };
  w.hops->Ask(choose("a", 0).name, At(0));
  w.hops->Ask(choose("b", 1).name, At(1));
  EXPECT_EQ(choose("c", 2).kind, Kind::kNone) << "both are under way";
  w.Answer({.host = "a"}, {{Host(1), kTcp}}, At(3));
  w.Answer({.host = "b"}, {{Host(2), kTcp}}, At(3));
  choose("a", 4);
  EXPECT_EQ(choose("c", 5).kind, Kind::kWait);  // in b's place
  EXPECT_EQ(choose("a", 6).kind, Kind::kTarget);
  EXPECT_EQ(w.hops->names(), 3u);
  EXPECT_EQ(w.hops->home_names().size(), 1u);
  w.hops->CheckInvariants();
}

TEST(Hosts, TooLongAnAnswerIsCut) {
  Fixture w({Literal(9)});
  std::vector<HostTarget> many;
  for (int i = 0; i < 100; ++i) many.push_back({Host(i), kTcp});
  w.hops->ChooseHost({.host = "a"}, {}, At(0));
  w.Answer({.host = "a"}, many, At(0));
  EXPECT_FALSE(w.hops->Knows(Host(99).address));
}

TEST(Hosts, AnswersToNobodysQuestionChangeNothing) {
  Fixture w({Literal(9)});
  EXPECT_FALSE(w.Answer({.host = "a"}, {{Host(1), kTcp}}, At(0)).valid());
  EXPECT_FALSE(w.hops->Knows(Host(1).address));
}

TEST(Addresses, AreTriedOnce) {
  Fixture w({Literal(9)});
  HopTries tries;
  const HopChoice choice =
      w.hops->ChooseAddress(Host(1), kTcp, tries, At(0));
  EXPECT_EQ(choice.kind, Kind::kTarget);
  w.hops->Begin(choice, tries, At(0));
  EXPECT_EQ(w.hops->ChooseAddress(Host(1), kTcp, tries, At(0)).kind,
            Kind::kNone);
}

}  // namespace
}  // namespace sallyport::routing
