// A Connection is what a shard keeps of one TCP stream: TLS, if any, and bytes of
// a message that has not ended.
#ifndef PROXY_CONNECTION_H_
#define PROXY_CONNECTION_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "core/base/endpoint.h"
#include "core/base/prefetch.h"
#include "core/base/timer_wheel.h"
#include "core/flow.h"
#include "net/event_sink.h"
#include "net/tls/channel.h"
#include "net/tls/client.h"
#include "net/tls/engine.h"
#include "proxy/core_links.h"

namespace sallyport::proxy {

enum class ConnectionState : uint8_t {
  kFree,       // no stream in this slot
  kHello,      // TLS: the ClientHello has not arrived whole
  kWaiting,    // TLS: the ClientHello is here, and its turn has not come
  kLeaving,    // TLS: on its way to another shard
  kHandshake,  // TLS: the handshake is running
  kConnecting,  // to a core peer
  kOpen,       // the Edge knows it as a flow
  kClosing,    // we asked for its end; nothing is read any more
};

// What a connection that we made to a core peer has besides.
struct CoreLink {
  explicit CoreLink(const CorePeerView& to) : peer(to) {}
  CorePeer peer;
  bool heard = false;  // over TLS: something came
  // Over TLS: what waits for the end of the handshake.
  std::string unsent;
};

struct Connection {
  ConnectionState state = ConnectionState::kFree;
  Side side = Side::kAccess;
  bool announced = false;       // the Edge was told of the flow
  bool handshaking = false;     // counted among the handshakes in progress
  bool sourced = false;         // counted among those of its source
  bool connected = false;       // `link`: it stood
  ShardId home = 0;             // kLeaving: where to
  uint32_t generation = 0;
  TimerId timer;  // handshake, or connect with handshake
  Endpoint peer;
  Endpoint local;
  std::optional<CloseReason> reason;  // why we close it
  std::unique_ptr<net::tls::Engine> engine;        // TLS, accepted
  std::unique_ptr<net::tls::ClientEngine> client;  // TLS, made by us
  std::unique_ptr<CoreLink> link;                  // we made it, to a core peer
  // Received and not consumed: the beginning of a message or of a ClientHello.
  std::string pending;

  // Nothing may be said yet on this link.
  bool awaits_tls() const {
    return link != nullptr && link->peer.tls && !announced;
  }
  // Null: without TLS.
  net::tls::Channel* tls() const {
    if (engine != nullptr) return engine.get();
    return client.get();
  }
  sip::Transport transport() const {
    return tls() == nullptr ? sip::Transport::kTcp : sip::Transport::kTls;
  }
};

// Bounds: the reactor's streams_max. Cost: find O(1). References stay good.
class ConnectionTable {
 public:
  Connection& Open(net::StreamId stream) {
    while (slots_.size() <= stream.slot) slots_.emplace_back();
    Connection& connection = slots_[stream.slot];
    connection = Connection{};
    ++size_;
    connection.generation = stream.generation;
    return connection;
  }
  // Null when that stream has gone.
  Connection* Find(net::StreamId stream) {
    if (stream.slot >= slots_.size()) return nullptr;
    Connection& connection = slots_[stream.slot];
    if (connection.state == ConnectionState::kFree ||
        connection.generation != stream.generation) {
      return nullptr;
    }
    return &connection;
  }
  void Prefetch(net::StreamId stream) const {
    if (stream.slot < slots_.size()) PrefetchObject(slots_[stream.slot]);
  }
  void Close(net::StreamId stream) {
    slots_[stream.slot] = Connection{};
    --size_;
  }
  size_t size() const { return size_; }

  template <typename Visit>
  void ForEach(Visit&& visit) {
    for (uint32_t slot = 0; slot < slots_.size(); ++slot) {
      Connection& connection = slots_[slot];
      if (connection.state == ConnectionState::kFree) continue;
      visit(net::StreamId{slot, connection.generation}, connection);
    }
  }

 private:
  std::deque<Connection> slots_;
  size_t size_ = 0;
};

}  // namespace sallyport::proxy

#endif  // PROXY_CONNECTION_H_
