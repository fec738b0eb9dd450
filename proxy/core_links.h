// CoreLinks are one shard's own connections to core peers, over TCP or TLS:
// made when the first message wants to go there, kept, and after a failure not
// tried again for a while that doubles each time.
#ifndef PROXY_CORE_LINKS_H_
#define PROXY_CORE_LINKS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "core/base/endpoint.h"
#include "core/base/time.h"
#include "net/event_sink.h"
#include "net/tls/client.h"

namespace sallyport::proxy {

// Who is at the other end of a link: where it is and, over TLS, the name that
// it must prove (letters in any case); an empty one: its address. Two names at
// one place are two peers, because the one may be proven and the other not.
struct CorePeerView {
  Endpoint endpoint;
  bool tls = false;
  std::string_view name;
};
struct CorePeer {
  Endpoint endpoint;
  bool tls = false;
  std::string name;

  explicit CorePeer(const CorePeerView& view)
      : endpoint(view.endpoint), tls(view.tls), name(view.name) {}
  CorePeerView View() const { return {endpoint, tls, name}; }
  // What a certificate must bear. Source: RFC 6066 3 (no dot of the root)
  std::string Identity() const {
    return name.empty() ? endpoint.address.ToString()
                        : std::string(absl::StripSuffix(name, "."));
  }
  friend bool operator==(const CorePeer& peer, const CorePeerView& view) {
    return peer.endpoint == view.endpoint && peer.tls == view.tls &&
           absl::EqualsIgnoreCase(peer.name, view.name);
  }
};

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
  // Cost: no heap.
  Chosen Choose(const CorePeerView& peer, Instant now);
  void Connecting(const CorePeerView& peer, net::StreamId stream);
  // It stands; over TLS: it spoke, so it has taken us for whom we are.
  void Connected(const CorePeerView& peer);
  // The link broke, or never came up: wait before the next try.
  void Lost(const CorePeerView& peer, Instant now);

  // ---- TLS sessions: kept until a link with one fails.
  net::tls::ClientSession Session(const CorePeerView& peer) const;
  void KeepSession(const CorePeerView& peer, net::tls::ClientSession session);
  void ForgetSessions();

  // Whether this is news of the peer, and not what was said last.
  bool Complain(const CorePeerView& peer, std::string_view complaint);

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(const CorePeerView& peer) const;
    size_t operator()(const CorePeer& peer) const {
      return (*this)(peer.View());
    }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const CorePeer& a, const CorePeerView& b) const {
      return a == b;
    }
    bool operator()(const CorePeer& a, const CorePeer& b) const {
      return a == b.View();
    }
  };
  struct Link {
    net::StreamId stream;  // invalid: none
    bool stood = false;    // the present one
    Millis backoff{0};     // before the next try after the next failure
    Instant not_before{};
    net::tls::ClientSession session;
    std::string complaint;
  };
  Link& Of(const CorePeerView& peer);

  const Backoff backoff_;
  absl::flat_hash_map<CorePeer, Link, Hash, Equal> links_;
};

}  // namespace sallyport::proxy

#endif  // PROXY_CORE_LINKS_H_
