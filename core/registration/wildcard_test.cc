#include "core/registration/wildcard.h"

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace sallyport::registration {
namespace {

bool Matches(std::string_view pattern, std::string_view uri) {
  const auto view = sip::ParseUri(uri);
  return view && MatchesWildcard(pattern, *view);
}

struct Row {
  std::string pattern;
  std::string uri;
  bool matches;
};

// Conformance: ASSOC-21
TEST(Wildcard, MatchesAsItsExpressionSays) {
  const Row rows[] = {
      {"sip:alice!.*!@ims.test", "sip:alice@ims.test", true},
      {"sip:alice!.*!@ims.test", "sip:alice-desk@IMS.test", true},
      {"sip:alice!.*!@ims.test", "sip:Alice-desk@ims.test", false},
      {"sip:alice!.*!@ims.test", "sip:mallory@ims.test", false},
      {"sip:alice!.*!@ims.test", "sip:alic@ims.test", false},
      {"sip:alice!.*!@ims.test", "sip:alice@ims.test.evil.test", false},
      {"sip:alice!.*!@ims.test", "sip:alice@evil.test", false},
      {"sip:alice!.*!@ims.test", "sip:ims.test", false},
      {"sip:alice!.*!@ims.test", "sips:alice@ims.test", false},
      {"sip:alice!.*!@ims.test", "tel:alice", false},
      {"sip:alice!.*!@ims.test", "sip:alice:pw@ims.test", false},
      {"sip:alice!.*!@ims.test", "sip:alice@ims.test:5070", false},
      {"sip:alice!.*!@ims.test:5070", "sip:alice@ims.test:5070", true},
      {"sip:alice!.*!@ims.test", "sip:alice@ims.test;user=phone", false},
      {"sip:+1!.*!@ims.test;user=phone", "sip:+15@ims.test;user=phone", true},
      {"sip:alice!.*!@ims.test", "sip:alice@ims.test?Route=x", false},
      {"sip:!.*!-pbx@ims.test", "sip:7-pbx@ims.test", true},
      {"sip:!.*!-pbx@ims.test", "sip:-pbx@ims.test", true},
      {"sip:!.*!-pbx@ims.test", "sip:pbx@ims.test", false},
      {"sip:a!.!a@ims.test", "sip:aa@ims.test", false},
      {"sip:a!.*!a@ims.test", "sip:a@ims.test", false},
      {"sip:a!.*!@[2001:db8::1]:5070", "sip:ab@[2001:db8::1]:5070", true},
      {"sip:a!.*!@[2001:db8::1]", "sip:ab@[2001:db8::1]", true},
      {"tel:+1555!.*!", "tel:+15551234", true},
      {"tel:+1555!.*!", "tel:+15561234", false},
      {"tel:+1555!.*!", "sip:+15551234@ims.test;user=phone", false},
      {"tel:55!.*!;phone-context=x.test", "tel:551;phone-context=x.test", true},
      {"tel:55!.*!;phone-context=x.test", "tel:551;phone-context=y.test",
       false},
      {"sip:!a!@h", "sip:a@h", true},
      {"sip:!!@h", "sip:a@h", false},
      {"sip:x!!@h", "sip:x@h", true},
      {"sip:!a+!@h", "sip:aaa@h", true},
      {"sip:x!a+!@h", "sip:x@h", false},
      {"sip:x!a?b!@h", "sip:xb@h", true},
      {"sip:x!a?b!@h", "sip:xaab@h", false},
      {"sip:![0-9]{4}!@h", "sip:1234@h", true},
      {"sip:![0-9]{4}!@h", "sip:12345@h", false},
      {"sip:![0-9]{2,3}!@h", "sip:1@h", false},
      {"sip:![0-9]{2,3}!@h", "sip:12@h", true},
      {"sip:![0-9]{2,3}!@h", "sip:123@h", true},
      {"sip:![0-9]{2,3}!@h", "sip:1234@h", false},
      {"sip:![0-9]{2,}!@h", "sip:1@h", false},
      {"sip:![0-9]{2,}!@h", "sip:123456@h", true},
      {"sip:x!a{0}!@h", "sip:x@h", true},
      {"sip:![^a-c]!@h", "sip:d@h", true},
      {"sip:![^a-c]!@h", "sip:b@h", false},
      {"sip:![a-]!@h", "sip:-@h", true},
      {"sip:![[:digit:]x]+!@h", "sip:1x2@h", true},
      {"sip:![[:alpha:]]!@h", "sip:1@h", false},
      {"sip:!a\\.b!@h", "sip:a.b@h", true},
      {"sip:!a\\.b!@h", "sip:acb@h", false},
      {"sip:!a.b!@h", "sip:acb@h", true},
      {"sip:!a!.*!@h", "sip:a!b@h", true},  // the outermost marks count
      {"sip:!(a|b)!@h", "sip:a@h", false},
      {"sip:!^a$!@h", "sip:a@h", false},
      {"sip:!a**!@h", "sip:a@h", false},
      {"sip:!*!@h", "sip:*@h", false},
      {"sip:![a!@h", "sip:a@h", false},
      {"sip:![z-a]!@h", "sip:a@h", false},
      {"sip:!a{2!@h", "sip:aa@h", false},
      {"sip:!a{3,2}!@h", "sip:aaa@h", false},
      {"sip:!a{99999999999}!@h", "sip:a@h", false},
      {"sip:!\\d!@h", "sip:1@h", false},
      {"sip:!a\\!@h", "sip:a@h", false},
      {"sip:!.*@h", "sip:a@h", false},
      {"sip:a@!.*!", "sip:a@h", false},
      {"sip:alice@h", "sip:alice@h", false},
      {"mailto:!.*!@h", "sip:a@h", false},
      {"!.*!", "sip:a@h", false},
      {"", "sip:a@h", false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Matches(row.pattern, row.uri), row.matches)
        << row.pattern << " and " << row.uri;
    EXPECT_TRUE(!row.matches || IsWildcard(row.pattern)) << row.pattern;
  }
}

TEST(Wildcard, WhatIsBeyondItsBoundsMatchesNothing) {
  EXPECT_TRUE(IsWildcard("sip:!a{63}!@h"));
  EXPECT_FALSE(IsWildcard("sip:!a{64}!@h"));
  EXPECT_FALSE(IsWildcard("sip:!a{32}b{32}!@h"));
  EXPECT_TRUE(IsWildcard(absl::StrCat("sip:", std::string(246, 'a'), "!.!@h")));
  EXPECT_FALSE(
      IsWildcard(absl::StrCat("sip:", std::string(250, 'a'), "!.*!@h")));
}

// A matcher that tries one way after the other would not come back from this.
TEST(Wildcard, TimeDoesNotDependOnThePattern) {
  std::string expression;
  for (int i = 0; i < 31; ++i) absl::StrAppend(&expression, "a*.*");
  const std::string pattern = absl::StrCat("sip:!", expression, "b!@h");
  EXPECT_FALSE(
      Matches(pattern, absl::StrCat("sip:", std::string(4000, 'a'), "@h")));
  EXPECT_TRUE(
      Matches(pattern, absl::StrCat("sip:", std::string(4000, 'a'), "b@h")));
}

}  // namespace
}  // namespace sallyport::registration
