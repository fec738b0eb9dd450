// A ViaView is one value of a Via list, seen in place.
#ifndef CORE_SIP_VIA_H_
#define CORE_SIP_VIA_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/base/attributes.h"
#include "core/sip/list.h"

namespace sallyport::sip {

struct ViaView {
  std::string_view whole;
  std::string_view transport;  // "TLS"
  std::string_view host;       // sent-by, brackets kept
  uint16_t port = 0;           // 0: none given
  std::string_view params;     // begins at ';', or empty
  std::string_view branch;     // empty: none
  Param received;
  Param rport;
};
// One value of the list. Nothing when it is not SIP/2.0, sent-by cannot be
// read, or branch, received or rport stand twice in it. Source: RFC
// 3261 20.42, 25.1 (via-parm), 7.3.1; RFC 3581 (rport).
std::optional<ViaView> ParseVia(
    std::string_view value ABSL_ATTRIBUTE_LIFETIME_BOUND);
// The same, but the parameters are found and not judged: branch, received and
// rport are empty, whatever it says.
std::optional<ViaView> PartVia(
    std::string_view value ABSL_ATTRIBUTE_LIFETIME_BOUND);
// Adds what PartVia() left; false where ParseVia() says nothing. Once per view.
bool ReadViaParams(ViaView& via);

}  // namespace sallyport::sip

#endif  // CORE_SIP_VIA_H_
