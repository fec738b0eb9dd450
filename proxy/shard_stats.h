// What a shard counts besides its Edge and its Reactor.
#ifndef PROXY_SHARD_STATS_H_
#define PROXY_SHARD_STATS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/counter.h"
#include "core/flow.h"
#include "net/close_reason.h"
#include "net/tls/channel.h"
#include "net/tls/distrust.h"

namespace sallyport::proxy {

// Threads: set by the shard, read by anyone.
class Gauge {
 public:
  void Set(int64_t value) { value_.store(value, std::memory_order_relaxed); }
  int64_t Get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// Those of the core last: what they send has room of its own.
enum class ListenerKind : uint8_t { kTls, kSip, kCore, kCoreTls };
inline constexpr size_t kListenerKinds = 4;
std::string_view ToString(ListenerKind kind);

// TLS with the core; phones have the counters of ShardStats.
struct CoreTlsStats {
  Counter handshakes_full;
  Counter handshakes_resumed;
  std::array<Counter, 16> failures;  // by net::tls::Failure
  std::array<Counter, net::tls::kDistrustCount> untrusted;
};

// Law: accepted + adopted + connected = open + every closed_*.
struct ShardStats {
  std::array<Counter, kListenerKinds> accepted;
  Counter adopted;    // from another shard
  Counter connected;  // attempts to reach core peers
  // By our own reason where we have one, else by what the network said.
  std::array<Counter, kCloseReasonCount> closed_by_us;
  std::array<Counter, net::kCloseReasonCount> closed_by_net;
  Counter handshakes_full;
  Counter handshakes_resumed;
  std::array<Counter, 16> tls_failures;           // by net::tls::Failure
  std::array<Counter, 256> tls_alerts_received;   // by alert code
  CoreTlsStats core_tls_out, core_tls_in;
  Counter mail_lost;         // a mailbox was full
  Counter sends_lost;        // a message for a flow that is gone
  Counter core_links_lost;   // broken, refused, or timed out
  Counter turns;
  Gauge open;                // streams
  Gauge handshakes;          // in progress
  Gauge handshakes_waiting;  // of these, for their turn
  Gauge flows, associations_active, associations_suspended,
      associations_reserved, transactions, core_registers, timers;
  Gauge last_turn_ms;        // monotonic clock
  Gauge core_links_open;
};

}  // namespace sallyport::proxy

#endif  // PROXY_SHARD_STATS_H_
