// Any sequence of events gives what plain vectors and maps give.
#include <algorithm>
#include <string>
#include <vector>

#include "core/registration/association_slice.h"
#include "core/testing/fakes.h"
#include "gtest/gtest.h"

namespace sallyport::registration {
namespace {

constexpr Instant kNow{Millis(1'000'000)};

EdgeConfig SmallConfig() {
  EdgeConfig config;
  config.associations_max = 64;
  return config;
}

FlowId Flow(uint32_t slot) { return {.shard = 0, .handle = {slot, 1}}; }

FlowInfo Info(uint8_t number) {
  FlowInfo info;
  info.peer = {IpAddress::V4({203, 0, 113, number}), 50311};
  info.tls_session[0] = number;
  return info;
}

class Model {
 public:
  explicit Model(uint64_t seed) : entropy_(seed) {}

  void Step() {
    switch (entropy_.Next() % 8) {
      case 0:
        return Reserve();
      case 1:
      case 2:
      case 3:
        return ForOne([this](One& one) { Apply(one); });
      case 4:
        return ForOne([this](One& one) { Drop(one); });
      case 5:
        return ForOne([this](One& one) { Suspend(one); });
      case 6:
        return ForOne([this](One& one) { Expire(one); });
      case 7:
        now_ += Seconds(entropy_.Next() % 50);
        return;
    }
  }

  void Check() const {
    slice_.CheckInvariants();
    size_t entered = 0;
    for (const One& one : all_) {
      ASSERT_TRUE(slice_.live(one.id));
      ASSERT_EQ(slice_.set_count(one.id), one.sets.size());
      ASSERT_EQ(slice_.state(one.id) == AssociationState::kActive, one.active);
      if (!one.entered) continue;
      ++entered;
      ASSERT_EQ(slice_.impi(one.id), one.impi);
      Instant earliest = one.suspended_until;
      for (const Set& set : one.sets) {
        earliest = std::min(earliest, set.ends);
        ASSERT_EQ(slice_.MatchIdentity(one.id, set.name), "<" + set.name + ">");
      }
      ASSERT_EQ(slice_.expires(one.id), earliest);
    }
    const auto totals = slice_.totals();
    ASSERT_EQ(totals.active + totals.suspended, entered);
    ASSERT_EQ(totals.reserved, all_.size() - entered);
    for (int impi = 0; impi < 4; ++impi) {
      const std::string name = Impi(impi);
      size_t count = 0;
      for (const One& one : all_) count += one.entered && one.impi == name;
      ASSERT_EQ(slice_.CountOfImpi(name), count);
    }
  }

 private:
  struct Set {
    std::string name;
    Instant ends;
  };
  struct One {
    AssociationId id;
    std::string impi;
    bool entered = false;
    bool active = false;
    Instant suspended_until = kNever;
    std::vector<Set> sets;  // oldest first
  };
  static std::string Impi(uint64_t number) {
    return "impi" + std::to_string(number) + "@home";
  }
  template <typename Act>
  void ForOne(const Act& act) {
    if (!all_.empty()) act(all_[entropy_.Next() % all_.size()]);
  }

  void Reserve() {
    const uint8_t number = static_cast<uint8_t>(entropy_.Next());
    const AssociationId id = slice_.Reserve(Flow(number), Info(number));
    ASSERT_EQ(id.valid(), all_.size() < SmallConfig().associations_max);
    if (!id.valid()) return;
    One& one = all_.emplace_back();
    one.id = id;
    one.impi = Impi(number % 4);
  }

  // Each step has its own Call-ID, so that CSeq does not matter here.
  void Apply(One& one) {
    const std::string name =
        "sip:" + std::string(entropy_.Next() % 40 + 1, 'u') + "@home";
    const std::string call = std::to_string(++calls_);
    const uint32_t expires_s = static_cast<uint32_t>(entropy_.Next() % 5 * 20);
    Grant grant;
    grant.impi = one.impi;
    grant.address_of_record = name;
    grant.call_id = call;
    grant.expires_s = expires_s;
    grant.had_response = true;
    const uint8_t number = static_cast<uint8_t>(entropy_.Next());
    const bool gone = entropy_.Next() % 4 == 0;

    const Applied applied =
        slice_.Apply(one.id, grant, gone ? FlowId() : Flow(number),
                     gone ? FlowInfo() : Info(number), now_);

    const auto known =
        std::find_if(one.sets.begin(), one.sets.end(),
                     [&](const Set& set) { return set.name == name; });
    if (expires_s == 0) {
      ASSERT_EQ(applied, known == one.sets.end() ? Applied::kNothing
                         : one.sets.size() == 1  ? Applied::kRemovedAll
                                                 : Applied::kRemovedSet);
      if (known != one.sets.end()) one.sets.erase(known);
      if (applied != Applied::kRemovedSet) return;
    } else {
      const Instant ends = now_ + Seconds(expires_s + 30);
      if (known == one.sets.end()) {
        if (one.sets.size() == SmallConfig().identities_per_association_max) {
          ASSERT_EQ(applied, Applied::kTooManyIdentities);
          return;
        }
        one.sets.push_back({name, ends});
      } else {
        known->ends = ends;
      }
      ASSERT_EQ(applied == Applied::kCreated, !one.entered);
    }
    if (gone && !one.active && !one.entered) {
      one.suspended_until = now_ + SmallConfig().suspend_max;
    }
    one.entered = true;
    if (!gone) {
      one.active = true;
      one.suspended_until = kNever;
    }
  }

  void Drop(One& one) {
    slice_.Remove(one.id);
    ASSERT_FALSE(slice_.live(one.id));
    one = all_.back();
    all_.pop_back();
  }

  void Suspend(One& one) {
    slice_.Suspend(one.id, now_);
    if (one.active) one.suspended_until = now_ + SmallConfig().suspend_max;
    one.active = false;
  }

  void Expire(One& one) {
    const bool over = slice_.ExpireSets(one.id, now_);
    std::erase_if(one.sets, [&](const Set& set) { return set.ends <= now_; });
    ASSERT_EQ(over, one.entered && one.sets.empty());
  }

  FakeEntropy entropy_;
  AssociationSlice slice_{SmallConfig(), 1};
  std::vector<One> all_;
  Instant now_ = kNow;
  uint64_t calls_ = 0;
};

TEST(AssociationSlice, AgreesWithPlainMapsUnderAnySequence) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Model model(seed);
    for (int step = 0; step < 1500; ++step) {
      model.Step();
      if (step % 8 == 0) model.Check();
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace sallyport::registration
