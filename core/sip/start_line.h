// A StartLine is the first line of a message: a request line or a status line,
// well made or not.
#ifndef CORE_SIP_START_LINE_H_
#define CORE_SIP_START_LINE_H_

#include <cstdint>
#include <string_view>

#include "absl/base/attributes.h"
#include "core/sip/message.h"

namespace sallyport::sip {

struct StartLine {
  enum class Kind : uint8_t {
    kNotSip,
    kRequest,   // begins with a token, and the last word begins with SIP/
    kResponse,  // begins with SIP/
  };
  Kind kind = Kind::kNotSip;
  // kOk, kBadStartLine (kNotSip), kMalformedStartLine, kBadVersion,
  // kUriTooLong.
  ScanVerdict verdict = ScanVerdict::kBadStartLine;
  std::string_view method, uri;  // requests
  int code = 0;                  // responses; 0 when malformed
  std::string_view reason;       // responses
};

// `line` is without its line end. A Request-URI past `uri_bytes_max` is too
// long. Source: RFC 3261 7.1 (one space each, no other white space), 7.2, 25.1.
StartLine ReadStartLine(std::string_view line ABSL_ATTRIBUTE_LIFETIME_BOUND,
                        size_t uri_bytes_max);

}  // namespace sallyport::sip

#endif  // CORE_SIP_START_LINE_H_
