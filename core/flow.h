// A flow is what core/ calls a connection or a datagram socket: something that
// brings messages and takes messages. Who owns the socket is not core/'s
// business.
#ifndef CORE_FLOW_H_
#define CORE_FLOW_H_

#include <array>
#include <cstdint>
#include <string_view>

#include "core/base/endpoint.h"
#include "core/base/slab.h"
#include "core/sip/values.h"

namespace sallyport {

using ShardId = uint16_t;

// Names a flow for as long as it lives and nothing afterwards. Slots are dense
// and count from 0 in each shard.
struct FlowId {
  ShardId shard = 0;
  SlotHandle handle;

  bool valid() const { return handle.valid(); }
  friend bool operator==(const FlowId&, const FlowId&) = default;
};

// Which listener decides the side of a message, never a header (spec 1.3).
enum class Side : uint8_t { kAccess, kCore };

// 32 random octets that the TLS server draws at a full handshake (spec 5.8).
using TlsSessionId = std::array<uint8_t, 32>;

// What is known of a flow when it opens.
struct FlowInfo {
  Side side = Side::kAccess;
  sip::Transport transport = sip::Transport::kUdp;
  Endpoint peer;   // streams; datagram flows learn it with each message
  Endpoint local;  // the listener's address; its port is the protected port
  TlsSessionId tls_session{};  // TLS on the access side only
  bool tls_resumed = false;    // tls_session came out of a ticket
};

// Why core/ wants a flow closed, or why the shard closed it: a metric label.
enum class CloseReason : uint8_t {
  kPeerClosed,
  kReset,
  kLocalShutdown,
  kGarbage,
  kNotSip,
  kHeadTooLong,
  kBodyTooLong,
  kNoContentLength,
  kBadContentLength,
  kMessageTimeout,
  kUnregisteredTimeout,
  kAuthenticationFailed,
  kReplaced,
  kRebound,
  kTlsFailure,
  kHandshakeTimeout,
  kSlowPeer,
  kIdle,
  kDeregistered,
  kTableFull,
  kHandedOver,
  kConnectFailed,
  kTooManyFromSource,
  kForeignPeer,
};
inline constexpr size_t kCloseReasonCount =
    static_cast<size_t>(CloseReason::kForeignPeer) + 1;
std::string_view ToString(CloseReason reason);

}  // namespace sallyport

#endif  // CORE_FLOW_H_
