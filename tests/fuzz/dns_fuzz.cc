// ParseReply sees the octets of any server: whatever they are, what it finds is
// bounded and well formed, and a procedure that is fed with it ends, within its
// bounds.
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "core/base/endpoint.h"
#include "core/base/time.h"
#include "net/dns/answer.h"
#include "net/dns/names.h"
#include "net/dns/procedure.h"
#include "net/dns/records.h"
#include "net/limits.h"
#include "tests/fuzz/demand.h"

namespace dns = sallyport::net::dns;

namespace {

using dns::Failure;
using dns::RecordSet;
using dns::RecordType;

constexpr uint32_t kRecordsMax = 16;

using sallyport::fuzz::Demand;

void DemandName(const std::string& name) {
  Demand(name.empty() || dns::CanonicalName(name) == name);
}

void DemandWellFormed(const RecordSet& set, RecordType type) {
  const size_t records =
      set.addresses.size() + set.srv.size() + set.naptr.size();
  Demand(records <= kRecordsMax);
  Demand((records > 0) == (set.failure == Failure::kNone));
  Demand(set.failure != Failure::kTimeout && set.failure != Failure::kBusy &&
         set.failure != Failure::kStopped);
  Demand(records == 0 || set.ttl.has_value());
  Demand(!set.ttl || *set.ttl >= sallyport::Seconds(0));
  Demand(set.srv.empty() || type == RecordType::kSrv);
  Demand(set.naptr.empty() || type == RecordType::kNaptr);
  for (const sallyport::IpAddress& address : set.addresses) {
    Demand(address.is_v4() || type == RecordType::kAaaa);
  }
  for (const dns::SrvRecord& record : set.srv) DemandName(record.target);
  for (const dns::NaptrRecord& record : set.naptr) {
    DemandName(record.replacement);
  }
}

constexpr std::array<RecordType, 4> kTypes = {
    RecordType::kA, RecordType::kAaaa, RecordType::kSrv, RecordType::kNaptr};

// What the seeds answer.
const dns::Lookup kLookups[] = {
    {"p1.peers.test", RecordType::kA},
    {"p3.peers.test", RecordType::kA},
    {"p2.peers.test", RecordType::kAaaa},
    {"_sip._tcp.peers.test", RecordType::kSrv},
    {"_sips._tcp.peers.test", RecordType::kSrv},
    {"peers.test", RecordType::kNaptr},
};

size_t IndexOf(RecordType type) {
  size_t index = 0;
  while (kTypes[index] != type) ++index;
  return index;
}

// Every server answers with the same records, whatever the name.
void Walk(std::span<const RecordSet> sets, const dns::Question& question) {
  dns::Procedure procedure({}, question);
  size_t told = 0;
  while (const dns::Lookup* lookup = procedure.Next()) {
    DemandName(lookup->name);
    Demand(told < sallyport::net::kDnsLookupsMax);
    procedure.OnRecords(told++, sets[IndexOf(lookup->type)]);
  }
  Demand(procedure.done());
  const dns::Answer& answer = procedure.answer();
  Demand(answer.ok() == !answer.targets.empty());
  Demand(answer.targets.size() <= sallyport::net::kDnsTargetsDefault);
  for (const dns::Target& target : answer.targets) {
    Demand(target.endpoint.address.valid() && target.endpoint.port != 0);
    Demand(target.transport != dns::Transport::kNone);
    Demand(!question.secure || target.transport == dns::Transport::kTls);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::array<RecordSet, kTypes.size()> sets;
  sets.fill(RecordSet::Failed(Failure::kNoRecords));
  bool found = false;
  for (const dns::Lookup& lookup : kLookups) {
    RecordSet set = dns::ParseReply({data, size}, lookup, kRecordsMax);
    DemandWellFormed(set, lookup.type);
    if (set.failure != Failure::kNone) continue;
    found = true;
    sets[IndexOf(lookup.type)] = std::move(set);
  }
  if (!found) return 0;
  // With a host behind every name, so that a walk comes to its end.
  if (sets[IndexOf(RecordType::kA)].failure != Failure::kNone) {
    RecordSet& host = sets[IndexOf(RecordType::kA)];
    host.failure = Failure::kNone;
    host.addresses.push_back(sallyport::IpAddress::V4({192, 0, 2, 1}));
  }
  for (const bool secure : {false, true}) {
    Walk(sets, {.host = "peers.test", .secure = secure});
  }
  return 0;
}
