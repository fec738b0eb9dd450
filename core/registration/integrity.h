// What the proxy tells the registrar about the protection of a REGISTER: the
// whole decision table of TS 33.203 Annex O (spec 4.4), as one pure function.
#ifndef CORE_REGISTRATION_INTEGRITY_H_
#define CORE_REGISTRATION_INTEGRITY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/counter.h"
#include "core/edge_config.h"
#include "core/sip/digest.h"
#include "core/sip/message.h"

namespace sallyport::registration {

// The value that is written. `yes` and `no` are IMS AKA's and never ours.
// Source: TS 24.229 7.2A.2, TS 33.203 P.4.2
enum class Integrity : uint8_t { kNone, kTlsPending, kTlsYes };
std::string_view ToString(Integrity value);  // "", "tls-pending", "tls-yes"

// Which credentials of a REGISTER count (spec 4.5), and what is wrong with
// them.
struct Credentials {
  enum class Kind : uint8_t {
    kAbsent,       // no Authorization
    kDigest,       // one set of Digest credentials counts: `digest`, `field`
    kOtherScheme,  // D13
    kTwoSets,      // D14: 400
    kMalformed,    // D17: 400
    kDuplicate,    // SEC-21: 400
  };
  Kind kind = Kind::kAbsent;
  const sip::HeaderField* field = nullptr;
  sip::CredentialsView digest;
};
// `home_realm`: the Request-URI's host; decides between two sets of other
// realms.
Credentials SelectCredentials(const sip::MessageView& request,
                              std::string_view home_realm);

// spec 4.4 note: quotes and quoted-pairs resolved; the part before the last '@'
// by octets, the realm part without regard to ASCII case. `impi` is the stored
// form.
bool SameImpi(std::string_view username_param, std::string_view impi);

enum class Rule : uint8_t {
  kD1 = 1,
  kD2,
  kD3,
  kD4,
  kD5,
  kD6,
  kD7,
  kD8,
  kD9,
  kD10,
  kD11,
  kD12,
  kD13,
  kD14,
  kD15,
  kD16,
  kD17,
  kD18
};
inline constexpr size_t kRuleCount = 18;
std::string_view ToString(Rule rule);  // "D1"

// How often each rule decided. Written by one shard, read by any thread.
class RuleCounters {
 public:
  void Add(Rule rule) { values_[Index(rule)].Add(1); }
  uint64_t Get(Rule rule) const { return values_[Index(rule)].Get(); }

 private:
  static size_t Index(Rule rule) { return static_cast<size_t>(rule) - 1; }
  std::array<Counter, kRuleCount> values_;
};

struct IntegrityInput {
  bool on_tls = false;
  enum class Bound : uint8_t { kNone, kActive, kRebinding };
  Bound bound =
      Bound::kNone;  // association of this TLS session, at this moment
  bool username_matches = false;         // of that association
  bool session_after_challenge = false;  // O of the table, with a valid context
};
struct IntegrityDecision {
  enum class Outcome : uint8_t { kForward, kDiscard, kReject400, kReject403 };
  Rule rule = Rule::kD1;
  Outcome outcome = Outcome::kForward;
  Integrity value = Integrity::kNone;
  bool detach = false;  // D12: the suspended association is let go
};
IntegrityDecision DecideIntegrity(const Credentials& credentials,
                                  const IntegrityInput& input,
                                  const EdgeConfig& config);

}  // namespace sallyport::registration

#endif  // CORE_REGISTRATION_INTEGRITY_H_
