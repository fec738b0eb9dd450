// Bounds of one SIP message (spec 8.3). A peer that goes past one gets the
// answer that is named beside it.
#ifndef CORE_SIP_LIMITS_H_
#define CORE_SIP_LIMITS_H_

#include <cstddef>

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

}  // namespace sallyport::sip

#endif  // CORE_SIP_LIMITS_H_
