#include "core/base/slab.h"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/prefetch.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

TEST(Slab, FindsAnObjectByTheHandleItWasGiven) {
  Slab<int> slab(4);

  const SlotHandle handle = slab.Acquire(7);

  ASSERT_NE(slab.Find(handle), nullptr);
  EXPECT_EQ(*slab.Find(handle), 7);
  EXPECT_EQ(slab.size(), 1u);
}

TEST(Slab, RefusesTheOneBeyondItsCapacityAndServesThoseWithin) {
  Slab<int> slab(2);
  const SlotHandle first = slab.Acquire(1);
  const SlotHandle second = slab.Acquire(2);

  EXPECT_FALSE(slab.Acquire(3).valid());

  EXPECT_EQ(*slab.Find(first), 1);
  EXPECT_EQ(*slab.Find(second), 2);
}

// Conformance: ASSOC-23
TEST(Slab, NeverFindsTheNextTenantByAnOldHandle) {
  Slab<int> slab(1);
  const SlotHandle old = slab.Acquire(1);
  slab.Release(old);

  const SlotHandle fresh = slab.Acquire(2);

  EXPECT_EQ(fresh.slot, old.slot);
  EXPECT_NE(fresh.generation, old.generation);
  EXPECT_EQ(slab.Find(old), nullptr);
  EXPECT_EQ(*slab.Find(fresh), 2);
}

TEST(Slab, FindsNothingByHandlesThatItNeverGave) {
  Slab<int> slab(8);
  const SlotHandle handle = slab.Acquire(1);

  EXPECT_EQ(slab.Find(SlotHandle{}), nullptr);
  EXPECT_EQ(slab.Find({.slot = 1, .generation = 1}), nullptr);
  EXPECT_EQ(slab.Find({.slot = handle.slot, .generation = 0}), nullptr);
  EXPECT_EQ(slab.At(1), nullptr);
}

TEST(Slab, CountsGenerationsFromWhereItWasTold) {
  Slab<int> slab(1, 0xffffffff);
  const SlotHandle last = slab.Acquire(1);
  slab.Release(last);

  const SlotHandle wrapped = slab.Acquire(2);

  EXPECT_EQ(last.generation, 0xffffffffu);
  EXPECT_EQ(wrapped.generation, 1u) << "0 is never used";
  EXPECT_EQ((Slab<int>(1, 0).Acquire(1).generation), 1u);
}

TEST(Slab, KeepsObjectsWhereTheyAreWhileItGrows) {
  Slab<int> slab(5000);
  const SlotHandle first = slab.Acquire(0);
  const int* place = slab.Find(first);

  for (int i = 1; i < 5000; ++i) ASSERT_TRUE(slab.Acquire(i).valid());

  EXPECT_EQ(slab.Find(first), place);
  EXPECT_EQ(slab.slots_used(), 5000u);
  for (uint32_t i = 0; i < 5000; ++i) {
    ASSERT_EQ(*slab.At(i), static_cast<int>(i));
    ASSERT_EQ(slab.Find(slab.HandleAt(i)), slab.At(i));
  }
}

TEST(Slab, BeginsSlotsOfWholeCacheLinesWithOne) {
  struct Large {
    char octets[2 * kCacheLineBytes - 2 * sizeof(uint32_t)];
  };
  Slab<Large> slab(1000);

  for (int i = 0; i < 1000; ++i) {
    const auto place =
        reinterpret_cast<uintptr_t>(slab.Find(slab.Acquire(Large{})));
    ASSERT_EQ(place % kCacheLineBytes, 2 * sizeof(uint32_t)) << i;
  }
}

TEST(Slab, DestroysEachObjectOnce) {
  const auto watched = std::make_shared<int>(0);
  {
    Slab<std::shared_ptr<int>> slab(4);
    const SlotHandle released = slab.Acquire(watched);
    ASSERT_TRUE(slab.Acquire(watched).valid());
    EXPECT_EQ(watched.use_count(), 3);

    slab.Release(released);

    EXPECT_EQ(watched.use_count(), 2);
  }
  EXPECT_EQ(watched.use_count(), 1);
}

TEST(SlabDeathTest, DiesOfASecondRelease) {
  Slab<int> slab(1);
  const SlotHandle handle = slab.Acquire(1);
  slab.Release(handle);

  EXPECT_DEATH(slab.Release(handle), "");
}

}  // namespace
}  // namespace sallyport
