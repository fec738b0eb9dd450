#include "proxy/hello_queue.h"

#include <cstdint>
#include <set>
#include <vector>

#include "gtest/gtest.h"

namespace sallyport::proxy {
namespace {

class HelloQueueTest : public testing::Test {
 protected:
  void Push(uint32_t slot, bool resumes = false) {
    waits_.insert(slot);
    queue_.Push({.slot = slot, .generation = 1}, resumes);
  }
  void Lose(uint32_t slot) {
    waits_.erase(slot);
    queue_.Gone();
  }
  auto Waits() {
    return [this](net::StreamId stream) { return waits_.contains(stream.slot); };
  }
  std::vector<uint32_t> PopAll() {
    std::vector<uint32_t> slots;
    while (const auto stream = queue_.Pop(Waits())) slots.push_back(stream->slot);
    return slots;
  }

  std::set<uint32_t> waits_;
  HelloQueue queue_;
};

TEST_F(HelloQueueTest, TicketsGoFirstThenWhoCameFirst) {
  Push(1);
  Push(2, true);
  Push(3);
  Push(4, true);
  EXPECT_EQ(queue_.waiting(), 4u);
  EXPECT_EQ(PopAll(), (std::vector<uint32_t>{2, 4, 1, 3}));
  EXPECT_EQ(queue_.waiting(), 0u);
}

TEST_F(HelloQueueTest, ATicketThatComesForEverStopsNobody) {
  Push(1);
  uint32_t next = 2;
  for (int turn = 0; turn < 4; ++turn) {
    Push(next++, true);
    Push(next++, true);
    const auto stream = queue_.Pop(Waits());
    ASSERT_TRUE(stream.has_value());
    if (stream->slot == 1) return;
  }
  FAIL();
}

TEST_F(HelloQueueTest, WhoHasGoneIsPassedOver) {
  for (uint32_t slot = 1; slot <= 5; ++slot) Push(slot);
  Lose(1);
  Lose(4);
  EXPECT_EQ(queue_.waiting(), 3u);
  EXPECT_EQ(PopAll(), (std::vector<uint32_t>{2, 3, 5}));
}

// Peers that connect, say hello and go leave nothing behind.
TEST_F(HelloQueueTest, ThoseThatWentDoNotPileUp) {
  Push(0);
  for (uint32_t slot = 1; slot < 100'000; ++slot) {
    Push(slot);
    Lose(slot);
    size_t looked_at = 0;
    queue_.Tidy([&](net::StreamId stream) {
      ++looked_at;
      return waits_.contains(stream.slot);
    });
    ASSERT_LE(looked_at, 70u);
  }
  EXPECT_EQ(PopAll(), std::vector<uint32_t>{0});
}

}  // namespace
}  // namespace sallyport::proxy
