// Requests that the proxy makes itself, as a user agent of its own (RFC 3261
// 8.1.1, 12.2.1.1).
#ifndef CORE_ROUTING_OWN_REQUEST_H_
#define CORE_ROUTING_OWN_REQUEST_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/routing/own_names.h"
#include "core/sip/splice.h"
#include "core/sip/values.h"

namespace sallyport::routing {

struct OwnRequest {
  std::string_view method;
  std::string_view uri;
  std::string_view to;    // a whole value, tag included
  uint64_t from_tag = 0;  // From is our SIP URI
  uint64_t call_id = 0;   // before `@` and our domain
  uint32_t cseq = 1;
  std::string_view routes;  // a Route value, or empty
  // With one: P-Asserted-Identity says our SIP URI, and P-Charging-Vector this.
  std::optional<uint64_t> icid;
  std::string_view extra;  // whole lines
};

// Texts of a dialog that we began, as WriteOwnRequest writes them.
bool IsOwnTag(std::string_view tag, uint64_t number);
bool IsOwnCallId(std::string_view call_id, uint64_t number,
                 const OwnNames& own);

// The whole request, without a body. Borrows: `scratch` holds it until its next
// Reset(). Fails: by scratch.overflowed().
std::string_view WriteOwnRequest(const OwnRequest& request,
                                 sip::Transport sent_on,
                                 std::string_view branch, const OwnNames& own,
                                 sip::Scratch& scratch);

}  // namespace sallyport::routing

#endif  // CORE_ROUTING_OWN_REQUEST_H_
