// A MessageScanner fills a MessageView: one vectorised pass finds the line ends
// and colons of the head, and each line is named as it is found.
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

// HeadMarks hold where in a head lines end, colons stand, and octets lie that
// no line may have. They are filled as far as somebody asks: the body is not
// looked at, but for the rest of the last stretch. Borrows: the bytes.
class HeadMarks {
 public:
  static constexpr size_t kNone = ~size_t{0};

  HeadMarks(std::string_view bytes, ScanPolicy policy, MarkBlocks kernel)
      : bytes_(bytes), policy_(policy), kernel_(kernel) {}

  // Past the next line end, going on from the one that was returned last; kNone
  // when no line ends any more.
  size_t NextLineEnd() {
    if (line_ends_ == 0 && !NextBlock()) return kNone;
    const size_t bit = std::countr_zero(line_ends_);
    line_ends_ &= line_ends_ - 1;
    return reading_ * kBlockBytes + bit + 1;
  }
  // The first colon in [begin, end), which was marked already, or kNone.
  size_t FindColon(size_t begin, size_t end) const {
    size_t block = begin / kBlockBytes;
    uint64_t colons = marks_[block].colon >> (begin % kBlockBytes);
    if (colons != 0) {
      const size_t colon = begin + std::countr_zero(colons);
      return colon < end ? colon : kNone;
    }
    return FindColonBehind(block, end);
  }
  // NUL, a CR without LF, or an LF without CR (policy) in [begin, end).
  bool HasBad(size_t begin, size_t end) const {
    return bad_seen_ != 0 && FindBad(begin, end);
  }

 private:
  static constexpr size_t kBlocksMax = kHeadBytesMax / kBlockBytes + 1;
  static constexpr size_t kStretchBlocks = 8;

  bool NextBlock();
  size_t FindColonBehind(size_t block, size_t end) const;
  bool FindBad(size_t begin, size_t end) const;
  bool MarkMore();
  void MarkTail(size_t begin);
  void JudgeLineEnds(size_t first_block);

  const std::string_view bytes_;
  const ScanPolicy policy_;
  const MarkBlocks kernel_;
  size_t marked_ = 0;       // blocks
  size_t reading_ = kNone;  // block of the last line end; none before the first
  uint64_t line_ends_ = 0;  // those of it that were not returned yet
  uint64_t bad_seen_ = 0;   // any bad octet so far
  uint64_t after_cr_ = 0;   // 1: the block before ended in CR
  // Once judged, line_feed means "a line ends here" and nul "bad octet".
  std::array<BlockMarks, kBlocksMax> marks_;
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
  ScanVerdict ScanFields(std::string_view head, HeadMarks& marks,
                         MessageView& view) const;

  const ScanPolicy policy_;
  const MarkBlocks kernel_;
};

}  // namespace sallyport::sip

#endif  // CORE_SIP_SCANNER_H_
