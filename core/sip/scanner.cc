#include "core/sip/scanner.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/sip/text.h"

namespace sallyport::sip {
namespace {

constexpr uint64_t FromBit(size_t bit) { return ~uint64_t{0} << bit; }

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// Bits of [begin, end) that lie in this block.
uint64_t BitsWithin(size_t block, size_t begin, size_t end) {
  const size_t base = block * kBlockBytes;
  uint64_t bits = ~uint64_t{0};
  if (begin > base) bits &= FromBit(begin - base);
  if (end < base + kBlockBytes) bits &= ~FromBit(end - base);
  return bits;
}

size_t FirstBlank(std::string_view text) {
  size_t at = 0;
  while (at < text.size() && !IsBlank(text[at])) ++at;
  return at == text.size() ? text.npos : at;
}

size_t LastBlank(std::string_view text) {
  size_t at = text.size();
  while (at > 0 && !IsBlank(text[at - 1])) --at;
  return at - 1;  // npos when there is none
}

bool HasBlank(std::string_view text) {
  return text.find(' ') != text.npos || text.find('\t') != text.npos;
}

std::string_view WithoutLineEnd(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool StartsWithSip(std::string_view text) {
  return text.size() >= 4 && EqualsIgnoreCase(text.substr(0, 4), "SIP/");
}

// "SIP/" 1*DIGIT "." 1*DIGIT.  Source: RFC 3261 25.1 (SIP-Version).
bool IsSipVersion(std::string_view text) {
  if (!StartsWithSip(text)) return false;
  text.remove_prefix(4);
  const size_t dot = text.find('.');
  if (dot == 0 || dot == text.npos || dot + 1 == text.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i != dot && !IsDigit(text[i])) return false;
  }
  return true;
}

bool IsSip20(std::string_view version) {
  return EqualsIgnoreCase(version, "SIP/2.0");
}

}  // namespace

// ---- HeadMarks

size_t HeadMarks::NextLineEnd() {
  while (line_ends_ == 0) {
    const size_t next = reading_ + 1;
    if (next >= marked_ && !MarkMore()) return kNone;
    reading_ = next;
    line_ends_ = marks_[next].line_feed;
  }
  const size_t bit = std::countr_zero(line_ends_);
  line_ends_ &= line_ends_ - 1;
  return reading_ * kBlockBytes + bit + 1;
}

// Marks the next stretch; false when there are no more bytes.
bool HeadMarks::MarkMore() {
  const size_t begin = marked_ * kBlockBytes;
  if (begin >= bytes_.size()) return false;
  const size_t first_block = marked_;
  const size_t whole_blocks = (bytes_.size() - begin) / kBlockBytes;
  const size_t blocks = std::min(whole_blocks, kStretchBlocks);
  kernel_(bytes_.data() + begin, blocks, &marks_[marked_]);
  marked_ += blocks;
  if (blocks < kStretchBlocks) MarkTail(begin + blocks * kBlockBytes);
  JudgeLineEnds(first_block);
  return marked_ > first_block;
}

// The last octets, less than a block, are copied: nothing behind them is read.
void HeadMarks::MarkTail(size_t begin) {
  if (begin == bytes_.size()) return;
  char block[kBlockBytes];
  std::memset(block, ' ', sizeof block);
  std::memcpy(block, bytes_.data() + begin, bytes_.size() - begin);
  kernel_(block, 1, &marks_[marked_++]);
}

// A line ends at LF behind CR; a CR before anything else is bad, and so is an
// LF behind anything else unless the policy makes it a line end.
void HeadMarks::JudgeLineEnds(size_t first_block) {
  for (size_t i = first_block; i < marked_; ++i) {
    BlockMarks& marks = marks_[i];
    const uint64_t behind_cr = marks.carriage_return << 1 | after_cr_;
    after_cr_ = marks.carriage_return >> 63;
    const uint64_t lone_cr = behind_cr & ~marks.line_feed;
    const uint64_t lone_lf = marks.line_feed & ~behind_cr;
    marks.nul |= lone_cr;
    if (!policy_.lone_lf) {
      marks.nul |= lone_lf;
      marks.line_feed &= ~lone_lf;
    }
    bad_seen_ |= marks.nul;
  }
}

size_t HeadMarks::FindColon(size_t begin, size_t end) const {
  size_t block = begin / kBlockBytes;
  uint64_t colons = marks_[block].colon & FromBit(begin % kBlockBytes);
  while (colons == 0) {
    if (++block * kBlockBytes >= end) return kNone;
    colons = marks_[block].colon;
  }
  const size_t colon = block * kBlockBytes + std::countr_zero(colons);
  return colon < end ? colon : kNone;
}

bool HeadMarks::HasBad(size_t begin, size_t end) const {
  if (bad_seen_ == 0) return false;
  const size_t last = (end - 1) / kBlockBytes;
  for (size_t block = begin / kBlockBytes; block <= last; ++block) {
    if ((marks_[block].nul & BitsWithin(block, begin, end)) != 0) return true;
  }
  return false;
}

// ---- the start line

StartLineKind KindOfStartLine(std::string_view line) {
  if (StartsWithSip(line)) return StartLineKind::kResponse;
  const size_t word_end = FirstBlank(line);
  if (word_end == line.npos) return StartLineKind::kNotSip;
  if (!IsToken(line.substr(0, word_end))) return StartLineKind::kNotSip;
  // The version is the last word, wherever white space stands.
  const std::string_view rest = TrimLws(line);
  const size_t last = LastBlank(rest);
  if (last == rest.npos) return StartLineKind::kNotSip;
  return StartsWithSip(rest.substr(last + 1)) ? StartLineKind::kRequest
                                              : StartLineKind::kNotSip;
}

namespace {

// Method SP Request-URI SP SIP-Version, one space each.
// Source: RFC 3261 7.1.
struct RequestLine {
  std::string_view method, uri, version;
  bool malformed = false;
};
RequestLine SplitRequestLine(std::string_view line) {
  RequestLine parts;
  const size_t first = FirstBlank(line);
  const size_t last = LastBlank(line);
  parts.method = line.substr(0, first);
  if (last > first) parts.uri = line.substr(first + 1, last - first - 1);
  parts.version = line.substr(last + 1);
  parts.malformed = parts.uri.empty() || line[first] != ' ' ||
                    line[last] != ' ' || !IsSipVersion(parts.version) ||
                    HasBlank(parts.uri);
  return parts;
}

// SIP-Version SP Status-Code SP Reason-Phrase; a code has three digits and a
// class of 1 to 6. Source: RFC 3261 7.2.
struct StatusLine {
  std::string_view version, reason;
  int code = 0;
  bool malformed = true;
};
StatusLine SplitStatusLine(std::string_view line) {
  StatusLine parts;
  const size_t space = line.find(' ');
  parts.version = line.substr(0, space);
  if (!IsSipVersion(parts.version) || space == line.npos) return parts;
  const std::string_view rest = line.substr(space + 1);
  const std::optional<uint32_t> code = ParseUint32(rest.substr(0, 3));
  if (!code || *code < 100 || *code > 699) return parts;
  if (rest.size() < 4 || rest[3] != ' ') return parts;
  parts.code = static_cast<int>(*code);
  parts.reason = rest.substr(4);
  parts.malformed = false;
  return parts;
}

ScanVerdict JudgeStartLine(bool malformed, std::string_view version,
                           size_t uri_size) {
  if (malformed) return ScanVerdict::kMalformedStartLine;
  if (!IsSip20(version)) return ScanVerdict::kBadVersion;
  if (uri_size > kRequestUriBytesMax) return ScanVerdict::kUriTooLong;
  return ScanVerdict::kOk;
}

}  // namespace

ScanVerdict MessageScanner::ScanStartLine(std::string_view line,
                                          MessageView& view) {
  switch (KindOfStartLine(line)) {
    case StartLineKind::kNotSip:
      return ScanVerdict::kBadStartLine;
    case StartLineKind::kRequest: {
      const RequestLine parts = SplitRequestLine(line);
      view.is_request_ = true;
      view.method_ = MethodOf(parts.method);
      view.method_size_ = static_cast<uint16_t>(parts.method.size());
      view.uri_begin_ = static_cast<uint16_t>(parts.method.size() + 1);
      view.uri_size_ = static_cast<uint16_t>(parts.uri.size());
      return JudgeStartLine(parts.malformed, parts.version, parts.uri.size());
    }
    case StartLineKind::kResponse: {
      const StatusLine parts = SplitStatusLine(line);
      view.status_code_ = parts.code;
      view.reason_size_ = static_cast<uint16_t>(parts.reason.size());
      view.reason_begin_ =
          static_cast<uint16_t>(line.size() - parts.reason.size());
      return JudgeStartLine(parts.malformed, parts.version, 0);
    }
  }
  return ScanVerdict::kBadStartLine;
}

// ---- the fields

namespace {

// False: the scan stopped before it saw every line of the head.
bool IsWhole(ScanVerdict verdict) {
  switch (verdict) {
    case ScanVerdict::kOk:
    case ScanVerdict::kMalformedStartLine:
    case ScanVerdict::kBadVersion:
    case ScanVerdict::kBadHeaderLine:
    case ScanVerdict::kHeaderTooLong:
    case ScanVerdict::kUriTooLong:
      return true;
    case ScanVerdict::kBadStartLine:
    case ScanVerdict::kTooManyHeaders:
    case ScanVerdict::kHeadTooLong:
    case ScanVerdict::kIncomplete:
      return false;
  }
  return false;
}

// No line ends any more within kHeadBytesMax.
ScanVerdict Unfinished(std::string_view message) {
  return message.size() > kHeadBytesMax ? ScanVerdict::kHeadTooLong
                                        : ScanVerdict::kIncomplete;
}

bool IsEmptyLine(std::string_view head, size_t begin, size_t end) {
  return end - begin == 1 || (end - begin == 2 && head[begin] == '\r');
}

}  // namespace

ScanVerdict MessageScanner::Scan(std::string_view message,
                                 MessageView& view) const {
  view.Clear(message);
  const std::string_view head = message.substr(0, kHeadBytesMax);
  HeadMarks marks(head, policy_, kernel_);
  const size_t end = marks.NextLineEnd();
  if (end == HeadMarks::kNone) return Unfinished(message);

  ScanVerdict verdict =
      ScanStartLine(WithoutLineEnd(head.substr(0, end)), view);
  if (verdict == ScanVerdict::kBadStartLine) return verdict;
  if (verdict == ScanVerdict::kOk && marks.HasBad(0, end)) {
    verdict = ScanVerdict::kMalformedStartLine;
  }
  view.start_line_end_ = static_cast<uint16_t>(end);
  const ScanVerdict rest = ScanFields(head, marks, view);
  return verdict == ScanVerdict::kOk || !IsWhole(rest) ? rest : verdict;
}

ScanVerdict MessageScanner::ScanFields(std::string_view head, HeadMarks& marks,
                                       MessageView& view) {
  ScanVerdict worst = ScanVerdict::kOk;
  Line line{.begin = view.start_line_end_};
  while (NextLine(head, marks, line)) {
    view.headers_end_ = static_cast<uint16_t>(line.begin);
    if (IsEmptyLine(head, line.begin, line.first_end)) {
      view.head_size_ = static_cast<uint32_t>(line.first_end);
      return worst;
    }
    const ScanVerdict verdict = AddField(head, line, marks, view);
    if (verdict == ScanVerdict::kTooManyHeaders) return verdict;
    if (worst == ScanVerdict::kOk) worst = verdict;
    line.begin = line.end;
  }
  return Unfinished(view.bytes_);
}

// From line.begin over all folds; false when the head stops within the line.
// Source: RFC 3261 7.3.1 (a line that begins with white space goes on with the
// value before it).
bool MessageScanner::NextLine(std::string_view head, HeadMarks& marks,
                              Line& line) {
  line.first_end = line.end = marks.NextLineEnd();
  if (line.end == HeadMarks::kNone) return false;
  if (IsEmptyLine(head, line.begin, line.first_end)) return true;
  while (line.end < head.size() && IsBlank(head[line.end])) {
    line.end = marks.NextLineEnd();
    if (line.end == HeadMarks::kNone) return false;
  }
  return true;
}

ScanVerdict MessageScanner::AddField(std::string_view head, const Line& line,
                                     const HeadMarks& marks,
                                     MessageView& view) {
  const size_t colon = marks.FindColon(line.begin, line.first_end);
  if (colon == HeadMarks::kNone || marks.HasBad(line.begin, line.end)) {
    return ScanVerdict::kBadHeaderLine;
  }
  // Source: RFC 3261 7.3.1 (white space may stand before the colon).
  size_t name_end = colon;
  while (name_end > line.begin && IsBlank(head[name_end - 1])) --name_end;
  const std::string_view name = head.substr(line.begin, name_end - line.begin);
  const HeaderId id = HeaderIdOf(name);
  if (id == HeaderId::kOther && !IsToken(name)) {
    return ScanVerdict::kBadHeaderLine;
  }
  if (view.count_ == kHeaderFieldsMax) return ScanVerdict::kTooManyHeaders;

  size_t begin = colon + 1, end = line.end;
  while (begin < end && IsLws(head[begin])) ++begin;
  while (end > begin && IsLws(head[end - 1])) --end;
  view.fields_[view.count_++] = {
      .id = id,
      .folded = line.first_end != line.end,
      .name_begin = static_cast<uint16_t>(line.begin),
      .name_size = static_cast<uint16_t>(name.size()),
      .value_begin = static_cast<uint16_t>(begin),
      .value_size = static_cast<uint16_t>(end - begin),
      .line_end = static_cast<uint16_t>(line.end),
  };
  uint8_t& first = view.first_[static_cast<size_t>(id)];
  if (first == 0 && id != HeaderId::kOther) {
    first = static_cast<uint8_t>(view.count_);
  }
  return end - begin > kHeaderValueBytesMax ? ScanVerdict::kHeaderTooLong
                                            : ScanVerdict::kOk;
}

}  // namespace sallyport::sip
