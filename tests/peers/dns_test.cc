// The resolver at a name server that nobody of us wrote.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "net/dns/resolver.h"
#include "tests/peers/nsd.h"

namespace sallyport::net::dns {
namespace {

constexpr std::chrono::seconds kPatience{30};

std::unique_ptr<Resolver> Start(const Nsd& nsd, ResolverOptions options = {}) {
  options.servers = {nsd.endpoint()};
  auto resolver = Resolver::Start(std::move(options));
  EXPECT_TRUE(resolver) << resolver.error().reason;
  return *std::move(resolver);
}

Answer Resolve(Resolver& resolver, const Question& question) {
  auto promise = std::make_shared<std::promise<Answer>>();
  EXPECT_TRUE(resolver.Ask(question, [promise](const Answer& answer) {
    promise->set_value(answer);
  }));
  std::future<Answer> answer = promise->get_future();
  if (answer.wait_for(kPatience) != std::future_status::ready) {
    ADD_FAILURE() << "no answer";
    return {.failure = Failure::kStopped, .targets = {}, .ttl = Seconds(0)};
  }
  return answer.get();
}

// "10/60 tcp 192.0.2.1:5060 p1.peers.test", priority and weight first.
std::string Describe(const Answer& answer) {
  if (!answer.ok()) return std::string(ToString(answer.failure));
  std::vector<std::string> lines;
  for (const Target& t : answer.targets) {
    lines.push_back(absl::StrCat(t.priority, "/", t.weight, " ",
                                 ToString(t.transport), " ",
                                 t.endpoint.ToString(), " ", t.name));
  }
  return absl::StrJoin(lines, ", ");
}

struct Row {
  const char* says;
  Question question;
  const char* answer;
  int64_t ttl_s;
};

TEST(DnsPeer, AnswersAsTheZoneSays) {
  const Nsd nsd(
      "@ 3600 NAPTR 50 50 \"s\" \"SIP+D2T\" \"\" _sip._tcp\n"
      "@ 3600 NAPTR 90 50 \"s\" \"SIP+D2U\" \"\" _sip._udp\n"
      "_sip._tcp 45 SRV 10 60 5070 p1\n"
      "_sip._tcp 45 SRV 10 40 5071 p2\n"
      "_sip._tcp 45 SRV 20 0 5072 p3\n"
      "_sip._udp SRV 1 1 5060 p1\n"
      "_sips._tcp 45 SRV 0 0 0 .\n"
      "p1 A 192.0.2.1\n"
      "p2 AAAA 2001:db8::2\n"
      "p3 20 CNAME p4\n"
      "p4 A 192.0.2.4\n"
      "p4 AAAA 2001:db8::4\n"
      "plain A 192.0.2.9\n"
      "direct NAPTR 1 1 \"a\" \"SIP+D2U\" \"\" p1\n");
  const auto resolver = Start(nsd);
  const Row rows[] = {
      {"NAPTR, then SRV, then addresses",
       {"peers.test"},
       "10/60 tcp 192.0.2.1:5070 p1.peers.test, "
       "10/40 tcp [2001:db8::2]:5071 p2.peers.test, "
       "20/0 tcp 192.0.2.4:5072 p3.peers.test, "
       "20/0 tcp [2001:db8::4]:5072 p3.peers.test",
       20},
      {"a transport: its SRV",
       {"Peers.Test.", 0, Transport::kUdp},
       "1/1 udp 192.0.2.1:5060 p1.peers.test",
       30},  // it has no AAAA, for 30 s
      {"a service that is not offered",
       {"peers.test", 0, Transport::kTls},
       "no_records",
       45},
      {"NAPTR to an address",
       {"direct.peers.test"},
       "0/0 udp 192.0.2.1:5060 p1.peers.test",
       30},
      {"neither NAPTR nor SRV: the host",
       {"plain.peers.test"},
       "0/0 tcp 192.0.2.9:5060 plain.peers.test",
       30},
      {"IPv6 only",
       {"p2.peers.test", 5060},
       "0/0 tcp [2001:db8::2]:5060 p2.peers.test",
       30},
      {"an alias",
       {"p3.peers.test", 5060},
       "0/0 tcp 192.0.2.4:5060 p3.peers.test, "
       "0/0 tcp [2001:db8::4]:5060 p3.peers.test",
       20},
      {"no such name", {"nobody.peers.test", 5060}, "no_such_name", 30},
      {"a name without addresses", {"peers.test", 5060}, "no_records", 30},
      {"another's zone", {"example.test", 5060}, "server_failure", 2},
  };

  for (const Row& row : rows) {
    SCOPED_TRACE(row.says);
    const Answer answer = Resolve(*resolver, row.question);
    EXPECT_EQ(Describe(answer), row.answer);
    EXPECT_EQ(answer.ttl, Seconds(row.ttl_s));
  }
}

TEST(DnsPeer, SilenceIsATimeout) {
  Nsd nsd("p1 A 192.0.2.1\n");
  const auto resolver = Start(nsd, {.try_time = Millis(200), .tries = 2});
  EXPECT_TRUE(Resolve(*resolver, {"p1.peers.test", 5060}).ok());

  nsd.FallSilent();

  EXPECT_EQ(Describe(Resolve(*resolver, {"p2.peers.test", 5060})), "timeout");
}

std::string HundredAddresses() {
  std::string records;
  for (int i = 1; i <= 100; ++i) {
    absl::StrAppend(&records, "many A 192.0.2.", i, "\n");
  }
  return records;
}

TEST(DnsPeer, TruncatedRepliesComeAgainOverTcp) {
  // 100 addresses are 1600 octets at least, more than a datagram may have.
  const Nsd nsd(HundredAddresses());
  const auto resolver = Start(nsd, {.targets_max = 200, .records_max = 200});

  EXPECT_EQ(Resolve(*resolver, {"many.peers.test", 5060}).targets.size(), 100u);
}

TEST(DnsPeer, RecordsBeyondTheBoundAreNotLookedAt) {
  const Nsd nsd(HundredAddresses());
  const Question question{"many.peers.test", 5060};

  EXPECT_EQ(Resolve(*Start(nsd), question).targets.size(), kDnsTargetsDefault);
  EXPECT_EQ(
      Resolve(*Start(nsd, {.targets_max = 200, .records_max = 40}), question)
          .targets.size(),
      40u);
}

TEST(DnsPeer, AChangedZoneIsSeenWhenTheTtlHasEnded) {
  Nsd nsd("moves 5 A 192.0.2.1\nmoves 5 AAAA 2001:db8::1\n");
  std::atomic<int64_t> now_ms{0};
  const auto resolver =
      Start(nsd, {.now = [&now_ms] { return Instant(Millis(now_ms.load())); }});
  const auto forgetful = Start(nsd, {.cache_entries_max = 0});
  const Question question{"moves.peers.test", 5060};
  const Answer before = Resolve(*resolver, question);
  EXPECT_EQ(before.ttl, Seconds(5));

  nsd.Change("moves 5 A 192.0.2.2\nmoves 5 AAAA 2001:db8::2\n");
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (Resolve(*forgetful, question) == before) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "the zone is the old";
  }

  now_ms = 4'999;
  EXPECT_EQ(Resolve(*resolver, question).targets, before.targets);
  now_ms = 5'000;
  EXPECT_EQ(Describe(Resolve(*resolver, question)),
            "0/0 tcp 192.0.2.2:5060 moves.peers.test, "
            "0/0 tcp [2001:db8::2]:5060 moves.peers.test");
}

}  // namespace
}  // namespace sallyport::net::dns
