// What is asked of the resolver, and what it answers: values that are copied
// from thread to thread.
#ifndef NET_DNS_ANSWER_H_
#define NET_DNS_ANSWER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/endpoint.h"
#include "core/base/time.h"

namespace sallyport::net::dns {

enum class Transport : uint8_t {
  kNone,  // in a question: the answer shall say it
  kUdp,
  kTcp,
  kTls,  // over TCP
};
// "none", "udp", ...
std::string_view ToString(Transport transport);

// Where is the server that a URI names?
struct Question {
  // A name or an address, also "[2001:db8::1]"; letters in any case, with or
  // without the last dot.
  std::string host;
  uint16_t port = 0;  // 0: the URI has none
  Transport transport = Transport::kNone;
  // A sips URI: no service without TLS is an answer.
  bool secure = false;

  friend bool operator==(const Question&, const Question&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Question& q) {
    return H::combine(std::move(h), q.host, q.port, q.transport, q.secure);
  }
};

// One place to connect to.
struct Target {
  Endpoint endpoint;
  Transport transport = Transport::kTcp;  // never kNone
  // Whose address it is: what a certificate is compared with is the host of the
  // question, not this name. Source: RFC 5922 7.1
  std::string name;
  // Lower comes first. Within one group and priority the caller draws by
  // weight. Source: RFC 2782
  uint16_t group = 0;  // one for each SRV name that was asked, from 0
  uint16_t priority = 0;
  uint16_t weight = 0;

  friend bool operator==(const Target&, const Target&) = default;
};

enum class Failure : uint8_t {
  kNone,           // there are targets
  kNoSuchName,     // the name does not exist (NXDOMAIN)
  kNoRecords,      // it exists, and names no server that we can use
  kTimeout,        // no server answered within the time of a question
  kServerFailure,  // servers answered that they cannot (SERVFAIL, REFUSED, ...)
  kMalformed,      // an answer that is no DNS, or a host that is no name
  kBusy,           // as many other questions are open as may be
  kStopped,        // the resolver was stopped first
};
inline constexpr size_t kFailureCount = 8;
// "none", "no_such_name", ...: a label of metrics.
std::string_view ToString(Failure failure);

struct Answer {
  Failure failure = Failure::kNone;
  // Not empty when there is no failure; by group, then priority, then as they
  // came. All addresses of one name stand together.
  std::vector<Target> targets;
  // How long it holds, failures included: what is left of the least TTL of all
  // that it rests on, within the options' bounds; a numeric host has the most,
  // kBusy and kStopped have none.
  Seconds ttl{0};

  bool ok() const { return failure == Failure::kNone; }
  friend bool operator==(const Answer&, const Answer&) = default;
};

}  // namespace sallyport::net::dns

#endif  // NET_DNS_ANSWER_H_
