#include "tests/sim/world.h"

#include "gtest/gtest.h"

namespace sallyport::sim {
namespace {

// More seeds, about a minute for a thousand on two cores:
// bazel run -c opt //tests/sim:replay -- --seeds=1000 --jobs=2 --quiet
constexpr uint64_t kBlocks = 20;
constexpr uint64_t kSeedsOfBlock = 25;

class ManySeeds : public testing::TestWithParam<uint64_t> {};

TEST_P(ManySeeds, KeepTheLaws) {
  const uint64_t first = 1 + GetParam() * kSeedsOfBlock;
  for (uint64_t seed = first; seed < first + kSeedsOfBlock; ++seed) {
    SCOPED_TRACE(seed);
    const int phones = seed % 10 == 0 ? 200 : 60;

    const Report report = World({.seed = seed, .phones = phones}).Run();

    EXPECT_GT(report.steps, 500u);
  }
}

INSTANTIATE_TEST_SUITE_P(World, ManySeeds,
                         testing::Range(uint64_t{0}, kBlocks));

TEST(World, GivesTheSameRunForTheSameSeed) {
  const Report first = World({.seed = 77, .phones = 60}).Run();
  const Report second = World({.seed = 77, .phones = 60}).Run();

  EXPECT_EQ(first, second);
}

TEST(World, GivesAnotherRunForAnotherSeed) {
  const Report first = World({.seed = 77, .phones = 60}).Run();
  const Report second = World({.seed = 78, .phones = 60}).Run();

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
}

// What befalls some runs only.
TEST(World, MeetsEveryTrouble) {
  uint64_t failed_over = 0, restarts = 0, given_up = 0, handovers_lost = 0;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    const Report report = World({.seed = seed, .phones = 60}).Run();
    failed_over += report.failed_over;
    restarts += report.restarts;
    given_up += report.given_up;
    handovers_lost += report.handovers_lost;
  }

  EXPECT_GT(failed_over, 20u);
  EXPECT_GT(restarts, 1u);
  EXPECT_GT(given_up, 5u);
  EXPECT_GT(handovers_lost, 0u);
}

}  // namespace
}  // namespace sallyport::sim
