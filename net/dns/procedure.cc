#include "net/dns/procedure.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "net/dns/names.h"

namespace sallyport::net::dns {
namespace {

// A reply that says that there is nothing, other than no reply.
bool IsAbsence(Failure failure) {
  return failure == Failure::kNoSuchName || failure == Failure::kNoRecords;
}

bool IsFlag(const NaptrRecord& record, std::string_view flag) {
  return absl::EqualsIgnoreCase(record.flags, flag);
}

// Those that count, where one matches: the lowest order, by preference.
// Source: RFC 3403 4.1: records of a higher order MUST NOT be considered.
void KeepFirstOrder(std::vector<NaptrRecord>& records) {
  std::stable_sort(records.begin(), records.end(),
                   [](const NaptrRecord& a, const NaptrRecord& b) {
                     return std::tie(a.order, a.preference) <
                            std::tie(b.order, b.preference);
                   });
  std::erase_if(records, [order = records.front().order](const auto& record) {
    return record.order != order;
  });
}

}  // namespace

std::optional<Question> CanonicalQuestion(const Question& question) {
  Question canonical = question;
  // Source: RFC 3261 26.2.2: secure over TCP means TLS over TCP.
  if (question.secure && question.transport == Transport::kTcp) {
    canonical.transport = Transport::kTls;
  }
  if (const auto address = IpAddress::Parse(question.host)) {
    canonical.host = address->ToString();
    return canonical;
  }
  auto host = CanonicalHost(question.host);
  if (!host) return std::nullopt;
  canonical.host = *std::move(host);
  return canonical;
}

Procedure::Procedure(const ProcedureOptions& options, const Question& question)
    : options_(options), question_(question) {
  Begin();
}

const Lookup* Procedure::Next() {
  if (done() || given_ == asked_.size()) return nullptr;
  return &asked_[given_++].lookup;
}

void Procedure::OnRecords(size_t number, RecordSet records) {
  CHECK(number < given_ && !asked_[number].records) << number;
  if (done()) return;
  asked_[number].records = std::move(records);
  if (--waiting_ == 0) Advance();
}

void Procedure::GiveUp() {
  if (done()) return;
  for (Asked& asked : asked_) {
    if (!asked.records) asked.records = RecordSet::Failed(Failure::kTimeout);
  }
  waiting_ = 0;
  if (state_ == State::kHosts) {
    OnHosts();
  } else {
    Finish(Failure::kTimeout);
  }
}

const Answer& Procedure::answer() const {
  CHECK(done());
  return answer_;
}

void Procedure::Begin() {
  const bool chosen = question_.transport != Transport::kNone;
  fallback_ = chosen             ? question_.transport
              : question_.secure ? Transport::kTls
                                 : options_.default_transport;
  if (question_.secure && fallback_ != Transport::kTls) {
    return Finish(Failure::kNoRecords);  // no datagram is secure
  }
  if (const auto address = IpAddress::Parse(question_.host)) {
    const uint16_t port =
        question_.port != 0 ? question_.port : DefaultPort(fallback_);
    answer_.targets.push_back(
        {{*address, port}, fallback_, question_.host, 0, 0, 0});
    return Finish(Failure::kNone);
  }
  // Source: RFC 3263 4.2: with a port there is no SRV query.
  if (question_.port != 0) return AskHostItself();
  if (chosen) {
    AskServices(question_.transport);
  } else {
    state_ = State::kNaptr;
    Ask(question_.host, RecordType::kNaptr);
  }
}

void Procedure::Ask(const std::string& name, RecordType type) {
  // The number of lookups is bounded where they are made; this is the proof.
  CHECK_LT(asked_.size(), kDnsLookupsMax);
  asked_.push_back({{name, type}, std::nullopt});
  ++waiting_;
}

void Procedure::AskService(const std::string& name, Transport transport) {
  branches_.push_back({transport, groups_++, asked_.size()});
  Ask(name, RecordType::kSrv);
}

void Procedure::Advance() {
  switch (state_) {
    case State::kNaptr:
      return OnNaptr();
    case State::kSrv:
      return OnSrv();
    case State::kHosts:
      return OnHosts();
    case State::kDone:
      return;
  }
}

void Procedure::OnNaptr() {
  const RecordSet& set = *asked_.front().records;
  if (set.failure == Failure::kNone && FollowNaptr(set.naptr)) return;
  if (set.failure != Failure::kNone && !IsAbsence(set.failure)) {
    return Finish(set.failure);
  }
  // NXDOMAIN denies also what lies below (RFC 8020), but servers are about that
  // know the names of no type but addresses.
  AskServices(Transport::kNone);
}

// False: no record is about a service of ours.
bool Procedure::FollowNaptr(std::vector<NaptrRecord> records) {
  std::erase_if(records, [this](const NaptrRecord& record) {
    return ServiceOf(record) == nullptr;
  });
  if (records.empty()) return false;
  KeepFirstOrder(records);
  records.resize(std::min<size_t>(
      {records.size(), options_.targets_max, kDnsServicesMax}));

  fallback_ = ServiceOf(records.front())->transport;
  for (const NaptrRecord& record : records) {
    const Transport transport = ServiceOf(record)->transport;
    if (IsFlag(record, "s")) {
      AskService(record.replacement, transport);
    } else {
      candidates_.push_back({record.replacement, DefaultPort(transport),
                             transport, groups_++, 0, 0});
    }
  }
  if (branches_.empty()) {
    AskHosts();
  } else {
    state_ = State::kSrv;
  }
  return true;
}

// Asks for each service of this transport; for kNone, of any.
// Source: RFC 3263 4.1: "_sip" for SIP URIs and "_sips" for SIPS URIs; a
//         transport that is given names its service itself.
void Procedure::AskServices(Transport transport) {
  state_ = State::kSrv;
  for (const Service& service : options_.services) {
    const bool wanted = transport == Transport::kNone
                            ? service.secure == question_.secure
                            : service.transport == transport;
    if (!wanted) continue;
    AskService(absl::StrCat(service.srv, question_.host), service.transport);
  }
  if (branches_.empty()) AskHostItself();
}

void Procedure::OnSrv() {
  bool refused = false;  // a domain says that it does not offer a service
  for (const Branch& branch : branches_) {
    refused = !TakeSrv(branch) || refused;
  }
  if (!candidates_.empty()) {
    std::stable_sort(candidates_.begin(), candidates_.end(),
                     [](const Candidate& a, const Candidate& b) {
                       return std::tie(a.group, a.priority) <
                              std::tie(b.group, b.priority);
                     });
    return AskHosts();
  }
  const Failure failure = WorstFailure(branches_.front().asked);
  if (failure != Failure::kNone && !IsAbsence(failure)) return Finish(failure);
  if (refused) return Finish(Failure::kNoRecords);
  AskHostItself();
}

// False: there are records, and the service is not to be had.
bool Procedure::TakeSrv(const Branch& branch) {
  const RecordSet& set = *asked_[branch.asked].records;
  const size_t before = candidates_.size();
  for (const SrvRecord& record : set.srv) {
    // Source: RFC 2782: a target of "." means that there is no such service.
    if (record.target.empty() || record.port == 0) continue;
    candidates_.push_back({record.target, record.port, branch.transport,
                           branch.group, record.priority, record.weight});
  }
  return set.srv.empty() || candidates_.size() > before;
}

void Procedure::AskHosts() {
  state_ = State::kHosts;
  hosts_from_ = asked_.size();
  if (candidates_.size() > options_.targets_max) {
    candidates_.resize(options_.targets_max);
  }
  for (size_t i = 0; i < candidates_.size(); ++i) {
    const std::string& name = candidates_[i].name;
    if (asked_.size() + 2 > kDnsLookupsMax) return candidates_.resize(i);
    const auto asked_before = [&](const Asked& asked) {
      return asked.lookup.name == name;
    };
    if (std::any_of(asked_.begin() + static_cast<ptrdiff_t>(hosts_from_),
                    asked_.end(), asked_before)) {
      continue;
    }
    Ask(name, RecordType::kA);
    Ask(name, RecordType::kAaaa);
  }
}

// Source: RFC 3263 4.2: without SRV records the domain name is the host's.
void Procedure::AskHostItself() {
  const uint16_t port =
      question_.port != 0 ? question_.port : DefaultPort(fallback_);
  candidates_.push_back({question_.host, port, fallback_, 0, 0, 0});
  AskHosts();
}

void Procedure::OnHosts() {
  for (const Candidate& candidate : candidates_) TakeTargets(candidate);
  Finish(answer_.targets.empty() ? WorstFailure(hosts_from_) : Failure::kNone);
}

// IPv4 first: cores are reached by it more often than by IPv6.
void Procedure::TakeTargets(const Candidate& candidate) {
  for (const RecordType type : {RecordType::kA, RecordType::kAaaa}) {
    for (const IpAddress& address : Known(candidate.name, type)->addresses) {
      if (answer_.targets.size() == options_.targets_max) return;
      // Nobody's address, or everybody's.
      if (address.is_unspecified() || address.is_multicast_or_broadcast()) {
        continue;
      }
      answer_.targets.push_back({{address, candidate.port},
                                 candidate.transport,
                                 candidate.name,
                                 candidate.group,
                                 candidate.priority,
                                 candidate.weight});
    }
  }
}

const RecordSet* Procedure::Known(const std::string& name,
                                  RecordType type) const {
  const auto asked =
      std::find_if(asked_.begin() + static_cast<ptrdiff_t>(hosts_from_),
                   asked_.end(), [&](const Asked& a) {
                     return a.lookup.type == type && a.lookup.name == name;
                   });
  CHECK(asked != asked_.end() && asked->records) << name;
  return &*asked->records;
}

// Why there is nothing in the sets from number `from` on: whoever did not reply
// might have had something; a name that exists in one place exists.
Failure Procedure::WorstFailure(size_t from) const {
  constexpr Failure kWorstFirst[] = {Failure::kTimeout, Failure::kServerFailure,
                                     Failure::kMalformed, Failure::kNone,
                                     Failure::kNoRecords};
  for (const Failure failure : kWorstFirst) {
    for (size_t i = from; i < asked_.size(); ++i) {
      if (asked_[i].records->failure != failure) continue;
      return failure == Failure::kNone ? Failure::kNoRecords : failure;
    }
  }
  return Failure::kNoSuchName;
}

// Null: it is not for us.
// Source: RFC 3263 4.1: flags "s" and "a", a replacement and no regular
//         expression; a SIPS URI discards services that are not secure, a SIP
//         URI keeps those that are.
const Service* Procedure::ServiceOf(const NaptrRecord& record) const {
  if (!IsFlag(record, "s") && !IsFlag(record, "a")) return nullptr;
  if (!record.regexp.empty() || record.replacement.empty()) return nullptr;
  for (const Service& service : options_.services) {
    if (question_.secure && !service.secure) continue;
    if (absl::EqualsIgnoreCase(record.services, service.naptr)) return &service;
  }
  return nullptr;
}

uint16_t Procedure::DefaultPort(Transport transport) const {
  for (const Service& service : options_.services) {
    if (service.transport == transport) return service.default_port;
  }
  // Source: RFC 3261 19.1.2
  return transport == Transport::kTls ? 5061 : 5060;
}

void Procedure::Finish(Failure failure) {
  CHECK_EQ(failure == Failure::kNone, !answer_.targets.empty());
  state_ = State::kDone;
  answer_.failure = failure;
  Seconds ttl = options_.ttl_max;
  for (const Asked& asked : asked_) {
    if (asked.records) ttl = std::min(ttl, TtlOf(*asked.records));
  }
  answer_.ttl = std::max(ttl, options_.ttl_min);
}

Seconds Procedure::TtlOf(const RecordSet& records) const {
  if (records.ttl) return *records.ttl;
  return IsAbsence(records.failure) ? options_.negative_ttl
                                    : options_.failure_ttl;
}

}  // namespace sallyport::net::dns
