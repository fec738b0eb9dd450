// What can go wrong with a UE of the load; one is enough to fail the run.
#ifndef BENCH_LOAD_ERRORS_H_
#define BENCH_LOAD_ERRORS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport::load {

enum class Error : uint8_t {
  kConnect,     // no connection
  kHandshake,   // TLS failed
  kNotResumed,  // came with a ticket and got a full handshake
  kNoTicket,    // wanted to come back, and had never got a ticket
  kClosed,      // the proxy closed the connection
  kNotSip,      // bytes that are no SIP message, or a request
  kStatus,      // another status than the step asks for
  kMismatch,    // another CSeq, no nonce, or no Service-Route in the 200
  kTimeout,     // a step took too long
  kCore,        // the home core got what it must not get
  kProxy,       // the proxy ended, or ended badly
};
inline constexpr size_t kErrorCount = 11;

constexpr std::string_view ToString(Error error) {
  switch (error) {
    case Error::kConnect:
      return "connect";
    case Error::kHandshake:
      return "handshake";
    case Error::kNotResumed:
      return "not_resumed";
    case Error::kNoTicket:
      return "no_ticket";
    case Error::kClosed:
      return "closed";
    case Error::kNotSip:
      return "not_sip";
    case Error::kStatus:
      return "status";
    case Error::kMismatch:
      return "mismatch";
    case Error::kTimeout:
      return "timeout";
    case Error::kCore:
      return "core";
    case Error::kProxy:
      return "proxy";
  }
  return "";
}

struct ErrorCounts {
  std::array<uint64_t, kErrorCount> counts{};

  void Add(Error error, uint64_t n = 1) {
    counts[static_cast<size_t>(error)] += n;
  }
  uint64_t Total() const {
    uint64_t total = 0;
    for (uint64_t count : counts) total += count;
    return total;
  }
};

}  // namespace sallyport::load

#endif  // BENCH_LOAD_ERRORS_H_
