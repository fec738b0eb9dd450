// A MessageScanner fills a MessageView: one vectorised pass finds the line
// ends, colons and commas of the head, and each line is named as it is found.
#ifndef CORE_SIP_SCANNER_H_
#define CORE_SIP_SCANNER_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/sip/limits.h"
#include "core/sip/message.h"
#include "core/sip/scanner_kernel.h"

namespace sallyport::sip {

// Which bit is the first; there is one.
inline size_t FirstOf(uint64_t bits) {
  return static_cast<unsigned>(std::countr_zero(bits));
}

// HeadMarks hold where in a head lines end, colons and commas stand, and octets
// lie that no line may have. They are filled as far as somebody asks: the body
// is not looked at, but for the rest of the last stretch. Borrows: the bytes.
class HeadMarks {
 public:
  static constexpr size_t kNone = ~size_t{0};

  HeadMarks(std::string_view bytes, ScanPolicy policy, MarkBlocks kernel)
      : bytes_(bytes),
        kernel_(kernel),
        judge_{.lone_lf = policy.lone_lf ? ~uint64_t{0} : 0} {}

  // Blocks, from the first on, that have marks.
  size_t marked() const { return marked_; }
  const BlockMarks& operator[](size_t block) const { return marks_[block]; }
  // Marks the next stretch; false when there are no more bytes.
  bool MarkMore();

  // The first colon in [begin, end), which was marked already, or kNone.
  size_t FindColon(size_t begin, size_t end) const {
    const size_t block = begin / kBlockBytes;
    const uint64_t colons = marks_[block].colon >> (begin % kBlockBytes);
    if (colons != 0) {
      const size_t colon = begin + FirstOf(colons);
      return colon < end ? colon : kNone;
    }
    return FindColonBehind(block, end);
  }
  // NUL, a CR without LF, or an LF without CR (policy) in [begin, end).
  bool HasBad(size_t begin, size_t end) const {
    return judge_.bad_seen != 0 && FindBad(begin, end);
  }

 private:
  static constexpr size_t kBlocksMax = kHeadBytesMax / kBlockBytes + 1;
  static constexpr size_t kStretchBlocks = 8;

  size_t FindColonBehind(size_t block, size_t end) const;
  bool FindBad(size_t begin, size_t end) const;
  void MarkTail(size_t begin);

  const std::string_view bytes_;
  const MarkBlocks kernel_;
  LineEndJudge judge_;
  size_t marked_ = 0;  // blocks
  std::array<BlockMarks, kBlocksMax> marks_;
};

// LineEnds go over the line ends of a head. A value: whoever goes over many of
// them has it in registers. Borrows: the marks.
class LineEnds {
 public:
  explicit LineEnds(HeadMarks& marks) : marks_(&marks) {}

  // Goes to the next line end; false, and no more calls, when there is none.
  bool Next() {
    uint64_t commas = 0;  // of the line
    while (line_ends_ == 0) {
      commas |= commas_;
      if (++block_ == marks_->marked() && !marks_->MarkMore()) return false;
      line_ends_ = (*marks_)[block_].line_end;
      commas_ = (*marks_)[block_].comma;
    }
    const uint64_t rest = line_ends_ & (line_ends_ - 1);
    const uint64_t line = (line_ends_ ^ rest) - 1;  // all in front of its end
    has_comma_ = (commas | (commas_ & line)) != 0;
    commas_ &= ~line;
    end_ = block_ * kBlockBytes + FirstOf(line_ends_) + 1;
    line_ends_ = rest;
    return true;
  }
  const HeadMarks& marks() const { return *marks_; }
  size_t end() const { return end_; }  // past the line end
  // A comma stands in front of it, behind the line end before.
  bool has_comma() const { return has_comma_; }

 private:
  HeadMarks* marks_;
  size_t block_ = ~size_t{0};  // of the line end; none before the first
  size_t end_ = 0;
  // Those of the block that lie behind the line end.
  uint64_t line_ends_ = 0;
  uint64_t commas_ = 0;
  bool has_comma_ = false;
};

// Threads: none. One use of Scan() leaves nothing behind but the view.
class MessageScanner {
 public:
  MessageScanner(ScanPolicy policy, ScanKernel kernel)
      : policy_(policy), kernel_(KernelOf(kernel)) {}

  // See MessageView::Scan.
  [[nodiscard]] ScanVerdict Scan(std::string_view message,
                                 MessageView& view) const;

 private:
  ScanVerdict AddStartLine(std::string_view line, MessageView& view) const;
  ScanVerdict ScanFields(std::string_view head, LineEnds ends,
                         MessageView& view) const;

  const ScanPolicy policy_;
  const MarkBlocks kernel_;
};

}  // namespace sallyport::sip

#endif  // CORE_SIP_SCANNER_H_
