#include "core/registration/reg_subscription.h"

#include "absl/log/check.h"
#include "core/registration/impi.h"

namespace sallyport::registration {
namespace {

uint32_t HashOf(std::string_view impi) {
  return static_cast<uint32_t>(Fingerprint().AddImpi(impi).Take());
}

}  // namespace

RegSubscriptions::RegSubscriptions(uint32_t capacity, uint32_t first_generation)
    : slab_(capacity, first_generation), by_impi_(capacity) {}

SlotHandle RegSubscriptions::Begin(std::string_view impi) {
  CHECK(!impi.empty() && !FindByImpi(impi).valid());
  const SlotHandle handle = slab_.Acquire();
  if (!handle.valid()) return handle;
  slab_.Find(handle)->impi = impi;
  by_impi_.Insert(handle.slot, HashOf(impi),
                  [this](uint32_t slot) -> SlotIndex::Link& {
                    return slab_.At(slot)->by_impi;
                  });
  return handle;
}

void RegSubscriptions::End(SlotHandle handle) {
  CHECK(slab_.Find(handle) != nullptr);
  by_impi_.Remove(handle.slot, [this](uint32_t slot) -> SlotIndex::Link& {
    return slab_.At(slot)->by_impi;
  });
  slab_.Release(handle);
}

SlotHandle RegSubscriptions::FindByImpi(std::string_view impi) const {
  return FindByHash(impi, HashOf(impi));
}

SlotHandle RegSubscriptions::FindByHash(std::string_view impi,
                                        uint32_t hash) const {
  const auto link_of = [this](uint32_t slot) -> const SlotIndex::Link& {
    return slab_.At(slot)->by_impi;
  };
  uint32_t slot = by_impi_.First(hash, link_of);
  while (slot != SlotHandle::kNoSlot &&
         !EqualImpis(slab_.At(slot)->impi, impi)) {
    slot = by_impi_.Next(slot, link_of);
  }
  return slot == SlotHandle::kNoSlot ? SlotHandle{} : slab_.HandleAt(slot);
}

void RegSubscriptions::CheckInvariants() const {
  uint32_t counted = 0;
  for (uint32_t slot = 0; slot < slab_.slots_used(); ++slot) {
    const RegSubscription* subscription = slab_.At(slot);
    if (subscription == nullptr) continue;
    ++counted;
    CheckHash(slot);
    CHECK(FindByHash(subscription->impi, subscription->by_impi.hash) ==
          slab_.HandleAt(slot));
  }
  CHECK_EQ(counted, by_impi_.size());
  CHECK_EQ(counted, slab_.size());
}

void RegSubscriptions::CheckHash(uint32_t slot) const {
  const RegSubscription& subscription = *slab_.At(slot);
  if (checked_.size() <= slot) checked_.resize(slot + 1);
  Checked& seen = checked_[slot];
  const uint32_t hash = subscription.by_impi.hash;
  if (seen.impi == subscription.impi && seen.hash == hash) return;
  CHECK_EQ(hash, HashOf(subscription.impi));
  seen = {.impi = subscription.impi, .hash = hash};
}

}  // namespace sallyport::registration
