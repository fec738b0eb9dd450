#include "core/sip/scanner.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "core/sip/framer.h"

namespace sallyport::sip {
namespace {

constexpr ScanKernel kKernels[] = {ScanKernel::kPortable, ScanKernel::kAvx2};

std::string Request(std::string_view fields) {
  return "OPTIONS sip:example.com SIP/2.0\r\n" + std::string(fields) + "\r\n";
}

// All that a view says, as text: two views are equal when their texts are.
std::string Shown(const MessageView& view, ScanVerdict verdict) {
  std::string out(ToString(verdict));
  const auto add = [&out](auto value) { out += " " + std::to_string(value); };
  add(view.is_request());
  add(static_cast<int>(view.method()));
  add(view.status_code());
  add(view.start_line_end());
  add(view.headers_end());
  add(view.head().size());
  out += "|" + std::string(view.method_text()) + "|" +
         std::string(view.request_uri()) + "|" + std::string(view.reason());
  for (const HeaderField& field : view.headers()) {
    out += "\n" + std::string(NameOf(field.id));
    for (int value :
         {int{field.folded}, int{field.has_comma}, int{field.name_begin},
          int{field.name_size}, int{field.value_begin}, int{field.value_size},
          int{field.line_end}}) {
      add(value);
    }
    add(view.Find(field.id) != nullptr);
  }
  return out;
}

std::string ShownBy(ScanKernel kernel, std::string_view message,
                    ScanPolicy policy = {}) {
  MessageView view;
  const ScanVerdict verdict =
      MessageScanner(policy, kernel).Scan(message, view);
  return Shown(view, verdict);
}

TEST(Scanner, TellsWhereEverythingLies) {
  const std::string message =
      "REGISTER sip:example.com SIP/2.0\r\nVia : a\r\nX-New:\tb c \r\nTo:\r\n"
      "\r\nbody";
  MessageView view;

  ASSERT_EQ(view.Scan(message), ScanVerdict::kOk);

  EXPECT_TRUE(view.is_request());
  EXPECT_EQ(view.method(), Method::kRegister);
  EXPECT_EQ(view.method_text(), "REGISTER");
  EXPECT_EQ(view.request_uri(), "sip:example.com");
  EXPECT_EQ(view.OffsetOf(view.request_uri()), view.request_uri_begin());
  EXPECT_EQ(view.body(), "body");
  EXPECT_EQ(message.substr(view.headers_end()), "\r\nbody");
  ASSERT_EQ(view.headers().size(), 3u);
  EXPECT_EQ(view.Value(HeaderId::kVia), "a");
  EXPECT_EQ(view.Name(view.headers()[1]), "X-New");
  EXPECT_EQ(view.Value(view.headers()[1]), "b c");
  EXPECT_TRUE(view.Has(HeaderId::kTo));
  EXPECT_EQ(view.Value(HeaderId::kTo), "");
  EXPECT_EQ(view.headers()[0].name_begin, view.start_line_end());
  EXPECT_EQ(view.headers()[0].line_end, view.headers()[1].name_begin);
}

TEST(Scanner, WalksTheRowsOfOneField) {
  const std::string message =
      Request("v: 1\r\nX: x\r\nVIA: 2\r\nY: y\r\nVia: 3\r\n");
  MessageView view;
  ASSERT_EQ(view.Scan(message), ScanVerdict::kOk);

  std::string values;
  for (const HeaderField* field = view.Find(HeaderId::kVia); field != nullptr;
       field = view.Next(field)) {
    values += view.Value(*field);
  }

  EXPECT_EQ(values, "123");
  EXPECT_EQ(view.Count(HeaderId::kVia), 3u);
  EXPECT_EQ(view.Find(HeaderId::kOther), nullptr);
  EXPECT_EQ(view.Next(&view.headers()[1]), nullptr);
}

TEST(Scanner, AViewThatIsUsedAgainForgetsTheFirstMessage) {
  const std::string first = Request("Via: 1\r\nTo: 2\r\n");
  const std::string second = "SIP/2.0 200 OK\r\nFrom: 3\r\n\r\n";
  MessageView view;
  ASSERT_EQ(view.Scan(first), ScanVerdict::kOk);

  ASSERT_EQ(view.Scan(second), ScanVerdict::kOk);

  EXPECT_EQ(Shown(view, ScanVerdict::kOk), ShownBy(BestKernel(), second));
  EXPECT_FALSE(view.Has(HeaderId::kVia));
}

struct StartCase {
  std::string_view sentence;
  std::string_view line;
  ScanVerdict verdict;
  bool is_request = true;
};
constexpr StartCase kStartLines[] = {
    {"request", "INVITE sip:a@b SIP/2.0", ScanVerdict::kOk},
    {"any case of the version", "INVITE sip:a@b sip/2.0", ScanVerdict::kOk},
    {"response", "SIP/2.0 180 Ringing", ScanVerdict::kOk, false},
    {"empty reason", "SIP/2.0 100 ", ScanVerdict::kOk, false},
    {"UTF-8 reason", "SIP/2.0 200 \xd0\x94\xd0\xb0 !", ScanVerdict::kOk, false},
    {"URI that ParseUri will refuse", "INVITE <sip:a@b> SIP/2.0",
     ScanVerdict::kOk},
    {"another version", "OPTIONS sip:a@b SIP/7.0", ScanVerdict::kBadVersion},
    {"another version, longer", "OPTIONS sip:a@b SIP/12.34",
     ScanVerdict::kBadVersion},
    {"another version of a response", "SIP/3.0 200 OK",
     ScanVerdict::kBadVersion, false},
    {"two spaces behind the method", "INVITE  sip:a@b SIP/2.0",
     ScanVerdict::kMalformedStartLine},
    {"two spaces behind the URI", "INVITE sip:a@b  SIP/2.0",
     ScanVerdict::kMalformedStartLine},
    {"a tab", "INVITE\tsip:a@b SIP/2.0", ScanVerdict::kMalformedStartLine},
    {"trailing space", "OPTIONS sip:a@b SIP/2.0  ",
     ScanVerdict::kMalformedStartLine},
    {"space within the URI", "INVITE sip:a@b; lr SIP/2.0",
     ScanVerdict::kMalformedStartLine},
    {"no URI", "INVITE SIP/2.0", ScanVerdict::kMalformedStartLine},
    {"version without number", "INVITE sip:a@b SIP/",
     ScanVerdict::kMalformedStartLine},
    {"version with letters", "INVITE sip:a@b SIP/2.0x",
     ScanVerdict::kMalformedStartLine},
    {"code beyond three digits", "SIP/2.0 4294967301 better not break",
     ScanVerdict::kMalformedStartLine, false},
    {"code of two digits", "SIP/2.0 20 OK", ScanVerdict::kMalformedStartLine,
     false},
    {"code below 100", "SIP/2.0 099 No", ScanVerdict::kMalformedStartLine,
     false},
    {"code above 699", "SIP/2.0 700 No", ScanVerdict::kMalformedStartLine,
     false},
    {"no space behind the code", "SIP/2.0 200",
     ScanVerdict::kMalformedStartLine, false},
    {"two spaces before the code", "SIP/2.0  200 OK",
     ScanVerdict::kMalformedStartLine, false},
};
constexpr std::string_view kNotSip[] = {
    "",
    "INVITE",
    "INVITE sip:a@b",
    "GET / HTTP/1.1",
    "HTTP/1.1 200 OK",
    " INVITE sip:a@b SIP/2.0",
    "IN(ITE sip:a@b SIP/2.0",
    "Via: SIP/2.0",
    "INVITE sip:a@b XSIP/2.0",
};

TEST(Scanner, StartLineTable) {
  for (const StartCase& row : kStartLines) {
    SCOPED_TRACE(row.sentence);
    const std::string message = std::string(row.line) + "\r\nTo: x\r\n\r\n";
    MessageView view;
    const ScanVerdict verdict = view.Scan(message);
    EXPECT_EQ(verdict, row.verdict) << ToString(verdict);
    EXPECT_EQ(view.is_request(), row.is_request);
    // What is left of the message can be used for an answer.
    EXPECT_EQ(view.Value(HeaderId::kTo), "x");
    EXPECT_TRUE(view.body().empty());
  }
  for (std::string_view line : kNotSip) {
    const std::string message = std::string(line) + "\r\nTo: x\r\n\r\n";
    MessageView view;
    EXPECT_EQ(view.Scan(message), ScanVerdict::kBadStartLine) << line;
  }
}

// Conformance: PARSE-16
TEST(Scanner, MethodsHaveACase) {
  for (int i = 1; i <= static_cast<int>(Method::kPublish); ++i) {
    const auto method = static_cast<Method>(i);
    const std::string name(ToString(method));
    MessageView view;
    const std::string message = name + " sip:a SIP/2.0\r\n\r\n";
    ASSERT_EQ(view.Scan(message), ScanVerdict::kOk);
    EXPECT_EQ(view.method(), method);
    std::string lower = name;
    lower[0] += 'a' - 'A';
    EXPECT_EQ(MethodOf(lower), Method::kOther);
    EXPECT_EQ(MethodOf(name + "X"), Method::kOther);
  }
  EXPECT_EQ(MethodOf("RE%47IST%45R"), Method::kOther);
  EXPECT_EQ(MethodOf(""), Method::kOther);
}

struct LineCase {
  std::string_view sentence;
  std::string_view line;
  ScanVerdict verdict;
};
using std::string_view_literals::operator""sv;
constexpr LineCase kLines[] = {
    {"an empty value", "Subject:\r\n", ScanVerdict::kOk},
    {"UTF-8 in a value", "Subject: \xd0\x94\r\n", ScanVerdict::kOk},
    // Conformance: PARSE-17
    {"octets that are no UTF-8", "Subject: \xff\xfe\x80\x01\r\n",
     ScanVerdict::kOk},
    {"NUL in a value", "Subject: a\0b\r\n"sv, ScanVerdict::kBadHeaderLine},
    {"NUL in a name", "Sub\0ject: a\r\n"sv, ScanVerdict::kBadHeaderLine},
    {"NUL in a quoted string", "Contact: \"\0\" <sip:a>\r\n"sv,
     ScanVerdict::kBadHeaderLine},
    {"no colon", "Subject a\r\n", ScanVerdict::kBadHeaderLine},
    {"a colon only in the fold", "Subject\r\n : a\r\n",
     ScanVerdict::kBadHeaderLine},
    {"an empty name", ": a\r\n", ScanVerdict::kBadHeaderLine},
    {"only white space for a name", "Via: 1\r\n : a\r\n", ScanVerdict::kOk},
    {"a space within the name", "Sub ject: a\r\n", ScanVerdict::kBadHeaderLine},
    {"a name that is no token", "Sub@ject: a\r\n", ScanVerdict::kBadHeaderLine},
    {"a lone LF", "Subject: a\nX: b\r\n", ScanVerdict::kBadHeaderLine},
    {"a lone CR", "Subject: a\rX: b\r\n", ScanVerdict::kBadHeaderLine},
    {"two CR", "Subject: a\r\r\n", ScanVerdict::kBadHeaderLine},
    {"LF CR", "Subject: a\n\r\n", ScanVerdict::kBadHeaderLine},
};

TEST(Scanner, HeaderLineTable) {
  for (const LineCase& row : kLines) {
    SCOPED_TRACE(row.sentence);
    const std::string message =
        Request("From: y\r\n" + std::string(row.line) + "To: x\r\n");
    MessageView view;
    const ScanVerdict verdict = view.Scan(message);
    EXPECT_EQ(verdict, row.verdict) << ToString(verdict);
    EXPECT_EQ(view.Value(HeaderId::kFrom), "y");
    EXPECT_EQ(view.Value(HeaderId::kTo), "x");
  }
}

TEST(Scanner, AFoldBehindTheStartLineBelongsToNothing) {
  const std::string message =
      "OPTIONS sip:a SIP/2.0\r\n folded: x\r\nTo: x\r\n\r\n";
  MessageView view;

  EXPECT_EQ(view.Scan(message), ScanVerdict::kBadHeaderLine);
  EXPECT_EQ(view.headers().size(), 1u);
}

// Conformance: PARSE-02, PARSE-03
TEST(Scanner, FoldsAndSpacesBeforeTheColonAreLegal) {
  const std::string message = Request(
      "TO \t :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n"
      "\r\nSubject  : a\r\n\tb\r\n  \r\n c \r\n \r\nl:0\r\n");
  MessageView view;

  ASSERT_EQ(view.Scan(message), ScanVerdict::kOk);

  ASSERT_EQ(view.headers().size(), 3u);
  EXPECT_EQ(view.Value(HeaderId::kTo),
            "sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n");
  EXPECT_EQ(view.Value(HeaderId::kSubject), "a\r\n\tb\r\n  \r\n c");
  EXPECT_TRUE(view.Find(HeaderId::kSubject)->folded);
  EXPECT_EQ(view.Value(HeaderId::kContentLength), "0");
  EXPECT_FALSE(view.Find(HeaderId::kContentLength)->folded);
}

TEST(Scanner, ALoneLineFeedEndsALineWhereThePolicySaysSo) {
  const std::string message =
      "OPTIONS sip:a SIP/2.0\nTo: x\n y\r\nFrom: z\n\nbody\n\r\n\r\n";
  MessageView view;

  ASSERT_EQ(view.Scan(message, {.lone_lf = true}), ScanVerdict::kOk);

  EXPECT_EQ(view.Value(HeaderId::kTo), "x\n y");
  EXPECT_EQ(view.Value(HeaderId::kFrom), "z");
  EXPECT_EQ(view.body(), "body\n\r\n\r\n");
  EXPECT_EQ(view.Scan("OPTIONS sip:a SIP/2.0\nTo: x\ry\n\n", {.lone_lf = true}),
            ScanVerdict::kBadHeaderLine);
}

// Conformance: PARSE-18
TEST(Scanner, BoundsPassAndOneMoreDoesNot) {
  const auto verdict_of = [](const std::string& message) {
    MessageView view;
    return view.Scan(message);
  };
  const auto fields = [](size_t count) {
    std::string out;
    for (size_t i = 0; i < count; ++i) out += "X: x\r\n";
    return Request(out);
  };
  const auto value = [](size_t size) {
    return Request("X: " + std::string(size, 'x') + "\r\n");
  };
  const auto uri = [](size_t size) {
    return "OPTIONS sip:" + std::string(size - 4, 'a') + " SIP/2.0\r\n\r\n";
  };
  const auto head = [](size_t size) {
    const std::string most = "X: " + std::string(8000, 'x') +
                             "\r\nX: " + std::string(4000, 'x') + "\r\n";
    const size_t fixed = Request(most + "Y: \r\n").size();
    return Request(most + "Y: " + std::string(size - fixed, 'y') + "\r\n");
  };

  EXPECT_EQ(verdict_of(fields(kHeaderFieldsMax)), ScanVerdict::kOk);
  EXPECT_EQ(verdict_of(fields(kHeaderFieldsMax + 1)),
            ScanVerdict::kTooManyHeaders);
  EXPECT_EQ(verdict_of(value(kHeaderValueBytesMax)), ScanVerdict::kOk);
  EXPECT_EQ(verdict_of(value(kHeaderValueBytesMax + 1)),
            ScanVerdict::kHeaderTooLong);
  EXPECT_EQ(verdict_of(uri(kRequestUriBytesMax)), ScanVerdict::kOk);
  EXPECT_EQ(verdict_of(uri(kRequestUriBytesMax + 1)), ScanVerdict::kUriTooLong);
  EXPECT_EQ(verdict_of(head(16000)), ScanVerdict::kOk);
  EXPECT_EQ(verdict_of(head(kHeadBytesMax)), ScanVerdict::kOk);
  EXPECT_EQ(verdict_of(head(kHeadBytesMax + 1)), ScanVerdict::kHeadTooLong);
  EXPECT_EQ(verdict_of(head(kHeadBytesMax) + std::string(49151, '\0')),
            ScanVerdict::kOk);
}

// ---- laws

// Bytes that end where the memory that may be read ends.
class BeforeAPageThatCannotBeRead {
 public:
  explicit BeforeAPageThatCannotBeRead(size_t room)
      : page_(static_cast<size_t>(sysconf(_SC_PAGESIZE))),
        size_((room + page_ - 1) / page_ * page_) {
    base_ =
        static_cast<char*>(mmap(nullptr, size_ + page_, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(base_ + size_, page_, PROT_NONE);
  }
  ~BeforeAPageThatCannotBeRead() { munmap(base_, size_ + page_); }

  std::string_view Put(std::string_view text) {
    char* const begin = base_ + size_ - text.size();
    std::memcpy(begin, text.data(), text.size());
    return {begin, text.size()};
  }

 private:
  const size_t page_, size_;
  char* base_;
};

std::string LongMessage() {
  std::string fields;
  for (int i = 0; i < 30; ++i) {
    fields += "X-Field-" + std::to_string(i) + " : " +
              std::string(i * 3, 'a' + i % 26) + ":\r\n\tfold\r\n";
  }
  return Request(fields + "Via: SIP/2.0/TLS a;branch=1\r\nl: 4\r\n") + "body";
}

// Conformance: PARSE-17
TEST(ScannerLaws, EveryTruncationIsIncompleteAndReadsNothingBehindIt) {
  const std::string message = LongMessage();
  const size_t head = message.size() - 4;
  BeforeAPageThatCannotBeRead room(message.size());
  for (ScanKernel kernel : kKernels) {
    if (!IsAvailable(kernel)) continue;
    for (size_t size = 0; size <= message.size(); ++size) {
      MessageView view;
      const std::string_view part = room.Put(message.substr(0, size));
      const ScanVerdict verdict = MessageScanner({}, kernel).Scan(part, view);
      ASSERT_EQ(verdict,
                size < head ? ScanVerdict::kIncomplete : ScanVerdict::kOk)
          << size;
    }
  }
}

TEST(ScannerLaws, FramerAndDatagramReadNothingBehindTheirBytes) {
  const std::string message = LongMessage();
  BeforeAPageThatCannotBeRead room(message.size());
  for (size_t size = 0; size < message.size(); ++size) {
    const std::string_view part = room.Put(message.substr(0, size));
    Framer framer;
    ASSERT_EQ(framer.Next(part).verdict, Framer::Verdict::kNeedMore);
    ASSERT_NE(CutDatagram(part).verdict, DatagramCut::Verdict::kMessage);
  }
}

TEST(ScannerLaws, KernelsAgreeOnEveryOctetAtEveryPlace) {
  if (!IsAvailable(ScanKernel::kAvx2)) GTEST_SKIP() << "no AVX2 here";
  for (int octet = 0; octet < 256; ++octet) {
    for (size_t at = 0; at < kBlockBytes; ++at) {
      char block[kBlockBytes];
      std::memset(block, octet ^ 1, sizeof block);
      block[at] = static_cast<char>(octet);
      BlockMarks portable, avx2;
      LineEndJudge plain{.lone_lf = ~uint64_t{0}}, wide = plain;
      MarkBlocksPortable(block, 1, plain, &portable);
      MarkBlocksAvx2(block, 1, wide, &avx2);
      ASSERT_EQ(portable, avx2) << octet << " at " << at;
      ASSERT_EQ(plain, wide) << octet << " at " << at;
      ASSERT_EQ(portable.colon >> at & 1, octet == ':');
      ASSERT_EQ(portable.comma >> at & 1, octet == ',');
      ASSERT_EQ(portable.line_end >> at & 1, octet == '\n');
      ASSERT_TRUE(octet != '\0' || (portable.bad >> at & 1) != 0);
    }
  }
}

// What the marks of line ends mean, octet by octet and over the blocks'
// borders.
TEST(ScannerLaws, LineEndsAndBadOctetsAreJudgedAsTheirNeighboursSay) {
  constexpr std::string_view kOctets("\r\r\n\nx\0", 6);
  constexpr size_t kBlocks = 3;
  std::mt19937 random(20260103);
  for (int round = 0; round < 2000; ++round) {
    std::string text(kBlocks * kBlockBytes, ' ');
    for (char& c : text) c = kOctets[random() % kOctets.size()];
    const bool lone_lf = random() % 2 == 0;
    for (ScanKernel kernel : kKernels) {
      if (!IsAvailable(kernel)) continue;
      LineEndJudge judge{.lone_lf = lone_lf ? ~uint64_t{0} : 0};
      BlockMarks marks[kBlocks];
      KernelOf(kernel)(text.data(), 1, judge, marks);
      KernelOf(kernel)(text.data() + kBlockBytes, kBlocks - 1, judge,
                       marks + 1);
      for (size_t i = 0; i < text.size(); ++i) {
        const BlockMarks& mark = marks[i / kBlockBytes];
        const bool behind_cr = i > 0 && text[i - 1] == '\r';
        const bool line_end = text[i] == '\n' && (behind_cr || lone_lf);
        const bool bad = text[i] == '\0' || (behind_cr && text[i] != '\n') ||
                         (text[i] == '\n' && !line_end);
        ASSERT_EQ(mark.line_end >> i % kBlockBytes & 1, line_end) << i;
        ASSERT_EQ(mark.bad >> i % kBlockBytes & 1, bad) << i;
      }
    }
  }
}

TEST(ScannerLaws, KernelsAgreeOnMutatedMessages) {
  if (!IsAvailable(ScanKernel::kAvx2)) GTEST_SKIP() << "no AVX2 here";
  const std::string message = LongMessage();
  constexpr std::string_view kOctets("\r\n:, \t\0\"x", 9);
  std::mt19937 random(20260102);
  for (int round = 0; round < 2000; ++round) {
    std::string mutant = message;
    for (int i = random() % 8; i >= 0; --i) {
      mutant[random() % mutant.size()] = kOctets[random() % kOctets.size()];
    }
    const ScanPolicy policy{.lone_lf = random() % 2 == 0};
    ASSERT_EQ(ShownBy(ScanKernel::kPortable, mutant, policy),
              ShownBy(ScanKernel::kAvx2, mutant, policy))
        << round;
  }
}

// What one would write without marks: the definition of the table of lines.
std::vector<std::string> LinesOf(std::string_view head) {
  std::vector<std::string> lines;
  while (true) {
    const size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    if (line.empty()) return lines;
    if (line[0] == ' ' || line[0] == '\t') {
      lines.back() += "\r\n" + std::string(line);
    } else {
      lines.emplace_back(line);
    }
    head.remove_prefix(end + 2);
  }
}

TEST(ScannerLaws, FieldsCoverTheHeadWithoutGaps) {
  const std::string message = LongMessage();
  const std::vector<std::string> lines = LinesOf(message);
  MessageView view;
  ASSERT_EQ(view.Scan(message), ScanVerdict::kOk);

  ASSERT_EQ(view.headers().size(), lines.size() - 1);
  size_t begin = view.start_line_end();
  for (size_t i = 0; i < view.headers().size(); ++i) {
    const HeaderField& field = view.headers()[i];
    EXPECT_EQ(field.name_begin, begin);
    EXPECT_EQ(message.substr(begin, field.line_end - begin),
              lines[i + 1] + "\r\n");
    EXPECT_EQ(field.has_comma, lines[i + 1].find(',') != std::string::npos);
    begin = field.line_end;
  }
  EXPECT_EQ(begin, view.headers_end());
}

}  // namespace
}  // namespace sallyport::sip
