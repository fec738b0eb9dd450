// REGISTERs that the core has not answered are bounded: who finds a place, who
// does not, and when a place is free again.
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/time.h"
#include "core/edge_config.h"
#include "core/flow.h"
#include "core/testing/edge_harness.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

constexpr uint32_t kMost = 4;
constexpr uint32_t kOfNewcomers = 3;

// One phone that is registered, and as many strangers as come.
class Crowd {
 public:
  Crowd() : net(Config()), inside_(net.OpenTls("203.0.113.7:5000", kInside)) {
    net.Associate(inside_);
  }

  // Each sends one REGISTER on a connection of its own.
  void Come(uint32_t strangers) {
    for (uint32_t i = 0; i < strangers; ++i) {
      flows.push_back(net.OpenTls());
      net.Receive(flows.back(), Stranger().Text());
      waiting.push_back(net.Only());
    }
  }
  void Refresh() {
    net.Receive(inside_, RegisterText{.cseq = ++sent_}.Text());
  }
  void Leave() {
    net.Receive(inside_, RegisterText{.cseq = ++sent_, .expires = "0"}.Text());
  }
  void KnockOnTls() { net.Receive(net.OpenTls(), Stranger().Text()); }
  void KnockInClear() { net.Receive(net.OpenClearTcp(), InClear("TCP")); }
  void KnockByDatagram() {
    net.ReceiveFrom(net.ClearUdp(), "203.0.113.25:5062", InClear("UDP"));
  }
  // With the ticket of who is inside, but without a proof yet.
  void Resume() {
    net.Receive(net.OpenTls("203.0.113.7:5001", kInside, /*resumed=*/true),
                RegisterText{.cseq = ++sent_}.Text());
  }

  uint32_t waiting_now() { return net.totals().core_registers; }

  EdgeHarness net;
  std::vector<FlowId> flows;  // of those who came
  std::vector<Sent> waiting;  // their REGISTERs, at the core

 private:
  static constexpr uint8_t kInside = 200;

  static EdgeConfig Config() {
    EdgeConfig config = EdgeHarness::ExampleConfig();
    config.core_registers_max = kMost;
    return config;
  }
  RegisterText Stranger() {
    const std::string user = absl::StrCat("stranger", ++sent_);
    return {.user = user,
            .impi = absl::StrCat(user, "@ims.example.com"),
            .response = "r",
            .call_id = user};
  }
  std::string InClear(std::string_view transport) {
    RegisterText phone = Stranger();
    phone.response = "";
    phone.transport = transport;
    phone.secagree = true;
    return phone.Text();
  }

  FlowId inside_;
  int sent_ = 10;
};

struct Knock {
  std::string_view sentence;
  uint32_t strangers;  // at the core already
  uint32_t refreshes;  // likewise
  void (Crowd::*knock)();
  bool passes;
};
constexpr Knock kKnocks[] = {
    {"below three quarters a stranger", 2, 0, &Crowd::KnockOnTls, true},
    {"below three quarters, in clear", 2, 0, &Crowd::KnockInClear, true},
    {"at three quarters a stranger", 3, 0, &Crowd::KnockOnTls, false},
    {"whoever has taken them", 0, 3, &Crowd::KnockOnTls, false},
    {"in clear", 3, 0, &Crowd::KnockInClear, false},
    {"with a ticket and no proof", 3, 0, &Crowd::Resume, false},
    {"who is registered", 3, 0, &Crowd::Refresh, true},
    {"who is registered, and leaves", 3, 0, &Crowd::Leave, true},
    {"at the bound who is registered", 3, 1, &Crowd::Refresh, false},
    {"at the bound who leaves", 3, 1, &Crowd::Leave, false},
    {"at the bound a stranger", 3, 1, &Crowd::KnockOnTls, false},
};

// Conformance: PROXY-28, ERR-05
TEST(CoreRegisters, WhoIsInGoesFirstAndTheNewcomerIsRefused) {
  for (const Knock& knock : kKnocks) {
    SCOPED_TRACE(knock.sentence);
    Crowd crowd;
    crowd.Come(knock.strangers);
    for (uint32_t i = 0; i < knock.refreshes; ++i) crowd.Refresh();
    const uint32_t before = knock.strangers + knock.refreshes;
    ASSERT_EQ(crowd.waiting_now(), before);

    (crowd.*knock.knock)();

    EXPECT_EQ(crowd.net.Only().to_core, knock.passes);
    EXPECT_EQ(StatusOf(crowd.net.OnlyText()), knock.passes ? 0 : 503);
    EXPECT_EQ(Row(crowd.net.OnlyText(), "Retry-After").empty(), knock.passes);
    EXPECT_EQ(crowd.net.Count(CounterId::kCoreRegistersFull), !knock.passes);
    EXPECT_EQ(crowd.waiting_now(), before + knock.passes);
  }
}

// Who is refused keeps nothing here but his connection.
TEST(CoreRegisters, TheRefusedTakesNoSlot) {
  Crowd crowd;
  crowd.Come(kOfNewcomers);

  crowd.KnockOnTls();

  EXPECT_EQ(crowd.net.totals().associations_reserved, kOfNewcomers);
  EXPECT_EQ(crowd.net.totals().transactions, kOfNewcomers);
}

// Its source is not proven.
TEST(CoreRegisters, ADatagramTooManyGetsNothing) {
  Crowd crowd;
  crowd.Come(kOfNewcomers);

  crowd.KnockByDatagram();

  EXPECT_TRUE(crowd.net.sent().empty());
  EXPECT_EQ(crowd.net.Count(CounterId::kCoreRegistersFull), 1u);
}

// Refused for another reason, it would not have gone to the core.
TEST(CoreRegisters, WhatIsWrongIsSaidAtTheBoundToo) {
  Crowd crowd;
  crowd.Come(kOfNewcomers);

  crowd.net.Receive(crowd.flows[0],
                    RegisterText{.cseq = 9, .contact = "*"}.Text());

  EXPECT_EQ(StatusOf(crowd.net.OnlyText()), 400);
}

struct Release {
  std::string_view sentence;
  void (*happens)(Crowd&);
  uint32_t left;  // of three
};
constexpr Release kReleases[] = {
    {"nothing", [](Crowd&) {}, 3},
    {"a provisional answer",
     [](Crowd& c) { c.net.AnswerFromCore(c.waiting[0], 100); }, 3},
    {"a challenge", [](Crowd& c) { c.net.AnswerFromCore(c.waiting[0], 401); },
     2},
    {"a grant", [](Crowd& c) { c.net.GrantFromCore(c.waiting[0]); }, 2},
    {"the same grant twice",
     [](Crowd& c) {
       c.net.GrantFromCore(c.waiting[0]);
       c.net.GrantFromCore(c.waiting[0]);
     },
     2},
    {"a failure that closes the connection",
     [](Crowd& c) { c.net.AnswerFromCore(c.waiting[0], 403); }, 2},
    {"Timer F of one entry point, for it goes to the next",
     [](Crowd& c) { c.net.Advance(Millis(32'100)); }, 3},
    {"Timer F of all entry points",
     [](Crowd& c) {
       c.net.Advance(Millis(32'100));
       c.net.Advance(Millis(32'100));
     },
     0},
    {"all entry points lost",
     [](Crowd& c) {
       for (const CoreTarget& target : c.net.config().home_core) {
         c.net.PeerLost(target);
         c.net.Advance(Millis(1));
       }
     },
     0},
    {"a closed connection, for the core still has it",
     [](Crowd& c) { c.net.Close(c.flows[0]); }, 3},
    {"the answer for a closed connection",
     [](Crowd& c) {
       c.net.Close(c.flows[0]);
       c.net.AnswerFromCore(c.waiting[0], 401);
     },
     2},
    {"Timer F of closed connections",
     [](Crowd& c) {
       for (const FlowId flow : c.flows) c.net.Close(flow);
       c.net.Advance(Millis(32'100));
       c.net.Advance(Millis(32'100));
     },
     0},
};

TEST(CoreRegisters, APlaceIsFreeWhenTheTransactionEnds) {
  for (const Release& release : kReleases) {
    SCOPED_TRACE(release.sentence);
    Crowd crowd;
    crowd.Come(kOfNewcomers);

    release.happens(crowd);

    EXPECT_EQ(crowd.waiting_now(), release.left);
    crowd.KnockOnTls();
    EXPECT_EQ(StatusOf(crowd.net.OnlyText()), release.left < 3 ? 0 : 503);
  }
}

// For 32 s it only repeats what the core has said (Timer J).
TEST(CoreRegisters, AnAnsweredDatagramHasNoPlace) {
  Crowd crowd;
  crowd.KnockByDatagram();
  const Sent sent = crowd.net.Only();
  EXPECT_EQ(crowd.waiting_now(), 1u);

  crowd.net.AnswerFromCore(sent, 401);

  EXPECT_EQ(crowd.waiting_now(), 0u);
  EXPECT_EQ(crowd.net.totals().transactions, 1u);
  crowd.net.Advance(Millis(32'100));
  EXPECT_EQ(crowd.net.totals().transactions, 0u);
  EXPECT_EQ(crowd.waiting_now(), 0u);
}

}  // namespace
}  // namespace sallyport
