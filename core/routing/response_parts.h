// The parts of a response that matching and judging use, each read once.
#ifndef CORE_ROUTING_RESPONSE_PARTS_H_
#define CORE_ROUTING_RESPONSE_PARTS_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/sip/message.h"
#include "core/sip/values.h"

namespace sallyport::routing {

// Borrows: the response. Cost: made anew, it is cleared; so one is used again
// and again.
struct ResponseParts {
  // Via values, up to kViasSeen of them.
  static constexpr uint8_t kViasSeen = 3;
  uint8_t vias = 0;
  std::string_view own_via;   // the topmost: that of who reads it
  std::string_view next_via;  // of whom it goes on to

  // What ReadRest() adds. Nothing: it is not there, or cannot be read.
  std::optional<sip::ViaView> next;  // parted: only EchoHash() needs the rest
  std::optional<sip::CSeqView> cseq;

  // Nobody is behind us when the request was our own, and somebody else is.
  bool ends_here() const { return vias < 2; }
};

// What is known of another response goes. All that matching needs: most of what
// is not ours ends with it.
void ReadVias(const sip::MessageView& response, ResponseParts& parts);
void ReadRest(const sip::MessageView& response, ResponseParts& parts);

}  // namespace sallyport::routing

#endif  // CORE_ROUTING_RESPONSE_PARTS_H_
