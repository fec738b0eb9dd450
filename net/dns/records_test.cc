#include "net/dns/records.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "net/dns/test_reply.h"

namespace sallyport::net::dns {
namespace {

constexpr uint32_t kMany = 64;
const Lookup kHost{"a.example", RecordType::kA};
const Lookup kHost6{"a.example", RecordType::kAaaa};
const Lookup kService{"_sip._tcp.a.example", RecordType::kSrv};
const Lookup kDomain{"a.example", RecordType::kNaptr};

IpAddress Ip(std::string_view text) { return *IpAddress::Parse(text); }

RecordSet Parse(const TestReply& reply, const Lookup& lookup,
                uint32_t records_max = kMany) {
  return ParseReply(reply.span(), lookup, records_max);
}

RecordSet Parse(std::string_view bytes, const Lookup& lookup) {
  return ParseReply(
      {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, lookup,
      kMany);
}

TEST(ParseReply, FindsAddressesAndTheirLeastTtl) {
  const TestReply reply = TestReply(kHost)
                              .Address({"a.example", 60}, "192.0.2.1")
                              .Address({"A.Example", 20}, "192.0.2.2");

  const RecordSet set = Parse(reply, kHost);

  EXPECT_EQ(set.failure, Failure::kNone);
  EXPECT_EQ(set.addresses, (std::vector{Ip("192.0.2.1"), Ip("192.0.2.2")}));
  EXPECT_EQ(set.ttl, Seconds(20));
}

TEST(ParseReply, FindsIpv6) {
  const TestReply reply =
      TestReply(kHost6).Address({"a.example"}, "2001:db8::1");

  EXPECT_EQ(Parse(reply, kHost6).addresses, std::vector{Ip("2001:db8::1")});
}

TEST(ParseReply, FindsSrvRecords) {
  const SrvRecord offered{10, 60, 5060, "p1.a.example"};
  const SrvRecord refused{0, 0, 0, ""};
  const TestReply reply = TestReply(kService)
                              .Srv({"_sip._tcp.a.example", 30}, offered)
                              .Srv({"_sip._tcp.a.example", 30}, refused);

  const RecordSet set = Parse(reply, kService);

  EXPECT_EQ(set.srv, (std::vector{offered, refused}));
  EXPECT_EQ(set.ttl, Seconds(30));
}

TEST(ParseReply, FindsNaptrRecords) {
  const NaptrRecord record{50, 90, "s", "SIP+D2T", "", "_sip._tcp.a.example"};
  const NaptrRecord regexp{60, 1, "u", "E2U+sip", "!^.*$!sip:a@b!", ""};
  const TestReply reply = TestReply(kDomain)
                              .Naptr({"a.example", 3600}, record)
                              .Naptr({"a.example", 3600}, regexp);

  EXPECT_EQ(Parse(reply, kDomain).naptr, (std::vector{record, regexp}));
}

TEST(ParseReply, FollowsAliasesWhateverTheirPlace) {
  const TestReply reply = TestReply(kHost)
                              .Address({"c.example", 60}, "192.0.2.1")
                              .Alias({"b.example", 5}, "c.example")
                              .Alias({"a.example", 90}, "b.example");

  const RecordSet set = Parse(reply, kHost);

  EXPECT_EQ(set.addresses, std::vector{Ip("192.0.2.1")});
  EXPECT_EQ(set.ttl, Seconds(5));  // an alias's, the least
}

TEST(ParseReply, FollowsAliasesToABound) {
  for (const uint32_t aliases : {kAliasesMax, kAliasesMax + 1}) {
    TestReply reply(kHost);
    std::string name = "a.example";
    for (uint32_t i = 0; i < aliases; ++i) {
      const std::string next = absl::StrCat("n", i, ".example");
      reply.Alias({name}, next);
      name = next;
    }
    reply.Address({name}, "192.0.2.1");

    EXPECT_EQ(Parse(reply, kHost).failure,
              aliases == kAliasesMax ? Failure::kNone : Failure::kMalformed);
  }
}

TEST(ParseReply, RefusesAliasesThatGoRound) {
  const TestReply reply = TestReply(kHost)
                              .Alias({"a.example"}, "b.example")
                              .Alias({"b.example"}, "a.example");

  EXPECT_EQ(Parse(reply, kHost).failure, Failure::kMalformed);
}

// Who answers for one name says nothing about another.
TEST(ParseReply, PassesOverWhatWasNotAsked) {
  const TestReply reply = TestReply(kHost)
                              .Address({"evil.example", 1}, "192.0.2.66")
                              .Address({"a.example", 60}, "2001:db8::1")
                              .Record({"a.example", 1}, 16, "\4text")
                              .Address({"a.example", 60}, "192.0.2.1");

  const RecordSet set = Parse(reply, kHost);

  EXPECT_EQ(set.addresses, std::vector{Ip("192.0.2.1")});
  EXPECT_EQ(set.ttl, Seconds(60));
}

TEST(ParseReply, PassesOverTargetsThatAreNoHosts) {
  const TestReply reply =
      TestReply(kService)
          .Srv({"_sip._tcp.a.example"}, {1, 1, 5060, "a b.example"})
          .Srv({"_sip._tcp.a.example"}, {1, 1, 5060, "p.example"});

  const RecordSet set = Parse(reply, kService);

  ASSERT_EQ(set.srv.size(), 1u);
  EXPECT_EQ(set.srv.front().target, "p.example");
}

TEST(ParseReply, LooksAtNoMoreRecordsThanTheBound) {
  TestReply reply(kHost);
  for (int i = 0; i < 100; ++i) {
    reply.Address({"a.example"}, absl::StrCat("192.0.2.", i));
  }

  EXPECT_EQ(Parse(reply, kHost, 16).addresses.size(), 16u);
  EXPECT_EQ(Parse(reply, kHost, 100).addresses.size(), 100u);
}

struct NegativeCase {
  const char* says;
  TestReply reply;
  Failure failure;
  std::optional<Seconds> ttl;
};

TEST(ParseReply, SaysWhyThereIsNothingAndForHowLong) {
  const NegativeCase cases[] = {
      // RFC 2308 5
      {"no such name, the SOA's minimum",
       TestReply(kHost, 3).Soa({"example", 900}, 300), Failure::kNoSuchName,
       Seconds(300)},
      {"no such name, the SOA's own TTL",
       TestReply(kHost, 3).Soa({"example", 20}, 300), Failure::kNoSuchName,
       Seconds(20)},
      {"no record, with SOA", TestReply(kHost).Soa({"example", 900}, 60),
       Failure::kNoRecords, Seconds(60)},
      {"no record, without SOA", TestReply(kHost), Failure::kNoRecords, {}},
      {"an alias to nothing",
       TestReply(kHost, 3)
           .Alias({"a.example", 7}, "b.example")
           .Soa({"example", 900}, 60),
       Failure::kNoSuchName, Seconds(7)},
      {"the server fails", TestReply(kHost, 2), Failure::kServerFailure, {}},
      {"the server refuses", TestReply(kHost, 5), Failure::kServerFailure, {}},
      // RFC 2181 8
      {"a TTL with the greatest bit is none",
       TestReply(kHost, 3).Soa({"example", 0x80000001u}, 60),
       Failure::kNoSuchName, Seconds(0)},
      {"another name's reply",
       TestReply({"b.example", RecordType::kA}),
       Failure::kMalformed,
       {}},
      {"another type's reply", TestReply(kHost6), Failure::kMalformed, {}},
      {"an address of three octets",
       TestReply(kHost).Record({"a.example"}, 1, "abc"),
       Failure::kMalformed,
       {}},
      {"an address of five octets",
       TestReply(kHost).Record({"a.example"}, 1, "abcde"),
       Failure::kMalformed,
       {}},
  };
  for (const NegativeCase& c : cases) {
    SCOPED_TRACE(c.says);
    const RecordSet set = Parse(c.reply, kHost);
    EXPECT_EQ(set.failure, c.failure);
    EXPECT_EQ(set.ttl, c.ttl);
    EXPECT_TRUE(set.addresses.empty());
  }
}

TEST(ParseReply, RefusesAReplyThatEndsTooEarlyAnywhere) {
  const Lookup lookups[] = {kHost, kService, kDomain};
  const TestReply replies[] = {
      TestReply(kHost).Address({"a.example"}, "192.0.2.1"),
      TestReply(kService).Srv({kService.name}, {1, 2, 5060, "p.example"}),
      TestReply(kDomain).Naptr({"a.example"},
                               {1, 2, "s", "SIP+D2T", "", kService.name})};
  for (size_t i = 0; i < std::size(lookups); ++i) {
    const std::string& whole = replies[i].bytes();
    ASSERT_EQ(Parse(whole, lookups[i]).failure, Failure::kNone);
    for (size_t size = 0; size < whole.size(); ++size) {
      // On the heap, so that ASan sees a look beyond.
      const std::vector<uint8_t> cut(whole.begin(), whole.begin() + size);
      EXPECT_EQ(ParseReply(cut, lookups[i], kMany).failure, Failure::kMalformed)
          << size;
    }
  }
}

TEST(ParseReply, RefusesWhatIsNoReply) {
  std::string query = TestReply(kHost).bytes();
  query[2] = 0;

  EXPECT_EQ(Parse(query, kHost).failure, Failure::kMalformed);
}

TEST(ParseReply, RefusesANameThatPointsAtItself) {
  std::string reply = TestReply(kHost).bytes();
  reply[7] = 1;  // one answer
  const char loop[] = {'\xc0', static_cast<char>(reply.size())};
  reply.append(loop, sizeof(loop));
  reply += std::string("\0\1\0\1\0\0\0\1\0\4abcd", 14);

  EXPECT_EQ(Parse(reply, kHost).failure, Failure::kMalformed);
}

TEST(ParseReply, ReadsCompressedNames) {
  std::string reply = TestReply(kHost).bytes();
  reply[7] = 1;
  reply += std::string("\xc0\x0c\0\1\0\1\0\0\0\1\0\4\xc0\0\2\1", 16);

  EXPECT_EQ(Parse(reply, kHost).addresses, std::vector{Ip("192.0.2.1")});
}

}  // namespace
}  // namespace sallyport::net::dns
