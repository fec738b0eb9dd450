// What the product does with the 49 torture messages of RFC 4475: each runs
// through an Edge, and the `Reaction.` lines of its .expect file say what must
// leave (Sallyport 8.4).
//
//   Reaction.tls = ...       on the connection of an associated UE
//   Reaction.udp = ...       as a datagram of a UE
//   Reaction.core_udp = ...  as a datagram of a core peer
//     forwarded[, forwarded] as many messages to the core, bodies untouched
//     CODE                   an answer, and the connection stays
//     CODE, closed           an answer, and the connection is closed
//     nothing                no answer, and the connection stays
//     nothing, closed in time  the rest is waited for, but not for ever
//   Reaction.answer = ...    from the core, as the response to our request
//     relayed, absorbed (a later 200 is relayed), nothing (the same, and it was
//     discarded)
//   Reaction.answer_keeps = NAME  the field is the file's, not the request's
//   Reaction.has, Reaction.lacks  a text in what leaves, or in none of it
//   Reaction.not_proxied_yet = METHOD  it is valid, but the product answers
//     405. Once the method is proxied the line fails, and goes.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/routing/validation.h"
#include "core/sip/framer.h"
#include "core/sip/message.h"
#include "core/testing/edge_harness.h"
#include "tests/messages/golden.h"

namespace sallyport {
namespace {

constexpr size_t kTortureMessages = 49;
constexpr std::string_view kPhone = "203.0.113.25:41822";
constexpr std::string_view kCorePeer = "192.0.2.30:5060";

// The lines of one name.
std::vector<std::string> Lines(const GoldenMessage& golden,
                               std::string_view name) {
  std::vector<std::string> values;
  for (const Expectation& line : golden.expectations) {
    if (line.name == name) values.push_back(line.value);
  }
  return values;
}
std::string Line(const GoldenMessage& golden, std::string_view name) {
  const std::vector<std::string> values = Lines(golden, name);
  EXPECT_LE(values.size(), 1u) << name;
  return values.empty() ? "" : values.front();
}

// Policy stands aside: any home domain, and an offer of TLS is not needed.
EdgeConfig Config() {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.home_domains.clear();
  config.clear_register_without_tls_offer = EdgeConfig::ClearRegister::kForward;
  return config;
}

std::string Body(std::string_view message) {
  const size_t empty_line = message.find("\r\n\r\n");
  return empty_line == message.npos
             ? ""
             : std::string(message.substr(empty_line + 4));
}

// ---------------------------------------------------------------- requests

std::string MethodOf(std::string_view request) {
  return std::string(request.substr(0, request.find(' ')));
}

// The messages that the file holds, one after the other.
std::vector<std::string> Messages(std::string_view bytes) {
  std::vector<std::string> messages;
  sip::Framer framer;
  for (sip::Framer::Cut cut = framer.Next(bytes);
       cut.verdict == sip::Framer::Verdict::kMessage;
       cut = framer.Next(bytes)) {
    messages.emplace_back(bytes.substr(0, cut.size));
    bytes.remove_prefix(cut.size);
  }
  return messages;
}

// What parsing and validation alone say.
routing::Refusal RefusalOf(std::string_view request) {
  sip::MessageView view;
  routing::RequestParts parts;
  std::array<char, 1024> extra;
  const sip::ScanVerdict scan = view.Scan(request);
  routing::Refusal refusal = routing::Validate(view, scan, parts, extra);
  refusal.extra = {};
  return refusal;
}

void ExpectForwarded(const Sent& sent, std::string_view message) {
  EXPECT_TRUE(sent.to_core) << sent.text;
  EXPECT_EQ(StatusOf(sent.text), 0) << sent.text;
  EXPECT_EQ(MethodOf(sent.text), MethodOf(message));
  EXPECT_EQ(Body(sent.text), Body(message));
}

// Gives all that left.
std::string ExpectAllForwarded(const GoldenMessage& golden,
                               std::string_view bytes, std::vector<Sent> sent,
                               size_t count) {
  const std::string waits = Line(golden, "Reaction.not_proxied_yet");
  const std::vector<std::string> messages = Messages(bytes);
  EXPECT_EQ(sent.size(), count);
  std::string left;
  for (size_t i = 0; i < std::min(sent.size(), messages.size()); ++i) {
    absl::StrAppend(&left, sent[i].text);
    if (MethodOf(messages[i]) == waits) {
      EXPECT_EQ(StatusOf(sent[i].text), 405) << "is it proxied now?";
      EXPECT_EQ(RefusalOf(messages[i]).code, 0)
          << RefusalOf(messages[i]).reason;
    } else {
      ExpectForwarded(sent[i], messages[i]);
    }
  }
  return left;
}

// One run: what was sent, and what became of the flow.
struct Run {
  std::vector<Sent> sent;
  bool open = true;
  bool closed_in_time = false;
};

Run OnTls(std::string_view bytes) {
  EdgeHarness net(Config());
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  net.Receive(phone, bytes);
  Run run{.sent = net.sent(), .open = net.IsOpen(phone)};
  net.Advance(Seconds(20));
  run.closed_in_time = net.WasClosed(phone, CloseReason::kMessageTimeout);
  return run;
}

Run OnUdp(std::string_view bytes, bool core) {
  EdgeHarness net(Config());
  net.ReceiveFrom(core ? net.CoreUdp() : net.ClearUdp(),
                  core ? kCorePeer : kPhone, bytes);
  return {.sent = net.sent()};
}

// Gives all that left.
std::string ExpectReaction(const GoldenMessage& golden, std::string_view bytes,
                           std::string_view reaction, const Run& run) {
  const bool closed = absl::ConsumeSuffix(&reaction, ", closed");
  const bool in_time = absl::ConsumeSuffix(&reaction, ", closed in time");
  EXPECT_EQ(run.open, !closed);
  EXPECT_EQ(run.closed_in_time, in_time);
  const size_t forwarded =
      reaction.starts_with("forwarded")
          ? std::vector<std::string>(absl::StrSplit(reaction, ", ")).size()
          : 0;
  if (forwarded > 0) {
    return ExpectAllForwarded(golden, bytes, run.sent, forwarded);
  }
  if (reaction == "nothing") {
    EXPECT_TRUE(run.sent.empty()) << run.sent.front().text;
    return "";
  }
  int code = 0;
  EXPECT_TRUE(absl::SimpleAtoi(reaction, &code)) << reaction;
  EXPECT_EQ(run.sent.size(), 1u);
  if (run.sent.size() != 1) return "";
  EXPECT_FALSE(run.sent[0].to_core);
  EXPECT_EQ(StatusOf(run.sent[0].text), code) << run.sent[0].text;
  return run.sent[0].text;
}

// ---------------------------------------------------------------- responses

// The file's response as one to this request: who matches it by Via, dialog and
// CSeq finds it.
std::string AsAnswerTo(std::string_view request, const GoldenMessage& golden) {
  const std::string keeps = Line(golden, "Reaction.answer_keeps");
  std::string text = absl::StrCat(StartLine(golden.bytes), "\r\n");
  const std::vector<std::string> own = Rows(golden.bytes, "Via");
  const std::vector<std::string> vias = Rows(request, "Via");
  for (size_t i = 0; i < std::max(own.size(), vias.size()); ++i) {
    const bool theirs = i > 0 && own.size() > 1;
    absl::StrAppend(&text, "Via: ", theirs ? own[i] : vias[i], "\r\n");
  }
  for (std::string_view name : {"From", "To", "Call-ID", "CSeq"}) {
    absl::StrAppend(
        &text, name, ": ",
        Row(name == keeps ? std::string_view(golden.bytes) : request, name),
        name == "To" ? ";tag=far\r\n" : "\r\n");
  }
  const size_t length = golden.bytes.find("Content-Length");
  return text + golden.bytes.substr(length);
}

std::string ExpectAnswer(const GoldenMessage& golden,
                         std::string_view reaction) {
  EdgeHarness net(Config());
  const FlowId phone = net.OpenTls();
  net.Associate(phone);
  net.Receive(phone, RequestText{.method = "OPTIONS"}.Text());
  const Sent request = net.Only();
  const FlowId core = net.CoreLink(request.to.peer);
  // As it stands it answers nothing of ours.
  net.Receive(core, golden.bytes);
  EXPECT_TRUE(net.sent().empty());
  const uint64_t before = net.Count(CounterId::kDiscardMalformed);

  net.Receive(core, AsAnswerTo(request.text, golden));

  const bool malformed = net.Count(CounterId::kDiscardMalformed) != before;
  EXPECT_EQ(malformed, reaction == "nothing");
  if (reaction == "relayed") {
    EXPECT_EQ(net.Only().to.flow, phone);
    return net.OnlyText();
  }
  EXPECT_TRUE(net.sent().empty());
  net.AnswerFromCore(request, 200);
  EXPECT_EQ(StatusOf(net.OnlyText()), 200);
  return "";
}

// ---------------------------------------------------------------- all of them

// Fails for a line that nothing here reads.
void ExpectNoUnknownLines(const GoldenMessage& golden) {
  constexpr std::string_view kNames[] = {
      "tls",          "udp", "core_udp", "answer",
      "answer_keeps", "has", "lacks",    "not_proxied_yet",
  };
  for (const Expectation& line : golden.expectations) {
    std::string_view name = line.name;
    if (!absl::ConsumePrefix(&name, "Reaction.")) continue;
    EXPECT_NE(std::ranges::find(kNames, name), std::end(kNames)) << line.name;
  }
}

// Runs the ways that the file names; gives what left.
std::string RunAll(const GoldenMessage& golden, std::string_view bytes) {
  std::string left;
  size_t ways = 0;
  const std::string tls = Line(golden, "Reaction.tls");
  const std::string udp = Line(golden, "Reaction.udp");
  const std::string core_udp = Line(golden, "Reaction.core_udp");
  const std::string answer = Line(golden, "Reaction.answer");
  const auto run = [&](std::string_view way, const std::string& reaction,
                       const auto& perform) {
    if (reaction.empty()) return;
    SCOPED_TRACE(way);
    ++ways;
    left += perform(reaction);
  };
  run("tls", tls, [&](const std::string& reaction) {
    return ExpectReaction(golden, bytes, reaction, OnTls(bytes));
  });
  run("udp", udp, [&](const std::string& reaction) {
    return ExpectReaction(golden, bytes, reaction, OnUdp(bytes, false));
  });
  run("core_udp", core_udp, [&](const std::string& reaction) {
    return ExpectReaction(golden, bytes, reaction, OnUdp(bytes, true));
  });
  run("answer", answer, [&](const std::string& reaction) {
    return ExpectAnswer(golden, reaction);
  });
  EXPECT_GT(ways, 0u) << "no reaction is named";
  return left;
}

std::vector<GoldenMessage> Torture() { return ReadGoldenMessages({"torture"}); }

// Conformance: PARSE-14
TEST(TortureMessages, EachReactsAsTheTableSays) {
  const std::vector<GoldenMessage> messages = Torture();
  EXPECT_EQ(messages.size(), kTortureMessages);
  for (const GoldenMessage& golden : messages) {
    SCOPED_TRACE(golden.name);
    ExpectNoUnknownLines(golden);
    const std::string left = RunAll(golden, golden.bytes);
    if (!Line(golden, "Reaction.not_proxied_yet").empty()) continue;
    for (const std::string& text : Lines(golden, "Reaction.has")) {
      EXPECT_TRUE(Contains(left, text)) << text << "\n" << left;
    }
    for (const std::string& text : Lines(golden, "Reaction.lacks")) {
      EXPECT_FALSE(Contains(left, text)) << text << "\n" << left;
    }
  }
}

// A method that nobody knows is proxied today: so the rest of an INVITE can be
// seen to pass before INVITE does.
// Conformance: PARSE-14
TEST(TortureMessages, InvitesPassAsAnUnknownMethod) {
  for (GoldenMessage golden : Torture()) {
    const std::string method = Line(golden, "Reaction.not_proxied_yet");
    if (method.empty()) continue;
    SCOPED_TRACE(golden.name);
    const std::string bytes = absl::StrReplaceAll(
        golden.bytes, {{method, absl::StrCat(method, "D")}});
    const std::string left = RunAll(golden, bytes);
    for (const std::string& text : Lines(golden, "Reaction.has")) {
      EXPECT_TRUE(Contains(left, text)) << text << "\n" << left;
    }
    for (const std::string& text : Lines(golden, "Reaction.lacks")) {
      EXPECT_FALSE(Contains(left, text)) << text << "\n" << left;
    }
  }
}

}  // namespace
}  // namespace sallyport
