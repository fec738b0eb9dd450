// CoreLinks are one shard's own TCP connections to core peers: made when the first
// message wants to go there, kept, and after a failure not tried again for a while
// that doubles each time.
#ifndef PROXY_CORE_LINKS_H_
#define PROXY_CORE_LINKS_H_

#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "core/base/endpoint.h"
#include "core/base/time.h"
#include "net/event_sink.h"

namespace sallyport::proxy {

// Bounds: kPeersMax peers; what has been idle longest without a connection makes
//         room. It owns no stream: the shard connects and tells what came of it.
class CoreLinks {
 public:
  static constexpr size_t kPeersMax = 1024;
  struct Backoff {
    Millis min;
    Millis max;
  };

  explicit CoreLinks(Backoff backoff) : backoff_(backoff) {}

  enum class Choice : uint8_t {
    kUse,      // `stream` is there, or being connected: queue on it
    kConnect,  // call Connecting() with a new stream
    kRefuse,   // it failed a moment ago, or there are too many peers
  };
  struct Chosen {
    Choice choice = Choice::kRefuse;
    net::StreamId stream;
  };
  Chosen Choose(const Endpoint& peer, Instant now);
  void Connecting(const Endpoint& peer, net::StreamId stream);
  void Connected(const Endpoint& peer);
  // The link broke, or never came up: wait before the next try.
  void Lost(const Endpoint& peer, Instant now);

 private:
  struct Link {
    net::StreamId stream;  // invalid: none
    Millis backoff{0};     // before the next try after the next failure
    Instant not_before{};
  };
  const Backoff backoff_;
  absl::flat_hash_map<Endpoint, Link> links_;
};

}  // namespace sallyport::proxy

#endif  // PROXY_CORE_LINKS_H_
