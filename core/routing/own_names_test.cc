#include "core/routing/own_names.h"

#include <optional>
#include <string_view>

#include "core/base/endpoint.h"
#include "core/edge_config.h"
#include "core/sip/values.h"
#include "gtest/gtest.h"

namespace sallyport::routing {
namespace {

EdgeConfig Example() {
  EdgeConfig config;
  config.shard = 3;
  config.domain = "pcscf1.ims.example.com";
  config.visited_network_id = "ims.example.com";
  config.ioi = "Type 1ims.example.com";
  config.access_network_info = "IEEE-802.11";
  config.core_listen = *Endpoint::Parse("192.0.2.10:5070");
  config.tls_port = 5061;
  config.own_hosts = {"edge.example.com", "198.51.100.10", "2001:db8::10"};
  return config;
}

TEST(OwnNames, WritesItsTextsOnce) {
  OwnNames own(Example());

  EXPECT_EQ(own.core_sent_by, "pcscf1.ims.example.com:5070");
  EXPECT_EQ(own.path_tail, "@pcscf1.ims.example.com:5070;lr>");
  EXPECT_EQ(own.core_route_tail, "@pcscf1.ims.example.com:5070;lr>");
  EXPECT_EQ(own.visited_network,
            "P-Visited-Network-ID: \"ims.example.com\"\r\n");
  EXPECT_EQ(own.access_network,
            "P-Access-Network-Info: IEEE-802.11;network-provided\r\n");
  EXPECT_EQ(own.orig_ioi, "\"Type 1ims.example.com\"");
  EXPECT_EQ(own.charging_begin, "P-Charging-Vector: icid-value=\"p3-");
  EXPECT_EQ(own.charging_end,
            "\";icid-generated-at=192.0.2.10;"
            "orig-ioi=\"Type 1ims.example.com\"\r\n");
}

// Who opens a listener for TLS wants the core to come there.
TEST(OwnNames, NamesTheListenerForTlsWhereThereIsOne) {
  EdgeConfig config = Example();
  config.core_tls_port = 5071;
  const OwnNames own(config);

  EXPECT_EQ(own.path_tail, "@pcscf1.ims.example.com:5071;transport=tls;lr>");
  EXPECT_EQ(own.core_route_tail, own.path_tail);
  EXPECT_EQ(own.core_sips_route_tail, "@pcscf1.ims.example.com:5071;lr>");
  EXPECT_EQ(own.core_contact, "@pcscf1.ims.example.com:5071;transport=tls");
  EXPECT_EQ(own.ViaBegin(sip::Transport::kTls),
            "SIP/2.0/TLS pcscf1.ims.example.com:5071;branch=");
  EXPECT_EQ(own.ViaBegin(sip::Transport::kTcp),
            "SIP/2.0/TCP pcscf1.ims.example.com:5070;branch=");
  const auto uri = sip::ParseUri("sip:t.x@pcscf1.ims.example.com:5071");
  EXPECT_TRUE(own.IsOurs(*uri, 5070));
  EXPECT_FALSE(OwnNames(Example()).IsOurs(*uri, 5070));
}

TEST(OwnNames, QuotesWhatTheOperatorWrote) {
  EdgeConfig config = Example();
  config.visited_network_id = "a\"b\\c";

  EXPECT_EQ(OwnNames(config).visited_network,
            "P-Visited-Network-ID: \"a\\\"b\\\\c\"\r\n");
}

TEST(OwnNames, PutsAnIpv6AddressInBrackets) {
  EdgeConfig config = Example();
  config.core_listen = *Endpoint::Parse("[2001:db8::10]:5060");

  EXPECT_TRUE(OwnNames(config).charging_end.starts_with(
      "\";icid-generated-at=[2001:db8::10];"));
}

TEST(OwnNames, NamesItsDomainWhenItListensOnEveryAddress) {
  EdgeConfig config = Example();
  config.core_listen = *Endpoint::Parse("0.0.0.0:5060");

  EXPECT_TRUE(OwnNames(config).charging_end.starts_with(
      "\";icid-generated-at=pcscf1.ims.example.com;"));
}

TEST(OwnNames, FindsTheBranchInItsOwnVia) {
  EdgeConfig config = Example();
  config.core_tls_port = 5071;
  const OwnNames own(config);
  for (const sip::Transport sent_on :
       {sip::Transport::kUdp, sip::Transport::kTcp, sip::Transport::kTls}) {
    const std::string via = std::string(own.ViaBegin(sent_on)) + "z9hG4bK7";
    const auto parsed = sip::ParseVia(via);
    ASSERT_TRUE(parsed) << via;
    EXPECT_EQ(parsed->host, own.domain);
    EXPECT_EQ(parsed->port, sent_on == sip::Transport::kTls ? 5071 : 5070);
    EXPECT_EQ(own.BranchIn(via), parsed->branch);
  }
  EXPECT_EQ(own.BranchIn("SIP/2.0/TLS pcscf1.ims.example.com:5061;branch=1"),
            "1");
  EXPECT_FALSE(own.BranchIn("SIP/2.0/TLS pcscf1.ims.example.com:5063;branch=1"));
  EXPECT_FALSE(own.BranchIn("SIP/2.0/TCP pcscf2.ims.example.com:5070;branch=1"));
  EXPECT_FALSE(own.BranchIn(" SIP/2.0/TCP pcscf1.ims.example.com:5070;branch=1"));
  EXPECT_FALSE(own.BranchIn(""));
}

// Spec 6.3: host is one of our names or addresses, and port one of our
// listeners. The flow's listener has port 5063.
struct OursCase {
  std::string_view uri;
  bool ours;
};
constexpr OursCase kCases[] = {
    {"sip:pcscf1.ims.example.com:5070;lr", true},
    {"sip:pcscf1.ims.example.com:5061;transport=tls;lr", true},
    {"sip:pcscf1.ims.example.com:5063;transport=tls;lr", true},
    {"sip:r.AAAA@pcscf1.ims.example.com:5070;lr", true},
    {"sips:pcscf1.ims.example.com:5061;lr", true},
    {"sip:PCSCF1.IMS.Example.COM:5070", true},
    {"sip:pcscf1.ims.example.com.:5070", true},
    {"sip:pcscf1.ims.example.com", true},
    {"sip:pcscf1.ims.example.com;transport=tls;lr", true},
    {"sip:edge.example.com:5061", true},
    {"sip:198.51.100.10:5061;transport=tls", true},
    {"sip:192.0.2.10:5070", true},
    {"sip:[2001:db8::10]:5061", true},
    {"sip:[2001:0DB8:0:0::10]:5061", true},
    // An address without a port is the default port, which is not ours for TCP.
    {"sips:198.51.100.10", true},
    {"sip:198.51.100.10;transport=tls", true},
    {"sip:198.51.100.10", false},
    {"sip:pcscf1.ims.example.com:5060", false},
    {"sip:pcscf2.ims.example.com:5070", false},
    {"sip:xpcscf1.ims.example.com:5070", false},
    {"sip:198.51.100.11:5061", false},
    {"sip:[2001:db8::11]:5061", false},
    {"tel:+15551230001", false},
    {"urn:service:sos", false},
};
TEST(OwnNames, KnowsItselfByHostAndPort) {
  OwnNames own(Example());
  for (const OursCase& c : kCases) {
    std::optional<sip::UriView> uri = sip::ParseUri(c.uri);
    ASSERT_TRUE(uri.has_value()) << c.uri;
    EXPECT_EQ(own.IsOurs(*uri, 5063), c.ours) << c.uri;
  }
}

}  // namespace
}  // namespace sallyport::routing
