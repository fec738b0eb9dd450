#include "core/routing/own_request.h"

#include "core/routing/rewrite.h"
#include "core/sip/text.h"

namespace sallyport::routing {
namespace {

constexpr int kDigits = 16;

template <typename... Parts>
void Append(sip::Scratch& scratch, const Parts&... parts) {
  (scratch.Append(std::string_view(parts)), ...);
}

}  // namespace

bool IsOwnTag(std::string_view tag, uint64_t number) {
  if (tag.size() != kDigits) return false;
  for (const char digit : tag) {
    if (digit != "0123456789abcdef"[number >> 60]) return false;
    number <<= 4;
  }
  return true;
}

bool IsOwnCallId(std::string_view call_id, uint64_t number,
                 const OwnNames& own) {
  return call_id.size() > kDigits &&
         IsOwnTag(call_id.substr(0, kDigits), number) &&
         call_id[kDigits] == '@' && call_id.substr(kDigits + 1) == own.domain;
}

// Source: RFC 3261 8.1.1, 12.2.1.1
std::string_view WriteOwnRequest(const OwnRequest& request,
                                 sip::Transport sent_on,
                                 std::string_view branch, const OwnNames& own,
                                 sip::Scratch& scratch) {
  scratch.Begin();
  Append(scratch, request.method, " ", request.uri, " SIP/2.0\r\n");
  Append(scratch, "Via: ", own.ViaBegin(sent_on), branch, "\r\n");
  Append(scratch, "Max-Forwards: 70\r\n");
  if (!request.routes.empty()) {
    Append(scratch, "Route: ", request.routes, "\r\n");
  }
  Append(scratch, "From: <sip:", own.domain, ">;tag=");
  scratch.AppendHex(request.from_tag, kDigits);
  Append(scratch, "\r\nTo: ", request.to, "\r\nCall-ID: ");
  scratch.AppendHex(request.call_id, kDigits);
  Append(scratch, "@", own.domain, "\r\nCSeq: ");
  scratch.AppendUint(request.cseq);
  Append(scratch, " ", request.method, "\r\n");
  if (request.icid) {
    // Source: TS 24.229 5.2.3
    Append(scratch, "P-Asserted-Identity: <sip:", own.domain, ">\r\n");
    AppendCharging(own, *request.icid, scratch);
  }
  Append(scratch, request.extra, "Content-Length: 0\r\n\r\n");
  return scratch.Take();
}

}  // namespace sallyport::routing
