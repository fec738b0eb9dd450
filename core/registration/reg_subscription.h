// A RegSubscription is our watch over the registration state of one user
// (IMPI): the dialog with the registrar that tells us what the network ends.
#ifndef CORE_REGISTRATION_REG_SUBSCRIPTION_H_
#define CORE_REGISTRATION_REG_SUBSCRIPTION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/slab.h"
#include "core/base/slot_index.h"
#include "core/base/time.h"
#include "core/base/timer_wheel.h"

namespace sallyport::registration {

struct RegSubscription {
  enum class Phase : uint8_t {
    kWaiting,  // no dialog that counts; a SUBSCRIBE is under way or due
    kActive,   // the registrar accepted; a refresh is under way or due
    kEnding,   // nobody is left to watch: the dialog is being ended
    kDone,     // the registrar wants no subscription
  };

  std::string impi;     // whose
  std::string watched;  // the public identity in Request-URI and To

  // ---- the dialog (RFC 3261 12)
  uint64_t call_id = 0;    // as hexadecimal digits
  uint64_t local_tag = 0;  // likewise
  std::string remote_tag;  // empty: there is no dialog yet
  std::string remote_target;
  std::string routes;  // a Route value, or empty
  uint32_t cseq = 0;
  uint32_t remote_cseq = 0;
  std::optional<uint32_t> version;  // of the last document

  // ---- its course
  Phase phase = Phase::kWaiting;
  bool again = false;  // another SUBSCRIBE is wanted when this one is answered
  bool asked_end = false;  // kEnding: with `Expires: 0`
  uint32_t failures = 0;   // in a row
  uint32_t expires_s = 0;  // asked for
  Instant begun{};         // the first SUBSCRIBE of this dialog
  Instant sent{};          // the last one
  Instant ends = kNever;   // kActive: unless it is refreshed
  SlotHandle request;      // the transaction of the SUBSCRIBE under way
  TimerId timer;           // of the next SUBSCRIBE

  SlotIndex::Link by_impi;

  bool in_dialog() const { return !remote_tag.empty(); }
};

inline constexpr size_t kDialogTagBytesMax = 128;
inline constexpr size_t kDialogTargetBytesMax = 512;
inline constexpr size_t kDialogRoutesBytesMax = 2048;

// Owns:   the subscriptions of a shard, one for each IMPI.
// Bounds: `capacity`; Begin() then returns an invalid handle. A few kilobytes
//         each at most.
// Cost:   O(1); Begin touches the heap.
class RegSubscriptions {
 public:
  RegSubscriptions(uint32_t capacity, uint32_t first_generation);

  // The IMPI must have none yet, and must not be empty.
  [[nodiscard]] SlotHandle Begin(std::string_view impi);
  // Its timer is the caller's business.
  void End(SlotHandle handle);
  RegSubscription* Find(SlotHandle handle) { return slab_.Find(handle); }
  SlotHandle FindByImpi(std::string_view impi) const;

  uint32_t size() const { return slab_.size(); }
  uint32_t slots_used() const { return slab_.slots_used(); }
  // The present tenant of a slot, or null; for walks up to slots_used().
  const RegSubscription* At(uint32_t slot) const { return slab_.At(slot); }
  // Dies when records and index do not agree. Of an IMPI that is the same as when
  // it was last checked, the hash is compared, not worked out again.
  void CheckInvariants() const;

 private:
  struct Checked {
    std::string impi;
    uint32_t hash = 0;
  };
  SlotHandle FindByHash(std::string_view impi, uint32_t hash) const;
  void CheckHash(uint32_t slot) const;

  Slab<RegSubscription> slab_;
  SlotIndex by_impi_;
  // By slot; empty where nobody calls CheckInvariants().
  mutable std::vector<Checked> checked_;
};

}  // namespace sallyport::registration

#endif  // CORE_REGISTRATION_REG_SUBSCRIPTION_H_
