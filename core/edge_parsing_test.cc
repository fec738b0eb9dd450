// Spellings that mean the same to the whole Edge: compact forms, rows and comma
// lists, folds, line ends (Sallyport 8.1).
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "core/testing/edge_harness.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

struct List {
  std::string_view name;
  std::string_view first;
  std::string_view second;
};

// The list of a header as one row, whatever rows it came in.
std::string Joined(std::string_view message, std::string_view name) {
  std::string list = absl::StrJoin(Rows(message, name), ",");
  return absl::StrReplaceAll(list, {{" ", ""}, {"\t", ""}});
}

// Both values, in every way to write them.
std::vector<std::string> Spellings(const List& list) {
  const auto& [name, first, second] = list;
  return {
      absl::StrCat(name, ": ", first, ",", second, "\r\n"),
      absl::StrCat(name, ": ", first, " \t, ", second, "\r\n"),
      absl::StrCat(name, " :", first, "\r\n", name, ":", second, "\r\n"),
      absl::StrCat(name, ": ", first, "\r\nX: y\r\n", name, ": ", second,
                   "\r\n"),
  };
}

constexpr List kRequestLists[] = {
    {"Contact", "<sip:alice@192.168.1.10:5062>;expires=60", "<sip:b@c>"},
    {"Supported", "gruu", "timer"},
    {"Require", "sec-agree", "outbound"},
    {"Proxy-Require", "sec-agree", "Sec-Agree"},
    {"Security-Client", "ipsec-3gpp;alg=hmac-md5-96", "tls;q=0.1"},
    {"P-Access-Network-Info", "IEEE-802.11", "IEEE-802.3;network-provided"},
    {"P-Asserted-Identity", "<sip:a@b>", "<tel:+1>"},
    {"Path", "<sip:a;lr>", "<sip:b;lr>"},
    {"Route", "<sip:a;lr>", "<sip:b;lr>"},
};

// Conformance: PARSE-04
TEST(Parsing, RowsAndCommaListsOfARequestMeanTheSame) {
  for (const List& list : kRequestLists) {
    std::string expected;
    for (const std::string& lines : Spellings(list)) {
      SCOPED_TRACE(lines);
      EdgeHarness net;
      RegisterText phone{.branch = "z9hG4bKlist", .secagree = true};
      std::string text = phone.Text();
      const std::string own = absl::StrCat("\r\n", list.name, ": ");
      if (const size_t row = text.find(own); row != text.npos) {
        text.erase(row, text.find("\r\n", row + 2) - row);
      }
      net.Receive(net.OpenTls(),
                  Replaced(text, "Max-Forwards", lines + "Max-Forwards"));
      ASSERT_TRUE(net.Only().to_core) << net.OnlyText();
      const std::string sent = Joined(net.OnlyText(), list.name);
      if (expected.empty()) expected = sent;
      EXPECT_EQ(sent, expected);
    }
  }
}

constexpr List kResponseLists[] = {
    {"Service-Route", "<sip:orig@192.0.2.30:5060;lr>", "<sip:x@192.0.2.31;lr>"},
    {"P-Associated-URI", "<sip:alice@ims.example.com>", "<tel:+15551230001>"},
};

// Conformance: PARSE-04
TEST(Parsing, RowsAndCommaListsOfAResponseMeanTheSame) {
  for (const List& list : kResponseLists) {
    for (const std::string& lines : Spellings(list)) {
      SCOPED_TRACE(lines);
      EdgeHarness net;
      const FlowId phone = net.OpenTls();
      const List& other = kResponseLists[&list == &kResponseLists[0]];
      net.Associate(phone, {},
                    absl::StrCat(lines, other.name, ": ", other.first, ", ",
                                 other.second, "\r\n"));
      net.Receive(phone, RequestText{.extra = "P-Preferred-Identity: "
                                              "<tel:+15551230001>\r\n"}
                             .Text());
      EXPECT_EQ(Joined(net.OnlyText(), "Route"),
                "<sip:orig@192.0.2.30:5060;lr>,<sip:x@192.0.2.31;lr>");
      EXPECT_EQ(Row(net.OnlyText(), "P-Asserted-Identity"),
                "<tel:+15551230001>");
    }
  }
}

// Conformance: PARSE-01, PARSE-03
TEST(Parsing, CompactAndLongFormsMixInAnyCase) {
  const std::string text = RegisterText{.response = "r"}.Text();
  const std::string compact =
      absl::StrReplaceAll(text, {{"Via:", "V  :"},
                                 {"From:", "f:"},
                                 {"To:", "T\t:"},
                                 {"Call-ID:", "i:"},
                                 {"Contact:", "M:"},
                                 {"Supported:", "k:"},
                                 {"Content-Length:", "L \t:"}});
  for (const std::string& spelling : {text, compact}) {
    EdgeHarness net;
    const FlowId phone = net.OpenTls();
    net.Receive(phone, spelling);
    ASSERT_TRUE(net.Only().to_core) << spelling;
    const std::string long_again =
        absl::StrReplaceAll(net.OnlyText(), {{"V  :", "Via:"},
                                             {"\r\nf:", "\r\nFrom:"},
                                             {"T\t:", "To:"},
                                             {"\r\ni:", "\r\nCall-ID:"},
                                             {"M:", "Contact:"}});
    net.Receive(net.CoreLink(net.Only().to.peer),
                Grant(long_again, 600, EdgeHarness::kIdentities));
    EXPECT_EQ(StatusOf(net.OnlyText()), 200);
    EXPECT_EQ(net.totals().associations_active, 1u);
  }
}

// A compact form hides nothing of what only the network may say: there is none,
// and those that there are name other fields.
// Conformance: TRUST-03
TEST(Parsing, CompactFormsShadowNothing) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  std::string lines;
  for (char name = 'a'; name <= 'z'; ++name) {
    if (std::string_view("cefiltv").find(name) != std::string_view::npos) {
      continue;  // those of the request itself
    }
    absl::StrAppend(&lines, std::string(1, name), ": <sip:kept@x>\r\n");
  }

  net.Receive(phone, RequestText{.extra = lines + "P-Asserted-Identity: "
                                                  "<sip:evil@x>\r\n"}
                         .Text());

  const std::string sent = net.OnlyText();
  EXPECT_TRUE(net.Only().to_core);
  EXPECT_FALSE(Contains(sent, "evil"));
  for (char name = 'a'; name <= 'z'; ++name) {
    const std::string row(1, name);
    if (Contains(lines, absl::StrCat(row, ": "))) {
      EXPECT_EQ(Rows(sent, row).size(), 1u) << row;
    }
  }
}

// Conformance: PARSE-17
TEST(Parsing, HighOctetsAndControlsPassUnchanged) {
  EdgeHarness net;
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  const std::string line = "Subject: \"\xc3\xa4 \xff\xfe\x80 \x01\x7f \\\x07\"";

  net.Receive(phone, RequestText{.extra = line + "\r\n"}.Text());

  EXPECT_TRUE(Contains(net.OnlyText(), line + "\r\n"));
}

// Only with `lenient`; a CR alone never.
TEST(Parsing, LinesThatEndWithLfAloneAreTakenByFlag) {
  for (bool lenient : {false, true}) {
    SCOPED_TRACE(lenient);
    EdgeConfig config = EdgeHarness::ExampleConfig();
    config.lenient = lenient;
    EdgeHarness net(config);
    const FlowId phone = net.OpenTls();
    net.Associate(phone);
    const auto text = [](int cseq, const char* line) {
      return RequestText{.cseq = cseq, .extra = line}.Text();
    };

    net.Receive(phone, text(1, "X: y\nY: z\r\n"));
    EXPECT_EQ(StatusOf(net.OnlyText()), lenient ? 0 : 400);
    net.ReceiveFrom(net.CoreUdp(), "192.0.2.30:5060",
                    text(2, "X: y\nY: z\r\n"));
    EXPECT_EQ(StatusOf(net.OnlyText()), lenient ? 404 : 400);
    net.Receive(phone, text(3, "X: y\rz\r\n"));
    EXPECT_EQ(StatusOf(net.OnlyText()), 400);
  }
}

// What we assert is what the network told, without what a UE adds.
// Conformance: TRUST-01, ORIG-02
TEST(Parsing, AssertedIdentityHasNoParametersOfTheUe) {
  for (std::string_view preferred :
       {"<sip:alice@ims.example.com;cpc=payphone>",
        "<sip:alice@ims.example.com;CPC=ordinary;oli=70>",
        "\"Evil\" <sip:alice@ims.example.com;iotl=homeA-homeB>;evil=1",
        "<sip:alice@ims.example.com;%63pc=payphone>",
        "<tel:+15551230001;cpc=payphone>", "<tel:+15551230001;oli=7;iotl=x>",
        "<sip:+15551230001@ims.example.com;user=phone;cpc=payphone>"}) {
    SCOPED_TRACE(preferred);
    EdgeHarness net;
    const FlowId phone = net.OpenTls();
    net.Associate(phone);

    net.Receive(phone,
                RequestText{.extra = absl::StrCat(
                                "P-Preferred-Identity: ", preferred, "\r\n")}
                    .Text());

    const std::string asserted = Row(net.OnlyText(), "P-Asserted-Identity");
    EXPECT_TRUE(asserted == "<sip:alice@ims.example.com>" ||
                asserted == "<tel:+15551230001>")
        << asserted;
  }
}

}  // namespace
}  // namespace sallyport
