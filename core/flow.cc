#include "core/flow.h"

#include "absl/base/optimization.h"

namespace sallyport {

std::string_view ToString(CloseReason reason) {
  switch (reason) {
    case CloseReason::kPeerClosed:
      return "peer_closed";
    case CloseReason::kReset:
      return "reset";
    case CloseReason::kLocalShutdown:
      return "local_shutdown";
    case CloseReason::kGarbage:
      return "garbage";
    case CloseReason::kNotSip:
      return "not_sip";
    case CloseReason::kHeadTooLong:
      return "head_too_long";
    case CloseReason::kBodyTooLong:
      return "body_too_long";
    case CloseReason::kNoContentLength:
      return "no_content_length";
    case CloseReason::kBadContentLength:
      return "bad_content_length";
    case CloseReason::kMessageTimeout:
      return "message_timeout";
    case CloseReason::kUnregisteredTimeout:
      return "unregistered_timeout";
    case CloseReason::kAuthenticationFailed:
      return "authentication_failed";
    case CloseReason::kReplaced:
      return "replaced";
    case CloseReason::kRebound:
      return "rebound";
    case CloseReason::kTlsFailure:
      return "tls_failure";
    case CloseReason::kHandshakeTimeout:
      return "handshake_timeout";
    case CloseReason::kSlowPeer:
      return "slow_peer";
    case CloseReason::kIdle:
      return "idle";
    case CloseReason::kDeregistered:
      return "deregistered";
    case CloseReason::kTableFull:
      return "table_full";
    case CloseReason::kHandedOver:
      return "handed_over";
    case CloseReason::kConnectFailed:
      return "connect_failed";
    case CloseReason::kTooManyFromSource:
      return "too_many_from_source";
    case CloseReason::kForeignPeer:
      return "foreign_peer";
  }
  ABSL_UNREACHABLE();
}

}  // namespace sallyport
