// How and why a stream ends.
#ifndef NET_CLOSE_REASON_H_
#define NET_CLOSE_REASON_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport::net {

enum class CloseHow : uint8_t {
  kFlush,  // send what is queued, end our side, wait for the peer's end; all
           // until the deadline
  kAbort,  // at once: what is queued is dropped, the peer gets a reset
};

enum class CloseReason : uint8_t {
  kPeerClosed,          // an orderly end from the peer
  kPeerReset,           // the peer reset it, or was gone when we sent
  kTimedOut,            // keep-alive or user timeout: the peer does not answer
  kReadError,           // another error of receiving
  kWriteError,          // another error of sending
  kSlowPeer,            // more is queued for it than the bound per stream
  kNoSendMemory,        // all streams together reached their bound
  kLocalFlush,          // Close(kFlush): everything was handed to the kernel
  kLocalFlushTimeout,   // Close(kFlush): the deadline passed before that
  kLocalAbort,          // Close(kAbort)
  kConnectRefused,      // nobody listens there
  kConnectUnreachable,  // no route to host or network
  kConnectTimedOut,     // the system gave up
  kConnectFailed,       // another error of connecting
};
inline constexpr size_t kCloseReasonCount = 14;

// "peer_closed", ...: a label of metrics.
std::string_view ToString(CloseReason reason);

}  // namespace sallyport::net

#endif  // NET_CLOSE_REASON_H_
