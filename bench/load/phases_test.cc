#include "bench/load/phases.h"

#include <string>

#include "gtest/gtest.h"

namespace sallyport::load {
namespace {

TEST(ParsePhases, KeepsOrderAndRates) {
  const auto phases = ParsePhases(
      "visit,register@500,reregister@2000.5,message,day@4000,idle,leave,"
      "handshake_resumed,return");
  ASSERT_TRUE(phases.ok()) << phases.status();
  ASSERT_EQ(phases->size(), 9u);
  EXPECT_EQ((*phases)[0].work, Work::kVisit);
  EXPECT_EQ((*phases)[0].rate, 0);
  EXPECT_EQ((*phases)[1].rate, 500);
  EXPECT_EQ((*phases)[2].rate, 2000.5);
  EXPECT_EQ((*phases)[3].kind, PhaseSpec::Kind::kMessage);
  EXPECT_EQ((*phases)[4].kind, PhaseSpec::Kind::kDay);
  EXPECT_EQ((*phases)[4].rate, 4000);
  EXPECT_EQ((*phases)[8].work, Work::kReturn);
}

TEST(ParsePhases, SaysWhatIsWrong) {
  constexpr struct {
    const char* list;
    const char* says;
  } kCases[] = {
      {"", "`` is no phase"},
      {"regsiter", "`regsiter` is no phase"},
      {"register,,idle", "`` is no phase"},
      {"reregister", "needs registered UEs"},
      {"visit,idle", "needs registered UEs"},
      {"day@5", "needs registered UEs"},
      {"register,visit", "needs UEs that are away"},
      {"register,register", "needs UEs that are away"},
      {"register@0", "has no rate between"},
      {"register@fast", "has no rate between"},
      {"register@1e7", "has no rate between"},
      {"register@nan", "has no rate between"},
      {"register,idle@5", "`idle@5` has no rate"},
  };
  for (const auto& c : kCases) {
    const auto phases = ParsePhases(c.list);
    ASSERT_FALSE(phases.ok()) << c.list;
    EXPECT_NE(phases.status().message().find(c.says), std::string::npos)
        << phases.status();
  }
}

}  // namespace
}  // namespace sallyport::load
