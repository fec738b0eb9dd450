// A MessageView is one scanned SIP message: where its start line, its header
// fields and its body lie in bytes that somebody else holds.
#ifndef CORE_SIP_MESSAGE_H_
#define CORE_SIP_MESSAGE_H_

#include <array>
#include <bitset>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/base/attributes.h"
#include "core/sip/header_names.h"
#include "core/sip/limits.h"

namespace sallyport::sip {

// Where a header field lies in the head. Offsets count from the message's first
// byte; a head is smaller than 64 KiB.
struct HeaderField {
  HeaderId id = HeaderId::kOther;
  bool folded : 1 = false;  // the value has a line fold (RFC 3261 7.3.1)
  bool has_comma : 1 = false;  // none: no list, or one of one value
  uint16_t name_begin = 0;  // also where the line begins
  uint16_t name_size = 0;
  uint16_t value_begin = 0;  // without white space around it
  uint16_t value_size = 0;
  uint16_t line_end = 0;  // past the CRLF: where the next line begins
};
static_assert(sizeof(HeaderField) == 12);

enum class Method : uint8_t {
  kOther,
  kRegister,
  kInvite,
  kAck,
  kBye,
  kCancel,
  kOptions,
  kMessage,
  kSubscribe,
  kNotify,
  kPrack,
  kUpdate,
  kInfo,
  kRefer,
  kPublish,
};

// What the scanner found first. Whatever it says, the fields that it read can
// be used to build an answer; `whole` below: all good lines of the head are
// there.
enum class ScanVerdict : uint8_t {
  kOk,                  // whole
  kBadStartLine,        // not SIP at all: no fields were read
  kMalformedStartLine,  // SIP, but broken: 400, or discard a response; whole
  kBadVersion,          // SIP, but not 2.0; whole
  kBadHeaderLine,  // no colon, empty or illegal name, NUL, lone CR or LF; whole
  kTooManyHeaders,  // MessageLimits::header_fields
  kHeaderTooLong,   // header_value_bytes; whole
  kHeadTooLong,     // head_bytes
  kUriTooLong,      // request_uri_bytes; whole
  kIncomplete,      // no empty line ends the head
};
std::string_view ToString(ScanVerdict verdict);
std::string_view ToString(Method method);  // empty for kOther
// Octets as they are: method names have a case (RFC 3261 7.1).
Method MethodOf(std::string_view name);

// Leniency is data: every kindness to broken peers has a name here. Borrows:
// the limits, which outlive whoever scans by them.
struct ScanPolicy {
  bool lone_lf = false;  // accept LF alone as a line end (spec 8.1, `lenient`)
  const MessageLimits* limits = &kDefaultLimits;
};

// A MessageView is filled by Scan(); before, it is an empty message.
// Borrows: the bytes; the view dies with them and never copies them.
// Bounds:  core/sip/limits.h, as the policy sets them.
// Cost:    one pass over the head; no heap. Some 1.7 KB: reuse it.
class MessageView {
 public:
  MessageView() = default;

  // Scans the head of `message` (head and body; the framer cut it). The same
  // object may be used again and again. Reads no octet outside `message`.
  // Hot: 1 per message, no heap; 4,600 instructions for 842 octets and 15
  // fields with AVX2 (bench/scanner_bench.cc: BM_Scan_Register).
  [[nodiscard]] ScanVerdict Scan(std::string_view message
                                     ABSL_ATTRIBUTE_LIFETIME_BOUND,
                                 ScanPolicy policy = {});

  // Octets from `size` on are no part of it: `size` is not less than the head's.
  void CutTo(size_t size) { bytes_ = bytes_.substr(0, size); }

  // False: a response. Known as soon as the start line is recognised, also when
  // it is malformed.
  bool is_request() const { return is_request_; }
  Method method() const { return method_; }  // requests only
  std::string_view method_text() const {     // requests only
    return bytes_.substr(0, method_size_);
  }
  std::string_view request_uri() const {  // requests only
    return Part(uri_begin_, uri_size_);
  }
  int status_code() const {
    return status_code_;
  }                                  // responses only: 100 to 699
  std::string_view reason() const {  // responses only
    return bytes_.substr(reason_begin_, reason_size_);
  }
  uint16_t start_line_end() const { return start_line_end_; }  // past its CRLF
  // Where in the message the Request-URI lies (requests only).
  uint16_t request_uri_begin() const { return uri_begin_; }

  std::string_view bytes() const { return bytes_; }
  // With the empty line.
  std::string_view head() const { return bytes_.substr(0, head_size_); }
  std::string_view body() const { return bytes_.substr(head_size_); }
  // Where the empty line begins: the place to append header fields.
  uint16_t headers_end() const { return headers_end_; }

  std::span<const HeaderField> headers() const {
    return {fields_.data(), count_};
  }
  // First field of this id, or null.
  const HeaderField* Find(HeaderId id) const {
    const uint8_t place = first_[static_cast<size_t>(id)];
    return place == 0 ? nullptr : &fields_[place - 1];
  }
  // The next one of the same id after `field`, or null. (kOther: none.)
  const HeaderField* Next(const HeaderField* field) const {
    return IsRepeated(field->id) ? FindBehind(field) : nullptr;
  }
  bool Has(HeaderId id) const { return Find(id) != nullptr; }
  // More than one field has it.
  bool IsRepeated(HeaderId id) const {
    return repeated_[static_cast<size_t>(id)];
  }
  size_t Count(HeaderId id) const;
  std::string_view Name(const HeaderField& field) const {
    return Part(field.name_begin, field.name_size);
  }
  std::string_view Value(const HeaderField& field) const {
    return Part(field.value_begin, field.value_size);
  }
  // Value of the first field, or an empty view.
  std::string_view Value(HeaderId id) const {
    const HeaderField* field = Find(id);
    return field == nullptr ? std::string_view() : Value(*field);
  }
  // Offset of a view into this message's bytes.
  uint32_t OffsetOf(std::string_view part) const {
    return static_cast<uint32_t>(part.data() - bytes_.data());
  }

 private:
  friend class MessageScanner;
  // What the scanner found lies within the bytes.
  std::string_view Part(size_t begin, size_t size) const {
    return {bytes_.data() + begin, size};
  }
  const HeaderField* FindBehind(const HeaderField* field) const;
  // No fields, all of `message` a head that nobody has read.
  void Clear(std::string_view message);
  // The field at this place (index + 1) was written: now it can be found.
  void Index(HeaderId id, size_t place) {
    uint8_t& first = first_[static_cast<size_t>(id)];
    if (first == 0 && id != HeaderId::kOther) {
      first = static_cast<uint8_t>(place);
    } else {
      repeated_[static_cast<size_t>(id)] = true;
    }
  }

  std::string_view bytes_;
  bool is_request_ = false;
  Method method_ = Method::kOther;
  int status_code_ = 0;
  uint16_t method_size_ = 0;
  uint16_t uri_begin_ = 0, uri_size_ = 0;
  uint16_t reason_begin_ = 0, reason_size_ = 0;
  uint16_t start_line_end_ = 0;
  uint16_t headers_end_ = 0;
  uint32_t head_size_ = 0;
  uint16_t count_ = 0;
  // Index + 1 into fields_, or 0. What fields_ holds past count_ is never read.
  std::array<uint8_t, kHeaderIdCount> first_{};
  std::bitset<kHeaderIdCount> repeated_;  // most are not
  std::array<HeaderField, kHeaderFieldsMax> fields_;
};

}  // namespace sallyport::sip

#endif  // CORE_SIP_MESSAGE_H_
