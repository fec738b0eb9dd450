// The header fields that Sallyport knows by name, long and compact form.
#ifndef CORE_SIP_HEADER_NAMES_H_
#define CORE_SIP_HEADER_NAMES_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport::sip {

// One per field that some rule reads, changes or removes.
enum class HeaderId : uint8_t {
  kOther,
  // RFC 3261
  kVia,
  kFrom,
  kTo,
  kCallId,
  kCSeq,
  kMaxForwards,
  kContact,
  kExpires,
  kRoute,
  kRecordRoute,
  kContentLength,
  kContentType,
  kContentEncoding,
  kRequire,
  kProxyRequire,
  kSupported,
  kUnsupported,
  kAuthorization,
  kProxyAuthorization,
  kWwwAuthenticate,
  kProxyAuthenticate,
  kAuthenticationInfo,
  kAllow,
  kAccept,
  kMinExpires,
  kRetryAfter,
  kDate,
  kSubject,
  // RFC 3327, 3608, 3329, 3323, 3325, 6665, 5626, RFC 3455 / 7315
  kPath,
  kServiceRoute,
  kSecurityClient,
  kSecurityServer,
  kSecurityVerify,
  kPrivacy,
  kPAssertedIdentity,
  kPPreferredIdentity,
  kEvent,
  kSubscriptionState,
  kFlowTimer,
  kPAssociatedUri,
  kPCalledPartyId,
  kPVisitedNetworkId,
  kPAccessNetworkInfo,
  kPChargingVector,
  kPChargingFunctionAddresses,
  // Trust domain (TS 24.229 4.4)
  kPServedUser,
  kPProfileKey,
  kPAssertedService,
  kPPreferredService,
  kPUserDatabase,
  kPMediaAuthorization,
  kPPrivateNetworkIndication,
  kPEarlyMedia,
  kFeatureCaps,
  kResourcePriority,
  kHistoryInfo,
  kRestorationInfo,
  kRelayedCharge,
  kServiceInteractInfo,
  kResponseSource,
  kAttestationInfo,
  kOriginationId,
  kCellularNetworkInfo,
  kAdditionalIdentity,
  kGeolocation,
  // Compact forms only matter for recognition
  kReferTo,
  kReferredBy,
  kSessionExpires,
  kAcceptContact,
  kRejectContact,
  kRequestDisposition,
  kAllowEvents,
  kIdentity,
  kCount_,
};
inline constexpr size_t kHeaderIdCount = static_cast<size_t>(HeaderId::kCount_);

// ASCII case-insensitive (RFC 3261 7.3.1); compact forms map to the long one.
HeaderId HeaderIdOf(std::string_view name);
// The canonical long name; empty for kOther.
std::string_view NameOf(HeaderId id);

}  // namespace sallyport::sip

#endif  // CORE_SIP_HEADER_NAMES_H_
