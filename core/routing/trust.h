// The trust boundary as data: which header fields never come from a UE and
// which never reach one (spec 9.1, 9.2; TS 24.229 4.4).
#ifndef CORE_ROUTING_TRUST_H_
#define CORE_ROUTING_TRUST_H_

#include <span>
#include <string_view>

#include "core/sip/header_names.h"
#include "core/sip/message.h"
#include "core/sip/splice.h"

namespace sallyport::routing {

std::span<const sip::HeaderId> RemovedFromUe();
std::span<const sip::HeaderId> RemovedTowardsUe();

// Removes all of them, of every spelling, and what is partial:
// `network-provided` members of P-Access-Network-Info, `integrity-protected` of
// every Authorization and Proxy-Authorization, P-Early-Media but `supported`
// (all of it in a response), `loc-src` of Geolocation. A row of the partial
// ones that cannot be read is removed whole: what we cannot read, somebody
// behind us might.
void StripFromUe(const sip::MessageView& message, sip::SpliceList& out);
// The row of credentials that gets a claim of ours, if one does.
struct SelectedCredentials {
  const sip::HeaderField* row = nullptr;
  // As CredentialsView has it: nothing in the row is to be looked for.
  bool unclaimed = false;
};
// Its two halves: all but credentials, and credentials. The row `selected` gets
// `parameter` as its last one; false: that row cannot be read and was removed.
void StripFieldsFromUe(const sip::MessageView& message, sip::SpliceList& out);
bool StripCredentials(const sip::MessageView& message,
                      const SelectedCredentials& selected,
                      std::string_view parameter, sip::SpliceList& out);

// Removes the second list, the session keys of challenges (`ck`, `ik` and their
// long names) and History-Info when Privacy asks for it.
void StripTowardsUe(const sip::MessageView& message,
                    bool strip_asserted_identity, sip::SpliceList& out);

// Privacy has this value (RFC 3323 4.2: separated by semicolons).
bool WantsPrivacy(const sip::MessageView& message, std::string_view value);

}  // namespace sallyport::routing

#endif  // CORE_ROUTING_TRUST_H_
