#include "net/dns/channel.h"

#include <arpa/nameser.h>
#include <sys/time.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace sallyport::net::dns {
namespace {

// A datagram that passes everywhere; larger replies come over TCP.
constexpr int kDatagramBytes = 1232;
constexpr uint16_t kDnsPort = 53;

// What c-ares says of a lookup whose reply we do not read, or that has none.
Failure FailureOf(int status) {
  switch (status) {
    case ARES_ENOTFOUND:
      return Failure::kNoSuchName;
    case ARES_ENODATA:
      return Failure::kNoRecords;
    case ARES_ETIMEOUT:
      return Failure::kTimeout;
    case ARES_EBADRESP:
    case ARES_EBADNAME:
      return Failure::kMalformed;
    default:
      return Failure::kServerFailure;
  }
}

std::string ServerList(const std::vector<Endpoint>& servers) {
  return absl::StrJoin(servers, ",", [](std::string* out, Endpoint server) {
    if (server.port == 0) server.port = kDnsPort;
    absl::StrAppend(out, server.ToString());
  });
}

}  // namespace

struct Channel::Pending {
  Channel* channel;
  uint64_t tag;
  Lookup lookup;
};

Result<std::unique_ptr<Channel>, std::string> Channel::Make(
    const ChannelOptions& options) {
  // Once in the life of the process; the initialiser of a static is locked.
  static const int library = ares_library_init(ARES_LIB_INIT_ALL);
  if (library != ARES_SUCCESS) {
    return Unexpected{absl::StrCat("c-ares: ", ares_strerror(library))};
  }
  std::unique_ptr<Channel> channel(new Channel(options));
  if (const int status = channel->Open(options); status != ARES_SUCCESS) {
    return Unexpected{absl::StrCat("c-ares: ", ares_strerror(status))};
  }
  return channel;
}

Channel::Channel(const ChannelOptions& options)
    : records_max_(options.records_max) {}

Channel::~Channel() {
  if (channel_ != nullptr) ares_destroy(channel_);
}

int Channel::Open(const ChannelOptions& options) {
  ares_options own = {};
  own.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS;
  own.timeout = static_cast<int>(options.try_time.count());
  own.tries = static_cast<int>(options.tries);
  own.ednspsz = kDatagramBytes;
  own.sock_state_cb = OnSocket;
  own.sock_state_cb_data = this;
  int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
             ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE
  // Newer ones keep answers too; ours keeps them, by our bounds and clock.
  own.qcache_max_ttl = 0;
  mask |= ARES_OPT_QUERY_CACHE;
#endif
  int status = ares_init_options(&channel_, &own, mask);
  if (status != ARES_SUCCESS) {
    channel_ = nullptr;
    return status;
  }
  if (options.servers.empty()) return ARES_SUCCESS;
  return ares_set_servers_ports_csv(channel_,
                                    ServerList(options.servers).c_str());
}

void Channel::Begin(uint64_t tag, const Lookup& lookup) {
  // c-ares calls OnReply once for each, in ares_destroy() at the latest.
  auto* pending = new Pending{this, tag, lookup};
  ares_query(channel_, lookup.name.c_str(), ns_c_in,
             static_cast<int>(lookup.type), OnReply, pending);
}

std::vector<Channel::Reply> Channel::Wait(int wake_fd, Millis most) {
  std::vector<pollfd> polled = sockets_;  // c-ares changes them below
  polled.push_back({wake_fd, POLLIN, 0});
  const int timeout = replies_.empty() ? PollMillis(most) : 0;
  if (poll(polled.data(), polled.size(), timeout) > 0) {
    polled.pop_back();
    for (const pollfd& socket : polled) {
      if (socket.revents == 0) continue;
      const bool broken =
          (socket.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
      const bool readable = broken || (socket.revents & POLLIN) != 0;
      const bool writable = (socket.revents & POLLOUT) != 0;
      ares_process_fd(channel_, readable ? socket.fd : ARES_SOCKET_BAD,
                      writable ? socket.fd : ARES_SOCKET_BAD);
    }
  }
  ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // its timers
  return std::exchange(replies_, {});
}

int Channel::PollMillis(Millis most) const {
  timeval limit = {};
  limit.tv_sec = static_cast<time_t>(most.count() / 1000);
  limit.tv_usec = static_cast<suseconds_t>(most.count() % 1000 * 1000);
  timeval own = {};
  const timeval* next = ares_timeout(channel_, &limit, &own);
  // Rounded up: rounded down, the last millisecond would be spun away.
  return static_cast<int>(next->tv_sec * 1000 + (next->tv_usec + 999) / 1000);
}

void Channel::OnSocket(void* channel, ares_socket_t fd, int readable,
                       int writable) {
  std::vector<pollfd>& sockets = static_cast<Channel*>(channel)->sockets_;
  std::erase_if(sockets, [fd](const pollfd& s) { return s.fd == fd; });
  const int events =
      (readable != 0 ? POLLIN : 0) | (writable != 0 ? POLLOUT : 0);
  if (events != 0) sockets.push_back({fd, static_cast<int16_t>(events), 0});
}

void Channel::OnReply(void* pending, int status, int /*timeouts*/,
                      unsigned char* bytes, int size) {
  const std::unique_ptr<Pending> lookup(static_cast<Pending*>(pending));
  if (status == ARES_EDESTRUCTION) return;
  Channel& channel = *lookup->channel;
  // A reply is also what says that there is none: it says for how long.
  const bool speaks = status == ARES_SUCCESS || status == ARES_ENODATA ||
                      status == ARES_ENOTFOUND;
  channel.replies_.push_back(
      {lookup->tag, speaks && bytes != nullptr && size > 0
                        ? ParseReply({bytes, static_cast<size_t>(size)},
                                     lookup->lookup, channel.records_max_)
                        : RecordSet::Failed(FailureOf(status))});
}

}  // namespace sallyport::net::dns
