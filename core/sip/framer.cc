#include "core/sip/framer.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "core/sip/octets.h"
#include "core/sip/start_line.h"
#include "core/sip/text.h"

namespace sallyport::sip {
namespace {

// Longer first words are no methods: a stream of letters is not waited for.
constexpr size_t kMethodBytesMax = 64;

// All but controls, of which those of line ends and blanks may stand in a line.
constexpr OctetSet kLineChars([](char c) {
  return (static_cast<unsigned char>(c) >= ' ' && c != 0x7f) || IsLws(c);
});

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

std::string_view WithoutLineEnd(std::string_view line) {
  line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// The value of a Content-Length line in either form, or nothing.
std::optional<std::string_view> LengthValue(std::string_view line) {
  const char first = ToLower(line.front());
  if (first != 'c' && first != 'l') return std::nullopt;
  const size_t colon = line.find(':');
  if (colon == line.npos) return std::nullopt;
  std::string_view name = line.substr(0, colon);
  while (!name.empty() && IsBlank(name.back())) name.remove_suffix(1);
  if (HeaderIdOf(name) != HeaderId::kContentLength) return std::nullopt;
  return line.substr(colon + 1);
}

}  // namespace

// ---- HeadReader

HeadReader::Verdict HeadReader::Read(std::string_view bytes,
                                     ScanPolicy policy) {
  const size_t head_bytes_max = policy.limits->head_bytes;
  const size_t limit = std::min(bytes.size(), head_bytes_max);
  while (scanned_ < limit) {
    const void* found =
        std::memchr(bytes.data() + scanned_, '\n', limit - scanned_);
    const size_t end =
        found == nullptr ? limit
                         : static_cast<size_t>(static_cast<const char*>(found) -
                                               bytes.data()) +
                               1;
    if (line_begin_ == 0 && !IsStartLineBegin(bytes, end)) {
      return Verdict::kNotSip;
    }
    scanned_ = static_cast<uint32_t>(end);
    if (found == nullptr) continue;
    // Without CR it ends no line, unless the policy says so.
    const bool after_cr = end - 1 > line_begin_ && bytes[end - 2] == '\r';
    if (!after_cr && !policy.lone_lf) continue;
    const Verdict verdict =
        OnLine(bytes.substr(line_begin_, end - line_begin_));
    if (verdict != Verdict::kNeedMore) return verdict;
    line_begin_ = scanned_;
  }
  return scanned_ == head_bytes_max ? Verdict::kTooLong : Verdict::kNeedMore;
}

// Judges [scanned_, end) of the start line, at most up to its end: no controls,
// and a first word that is a token or the version of a response. A TLS
// ClientHello fails at its first octet.
bool HeadReader::IsStartLineBegin(std::string_view bytes, size_t end) const {
  if (!AreAllIn(bytes.substr(scanned_, end - scanned_), kLineChars)) {
    return false;
  }
  const size_t word_end = std::min(end, kMethodBytesMax + 1);
  for (size_t i = 0; i < word_end; ++i) {
    if (IsBlank(bytes[i])) return i > 0;
    const bool in_version = i == 3 && bytes[i] == '/' &&
                            EqualsIgnoreCase(bytes.substr(0, 3), "SIP");
    if (!IsTokenChar(bytes[i]) && !in_version) return false;
  }
  return end <= kMethodBytesMax;
}

HeadReader::Verdict HeadReader::OnLine(std::string_view line) {
  if (line_begin_ == 0) {
    const StartLine start =
        ReadStartLine(WithoutLineEnd(line), kRequestUriBytesMax);
    return start.kind == StartLine::Kind::kNotSip ? Verdict::kNotSip
                                                  : Verdict::kNeedMore;
  }
  OnFieldLine(line);
  return WithoutLineEnd(line).empty() ? Verdict::kDone : Verdict::kNeedMore;
}

void HeadReader::OnFieldLine(std::string_view line) {
  if (IsBlank(line.front())) return ReadLength(line);
  EndLength();
  if (const std::optional<std::string_view> value = LengthValue(line)) {
    place_ = Place::kBefore;
    ReadLength(*value);
  }
}

// Source: RFC 3261 20.14 (1*DIGIT), 7.3.1 (folds); RFC 4475 3.1.2.3.
void HeadReader::ReadLength(std::string_view text) {
  if (place_ == Place::kElsewhere) return;
  for (char c : text) {
    if (IsLws(c)) {
      if (place_ == Place::kDigits) place_ = Place::kBehind;
    } else if (IsDigit(c) && place_ != Place::kBehind) {
      place_ = Place::kDigits;
      // Stops counting beyond every bound, far from an overflow.
      if (reading_ <= kMessageBytesMax) reading_ = reading_ * 10 + (c - '0');
    } else {
      bad_length_ = true;
    }
  }
}

// Equal repeats cut the stream at one place; whether they are allowed is not
// asked here.
void HeadReader::EndLength() {
  if (place_ == Place::kElsewhere) return;
  if (place_ == Place::kBefore) bad_length_ = true;
  if (has_length_ && reading_ != length_) bad_length_ = true;
  has_length_ = true;
  length_ = reading_;
  reading_ = 0;
  place_ = Place::kElsewhere;
}

// ---- Framer

Framer::Cut Framer::Fail(Verdict verdict, size_t size) {
  failed_ = {.verdict = verdict, .size = size};
  return failed_;
}

Framer::Cut Framer::Next(std::string_view received) {
  if (failed_.verdict != Verdict::kNeedMore) return failed_;
  if (received.empty()) return {};
  if (message_size_ != 0) return TakeMessage(received);
  if (in_message()) return ReadHead(received);
  if (policy_.lone_lf && received.front() == '\n') {
    return {.verdict = Verdict::kCrlf, .size = 1};
  }
  if (received.front() != '\r') return ReadHead(received);

  const std::string_view ping = "\r\n\r\n";
  const size_t seen = std::min(received.size(), ping.size());
  const bool same = received.substr(0, seen) == ping.substr(0, seen);
  if (same && seen == ping.size())
    return {.verdict = Verdict::kPing, .size = 4};
  if (same) return {};
  if (received[1] != '\n') return Fail(Verdict::kNotSip, 0);
  return {.verdict = Verdict::kCrlf, .size = 2};
}

Framer::Cut Framer::Next(std::string_view received, MessageView& message,
                         ScanVerdict& scan) {
  if (const Cut whole = ScanWhole(received, message); whole.size > 0) {
    scan = ScanVerdict::kOk;
    return whole;
  }
  const Cut cut = Next(received);
  if (cut.verdict == Verdict::kMessage) {
    scan = message.Scan(received.substr(0, cut.size), policy_);
  }
  return cut;
}

namespace {

// What IsStartLineBegin() asks of a start line, of which the scanner saw that
// it is whole: its first word is a token or a version.
bool IsStartLine(const MessageView& message) {
  return AreAllIn(Front(message.bytes(), message.start_line_end()),
                  kLineChars) &&
         (!message.is_request() ||
          message.method_text().size() <= kMethodBytesMax);
}

}  // namespace

// A message that is there as a whole and has nothing unusual about it: the
// scanner sees the same lines as the head's reader. Of all others nothing is
// said.
Framer::Cut Framer::ScanWhole(std::string_view received,
                              MessageView& message) const {
  const bool at_begin = failed_.verdict == Verdict::kNeedMore &&
                        message_size_ == 0 && !in_message();
  if (!at_begin || received.empty() || IsLws(received.front()) ||
      message.Scan(received, policy_) != ScanVerdict::kOk) {
    return {};
  }
  const HeaderField* field = message.Find(HeaderId::kContentLength);
  if (field == nullptr || field->folded || message.Next(field) != nullptr ||
      !IsStartLine(message)) {
    return {};
  }
  const std::optional<uint32_t> length = ParseUint32(message.Value(*field));
  if (!length || *length > policy_.limits->body_bytes) return {};
  const size_t size = message.head().size() + *length;
  if (size > kMessageBytesMax || size > received.size()) return {};
  message.CutTo(size);
  return {.verdict = Verdict::kMessage, .size = size};
}

Framer::Cut Framer::ReadHead(std::string_view received) {
  switch (head_.Read(received, policy_)) {
    case HeadReader::Verdict::kNeedMore:
      return {};
    case HeadReader::Verdict::kNotSip:
      return Fail(Verdict::kNotSip, 0);
    case HeadReader::Verdict::kTooLong:
      return Fail(Verdict::kHeadTooLong, head_.scanned());
    case HeadReader::Verdict::kDone:
      break;
  }
  const size_t size = head_.scanned();
  // Conformance: ERR-04
  if (head_.bad_length()) return Fail(Verdict::kBadContentLength, size);
  if (!head_.has_length()) return Fail(Verdict::kNoContentLength, size);
  const size_t message_size = size + head_.length();
  if (head_.length() > policy_.limits->body_bytes ||
      message_size > kMessageBytesMax) {
    return Fail(Verdict::kBodyTooLong, size);
  }
  message_size_ = static_cast<uint32_t>(message_size);
  return TakeMessage(received);
}

Framer::Cut Framer::TakeMessage(std::string_view received) {
  if (received.size() < message_size_) return {};
  const Cut cut{.verdict = Verdict::kMessage, .size = message_size_};
  message_size_ = 0;
  head_ = HeadReader();
  return cut;
}

std::string_view ToString(Framer::Verdict verdict) {
  switch (verdict) {
    case Framer::Verdict::kNeedMore:
      return "need_more";
    case Framer::Verdict::kMessage:
      return "message";
    case Framer::Verdict::kPing:
      return "ping";
    case Framer::Verdict::kCrlf:
      return "crlf";
    case Framer::Verdict::kNotSip:
      return "not_sip";
    case Framer::Verdict::kHeadTooLong:
      return "head_too_long";
    case Framer::Verdict::kBodyTooLong:
      return "body_too_long";
    case Framer::Verdict::kNoContentLength:
      return "no_content_length";
    case Framer::Verdict::kBadContentLength:
      return "bad_content_length";
  }
  return "";
}

// ---- datagrams

namespace {

DatagramCut::Verdict CutBody(const HeadReader& head, size_t body_bytes_max,
                             size_t& size) {
  using Verdict = DatagramCut::Verdict;
  if (head.bad_length()) return Verdict::kBadContentLength;
  const size_t there = size - head.scanned();
  const size_t wanted = head.has_length() ? head.length() : there;
  if (wanted > body_bytes_max) return Verdict::kBodyTooLong;
  if (head.scanned() + wanted > kMessageBytesMax) return Verdict::kBodyTooLong;
  if (wanted > there) return Verdict::kShortBody;
  size = head.scanned() + wanted;
  return Verdict::kMessage;
}

}  // namespace

DatagramCut CutDatagram(std::string_view datagram, ScanPolicy policy) {
  using Verdict = DatagramCut::Verdict;
  DatagramCut cut;
  cut.begin = datagram.find_first_not_of("\r\n");
  if (cut.begin == datagram.npos) return {};
  const std::string_view message = datagram.substr(cut.begin);
  cut.size = message.size();
  HeadReader head;
  switch (head.Read(message, policy)) {
    case HeadReader::Verdict::kNeedMore:
      cut.verdict = Verdict::kIncomplete;
      break;
    case HeadReader::Verdict::kNotSip:
      cut.verdict = Verdict::kNotSip;
      break;
    case HeadReader::Verdict::kTooLong:
      cut.verdict = Verdict::kHeadTooLong;
      break;
    case HeadReader::Verdict::kDone:
      cut.verdict = CutBody(head, policy.limits->body_bytes, cut.size);
      break;
  }
  return cut;
}

std::string_view ToString(DatagramCut::Verdict verdict) {
  switch (verdict) {
    case DatagramCut::Verdict::kMessage:
      return "message";
    case DatagramCut::Verdict::kKeepAlive:
      return "keep_alive";
    case DatagramCut::Verdict::kNotSip:
      return "not_sip";
    case DatagramCut::Verdict::kIncomplete:
      return "incomplete";
    case DatagramCut::Verdict::kShortBody:
      return "short_body";
    case DatagramCut::Verdict::kHeadTooLong:
      return "head_too_long";
    case DatagramCut::Verdict::kBodyTooLong:
      return "body_too_long";
    case DatagramCut::Verdict::kBadContentLength:
      return "bad_content_length";
  }
  return "";
}

}  // namespace sallyport::sip
