// A Channel asks DNS servers for records, by c-ares.
#ifndef NET_DNS_CHANNEL_H_
#define NET_DNS_CHANNEL_H_

#include <ares.h>
#include <poll.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/endpoint.h"
#include "core/base/time.h"
#include "net/dns/records.h"
#include "net/result.h"

namespace sallyport::net::dns {

struct ChannelOptions {
  std::vector<Endpoint> servers;  // empty: those of /etc/resolv.conf
  Millis try_time{0};             // the first; c-ares then waits longer
  uint32_t tries = 1;             // of each server
  uint32_t records_max = 0;       // of one reply
};

// Threads: one at a time; who made it may be another than who uses it.
// Owns:    c-ares' channel with its sockets.
// Bounds:  those of its user, who counts what Begin() began.
// Fails:   each lookup ends, with a RecordSet that says how.
class Channel {
 public:
  struct Reply {
    uint64_t tag;
    RecordSet records;
  };

  // Fails with the step and c-ares' words.
  static Result<std::unique_ptr<Channel>, std::string> Make(
      const ChannelOptions& options);
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  // Lookups that have not ended are forgotten.
  ~Channel();

  // What comes of it is among the replies of a later Wait().
  void Begin(uint64_t tag, const Lookup& lookup);
  // Waits for replies, for `wake_fd` to be readable, or `most`; whatever comes
  // first, or a little earlier.
  std::vector<Reply> Wait(int wake_fd, Millis most);

 private:
  // A lookup's way through c-ares.
  struct Pending;

  explicit Channel(const ChannelOptions& options);
  int Open(const ChannelOptions& options);
  static void OnSocket(void* channel, ares_socket_t fd, int readable,
                       int writable);
  static void OnReply(void* pending, int status, int timeouts,
                      unsigned char* bytes, int size);
  int PollMillis(Millis most) const;

  const uint32_t records_max_;
  ares_channel channel_ = nullptr;
  std::vector<pollfd> sockets_;  // what c-ares waits for
  std::vector<Reply> replies_;   // that have come since the last Wait()
};

}  // namespace sallyport::net::dns

#endif  // NET_DNS_CHANNEL_H_
