#include "bench/load/day.h"

#include <array>
#include <string>

#include "gtest/gtest.h"

namespace sallyport::load {
namespace {

std::array<uint64_t, kWorkCount> DrawMany(const DayMix& mix, uint64_t pieces) {
  std::array<uint64_t, kWorkCount> drawn{};
  for (uint64_t piece = 0; piece < pieces; ++piece) {
    ++drawn[static_cast<size_t>(mix.Draw(piece))];
  }
  return drawn;
}

TEST(DayMix, DrawsEachOperationAsOftenAsItsWeightSays) {
  const auto mix =
      DayMix::Parse("ping:720,reregister:48,message:20,reconnect:12");
  ASSERT_TRUE(mix.ok()) << mix.status();

  const auto drawn = DrawMany(*mix, 800'000);

  // Within five standard deviations.
  const auto of = [&](Work work) {
    return static_cast<double>(drawn[static_cast<size_t>(work)]);
  };
  EXPECT_NEAR(of(Work::kPing), 720'000, 1'350);
  EXPECT_NEAR(of(Work::kReregisterAnswered), 48'000, 1'100);
  EXPECT_NEAR(of(Work::kMessage), 20'000, 700);
  EXPECT_NEAR(of(Work::kReturn), 12'000, 550);
}

TEST(DayMix, DoesNotDoWhatHasNoWeight) {
  const auto mix = DayMix::Parse("reconnect:1,ping:3,message:0");
  ASSERT_TRUE(mix.ok()) << mix.status();

  const auto drawn = DrawMany(*mix, 1000);

  EXPECT_GT(drawn[static_cast<size_t>(Work::kReturn)], 0u);
  EXPECT_EQ(drawn[static_cast<size_t>(Work::kPing)] +
                drawn[static_cast<size_t>(Work::kReturn)],
            1000u);
  EXPECT_EQ(mix->WeightOf(Work::kPing), 3u);
  EXPECT_EQ(mix->WeightOf(Work::kMessage), 0u);
  EXPECT_EQ(mix->WeightOf(Work::kVisit), 0u);
}

TEST(DayMix, SaysWhatIsWrong) {
  constexpr struct {
    const char* text;
    const char* says;
  } kCases[] = {
      {"", "`` is no operation"},
      {"visit:1", "`visit:1` is no operation"},
      {"ping", "has no weight between"},
      {"ping:", "has no weight between"},
      {"ping:-1", "has no weight between"},
      {"ping:1000001", "has no weight between"},
      {"ping:1:2", "has no weight between"},
      {"ping:1,ping:2", "`ping:2` comes twice"},
      {"ping:0,message:0", "has nothing to do"},
  };
  for (const auto& c : kCases) {
    const auto mix = DayMix::Parse(c.text);
    ASSERT_FALSE(mix.ok()) << c.text;
    EXPECT_NE(mix.status().message().find(c.says), std::string::npos)
        << mix.status();
  }
}

}  // namespace
}  // namespace sallyport::load
