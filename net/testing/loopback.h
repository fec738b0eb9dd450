// A reactor on loopback with a sink that remembers, and plain blocking sockets
// to talk to it.
#ifndef NET_TESTING_LOOPBACK_H_
#define NET_TESTING_LOOPBACK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/endpoint.h"
#include "core/base/time.h"
#include "net/event_sink.h"
#include "net/reactor.h"
#include "net/socket.h"

namespace sallyport::net {

// What a sink saw of one stream.
struct Seen {
  StreamId id;
  uint32_t tag = 0;
  Endpoint peer;
  Endpoint local;
  bool connected = false;
  std::string bytes;
  std::optional<CloseReason> closed;
  bool detached = false;
};

// Remembers everything, and dies on an event that must not come: for a stream
// that has ended, or a second end.
class RecordingSink : public EventSink {
 public:
  void OnAccepted(StreamId stream, uint32_t tag, const Endpoint& peer,
                  const Endpoint& local) override;
  void OnConnected(StreamId stream) override;
  void OnBytes(StreamId stream, std::span<uint8_t> bytes) override;
  void OnClosed(StreamId stream, CloseReason reason) override;
  void OnDetached(StreamId stream, Fd connection, const Endpoint& peer,
                  const Endpoint& local) override;
  void OnDatagram(const DatagramView& datagram) override;
  void OnMail() override;

  // Streams that this side began.
  void Expect(StreamId stream);
  Seen* Find(StreamId stream);

  struct Datagram {
    UdpId socket;
    uint32_t tag;
    Endpoint peer;
    Endpoint local;
    std::string bytes;
  };
  std::vector<Seen> seen;  // in order of appearance
  std::vector<Datagram> datagrams;
  Fd detached;
  int mails = 0;
  int ended = 0;
  // What the test does in an event, after it is remembered.
  std::function<void(StreamId, std::string_view)> on_bytes;
  std::function<void(StreamId)> on_accepted;
  std::function<void(StreamId)> on_connected;
  std::function<void(StreamId, CloseReason)> on_closed;
  std::function<void(StreamId)> on_detached;
  std::function<void()> on_mail;

 private:
  Seen& Live(StreamId stream);
};

// Dies when this machine cannot make a reactor.
std::unique_ptr<Reactor> MakeReactor(const ReactorOptions& options = {});

// 127.0.0.1:0 and [::1]:0.
Endpoint Loopback();
Endpoint Loopback6();

// Listens on loopback; returns where.
Endpoint ListenOnLoopback(Reactor& reactor, uint32_t tag = 0,
                          const Endpoint& at = Loopback());

// Turns until `done`; false after a generous time, in which the test has
// failed.
bool TurnUntil(Reactor& reactor, EventSink& sink,
               const std::function<bool()>& done);

// A blocking client.
Fd ConnectTo(const Endpoint& server);
bool SendAll(const Fd& fd, std::string_view bytes);
// Reads until the end or until there are `bytes`; nothing after a reset.
std::optional<std::string> ReadBytes(const Fd& fd, size_t bytes);
// True when the next thing that comes is the peer's end.
bool ReadsEnd(const Fd& fd);
// Closes with a reset.
void Reset(Fd fd);
// Descriptors of this process.
size_t OpenDescriptors();
// `size` bytes that differ from place to place.
std::string Pattern(size_t size, uint32_t seed);

}  // namespace sallyport::net

#endif  // NET_TESTING_LOOPBACK_H_
