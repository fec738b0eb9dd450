// Bounds of one SIP message (spec 8.3). A peer that goes past one gets the
// answer that is named beside it. The constants are defaults and, as arrays
// have their sizes, ceilings; a MessageLimits moves within them.
#ifndef CORE_SIP_LIMITS_H_
#define CORE_SIP_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace sallyport::sip {

inline constexpr size_t kMessageBytesMax = 65535;     // 513, close
inline constexpr size_t kHeadBytesMax = 16384;        // 513, close
inline constexpr size_t kBodyBytesMax = 49152;        // 413, close
inline constexpr size_t kHeaderFieldsMax = 128;       // 513
inline constexpr size_t kHeaderValueBytesMax = 8192;  // 513
inline constexpr size_t kViaValuesMax = 70;           // 513
inline constexpr size_t kRouteValuesMax = 32;         // 513
inline constexpr size_t kRegisterContactsMax = 10;    // 513
inline constexpr size_t kRequestUriBytesMax = 1024;   // 414

static_assert(kHeadBytesMax + kBodyBytesMax >= kMessageBytesMax);
static_assert(kHeaderValueBytesMax < kHeadBytesMax);
static_assert(kHeaderFieldsMax < 255, "field indices are one byte");

// What an operator sets. The whole message has no flag: RFC 3261 18.1.1 wants
// its 65535 octets.
struct MessageLimits {
  uint32_t head_bytes = kHeadBytesMax;
  uint32_t body_bytes = kBodyBytesMax;
  uint32_t header_fields = kHeaderFieldsMax;
  uint32_t header_value_bytes = kHeaderValueBytesMax;
  uint32_t via_values = kViaValuesMax;
  uint32_t route_values = kRouteValuesMax;  // and as many of Record-Route
  uint32_t register_contacts = kRegisterContactsMax;
  uint32_t request_uri_bytes = kRequestUriBytesMax;
};
inline constexpr MessageLimits kDefaultLimits;

}  // namespace sallyport::sip

#endif  // CORE_SIP_LIMITS_H_
