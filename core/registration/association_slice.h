// An AssociationSlice is one shard's part of the association map: which
// identities stand behind which TLS session. Shard-owned: no atomics, nothing
// to prove.
#ifndef CORE_REGISTRATION_ASSOCIATION_SLICE_H_
#define CORE_REGISTRATION_ASSOCIATION_SLICE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/log/check.h"
#include "core/base/endpoint.h"
#include "core/base/slab.h"
#include "core/base/slot_index.h"
#include "core/base/time.h"
#include "core/edge_config.h"
#include "core/flow.h"
#include "core/registration/association_blob.h"

namespace sallyport::registration {

// Slot and epoch; the epoch changes with every removal, so an old flow token
// never reaches a new user of the slot (ASSOC-23).
using AssociationId = SlotHandle;

enum class AssociationState : uint8_t {
  kReserved,   // a token was handed out on a TLS flow, no 200 yet
  kActive,     // bound to a flow
  kSuspended,  // its connection is gone; a resumed one may take it (spec 2.6)
};
std::string_view ToString(AssociationState state);

// What a 200 to a REGISTER grants (spec 5.3, 5.4). All views are borrowed; what
// must live on is copied by the slice.
struct Grant {
  std::string_view impi;               // unquoted username of the REGISTER
  std::string_view address_of_record;  // To URI: the IMPU that was registered
  std::string_view call_id;
  uint32_t cseq = 0;
  uint32_t expires_s = 0;        // for our Contact; 0 removes the set
  // Of this UE; with several Contacts all, with a space between two.
  std::string_view contact_uri;
  std::string_view instance;     // +sip.instance value, or empty
  uint32_t reg_id = 0;           // 0: none
  // P-Associated-URI values, whole, in order; empty: only the AOR.
  std::span<const std::string_view> identities;
  // Values, whole (`<sip:...;lr>`), in order.
  std::span<const std::string_view> service_routes;
  std::string_view
      charging_functions;     // P-Charging-Function-Addresses, or empty
  std::string_view term_ioi;  // of P-Charging-Vector, or empty
  bool secagree = false;
  bool had_response = false;  // digest was used
};

enum class Applied : uint8_t {
  kCreated,
  kRefreshed,   // also: another set was added
  kResumed,     // refreshed, and it moved to another connection
  kRemovedSet,  // one set ended, others remain
  kRemovedAll,  // the last set ended: the caller removes the association
  kNothing,     // expiry 0 for what was not there; an older CSeq (ASSOC-24);
                // no digest (ASSOC-04); or the association is gone
  kTooManyIdentities,  // more than is kept of one association; nothing changed
};
std::string_view ToString(Applied applied);

// Owns:   the associations and every text in them.
// Bounds: associations_max; identities_per_association_max (also the sets of
// one
//         association); 64 KiB of texts per association. Which association of
//         an IMPI gives way at associations_per_impi_max is the caller's to
//         decide.
// Cost:   look-ups O(1); Apply of a refresh that changes nothing but the expiry
// does
//         not touch the heap. Record and texts: <= 600 bytes with three
//         identities.
// Laws:   the same calls give the same answers, in the same order; newest
//         associations come first.
class AssociationSlice {
 public:
  AssociationSlice(const EdgeConfig& config, uint32_t first_epoch);

  // A slot for a UE that begins to register on `flow` (invalid handle: table
  // full).
  [[nodiscard]] AssociationId Reserve(FlowId flow, const FlowInfo& info);
  // The 200. `flow` and `info`: the connection that carried the REGISTER; the
  // association becomes kActive on it. An invalid flow says that the connection
  // is gone: a reserved association becomes kSuspended (spec 2.2), others stay
  // as they are, and `info` is not read.
  Applied Apply(AssociationId id, const Grant& grant, FlowId flow,
                const FlowInfo& info, Instant now);
  // Its connection is gone. A reserved one stays reserved, without a flow.
  void Suspend(AssociationId id, Instant now);
  void Remove(AssociationId id);
  // Ends sets that expired by `now` (granted + grace); returns true when the
  // last one ended, or when it was suspended for suspend_max (the caller
  // removes it).
  [[nodiscard]] bool ExpireSets(AssociationId id, Instant now);

  // ---- what the home network says (association_network.cc; spec 2.5 e2)

  // Is this one of the UE's contacts: the same instance when both sides have
  // one, else the same URI?
  bool OwnsContact(AssociationId id, std::string_view uri,
                   std::string_view instance) const;
  // Ends a public identity in every set, and a set whose last one it was. kLast:
  // no set is left, and the caller removes the association.
  enum class Ended : uint8_t { kNothing, kIdentity, kLast };
  [[nodiscard]] Ended EndIdentity(AssociationId id, std::string_view uri);
  // Lowers the expiry of the sets with this public identity, and never raises
  // it; false: none ended later.
  bool Shorten(AssociationId id, std::string_view uri, uint32_t expires_s,
               Instant now);
  // The wildcarded identities, in the place of those that were there. Those that
  // match nothing are left out, and those past BlobDraft::kWildcardsMax. False:
  // they do not fit, and nothing changed.
  bool SetWildcards(AssociationId id,
                    std::span<const std::string_view> patterns);
  size_t wildcard_count(AssociationId id) const;
  std::string_view wildcard(AssociationId id, size_t index) const;
  // A wildcarded identity stands for this URI (ASSOC-21).
  bool MatchesWildcard(AssociationId id, std::string_view uri) const;

  // A UE's association by TLS session identity (resumption); kActive or
  // kSuspended.
  AssociationId FindByTlsSession(const TlsSessionId& session) const;
  // Another association of the same device: same IMPI, same instance and
  // reg-id, or without instance one of these Contact URIs (spec 5.6). Invalid:
  // none.
  AssociationId FindSameDevice(AssociationId than, std::string_view impi,
                               std::string_view instance, uint32_t reg_id,
                               std::string_view contact_uri) const;
  // True when the IMPI has an active association that was made without
  // sec-agree, in this slice (POL-09).
  bool HasActiveTlsFirst(std::string_view impi) const;
  // Reserved ones do not count: their IMPI is not proven.
  uint32_t CountOfImpi(std::string_view impi) const;
  std::vector<AssociationId> FindByImpi(std::string_view impi,
                                        size_t most) const;

  // ---- facts about one association; `id` must be live (live(id) says). Views
  // die with the next call that changes this association. Those that lie in the
  // record itself are inline: a message asks for the state a dozen times.
  bool live(AssociationId id) const {
    return associations_.Find(id) != nullptr;
  }
  AssociationState state(AssociationId id) const { return Get(id).state; }
  // Invalid when there is none.
  FlowId flow(AssociationId id) const { return Get(id).flow; }
  // The last one, when suspended.
  const Endpoint& peer(AssociationId id) const { return Get(id).peer; }
  const TlsSessionId& tls_session(AssociationId id) const {
    return Get(id).tls_session;
  }
  // By digest, on this TLS session.
  bool authenticated(AssociationId id) const { return Get(id).authenticated; }
  bool secagree(AssociationId id) const { return Get(id).secagree; }  // so made
  std::string_view impi(AssociationId id) const;
  // What makes it one device (spec 5.6): as in Grant, of the oldest set, or
  // empty.
  std::string_view contact_uri(AssociationId id) const;
  std::string_view instance(AssociationId id) const;
  uint32_t reg_id(AssociationId id) const;  // 0: none
  // Earliest end of a set, grace included, or of the suspension; kNever without
  // sets.
  Instant expires(AssociationId id) const;
  uint32_t expiry_s_max(AssociationId id) const;  // longest grant of its sets
  // The default identity for P-Asserted-Identity: first of the oldest set.
  std::string_view default_identity(AssociationId id) const;  // whole value
  // The registered identity that equals `uri` (sip, sips, tel; user=phone
  // matches tel, spec 2.8 step 5), as a whole value to assert; empty: none, or
  // barred.
  std::string_view MatchIdentity(AssociationId id, std::string_view uri) const;
  // All identities that may be asserted, each once, those of older sets first.
  size_t identity_count(AssociationId id) const;
  std::string_view identity(AssociationId id, size_t index) const;
  size_t service_route_count(AssociationId id) const;
  std::string_view service_route(AssociationId id, size_t index) const;
  size_t set_count(AssociationId id) const;
  std::string_view charging_functions(AssociationId id) const;  // or empty
  std::string_view term_ioi(AssociationId id) const;            // or empty

  // Brings near its record (step 0), and then what the record points to.
  void Prefetch(AssociationId id, unsigned step) const;

  struct Totals {
    uint32_t reserved = 0, active = 0, suspended = 0;
  };
  Totals totals() const;
  // Slot numbers in use, for walking: At(slot) gives the handle or an invalid
  // one.
  uint32_t slots_used() const { return associations_.slots_used(); }
  AssociationId At(uint32_t slot) const;
  // Dies when records, indices and counts do not agree. O(associations); what
  // is the same octet for octet as when it was last checked is compared, not
  // read again.
  void CheckInvariants() const;

 private:
  struct Association {
    TlsSessionId tls_session{};
    Endpoint peer;
    FlowId flow;
    SlotIndex::Link by_tls;
    SlotIndex::Link by_impi;
    AssociationBlob blob;
    Instant suspended_until = kNever;
    uint64_t removed_set = 0;   // fingerprint of the last set that was removed
    uint32_t removed_cseq = 0;  // and the CSeq that removed it
    AssociationState state = AssociationState::kReserved;
    bool authenticated = false;
    bool secagree = false;
  };
  static_assert(sizeof(Association) == 120, "two cache lines with its slot");

  const Association& Get(AssociationId id) const {
    const Association* association = associations_.Find(id);
    CHECK(association != nullptr) << "the association is gone";
    return *association;
  }
  Association& Get(AssociationId id) {
    return const_cast<Association&>(std::as_const(*this).Get(id));
  }
  std::string_view ImpiOf(uint32_t slot) const;
  template <typename Visit>  // until it returns false
  void ForEachOfImpi(std::string_view impi, const Visit& visit) const;

  bool StoreGrant(Association& association, const SetEntry* set,
                  const Grant& grant, Instant now);
  Applied ApplyGrant(AssociationId id, const Grant& grant, FlowId flow,
                     const FlowInfo& info, Instant now);
  Applied RemoveSet(AssociationId id, const SetEntry* set, const Grant& grant,
                    FlowId flow, const FlowInfo& info);
  void DraftTexts(const Association& association, const Grant* grant);
  void DraftSets(const Association& association, const SetEntry* replaced,
                 const Grant& grant, Instant now);
  static Instant After(Instant now, Millis wait);
  Instant EndOf(uint32_t expires_s, Instant now) const;
  void DraftGrantedSet(const Grant& grant, Instant now);
  bool StoreDraft(Association& association);

  void Enter(AssociationId id, std::string_view impi);
  void Bind(AssociationId id, FlowId flow, const FlowInfo& info);
  void SetState(Association& association, AssociationState state);
  bool ChangedSinceCheck(uint32_t slot) const;
  void CheckAssociation(uint32_t slot) const;
  void CheckIndices(uint32_t slot) const;

  const Millis grace_;
  const Millis suspend_max_;
  const bool without_digest_;
  Slab<Association> associations_;
  SlotIndex by_tls_;   // active and suspended ones
  SlotIndex by_impi_;  // likewise
  BlobDraft draft_;
  std::array<uint32_t, 3> count_of_state_{};
  // By slot, the record and its texts as CheckInvariants() last found them
  // right; empty where nobody calls it.
  mutable std::vector<std::vector<std::byte>> checked_;
};

}  // namespace sallyport::registration

#endif  // CORE_REGISTRATION_ASSOCIATION_SLICE_H_
