// That the laws can be broken, and that the seeds reach what they are about.
#include "tests/fuzz/edge_run.h"

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "core/actions.h"
#include "core/base/endpoint.h"
#include "core/base/time.h"
#include "core/counters.h"
#include "core/edge_config.h"
#include "core/flow.h"
#include "core/testing/edge_harness.h"
#include "gtest/gtest.h"
#include "tests/fuzz/edge_laws.h"
#include "tests/fuzz/edge_script.h"

namespace sallyport::fuzz {
namespace {

// ---------------------------------------------------------------- the script

TEST(EdgeScript, CutsAtPercentSignsThatBeginALine) {
  const std::vector<EdgeStep> steps =
      CutScript("junk\n%Ot0\n%R01a\nX: 50%\r\nY: z\r\n\n%W", 9);

  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[0].kind, 'O');
  EXPECT_EQ(steps[0].how, "t0");
  EXPECT_EQ(steps[0].text, "");
  EXPECT_EQ(steps[1].text, "X: 50%\r\nY: z\r\n");
  EXPECT_EQ(steps[1].Pick(1, 3), 1u);
  EXPECT_TRUE(steps[1].Says('a'));
  EXPECT_EQ(steps[2].kind, 'W');
  EXPECT_EQ(steps[2].Pick(0, 5), 0u);
}

TEST(EdgeScript, StopsAtItsBound) {
  EXPECT_EQ(CutScript("%W\n%W\n%W", 2).size(), 2u);
  EXPECT_TRUE(CutScript("nothing", 9).empty());
  EXPECT_EQ(CutScript("%", 9)[0].kind, '\0');
}

// ---------------------------------------------------------------- the seeds

std::string ReadSeed(std::string_view name) {
  std::ifstream file("tests/fuzz/edge/" + std::string(name), std::ios::binary);
  return {std::istreambuf_iterator<char>(file),
          std::istreambuf_iterator<char>()};
}

struct Reach {
  const char* seed;
  size_t passed_on;
  size_t reached_ues;
  uint64_t associations;
};

constexpr Reach kReaches[] = {
    {"registers_over_tls", 4, 0, 1},
    {"agrees_in_clear_then_tls", 3, 0, 1},
    {"seed_profile", 2, 0, 1},
    {"claims_of_its_own", 1, 0, 0},
    {"resumes", 3, 1, 1},
    {"terminating", 1, 3, 1},
    {"two_phones", 4, 2, 2},
    {"network_ends_it", 3, 0, 1},
    {"names", 2, 0, 1},
    {"other_shard", 2, 1, 1},
    {"device_moves", 2, 0, 2},
};

// A seed that does not get through to the core or to a phone teaches nothing.
TEST(EdgeSeeds, ReachWhatTheyAreAbout) {
  for (const Reach& reach : kReaches) {
    const std::string script = ReadSeed(reach.seed);
    const std::vector<EdgeStep> steps = CutScript(script, EdgeRun::kStepsMax);
    ASSERT_FALSE(steps.empty()) << reach.seed;
    EdgeRun run(ConfigOf(steps[0].kind == 'C' ? steps[0].how : ""), 1);

    for (const EdgeStep& step : steps) run.Play(step);

    EXPECT_GE(run.passed_on(), reach.passed_on) << reach.seed;
    EXPECT_GE(run.reached_ues(), reach.reached_ues) << reach.seed;
    EXPECT_GE(run.net().Count(CounterId::kAssociationsCreated),
              reach.associations)
        << reach.seed;
  }
}

// ---------------------------------------------------------------- the laws

constexpr std::string_view kRegister =
    "REGISTER sip:ims.example.com SIP/2.0\r\n"
    "Via: SIP/2.0/TCP pcscf1.ims.example.com:5060;"
    "branch=z9hG4bK0000000000010000000200.0123456789abcdef\r\n"
    "Via: SIP/2.0/TLS "
    "192.168.1.10:5062;branch=z9hG4bKue;received=203.0.113.5\r\n"
    "Call-ID: reg-1\r\n"
    "Path: <sip:t.token@pcscf1.ims.example.com:5060;lr>\r\n"
    "Authorization: Digest username=\"alice@ims.example.com\", response=\"r\"";

// One UE on a connection, and an Edge that says what the test wants.
class Laws {
 public:
  explicit Laws(int session = 1) {
    laws_.OnOpened(kFlow, kPeer, session, Instant{});
  }
  void FromUe(std::string_view bytes) { laws_.OnFromUe(kFlow, kPeer, bytes); }
  void FromCore(std::string_view bytes) { laws_.OnFromCore(kCore, bytes); }
  void Passed(std::string_view text) {
    Leaves({.to = Destination::ToCore(kPeer, {}), .text = {}, .to_core = true},
           text);
  }
  void ToUe(std::string_view text) {
    Leaves({.to = Destination::ToFlow(kFlow, kPeer), .text = {}}, text);
  }
  // A registration that is granted.
  void Register() {
    FromUe("REGISTER");
    Passed(std::string(kRegister) +
           ", integrity-protected=\"tls-pending\"\r\n\r\n");
    FromCore(
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP x;branch="
        "z9hG4bK0000000000010000000200.0\r\nContact: <sip:a@b>\r\n\r\n");
  }

 private:
  void Leaves(Sent sent, std::string_view text) {
    sent.text = text;
    laws_.Check({sent}, {}, Instant{});
  }

  static constexpr FlowId kFlow{0, {1, 1}};
  static constexpr FlowId kCore{0, {2, 1}};
  const Endpoint kPeer = *Endpoint::Parse("203.0.113.5:40000");
  const EdgeConfig config_ = EdgeHarness::ExampleConfig();
  EdgeLaws laws_{config_};
};

std::string Claiming(std::string_view claim) {
  return std::string(kRegister) + std::string(claim) + "\r\n\r\n";
}

TEST(EdgeLaws, HoldOfARegistrationAndItsRefresh) {
  Laws laws;
  laws.Register();
  laws.ToUe("SIP/2.0 200 OK\r\nCall-ID: reg-1\r\n\r\n");
  laws.FromUe("REGISTER");
  laws.Passed(Claiming(", integrity-protected=\"tls-yes\""));
  laws.FromCore("MESSAGE sip:x SIP/2.0\r\nRoute: <sip:t.token@x>\r\n\r\n");
  laws.ToUe("MESSAGE sip:x SIP/2.0\r\n\r\n");
}

struct Foul {
  const char* sentence;
  const char* claim;
};

constexpr Foul kFouls[] = {
    {"the UE's own words", ", Integrity-Protected=\"tls-pending\""},
    {"another value", ", integrity-protected=\"yes\""},
    {"a token", ", integrity-protected=tls-pending"},
    {"two of them",
     ", integrity-protected=\"tls-pending\", "
     "integrity-protected=\"tls-pending\""},
    {"a second row",
     ", integrity-protected=\"tls-pending\"\r\nProxy-Authorization: Digest "
     "integrity-protected=\"tls-pending\""},
    {"seen by some readers alone",
     ", x=\"\\\", integrity-protected=\\\"tls-pending\\\"\""},
    {"the other row alone",
     "\r\nProxy-Authorization: Digest integrity-protected=\"tls-pending\""},
    {"yes without a grant", ", integrity-protected=\"tls-yes\""},
    {"an identity", "\r\nP-Asserted-Identity: <sip:alice@ims.example.com>"},
    {"a word of the network", "\r\nfeature-caps : *"},
    {"two Paths", "\r\nPath: <sip:other@x>"},
    {"a place of the network's",
     "\r\nP-Access-Network-Info: x, y;network-provided"},
};

TEST(EdgeLawsDeathTest, AreBrokenByEachFoulTowardsTheCore) {
  for (const Foul& foul : kFouls) {
    EXPECT_DEATH(
        {
          Laws laws;
          laws.FromUe("REGISTER");
          laws.Passed(Claiming(foul.claim));
        },
        "a law is broken")
        << foul.sentence;
  }
}

TEST(EdgeLawsDeathTest, AreBrokenByAClaimWithoutTls) {
  EXPECT_DEATH(
      {
        Laws laws(/*session=*/0);
        laws.FromUe("REGISTER");
        laws.Passed(Claiming(", integrity-protected=\"tls-pending\""));
      },
      "no claim without TLS");
}

TEST(EdgeLawsDeathTest, AreBrokenByAYesForAnotherUsername) {
  std::string mallory = Claiming(", integrity-protected=\"tls-yes\"");
  mallory.replace(mallory.find("alice@"), 6, "mallory@");
  mallory.replace(mallory.find("z9hG4bK00000000"), 15, "z9hG4bK00000001");
  EXPECT_DEATH(
      {
        Laws laws;
        laws.Register();
        laws.FromUe("REGISTER");
        laws.Passed(mallory);
      },
      "tls-yes after a grant");
}

TEST(EdgeLawsDeathTest, AreBrokenTowardsAUe) {
  constexpr Foul kTexts[] = {
      {"a request goes to who has registered", "MESSAGE sip:x SIP/2.0\r\n\r\n"},
      {"a late answer to who asked", "SIP/2.0 200 OK\r\nCall-ID: x\r\n\r\n"},
      {"no p-charging-vector",
       "SIP/2.0 200 OK\r\nP-Charging-Vector: icid-value=1\r\n\r\n"},
      {"our Security-Server", "SIP/2.0 401 No\r\nSecurity-Server: x\r\n\r\n"},
      {"no session keys",
       "SIP/2.0 401 No\r\nWWW-Authenticate: Digest CK = \"1\"\r\n\r\n"},
      {"asks for privacy",
       "MESSAGE sip:x SIP/2.0\r\nPrivacy: none;ID\r\nP-Asserted-Identity: "
       "<sip:a@b>\r\n\r\n"},
  };
  for (const Foul& foul : kTexts) {
    EXPECT_DEATH({ Laws().ToUe(foul.claim); }, foul.sentence);
  }
}

TEST(EdgeLawsDeathTest, AreBrokenByARequestThatNamesNoTokenOfTheSession) {
  EXPECT_DEATH(
      {
        Laws laws;
        laws.Register();
        laws.FromCore(
            "MESSAGE sip:x SIP/2.0\r\nRoute: <sip:t.other@x>\r\n\r\n");
        laws.ToUe("MESSAGE sip:x SIP/2.0\r\n\r\n");
      },
      "names a token of the session");
}

}  // namespace
}  // namespace sallyport::fuzz
