// A Resolver finds the servers that a SIP URI names (RFC 3263), by c-ares on a
// thread of its own, so that no shard ever waits for DNS.
#ifndef NET_DNS_RESOLVER_H_
#define NET_DNS_RESOLVER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/counter.h"
#include "core/base/endpoint.h"
#include "core/base/time.h"
#include "net/dns/answer.h"
#include "net/dns/services.h"
#include "net/limits.h"
#include "net/result.h"

namespace sallyport::net::dns {

struct ResolverOptions {
  // Whom to ask, port 0 meaning 53; empty: what /etc/resolv.conf says when the
  // resolver starts. /etc/hosts is not looked at.
  std::vector<Endpoint> servers{};
  // What the program can speak, best first.
  std::vector<Service> services{kSipServices.begin(), kSipServices.end()};
  // Where neither URI nor DNS says a transport; a secure question has kTls.
  // Source: Sallyport 6.1. RFC 3263 4.1 would take UDP.
  Transport default_transport = Transport::kTcp;

  // Time: of a question as a whole, and of one try at one server.
  Millis question_time{kDnsQuestionTimeDefault};
  Millis try_time{kDnsTryTimeDefault};
  uint32_t tries = kDnsTriesDefault;

  // Bounds. What is beyond them in an answer is not looked at.
  uint32_t questions_max = kDnsQuestionsDefault;  // different ones; more: kBusy
  // Lookups that servers have not answered; with more of them a new question is
  // kBusy. Those of questions that ended too early count too.
  uint32_t lookups_max = kDnsLookupsDefault;
  uint32_t waiters_max = kDnsWaitersDefault;  // more: Ask() refuses
  uint32_t targets_max = kDnsTargetsDefault;  // of an answer
  uint32_t records_max = kDnsRecordsDefault;  // of one reply, aliases too
  uint32_t cache_entries_max = kDnsCacheEntriesDefault;  // 0: no cache

  // Every answer, positive or negative, holds within these bounds.
  Seconds ttl_min{kDnsTtlMinDefault};
  Seconds ttl_max{kDnsTtlMaxDefault};
  // For "there is none" without an SOA record, and for other failures.
  Seconds negative_ttl{kDnsNegativeTtlDefault};
  Seconds failure_ttl{kDnsFailureTtlDefault};

  // What the cache takes for the present; null: a steady clock. Called by the
  // resolver's thread only. Deadlines always follow the steady clock.
  std::function<Instant()> now{};
};

// Why there is no resolver. `step` is a literal.
struct ResolverFailure {
  std::string_view step;
  std::string reason;
};

// Threads: written by the resolver's thread, or under its lock; read by anyone.
struct ResolverCounters {
  Counter asked;    // what Ask() took
  Counter refused;  // what it did not
  Counter cached;   // answered from the cache
  Counter joined;   // waited for the same question of another
  Counter lookups;  // of one name and type, as sent to servers
  Counter late;     // lookups whose question had ended before
  Counter evicted;  // answers that left a full cache before their time
  std::array<Counter, kFailureCount> answers;  // by Failure; [kNone]: found
};

// Threads: Ask() by any number of threads, also within a callback. Start and
//          destruction by one thread, which is not a callback.
// Owns:    its thread, its sockets, the cache.
// Bounds:  see ResolverOptions.
// Fails:   by Answer::failure; each question that Ask() took is answered once,
//          at the latest after `question_time` and a little.
// Cost:    Ask() takes a lock that is held for a copy of the question, and
//          writes to an eventfd when the thread may sleep. Heap per question.
// Source:  RFC 3263 4.1, 4.2; RFC 2782; RFC 3403 4.1; RFC 2308 5
class Resolver {
 public:
  // Called on the resolver's thread, never within Ask(); must not block: to get
  // back to a shard, copy the answer into its mailbox and wake it.
  using Callback = std::function<void(const Answer&)>;

  static Result<std::unique_ptr<Resolver>, ResolverFailure> Start(
      ResolverOptions options);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  // What is still open is answered with kStopped before this returns; after it
  // no callback comes.
  ~Resolver();

  // False: waiters_max wait already, or the resolver is being stopped; the
  // callback is then dropped without a call.
  [[nodiscard]] bool Ask(Question question, Callback callback);

  const ResolverCounters& counters() const;

 private:
  class Impl;
  explicit Resolver(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::net::dns

#endif  // NET_DNS_RESOLVER_H_
