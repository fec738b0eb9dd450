#include "net/close_reason.h"

#include "absl/base/optimization.h"

namespace sallyport::net {

std::string_view ToString(CloseReason reason) {
  switch (reason) {
    case CloseReason::kPeerClosed:
      return "peer_closed";
    case CloseReason::kPeerReset:
      return "peer_reset";
    case CloseReason::kTimedOut:
      return "timed_out";
    case CloseReason::kReadError:
      return "read_error";
    case CloseReason::kWriteError:
      return "write_error";
    case CloseReason::kSlowPeer:
      return "slow_peer";
    case CloseReason::kNoSendMemory:
      return "no_send_memory";
    case CloseReason::kLocalFlush:
      return "local_flush";
    case CloseReason::kLocalFlushTimeout:
      return "local_flush_timeout";
    case CloseReason::kLocalAbort:
      return "local_abort";
    case CloseReason::kConnectRefused:
      return "connect_refused";
    case CloseReason::kConnectUnreachable:
      return "connect_unreachable";
    case CloseReason::kConnectTimedOut:
      return "connect_timed_out";
    case CloseReason::kConnectFailed:
      return "connect_failed";
  }
  ABSL_UNREACHABLE();
}

}  // namespace sallyport::net
