#include "core/routing/message_pool.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace sallyport::routing {
namespace {

TEST(MessagePool, KeepsCopies) {
  MessagePool pool(1 << 20);
  std::string text(3000, 'x');
  PooledBytes bytes = pool.Store(text);
  text.assign(3000, 'y');
  EXPECT_EQ(bytes.view(), std::string(3000, 'x'));
  pool.Release(bytes);
  EXPECT_FALSE(bytes.valid());
  pool.Release(bytes);
  EXPECT_EQ(pool.bytes_in_use(), 0u);
}

TEST(MessagePool, RefusesPastItsBoundAndServesAgainAfterRelease) {
  MessagePool pool(4 * 512);
  std::vector<PooledBytes> held;
  for (int i = 0; i < 4; ++i) {
    held.push_back(pool.Acquire(512));
    EXPECT_TRUE(held.back().valid());
  }
  EXPECT_FALSE(pool.Acquire(1).valid());
  pool.Release(held[0]);
  EXPECT_FALSE(pool.Acquire(513).valid());
  held[0] = pool.Acquire(1);
  EXPECT_TRUE(held[0].valid());
  for (PooledBytes& bytes : held) pool.Release(bytes);
}

TEST(MessagePool, FreeBlocksGiveWayToOtherSizes) {
  MessagePool pool(2048);
  for (size_t size : {512, 1024, 2048, 512, 2048}) {
    PooledBytes bytes = pool.Acquire(size);
    EXPECT_TRUE(bytes.valid()) << size;
    pool.Release(bytes);
  }
}

TEST(MessagePool, AMessageIsAtMost64KiB) {
  MessagePool pool(1 << 20);
  PooledBytes largest = pool.Acquire(65536);
  EXPECT_TRUE(largest.valid());
  pool.Release(largest);
  EXPECT_FALSE(pool.Acquire(65537).valid());
}

}  // namespace
}  // namespace sallyport::routing
