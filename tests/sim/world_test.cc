#include "tests/sim/world.h"

#include "gtest/gtest.h"

namespace sallyport::sim {
namespace {

// More seeds, in under two minutes on two cores:
// bazel run -c opt //tests/sim:replay -- --seeds=1000 --jobs=2 --quiet
constexpr uint64_t kSeeds = 24;

TEST(World, KeepsItsLawsOverManySeeds) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);

    const Report report = World({.seed = seed, .phones = 60}).Run();

    EXPECT_GT(report.steps, 1000u);
  }
}

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
  EXPECT_GT(report.messages_delivered, 100u);
  EXPECT_GT(report.handed_over, 50u);
}

}  // namespace
}  // namespace sallyport::sim
