// Several shards of one proxy, and what they must know together of an IMPI
// (spec 2.9, 5.6; docs/decisions/0012).
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "core/base/time.h"
#include "core/counters.h"
#include "core/edge.h"
#include "core/edge_config.h"
#include "core/flow.h"
#include "core/news.h"
#include "core/testing/edge_harness.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

using Kind = NewsView::Kind;

constexpr size_t kShards = 3;
constexpr size_t kDesk = 0;  // of the user in these tests
constexpr size_t kOther = 1, kThird = 2;

EdgeConfig ConfigOf(size_t shard) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.shard = static_cast<ShardId>(shard);
  config.shards = kShards;
  config.associations_per_impi_max = 2;
  return config;
}

RegisterText InClear(std::string_view impi) {
  return {.impi = std::string(impi), .transport = "TCP", .secagree = true};
}

class DeskTest : public testing::Test {
 protected:
  DeskTest() {
    for (size_t i = 0; i < kShards; ++i) {
      shards_.push_back(std::make_unique<EdgeHarness>(ConfigOf(i)));
    }
  }

  EdgeHarness& At(size_t shard) { return *shards_[shard]; }
  RegisterText Phone(int device) const {
    return {.impi = impi_,
            .response = "r",
            .sent_by = absl::StrCat("10.0.0.", device, ":5062"),
            .call_id = absl::StrCat("d", device)};
  }

  // Takes what the shards have for each other where it is to go, until there is
  // no more of it.
  void Carry() {
    for (bool any = true; any;) {
      any = false;
      for (const auto& shard : shards_) {
        for (const Told& told : std::exchange(shard->told, {})) {
          At(told.shard).Tell(told);
          any = true;
        }
        for (const Handed& handed : std::exchange(shard->handed, {})) {
          At(handed.shard).HandIn(handed);
          any = true;
        }
      }
    }
  }
  // It is lost on the way.
  void Lose() {
    for (const auto& shard : shards_) {
      shard->told.clear();
      shard->handed.clear();
    }
  }
  void Advance(Millis time) {
    for (const auto& shard : shards_) shard->Advance(time);
  }

  // What has come out of a shard to the core by the last event.
  Sent Forwarded(size_t shard, FlowId flow, const RegisterText& phone) {
    At(shard).Receive(flow, phone.Text());
    Carry();
    CHECK(At(shard).Only().to_core) << At(shard).OnlyText();
    return At(shard).Only();
  }
  void Grant(size_t shard, const Sent& request) {
    At(shard).GrantFromCore(request, 600, EdgeHarness::kIdentities);
  }
  // A phone registers.
  FlowId Associate(size_t shard, const RegisterText& phone,
                   std::string_view peer = "203.0.113.25:50311") {
    const FlowId flow = At(shard).OpenTls(peer, ++session_);
    Grant(shard, Forwarded(shard, flow, phone));
    Carry();
    return flow;
  }
  // How the proxy answers a phone that would like to.
  std::string Answer(size_t shard, const RegisterText& phone) {
    At(shard).Receive(At(shard).OpenTls("203.0.113.77:1", ++session_),
                      phone.Text());
    Carry();
    return At(shard).sent().empty() ? "" : At(shard).OnlyText();
  }
  uint64_t Count(CounterId counter) const {
    uint64_t count = 0;
    for (const auto& shard : shards_) count += shard->Count(counter);
    return count;
  }
  uint32_t Active() const {
    uint32_t count = 0;
    for (const auto& shard : shards_) {
      count += shard->totals().associations_active;
    }
    return count;
  }
  size_t SentToCore() const {
    size_t count = 0;
    for (const auto& shard : shards_) {
      for (const Sent& sent : shard->sent()) count += sent.to_core ? 1 : 0;
    }
    return count;
  }

  const std::string impi_ = ImpiOfDesk(ConfigOf(kDesk));
  std::vector<std::unique_ptr<EdgeHarness>> shards_;
  uint8_t session_ = 0;
};

// ---------------------------------------------------------------- in clear

// Conformance: POL-09
TEST_F(DeskTest, ClearRegisterOfATlsFirstUserIsDiscardedWhereverItComes) {
  for (const size_t home : {kDesk, kOther}) {
    for (const size_t arrives : {kDesk, kOther, kThird}) {
      const FlowId phone = Associate(home, Phone(1));
      const uint64_t before = Count(CounterId::kDiscardClearAssociated);

      At(arrives).Receive(At(arrives).OpenClearTcp(), InClear(impi_).Text());
      Carry();

      EXPECT_EQ(SentToCore(), 0u) << home << arrives;
      EXPECT_EQ(Count(CounterId::kDiscardClearAssociated), before + 1);
      EXPECT_EQ(Active(), 1u);
      At(home).Close(phone);
      Carry();
    }
  }
}

// Conformance: POL-09
TEST_F(DeskTest, ThatOfOneWhoAgreedIsAcceptedWhereverItComes) {
  RegisterText agreed = Phone(1);
  agreed.secagree = agreed.verify = true;
  Associate(kOther, agreed);
  for (const size_t arrives : {kDesk, kOther, kThird}) {
    const FlowId flow = At(arrives).OpenClearTcp();

    At(arrives).Receive(flow, InClear(impi_).Text());
    Carry();

    ASSERT_EQ(At(kDesk).sent().size(), 1u) << arrives;
    At(kDesk).AnswerFromCore(At(kDesk).Only(), 401);
    EXPECT_EQ(StatusOf(At(kDesk).OnlyText()), 401);
    EXPECT_EQ(At(kDesk).Only().to.flow, flow);
  }
  EXPECT_EQ(Active(), 1u);
}

TEST_F(DeskTest, ThatOfOneWhoIsAwayIsAccepted) {
  At(kOther).Close(Associate(kOther, Phone(1)));
  Carry();

  At(kThird).Receive(At(kThird).OpenClearTcp(), InClear(impi_).Text());
  Carry();

  EXPECT_EQ(SentToCore(), 1u);
}

// The desk is told of an association; whether it is there, its home knows.
TEST_F(DeskTest, NobodyIsDiscardedOnHearsay) {
  const FlowId phone = Associate(kOther, Phone(1));
  At(kOther).Close(phone);
  Lose();
  const FlowId flow = At(kThird).OpenClearTcp();

  At(kThird).Receive(flow, InClear(impi_).Text());
  Carry();

  ASSERT_TRUE(At(kOther).Only().to_core);
  At(kOther).AnswerFromCore(At(kOther).Only(), 401);
  EXPECT_EQ(At(kOther).Only().to.flow, flow);
}

TEST_F(DeskTest, WhoNamesNoUserIsServedWhereItComes) {
  At(kThird).Receive(At(kThird).OpenClearTcp(), InClear("").Text());

  EXPECT_TRUE(At(kThird).handed.empty());
  EXPECT_TRUE(At(kThird).Only().to_core);
}

TEST_F(DeskTest, WhatPolicyRefusesDoesNotTravel) {
  RegisterText leaving = InClear(impi_);
  leaving.expires = "0";

  At(kThird).Receive(At(kThird).OpenClearTcp(), leaving.Text());

  EXPECT_TRUE(At(kThird).handed.empty());
  EXPECT_EQ(Count(CounterId::kDiscardClearDeregister), 1u);
}

TEST_F(DeskTest, ADatagramIsAnsweredAndRepeatedOnce) {
  RegisterText phone = InClear(impi_);
  phone.transport = "UDP";
  phone.branch = "z9hG4bKsame";
  const FlowId flow = At(kThird).ClearUdp();
  At(kThird).ReceiveFrom(flow, "203.0.113.25:5062", phone.Text());
  Carry();
  const Sent forwarded = At(kDesk).Only();

  At(kThird).ReceiveFrom(flow, "203.0.113.25:5062", phone.Text());
  Carry();
  EXPECT_TRUE(At(kDesk).sent().empty());

  At(kDesk).AnswerFromCore(forwarded, 401);
  const Sent answer = At(kDesk).Only();
  EXPECT_EQ(answer.to.flow, flow);
  EXPECT_EQ(answer.to.peer.ToString(), "203.0.113.25:5062");
  At(kThird).ReceiveFrom(flow, "203.0.113.25:5062", phone.Text());
  Carry();
  EXPECT_EQ(At(kDesk).OnlyText(), answer.text);
}

// As if its 401 had passed here.
TEST_F(DeskTest, AConnectionWaitsForTheChallengeThatTheDeskRelays) {
  const FlowId flow = At(kThird).OpenClearTcp();
  At(kThird).Receive(flow, InClear(impi_).Text());

  At(kThird).Advance(Millis(239'000));
  EXPECT_TRUE(At(kThird).IsOpen(flow));
  At(kThird).Advance(Millis(2'000));
  EXPECT_TRUE(At(kThird).WasClosed(flow, CloseReason::kUnregisteredTimeout));
}

// An eighth of the desk's transactions, as if they had come to it.
TEST_F(DeskTest, WhatIsHandedOverIsBoundedToo) {
  const uint32_t most = At(kDesk).config().transactions_max / 8;
  for (uint32_t i = 0; i <= most; ++i) {
    RegisterText phone = InClear(impi_);
    phone.call_id = absl::StrCat("clear-", i);
    At(kThird).Receive(At(kThird).OpenClearTcp(), phone.Text());
    Carry();
  }

  EXPECT_EQ(At(kDesk).totals().transactions, most);
  EXPECT_EQ(StatusOf(At(kDesk).OnlyText()), 503);
}

// ---------------------------------------------------------------- how many

// Conformance: ASSOC-17
TEST_F(DeskTest, DevicesAreCountedOnAllShards) {
  Associate(kDesk, Phone(1));
  Associate(kOther, Phone(2));

  for (const size_t shard : {kDesk, kOther, kThird}) {
    const std::string answer = Answer(shard, Phone(3));
    EXPECT_EQ(StatusOf(answer), 503) << shard;
    EXPECT_NE(Row(answer, "Retry-After"), "");
  }
  EXPECT_EQ(Active(), 2u);
}

TEST_F(DeskTest, ADeviceThatIsKnownIsNoNewcomer) {
  Associate(kDesk, Phone(1));
  Associate(kOther, Phone(2));
  Advance(Millis(1000));

  Associate(kThird, Phone(2));

  EXPECT_EQ(Active(), 2u);
  EXPECT_EQ(At(kOther).totals().associations_active, 0u);
  EXPECT_EQ(Count(CounterId::kAssociationsReplaced), 1u);
}

TEST_F(DeskTest, ADeviceThatIsAwayMakesRoomOnItsShard) {
  const FlowId away = Associate(kOther, Phone(1));
  Associate(kDesk, Phone(2));
  At(kOther).Close(away);
  Carry();

  Associate(kThird, Phone(3));

  EXPECT_EQ(Active(), 2u);
  EXPECT_EQ(At(kOther).totals().associations_suspended, 0u);
  EXPECT_EQ(Count(CounterId::kAssociationsExcess), 1u);
}

// Of those who came at once the last one has to go: the others are served.
TEST_F(DeskTest, TheLastOfSeveralAtOnceIsEnded) {
  Associate(kDesk, Phone(1));
  const FlowId second = At(kOther).OpenTls("203.0.113.2:1", 20);
  const FlowId third = At(kThird).OpenTls("203.0.113.3:1", 30);
  const Sent second_asked = Forwarded(kOther, second, Phone(2));
  Advance(Millis(10));
  const Sent third_asked = Forwarded(kThird, third, Phone(3));

  Grant(kThird, third_asked);
  Grant(kOther, second_asked);
  Carry();

  EXPECT_EQ(At(kOther).totals().associations_active, 1u);
  EXPECT_EQ(At(kThird).totals().associations_active, 0u);
  EXPECT_TRUE(At(kThird).IsOpen(third));
  At(kThird).Advance(Millis(5'100));
  EXPECT_TRUE(At(kThird).WasClosed(third, CloseReason::kReplaced));
}

TEST_F(DeskTest, OfTwoTooManyAtOnceBothAreEnded) {
  Associate(kDesk, Phone(1));
  std::vector<Sent> asked;
  for (int device = 2; device <= 4; ++device) {
    const FlowId flow =
        At(kOther).OpenTls(absl::StrCat("203.0.113.", device, ":1"),
                           static_cast<uint8_t>(20 + device));
    asked.push_back(Forwarded(kOther, flow, Phone(device)));
    Advance(Millis(10));
  }

  for (const Sent& one : asked) Grant(kOther, one);
  Carry();

  EXPECT_EQ(Active(), 2u);
  EXPECT_EQ(Count(CounterId::kAssociationsExcess), 2u);
}

TEST_F(DeskTest, OneThatHasComeBackIsNotTheOneThatGoes) {
  const FlowId away = Associate(kOther, Phone(1));
  const uint8_t session = session_;
  Associate(kDesk, Phone(2));
  At(kOther).Close(away);
  Carry();
  Advance(Millis(10));
  const FlowId third = At(kThird).OpenTls("203.0.113.3:1", 30);
  Grant(kThird, Forwarded(kThird, third, Phone(3)));
  // Now it comes back, and the desk is told of the newcomer first.
  RegisterText again = Phone(1);
  again.cseq = 2;
  again.response = {};
  const FlowId back = At(kOther).OpenTls("203.0.113.25:50400", session, true);
  At(kOther).Receive(back, again.Text());
  Grant(kOther, At(kOther).Only());
  const std::vector<Told> returned = std::exchange(At(kOther).told, {});
  Carry();
  At(kOther).told.insert(At(kOther).told.end(), returned.begin(),
                         returned.end());
  Carry();

  EXPECT_EQ(At(kOther).totals().associations_active, 1u);
  EXPECT_EQ(At(kDesk).totals().associations_active, 1u);
  EXPECT_EQ(At(kThird).totals().associations_active, 0u);
}

TEST_F(DeskTest, WithoutAWordOfTheDeskARegisterGoesOn) {
  Associate(kDesk, Phone(1));
  const FlowId flow = At(kOther).OpenTls();
  At(kOther).Receive(flow, Phone(2).Text());
  Lose();
  EXPECT_TRUE(At(kOther).sent().empty());

  At(kOther).Advance(Millis(210));

  ASSERT_TRUE(At(kOther).Only().to_core);
  EXPECT_EQ(Count(CounterId::kVerdictsMissed), 1u);
  Grant(kOther, At(kOther).Only());
  EXPECT_EQ(At(kOther).totals().associations_active, 1u);
}

TEST_F(DeskTest, AWordThatComesTooLateChangesNothing) {
  Associate(kDesk, Phone(1));
  Associate(kThird, Phone(2));
  const FlowId flow = At(kOther).OpenTls();
  At(kOther).Receive(flow, Phone(3).Text());
  At(kOther).Advance(Millis(210));
  ASSERT_TRUE(At(kOther).Only().to_core);

  Carry();

  EXPECT_TRUE(At(kOther).sent().empty());
  EXPECT_EQ(At(kOther).totals().transactions, 1u);
}

// ---------------------------------------------------------------- one device

// Conformance: ASSOC-18
TEST_F(DeskTest, ADeviceThatRegistersOnAnotherShardIsReplaced) {
  for (const char* instance : {"urn:uuid:1", ""}) {
    RegisterText phone = Phone(1);
    phone.instance = instance;
    const FlowId old = Associate(kOther, phone);
    Advance(Millis(1000));

    const FlowId young = Associate(kThird, phone);

    EXPECT_EQ(At(kOther).totals().associations_active, 0u) << instance;
    EXPECT_EQ(At(kThird).totals().associations_active, 1u) << instance;
    Advance(Millis(5'100));
    EXPECT_TRUE(At(kOther).WasClosed(old, CloseReason::kReplaced));
    At(kThird).Close(young);
    Advance(Seconds(700));
    Carry();
  }
}

// Conformance: ASSOC-18
TEST_F(DeskTest, ALateOkOnAnotherShardDoesNotReplaceTheYoungerOne) {
  for (const size_t slow_shard : {kDesk, kOther}) {
    const FlowId first = At(slow_shard).OpenTls("203.0.113.25:1", 40);
    const Sent slow = Forwarded(slow_shard, first, Phone(1));
    Advance(Millis(1000));
    const FlowId young = Associate(kThird, Phone(1));

    Grant(slow_shard, slow);
    Carry();

    EXPECT_EQ(At(slow_shard).totals().associations_active, 0u) << slow_shard;
    EXPECT_EQ(At(kThird).totals().associations_active, 1u) << slow_shard;
    At(kThird).Close(young);
    Advance(Seconds(700));
    Carry();
  }
}

// ---------------------------------------------------------------- the news

// A refresh says nothing; now and then a shard says all again.
TEST_F(DeskTest, IsToldAgainNowAndThenAndNotByEachRefresh) {
  RegisterText phone = Phone(1);
  const FlowId flow = Associate(kOther, phone);
  for (int minute = 1; minute <= 12; ++minute) {
    phone.cseq = 1 + minute;
    Advance(Seconds(60));
    At(kOther).Receive(flow, phone.Text());
    Grant(kOther, At(kOther).Only());
  }

  ASSERT_EQ(At(kOther).told.size(), 2u);
  for (const Told& told : At(kOther).told) {
    const auto news = ReadNews(told.news);
    EXPECT_EQ(told.shard, kDesk);
    EXPECT_EQ(news->kind, Kind::kStands);
    EXPECT_TRUE(news->standing.active);
  }
}

TEST_F(DeskTest, LearnsLaterWhatWasLost) {
  const FlowId flow = At(kOther).OpenTls();
  Grant(kOther, Forwarded(kOther, flow, Phone(1)));
  Lose();
  At(kThird).Receive(At(kThird).OpenClearTcp(), InClear(impi_).Text());
  Carry();
  EXPECT_EQ(SentToCore(), 1u);  // nobody told the desk

  Advance(Seconds(301));
  Carry();

  RegisterText again = InClear(impi_);
  again.call_id = "again";
  At(kThird).Receive(At(kThird).OpenClearTcp(), again.Text());
  Carry();
  EXPECT_EQ(Count(CounterId::kDiscardClearAssociated), 1u);
}

TEST_F(DeskTest, ForgetsWhatIsNotSaidAgain) {
  const FlowId flow = Associate(kOther, Phone(1));
  Associate(kDesk, Phone(2));
  At(kOther).Close(flow);
  Advance(Seconds(700));  // both registrations end
  Lose();
  Associate(kDesk, Phone(2));
  EXPECT_EQ(StatusOf(Answer(kThird, Phone(3))), 503);

  Advance(Seconds(300));

  At(kThird).Receive(At(kThird).OpenTls("203.0.113.77:1", 99), Phone(4).Text());
  Carry();
  EXPECT_TRUE(At(kThird).Only().to_core);
}

TEST(Desk, OfOneShardNeedsNoNews) {
  EdgeHarness net;
  const FlowId flow = net.OpenTls();
  net.Associate(flow);
  net.Receive(net.OpenClearTcp(),
              InClear("alice_private@ims.example.com").Text());
  net.Close(flow);
  net.Advance(Seconds(700));

  EXPECT_TRUE(net.told.empty());
  EXPECT_TRUE(net.handed.empty());
  EXPECT_EQ(net.Count(CounterId::kNewsTold), 0u);
}

// The bound that is there for all shards holds where there is one.
TEST(Desk, ThatIsFullKnowsNoMore) {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.desk_associations_max = 1;
  config.associations_per_impi_max = 1;
  EdgeHarness net(config);
  net.Associate(net.OpenTls(), {.impi = "a@ims.example.com"});
  net.Associate(net.OpenTls(), {.impi = "b@ims.example.com", .call_id = "b"});

  EXPECT_EQ(net.Count(CounterId::kDeskFull), 1u);
  EXPECT_EQ(net.totals().associations_active, 2u);
}

}  // namespace
}  // namespace sallyport
