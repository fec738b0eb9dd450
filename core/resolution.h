// What an Edge asks of a resolver, and what it hears: where is the server that
// a SIP URI names (RFC 3263)? Values only; who resolves is not known here.
#ifndef CORE_RESOLUTION_H_
#define CORE_RESOLUTION_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/endpoint.h"
#include "core/base/time.h"
#include "core/sip/values.h"

namespace sallyport {

struct HostQuestion {
  std::string_view host;  // a name, no address; letters in any case
  uint16_t port = 0;      // 0: none is given
  std::optional<sip::Transport> transport = std::nullopt;
};

// One place where the host may be reached.
struct HostTarget {
  Endpoint endpoint;
  sip::Transport transport = sip::Transport::kTcp;
  // Lower comes first; the weight counts within one priority.
  // Source: RFC 2782
  uint32_t priority = 0;
  uint16_t weight = 0;
  friend bool operator==(const HostTarget&, const HostTarget&) = default;
};

enum class HostOutcome : uint8_t {
  kFound,      // there are targets
  kNoName,     // the name does not exist
  kNoRecords,  // it exists, and names no server that we can use
  kFailed,     // nobody could say: time-out, failure of a server
};
inline constexpr size_t kHostOutcomeCount =
    static_cast<size_t>(HostOutcome::kFailed) + 1;
std::string_view ToString(HostOutcome outcome);

struct HostAnswer {
  HostQuestion question;  // as it was asked
  HostOutcome outcome = HostOutcome::kFailed;
  std::span<const HostTarget> targets;
  Millis valid_for{0};  // failures too
};

}  // namespace sallyport

#endif  // CORE_RESOLUTION_H_
