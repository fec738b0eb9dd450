#include "core/base/endpoint.h"

#include <random>
#include <string>
#include <string_view>

#include "absl/hash/hash.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

std::string Written(std::string_view text) {
  const auto address = IpAddress::Parse(text);
  return address ? address->ToString() : "refused";
}

TEST(IpAddress, ReadsAddressesAndWritesTheirShortForm) {
  const struct {
    std::string_view text;
    std::string_view written;
  } kCases[] = {
      {"192.0.2.1", "192.0.2.1"},
      {"255.255.255.255", "255.255.255.255"},
      {"2001:db8::1", "2001:db8::1"},
      {"2001:0DB8:0:0:0:0:0:1", "2001:db8::1"},
      {"[2001:db8::1]", "2001:db8::1"},
      {"::", "::"},
      {"2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff",
       "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff"},
      {"::ffff:192.0.2.1", "192.0.2.1"},
      {"[::ffff:c000:201]", "192.0.2.1"},
  };
  for (const auto& c : kCases) EXPECT_EQ(Written(c.text), c.written) << c.text;
}

TEST(IpAddress, RefusesWhatIsNotExactlyAnAddress) {
  for (const std::string_view text :
       {"", "[]", "192.0.2", "192.0.2.1.1", "192.0.2.256", "192.0.2.01",
        " 192.0.2.1", "192.0.2.1 ", "192.0.2.1\n", "[192.0.2.1]",
        "[2001:db8::1", "2001:db8::1]", "2001:db8:::1", "fe80::1%eth0",
        "example.com", "0x7f.1",
        "::ffff:192.0.2.1::ffff:192.0.2.1::ffff:192.0.2.1::ffff:192.0.2.1"}) {
    EXPECT_EQ(Written(text), "refused") << text;
  }
  EXPECT_EQ(Written(std::string_view("192.0.2.1\0", 10)), "refused");
  EXPECT_EQ(Written(std::string_view("192.0.2.1\0.2", 12)), "refused");
}

// As a person would write them.
bool AreFourNumbers(std::string_view text) {
  for (int parts = 1;; ++parts) {
    const size_t dot = text.find('.');
    const std::string part(text.substr(0, dot));
    if (part.empty() || part.size() > 3 ||
        part.find_first_not_of("0123456789") != std::string::npos) {
      return false;
    }
    const int number = std::stoi(part);
    if (number > 255 || std::to_string(number) != part) return false;
    if (dot == std::string_view::npos) return parts == 4;
    text.remove_prefix(dot + 1);
  }
}

TEST(IpAddress, ReadsFourNumbersAndNothingElse) {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (int part = 0; part < 4; ++part) {
      if (part > 0) text += '.';
      text += std::to_string(random() % 300);
    }
    constexpr std::string_view kOctets = "00112.. 59x-";
    for (auto changes = random() % 3; changes > 0; --changes) {
      text[random() % text.size()] = kOctets[random() % kOctets.size()];
    }

    EXPECT_EQ(Written(text), AreFourNumbers(text) ? text : "refused");
  }
}

TEST(IpAddress, KnowsWhatKindOfAddressItIs) {
  const struct {
    std::string_view text;
    bool loopback, unspecified, many;
  } kCases[] = {
      {"127.0.0.1", true, false, false},
      {"127.255.0.9", true, false, false},
      {"128.0.0.1", false, false, false},
      {"::1", true, false, false},
      {"::2", false, false, false},
      {"1::1", false, false, false},
      {"0.0.0.0", false, true, false},
      {"::", false, true, false},
      {"0.0.0.1", false, false, false},
      {"224.0.0.1", false, false, true},
      {"239.255.255.255", false, false, true},
      {"240.0.0.1", false, false, false},
      {"255.255.255.255", false, false, true},
      {"255.255.255.254", false, false, false},
      {"ff02::1", false, false, true},
      {"fe80::1", false, false, false},
  };
  for (const auto& c : kCases) {
    const IpAddress address = IpAddress::Parse(c.text).value();
    EXPECT_EQ(address.is_loopback(), c.loopback) << c.text;
    EXPECT_EQ(address.is_unspecified(), c.unspecified) << c.text;
    EXPECT_EQ(address.is_multicast_or_broadcast(), c.many) << c.text;
    EXPECT_EQ(address.is_v4(), !address.is_v6()) << c.text;
  }
}

TEST(IpAddress, OfNothingIsNoAddress) {
  const IpAddress none;

  EXPECT_FALSE(none.valid() || none.is_v4() || none.is_v6());
  EXPECT_FALSE(none.is_loopback() || none.is_unspecified() ||
               none.is_multicast_or_broadcast());
  EXPECT_EQ(none.ToString(), "");
}

TEST(IpAddress, HashesAsItCompares) {
  const IpAddress kDifferent[] = {
      IpAddress(),
      IpAddress::V4({0, 0, 0, 0}),
      IpAddress::V4({192, 0, 2, 1}),
      IpAddress::V6({}),
      IpAddress::V6({192, 0, 2, 1}),
  };
  for (const IpAddress& a : kDifferent) {
    for (const IpAddress& b : kDifferent) {
      EXPECT_EQ(a == b, &a == &b);
      EXPECT_EQ(absl::HashOf(a) == absl::HashOf(b), &a == &b);
    }
  }
  EXPECT_EQ(
      IpAddress::V6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1}),
      IpAddress::V4({192, 0, 2, 1}));
}

TEST(Endpoint, ReadsAndWritesAddressAndPort) {
  for (const std::string_view text :
       {"192.0.2.1:5060", "192.0.2.1:0", "192.0.2.1:65535",
        "[2001:db8::1]:5061"}) {
    const auto endpoint = Endpoint::Parse(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(endpoint->ToString(), text);
  }
  EXPECT_EQ(Endpoint::Parse("[::ffff:192.0.2.1]:7"),
            Endpoint::Parse("192.0.2.1:7"));
}

TEST(Endpoint, RefusesWhatIsNotExactlyOne) {
  for (const std::string_view text :
       {"", ":", "192.0.2.1", "192.0.2.1:", ":5060", "192.0.2.1:65536",
        "192.0.2.1:99999999999", "192.0.2.1:-1", "192.0.2.1:+1", "192.0.2.1: 1",
        "192.0.2.1:5060 ", "192.0.2.1:5060x", "2001:db8::1:5060",
        "[2001:db8::1]5060", "[2001:db8::1]", "[192.0.2.1]:5060",
        "[2001:db8::1:5060"}) {
    EXPECT_FALSE(Endpoint::Parse(text)) << text;
  }
}

TEST(Cidr, ContainsTheAddressesOfItsBlock) {
  const struct {
    std::string_view block, inside, outside;
  } kCases[] = {
      {"192.0.2.0/24", "192.0.2.255", "192.0.3.0"},
      {"192.0.2.77/24", "192.0.2.1", "192.0.1.255"},
      {"192.0.2.0/25", "192.0.2.127", "192.0.2.128"},
      {"192.0.2.8/31", "192.0.2.9", "192.0.2.10"},
      {"192.0.2.1/32", "192.0.2.1", "192.0.2.0"},
      {"192.0.2.1", "192.0.2.1", "192.0.2.0"},
      {"0.0.0.0/0", "203.0.113.9", "2001:db8::1"},
      {"::/0", "2001:db8::1", "192.0.2.1"},
      {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"},
      {"2001:db8::1", "2001:db8::1", "2001:db8::2"},
      {"::ffff:192.0.2.0/120", "192.0.2.200", "192.0.3.0"},
  };
  for (const auto& c : kCases) {
    const auto block = Cidr::Parse(c.block);
    ASSERT_TRUE(block) << c.block;
    EXPECT_TRUE(block->Contains(*IpAddress::Parse(c.inside))) << c.block;
    EXPECT_FALSE(block->Contains(*IpAddress::Parse(c.outside))) << c.block;
    EXPECT_FALSE(block->Contains(IpAddress())) << c.block;
  }
  EXPECT_FALSE(Cidr().Contains(IpAddress()));
}

TEST(Cidr, RefusesWhatIsNotExactlyOne) {
  for (const std::string_view text :
       {"", "/", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/8/8",
        "2001:db8::/129", "192.0.2/24", "/24", "::ffff:192.0.2.0/95"}) {
    EXPECT_FALSE(Cidr::Parse(text)) << text;
  }
}

}  // namespace
}  // namespace sallyport
