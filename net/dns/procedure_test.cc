#include "net/dns/procedure.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/log/log.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace sallyport::net::dns {
namespace {

using Fields = std::vector<std::string>;

template <typename T>
T Number(const std::string& text) {
  uint32_t value = 0;
  CHECK(absl::SimpleAtoi(text, &value)) << text;
  return static_cast<T>(value);
}

// "-" stands for nothing, "." is the root.
std::string TextOf(const std::string& field) {
  return field == "-" || field == "." ? "" : field;
}

RecordType TypeOf(std::string_view text) {
  for (const RecordType type : {RecordType::kA, RecordType::kAaaa,
                                RecordType::kSrv, RecordType::kNaptr}) {
    if (ToString(type) == text) return type;
  }
  LOG(FATAL) << text;
}

// A zone in lines "NAME TTL TYPE DATA", or "NAME TTL TYPE !FAILURE". A name
// without any line is no_such_name, a type without one no_records; both for
// 300 s.
class Zone {
 public:
  explicit Zone(const std::vector<const char*>& lines) {
    for (const char* line : lines) Add(absl::StrSplit(line, ' '));
  }

  RecordSet Find(const Lookup& lookup) const {
    const auto name = sets_.find(lookup.name);
    RecordSet none = RecordSet::Failed(
        name == sets_.end() ? Failure::kNoSuchName : Failure::kNoRecords);
    none.ttl = Seconds(300);
    if (name == sets_.end()) return none;
    const auto set = name->second.find(lookup.type);
    return set == name->second.end() ? none : set->second;
  }

 private:
  void Add(const Fields& f) {
    RecordSet& set = sets_[f[0]][TypeOf(f[2])];
    if (f[3].starts_with('!')) {
      set.failure = FailureOf(f[3].substr(1));
      return;
    }
    set.ttl = Seconds(Number<uint32_t>(f[1]));
    switch (TypeOf(f[2])) {
      case RecordType::kA:
      case RecordType::kAaaa:
        set.addresses.push_back(*IpAddress::Parse(f[3]));
        return;
      case RecordType::kSrv:
        set.srv.push_back({Number<uint16_t>(f[3]), Number<uint16_t>(f[4]),
                           Number<uint16_t>(f[5]), TextOf(f[6])});
        return;
      case RecordType::kNaptr:
        set.naptr.push_back({Number<uint16_t>(f[3]), Number<uint16_t>(f[4]),
                             TextOf(f[5]), TextOf(f[6]), TextOf(f[7]),
                             TextOf(f[8])});
        return;
    }
  }
  static Failure FailureOf(std::string_view text) {
    for (size_t i = 0; i < kFailureCount; ++i) {
      if (ToString(static_cast<Failure>(i)) == text) {
        return static_cast<Failure>(i);
      }
    }
    LOG(FATAL) << text;
  }

  std::map<std::string, std::map<RecordType, RecordSet>> sets_;
};

// "NAPTR a.example, SRV ...", in the order of Next().
struct Outcome {
  std::string lookups;
  std::string answer;
};

std::string Describe(const Answer& answer) {
  std::vector<std::string> lines;
  if (!answer.ok()) lines.emplace_back(ToString(answer.failure));
  for (const Target& t : answer.targets) {
    lines.push_back(absl::StrCat(t.group, "/", t.priority, "/", t.weight, " ",
                                 ToString(t.transport), " ",
                                 t.endpoint.ToString(), " ", t.name));
  }
  return absl::StrJoin(lines, ", ");
}

// `backwards`: replies come in the opposite order of the lookups.
Outcome Run(Procedure& procedure, const Zone& zone, bool backwards) {
  std::vector<std::string> lookups;
  size_t number = 0;
  while (!procedure.done()) {
    std::vector<std::pair<size_t, RecordSet>> replies;
    while (const Lookup* lookup = procedure.Next()) {
      lookups.push_back(
          absl::StrCat(ToString(lookup->type), " ", lookup->name));
      replies.emplace_back(number++, zone.Find(*lookup));
    }
    EXPECT_FALSE(replies.empty()) << "it waits for nothing";
    if (replies.empty()) break;
    if (backwards) std::reverse(replies.begin(), replies.end());
    for (auto& [n, set] : replies) procedure.OnRecords(n, std::move(set));
  }
  return {absl::StrJoin(lookups, ", "), Describe(procedure.answer())};
}

Answer Resolve(const Question& question, const Zone& zone,
               const ProcedureOptions& options = {}) {
  Procedure procedure(options, *CanonicalQuestion(question));
  Run(procedure, zone, false);
  return procedure.answer();
}

struct Case {
  const char* says;
  Question question;
  std::vector<const char*> zone;
  const char* lookups;
  const char* answer;
};

constexpr Transport kNone = Transport::kNone;
constexpr Transport kUdp = Transport::kUdp;
constexpr Transport kTcp = Transport::kTcp;
constexpr Transport kTls = Transport::kTls;

void Check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    for (const bool backwards : {false, true}) {
      SCOPED_TRACE(c.says);
      Procedure procedure({}, *CanonicalQuestion(c.question));
      const Outcome outcome = Run(procedure, Zone(c.zone), backwards);
      EXPECT_EQ(outcome.lookups, c.lookups);
      EXPECT_EQ(outcome.answer, c.answer);
    }
  }
}

// RFC 3263 4.1, 4.2: a TARGET that is an IP address.
TEST(Procedure, ANumericHostIsItself) {
  Check({
      {"no port: that of TCP",
       {"192.0.2.1"},
       {},
       "",
       "0/0/0 tcp 192.0.2.1:5060 192.0.2.1"},
      {"its port",
       {"192.0.2.1", 5070},
       {},
       "",
       "0/0/0 tcp 192.0.2.1:5070 192.0.2.1"},
      {"its transport",
       {"192.0.2.1", 0, kUdp},
       {},
       "",
       "0/0/0 udp 192.0.2.1:5060 192.0.2.1"},
      {"TLS has a port of its own",
       {"192.0.2.1", 0, kTls},
       {},
       "",
       "0/0/0 tls 192.0.2.1:5061 192.0.2.1"},
      {"IPv6 in brackets",
       {"[2001:DB8::1]"},
       {},
       "",
       "0/0/0 tcp [2001:db8::1]:5060 2001:db8::1"},
      {"secure is TLS",
       {"192.0.2.1", 0, kNone, true},
       {},
       "",
       "0/0/0 tls 192.0.2.1:5061 192.0.2.1"},
      {"secure over TCP is TLS",
       {"192.0.2.1", 5070, kTcp, true},
       {},
       "",
       "0/0/0 tls 192.0.2.1:5070 192.0.2.1"},
      {"no datagram is secure",
       {"192.0.2.1", 0, kUdp, true},
       {},
       "",
       "no_records"},
  });
}

// RFC 3263 4.2: with a port, A and AAAA and nothing else.
TEST(Procedure, AHostWithAPortIsLookedUpByAddress) {
  const std::vector<const char*> zone = {
      "a.example 60 A 192.0.2.1", "a.example 60 A 192.0.2.2",
      "a.example 60 AAAA 2001:db8::1",
      "_sip._tcp.a.example 60 SRV 1 1 5090 b.example"};
  Check({
      {"transport by default, IPv4 first",
       {"A.Example.", 5070},
       zone,
       "A a.example, AAAA a.example",
       "0/0/0 tcp 192.0.2.1:5070 a.example, "
       "0/0/0 tcp 192.0.2.2:5070 a.example, "
       "0/0/0 tcp [2001:db8::1]:5070 a.example"},
      {"transport as given",
       {"a.example", 5070, kUdp},
       {"a.example 60 A 192.0.2.1"},
       "A a.example, AAAA a.example",
       "0/0/0 udp 192.0.2.1:5070 a.example"},
      {"IPv6 only",
       {"a.example", 5070},
       {"a.example 60 AAAA 2001:db8::1"},
       "A a.example, AAAA a.example",
       "0/0/0 tcp [2001:db8::1]:5070 a.example"},
      {"no such name",
       {"b.example", 5070},
       zone,
       "A b.example, AAAA b.example",
       "no_such_name"},
      {"a name without addresses",
       {"_sip._tcp.a.example", 5070},
       zone,
       "A _sip._tcp.a.example, AAAA _sip._tcp.a.example",
       "no_records"},
      {"one family fails, the other is there",
       {"a.example", 5070},
       {"a.example 60 A 192.0.2.1", "a.example 0 AAAA !timeout"},
       "A a.example, AAAA a.example",
       "0/0/0 tcp 192.0.2.1:5070 a.example"},
      {"one family fails, the other has none",
       {"a.example", 5070},
       {"a.example 0 AAAA !server_failure"},
       "A a.example, AAAA a.example",
       "server_failure"},
      {"addresses of nobody and of everybody",
       {"a.example", 5070},
       {"a.example 60 A 0.0.0.0", "a.example 60 A 224.0.0.1",
        "a.example 60 AAAA ::"},
       "A a.example, AAAA a.example",
       "no_records"},
  });
}

// RFC 3263 4.2: no port, a transport: SRV of that transport.
TEST(Procedure, ATransportWithoutPortIsLookedUpByService) {
  Check({
      {"TCP",
       {"a.example", 0, kTcp},
       {"_sip._tcp.a.example 60 SRV 1 7 5090 p.example",
        "p.example 60 A 192.0.2.1"},
       "SRV _sip._tcp.a.example, A p.example, AAAA p.example",
       "0/1/7 tcp 192.0.2.1:5090 p.example"},
      {"UDP",
       {"a.example", 0, kUdp},
       {"_sip._udp.a.example 60 SRV 1 7 5090 p.example",
        "p.example 60 A 192.0.2.1"},
       "SRV _sip._udp.a.example, A p.example, AAAA p.example",
       "0/1/7 udp 192.0.2.1:5090 p.example"},
      {"TLS",
       {"a.example", 0, kTls},
       {"_sips._tcp.a.example 60 SRV 1 7 5091 p.example",
        "p.example 60 A 192.0.2.1"},
       "SRV _sips._tcp.a.example, A p.example, AAAA p.example",
       "0/1/7 tls 192.0.2.1:5091 p.example"},
      {"secure TCP is TLS",
       {"a.example", 0, kTcp, true},
       {"_sips._tcp.a.example 60 SRV 1 7 5091 p.example",
        "p.example 60 A 192.0.2.1"},
       "SRV _sips._tcp.a.example, A p.example, AAAA p.example",
       "0/1/7 tls 192.0.2.1:5091 p.example"},
      {"without SRV: the host, the transport's port",
       {"a.example", 0, kTls},
       {"a.example 60 A 192.0.2.1"},
       "SRV _sips._tcp.a.example, A a.example, AAAA a.example",
       "0/0/0 tls 192.0.2.1:5061 a.example"},
      {"a server that fails is no missing record",
       {"a.example", 0, kTcp},
       {"_sip._tcp.a.example 0 SRV !server_failure",
        "a.example 60 A 192.0.2.1"},
       "SRV _sip._tcp.a.example",
       "server_failure"},
      // RFC 2782
      {"the service is not offered",
       {"a.example", 0, kTcp},
       {"_sip._tcp.a.example 60 SRV 0 0 0 .", "a.example 60 A 192.0.2.1"},
       "SRV _sip._tcp.a.example",
       "no_records"},
      {"nobody serves at port 0",
       {"a.example", 0, kTcp},
       {"_sip._tcp.a.example 60 SRV 0 0 0 p.example",
        "a.example 60 A 192.0.2.1"},
       "SRV _sip._tcp.a.example",
       "no_records"},
  });
}

// RFC 2782: by priority; weights are the caller's.
TEST(Procedure, TargetsComeByPriorityWithTheirWeights) {
  Check({
      {"each name asked once, in two places",
       {"a.example", 0, kTcp},
       {"_sip._tcp.a.example 60 SRV 20 0 5060 q.example",
        "_sip._tcp.a.example 60 SRV 10 60 5060 p.example",
        "_sip._tcp.a.example 60 SRV 10 40 5070 p.example",
        "p.example 60 A 192.0.2.1", "q.example 60 A 192.0.2.2"},
       "SRV _sip._tcp.a.example, A p.example, AAAA p.example, A q.example, "
       "AAAA q.example",
       "0/10/60 tcp 192.0.2.1:5060 p.example, "
       "0/10/40 tcp 192.0.2.1:5070 p.example, "
       "0/20/0 tcp 192.0.2.2:5060 q.example"},
      {"a target without address is passed over",
       {"a.example", 0, kTcp},
       {"_sip._tcp.a.example 60 SRV 10 0 5060 gone.example",
        "_sip._tcp.a.example 60 SRV 20 0 5060 p.example",
        "p.example 60 A 192.0.2.1"},
       "SRV _sip._tcp.a.example, A gone.example, AAAA gone.example, "
       "A p.example, AAAA p.example",
       "0/20/0 tcp 192.0.2.1:5060 p.example"},
  });
}

// RFC 3263 4.1
TEST(Procedure, WithoutTransportAndPortNaptrChooses) {
  Check({
      {"flag s: SRV of the replacement",
       {"a.example"},
       {"a.example 60 NAPTR 50 50 s SIP+D2T - _sip._tcp.core.example",
        "_sip._tcp.core.example 60 SRV 1 2 5080 p.example",
        "p.example 60 A 192.0.2.1"},
       "NAPTR a.example, SRV _sip._tcp.core.example, A p.example, "
       "AAAA p.example",
       "0/1/2 tcp 192.0.2.1:5080 p.example"},
      {"flag a: the replacement's addresses, the transport's port",
       {"a.example"},
       {"a.example 60 NAPTR 50 50 A sip+d2u - p.example",
        "p.example 60 A 192.0.2.1"},
       "NAPTR a.example, A p.example, AAAA p.example",
       "0/0/0 udp 192.0.2.1:5060 p.example"},
      {"the lowest order alone, within it by preference",
       {"a.example"},
       {"a.example 60 NAPTR 20 1 s SIP+D2U - _sip._udp.a.example",
        "a.example 60 NAPTR 10 9 s SIP+D2T - _sip._tcp.a.example",
        "a.example 60 NAPTR 10 5 s SIPS+D2T - _sips._tcp.a.example",
        "_sip._tcp.a.example 60 SRV 1 1 5060 p.example",
        "_sips._tcp.a.example 60 SRV 9 1 5061 p.example",
        "p.example 60 A 192.0.2.1"},
       "NAPTR a.example, SRV _sips._tcp.a.example, SRV _sip._tcp.a.example, "
       "A p.example, AAAA p.example",
       "0/9/1 tls 192.0.2.1:5061 p.example, "
       "1/1/1 tcp 192.0.2.1:5060 p.example"},
      {"an order without a service of ours does not count",
       {"a.example"},
       {"a.example 60 NAPTR 10 1 s SIP+D2S - _sip._sctp.a.example",
        "a.example 60 NAPTR 10 2 u SIP+D2T !a!b! .",
        "a.example 60 NAPTR 10 3 - SIP+D2T - next.example",
        "a.example 60 NAPTR 20 1 s SIP+D2T - _sip._tcp.a.example",
        "_sip._tcp.a.example 60 SRV 1 1 5060 p.example",
        "p.example 60 A 192.0.2.1"},
       "NAPTR a.example, SRV _sip._tcp.a.example, A p.example, AAAA p.example",
       "0/1/1 tcp 192.0.2.1:5060 p.example"},
      {"a secure question takes secure services only",
       {"a.example", 0, kNone, true},
       {"a.example 60 NAPTR 10 1 s SIP+D2T - _sip._tcp.a.example",
        "a.example 60 NAPTR 20 1 s SIPS+D2T - _sips._tcp.a.example",
        "_sips._tcp.a.example 60 SRV 1 1 5061 p.example",
        "p.example 60 A 192.0.2.1"},
       "NAPTR a.example, SRV _sips._tcp.a.example, A p.example, "
       "AAAA p.example",
       "0/1/1 tls 192.0.2.1:5061 p.example"},
      {"flags s and a side by side",
       {"a.example"},
       {"a.example 60 NAPTR 10 1 a SIP+D2T - q.example",
        "a.example 60 NAPTR 10 2 s SIP+D2U - _sip._udp.a.example",
        "_sip._udp.a.example 60 SRV 1 1 5060 p.example",
        "p.example 60 A 192.0.2.1", "q.example 60 A 192.0.2.2"},
       "NAPTR a.example, SRV _sip._udp.a.example, A q.example, AAAA q.example, "
       "A p.example, AAAA p.example",
       "0/0/0 tcp 192.0.2.2:5060 q.example, "
       "1/1/1 udp 192.0.2.1:5060 p.example"},
      {"a replacement without SRV: the host, by the transport chosen",
       {"a.example"},
       {"a.example 60 NAPTR 10 1 s SIPS+D2T - _sips._tcp.a.example",
        "a.example 60 A 192.0.2.1"},
       "NAPTR a.example, SRV _sips._tcp.a.example, A a.example, "
       "AAAA a.example",
       "0/0/0 tls 192.0.2.1:5061 a.example"},
      {"a server that fails is no missing record",
       {"a.example"},
       {"a.example 0 NAPTR !timeout", "a.example 60 A 192.0.2.1"},
       "NAPTR a.example",
       "timeout"},
  });
}

// RFC 3263 4.1: without NAPTR, SRV of each transport.
TEST(Procedure, WithoutNaptrEachServiceIsAskedFor) {
  const char* const kBoth =
      "NAPTR a.example, SRV _sip._tcp.a.example, SRV _sip._udp.a.example";
  Check({
      {"streams first",
       {"a.example"},
       {"_sip._udp.a.example 60 SRV 1 1 5060 p.example",
        "_sip._tcp.a.example 60 SRV 5 1 5060 p.example",
        "p.example 60 A 192.0.2.1"},
       "NAPTR a.example, SRV _sip._tcp.a.example, SRV _sip._udp.a.example, "
       "A p.example, AAAA p.example",
       "0/5/1 tcp 192.0.2.1:5060 p.example, "
       "1/1/1 udp 192.0.2.1:5060 p.example"},
      {"the other way is open when one server fails",
       {"a.example"},
       {"_sip._udp.a.example 60 SRV 1 1 5060 p.example",
        "_sip._tcp.a.example 0 SRV !timeout", "p.example 60 A 192.0.2.1"},
       "NAPTR a.example, SRV _sip._tcp.a.example, SRV _sip._udp.a.example, "
       "A p.example, AAAA p.example",
       "1/1/1 udp 192.0.2.1:5060 p.example"},
      {"secure: _sips",
       {"a.example", 0, kNone, true},
       {"_sips._tcp.a.example 60 SRV 1 1 5061 p.example",
        "p.example 60 A 192.0.2.1"},
       "NAPTR a.example, SRV _sips._tcp.a.example, A p.example, "
       "AAAA p.example",
       "0/1/1 tls 192.0.2.1:5061 p.example"},
      {"neither NAPTR nor SRV: the host",
       {"a.example"},
       {"a.example 60 A 192.0.2.1"},
       "NAPTR a.example, SRV _sip._tcp.a.example, SRV _sip._udp.a.example, "
       "A a.example, AAAA a.example",
       "0/0/0 tcp 192.0.2.1:5060 a.example"},
      {"nothing at all",
       {"a.example"},
       {},
       "NAPTR a.example, SRV _sip._tcp.a.example, SRV _sip._udp.a.example, "
       "A a.example, AAAA a.example",
       "no_such_name"},
      {"one service fails, the other is missing",
       {"a.example"},
       {"_sip._udp.a.example 0 SRV !malformed", "a.example 60 A 192.0.2.1"},
       kBoth,
       "malformed"},
      {"one is not offered, the other is missing",
       {"a.example"},
       {"_sip._tcp.a.example 60 SRV 0 0 0 .", "a.example 60 A 192.0.2.1"},
       kBoth,
       "no_records"},
  });
}

TEST(Procedure, HoldsAsLongAsTheLeastOfTheChain) {
  const Zone zone(
      {"a.example 700 NAPTR 1 1 s SIP+D2T - _sip._tcp.a.example",
       "_sip._tcp.a.example 90 SRV 1 1 5060 p.example",
       "p.example 120 A 192.0.2.1", "p.example 130 AAAA 2001:db8::1",
       "short.example 2 A 192.0.2.1", "short.example 2 AAAA 2001:db8::1",
       "fails.example 100 A 192.0.2.1", "fails.example 0 AAAA !timeout"});
  const ProcedureOptions options{.ttl_min = Seconds(5),
                                 .ttl_max = Seconds(100),
                                 .failure_ttl = Seconds(7)};

  EXPECT_EQ(Resolve({"a.example"}, zone, options).ttl, Seconds(90));
  EXPECT_EQ(Resolve({"p.example", 5060}, zone, options).ttl, Seconds(100));
  EXPECT_EQ(Resolve({"short.example", 5060}, zone, options).ttl, Seconds(5));
  EXPECT_EQ(Resolve({"fails.example", 5060}, zone, options).ttl, Seconds(7));
  EXPECT_EQ(Resolve({"none.example", 5060}, zone, options).ttl, Seconds(100));
  EXPECT_EQ(Resolve({"192.0.2.1"}, zone, options).ttl, Seconds(100));
}

TEST(Procedure, AnswersWithNoMoreTargetsThanTheBound) {
  std::vector<std::string> lines;
  for (int i = 0; i < 100; ++i) {
    lines.push_back(
        absl::StrCat("_sip._tcp.a.example 60 SRV 1 1 5060 p", i, ".example"));
    lines.push_back(absl::StrCat("p", i, ".example 60 A 192.0.2.", i));
    lines.push_back(absl::StrCat("p", i, ".example 60 A 198.51.100.", i));
  }
  std::vector<const char*> pointers;
  for (const std::string& line : lines) pointers.push_back(line.c_str());
  const Zone zone(pointers);

  EXPECT_EQ(Resolve({"a.example", 0, kTcp}, zone).targets.size(),
            kDnsTargetsDefault);
  EXPECT_EQ(
      Resolve({"a.example", 0, kTcp}, zone, {.targets_max = 3}).targets.size(),
      3u);
  // More targets than there may be lookups for.
  EXPECT_EQ(
      Resolve({"a.example", 0, kTcp}, zone, {.targets_max = kDnsTargetsCeiling})
          .targets.size(),
      2 * ((kDnsLookupsMax - 1) / 2));
}

TEST(Procedure, FollowsNoMoreNaptrRecordsThanTheBound) {
  std::vector<const char*> lines(
      200, "a.example 60 NAPTR 1 1 s SIP+D2T - _sip._tcp.a.example");
  lines.push_back("_sip._tcp.a.example 60 SRV 1 1 5060 p.example");
  lines.push_back("p.example 60 A 192.0.2.1");

  const Answer answer =
      Resolve({"a.example"}, Zone(lines), {.targets_max = kDnsTargetsCeiling});

  EXPECT_EQ(answer.targets.size(), kDnsServicesMax);
}

TEST(Procedure, OnceTheTimeIsOverAnswersWithWhatItKnows) {
  const Zone zone({"a.example 60 A 192.0.2.1"});
  Procedure knows({}, {"a.example", 5060});
  const Lookup* lookup = knows.Next();
  ASSERT_NE(lookup, nullptr);
  knows.OnRecords(0, zone.Find(*lookup));
  knows.GiveUp();

  EXPECT_EQ(Describe(knows.answer()), "0/0/0 tcp 192.0.2.1:5060 a.example");
  EXPECT_EQ(knows.answer().ttl, kDnsFailureTtlDefault);

  for (const Question& question :
       {Question{"a.example"}, Question{"a.example", 0, kTcp},
        Question{"a.example", 5060}}) {
    Procedure ignorant({}, question);
    ignorant.GiveUp();
    EXPECT_EQ(Describe(ignorant.answer()), "timeout");
    EXPECT_EQ(ignorant.Next(), nullptr);
  }
}

TEST(Procedure, SpeaksOtherTablesOfServices) {
  const std::array<Service, 1> services = {
      {{Transport::kTcp, "X+D2T", "_x._tcp.", 7000, false}}};
  const Zone zone({"a.example 60 NAPTR 1 1 s SIP+D2U - _sip._udp.a.example",
                   "a.example 60 NAPTR 1 2 a x+d2t - a.example",
                   "a.example 60 A 192.0.2.1"});

  EXPECT_EQ(Describe(Resolve({"a.example"}, zone, {.services = services})),
            "0/0/0 tcp 192.0.2.1:7000 a.example");
}

TEST(CanonicalQuestion, IsTheSameForTheSameServer) {
  EXPECT_EQ(CanonicalQuestion({"A.example."}),
            CanonicalQuestion({"a.EXAMPLE"}));
  EXPECT_EQ(CanonicalQuestion({"[2001:DB8:0::1]", 1}),
            CanonicalQuestion({"2001:db8::1", 1}));
  EXPECT_EQ(CanonicalQuestion({"a", 0, kTcp, true}),
            CanonicalQuestion({"a", 0, kTls, true}));
  EXPECT_EQ(CanonicalQuestion({"no host"}), std::nullopt);
  EXPECT_EQ(CanonicalQuestion({"192.0.2.256"}), std::nullopt);
}

}  // namespace
}  // namespace sallyport::net::dns
