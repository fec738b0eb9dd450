#include "core/base/slot_index.h"

#include <algorithm>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace sallyport {
namespace {

// Objects of the index, and the slow way to find them.
class Indexed {
 public:
  explicit Indexed(uint32_t capacity) : links_(capacity), index_(capacity) {}

  auto LinkOf() {
    return [this](uint32_t slot) -> SlotIndex::Link& { return links_[slot]; };
  }
  void Insert(uint32_t slot, uint32_t hash) {
    index_.Insert(slot, hash, LinkOf());
    newest_first_.insert(newest_first_.begin(), {slot, hash});
  }
  void Remove(uint32_t slot) {
    index_.Remove(slot, LinkOf());
    std::erase_if(newest_first_,
                  [&](auto& entry) { return entry.slot == slot; });
  }
  bool Has(uint32_t slot) const {
    return std::any_of(newest_first_.begin(), newest_first_.end(),
                       [&](auto& entry) { return entry.slot == slot; });
  }
  std::vector<uint32_t> Find(uint32_t hash) const {
    const auto link_of = [this](uint32_t slot) { return links_[slot]; };
    std::vector<uint32_t> found;
    for (uint32_t slot = index_.First(hash, link_of);
         slot != SlotHandle::kNoSlot; slot = index_.Next(slot, link_of)) {
      found.push_back(slot);
    }
    return found;
  }
  std::vector<uint32_t> FindSlowly(uint32_t hash) const {
    std::vector<uint32_t> found;
    for (const Entry& entry : newest_first_) {
      if (entry.hash == hash) found.push_back(entry.slot);
    }
    return found;
  }
  uint32_t size() const { return index_.size(); }
  size_t slow_size() const { return newest_first_.size(); }

 private:
  struct Entry {
    uint32_t slot;
    uint32_t hash;
  };
  std::vector<SlotIndex::Link> links_;
  std::vector<Entry> newest_first_;
  SlotIndex index_;
};

TEST(SlotIndex, TellsEqualBucketsFromEqualHashes) {
  Indexed indexed(4);
  indexed.Insert(0, 1);
  indexed.Insert(1, 5);  // the same of four buckets

  EXPECT_EQ(indexed.Find(1), std::vector<uint32_t>({0}));
  EXPECT_EQ(indexed.Find(5), std::vector<uint32_t>({1}));
  EXPECT_TRUE(indexed.Find(9).empty());
}

TEST(SlotIndex, GivesSlotsOfOneHashNewestFirst) {
  Indexed indexed(8);
  for (uint32_t slot : {3, 1, 7}) indexed.Insert(slot, 42);

  EXPECT_EQ(indexed.Find(42), std::vector<uint32_t>({7, 1, 3}));

  indexed.Remove(1);
  EXPECT_EQ(indexed.Find(42), std::vector<uint32_t>({7, 3}));
}

TEST(SlotIndex, OfNoCapacityFindsNothing) {
  EXPECT_TRUE(Indexed(0).Find(1).empty());
}

TEST(SlotIndex, AgreesWithASlowOneUnderAnySequence) {
  constexpr uint32_t kSlots = 64;
  std::mt19937 random(1);
  Indexed indexed(kSlots);
  for (int step = 0; step < 20000; ++step) {
    const uint32_t slot = random() % kSlots;
    if (indexed.Has(slot)) {
      indexed.Remove(slot);
    } else {
      indexed.Insert(slot, random() % 100);
    }
    const uint32_t hash = random() % 100;
    ASSERT_EQ(indexed.Find(hash), indexed.FindSlowly(hash)) << step;
    ASSERT_EQ(indexed.size(), indexed.slow_size()) << step;
  }
}

}  // namespace
}  // namespace sallyport
