#include "net/mailbox.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "net/testing/loopback.h"

namespace sallyport::net {
namespace {

struct Letter {
  uint64_t number = 0;
  std::string text;
};

// On the heap: gcc's ASan aligns a stack frame to 32 bytes only.
std::unique_ptr<Mailbox<Letter>> MakeBox(uint32_t capacity) {
  return std::make_unique<Mailbox<Letter>>(capacity);
}

TEST(Mailbox, DeliversInOrder) {
  const auto memory = MakeBox(4);
  Mailbox<Letter>& box = *memory;

  for (uint64_t i = 0; i < 3; ++i) {
    box.Claim()->number = i;
    EXPECT_EQ(box.Publish(), i == 0);
  }

  for (uint64_t i = 0; i < 3; ++i) {
    ASSERT_NE(box.Front(), nullptr);
    EXPECT_EQ(box.Front()->number, i);
    box.Pop();
  }
  EXPECT_EQ(box.Front(), nullptr);
}

TEST(Mailbox, AsksForAWakeOnlyWhenItWasEmpty) {
  const auto memory = MakeBox(4);
  Mailbox<Letter>& box = *memory;

  ASSERT_NE(box.Claim(), nullptr);
  EXPECT_TRUE(box.Publish());
  ASSERT_NE(box.Claim(), nullptr);
  EXPECT_FALSE(box.Publish());
  box.Pop();
  ASSERT_NE(box.Claim(), nullptr);
  EXPECT_FALSE(box.Publish());
  box.Pop();
  box.Pop();
  ASSERT_NE(box.Claim(), nullptr);
  EXPECT_TRUE(box.Publish());
}

TEST(Mailbox, TellsTheWriterThatItIsFull) {
  const auto memory = MakeBox(2);
  Mailbox<Letter>& box = *memory;
  for (int i = 0; i < 2; ++i) {
    ASSERT_NE(box.Claim(), nullptr);
    (void)box.Publish();
  }

  EXPECT_EQ(box.Claim(), nullptr);
  ASSERT_NE(box.Front(), nullptr);
  box.Pop();
  EXPECT_NE(box.Claim(), nullptr);
}

TEST(Mailbox, KeepsTheMemoryOfItsMessages) {
  const auto memory = MakeBox(1);
  Mailbox<Letter>& box = *memory;
  box.Claim()->text.assign(5000, 'x');
  (void)box.Publish();
  const char* text = box.Front()->text.data();
  box.Pop();

  Letter* again = box.Claim();
  again->text.assign(4000, 'y');

  EXPECT_EQ(again->text.data(), text);
}

TEST(Mailbox, KeepsItsOrderWhenItsIndexesWrapAround) {
  const auto memory = MakeBox(2);
  Mailbox<Letter>& box = *memory;

  for (uint64_t i = 0; i < 100'000; ++i) {
    box.Claim()->number = i;
    (void)box.Publish();
    ASSERT_EQ(box.Front()->number, i);
    box.Pop();
  }
}

// The reader sleeps on a flag that only a wake sets: a lost wake would hang.
TEST(Mailbox, LosesNeitherMessageNorWakeBetweenTwoThreads) {
  constexpr uint64_t kLetters = 200'000;
  const auto memory = MakeBox(64);
  Mailbox<Letter>& box = *memory;
  std::atomic<bool> woken{false};
  std::thread writer([&] {
    for (uint64_t i = 0; i < kLetters;) {
      Letter* letter = box.Claim();
      if (letter == nullptr) {
        std::this_thread::yield();
        continue;
      }
      letter->number = i++;
      letter->text.assign(1 + i % 40, static_cast<char>('a' + i % 26));
      if (box.Publish()) {
        woken.store(true);
        woken.notify_one();
      }
    }
  });

  uint64_t expected = 0;
  bool whole = true;
  while (expected < kLetters) {
    woken.wait(false);
    woken.store(false);
    while (Letter* letter = box.Front()) {
      whole = whole && letter->number == expected &&
              letter->text.size() == 1 + (expected + 1) % 40;
      ++expected;
      box.Pop();
    }
  }
  writer.join();

  EXPECT_TRUE(whole);
}

TEST(Mailboxes, DeliverToTheRightShardFromTheRightShard) {
  Mailboxes<Letter> boxes(3, 8);
  for (uint32_t from = 0; from < 3; ++from) {
    for (uint32_t to = 0; to < 3; ++to) {
      boxes.Claim(from, to)->number = from * 10 + to;
      EXPECT_TRUE(boxes.Publish(from, to));
    }
  }

  std::vector<uint64_t> got;
  const Drained drained = boxes.Drain(1, [&](uint32_t from, Letter& letter) {
    EXPECT_EQ(letter.number / 10, from);
    got.push_back(letter.number);
  });

  EXPECT_EQ(got, (std::vector<uint64_t>{1, 11, 21}));
  EXPECT_EQ(drained.messages, 3u);
  EXPECT_FALSE(drained.more);
}

TEST(Mailboxes, DrainEndsAlthoughAWriterGoesOn) {
  Mailboxes<Letter> boxes(1, 8);
  ASSERT_NE(boxes.Claim(0, 0), nullptr);
  (void)boxes.Publish(0, 0);

  const Drained drained = boxes.Drain(0, [&](uint32_t, Letter&) {
    ASSERT_NE(boxes.Claim(0, 0), nullptr);
    (void)boxes.Publish(0, 0);
  });

  EXPECT_EQ(drained.messages, 8u);
  EXPECT_TRUE(drained.more);
}

// One of two shards that throw a ball to and fro; each sleeps in its ring.
struct Shard {
  uint32_t index = 0;
  std::unique_ptr<Reactor> reactor = MakeReactor();
  RecordingSink sink;
  uint64_t caught = 0;
};

TEST(Mailboxes, WakeASleepingReactorThroughItsRing) {
  constexpr uint64_t kThrows = 5000;
  Mailboxes<Letter> boxes(2, 16);
  Shard shards[2];
  shards[1].index = 1;
  const int ring_fds[] = {shards[0].reactor->ring_fd(),
                          shards[1].reactor->ring_fd()};
  const auto throw_ball = [&](Shard& shard, uint64_t number) {
    const uint32_t to = 1 - shard.index;
    Letter* letter = boxes.Claim(shard.index, to);
    ASSERT_NE(letter, nullptr);
    letter->number = number;
    if (boxes.Publish(shard.index, to)) shard.reactor->Wake(ring_fds[to]);
  };
  const auto run = [&](Shard& shard) {
    ASSERT_TRUE(shard.reactor->Enable().has_value());
    bool over = false;
    shard.sink.on_mail = [&] {
      boxes.Drain(shard.index, [&](uint32_t, Letter& letter) {
        ++shard.caught;
        over = letter.number + 1 >= kThrows;
        if (letter.number < kThrows) throw_ball(shard, letter.number + 1);
      });
    };
    if (shard.index == 0) throw_ball(shard, 1);
    TurnUntil(*shard.reactor, shard.sink, [&] { return over; });
    shard.reactor->Turn(shard.reactor->Now(), shard.sink);  // the last wake
  };

  std::thread other([&] { run(shards[1]); });
  run(shards[0]);
  other.join();

  EXPECT_EQ(shards[0].caught + shards[1].caught, kThrows);
  EXPECT_GT(shards[0].sink.mails, 100);
}

}  // namespace
}  // namespace sallyport::net
