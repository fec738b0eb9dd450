#include "tests/sim/world.h"

#include "gtest/gtest.h"

namespace sallyport::sim {
namespace {

// More seeds: a thousand in two minutes, ten thousand in ten, on two cores:
// bazel run -c opt //tests/sim:replay -- --seeds=10000 --jobs=2 --quiet
constexpr uint64_t kBlocks = 20;
constexpr uint64_t kSeedsOfBlock = 25;

class ManySeeds : public testing::TestWithParam<uint64_t> {};

TEST_P(ManySeeds, KeepTheLaws) {
  const uint64_t first = 1 + GetParam() * kSeedsOfBlock;
  for (uint64_t seed = first; seed < first + kSeedsOfBlock; ++seed) {
    SCOPED_TRACE(seed);
    const int phones = seed % 16 == 0 ? 200 : 40;

    const Report report = World({.seed = seed, .phones = phones}).Run();

    EXPECT_GT(report.steps, 500u);
  }
}

INSTANTIATE_TEST_SUITE_P(World, ManySeeds,
                         testing::Range(uint64_t{0}, kBlocks));

TEST(World, GivesTheSameRunForTheSameSeed) {
  const Report first = World({.seed = 77, .phones = 40}).Run();
  const Report second = World({.seed = 77, .phones = 40}).Run();

  EXPECT_EQ(first, second);
}

TEST(World, GivesAnotherRunForAnotherSeed) {
  const Report first = World({.seed = 77, .phones = 40}).Run();
  const Report second = World({.seed = 78, .phones = 40}).Run();

  EXPECT_NE(first.fingerprint, second.fingerprint);
}

// A simulation in which nothing happens breaks no law either.
TEST(World, IsAlive) {
  const Report report = World({.seed = 5, .clock_jumps = false}).Run();

  EXPECT_GT(report.registered, 300u);
  EXPECT_GT(report.refreshed_without_challenge, 50u);
  EXPECT_GT(report.resumed, 10u);
  EXPECT_GT(report.connections_lost, 100u);
  EXPECT_GT(report.messages_delivered, 50u);
  EXPECT_GT(report.handed_over, 50u);
  EXPECT_GT(report.devices_moved, 20u);
  EXPECT_GT(report.second_sets, 50u);
  EXPECT_GT(report.sets_removed, 50u);
  EXPECT_GT(report.subscribed, 100u);
  EXPECT_GT(report.news_accepted, 200u);
  EXPECT_GT(report.ended_by_network, 50u);
  EXPECT_GT(report.shortened, 10u);
}

// What befalls some runs only.
TEST(World, MeetsEveryTrouble) {
  Report sum;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    const Report report = World({.seed = seed, .phones = 40}).Run();
    sum.failed_over += report.failed_over;
    sum.restarts += report.restarts;
    sum.keys_rotated += report.keys_rotated;
    sum.given_up += report.given_up;
    sum.handovers_lost += report.handovers_lost;
    sum.names_asked += report.names_asked;
    sum.names_failed += report.names_failed;
    sum.failed_unoffered += report.failed_unoffered;
    sum.turned_away += report.turned_away;
  }

  EXPECT_GT(sum.failed_over, 20u);
  EXPECT_GT(sum.restarts, 1u);
  EXPECT_GT(sum.keys_rotated, 5u);
  EXPECT_GT(sum.given_up, 5u);
  EXPECT_GT(sum.handovers_lost, 0u);
  EXPECT_GT(sum.names_asked, 100u);
  EXPECT_GT(sum.names_failed, 10u);
  EXPECT_GT(sum.failed_unoffered, 10u);
  EXPECT_GT(sum.turned_away, 20u);
}

}  // namespace
}  // namespace sallyport::sim
