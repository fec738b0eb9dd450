#include "core/sip/scanner.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/sip/start_line.h"
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

std::string_view WithoutLineEnd(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

// ---- HeadMarks

// Goes to the next block in which a line ends.
bool HeadMarks::NextBlock() {
  do {
    const size_t next = reading_ + 1;
    if (next >= marked_ && !MarkMore()) return false;
    reading_ = next;
    line_ends_ = marks_[next].line_feed;
  } while (line_ends_ == 0);
  return true;
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
  const uint64_t lenient = policy_.lone_lf ? ~uint64_t{0} : 0;
  uint64_t after_cr = after_cr_, bad_seen = bad_seen_;
  for (size_t i = first_block; i < marked_; ++i) {
    BlockMarks& marks = marks_[i];
    const uint64_t behind_cr = marks.carriage_return << 1 | after_cr;
    after_cr = marks.carriage_return >> 63;
    const uint64_t line_ends = marks.line_feed & (behind_cr | lenient);
    marks.nul |= (behind_cr & ~marks.line_feed) ^ (marks.line_feed ^ line_ends);
    marks.line_feed = line_ends;
    bad_seen |= marks.nul;
  }
  after_cr_ = after_cr;
  bad_seen_ = bad_seen;
}

size_t HeadMarks::FindColonBehind(size_t block, size_t end) const {
  while (++block * kBlockBytes < end) {
    if (marks_[block].colon == 0) continue;
    const size_t colon =
        block * kBlockBytes + std::countr_zero(marks_[block].colon);
    return colon < end ? colon : kNone;
  }
  return kNone;
}

bool HeadMarks::FindBad(size_t begin, size_t end) const {
  const size_t last = (end - 1) / kBlockBytes;
  for (size_t block = begin / kBlockBytes; block <= last; ++block) {
    if ((marks_[block].nul & BitsWithin(block, begin, end)) != 0) return true;
  }
  return false;
}

// ---- the start line

ScanVerdict MessageScanner::AddStartLine(std::string_view line,
                                         MessageView& view) const {
  const StartLine start =
      ReadStartLine(line, policy_.limits->request_uri_bytes);
  view.is_request_ = start.kind == StartLine::Kind::kRequest;
  if (view.is_request_) {
    view.method_ = MethodOf(start.method);
    view.method_size_ = static_cast<uint16_t>(start.method.size());
    view.uri_begin_ = static_cast<uint16_t>(view.OffsetOf(start.uri));
    view.uri_size_ = static_cast<uint16_t>(start.uri.size());
  } else if (start.code != 0) {
    view.status_code_ = start.code;
    view.reason_begin_ = static_cast<uint16_t>(view.OffsetOf(start.reason));
    view.reason_size_ = static_cast<uint16_t>(start.reason.size());
  }
  return start.verdict;
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

// No line ends any more within the first `head_bytes_max` octets.
ScanVerdict Unfinished(std::string_view message, size_t head_bytes_max) {
  return message.size() > head_bytes_max ? ScanVerdict::kHeadTooLong
                                         : ScanVerdict::kIncomplete;
}

// One header field with its folds, or the empty line that ends the head.
struct Line {
  size_t begin = 0;
  size_t first_end = 0;  // past the line end before the first fold
  size_t end = 0;        // past the last line end
};

// CRLF, or the LF alone that the policy took for a line end.
bool IsEmpty(const char* head, const Line& line) {
  const size_t size = line.first_end - line.begin;
  return size <= 2 && (size == 1 || head[line.begin] == '\r');
}

// Moves line.end over all folds; false when the head stops within them.
// Source: RFC 3261 7.3.1 (a line that begins with white space goes on with the
// value before it).
bool TakeFolds(std::string_view head, HeadMarks& marks, Line& line) {
  while (line.end < head.size() && IsBlank(head.data()[line.end])) {
    line.end = marks.NextLineEnd();
    if (line.end == HeadMarks::kNone) return false;
  }
  return true;
}

// False: the line is no header field.
bool ReadField(const char* head, const Line& line, const HeadMarks& marks,
               HeaderField& field) {
  const size_t colon = marks.FindColon(line.begin, line.first_end);
  if (colon == HeadMarks::kNone || marks.HasBad(line.begin, line.end)) {
    return false;
  }
  // Source: RFC 3261 7.3.1 (white space may stand before the colon).
  size_t name_end = colon;
  while (name_end > line.begin && IsBlank(head[name_end - 1])) --name_end;
  const std::string_view name(head + line.begin, name_end - line.begin);
  const HeaderId id = HeaderIdOf(name);
  if (id == HeaderId::kOther && !IsToken(name)) return false;

  size_t begin = colon + 1, end = line.end - 1;
  if (head[end - 1] == '\r') --end;
  while (begin < end && IsLws(head[begin])) ++begin;
  while (end > begin && IsLws(head[end - 1])) --end;
  field.id = id;
  field.folded = line.first_end != line.end;
  field.name_begin = static_cast<uint16_t>(line.begin);
  field.name_size = static_cast<uint16_t>(name.size());
  field.value_begin = static_cast<uint16_t>(begin);
  field.value_size = static_cast<uint16_t>(end - begin);
  field.line_end = static_cast<uint16_t>(line.end);
  return true;
}

}  // namespace

ScanVerdict MessageScanner::Scan(std::string_view message,
                                 MessageView& view) const {
  view.Clear(message);
  const size_t head_bytes_max = policy_.limits->head_bytes;  // of HeadMarks
  const std::string_view head = message.substr(0, head_bytes_max);
  HeadMarks marks(head, policy_, kernel_);
  const size_t end = marks.NextLineEnd();
  if (end == HeadMarks::kNone) return Unfinished(message, head_bytes_max);

  ScanVerdict verdict = AddStartLine(WithoutLineEnd(head.substr(0, end)), view);
  if (verdict == ScanVerdict::kBadStartLine) return verdict;
  if (verdict == ScanVerdict::kOk && marks.HasBad(0, end)) {
    verdict = ScanVerdict::kMalformedStartLine;
  }
  view.start_line_end_ = static_cast<uint16_t>(end);
  const ScanVerdict rest = ScanFields(head, marks, view);
  return verdict == ScanVerdict::kOk || !IsWhole(rest) ? rest : verdict;
}

ScanVerdict MessageScanner::ScanFields(std::string_view head, HeadMarks& marks,
                                       MessageView& view) const {
  const MessageLimits limits = *policy_.limits;
  ScanVerdict first = ScanVerdict::kOk;
  const auto note = [&first](ScanVerdict verdict) {
    if (first == ScanVerdict::kOk) first = verdict;
  };
  Line line{.begin = view.start_line_end_};
  while (true) {
    view.headers_end_ = static_cast<uint16_t>(line.begin);
    line.first_end = line.end = marks.NextLineEnd();
    if (line.end == HeadMarks::kNone) {
      return Unfinished(view.bytes_, limits.head_bytes);
    }
    if (IsEmpty(head.data(), line)) {
      view.head_size_ = static_cast<uint32_t>(line.end);
      return first;
    }
    if (!TakeFolds(head, marks, line)) {
      return Unfinished(view.bytes_, limits.head_bytes);
    }
    if (view.count_ == limits.header_fields) {
      return ScanVerdict::kTooManyHeaders;
    }
    HeaderField& field = view.fields_[view.count_];
    if (!ReadField(head.data(), line, marks, field)) {
      note(ScanVerdict::kBadHeaderLine);
    } else {
      view.Index(field.id);
      if (field.value_size > limits.header_value_bytes) {
        note(ScanVerdict::kHeaderTooLong);
      }
    }
    line.begin = line.end;
  }
}

}  // namespace sallyport::sip
