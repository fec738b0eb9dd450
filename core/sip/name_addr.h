// A NameAddrView is an address with its display name and header parameters, as
// From, To, Contact, Route and their like hold it; a CSeqView is a CSeq.
#ifndef CORE_SIP_NAME_ADDR_H_
#define CORE_SIP_NAME_ADDR_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/base/attributes.h"

namespace sallyport::sip {

struct NameAddrView {
  std::string_view display_name;  // quotes kept
  std::string_view uri;           // between the brackets, or the bare addr-spec
  bool bracketed = false;
  std::string_view params;  // header parameters; begins at ';', or empty
};
// One value. The URI is found, not judged: ParseUri does that. Nothing when the
// parts cannot be told apart: an unterminated quote or bracket, a comma in a
// bare display name, a ',' or '?' in a bare addr-spec, broken parameters.
// Source: RFC 3261 20.10, 25.1 (name-addr, addr-spec). Without brackets
// everything behind ';' is a header parameter.
std::optional<NameAddrView> ParseNameAddr(
    std::string_view value ABSL_ATTRIBUTE_LIFETIME_BOUND);
// The same, but the parameters are found and not judged: for those who walk them
// to their end, and ask the ParamCursor there.
std::optional<NameAddrView> PartNameAddr(
    std::string_view value ABSL_ATTRIBUTE_LIFETIME_BOUND);

struct CSeqView {
  uint32_t number = 0;
  std::string_view method;
};
// Source: RFC 3261 8.1.1.5 (a number below 2^31), 20.16.
std::optional<CSeqView> ParseCSeq(
    std::string_view value ABSL_ATTRIBUTE_LIFETIME_BOUND);

}  // namespace sallyport::sip

#endif  // CORE_SIP_NAME_ADDR_H_
