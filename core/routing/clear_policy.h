// "TLS required": what happens to a message that no TLS session protects
// (spec 2.9, the whole table).
#ifndef CORE_ROUTING_CLEAR_POLICY_H_
#define CORE_ROUTING_CLEAR_POLICY_H_

#include "core/counters.h"
#include "core/edge_config.h"
#include "core/registration/integrity.h"
#include "core/registration/security_agreement.h"
#include "core/routing/validation.h"
#include "core/sip/message.h"

namespace sallyport::routing {

struct ClearDecision {
  enum class Outcome : uint8_t { kAccept, kDiscard, kAnswer };
  Outcome outcome = Outcome::kDiscard;
  CounterId counter = CounterId::kDiscardClear;  // kDiscard
  Refusal refusal;                               // kAnswer: 421, 494, 403
};
// Spec 2.9, row by row. What it accepts is not yet found well-formed:
// credentials that cannot be read are the integrity decision's to refuse (400).
// `impi_is_tls_first`: the IMPI has an ACTIVE association made without
// sec-agree. `register_parts` is null for other methods.
ClearDecision DecideClear(const sip::MessageView& request,
                          const registration::Credentials& credentials,
                          const registration::AgreementView& agreement,
                          const RegisterParts* register_parts,
                          sip::Transport transport, bool impi_is_tls_first,
                          const EdgeConfig& config);

}  // namespace sallyport::routing

#endif  // CORE_ROUTING_CLEAR_POLICY_H_
