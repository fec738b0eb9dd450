// UdpSockets are the UDP sockets of one reactor, and the datagrams on their way
// out.
#ifndef NET_UDP_SOCKETS_H_
#define NET_UDP_SOCKETS_H_

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/base/endpoint.h"
#include "core/base/slab.h"
#include "net/completion.h"
#include "net/event_sink.h"
#include "net/fd.h"
#include "net/receive_buffers.h"
#include "net/ring.h"
#include "net/send_buffers.h"
#include "net/sockaddr.h"

namespace sallyport::net {

// Borrows: ring, buffers, counters; all must outlive it.
// Bounds:  `datagrams_max` on their way out; what is more is refused.
class UdpSockets {
 public:
  struct Parts {
    Ring* ring;
    ReceiveBuffers* receive_buffers;
    SendBuffers* send_buffers;
    ReactorCounters* counters;
  };
  struct Options {
    uint32_t datagrams_max = kDatagramsQueuedDefault;
    // Sockets with this tag or a higher one are SendClass::kReserved.
    uint32_t reserved_tags_from = 0;
  };
  UdpSockets(const Options& options, const Parts& parts)
      : options_(options), parts_(parts), outgoing_(options.datagrams_max) {}
  ~UdpSockets();
  UdpSockets(const UdpSockets&) = delete;
  UdpSockets& operator=(const UdpSockets&) = delete;

  // A receive buffer must hold this: the largest datagram, and what the kernel
  // puts before it.
  static uint32_t ReceiveBufferBytes();

  UdpId Open(Fd fd, uint32_t tag);
  [[nodiscard]] bool Send(UdpId socket, const Endpoint& peer,
                          std::string_view bytes, const IpAddress& from);
  void OnReceive(const Completion& completion, EventSink& sink);
  void OnSent(const Completion& completion);

 private:
  struct Socket {
    Fd fd;
    uint32_t tag = 0;
    Endpoint bound;
    bool is_v6 = false;
    msghdr header{};  // what to receive: room for address and control data
  };
  // Stays in place until the kernel has sent it.
  struct Outgoing {
    SendBuffer bytes;
    SocketAddress peer;
    iovec part{};
    msghdr header{};
    alignas(cmsghdr) unsigned char control[64];
  };
  void StartReceive(uint32_t index);
  void Deliver(uint32_t index, uint8_t* buffer, int32_t size, EventSink& sink);
  static void SetSource(const IpAddress& from, bool is_v6, Outgoing& datagram);

  const Options options_;
  const Parts parts_;
  std::vector<std::unique_ptr<Socket>> sockets_;  // headers must not move
  Slab<Outgoing> outgoing_;
};

}  // namespace sallyport::net

#endif  // NET_UDP_SOCKETS_H_
