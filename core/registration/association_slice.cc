#include "core/registration/association_slice.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "absl/base/optimization.h"
#include "absl/log/check.h"
#include "core/registration/identity.h"
#include "core/registration/impi.h"
#include "core/sip/values.h"

namespace sallyport::registration {
namespace {

uint32_t HashOfImpi(std::string_view impi) {
  return static_cast<uint32_t>(Fingerprint().AddImpi(impi).Take());
}

uint32_t HashOfSession(const TlsSessionId& session) {
  const std::string_view octets(reinterpret_cast<const char*>(session.data()),
                                session.size());
  return static_cast<uint32_t>(Fingerprint().Add(octets).Take());
}

// A set that was removed, as the 200 of an earlier REGISTER would name it.
uint64_t HashOfSet(std::string_view address_of_record,
                   std::string_view call_id) {
  return Fingerprint().Add(address_of_record).Add(call_id).Take();
}

// ---- sets

const SetEntry* FindSet(const AssociationBlob& blob,
                        std::string_view address_of_record) {
  for (const SetEntry& set : blob.sets()) {
    if (SameUri(blob.Text(set.address_of_record), address_of_record)) {
      return &set;
    }
  }
  return nullptr;
}

// The grant says nothing new but expiry and CSeq: every text is what packing it
// would write again.
bool SameTexts(const AssociationBlob& blob, const SetEntry& set,
               const Grant& grant) {
  const BlobHeader& header = blob.header();
  const auto same = [&blob](TextPlace place, std::string_view given) {
    return blob.Text(place) == given;
  };
  const auto same_or_silent = [&same](TextPlace place, std::string_view given) {
    return given.empty() || same(place, given);
  };
  const std::span<const IdentityPlace> identities = blob.identities();
  return same(set.address_of_record, grant.address_of_record) &&
         same(set.contact_uri, grant.contact_uri) &&
         same(set.call_id, grant.call_id) &&
         same_or_silent(header.instance, grant.instance) &&
         (grant.instance.empty() || header.reg_id == grant.reg_id) &&
         same_or_silent(header.charging_functions, grant.charging_functions) &&
         same_or_silent(header.term_ioi, grant.term_ioi) &&
         std::ranges::equal(blob.routes(), grant.service_routes, same) &&
         !grant.identities.empty() &&
         std::ranges::equal(blob.IdentitiesOf(set), grant.identities,
                            [&](uint8_t index, std::string_view given) {
                              return same(identities[index].value, given);
                            });
}

}  // namespace

std::string_view ToString(AssociationState state) {
  switch (state) {
    case AssociationState::kReserved:
      return "reserved";
    case AssociationState::kActive:
      return "active";
    case AssociationState::kSuspended:
      return "suspended";
  }
  ABSL_UNREACHABLE();
}

std::string_view ToString(Applied applied) {
  switch (applied) {
    case Applied::kCreated:
      return "created";
    case Applied::kRefreshed:
      return "refreshed";
    case Applied::kResumed:
      return "resumed";
    case Applied::kRemovedSet:
      return "removed_set";
    case Applied::kRemovedAll:
      return "removed_all";
    case Applied::kNothing:
      return "nothing";
    case Applied::kTooManyIdentities:
      return "too_many_identities";
  }
  ABSL_UNREACHABLE();
}

AssociationSlice::AssociationSlice(const EdgeConfig& config,
                                   uint32_t first_epoch)
    : grace_(config.registration_grace),
      suspend_max_(config.suspend_max),
      without_digest_(config.assoc_without_digest),
      associations_(config.associations_max, first_epoch),
      by_tls_(config.associations_max),
      by_impi_(config.associations_max),
      draft_(config.identities_per_association_max) {}

// ---- life

AssociationId AssociationSlice::Reserve(FlowId flow, const FlowInfo& info) {
  const AssociationId id = associations_.Acquire();
  if (!id.valid()) return id;
  Association& association = *associations_.Find(id);
  association.flow = flow;
  association.peer = info.peer;
  association.tls_session = info.tls_session;
  ++count_of_state_[static_cast<size_t>(association.state)];
  return id;
}

// Hot: 1 per REGISTER; no heap on a refresh (bench/association_bench.cc).
Applied AssociationSlice::Apply(AssociationId id, const Grant& grant,
                                FlowId flow, const FlowInfo& info,
                                Instant now) {
  const Association* association = associations_.Find(id);
  if (association == nullptr) return Applied::kNothing;
  const AssociationBlob& blob = association->blob;
  // All of it will be read, and each part only says where the next one lies.
  blob.Prefetch();
  const SetEntry* set = FindSet(blob, grant.address_of_record);

  // A late 200 must not undo what a newer REGISTER did.
  const bool overtaken =
      set != nullptr
          ? blob.Text(set->call_id) == grant.call_id && grant.cseq < set->cseq
          : grant.cseq < association->removed_cseq &&
                HashOfSet(grant.address_of_record, grant.call_id) ==
                    association->removed_set;
  if (overtaken) return Applied::kNothing;

  if (grant.expires_s == 0) return RemoveSet(id, set, grant, flow, info);
  // Source: TS 33.203 O.2.2: the 200 of a REGISTER that used digest.
  const bool reserved = association->state == AssociationState::kReserved;
  if (reserved && !grant.had_response && !without_digest_) {
    return Applied::kNothing;
  }
  if (!StoreGrant(Get(id), set, grant, now)) return Applied::kTooManyIdentities;
  return ApplyGrant(id, grant, flow, info, now);
}

bool AssociationSlice::StoreGrant(Association& association, const SetEntry* set,
                                  const Grant& grant, Instant now) {
  if (set != nullptr && SameTexts(association.blob, *set, grant)) {
    association.blob.Renew(*set, EndOf(grant.expires_s, now), grant.expires_s,
                           grant.cseq);
    return true;
  }
  DraftTexts(association, &grant);
  DraftSets(association, set, grant, now);
  return StoreDraft(association);
}

// The texts are stored: what else the 200 changes.
Applied AssociationSlice::ApplyGrant(AssociationId id, const Grant& grant,
                                     FlowId flow, const FlowInfo& info,
                                     Instant now) {
  Association& association = Get(id);
  const bool created = association.state == AssociationState::kReserved;
  const bool moved = flow.valid() && flow != association.flow;
  if (created) {
    Enter(id, grant.impi);
    association.secagree = grant.secagree;
    SetState(association, AssociationState::kSuspended);
    association.suspended_until = After(now, suspend_max_);
    if (!flow.valid()) association.flow = {};
  }
  Bind(id, flow, info);
  association.authenticated |= grant.had_response;
  if (created) return Applied::kCreated;
  return moved ? Applied::kResumed : Applied::kRefreshed;
}

Applied AssociationSlice::RemoveSet(AssociationId id, const SetEntry* set,
                                    const Grant& grant, FlowId flow,
                                    const FlowInfo& info) {
  Association& association = Get(id);
  // Also of a set that is not there yet: its own 200 may still be on its way.
  association.removed_set = HashOfSet(grant.address_of_record, grant.call_id);
  association.removed_cseq = grant.cseq;
  if (set == nullptr) return Applied::kNothing;
  DraftTexts(association, nullptr);
  for (const SetEntry& kept : association.blob.sets()) {
    if (&kept != set) draft_.CopySet(association.blob, kept);
  }
  CHECK(StoreDraft(association)) << "less than before does not fit";
  if (association.blob.sets().empty()) return Applied::kRemovedAll;
  Bind(id, flow, info);
  return Applied::kRemovedSet;
}

void AssociationSlice::Suspend(AssociationId id, Instant now) {
  Association& association = Get(id);
  association.flow = {};
  if (association.state != AssociationState::kActive) return;
  SetState(association, AssociationState::kSuspended);
  association.suspended_until = After(now, suspend_max_);
}

void AssociationSlice::Remove(AssociationId id) {
  const Association& association = Get(id);
  if (association.state != AssociationState::kReserved) {
    by_tls_.Remove(id.slot, [this](uint32_t slot) -> SlotIndex::Link& {
      return associations_.At(slot)->by_tls;
    });
    by_impi_.Remove(id.slot, [this](uint32_t slot) -> SlotIndex::Link& {
      return associations_.At(slot)->by_impi;
    });
  }
  --count_of_state_[static_cast<size_t>(association.state)];
  associations_.Release(id);
}

bool AssociationSlice::ExpireSets(AssociationId id, Instant now) {
  Association& association = Get(id);
  if (association.state == AssociationState::kReserved) return false;
  if (now >= association.suspended_until) return true;
  if (now < expires(id)) return association.blob.sets().empty();
  DraftTexts(association, nullptr);
  for (const SetEntry& set : association.blob.sets()) {
    if (set.ends > now) draft_.CopySet(association.blob, set);
  }
  CHECK(StoreDraft(association)) << "less than before does not fit";
  return association.blob.sets().empty();
}

// ---- what an association shall hold

// Texts of the whole association: the newest that were given.
void AssociationSlice::DraftTexts(const Association& association,
                                  const Grant* grant) {
  const AssociationBlob& blob = association.blob;
  const BlobHeader& old = blob.header();
  const auto newest = [&](std::string_view given, TextPlace place) {
    return given.empty() ? blob.Text(place) : given;
  };
  draft_.Reset();
  const Grant none;
  const Grant& given = grant == nullptr ? none : *grant;
  // The IMPI is what it was made with: another one never gets here (rule D10).
  const bool reserved = association.state == AssociationState::kReserved;
  draft_.impi = reserved ? given.impi : blob.Text(old.impi);
  draft_.instance = newest(given.instance, old.instance);
  draft_.charging_functions =
      newest(given.charging_functions, old.charging_functions);
  draft_.term_ioi = newest(given.term_ioi, old.term_ioi);
  draft_.reg_id = given.instance.empty() ? old.reg_id : given.reg_id;
  for (const TextPlace& pattern : blob.wildcards()) {
    draft_.AddWildcard(blob.Text(pattern));
  }
  if (grant != nullptr) {
    // Spec 5.4: the newest Service-Route serves every set.
    for (const std::string_view route : grant->service_routes) {
      draft_.AddRoute(route);
    }
  } else {
    for (const TextPlace& route : blob.routes()) {
      draft_.AddRoute(blob.Text(route));
    }
  }
}

// The oldest set stays the first: it gives the default identity.
void AssociationSlice::DraftSets(const Association& association,
                                 const SetEntry* replaced, const Grant& grant,
                                 Instant now) {
  for (const SetEntry& set : association.blob.sets()) {
    if (&set == replaced) {
      DraftGrantedSet(grant, now);
    } else {
      draft_.CopySet(association.blob, set);
    }
  }
  if (replaced == nullptr) DraftGrantedSet(grant, now);
}

// Never past the end of time.
Instant AssociationSlice::After(Instant now, Millis wait) {
  const Instant last = kNever - Millis(1);
  return now > last - wait ? last : now + wait;
}

// Source: RFC 3261 10.3: the registrar forgets it first, by the grace.
Instant AssociationSlice::EndOf(uint32_t expires_s, Instant now) const {
  return After(now, Seconds(expires_s) + grace_);
}

void AssociationSlice::DraftGrantedSet(const Grant& grant, Instant now) {
  draft_.AddSet({.ends = EndOf(grant.expires_s, now),
                 .granted_s = grant.expires_s,
                 .cseq = grant.cseq,
                 .address_of_record = grant.address_of_record,
                 .contact_uri = grant.contact_uri,
                 .call_id = grant.call_id});
  if (grant.identities.empty()) {
    draft_.AddIdentity({}, grant.address_of_record);
    return;
  }
  // Only what the registrar lists may be asserted: a barred address of record
  // is not among it (spec 5.6). Parameters behind the URI are not part of a
  // P-Asserted-Identity (RFC 3325 9.1).
  for (const std::string_view value : grant.identities) {
    const std::optional<sip::NameAddrView> name = sip::ParseNameAddr(value);
    if (!name || name->uri.empty()) continue;
    const char* end = name->uri.data() + name->uri.size();
    const std::string_view whole =
        name->bracketed
            ? value.substr(0, value.find('>', end - value.data()) + 1)
            : name->uri;
    draft_.AddIdentity(whole, name->uri);
  }
}

bool AssociationSlice::StoreDraft(Association& association) {
  const std::span<const std::byte> packed = draft_.Pack();
  if (packed.empty()) return false;
  association.blob.Assign(packed);
  return true;
}

// ---- states and indices

// From now on it can be found by its TLS session and its IMPI.
void AssociationSlice::Enter(AssociationId id, std::string_view impi) {
  by_tls_.Insert(id.slot, HashOfSession(Get(id).tls_session),
                 [this](uint32_t slot) -> SlotIndex::Link& {
                   return associations_.At(slot)->by_tls;
                 });
  by_impi_.Insert(id.slot, HashOfImpi(impi),
                  [this](uint32_t slot) -> SlotIndex::Link& {
                    return associations_.At(slot)->by_impi;
                  });
}

void AssociationSlice::Bind(AssociationId id, FlowId flow,
                            const FlowInfo& info) {
  if (!flow.valid()) return;
  Association& association = Get(id);
  association.flow = flow;
  association.peer = info.peer;
  association.suspended_until = kNever;
  SetState(association, AssociationState::kActive);
  if (association.tls_session == info.tls_session) return;

  const auto link_of = [this](uint32_t slot) -> SlotIndex::Link& {
    return associations_.At(slot)->by_tls;
  };
  by_tls_.Remove(id.slot, link_of);
  association.tls_session = info.tls_session;
  association.authenticated = false;
  by_tls_.Insert(id.slot, HashOfSession(info.tls_session), link_of);
}

void AssociationSlice::SetState(Association& association,
                                AssociationState state) {
  --count_of_state_[static_cast<size_t>(association.state)];
  association.state = state;
  ++count_of_state_[static_cast<size_t>(state)];
}

// ---- look-ups

std::string_view AssociationSlice::ImpiOf(uint32_t slot) const {
  const AssociationBlob& blob = associations_.At(slot)->blob;
  return blob.Text(blob.header().impi);
}

AssociationId AssociationSlice::FindByTlsSession(
    const TlsSessionId& session) const {
  const auto link_of = [this](uint32_t slot) -> const SlotIndex::Link& {
    return associations_.At(slot)->by_tls;
  };
  uint32_t slot = by_tls_.First(HashOfSession(session), link_of);
  while (slot != SlotHandle::kNoSlot &&
         associations_.At(slot)->tls_session != session) {
    slot = by_tls_.Next(slot, link_of);
  }
  return slot == SlotHandle::kNoSlot ? AssociationId{}
                                     : associations_.HandleAt(slot);
}

template <typename Visit>
void AssociationSlice::ForEachOfImpi(std::string_view impi,
                                     const Visit& visit) const {
  const auto link_of = [this](uint32_t slot) -> const SlotIndex::Link& {
    return associations_.At(slot)->by_impi;
  };
  for (uint32_t slot = by_impi_.First(HashOfImpi(impi), link_of);
       slot != SlotHandle::kNoSlot; slot = by_impi_.Next(slot, link_of)) {
    if (!EqualImpis(ImpiOf(slot), impi)) continue;
    if (!visit(slot, *associations_.At(slot))) return;
  }
}

AssociationId AssociationSlice::FindSameDevice(
    AssociationId than, std::string_view impi, std::string_view instance,
    uint32_t reg_id, std::string_view contact_uri) const {
  const auto same_contact = [&](const AssociationBlob& blob) {
    const auto sets = blob.sets();
    return std::any_of(sets.begin(), sets.end(), [&](const SetEntry& set) {
      return ShareUri(blob.Text(set.contact_uri), contact_uri);
    });
  };
  AssociationId found;
  ForEachOfImpi(impi, [&](uint32_t slot, const Association& other) {
    if (slot == than.slot) return true;
    const BlobHeader& header = other.blob.header();
    const bool same_instance = other.blob.Text(header.instance) == instance;
    const bool same =
        same_instance &&
        (instance.empty() ? same_contact(other.blob) : header.reg_id == reg_id);
    if (same) found = associations_.HandleAt(slot);
    return !same;
  });
  return found;
}

bool AssociationSlice::HasActiveTlsFirst(std::string_view impi) const {
  bool found = false;
  ForEachOfImpi(impi, [&](uint32_t, const Association& association) {
    found =
        association.state == AssociationState::kActive && !association.secagree;
    return !found;
  });
  return found;
}

uint32_t AssociationSlice::CountOfImpi(std::string_view impi) const {
  uint32_t count = 0;
  ForEachOfImpi(impi, [&](uint32_t, const Association&) {
    ++count;
    return true;
  });
  return count;
}

std::vector<AssociationId> AssociationSlice::FindByImpi(std::string_view impi,
                                                        size_t most) const {
  std::vector<AssociationId> found;
  if (most == 0) return found;
  ForEachOfImpi(impi, [&](uint32_t slot, const Association&) {
    found.push_back(associations_.HandleAt(slot));
    return found.size() < most;
  });
  return found;
}

// ---- facts

std::string_view AssociationSlice::impi(AssociationId id) const {
  const AssociationBlob& blob = Get(id).blob;
  return blob.Text(blob.header().impi);
}

std::string_view AssociationSlice::contact_uri(AssociationId id) const {
  const AssociationBlob& blob = Get(id).blob;
  const auto sets = blob.sets();
  return sets.empty() ? std::string_view()
                      : blob.Text(sets.front().contact_uri);
}
std::string_view AssociationSlice::instance(AssociationId id) const {
  const AssociationBlob& blob = Get(id).blob;
  return blob.Text(blob.header().instance);
}
uint32_t AssociationSlice::reg_id(AssociationId id) const {
  return Get(id).blob.header().reg_id;
}

Instant AssociationSlice::expires(AssociationId id) const {
  const Association& association = Get(id);
  Instant earliest = association.suspended_until;
  for (const SetEntry& set : association.blob.sets()) {
    earliest = std::min(earliest, set.ends);
  }
  return earliest;
}

uint32_t AssociationSlice::expiry_s_max(AssociationId id) const {
  uint32_t longest = 0;
  for (const SetEntry& set : Get(id).blob.sets()) {
    longest = std::max(longest, set.granted_s);
  }
  return longest;
}

// Identities stand in the order of the sets that name them, oldest first.
std::string_view AssociationSlice::default_identity(AssociationId id) const {
  return identity_count(id) == 0 ? std::string_view() : identity(id, 0);
}

std::string_view AssociationSlice::MatchIdentity(AssociationId id,
                                                 std::string_view uri) const {
  const AssociationBlob& blob = Get(id).blob;
  // Mostly a UE writes its identities as they were told to it.
  for (const IdentityPlace& identity : blob.identities()) {
    if (blob.Text(identity.uri) == uri) return blob.Text(identity.value);
  }
  const std::optional<sip::UriView> wanted = sip::ParseUri(uri);
  if (!wanted) return {};
  for (const IdentityPlace& identity : blob.identities()) {
    if (SameIdentity(*wanted, blob.Text(identity.uri))) {
      return blob.Text(identity.value);
    }
  }
  return {};
}

size_t AssociationSlice::identity_count(AssociationId id) const {
  return Get(id).blob.identities().size();
}
std::string_view AssociationSlice::identity(AssociationId id,
                                            size_t index) const {
  const AssociationBlob& blob = Get(id).blob;
  CHECK_LT(index, blob.identities().size());
  return blob.Text(blob.identities()[index].value);
}
size_t AssociationSlice::service_route_count(AssociationId id) const {
  return Get(id).blob.routes().size();
}
std::string_view AssociationSlice::service_route(AssociationId id,
                                                 size_t index) const {
  const AssociationBlob& blob = Get(id).blob;
  CHECK_LT(index, blob.routes().size());
  return blob.Text(blob.routes()[index]);
}
size_t AssociationSlice::set_count(AssociationId id) const {
  return Get(id).blob.sets().size();
}
std::string_view AssociationSlice::charging_functions(AssociationId id) const {
  const AssociationBlob& blob = Get(id).blob;
  return blob.Text(blob.header().charging_functions);
}
std::string_view AssociationSlice::term_ioi(AssociationId id) const {
  const AssociationBlob& blob = Get(id).blob;
  return blob.Text(blob.header().term_ioi);
}

void AssociationSlice::Prefetch(AssociationId id, unsigned step) const {
  if (step == 0) return associations_.Prefetch(id.slot);
  const Association* association = associations_.Find(id);
  if (association != nullptr) association->blob.Prefetch();
}

AssociationSlice::Totals AssociationSlice::totals() const {
  return {.reserved = count_of_state_[0],
          .active = count_of_state_[1],
          .suspended = count_of_state_[2]};
}

AssociationId AssociationSlice::At(uint32_t slot) const {
  return associations_.At(slot) == nullptr ? AssociationId{}
                                           : associations_.HandleAt(slot);
}

// ---- invariants

void AssociationSlice::CheckInvariants() const {
  std::array<uint32_t, 3> counted{};
  for (uint32_t slot = 0; slot < associations_.slots_used(); ++slot) {
    const Association* association = associations_.At(slot);
    if (association == nullptr) continue;
    ++counted[static_cast<size_t>(association->state)];
    if (ChangedSinceCheck(slot)) CheckAssociation(slot);
    CheckIndices(slot);
  }
  CHECK(counted == count_of_state_);
  const uint32_t entered = counted[1] + counted[2];
  CHECK_EQ(by_tls_.size(), entered);
  CHECK_EQ(by_impi_.size(), entered);
}

// What a record says of itself follows from its octets alone. Remembers them.
bool AssociationSlice::ChangedSinceCheck(uint32_t slot) const {
  const Association& association = *associations_.At(slot);
  const std::span<const std::byte> record =
      std::as_bytes(std::span(&association, 1));
  const std::span<const std::byte> texts = association.blob.bytes();
  if (checked_.size() <= slot) checked_.resize(slot + 1);
  std::vector<std::byte>& seen = checked_[slot];
  if (seen.size() == record.size() + texts.size() &&
      std::memcmp(seen.data(), record.data(), record.size()) == 0 &&
      (texts.empty() || std::memcmp(seen.data() + record.size(), texts.data(),
                                    texts.size()) == 0)) {
    return false;
  }
  seen.assign(record.begin(), record.end());
  seen.insert(seen.end(), texts.begin(), texts.end());
  return true;
}

void AssociationSlice::CheckAssociation(uint32_t slot) const {
  const Association& association = *associations_.At(slot);
  const AssociationBlob& blob = association.blob;
  if (association.state == AssociationState::kReserved) {
    CHECK(blob.sets().empty());
    return;
  }
  const bool active = association.state == AssociationState::kActive;
  CHECK_EQ(active, association.flow.valid());
  CHECK_EQ(active, association.suspended_until == kNever);
  CHECK_EQ(association.by_tls.hash, HashOfSession(association.tls_session));
  CHECK_EQ(association.by_impi.hash, HashOfImpi(ImpiOf(slot)));
  blob.CheckInvariants();
}

// Where it stands depends on its neighbours too.
void AssociationSlice::CheckIndices(uint32_t slot) const {
  if (associations_.At(slot)->state == AssociationState::kReserved) return;
  CHECK(by_tls_.Contains(slot, [this](uint32_t at) -> const SlotIndex::Link& {
    return associations_.At(at)->by_tls;
  })) << "the association is not in the index of TLS sessions";
  CHECK(by_impi_.Contains(slot, [this](uint32_t at) -> const SlotIndex::Link& {
    return associations_.At(at)->by_impi;
  })) << "the association is not in the index of IMPIs";
}

}  // namespace sallyport::registration
