#include "core/counters.h"

#include "core/testing/name_table.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

TEST(CounterId, HasALabelForEachValue) {
  ExpectLabels<CounterId>(kCounterCount);
  EXPECT_EQ(ToString(CounterId::kReject403), "reject_403");
}

TEST(Counters, CountEachIdForItself) {
  Counters counters;

  counters.Add(CounterId::kPings);
  counters.Add(CounterId::kTlsSessionsRevoked, 5);

  EXPECT_EQ(counters.Get(CounterId::kPings), 1u);
  EXPECT_EQ(counters.Get(CounterId::kTlsSessionsRevoked), 5u);
  EXPECT_EQ(counters.Get(CounterId::kHandedIn), 0u);
}

}  // namespace
}  // namespace sallyport
