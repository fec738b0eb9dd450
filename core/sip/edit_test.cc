#include "core/sip/edit.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/sip/list.h"

namespace sallyport::sip {
namespace {

constexpr std::string_view kStart = "REGISTER sip:example.com SIP/2.0\r\n";

// One message, and what is to be done to it.
struct Bench {
  explicit Bench(std::string_view fields)
      : bytes(std::string(kStart) + std::string(fields) + "\r\nbody") {
    EXPECT_EQ(message.Scan(bytes), ScanVerdict::kOk);
    splices.Reset(bytes);
  }
  // The fields that leave.
  std::string Fields() {
    splices.Seal();
    std::string out(splices.gathered_size(), '?');
    splices.Gather(out.data());
    EXPECT_TRUE(out.starts_with(kStart) && out.ends_with("\r\nbody")) << out;
    return out.substr(kStart.size(), out.size() - kStart.size() - 6);
  }

  std::string bytes;
  MessageView message;
  SpliceList splices;
  Scratch scratch;
};

TEST(Edit, RemovingAFieldTakesItsFoldsAndNothingElse) {
  Bench bench("To: 1\r\nSubject: a\r\n b\r\n\tc\r\nFrom: 2\r\n");

  RemoveField(*bench.message.Find(HeaderId::kSubject), bench.splices);

  EXPECT_EQ(bench.Fields(), "To: 1\r\nFrom: 2\r\n");
}

TEST(Edit, RemovingAllTakesEveryRowInEveryForm) {
  Bench bench("v: 1\r\nTo: 1\r\nVIA : 2\r\nVia: 3\r\nX-Via: 4\r\n");

  EXPECT_EQ(RemoveAll(bench.message, HeaderId::kVia, bench.splices), 3u);
  EXPECT_EQ(RemoveAll(bench.message, HeaderId::kPath, bench.splices), 0u);

  EXPECT_EQ(bench.Fields(), "To: 1\r\nX-Via: 4\r\n");
}

TEST(Edit, InsertionsGoWhereTheySay) {
  Bench bench("To: 1\r\nRoute: 2\r\nRoute: 3\r\n");

  InsertTop(bench.message, "Via: t\r\n", bench.splices);
  InsertFirst(bench.message, HeaderId::kRoute, "Route: f\r\n", bench.splices);
  InsertFirst(bench.message, HeaderId::kPath, "Path: p\r\n", bench.splices);
  InsertBefore(bench.message.headers()[2], "X: b\r\n", bench.splices);
  AppendField(bench.message, "Y: a\r\n", bench.splices);
  ReplaceValue(bench.message.headers()[0], "new", bench.splices);

  EXPECT_EQ(bench.Fields(),
            "Via: t\r\nTo: new\r\nRoute: f\r\nRoute: 2\r\nX: b\r\nRoute: 3\r\n"
            "Path: p\r\nY: a\r\n");
}

struct TagCase {
  std::string_view sentence, fields, left;
  size_t removed, kept;
};
constexpr TagCase kTags[] = {
    {"alone", "Require: sec-agree\r\n", "", 1, 0},
    {"alone, folded", "Require:\r\n sec-agree\r\n \r\n", "", 1, 0},
    {"first", "Require: sec-agree, path\r\n", "Require: path\r\n", 1, 1},
    {"last", "Require: path ,\tsec-agree\r\n", "Require: path\r\n", 1, 1},
    {"middle", "Require: a,  Sec-Agree , b\r\n", "Require: a,  b\r\n", 1, 2},
    {"more than once",
     "Require: sec-agree,a,sec-agree,sec-agree,b,SEC-AGREE"
     "\r\n",
     "Require: a,b\r\n", 4, 2},
    {"only it, more than once", "Require: sec-agree,sec-agree\r\n", "", 2, 0},
    {"over rows", "Require: sec-agree\r\nTo: x\r\nRequire: a, sec-agree\r\n",
     "To: x\r\nRequire: a\r\n", 2, 1},
    {"folds stay where they are", "Require: a\r\n ,b,\r\n sec-agree\r\n",
     "Require: a\r\n ,b\r\n", 1, 2},
    {"a tag that begins alike", "Require: sec-agree2, xsec-agree\r\n",
     "Require: sec-agree2, xsec-agree\r\n", 0, 2},
    {"empty values stay", "Require: ,a,,b,sec-agree\r\n", "Require: ,a,,b\r\n",
     1, 2},
    {"empty values beside it go with it", "Require: a,,sec-agree,\r\n",
     "Require: a\r\n", 1, 1},
    {"empty values go with the row", "Require: ,sec-agree,,\r\n", "", 1, 0},
    {"an empty row", "Require:\r\n", "Require:\r\n", 0, 0},
    {"absent", "To: x\r\n", "To: x\r\n", 0, 0},
};

TEST(Edit, OptionTagTable) {
  for (const TagCase& row : kTags) {
    SCOPED_TRACE(row.sentence);
    Bench bench(row.fields);

    const ListEdit edit = RemoveOptionTag(bench.message, HeaderId::kRequire,
                                          "sec-agree", bench.splices);

    EXPECT_EQ(edit.removed, row.removed);
    EXPECT_EQ(edit.kept, row.kept);
    EXPECT_EQ(bench.Fields(), row.left);
  }
}

constexpr std::string_view kRoutes =
    "Route: <sip:1;x=\",\">, \"a,b\" <sip:2>\r\nTo: x\r\nRoute: <sip:3>\r\n";

// Conformance: PARSE-04, PARSE-06
TEST(Edit, TheFirstAndTheLastValuesOverTheRows) {
  const struct {
    size_t first;
    std::string_view left;
  } cases[] = {
      {0, kRoutes},
      {1, "Route: \"a,b\" <sip:2>\r\nTo: x\r\nRoute: <sip:3>\r\n"},
      {2, "To: x\r\nRoute: <sip:3>\r\n"},
      {3, "To: x\r\n"},
      {9, "To: x\r\n"},
  };
  for (const auto& row : cases) {
    Bench bench(kRoutes);
    RemoveFirstListValues(bench.message, HeaderId::kRoute, row.first,
                          bench.splices);
    EXPECT_EQ(bench.Fields(), row.left);
  }
  Bench bench(kRoutes);
  EXPECT_EQ(
      RemoveLastListValue(bench.message, HeaderId::kRoute, bench.splices).kept,
      2u);
  EXPECT_EQ(bench.Fields(),
            "Route: <sip:1;x=\",\">, \"a,b\" <sip:2>\r\nTo: x\r\n");
}

// Every subset of the values of a row: what stays is what was meant, and it can
// be read again.
TEST(Edit, AnySubsetOfAListLeavesTheOthersInOrder) {
  const std::vector<std::string> values = {"a", "\"b,\" <sip:b>", "c",
                                           "d;e=\",\"", "<sip:f,>"};
  for (unsigned kept = 0; kept < 1u << values.size(); ++kept) {
    Bench bench("Path: " + values[0] + "," + values[1] + " ,\r\n " + values[2] +
                "\t,\t" + values[3] + ",  " + values[4] + "\r\n");
    std::vector<std::string> expected, left;
    for (size_t i = 0; i < values.size(); ++i) {
      if (kept >> i & 1) expected.push_back(values[i]);
    }

    size_t seen = 0;
    RemoveListValues(
        bench.message, HeaderId::kPath,
        [&](std::string_view) { return (kept >> seen++ & 1) == 0; },
        bench.splices);

    const std::string fields = bench.Fields();
    Bench again(fields);
    for (ListCursor c(again.message, HeaderId::kPath); c.Next();) {
      left.emplace_back(c.value());
    }
    EXPECT_EQ(left, expected) << fields;
    EXPECT_EQ(fields.empty(), kept == 0);
  }
}

constexpr std::string_view kClaim[] = {"integrity-protected"};
constexpr std::string_view kYes = "integrity-protected=\"tls-yes\"";

struct AuthCase {
  std::string_view sentence;
  std::string_view value;
  std::string_view removed;   // the value that is left; empty: the field went
  std::string_view appended;  // with kYes appended
};
// Source: spec 4.1 to 4.3.
constexpr AuthCase kAuth[] = {
    {"no claim", "Digest a=\"b\"", "Digest a=\"b\"",
     "Digest a=\"b\", integrity-protected=\"tls-yes\""},
    {"last", "Digest a=b, integrity-protected=\"no\"", "Digest a=b",
     "Digest a=b, integrity-protected=\"tls-yes\""},
    {"first", "Digest integrity-protected=yes, a=b", "Digest a=b",
     "Digest a=b, integrity-protected=\"tls-yes\""},
    {"middle", "Digest a=b,integrity-protected=yes ,c=d", "Digest a=b,c=d",
     "Digest a=b,c=d, integrity-protected=\"tls-yes\""},
    {"any case, folded around",
     "Digest a=b,\r\n Integrity-PROTECTED\r\n =\r\n "
     "\"tls-yes\"\r\n , c=d",
     "Digest a=b,\r\n c=d",
     "Digest a=b,\r\n c=d, integrity-protected=\"tls-yes\""},
    {"without value", "Digest a=b, integrity-protected, c=d", "Digest a=b, c=d",
     "Digest a=b, c=d, integrity-protected=\"tls-yes\""},
    {"with an empty value", "Digest a=b, integrity-protected=", "Digest a=b",
     "Digest a=b, integrity-protected=\"tls-yes\""},
    {"many times",
     "Digest integrity-protected=a, integrity-protected=\"b\", "
     "c=d, integrity-protected, integrity-protected=e",
     "Digest c=d", "Digest c=d, integrity-protected=\"tls-yes\""},
    {"alone", "Digest integrity-protected=\"tls-yes\"", "",
     "Digest integrity-protected=\"tls-yes\""},
    {"alone without value", "Digest integrity-protected", "",
     "Digest integrity-protected=\"tls-yes\""},
    {"in quotes it is data",
     "Digest a=\", integrity-protected=\\\"tls-yes\\\", \"",
     "Digest a=\", integrity-protected=\\\"tls-yes\\\", \"",
     "Digest a=\", integrity-protected=\\\"tls-yes\\\", \", "
     "integrity-protected=\"tls-yes\""},
    {"a claim with quotes and commas in it",
     "Digest integrity-protected=\"a\\\", b=c\", d=e", "Digest d=e",
     "Digest d=e, integrity-protected=\"tls-yes\""},
    {"a name that begins alike", "Digest integrity-protected2=a",
     "Digest integrity-protected2=a",
     "Digest integrity-protected2=a, integrity-protected=\"tls-yes\""},
    {"another scheme", "Other integrity-protected=yes, a=b", "Other a=b",
     "Other a=b, integrity-protected=\"tls-yes\""},
};

// Conformance: PARSE-05
TEST(Edit, AuthParamTable) {
  for (const AuthCase& row : kAuth) {
    SCOPED_TRACE(row.sentence);
    const std::string fields =
        "To: x\r\nAuthorization: " + std::string(row.value) + "\r\nl: 4\r\n";
    const auto with = [](std::string_view value) {
      if (value.empty()) return std::string("To: x\r\nl: 4\r\n");
      return "To: x\r\nAuthorization: " + std::string(value) + "\r\nl: 4\r\n";
    };
    Bench removed(fields), appended(fields);

    EXPECT_TRUE(EditAuthParams(removed.message, removed.message.headers()[1],
                               kClaim, "", removed.splices)
                    .ok);
    EXPECT_TRUE(EditAuthParams(appended.message, appended.message.headers()[1],
                               kClaim, kYes, appended.splices)
                    .ok);

    EXPECT_EQ(removed.Fields(), with(row.removed));
    EXPECT_EQ(appended.Fields(), with(row.appended));
  }
}

// Nothing of an edit that was given up stays, not even that it was too much.
TEST(Edit, CredentialsThatEndBadlyAfterManyPartsAreLeft) {
  std::string value = "Other a=b";
  for (size_t i = 0; i < SpliceList::kSplicesMax + 10; ++i) {
    value += ",integrity-protected,a";
  }
  const std::string fields = "Authorization: " + value + ",;\r\n";
  Bench bench(fields);
  EXPECT_FALSE(EditAuthParams(bench.message, bench.message.headers()[0], kClaim,
                              "", bench.splices)
                   .ok);
  EXPECT_FALSE(bench.splices.overflowed());
  EXPECT_EQ(bench.Fields(), fields);
}

TEST(Edit, CredentialsThatCannotBeWalkedAreLeftAndReported) {
  for (std::string_view value : {
           "Digest a=\"b, integrity-protected=yes",
           "Digest a=b c=d",
           "Digest a=\"b\"integrity-protected=yes",
           "Digest a=b,",
           "Digest ,a=b",
           "Digest a=b;integrity-protected=yes",
           "",
           "Digest QWxh==",
           "integrity-protected=\"yes\"",
           "Digest, integrity-protected=yes",
       }) {
    SCOPED_TRACE(value);
    const std::string fields = "Authorization: " + std::string(value) + "\r\n";
    Bench bench(fields);

    EXPECT_FALSE(EditAuthParams(bench.message, bench.message.headers()[0],
                                kClaim, kYes, bench.splices)
                     .ok);
    EXPECT_EQ(bench.Fields(), fields);
  }
}

TEST(Edit, SeveralNamesAtOnce) {
  constexpr std::string_view kKeys[] = {"ck", "ik"};
  Bench bench(
      "WWW-Authenticate: Digest ik=\"1\", nonce=\"n\", CK=2,realm=\"r\"\r\n");

  const AuthEdit edit = EditAuthParams(
      bench.message, bench.message.headers()[0], kKeys, "", bench.splices);

  EXPECT_EQ(edit.removed, 2u);
  EXPECT_EQ(edit.kept, 2u);
  EXPECT_EQ(bench.Fields(),
            "WWW-Authenticate: Digest nonce=\"n\", realm=\"r\"\r\n");
}

struct ViaCase {
  std::string_view sentence, before, after;
};
// Source: RFC 3261 18.2.1, RFC 3581 4; spec 6.1. The source is 192.0.2.1:4711.
constexpr ViaCase kVias[] = {
    {"sent-by is the source: nothing", "SIP/2.0/TCP 192.0.2.1:5060;branch=1",
     "SIP/2.0/TCP 192.0.2.1:5060;branch=1"},
    {"sent-by is another address", "SIP/2.0/TCP 10.0.0.1;branch=1",
     "SIP/2.0/TCP 10.0.0.1;branch=1;received=192.0.2.1"},
    {"sent-by is a name", "SIP/2.0/TCP a.example",
     "SIP/2.0/TCP a.example;received=192.0.2.1"},
    {"rport asked for", "SIP/2.0/UDP 192.0.2.1;rport;branch=1",
     "SIP/2.0/UDP 192.0.2.1;rport=4711;branch=1;received=192.0.2.1"},
    {"rport claimed", "SIP/2.0/UDP 192.0.2.1;rport=99;branch=1",
     "SIP/2.0/UDP 192.0.2.1;rport=4711;branch=1;received=192.0.2.1"},
    {"received claimed", "SIP/2.0/UDP 192.0.2.1;received=10.9.9.9;branch=1",
     "SIP/2.0/UDP 192.0.2.1;received=192.0.2.1;branch=1"},
    {"both claimed, odd spacing",
     "SIP/2.0/UDP x ; Received =\r\n 10.9.9.9 ; RPORT = 5",
     "SIP/2.0/UDP x ; received=192.0.2.1 ; rport=4711"},
    {"only the top one", "SIP/2.0/TCP a;rport, SIP/2.0/TCP b;rport",
     "SIP/2.0/TCP a;rport=4711;received=192.0.2.1, SIP/2.0/TCP b;rport"},
};

TEST(Edit, TopViaTable) {
  for (const ViaCase& row : kVias) {
    SCOPED_TRACE(row.sentence);
    Bench bench("Via: " + std::string(row.before) + "\r\nVia: other;rport\r\n");
    const Endpoint source{IpAddress::V4({192, 0, 2, 1}), 4711};

    EXPECT_TRUE(
        StampTopVia(bench.message, source, bench.splices, bench.scratch));

    EXPECT_EQ(bench.Fields(),
              "Via: " + std::string(row.after) + "\r\nVia: other;rport\r\n");
  }
}

TEST(Edit, TheTopViaOfAnIpv6Source) {
  const Endpoint source{*IpAddress::Parse("2001:db8::1"), 4711};
  Bench same("Via: SIP/2.0/TLS [2001:DB8:0::1]:5061;branch=1\r\n");
  Bench other("Via: SIP/2.0/TLS [2001:db8::2];branch=1\r\n");

  EXPECT_TRUE(StampTopVia(same.message, source, same.splices, same.scratch));
  EXPECT_TRUE(StampTopVia(other.message, source, other.splices, other.scratch));

  EXPECT_EQ(same.splices.count(), 0u);
  EXPECT_EQ(other.Fields(),
            "Via: SIP/2.0/TLS [2001:db8::2];branch=1;received=2001:db8::1\r\n");
}

TEST(Edit, ATopViaThatCannotBeReadIsReported) {
  for (std::string_view fields : {"To: x\r\n", "Via:\r\n", "Via: x\r\n"}) {
    Bench bench(fields);
    EXPECT_FALSE(StampTopVia(bench.message, {}, bench.splices, bench.scratch));
    EXPECT_EQ(bench.splices.count(), 0u);
  }
}

}  // namespace
}  // namespace sallyport::sip
