#include "core/sip/list.h"

#include <gtest/gtest.h>

#include <iterator>
#include <random>
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

// The scanner says which rows have no comma; what a walk says of a row is the
// same whether it knows that or not.
TEST(ListCursor, RowsOfAMessageAreWalkedAsTheirTexts) {
  constexpr std::string_view kParts[] = {"a", ",",  "\"", "<",    ">",
                                         " ", "\\", ";",  "\r\n "};
  std::mt19937 random(20260104);
  for (int round = 0; round < 5000; ++round) {
    std::string row;
    for (int i = random() % 8; i > 0; --i) {
      row += kParts[random() % std::size(kParts)];
    }
    SCOPED_TRACE(row);
    const std::string message =
        "OPTIONS sip:a SIP/2.0\r\nRoute: <sip:1>\r\nRoute:" + row +
        "\r\nTo: x,y\r\nRoute: <sip:2>\r\n\r\n";
    const MessageView view = Scanned(message);
    const HeaderField& field = view.headers()[1];
    ListCursor text(view.Value(field)), marked(view, field);
    Values values = {"<sip:1>"};
    while (text.Next()) {
      values.emplace_back(text.value());
      ASSERT_TRUE(marked.Next());
      EXPECT_EQ(marked.value(), text.value());
      EXPECT_EQ(marked.span(), text.span());
      EXPECT_EQ(marked.field(), &field);
    }
    EXPECT_FALSE(marked.Next());
    EXPECT_FALSE(marked.Next());
    EXPECT_EQ(marked.malformed(), text.malformed());
    values.emplace_back("<sip:2>");

    ListCursor all(view, HeaderId::kRoute);
    Values seen;
    while (all.Next()) seen.emplace_back(all.value());
    EXPECT_EQ(seen, values);
    EXPECT_FALSE(all.Next());
    EXPECT_EQ(all.malformed(), text.malformed());
  }
}

TEST(ListCursor, ARowIsMalformedOnceTheWalkComesToIt) {
  const std::string message =
      "OPTIONS sip:a SIP/2.0\r\nRoute: a\r\nRoute: \"b\r\nRoute: c\r\n\r\n";
  const MessageView view = Scanned(message);
  ListCursor cursor(view, HeaderId::kRoute);
  ASSERT_TRUE(cursor.Next());
  EXPECT_FALSE(cursor.malformed());
  ASSERT_TRUE(cursor.Next());
  EXPECT_TRUE(cursor.malformed());
  ASSERT_TRUE(cursor.Next());
  EXPECT_TRUE(cursor.malformed());
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
  EXPECT_EQ(FindParam(";a = \"b;\" ;c", "a").whole, "a = \"b;\"");
  EXPECT_EQ(FindParam("; lr ;a", "lr").whole, "lr");
  EXPECT_EQ(FindParam(";a;lr ", "lr").whole, "lr");
  EXPECT_FALSE(FindParam(";a=\"tag\"", "tag").present);
  EXPECT_FALSE(FindParam("", "tag").present);
  EXPECT_FALSE(FindParam(";tag", "tag").has_value);
}

}  // namespace
}  // namespace sallyport::sip
