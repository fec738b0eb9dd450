#include "core/routing/response_parts.h"

namespace sallyport::routing {

void ReadVias(const sip::MessageView& response, ResponseParts& parts) {
  parts.vias = 0;
  parts.own_via = parts.next_via = {};
  parts.next.reset();
  parts.cseq.reset();
  sip::ListCursor values(response, sip::HeaderId::kVia);
  while (parts.vias < ResponseParts::kViasSeen && values.Next()) {
    if (parts.vias == 0) parts.own_via = values.value();
    if (parts.vias == 1) parts.next_via = values.value();
    ++parts.vias;
  }
}

void ReadRest(const sip::MessageView& response, ResponseParts& parts) {
  if (!parts.ends_here()) parts.next = sip::PartVia(parts.next_via);
  parts.cseq = sip::ParseCSeq(response.Value(sip::HeaderId::kCSeq));
}

}  // namespace sallyport::routing
