#include "net/dns/names.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace sallyport::net::dns {
namespace {

constexpr std::optional<const char*> kNone;

struct NameCase {
  const char* says;
  std::string name;
  std::optional<const char*> canonical;
  bool is_host;
};

const NameCase kCases[] = {
    {"a host is itself", "ims.example.com", "ims.example.com", true},
    {"letters become small", "IMS.Example.COM", "ims.example.com", true},
    {"the last dot goes", "example.com.", "example.com", true},
    {"one label will do", "core", "core", true},
    {"hyphens within", "a-b.example", "a-b.example", true},
    {"a service has underscores", "_sip._udp.a.example", "_sip._udp.a.example",
     true},
    {"digits first, but not in the last label", "3gppnetwork.org",
     "3gppnetwork.org", true},
    {"four numbers are no host", "192.0.2.256", "192.0.2.256", false},
    {"nothing is no name", "", kNone, false},
    {"the root is no name", ".", kNone, false},
    {"no empty label", "a..b", kNone, false},
    {"no empty first label", ".a", kNone, false},
    {"no two last dots", "a..", kNone, false},
    {"no space", "a b", kNone, false},
    {"no backslash", "a\\.b", kNone, false},
    {"no NUL", std::string("a\0b", 3), kNone, false},
    {"no octet beyond ASCII", "\xc3\xa4.example", kNone, false},
    {"no brackets", "[2001:db8::1]", kNone, false},
    {"63 octets are a label", std::string(63, 'a'), nullptr, true},
    {"64 are none", std::string(64, 'a'), kNone, false},
};

TEST(CanonicalName, FollowsTheTable) {
  for (const NameCase& c : kCases) {
    SCOPED_TRACE(c.says);
    const auto name = CanonicalName(c.name);
    EXPECT_EQ(name.has_value(), c.canonical.has_value());
    if (name && c.canonical && *c.canonical != nullptr) {
      EXPECT_EQ(*name, *c.canonical);
    }
    EXPECT_EQ(CanonicalHost(c.name).has_value(), c.is_host);
  }
}

TEST(CanonicalName, HasNoMoreThan253Octets) {
  std::string name = "a";
  while (name.size() < 253) name += ".a";

  EXPECT_TRUE(CanonicalName(name));
  EXPECT_TRUE(CanonicalName(name + "."));
  EXPECT_FALSE(CanonicalName(name + "a"));
}

}  // namespace
}  // namespace sallyport::net::dns
