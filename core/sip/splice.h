// A SpliceList changes a message without copying it: a short sorted list of
// removals and insertions over the original bytes, gathered once into the
// buffer that leaves.
#ifndef CORE_SIP_SPLICE_H_
#define CORE_SIP_SPLICE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "absl/base/attributes.h"

namespace sallyport::sip {

// A Scratch is where texts to insert are written. One per Edge, reset per
// event. Bounds: kBytes; past it Append* do nothing and overflowed() is true.
class Scratch {
 public:
  static constexpr size_t kBytes = 32768;
  void Reset() {
    used_ = 0;
    overflowed_ = false;
  }
  bool overflowed() const { return overflowed_; }

  // Begin a text, append to it, and take it. Texts do not nest. What was taken
  // stays until Reset().
  void Begin() { begin_ = used_; }
  void Append(std::string_view text) {
    if (text.size() > kBytes - used_) {
      overflowed_ = true;
      return;
    }
    if (!text.empty()) {
      std::memcpy(bytes_.data() + used_, text.data(), text.size());
    }
    used_ += text.size();
  }
  void AppendUint(uint64_t value);
  // The last `digits` hexadecimal digits, lower case; 1 to 16.
  void AppendHex(uint64_t value, int digits);
  std::string_view Take() const ABSL_ATTRIBUTE_LIFETIME_BOUND {
    return {bytes_.data() + begin_, used_ - begin_};
  }
  // All at once.
  template <typename... Parts>
  std::string_view Join(const Parts&... parts) ABSL_ATTRIBUTE_LIFETIME_BOUND {
    Begin();
    (Append(std::string_view(parts)), ...);
    return Take();
  }
  size_t used() const { return used_; }

 private:
  std::array<char, kBytes> bytes_;
  size_t used_ = 0;
  size_t begin_ = 0;
  bool overflowed_ = false;
};

// Borrows: the message and every inserted text, until it was gathered.
// Bounds:  kSplicesMax; past it overflowed() is true and the message must not
// go. Laws:    without splices the message leaves byte for byte; splices may be
// added
//          in any order (fastest in the order of the bytes); insertions at one
//          place keep the order of adding; removals may touch and may cover one
//          another, and an insertion at a place inside a removal is kept.
class SpliceList {
 public:
  static constexpr size_t kSplicesMax = 320;

  void Reset(std::string_view original);
  std::string_view original() const { return original_; }
  // Offsets into the original; begin <= end <= its size.
  void Remove(size_t begin, size_t end);
  void Insert(size_t at, std::string_view text);
  void Replace(size_t begin, size_t end, std::string_view text) {
    Remove(begin, end);
    Insert(begin, text);
  }
  bool overflowed() const { return overflowed_; }
  size_t count() const { return count_; }
  // Takes back all that was added since count() was `count`; before Seal().
  void TakeBack(size_t count);

  // Sorts; call after the last change, and before gathered_size() and Gather().
  void Seal();
  size_t gathered_size() const { return gathered_size_; }
  // Writes exactly gathered_size() bytes. Hot: 1 per message.
  void Gather(char* out) const;

 private:
  // Removes [begin, end), or puts `text` in at begin == end.
  struct Splice {
    uint32_t begin;
    uint32_t end;
    std::string_view text;
  };
  void Add(size_t begin, size_t end, std::string_view text);

  std::string_view original_;
  std::array<Splice, kSplicesMax> splices_;
  size_t count_ = 0;
  size_t gathered_size_ = 0;
  bool overflowed_ = false;
  bool sealed_ = false;
};

}  // namespace sallyport::sip

#endif  // CORE_SIP_SPLICE_H_
