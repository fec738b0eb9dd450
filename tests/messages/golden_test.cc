// What core/sip reads in the golden messages: framing, scan and values. Each
// line of an .expect file names a fact of Facts(); a name that is not there
// fails. (`Reaction.` lines belong to torture_test.cc.)

#include "tests/messages/golden.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "core/sip/digest.h"
#include "core/sip/framer.h"
#include "core/sip/message.h"
#include "core/sip/scanner.h"
#include "core/sip/scanner_kernel.h"
#include "core/sip/splice.h"
#include "core/sip/values.h"

namespace sallyport::sip {
namespace {

using Facts = std::map<std::string, std::string>;

// Folds shown as the one space that they are (RFC 3261 7.3.1).
std::string Unfolded(std::string_view value) {
  std::string out;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '\r') {
      out += value[i];
      continue;
    }
    while (i + 1 < value.size() && IsLws(value[i + 1])) ++i;
    out += ' ';
  }
  return out;
}

void AddFrames(std::string_view bytes, Facts& facts) {
  Framer framer;
  const Framer::Cut first = framer.Next(bytes);
  facts["Frame"] = ToString(first.verdict);
  size_t frames = 0;
  Framer::Cut cut = first;
  for (std::string_view rest = bytes; cut.verdict == Framer::Verdict::kMessage;
       cut = framer.Next(rest)) {
    rest.remove_prefix(cut.size);
    ++frames;
  }
  facts["Frames"] = std::to_string(frames);
}

template <typename Number>
std::string NumberOr(const std::optional<Number>& number, bool present) {
  if (!present) return "absent";
  return number ? std::to_string(*number) : "bad";
}

void AddUri(const std::string& name, std::string_view text, Facts& facts) {
  const std::optional<UriView> uri = ParseUri(text);
  facts[name] = uri ? "ok" : "bad";
  if (!uri || name != "Uri") return;
  const std::string_view scheme = ToString(uri->scheme);
  facts["Uri.scheme"] = scheme.empty() ? "other" : scheme;
  facts["Uri.user"] = uri->user;
  facts["Uri.params"] = uri->params;
  facts["Uri.headers"] = uri->headers;
}

void AddAddress(const std::string& name, std::string_view value, Facts& facts) {
  const std::optional<NameAddrView> address = ParseNameAddr(value);
  facts[name] = address ? address->uri : "bad";
  if (!address) return;
  AddUri(name + ".uri", address->uri, facts);
  for (std::string_view param : {"tag", "q", "expires", "unknownparam"}) {
    const Param found = FindParam(address->params, param);
    facts[name + "." + std::string(param)] = found.has_value ? found.value
                                             : found.present ? "present"
                                                             : "absent";
  }
}

size_t CountValues(const MessageView& message, HeaderId id) {
  size_t count = 0;
  for (ListCursor cursor(message, id); cursor.Next();) ++count;
  return count;
}

void AddVia(const MessageView& message, Facts& facts) {
  ListCursor top(message, HeaderId::kVia);
  if (!top.Next()) return;
  const std::optional<ViaView> via = ParseVia(top.value());
  facts["Via"] = "bad";
  if (!via) return;
  facts["Via"] = std::string(via->transport) + " " + std::string(via->host) +
                 " " + std::to_string(via->port) + " " +
                 std::string(via->branch);
}

void AddContacts(const MessageView& message, Facts& facts) {
  std::vector<UriView> uris;
  ListCursor cursor(message, HeaderId::kContact);
  while (cursor.Next()) {
    if (uris.empty()) AddAddress("Contact", cursor.value(), facts);
    const auto address = ParseNameAddr(cursor.value());
    const auto uri = address ? ParseUri(address->uri) : std::nullopt;
    if (uri) uris.push_back(*uri);
  }
  if (uris.size() != 2) return;
  facts["Contacts.equal"] = UriEquals(uris[0], uris[1]) ? "yes" : "no";
}

void AddNumbers(const MessageView& message, Facts& facts) {
  facts["CSeq"] = "bad";
  if (const auto cseq = ParseCSeq(message.Value(HeaderId::kCSeq))) {
    facts["CSeq"] =
        std::to_string(cseq->number) + " " + std::string(cseq->method);
  }
  std::optional<uint32_t> forwards =
      ParseUint32(message.Value(HeaderId::kMaxForwards));
  if (forwards > 255u) forwards.reset();
  facts["Max-Forwards"] =
      NumberOr(forwards, message.Has(HeaderId::kMaxForwards));
  facts["Expires"] =
      NumberOr(ParseDeltaSeconds(message.Value(HeaderId::kExpires)),
               message.Has(HeaderId::kExpires));
}

void AddCredentials(const MessageView& message, Facts& facts) {
  const CredentialsView view =
      ParseCredentials(message.Value(HeaderId::kAuthorization));
  facts["Credentials"] = ToString(view.verdict);
  facts["Credentials.username"] = view.username;
  facts["Credentials.nonce"] = view.nonce;
}

void AddFields(const MessageView& message, Facts& facts) {
  facts["Fields"] = std::to_string(message.headers().size());
  for (size_t i = 1; i < kHeaderIdCount; ++i) {
    const auto id = static_cast<HeaderId>(i);
    const std::string name(NameOf(id));
    facts["Count." + name] = std::to_string(message.Count(id));
    if (message.Has(id)) facts["Header." + name] = Unfolded(message.Value(id));
  }
  for (const HeaderField& field : message.headers()) {
    if (field.id != HeaderId::kOther) continue;
    facts["Header." + std::string(message.Name(field))] =
        Unfolded(message.Value(field));
  }
  facts["Vias"] = std::to_string(CountValues(message, HeaderId::kVia));
  facts["Routes"] = std::to_string(CountValues(message, HeaderId::kRoute));
  facts["Contacts"] = std::to_string(CountValues(message, HeaderId::kContact));
}

Facts FactsOf(std::string_view bytes) {
  Facts facts;
  AddFrames(bytes, facts);
  const DatagramCut cut = CutDatagram(bytes);
  facts["Datagram"] = ToString(cut.verdict);
  facts["Datagram.surplus"] = std::to_string(bytes.size() - cut.size);
  MessageView message;
  facts["Scan"] = ToString(message.Scan(bytes.substr(cut.begin, cut.size)));
  if (message.is_request()) {
    const std::string_view method = ToString(message.method());
    facts["Method"] = method.empty() ? "other" : method;
    AddUri("Uri", message.request_uri(), facts);
  } else {
    facts["Status"] = std::to_string(message.status_code());
    facts["Reason"] = message.reason();
  }
  facts["Body"] = std::to_string(message.body().size());
  AddFields(message, facts);
  AddVia(message, facts);
  AddNumbers(message, facts);
  AddAddress("From", message.Value(HeaderId::kFrom), facts);
  AddAddress("To", message.Value(HeaderId::kTo), facts);
  AddContacts(message, facts);
  AddCredentials(message, facts);
  return facts;
}

std::vector<GoldenMessage> All() {
  return ReadGoldenMessages({"parse", "register", "torture"});
}

// Conformance: PARSE-01, PARSE-02, PARSE-03, PARSE-05, PARSE-06, PARSE-07
// Conformance: PARSE-11, PARSE-12, PARSE-13, PARSE-17
TEST(GoldenMessages, EveryLineOfEveryExpectationHolds) {
  for (const GoldenMessage& message : All()) {
    SCOPED_TRACE(message.name);
    const Facts facts = FactsOf(message.bytes);
    for (const Expectation& line : message.expectations) {
      if (line.name.starts_with("Reaction.")) continue;
      const auto fact = facts.find(line.name);
      if (fact == facts.end()) {
        ADD_FAILURE() << "nothing reads the line: " << line.name;
        continue;
      }
      EXPECT_EQ(fact->second, line.value) << line.name;
    }
  }
}

TEST(GoldenMessages, BothScannersReadTheSame) {
  if (!IsAvailable(ScanKernel::kAvx2)) GTEST_SKIP() << "no AVX2 here";
  MessageView portable, vector;
  for (const GoldenMessage& message : All()) {
    SCOPED_TRACE(message.name);
    const MessageScanner one({}, ScanKernel::kPortable);
    const MessageScanner other({}, ScanKernel::kAvx2);

    ASSERT_EQ(one.Scan(message.bytes, portable),
              other.Scan(message.bytes, vector));

    EXPECT_EQ(portable.head(), vector.head());
    ASSERT_EQ(portable.headers().size(), vector.headers().size());
    for (size_t i = 0; i < portable.headers().size(); ++i) {
      const HeaderField &a = portable.headers()[i], &b = vector.headers()[i];
      EXPECT_EQ(a.id, b.id);
      EXPECT_EQ(a.folded, b.folded);
      EXPECT_EQ(portable.Name(a), vector.Name(b));
      EXPECT_EQ(portable.Value(a), vector.Value(b));
    }
  }
}

// Conformance: PARSE-08
TEST(GoldenMessages, CutAnywhereTheyGiveTheSameFrames) {
  for (const GoldenMessage& message : All()) {
    SCOPED_TRACE(message.name);
    const std::string_view bytes = message.bytes;
    Framer at_once;
    const Framer::Cut whole = at_once.Next(bytes);
    for (size_t cut = 0; cut <= bytes.size(); ++cut) {
      Framer framer;
      Framer::Cut first = framer.Next(bytes.substr(0, cut));
      if (first.verdict == Framer::Verdict::kNeedMore) {
        first = framer.Next(bytes);
      }
      ASSERT_EQ(first.verdict, whole.verdict) << cut;
      ASSERT_EQ(first.size, whole.size) << cut;
    }
  }
}

TEST(GoldenMessages, WithoutSplicesTheyLeaveByteForByte) {
  for (const GoldenMessage& message : All()) {
    SpliceList splices;
    splices.Reset(message.bytes);
    splices.Seal();
    std::string out(splices.gathered_size(), '?');
    splices.Gather(out.data());
    EXPECT_EQ(out, message.bytes) << message.name;
  }
}

}  // namespace
}  // namespace sallyport::sip
