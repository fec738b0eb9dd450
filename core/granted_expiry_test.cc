#include "core/granted_expiry.h"

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "core/sip/message.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

struct Row {
  const char* name;
  const char* lines;
  RegisteredContact contact;
  uint32_t expires_s;
};

class GrantedExpiryTest : public testing::TestWithParam<Row> {};

constexpr RegisteredContact kPlain{.uri = "sip:a@192.168.1.10:5062",
                                   .expires_s = 7};
constexpr RegisteredContact kInstance{.uri = "sip:a@192.168.1.10:5062",
                                      .instance = "<urn:uuid:1>",
                                      .reg_id = 2,
                                      .expires_s = 7};

// Conformance: ASSOC-06, ASSOC-07, ASSOC-08, ASSOC-09
INSTANTIATE_TEST_SUITE_P(
    Spec54, GrantedExpiryTest,
    testing::Values(
        Row{"Parameter", "Contact: <sip:a@192.168.1.10:5062>;expires=5\r\n",
            kPlain, 5},
        Row{"ParameterBeforeHeader",
            "Contact: <sip:a@192.168.1.10:5062>;expires=5\r\nExpires: 9\r\n",
            kPlain, 5},
        Row{"Header", "Contact: <sip:a@192.168.1.10:5062>\r\nExpires: 9\r\n",
            kPlain, 9},
        Row{"Neither", "Contact: <sip:a@192.168.1.10:5062>\r\n", kPlain, 7},
        Row{"BadParameterIsNone",
            "Contact: <sip:a@192.168.1.10:5062>;expires=-5\r\nExpires: 9\r\n",
            kPlain, 9},
        Row{"TooLargeIsClamped",
            "Contact: <sip:a@192.168.1.10:5062>;expires=99999999999\r\n",
            kPlain, 4294967295},
        Row{"WhatCannotBeReadIsNoContact",
            "Contact: <sip:a@192.168.1.10:5062>;expires=5;x=\"y\r\n", kPlain, 0},
        Row{"CompactForm", "m: <sip:a@192.168.1.10:5062>;expires=5\r\n", kPlain,
            5},
        Row{"HostIsEqualWithoutCase",
            "Contact: <sip:a@EXAMPLE.net>;expires=5\r\n",
            RegisteredContact{.uri = "sip:a@example.net"}, 5},
        Row{"OtherPort", "Contact: <sip:a@192.168.1.10:5063>;expires=5\r\n",
            kPlain, 0},
        Row{"None", "", kPlain, 0},
        Row{"ByInstance",
            "Contact: "
            "<sip:b@10.0.0.1>;+sip.instance=\"<urn:uuid:1>\";expires=5\r\n",
            kInstance, 5},
        Row{"OtherInstanceOfTheSameUri",
            "Contact: <sip:a@192.168.1.10:5062>;+sip.instance=\"<urn:uuid:9>\";"
            "expires=5\r\n",
            kInstance, 0},
        Row{"ByRegId",
            "Contact: <sip:b@10.0.0.1>;+sip.instance=\"<urn:uuid:1>\";reg-id=1;"
            "expires=5, "
            "<sip:b@10.0.0.1>;+sip.instance=\"<urn:uuid:1>\";reg-id=2;expires="
            "6\r\n",
            kInstance, 6},
        Row{"UriWhenTheListedOneHasNoInstance",
            "Contact: <sip:a@192.168.1.10:5062>;expires=5\r\n", kInstance, 5}),
    [](const auto& param) { return param.param.name; });

TEST_P(GrantedExpiryTest, IsThatOfOurContact) {
  const std::string text =
      absl::StrCat("SIP/2.0 200 OK\r\n", GetParam().lines, "\r\n");
  sip::MessageView ok;
  ASSERT_EQ(ok.Scan(text), sip::ScanVerdict::kOk);
  EXPECT_EQ(GrantedExpiry(ok, GetParam().contact), GetParam().expires_s);
}

}  // namespace
}  // namespace sallyport
