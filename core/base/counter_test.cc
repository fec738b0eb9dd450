#include "core/base/counter.h"

#include "gtest/gtest.h"

namespace sallyport {
namespace {

TEST(Counter, BeginsAtZeroAndSumsWhatWasAdded) {
  Counter counter;
  EXPECT_EQ(counter.Get(), 0u);

  counter.Add();
  counter.Add(41);

  EXPECT_EQ(counter.Get(), 42u);
}

TEST(Counter, ExpectsNoLockInItsStore) {
  EXPECT_TRUE(std::atomic<uint64_t>::is_always_lock_free);
  EXPECT_EQ(sizeof(Counter), sizeof(uint64_t));
}

}  // namespace
}  // namespace sallyport
