// What an Edge counts. Written by its shard alone; the metrics page reads them
// from another thread, so each is a relaxed atomic with a single writer.
#ifndef CORE_COUNTERS_H_
#define CORE_COUNTERS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/counter.h"

namespace sallyport {

enum class CounterId : uint8_t {
  kMessagesReceived,
  kRequestsForwarded,
  kResponsesForwarded,
  kLocalResponses,
  kPings,
  kHandedOver,
  kHandedIn,
  // discards, by reason
  kDiscardClear,              // POL-01, POL-02: not protected
  kDiscardClearResponse,      // POL-05
  kDiscardClearAnswer,        // POL-03: REGISTER with a response, in clear
  kDiscardClearDeregister,    // POL-04
  kDiscardClearAssociated,    // POL-09
  kDiscardAccessClass,        // POL-08
  kDiscardUnregistered,       // ORIG-01, ASSOC-16
  kDiscardUnmatchedResponse,  // PROXY-16
  kDiscardForeignResponse,    // TERM-12: right branch, wrong connection
  kDiscardForeignPeer,        // TERM-14
  kDiscardMalformed,          // ERR-01
  kDiscardAck,
  kDiscardLateResponse,    // its flow is gone (REG-18)
  kDiscardDuplicate,       // PROXY-15
  kDiscardDatagramAnswer,  // spec 9.4: an answer that no datagram may carry
  // decisions
  kIntegrityNone,
  kIntegrityPending,
  kIntegrityYes,
  kIntegrityRejected,
  // refusals that we made
  kReject400,
  kReject403,
  kReject405,
  kReject413,
  kReject414,
  kReject415,
  kReject416,
  kReject420,
  kReject421,
  kReject430,
  kReject480,
  kReject481,
  kReject482,
  kReject483,
  kReject489,
  kReject494,
  kReject500,
  kReject503,
  kReject504,
  kReject505,
  kReject513,
  kTokenForged,
  kTokenStale,
  kTokenFromAccess,
  // associations
  kAssociationsCreated,
  kAssociationsRefreshed,
  kAssociationsSuspended,
  kAssociationsResumed,
  kAssociationsReplaced,
  kAssociationsExpired,
  kAssociationsDeregistered,
  kAssociationTableFull,
  kAssociationsExcess,  // more than an IMPI may have on all shards
  // what shards tell each other of them
  kNewsTold,
  kNewsHeard,
  kDeskFull,        // an association of which its desk does not know
  kVerdictsMissed,  // a desk did not say in time whether there is room
  kTransactionTableFull,
  kCoreRegistersFull,  // a REGISTER more than the core may have to answer
  kTransactionsTimedOut,
  // next hops
  kNextHopRetries,  // REG-30: a request went to another one
  kNamesAsked,
  kNamesFound,
  kNamesMissing,  // no such name
  kNamesWithoutServers,
  kNamesFailed,
  kTlsSessionsRevoked,
  // registration events: our SUBSCRIBEs, the registrar's NOTIFYs, their effect
  kOwnRequests,
  kSubscriptionsBegun,
  kSubscriptionsRefreshed,
  kSubscriptionsEnded,       // by us: nobody is left to watch
  kSubscriptionsTerminated,  // by the registrar (Subscription-State)
  kSubscribesRefused,        // a final response that is no 2xx
  kSubscribesUnanswered,     // Timer F, or no way there
  kSubscriptionTableFull,
  kSubscriptionUnwatchable,  // the user has no identity to subscribe to
  kNotifyApplied,
  kNotifyRepeated,
  kNotifyOldVersion,      // DEREG-08
  kNotifyGap,             // a partial state was missed
  kNotifyForeignContact,  // DEREG-05: contacts ended that are not ours
  kNotifyStray,           // DEREG-07: of no dialog of ours
  kNotifyRefused,         // wrong event, type or document
  kIdentitiesEnded,       // by the network, as the two below
  kExpiriesShortened,
  kAssociationsEnded,
  kCount_,
};
inline constexpr size_t kCounterCount = static_cast<size_t>(CounterId::kCount_);
std::string_view ToString(CounterId id);  // metric label, snake_case

class Counters {
 public:
  void Add(CounterId id, uint64_t n = 1) {
    values_[static_cast<size_t>(id)].Add(n);
  }
  uint64_t Get(CounterId id) const {
    return values_[static_cast<size_t>(id)].Get();
  }

 private:
  std::array<Counter, kCounterCount> values_;
};

}  // namespace sallyport

#endif  // CORE_COUNTERS_H_
