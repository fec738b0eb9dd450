#include "core/base/source_prefix.h"

#include <string_view>

#include "gtest/gtest.h"

namespace sallyport {
namespace {

IpAddress Parse(std::string_view text) { return *IpAddress::Parse(text); }

TEST(SourcePrefix, KeepsTheFirstBits) {
  struct Row {
    SourcePrefix prefix;
    std::string_view address, expected;
  };
  constexpr Row kRows[] = {
      {{32, 64}, "192.0.2.77", "192.0.2.77"},
      {{24, 64}, "192.0.2.77", "192.0.2.0"},
      {{23, 64}, "192.0.3.77", "192.0.2.0"},
      {{0, 64}, "192.0.2.77", "0.0.0.0"},
      {{32, 64}, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
      {{32, 56}, "2001:db8:1:2ff:3:4:5:6", "2001:db8:1:200::"},
      {{32, 128}, "2001:db8::6", "2001:db8::6"},
      {{32, 61}, "2001:db8:1:f::6", "2001:db8:1:8::"},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ(row.prefix.Of(Parse(row.address)), Parse(row.expected))
        << row.address << " gave "
        << row.prefix.Of(Parse(row.address)).ToString();
  }
  EXPECT_FALSE(SourcePrefix().Of(IpAddress()).valid());
}

}  // namespace
}  // namespace sallyport
