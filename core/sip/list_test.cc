#include "core/sip/list.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sallyport::sip {
namespace {

using Values = std::vector<std::string>;

Values All(ListCursor cursor) {
  Values values;
  while (cursor.Next()) values.emplace_back(cursor.value());
  return values;
}

struct RowCase {
  std::string_view row;
  Values values;
  bool malformed = false;
};

// Conformance: PARSE-06
TEST(ListCursor, CommasInQuotesAndBracketsAreData) {
  const RowCase cases[] = {
      {"", {}},
      {"  ", {}},
      {"a", {"a"}},
      {" a ,\tb\r\n , c", {"a", "b", "c"}},
      {"a,,b", {"a", "", "b"}},
      {"a,", {"a", ""}},
      {",", {"", ""}},
      {"\"x, y\" <sip:a,b@c>, <sip:d>", {"\"x, y\" <sip:a,b@c>", "<sip:d>"}},
      {"\"a\\\", b\", c", {"\"a\\\", b\"", "c"}},
      {"\"<\", b", {"\"<\"", "b"}},
      {"<sip:a\"b>, c", {"<sip:a\"b>", "c"}},
      {"a, \"b, c", {"a", "\"b, c"}, true},
      {"a, <b, c", {"a", "<b, c"}, true},
  };
  for (const RowCase& row : cases) {
    SCOPED_TRACE(row.row);
    EXPECT_EQ(All(ListCursor(row.row)), row.values);
    ListCursor cursor(row.row);
    while (cursor.Next()) {
    }
    EXPECT_EQ(cursor.malformed(), row.malformed);
  }
}

MessageView Scanned(const std::string& message) {
  MessageView view;
  EXPECT_EQ(view.Scan(message), ScanVerdict::kOk);
  return view;
}

// Conformance: PARSE-04
TEST(ListCursor, RowsAndCommasAreOneListInOrder) {
  const std::string message =
      "OPTIONS sip:a SIP/2.0\r\nRoute: <sip:1>, <sip:2>\r\nTo: x\r\n"
      "route:\r\nROUTE: <sip:3>\r\nRoute:\r\n <sip:4>\r\n ,<sip:5>\r\n\r\n";
  const MessageView view = Scanned(message);

  EXPECT_EQ(All(ListCursor(view, HeaderId::kRoute)),
            (Values{"<sip:1>", "<sip:2>", "<sip:3>", "<sip:4>", "<sip:5>"}));
  EXPECT_EQ(All(ListCursor(view, HeaderId::kPath)), Values{});
  ListCursor cursor(view, HeaderId::kRoute);
  cursor.Next();
  cursor.Next();
  EXPECT_EQ(cursor.field(), view.Find(HeaderId::kRoute));
  cursor.Next();
  EXPECT_EQ(view.Name(*cursor.field()), "ROUTE");
}

std::string Shown(std::string_view params) {
  std::string out;
  ParamCursor cursor(params);
  while (cursor.Next()) {
    out += "[" + std::string(cursor.name());
    if (cursor.has_value()) out += "|" + std::string(cursor.value());
    out += "]";
  }
  return out + (cursor.malformed() ? "!" : "");
}

TEST(ParamCursor, Table) {
  const struct {
    std::string_view params, shown;
  } cases[] = {
      {"", ""},
      {"  ", ""},
      {";lr", "[lr]"},
      {";a=b;c", "[a|b][c]"},
      {" ; a = b\r\n ;\tc = \"d;e\" ", "[a|b][c|\"d;e\"]"},
      {";a=\"x\\\";y\";b", "[a|\"x\\\";y\"][b]"},
      {";received=2001:db8::1;b", "[received|2001:db8::1][b]"},
      {";+sip.instance=\"<urn:uuid:1>\"", "[+sip.instance|\"<urn:uuid:1>\"]"},
      {"a", "!"},
      {";", "!"},
      {";a;;b", "[a]!"},
      {";a;", "[a]!"},
      {";a=", "!"},
      {";a=;b", "!"},
      {";=b", "!"},
      {";a=\"b", "!"},
      {";a=b\"c\"", "!"},
      {";a=\"b\"c", "!"},
      {";a b", "!"},
      {";a=b c", "!"},
      {";a,b", "!"},
  };
  for (const auto& row : cases)
    EXPECT_EQ(Shown(row.params), row.shown) << row.params;
}

TEST(FindParam, FindsTheFirstInAnyCase) {
  const Param found = FindParam(";Tag = 1;TAG=2", "tag");

  EXPECT_TRUE(found.present && found.has_value);
  EXPECT_EQ(found.value, "1");
  EXPECT_EQ(found.whole, "Tag = 1");
  EXPECT_FALSE(FindParam(";a=\"tag\"", "tag").present);
  EXPECT_FALSE(FindParam("", "tag").present);
  EXPECT_FALSE(FindParam(";tag", "tag").has_value);
}

}  // namespace
}  // namespace sallyport::sip
