#include "net/send_buffers.h"

#include <string>

#include "gtest/gtest.h"

namespace sallyport::net {
namespace {

TEST(SendBuffers, KeepTheBytesOfABufferThatGrows) {
  SendBuffers pool({});
  SendBuffer buffer;
  std::string expected;

  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(pool.Grow(buffer, 1000));
    for (int j = 0; j < 1000; ++j) {
      buffer.data[buffer.size++] = static_cast<char>(i + j);
      expected.push_back(static_cast<char>(i + j));
    }
  }

  EXPECT_EQ(std::string(buffer.data, buffer.size), expected);
  EXPECT_EQ(pool.lent_bytes(), buffer.capacity);
  pool.Release(buffer);
  EXPECT_EQ(pool.lent_bytes(), 0u);
}

TEST(SendBuffers, GiveTheSameMemoryAgain) {
  SendBuffers pool({});
  SendBuffer buffer;
  ASSERT_TRUE(pool.Grow(buffer, 1));
  const char* memory = buffer.data;
  pool.Release(buffer);

  ASSERT_TRUE(pool.Grow(buffer, kSendBufferBytesMin));

  EXPECT_EQ(buffer.data, memory);
  EXPECT_EQ(pool.idle_bytes(), 0u);
  pool.Release(buffer);
}

TEST(SendBuffers, KeepAShareForTheReservedClass) {
  SendBuffers pool({.bytes_max = 3 * kSendBufferBytesMin,
                    .reserved_bytes = kSendBufferBytesMin});
  SendBuffer phone;
  SendBuffer core;

  ASSERT_TRUE(pool.Grow(phone, 2 * kSendBufferBytesMin));
  EXPECT_FALSE(pool.Grow(core, 1));
  EXPECT_TRUE(pool.Grow(core, 1, SendClass::kReserved));

  pool.Release(phone);
  pool.Release(core);
}

TEST(SendBuffers, LendNoMoreThanTheirBound) {
  SendBuffers pool({.bytes_max = 3 * kSendBufferBytesMin});
  SendBuffer first;
  SendBuffer second;
  ASSERT_TRUE(pool.Grow(first, 2 * kSendBufferBytesMin));
  ASSERT_TRUE(pool.Grow(second, 1));
  second.size = 1;

  EXPECT_FALSE(pool.Grow(second, kSendBufferBytesMin));
  EXPECT_EQ(second.size, 1u);
  EXPECT_EQ(second.capacity, kSendBufferBytesMin);
  pool.Release(first);
  pool.Release(second);
}

TEST(SendBuffers, RefuseASizeBeyondAllTheirLists) {
  SendBuffers pool({.bytes_max = ~size_t{0}});
  SendBuffer buffer;

  EXPECT_FALSE(pool.Grow(buffer, size_t{1} << 40));
  EXPECT_EQ(buffer.data, nullptr);
}

TEST(SendBuffers, KeepNoMoreIdleThanTheirBound) {
  SendBuffers pool({.idle_bytes_max = kSendBufferBytesMin});
  SendBuffer first;
  SendBuffer second;
  ASSERT_TRUE(pool.Grow(first, 1));
  ASSERT_TRUE(pool.Grow(second, 1));

  pool.Release(first);
  pool.Release(second);

  EXPECT_EQ(pool.idle_bytes(), kSendBufferBytesMin);
}

}  // namespace
}  // namespace sallyport::net
