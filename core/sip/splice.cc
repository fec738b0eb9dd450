#include "core/sip/splice.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "absl/log/check.h"
#include "core/base/hex.h"

namespace sallyport::sip {

void Scratch::AppendUint(uint64_t value) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  Append({digits, static_cast<size_t>(end - digits)});
}

void Scratch::AppendHex(uint64_t value, int digits) {
  CHECK(digits >= 1 && digits <= 16);
  char text[16];
  WriteHex<16>(value, text);
  Append({text + sizeof(text) - digits, static_cast<size_t>(digits)});
}

void SpliceList::Reset(std::string_view original) {
  original_ = original;
  count_ = 0;
  gathered_size_ = 0;
  overflowed_ = false;
  sealed_ = false;
}

void SpliceList::Add(size_t begin, size_t end, std::string_view text) {
  CHECK(begin <= end && end <= original_.size());
  sealed_ = false;
  if (count_ == kSplicesMax) {
    overflowed_ = true;
    return;
  }
  splices_[count_++] = {static_cast<uint32_t>(begin),
                        static_cast<uint32_t>(end), text};
}

void SpliceList::TakeBack(size_t count) {
  CHECK_LE(count, count_);
  count_ = count;
  // They were not too many before: else there would be one more.
  overflowed_ = overflowed_ && count == kSplicesMax;
}

void SpliceList::Remove(size_t begin, size_t end) {
  if (begin != end) Add(begin, end, {});
}

void SpliceList::Insert(size_t at, std::string_view text) {
  if (!text.empty()) Add(at, at, text);
}

// An insertion sort keeps the order of equals, and costs nothing when the
// splices were added in the order of the bytes.
void SpliceList::Seal() {
  for (size_t i = 1; i < count_; ++i) {
    if (splices_[i - 1].begin <= splices_[i].begin) continue;
    const Splice splice = splices_[i];
    size_t place = i;
    for (; place > 0 && splices_[place - 1].begin > splice.begin; --place) {
      splices_[place] = splices_[place - 1];
    }
    splices_[place] = splice;
  }
  size_t removed_to = 0;
  gathered_size_ = original_.size();
  for (size_t i = 0; i < count_; ++i) {
    const Splice& splice = splices_[i];
    gathered_size_ += splice.text.size();
    const size_t begin = std::max<size_t>(splice.begin, removed_to);
    if (splice.end <= begin) continue;
    gathered_size_ -= splice.end - begin;
    removed_to = splice.end;
  }
  sealed_ = true;
}

void SpliceList::Gather(char* out) const {
  CHECK(sealed_ && !overflowed_);
  const char* const begin = out;
  const auto write = [&out](std::string_view text) {
    std::memcpy(out, text.data(), text.size());
    out += text.size();
  };
  size_t read = 0;  // of the original: written or removed
  for (size_t i = 0; i < count_; ++i) {
    const Splice& splice = splices_[i];
    if (splice.begin > read) {
      write(original_.substr(read, splice.begin - read));
      read = splice.begin;
    }
    if (!splice.text.empty()) write(splice.text);
    read = std::max<size_t>(read, splice.end);
  }
  if (read < original_.size()) write(original_.substr(read));
  CHECK_EQ(static_cast<size_t>(out - begin), gathered_size_);
}

}  // namespace sallyport::sip
