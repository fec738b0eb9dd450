// Responses that the proxy makes itself (spec 7; RFC 3261 8.2.6).
#ifndef CORE_ROUTING_LOCAL_RESPONSE_H_
#define CORE_ROUTING_LOCAL_RESPONSE_H_

#include <string_view>

#include "core/base/endpoint.h"
#include "core/routing/validation.h"
#include "core/sip/message.h"
#include "core/sip/splice.h"

namespace sallyport::routing {

// Writes a whole response into `scratch`: all Via rows (top one with received
// and rport as RFC 3261 18.2.1 and RFC 3581 4 say), From, To with `to_tag`
// appended when it has none and code > 100, Call-ID, CSeq, `extra`, Retry-After
// when the answer has one, Content-Length: 0. The request must be Answerable. A
// top Via that cannot be read is copied as it is. Borrows: `scratch` holds the
// response until its next Reset().
std::string_view WriteResponse(const sip::MessageView& request,
                               const Endpoint& peer, const Refusal& answer,
                               std::string_view to_tag, sip::Scratch& scratch);

}  // namespace sallyport::routing

#endif  // CORE_ROUTING_LOCAL_RESPONSE_H_
