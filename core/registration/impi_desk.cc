#include "core/registration/impi_desk.h"

#include <algorithm>

#include "absl/log/check.h"
#include "core/registration/identity.h"
#include "core/registration/impi.h"
#include "core/sip/values.h"

namespace sallyport::registration {
namespace {

// Entries that each new one looks at, to drop what has run out.
constexpr int kSweptAtOnce = 2;

template <typename T>
std::string_view Octets(const T& number) {
  return {reinterpret_cast<const char*>(&number), sizeof(number)};
}

// The low bits chose the desk: here they are all alike.
uint32_t HashOf(uint64_t impi) { return static_cast<uint32_t>(impi >> 32); }

bool SameAssociation(const Standing& a, const Standing& b) {
  return a.home == b.home && a.id == b.id;
}

}  // namespace

uint64_t ImpiKey(std::string_view impi, uint64_t secret) {
  if (impi.empty()) return 0;
  return Fingerprint().Add(Octets(secret)).AddImpi(impi).Take();
}

uint64_t DeviceKey(std::string_view instance, uint32_t reg_id,
                   std::string_view contact_uri, uint64_t secret) {
  Fingerprint key;
  key.Add(Octets(secret)).Add(instance);
  if (!instance.empty()) return key.Add(Octets(reg_id)).Take();
  const auto uri = sip::ParseUri(FirstUri(contact_uri));
  if (!uri) return key.Add(contact_uri).Take();
  return key.Add(uri->user)
      .AddIgnoringCase(uri->host)
      .Add(Octets(uri->port))
      .Take();
}

ImpiDesk::ImpiDesk(uint32_t capacity, ShardId here, Millis lease)
    : here_(here), lease_(lease), entries_(capacity), by_impi_(capacity) {}

bool ImpiDesk::Put(const Standing& standing, Instant now) {
  uint32_t slot = Find(standing);
  if (slot == SlotHandle::kNoSlot) {
    Sweep(now);
    const SlotHandle handle = entries_.Acquire();
    if (!handle.valid()) return false;
    slot = handle.slot;
    by_impi_.Insert(slot, HashOf(standing.impi),
                    [this](uint32_t at) -> SlotIndex::Link& {
                      return entries_.At(at)->link;
                    });
  }
  Entry& entry = *entries_.At(slot);
  entry.standing = standing;
  entry.until = standing.home == here_ ? kNever : now + lease_;
  Supersede(slot, now);
  return true;
}

void ImpiDesk::Remove(const Standing& standing) {
  const uint32_t slot = Find(standing);
  if (slot != SlotHandle::kNoSlot) Drop(slot);
}

// ---- look-ups

std::optional<ShardId> ImpiDesk::FindTlsFirst(uint64_t impi,
                                              Instant now) const {
  std::optional<ShardId> home;
  ForEachOfImpi(impi, now, [&](uint32_t, const Entry& entry) {
    const Standing& standing = entry.standing;
    if (standing.active && standing.tls_first && standing.home != here_) {
      home = standing.home;
    }
  });
  return home;
}

bool ImpiDesk::IsFull(uint64_t impi, uint64_t device, uint32_t most,
                      Instant now) const {
  uint32_t others = 0;
  bool all_active = true;
  ForEachOfImpi(impi, now, [&](uint32_t, const Entry& entry) {
    if (entry.leaves || entry.standing.device == device) return;
    ++others;
    all_active &= entry.standing.active;
  });
  return others >= most && all_active;
}

size_t ImpiDesk::FindHomesOfDevice(const Standing& of, Instant now,
                                   std::span<ShardId> homes) const {
  size_t count = 0;
  ForEachOfImpi(of.impi, now, [&](uint32_t, const Entry& entry) {
    const ShardId home = entry.standing.home;
    if (entry.standing.device != of.device || home == of.home) return;
    const auto known = homes.first(count);
    if (std::ranges::find(known, home) != known.end()) return;
    if (count < homes.size()) homes[count++] = home;
  });
  return count;
}

template <typename Visit>
void ImpiDesk::ForEachOfImpi(uint64_t impi, Instant now,
                             const Visit& visit) const {
  const auto link_of = [this](uint32_t at) -> const SlotIndex::Link& {
    return entries_.At(at)->link;
  };
  for (uint32_t slot = by_impi_.First(HashOf(impi), link_of);
       slot != SlotHandle::kNoSlot; slot = by_impi_.Next(slot, link_of)) {
    const Entry& entry = *entries_.At(slot);
    if (entry.standing.impi == impi && now < entry.until) visit(slot, entry);
  }
}

uint32_t ImpiDesk::Find(const Standing& standing) const {
  uint32_t found = SlotHandle::kNoSlot;
  ForEachOfImpi(standing.impi, Instant::min(),
                [&](uint32_t slot, const Entry& entry) {
                  if (SameAssociation(entry.standing, standing)) found = slot;
                });
  return found;
}

// ---- changes

// Of the associations of a device the youngest stays; the others go when their
// shards hear of it, and do not count till then.
void ImpiDesk::Supersede(uint32_t slot, Instant now) {
  Entry& entry = *entries_.At(slot);
  const Standing& standing = entry.standing;
  entry.leaves = false;
  ForEachOfImpi(standing.impi, now, [&](uint32_t at, const Entry& other) {
    if (at == slot || other.standing.device != standing.device) return;
    const bool younger = other.standing.since > standing.since;
    (younger ? entry : *entries_.At(at)).leaves = true;
  });
}

std::optional<Standing> ImpiDesk::TakeExcess(uint64_t impi, uint32_t most,
                                             Instant now) {
  uint32_t count = 0;
  Entry* away = nullptr;
  Entry* newest = nullptr;
  ForEachOfImpi(impi, now, [&](uint32_t slot, const Entry& entry) {
    if (entry.leaves) return;
    ++count;
    const Standing& standing = entry.standing;
    if (!standing.active &&
        (away == nullptr || standing.ends < away->standing.ends)) {
      away = entries_.At(slot);
    }
    if (newest == nullptr || standing.since > newest->standing.since) {
      newest = entries_.At(slot);
    }
  });
  if (count <= most) return std::nullopt;
  Entry& excess = away != nullptr ? *away : *newest;
  excess.leaves = true;
  return excess.standing;
}

void ImpiDesk::Drop(uint32_t slot) {
  by_impi_.Remove(slot, [this](uint32_t at) -> SlotIndex::Link& {
    return entries_.At(at)->link;
  });
  entries_.Release(entries_.HandleAt(slot));
}

// Two steps for each new entry: what has run out is gone before as many came.
void ImpiDesk::Sweep(Instant now) {
  for (int i = 0; i < kSweptAtOnce && entries_.slots_used() > 0; ++i) {
    swept_ = (swept_ + 1) % entries_.slots_used();
    const Entry* entry = entries_.At(swept_);
    if (entry != nullptr && now >= entry->until) Drop(swept_);
  }
}

void ImpiDesk::CheckInvariants() const {
  uint32_t live = 0;
  for (uint32_t slot = 0; slot < entries_.slots_used(); ++slot) {
    const Entry* entry = entries_.At(slot);
    if (entry == nullptr) continue;
    ++live;
    CHECK_NE(entry->standing.impi, 0u);
    CHECK_EQ(entry->link.hash, HashOf(entry->standing.impi));
    CHECK_EQ(entry->until == kNever, entry->standing.home == here_);
    CHECK_EQ(Find(entry->standing), slot) << "an association stands twice";
  }
  CHECK_EQ(live, by_impi_.size());
  CHECK_EQ(live, entries_.size());
}

}  // namespace sallyport::registration
