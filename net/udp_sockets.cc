#include "net/udp_sockets.h"

#include <liburing.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/log/check.h"
#include "net/limits.h"
#include "net/socket.h"

namespace sallyport::net {
namespace {

// Room for one in6_pktinfo or in_pktinfo.
constexpr size_t kControlBytes = CMSG_SPACE(sizeof(in6_pktinfo));
// The control data come after the address and must be aligned.
constexpr size_t kNameBytes = 32;
static_assert(kNameBytes >= sizeof(sockaddr_in6));
static_assert((sizeof(io_uring_recvmsg_out) + kNameBytes) % alignof(cmsghdr) ==
              0);

IpAddress LocalAddressOf(io_uring_recvmsg_out* out, msghdr* header) {
  for (cmsghdr* item = io_uring_recvmsg_cmsg_firsthdr(out, header);
       item != nullptr;
       item = io_uring_recvmsg_cmsg_nexthdr(out, header, item)) {
    if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      memcpy(&info, CMSG_DATA(item), sizeof(info));
      return ToIpAddress(info.ipi_addr);
    }
    if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      memcpy(&info, CMSG_DATA(item), sizeof(info));
      return ToIpAddress(info.ipi6_addr);
    }
  }
  return {};
}

}  // namespace

static_assert(kControlBytes <= 64);

uint32_t UdpSockets::ReceiveBufferBytes() {
  const size_t bytes = sizeof(io_uring_recvmsg_out) + kNameBytes +
                       kControlBytes + kDatagramBytesMax;
  return static_cast<uint32_t>((bytes + 63) / 64 * 64);
}

UdpSockets::~UdpSockets() {
  for (uint32_t slot = 0; slot < outgoing_.slots_used(); ++slot) {
    Outgoing* datagram = outgoing_.At(slot);
    if (datagram != nullptr) parts_.send_buffers->Release(datagram->bytes);
  }
}

UdpId UdpSockets::Open(Fd fd, uint32_t tag) {
  CHECK_LT(sockets_.size(), kUdpSocketsMax);
  auto socket = std::make_unique<Socket>();
  socket->fd = std::move(fd);
  socket->tag = tag;
  socket->bound = LocalEndpoint(socket->fd.get()).value_or(Endpoint{});
  int family = 0;
  socklen_t size = sizeof(family);
  CHECK_EQ(getsockopt(socket->fd.get(), SOL_SOCKET, SO_DOMAIN, &family, &size),
           0);
  socket->is_v6 = family == AF_INET6;
  socket->header.msg_namelen = kNameBytes;
  socket->header.msg_controllen = kControlBytes;
  sockets_.push_back(std::move(socket));
  const uint32_t index = static_cast<uint32_t>(sockets_.size() - 1);
  StartReceive(index);
  return {static_cast<uint8_t>(index)};
}

void UdpSockets::StartReceive(uint32_t index) {
  Socket& socket = *sockets_[index];
  parts_.ring->ReceiveDatagrams(socket.fd.get(),
                                parts_.receive_buffers->group(), &socket.header,
                                {index, index});
}

void UdpSockets::OnReceive(const Completion& completion, EventSink& sink) {
  const uint32_t index = completion.request.subject.slot;
  CHECK_LT(index, sockets_.size());
  if (completion.buffer) {
    uint8_t* buffer = parts_.receive_buffers->Take(completion.buffer_id);
    if (completion.result > 0) {
      Deliver(index, buffer, completion.result, sink);
    }
    parts_.receive_buffers->GiveBack(completion.buffer_id);
  }
  if (completion.result == -ENOBUFS) parts_.counters->no_buffers.Add();
  // An error of a UDP socket is that of an earlier datagram (a peer's port is
  // closed); each error is told once, so receiving again does not spin.
  if (!completion.more) StartReceive(index);
}

void UdpSockets::Deliver(uint32_t index, uint8_t* buffer, int32_t size,
                         EventSink& sink) {
  Socket& socket = *sockets_[index];
  io_uring_recvmsg_out* out =
      io_uring_recvmsg_validate(buffer, size, &socket.header);
  if (out == nullptr || (out->flags & MSG_TRUNC) != 0) {
    parts_.counters->datagrams_truncated.Add();
    return;
  }
  parts_.counters->datagrams_received.Add();
  const auto* name = static_cast<const sockaddr*>(io_uring_recvmsg_name(out));
  DatagramView view{
      .socket = {static_cast<uint8_t>(index)},
      .tag = socket.tag,
      .peer = ToEndpoint(name, out->namelen),
      .local = socket.bound,
      .bytes = {static_cast<const uint8_t*>(
                    io_uring_recvmsg_payload(out, &socket.header)),
                io_uring_recvmsg_payload_length(out, size, &socket.header)},
  };
  const IpAddress local = LocalAddressOf(out, &socket.header);
  if (local.valid()) view.local.address = local;
  sink.OnDatagram(view);
}

bool UdpSockets::Send(UdpId socket, const Endpoint& peer,
                      std::string_view bytes, const IpAddress& from) {
  CHECK_LT(socket.index, sockets_.size());
  Socket& origin = *sockets_[socket.index];
  const SlotHandle id = bytes.size() <= kDatagramBytesMax &&
                                (origin.is_v6 || peer.address.is_v4())
                            ? outgoing_.Acquire()
                            : SlotHandle{};
  Outgoing* datagram = outgoing_.Find(id);
  if (datagram == nullptr ||
      !parts_.send_buffers->Grow(datagram->bytes, bytes.size(),
                                 origin.tag >= options_.reserved_tags_from
                                     ? SendClass::kReserved
                                     : SendClass::kOrdinary)) {
    if (datagram != nullptr) outgoing_.Release(id);
    parts_.counters->datagrams_refused.Add();
    return false;
  }
  if (!bytes.empty()) memcpy(datagram->bytes.data, bytes.data(), bytes.size());
  datagram->bytes.size = static_cast<uint32_t>(bytes.size());
  datagram->peer =
      origin.is_v6 ? SocketAddress::Mapped(peer) : SocketAddress(peer);
  datagram->part = {datagram->bytes.data, bytes.size()};
  datagram->header.msg_name = &datagram->peer.base;
  datagram->header.msg_namelen = datagram->peer.size;
  datagram->header.msg_iov = &datagram->part;
  datagram->header.msg_iovlen = 1;
  if (from.valid()) SetSource(from, origin.is_v6, *datagram);
  parts_.ring->SendDatagram(origin.fd.get(), &datagram->header, id);
  return true;
}

// Source: RFC 3581 4: a response leaves from the address that the request came
// to.
void UdpSockets::SetSource(const IpAddress& from, bool is_v6,
                           Outgoing& datagram) {
  memset(datagram.control, 0, sizeof(datagram.control));
  datagram.header.msg_control = datagram.control;
  auto* item = reinterpret_cast<cmsghdr*>(datagram.control);
  if (is_v6) {
    in6_pktinfo info{};
    info.ipi6_addr = SocketAddress::Mapped({from, 0}).v6.sin6_addr;
    item->cmsg_level = IPPROTO_IPV6;
    item->cmsg_type = IPV6_PKTINFO;
    item->cmsg_len = CMSG_LEN(sizeof(info));
    memcpy(CMSG_DATA(item), &info, sizeof(info));
    datagram.header.msg_controllen = CMSG_SPACE(sizeof(info));
  } else {
    in_pktinfo info{};
    info.ipi_spec_dst = SocketAddress({from, 0}).v4.sin_addr;
    item->cmsg_level = IPPROTO_IP;
    item->cmsg_type = IP_PKTINFO;
    item->cmsg_len = CMSG_LEN(sizeof(info));
    memcpy(CMSG_DATA(item), &info, sizeof(info));
    datagram.header.msg_controllen = CMSG_SPACE(sizeof(info));
  }
}

void UdpSockets::OnSent(const Completion& completion) {
  const SlotHandle id = completion.request.subject;
  Outgoing* datagram = outgoing_.Find(id);
  if (datagram == nullptr) {
    parts_.counters->stale.Add();
    return;
  }
  if (completion.result >= 0) {
    parts_.counters->datagrams_sent.Add();
  } else {
    parts_.counters->datagrams_failed.Add();
  }
  parts_.send_buffers->Release(datagram->bytes);
  outgoing_.Release(id);
}

}  // namespace sallyport::net
