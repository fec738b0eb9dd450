#include "core/sip/framer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sallyport::sip {
namespace {

using Verdict = Framer::Verdict;

constexpr std::string_view kStart = "OPTIONS sip:example.com SIP/2.0\r\n";

std::string Message(std::string_view fields, std::string_view body) {
  return std::string(kStart) + std::string(fields) + "\r\n" + std::string(body);
}

std::string Options(size_t number, std::string_view body) {
  return Message("Call-ID: " + std::to_string(number) + "\r\nContent-Length: " +
                     std::to_string(body.size()) + "\r\n",
                 body);
}

// What came out of a stream, in order.
struct Piece {
  Verdict verdict;
  std::string bytes;
  friend bool operator==(const Piece&, const Piece&) = default;
};
void PrintTo(const Piece& piece, std::ostream* out) {
  *out << ToString(piece.verdict) << " [" << piece.bytes << "]";
}

bool GoesOn(Verdict verdict) {
  return verdict == Verdict::kMessage || verdict == Verdict::kPing ||
         verdict == Verdict::kCrlf;
}

// What a scan of the piece by itself says must be what came with the cut.
Framer::Cut NextScanned(Framer& framer, std::string_view received,
                        ScanPolicy policy) {
  static MessageView message, alone;
  ScanVerdict scan{};
  const Framer::Cut cut = framer.Next(received, message, scan);
  if (cut.verdict == Verdict::kMessage) {
    EXPECT_EQ(scan, alone.Scan(received.substr(0, cut.size), policy));
    EXPECT_EQ(message.bytes(), alone.bytes());
    EXPECT_EQ(message.head(), alone.head());
    EXPECT_EQ(message.headers().size(), alone.headers().size());
  }
  return cut;
}

// Feeds `stream` in parts that end at `cuts`.
std::vector<Piece> Frames(std::string_view stream,
                          const std::vector<size_t>& cuts, ScanPolicy policy,
                          bool scans) {
  Framer framer(policy);
  std::vector<Piece> pieces;
  size_t taken = 0;
  std::vector<size_t> ends = cuts;
  ends.push_back(stream.size());
  for (size_t end : ends) {
    while (true) {
      const std::string_view received = stream.substr(taken, end - taken);
      const Framer::Cut cut =
          scans ? NextScanned(framer, received, policy) : framer.Next(received);
      if (cut.verdict == Verdict::kNeedMore) break;
      pieces.push_back(
          {cut.verdict, std::string(received.substr(0, cut.size))});
      if (!GoesOn(cut.verdict)) return pieces;
      taken += cut.size;
    }
  }
  return pieces;
}
// Both ways, which must agree.
std::vector<Piece> Frames(std::string_view stream,
                          const std::vector<size_t>& cuts,
                          ScanPolicy policy = {}) {
  std::vector<Piece> pieces = Frames(stream, cuts, policy, false);
  EXPECT_EQ(Frames(stream, cuts, policy, true), pieces);
  return pieces;
}

std::vector<size_t> EveryOctet(size_t size) {
  std::vector<size_t> cuts;
  for (size_t i = 0; i < size; ++i) cuts.push_back(i);
  return cuts;
}

// Conformance: PARSE-09
TEST(Framer, CutsManyMessagesOfOneReadInOrder) {
  const std::string a = Options(1, ""), b = Options(2, "v=0\r\n\r\n"),
                    c = Options(3, "x");

  EXPECT_EQ(Frames(a + b + c, {}),
            (std::vector<Piece>{{Verdict::kMessage, a},
                                {Verdict::kMessage, b},
                                {Verdict::kMessage, c}}));
}

// Conformance: PARSE-08
TEST(Framer, AnyCutGivesTheSameFrames) {
  const std::string stream = "\r\n" + Options(1, "v=0\r\n\r\nx") +
                             "\r\n\r\n\r\n" + Options(2, "") + "\r\n\r\n" +
                             Options(3, std::string(3, '\0'));
  const std::vector<Piece> whole = Frames(stream, {});
  ASSERT_EQ(whole.size(), 7u);

  EXPECT_EQ(Frames(stream, EveryOctet(stream.size())), whole);
  for (size_t i = 0; i <= stream.size(); ++i) {
    EXPECT_EQ(Frames(stream, {i}), whole) << "cut at " << i;
    for (size_t j = i; j <= stream.size(); j += 7) {
      ASSERT_EQ(Frames(stream, {i, j}), whole) << i << " and " << j;
    }
  }
}

// Conformance: PARSE-10
TEST(Framer, LeadingLineEndsAreSkippedAndPingsAreCounted) {
  const std::string a = Options(1, "");

  EXPECT_EQ(Frames("\r\n\r\n\r\n" + a, {}),
            (std::vector<Piece>{{Verdict::kPing, "\r\n\r\n"},
                                {Verdict::kCrlf, "\r\n"},
                                {Verdict::kMessage, a}}));
}

TEST(Framer, ALineEndAloneWaitsAndIsNoMessage) {
  Framer framer;

  EXPECT_EQ(framer.Next("\r").verdict, Verdict::kNeedMore);
  EXPECT_EQ(framer.Next("\r\n").verdict, Verdict::kNeedMore);
  EXPECT_EQ(framer.Next("\r\n\r").verdict, Verdict::kNeedMore);
  EXPECT_FALSE(framer.in_message());
}

TEST(Framer, AMessageIsRunningFromItsFirstOctetToItsLast) {
  const std::string message = Options(1, "body");
  Framer framer;
  EXPECT_FALSE(framer.in_message());

  EXPECT_EQ(framer.Next(message.substr(0, 1)).verdict, Verdict::kNeedMore);
  EXPECT_TRUE(framer.in_message());
  EXPECT_EQ(framer.Next(message.substr(0, message.size() - 1)).verdict,
            Verdict::kNeedMore);
  EXPECT_TRUE(framer.in_message());
  EXPECT_EQ(framer.Next(message).verdict, Verdict::kMessage);
  EXPECT_FALSE(framer.in_message());
}

TEST(Framer, APingWithinABodyIsBody) {
  const std::string a = Options(1, "\r\n\r\n\r\n\r\n");

  EXPECT_EQ(Frames(a, EveryOctet(a.size())),
            (std::vector<Piece>{{Verdict::kMessage, a}}));
}

struct LengthCase {
  std::string_view sentence;
  std::string_view fields;
  Verdict verdict;
};
constexpr LengthCase kLengthCases[] = {
    {"long form", "Content-Length: 4\r\n", Verdict::kMessage},
    {"compact form", "l: 4\r\n", Verdict::kMessage},
    {"compact form, upper case", "L:4\r\n", Verdict::kMessage},
    {"any case", "cOnTeNt-lEnGtH: 4\r\n", Verdict::kMessage},
    {"white space before the colon", "Content-Length \t : 4\r\n",
     Verdict::kMessage},
    {"folded before the number", "Content-Length:\r\n\t 4\r\n",
     Verdict::kMessage},
    {"folded behind the number", "Content-Length: 4\r\n \r\nTo: x\r\n",
     Verdict::kMessage},
    {"leading zeros", "Content-Length: 0000000000000000000004\r\n",
     Verdict::kMessage},
    {"twice the same", "l: 4\r\nContent-Length: 04\r\n", Verdict::kMessage},
    {"a name that begins alike", "Content-Lengthy: 9\r\nl: 4\r\n",
     Verdict::kMessage},
    {"the name in another value", "Subject: Content-Length: 9\r\nl: 4\r\n",
     Verdict::kMessage},
    {"the name in a fold", "Subject: x\r\n Content-Length: 9\r\nl: 4\r\n",
     Verdict::kMessage},
    // Conformance: PARSE-11
    {"missing", "To: x\r\n", Verdict::kNoContentLength},
    {"only in a fold", "To: x\r\n Content-Length: 4\r\n",
     Verdict::kNoContentLength},
    {"folded before the colon is no field", "Content-Length\r\n : 4\r\n",
     Verdict::kNoContentLength},
    {"two that differ", "l: 4\r\nContent-Length: 5\r\n",
     Verdict::kBadContentLength},
    {"empty", "Content-Length:\r\n", Verdict::kBadContentLength},
    {"negative", "Content-Length: -4\r\n", Verdict::kBadContentLength},
    {"signed", "Content-Length: +4\r\n", Verdict::kBadContentLength},
    {"hexadecimal", "Content-Length: 0x4\r\n", Verdict::kBadContentLength},
    {"a list", "Content-Length: 4, 4\r\n", Verdict::kBadContentLength},
    {"two numbers", "Content-Length: 4 4\r\n", Verdict::kBadContentLength},
    {"two numbers over a fold", "Content-Length: 4\r\n 4\r\n",
     Verdict::kBadContentLength},
    {"a lone LF hides another", "Content-Length: 4\nl: 5\r\n",
     Verdict::kBadContentLength},
    // Conformance: PARSE-13
    {"4 beyond 2^32 does not wrap", "Content-Length: 4294967300\r\n",
     Verdict::kBodyTooLong},
    {"4 beyond 2^64 does not wrap", "Content-Length: 18446744073709551620\r\n",
     Verdict::kBodyTooLong},
};

TEST(Framer, ContentLengthTable) {
  for (const LengthCase& row : kLengthCases) {
    SCOPED_TRACE(row.sentence);
    const std::string message = Message(row.fields, "body");
    const std::vector<Piece> pieces = Frames(message, {});
    ASSERT_EQ(pieces.size(), 1u);
    const bool whole = row.verdict == Verdict::kMessage;
    EXPECT_EQ(pieces[0].verdict, row.verdict);
    EXPECT_EQ(pieces[0].bytes.size(), message.size() - (whole ? 0 : 4));
    EXPECT_EQ(Frames(message, EveryOctet(message.size())), pieces);
  }
}

struct StartCase {
  std::string_view sentence;
  std::string_view bytes;
  size_t decided_after;  // octets; 0: never, it may become SIP
};
constexpr StartCase kStartCases[] = {
    {"a TLS ClientHello", {"\x16\x03\x01\x02", 4}, 1},
    {"NUL", {"\0", 1}, 1},
    {"a space", " INVITE", 1},
    {"a header field", "Via: SIP/2.0/UDP a\r\n", 4},
    {"a control in the Request-URI", "INVITE sip:a\x01", 13},
    {"HTTP", "GET / HTTP/1.1\r\n", 16},
    {"an HTTP response", "HTTP/1.1 200 OK\r\n", 5},
    {"the HTTP/2 preface", "PRI * HTTP/2.0\r\n", 16},
    {"a word and no more", "QUIT\r\n", 5},
    {"CR without LF in front", "\rX", 2},
    {"an empty line of LF alone", "\nINVITE", 1},
    {"a request", "INVITE sip:a@b SIP/2.0\r\n", 0},
    {"a response", "SIP/2.0 200 OK\r\n", 0},
    {"an odd method", "!interesting-Method0123456789_*+`.%indeed'~ ", 0},
    {"another version", "INVITE sip:a@b SIP/7.0\r\n", 0},
    {"too many spaces", "INVITE  sip:a@b  SIP/2.0 \r\n", 0},
    {"UTF-8 in a reason", "SIP/2.0 200 \xd0\x94\r\n", 0},
};

TEST(Framer, WhatCannotBecomeAStartLineIsRefusedAsSoonAsItIsSeen) {
  for (const StartCase& row : kStartCases) {
    SCOPED_TRACE(row.sentence);
    Framer framer;
    size_t decided = 0;
    for (size_t i = 1; i <= row.bytes.size() && decided == 0; ++i) {
      const Verdict verdict = framer.Next(row.bytes.substr(0, i)).verdict;
      if (verdict == Verdict::kNotSip) decided = i;
    }
    EXPECT_EQ(decided, row.decided_after);
  }
}

// Start lines that are there at once are judged as those that arrive in parts.
TEST(Framer, AStartLineIsJudgedTheSameWithAndWithoutAScan) {
  const std::string lines[] = {
      std::string(64, 'M') + " sip:a SIP/2.0",
      std::string(65, 'M') + " sip:a SIP/2.0",
      "OPTIONS sip:a\x01 SIP/2.0",
      "OPTIONS sip:a\x7f SIP/2.0",
      "OPTIONS sip:\xd0\x94 SIP/2.0",
      "OPTIONS sip:a sip/2.0",
      "sip/2.0 200 OK",
      "SIP/2.0 200 O\tK\xd0",
      "SIP/2.0 200 O\x01K",
      "SIP/2.0 200 ",
  };
  for (const std::string& line : lines) {
    SCOPED_TRACE(line);
    const std::string message = line + "\r\nContent-Length: 0\r\n\r\n";
    MessageView view;
    ScanVerdict scan{};
    const Framer::Cut scanned = Framer().Next(message, view, scan);
    const Framer::Cut read = Framer().Next(message);
    EXPECT_EQ(scanned.verdict, read.verdict);
    EXPECT_EQ(scanned.size, read.size);
  }
}

TEST(Framer, AWordWithoutEndIsNoMethod) {
  const std::string word(200, 'A');

  EXPECT_EQ(Frames(word, EveryOctet(word.size())),
            (std::vector<Piece>{{Verdict::kNotSip, ""}}));
}

TEST(Framer, StaysFailed) {
  Framer framer;
  const std::string head = Message("To: x\r\n", "");

  EXPECT_EQ(framer.Next(head).verdict, Verdict::kNoContentLength);
  const Framer::Cut again = framer.Next(Options(1, ""));

  EXPECT_EQ(again.verdict, Verdict::kNoContentLength);
  EXPECT_EQ(again.size, head.size());
}

// Conformance: PARSE-18
TEST(Framer, AHeadOfTheGreatestSizePassesAndOneOctetMoreDoesNot) {
  for (const size_t more : {0, 1}) {
    const size_t fixed = Message("l: 0\r\nX: \r\n", "").size();
    const std::string filler(kHeadBytesMax - fixed + more, 'x');
    const std::string message = Message("l: 0\r\nX: " + filler + "\r\n", "");
    const std::vector<Piece> pieces = Frames(message, {});

    ASSERT_EQ(pieces.size(), 1u);
    EXPECT_EQ(pieces[0].verdict,
              more == 0 ? Verdict::kMessage : Verdict::kHeadTooLong);
    EXPECT_EQ(pieces[0].bytes.size(), kHeadBytesMax);
  }
}

// Conformance: PARSE-18
TEST(Framer, ABodyOfTheGreatestSizePassesAndOneOctetMoreDoesNot) {
  const std::string body(kBodyBytesMax, 'b');

  EXPECT_EQ(Frames(Options(1, body), {})[0].verdict, Verdict::kMessage);
  const std::vector<Piece> pieces = Frames(Options(1, body + "b"), {});
  EXPECT_EQ(pieces[0].verdict, Verdict::kBodyTooLong);
  EXPECT_TRUE(pieces[0].bytes.ends_with("\r\n\r\n"));
}

TEST(Framer, ALoneLineFeedEndsNoLineUnlessThePolicySaysSo) {
  const std::string message =
      "OPTIONS sip:example.com SIP/2.0\nContent-Length: 1\n\nx";

  EXPECT_EQ(Frames(message, {}), std::vector<Piece>{});
  EXPECT_EQ(Frames("\n" + message, {}, {.lone_lf = true}),
            (std::vector<Piece>{{Verdict::kCrlf, "\n"},
                                {Verdict::kMessage, message}}));
}

struct DatagramCase {
  std::string_view sentence;
  std::string_view before, fields, body;
  DatagramCut::Verdict verdict;
  size_t body_size;
};
constexpr DatagramCase kDatagramCases[] = {
    // Conformance: PARSE-12
    {"surplus is cut", "", "l: 2\r\n", "body", DatagramCut::Verdict::kMessage,
     2},
    {"a second message is surplus", "", "l: 0\r\n",
     "OPTIONS sip:b SIP/2.0\r\n\r\n", DatagramCut::Verdict::kMessage, 0},
    {"no length: to the end", "", "To: x\r\n", "body",
     DatagramCut::Verdict::kMessage, 4},
    {"short body", "", "l: 5\r\n", "body", DatagramCut::Verdict::kShortBody, 4},
    {"not a number", "", "l: -1\r\n", "body",
     DatagramCut::Verdict::kBadContentLength, 4},
    {"too long a body", "", "l: 50000\r\n", "body",
     DatagramCut::Verdict::kBodyTooLong, 4},
    {"line ends in front", "\r\n\r\n", "l: 4\r\n", "body",
     DatagramCut::Verdict::kMessage, 4},
};

TEST(CutDatagram, Table) {
  for (const DatagramCase& row : kDatagramCases) {
    SCOPED_TRACE(row.sentence);
    const std::string head = Message(row.fields, "");
    const std::string datagram =
        std::string(row.before) + head + std::string(row.body);

    const DatagramCut cut = CutDatagram(datagram);

    EXPECT_EQ(cut.verdict, row.verdict) << ToString(cut.verdict);
    EXPECT_EQ(cut.begin, row.before.size());
    EXPECT_EQ(cut.size, head.size() + row.body_size);
  }
}

TEST(CutDatagram, WhatIsNoMessage) {
  using Cut = DatagramCut::Verdict;

  EXPECT_EQ(CutDatagram("").verdict, Cut::kKeepAlive);
  EXPECT_EQ(CutDatagram("\r\n\r\n").verdict, Cut::kKeepAlive);
  EXPECT_EQ(CutDatagram({"\0\1\0\0", 4}).verdict, Cut::kNotSip);
  EXPECT_EQ(CutDatagram(kStart).verdict, Cut::kIncomplete);
  EXPECT_EQ(CutDatagram(Message("X: " + std::string(20000, 'x') + "\r\n", ""))
                .verdict,
            Cut::kHeadTooLong);
}

}  // namespace
}  // namespace sallyport::sip
