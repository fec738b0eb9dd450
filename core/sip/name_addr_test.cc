#include "core/sip/name_addr.h"

#include <gtest/gtest.h>

#include <string>

#include "core/sip/list.h"

namespace sallyport::sip {
namespace {

struct AddressCase {
  std::string_view value, display_name, uri, params;
};
constexpr AddressCase kAddresses[] = {
    {"<sip:a@b>", "", "sip:a@b", ""},
    {"<sip:a@b;lr>;tag=1", "", "sip:a@b;lr", ";tag=1"},
    {"\"A, \\\"B\\\" <x>\" <sip:a@b> ;tag=1", "\"A, \\\"B\\\" <x>\"", "sip:a@b",
     ";tag=1"},
    {"caller<sip:a@b>", "caller", "sip:a@b", ""},
    {"Mr. Alice\r\n Watson <sip:a,b?c;d@b?h=1>", "Mr. Alice\r\n Watson",
     "sip:a,b?c;d@b?h=1", ""},
    // Conformance: PARSE-07
    {"sip:a@b;transport=tls;expires=5", "", "sip:a@b",
     ";transport=tls;expires=5"},
    {" sip:a@b ", "", "sip:a@b", ""},
    {"tel:+1;q=0.5", "", "tel:+1", ";q=0.5"},
    {"sip:a@b;+sip.instance=\"<urn:uuid:1>\"", "", "sip:a@b",
     ";+sip.instance=\"<urn:uuid:1>\""},
};

TEST(ParseNameAddr, Table) {
  for (const AddressCase& row : kAddresses) {
    SCOPED_TRACE(row.value);
    const auto address = ParseNameAddr(row.value);
    ASSERT_TRUE(address);
    EXPECT_EQ(address->display_name, row.display_name);
    EXPECT_EQ(address->uri, row.uri);
    EXPECT_EQ(address->params, row.params);
  }
  EXPECT_TRUE(ParseNameAddr("<sip:a>")->bracketed);
  EXPECT_FALSE(ParseNameAddr("sip:a")->bracketed);
}

TEST(ParseNameAddr, RefusesWhatCannotBeToldApart) {
  for (std::string_view value : {
           "",
           "<>",
           "<sip:a",
           "\"A <sip:a>",
           "\"A\" sip:a",
           "\"A\"",
           "Bell, Alexander <sip:a>",
           "sip:a@b, sip:c",
           "sip:a@b?h=1",
           "sip:a@b>",
           "a b",
           "<sip:a> x",
           "<sip:a>;",
           "<sip:a>;;tag=1",
           "<sip:a>;tag=\"1",
           "\"Joe\";<sip:joe@example.org>;;;;",
           "A\"B\" <sip:a>",
           "sip:x <sip:a>",
       }) {
    EXPECT_FALSE(ParseNameAddr(value)) << value;
  }
}

TEST(PartNameAddr, LeavesTheParametersToWhoeverWalksThem) {
  for (std::string_view params : {";", ";;tag=1", ";tag=\"1", " x"}) {
    SCOPED_TRACE(params);
    const std::string value = "<sip:a>" + std::string(params);
    EXPECT_FALSE(ParseNameAddr(value));
    const auto address = PartNameAddr(value);
    ASSERT_TRUE(address);
    EXPECT_EQ(address->uri, "sip:a");
    EXPECT_FALSE(AreParams(address->params));
  }
  EXPECT_FALSE(PartNameAddr("<sip:a"));
  EXPECT_FALSE(PartNameAddr("<>;tag=1"));
}

TEST(ParseCSeq, ANumberBelowTwoToThe31AndAMethod) {
  EXPECT_EQ(ParseCSeq("2147483647 INVITE")->number, 2147483647u);
  EXPECT_EQ(ParseCSeq("0009\r\n  INVITE")->number, 9u);
  EXPECT_EQ(ParseCSeq(" 1\tRE%47IST%45R ")->method, "RE%47IST%45R");
}

// Conformance: PARSE-13
TEST(ParseCSeq, RefusesWhatIsNone) {
  for (std::string_view value : {
           "",
           "1",
           "INVITE",
           "1INVITE",
           "2147483648 INVITE",
           "36893488147419103232 INVITE",
           "4294967297 INVITE",
           "-1 INVITE",
           "+1 INVITE",
           "1.0 INVITE",
           "1 INVITE x",
           "1 IN;VITE",
       }) {
    EXPECT_FALSE(ParseCSeq(value)) << value;
  }
}

}  // namespace
}  // namespace sallyport::sip
