// A Procedure is RFC 3263 for one question: it says which lookups to make, is
// told what they found, and ends with an answer. It does no I/O.
#ifndef NET_DNS_PROCEDURE_H_
#define NET_DNS_PROCEDURE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "net/dns/answer.h"
#include "net/dns/records.h"
#include "net/dns/services.h"
#include "net/limits.h"

namespace sallyport::net::dns {

// The members are those of ResolverOptions.
// Borrows: the services.
struct ProcedureOptions {
  std::span<const Service> services = kSipServices;
  Transport default_transport = Transport::kTcp;
  uint32_t targets_max = kDnsTargetsDefault;
  Seconds ttl_min{kDnsTtlMinDefault};
  Seconds ttl_max{kDnsTtlMaxDefault};
  Seconds negative_ttl{kDnsNegativeTtlDefault};
  Seconds failure_ttl{kDnsFailureTtlDefault};
};

// The question in the one form that is worked on and cached: canonical host
// (an address as IpAddress writes it), TLS where it must be secure. Nothing
// when the host is neither a name nor an address.
std::optional<Question> CanonicalQuestion(const Question& question);

// What each state waits for, and where it goes when all of that has come:
//   kNaptr  NAPTR of the host    records of our services: kSrv, or kHosts for
//                                flag "a" only; none: kSrv of each service;
//                                the server fails: kDone
//   kSrv    SRV names            targets: kHosts; none at all: kHosts, of the
//                                host itself; no service, failures: kDone
//   kHosts  A and AAAA           kDone
// It begins in kNaptr without port and transport, in kSrv without port, else in
// kHosts; in kDone with an address.
//
// Use:     make the lookups that Next() gives, in any order and number at a
//          time, until done().
// Bounds:  targets_max, also of the names whose addresses are looked up, and
//          kDnsLookupsMax.
// Fails:   by the answer. A server that fails is not a domain without records:
//          its failure never opens a way that the domain did not offer.
// Source:  RFC 3263 4.1, 4.2
class Procedure {
 public:
  // `question` is canonical.
  Procedure(const ProcedureOptions& options, const Question& question);

  // The lookup to make now; null when none is due before OnRecords(). Lookups
  // are numbered in this order, from 0.
  const Lookup* Next();
  void OnRecords(size_t number, RecordSet records);
  // The time is over: answers with the addresses that are known, if any.
  void GiveUp();

  bool done() const { return state_ == State::kDone; }
  const Answer& answer() const;

 private:
  enum class State : uint8_t { kNaptr, kSrv, kHosts, kDone };

  // What is looked up, and for what.
  struct Asked {
    Lookup lookup;
    std::optional<RecordSet> records;  // when they have come
  };
  // An SRV name; its number is that of its lookup's group.
  struct Branch {
    Transport transport;
    uint16_t group;
    size_t asked;  // in asked_
  };
  // A name and a port whose addresses are wanted.
  struct Candidate {
    std::string name;
    uint16_t port;
    Transport transport;
    uint16_t group, priority, weight;
  };

  void Begin();
  void Ask(const std::string& name, RecordType type);
  void AskService(const std::string& name, Transport transport);
  void Advance();
  void OnNaptr();
  bool FollowNaptr(std::vector<NaptrRecord> records);
  void AskServices(Transport transport);
  void OnSrv();
  bool TakeSrv(const Branch& branch);
  void AskHosts();
  void AskHostItself();
  void OnHosts();
  void TakeTargets(const Candidate& candidate);
  const RecordSet* Known(const std::string& name, RecordType type) const;
  Failure WorstFailure(size_t from) const;
  const Service* ServiceOf(const NaptrRecord& record) const;
  uint16_t DefaultPort(Transport transport) const;
  void Finish(Failure failure);
  Seconds TtlOf(const RecordSet& records) const;

  const ProcedureOptions options_;
  const Question question_;
  State state_ = State::kDone;
  std::vector<Asked> asked_;
  size_t given_ = 0;       // asked_ before it went out by Next()
  size_t waiting_ = 0;     // asked_ without records
  size_t hosts_from_ = 0;  // asked_ from here on are addresses
  // Where the host itself is connected to when no SRV record says better.
  Transport fallback_ = Transport::kTcp;
  uint16_t groups_ = 0;
  std::vector<Branch> branches_;
  std::vector<Candidate> candidates_;
  Answer answer_;
};

}  // namespace sallyport::net::dns

#endif  // NET_DNS_PROCEDURE_H_
