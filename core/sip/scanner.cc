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

bool HeadMarks::MarkMore() {
  const size_t begin = marked_ * kBlockBytes;
  if (begin >= bytes_.size()) return false;
  const size_t whole_blocks = (bytes_.size() - begin) / kBlockBytes;
  const size_t blocks = std::min(whole_blocks, kStretchBlocks);
  kernel_(bytes_.data() + begin, blocks, judge_, &marks_[marked_]);
  marked_ += blocks;
  if (blocks < kStretchBlocks) MarkTail(begin + blocks * kBlockBytes);
  return true;
}

// The last octets, less than a block, are copied: nothing behind them is read.
void HeadMarks::MarkTail(size_t begin) {
  if (begin == bytes_.size()) return;
  char block[kBlockBytes];
  std::memset(block, ' ', sizeof block);
  std::memcpy(block, bytes_.data() + begin, bytes_.size() - begin);
  kernel_(block, 1, judge_, &marks_[marked_++]);
}

size_t HeadMarks::FindColonBehind(size_t block, size_t end) const {
  while (++block * kBlockBytes < end) {
    if (marks_[block].colon == 0) continue;
    const size_t colon = block * kBlockBytes + FirstOf(marks_[block].colon);
    return colon < end ? colon : kNone;
  }
  return kNone;
}

bool HeadMarks::FindBad(size_t begin, size_t end) const {
  const size_t last = (end - 1) / kBlockBytes;
  for (size_t block = begin / kBlockBytes; block <= last; ++block) {
    if ((marks_[block].bad & BitsWithin(block, begin, end)) != 0) return true;
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
  size_t end = 0;    // past the last line end
  size_t colon = 0;  // before the first fold, or HeadMarks::kNone
  bool folded = false;
  bool has_comma = false;
};

// CRLF, or the LF alone that the policy took for a line end.
bool IsEmpty(const char* head, const Line& line) {
  if (!IsLws(head[line.begin])) return false;  // nearly all are done with here
  const size_t size = line.end - line.begin;
  return size <= 2 && (size == 1 || head[line.begin] == '\r');
}

// Whether the line that ends there goes on.
// Source: RFC 3261 7.3.1 (a line that begins with white space goes on with the
// value before it).
bool IsFolded(std::string_view head, size_t end) {
  return end < head.size() && IsBlank(head.data()[end]);
}

struct Folds {
  LineEnds ends;  // at the last of the line
  bool has_comma = false;
  bool ended = true;  // false: the head stops within them
};

// Out of the way of the loop over lines, which needs all registers and seldom
// sees a fold.
[[gnu::noinline]] Folds ReadFolds(std::string_view head, LineEnds ends) {
  Folds folds{.ends = ends, .has_comma = ends.has_comma()};
  while (folds.ended && IsFolded(head, folds.ends.end())) {
    folds.ended = folds.ends.Next();
    folds.has_comma |= folds.ends.has_comma();
  }
  return folds;
}

// Moves line.end over all folds; false when the head stops within them.
bool TakeFolds(std::string_view head, LineEnds& ends, Line& line) {
  if (!IsFolded(head, line.end)) return true;
  const Folds folds = ReadFolds(head, ends);
  ends = folds.ends;
  line.end = ends.end();
  line.has_comma = folds.has_comma;
  line.folded = true;
  return folds.ended;
}

// False: the line has no colon, or what no line may have.
bool ReadPlaces(const char* head, const Line& line, const HeadMarks& marks,
                HeaderField& field) {
  if (line.colon == HeadMarks::kNone || marks.HasBad(line.begin, line.end)) {
    return false;
  }
  field.name_begin = static_cast<uint16_t>(line.begin);
  field.line_end = static_cast<uint16_t>(line.end);
  field.folded = line.folded;
  field.has_comma = line.has_comma;
  // Source: RFC 3261 7.3.1 (white space may stand before the colon).
  size_t name_end = line.colon;
  while (name_end > line.begin && IsBlank(head[name_end - 1])) --name_end;
  field.name_size = static_cast<uint16_t>(name_end - line.begin);
  // Most values have one space before them, and the line end behind.
  size_t begin = line.colon + 1, end = line.end - 1;
  begin += head[begin] == ' ';
  end -= head[end - 1] == '\r';
  if (begin < end && (IsLws(head[begin]) || IsLws(head[end - 1]))) {
    while (begin < end && IsLws(head[begin])) ++begin;
    while (end > begin && IsLws(head[end - 1])) --end;
  }
  field.value_begin = static_cast<uint16_t>(begin);
  field.value_size = static_cast<uint16_t>(end - begin);
  return true;
}

// False: no field has such a name.
bool ReadName(std::string_view name, HeaderField& field) {
  field.id = HeaderIdOf(name);
  return field.id != HeaderId::kOther || IsToken(name);
}

}  // namespace

ScanVerdict MessageScanner::Scan(std::string_view message,
                                 MessageView& view) const {
  view.Clear(message);
  const size_t head_bytes_max = policy_.limits->head_bytes;  // of HeadMarks
  const std::string_view head = message.substr(0, head_bytes_max);
  HeadMarks marks(head, policy_, kernel_);
  LineEnds ends(marks);
  if (!ends.Next()) return Unfinished(message, head_bytes_max);
  const size_t end = ends.end();

  ScanVerdict verdict = AddStartLine(WithoutLineEnd(head.substr(0, end)), view);
  if (verdict == ScanVerdict::kBadStartLine) return verdict;
  if (verdict == ScanVerdict::kOk && marks.HasBad(0, end)) {
    verdict = ScanVerdict::kMalformedStartLine;
  }
  view.start_line_end_ = static_cast<uint16_t>(end);
  const ScanVerdict rest = ScanFields(head, ends, view);
  return verdict == ScanVerdict::kOk || !IsWhole(rest) ? rest : verdict;
}

ScanVerdict MessageScanner::ScanFields(std::string_view head, LineEnds ends,
                                       MessageView& view) const {
  const size_t fields_max = policy_.limits->header_fields;
  const size_t value_bytes_max = policy_.limits->header_value_bytes;
  ScanVerdict verdict = ScanVerdict::kOk;  // what was found first
  size_t count = 0;
  HeaderField* field = view.fields_.data();
  size_t begin = view.start_line_end_;
  while (true) {
    const bool ended = ends.Next();
    Line line{.begin = begin, .end = ends.end(), .has_comma = ends.has_comma()};
    if (ended && IsEmpty(head.data(), line)) {
      view.head_size_ = static_cast<uint32_t>(line.end);
      break;
    }
    if (ended) line.colon = ends.marks().FindColon(begin, line.end);
    if (!ended || !TakeFolds(head, ends, line)) {
      verdict = Unfinished(view.bytes_, policy_.limits->head_bytes);
      break;
    }
    if (count == fields_max) {
      verdict = ScanVerdict::kTooManyHeaders;
      break;
    }
    if (!ReadPlaces(head.data(), line, ends.marks(), *field) ||
        !ReadName(view.Name(*field), *field)) {
      if (verdict == ScanVerdict::kOk) verdict = ScanVerdict::kBadHeaderLine;
    } else {
      view.Index(field->id, ++count);
      if (field++->value_size > value_bytes_max &&
          verdict == ScanVerdict::kOk) {
        verdict = ScanVerdict::kHeaderTooLong;
      }
    }
    begin = line.end;
  }
  view.count_ = static_cast<uint16_t>(count);
  view.headers_end_ = static_cast<uint16_t>(begin);
  return verdict;
}

}  // namespace sallyport::sip
