// From the octets of a DNS reply to the records that were asked for.
#ifndef NET_DNS_RECORDS_H_
#define NET_DNS_RECORDS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/endpoint.h"
#include "core/base/time.h"
#include "net/dns/answer.h"

namespace sallyport::net::dns {

// The values are those of the wire.
// Source: RFC 1035 3.2.2; RFC 3596 2.1; RFC 2782; RFC 3403 4
enum class RecordType : uint16_t {
  kA = 1,
  kAaaa = 28,
  kSrv = 33,
  kNaptr = 35,
};
// "A", "AAAA", ...
std::string_view ToString(RecordType type);

// What one question to a server is about.
struct Lookup {
  std::string name;  // as CanonicalName() gives it
  RecordType type = RecordType::kA;

  friend bool operator==(const Lookup&, const Lookup&) = default;
};

struct NaptrRecord {
  uint16_t order = 0;
  uint16_t preference = 0;
  std::string flags;
  std::string services;
  std::string regexp;
  std::string replacement;  // canonical; empty for "."

  friend bool operator==(const NaptrRecord&, const NaptrRecord&) = default;
};

struct SrvRecord {
  uint16_t priority = 0;
  uint16_t weight = 0;
  uint16_t port = 0;
  std::string target;  // canonical; empty for ".": the service is not offered

  friend bool operator==(const SrvRecord&, const SrvRecord&) = default;
};

// What one lookup has found; the member of its type is filled.
struct RecordSet {
  // kNone when there is at least one record.
  Failure failure = Failure::kNone;
  // The least of the records and of the aliases that led to them; of the SOA
  // when there is none; nothing when the reply does not say.
  std::optional<Seconds> ttl;
  std::vector<IpAddress> addresses;
  std::vector<SrvRecord> srv;
  std::vector<NaptrRecord> naptr;

  // A lookup without a reply.
  static RecordSet Failed(Failure failure) {
    RecordSet set;
    set.failure = failure;
    return set;
  }
};

// Aliases that one reply may string together.
inline constexpr uint32_t kAliasesMax = 8;

// Reads the reply to `lookup`. Records of other names, types and classes, and
// those with a name that is no host's, are passed over; an octet too few
// anywhere before the end makes the whole reply kMalformed.
// Bounds:  `records_max` records of each section; the rest is not looked at.
// Fails:   by RecordSet::failure, never kTimeout.
// Source:  RFC 1035 4.1; RFC 2181 8 (TTL); RFC 2308 5 (SOA)
RecordSet ParseReply(std::span<const uint8_t> reply, const Lookup& lookup,
                     uint32_t records_max);

}  // namespace sallyport::net::dns

#endif  // NET_DNS_RECORDS_H_
