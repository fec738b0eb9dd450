// A Framer finds where each SIP message ends in a byte stream; CutDatagram
// finds it in a datagram.
#ifndef CORE_SIP_FRAMER_H_
#define CORE_SIP_FRAMER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/sip/limits.h"
#include "core/sip/message.h"

namespace sallyport::sip {

// A HeadReader walks the lines of one head, as far as it is there, and reads
// the Content-Length on its way. It is the part that stream and datagram share.
// Borrows nothing between calls.
// Invariant: line_begin_ <= scanned_ <= the policy's head_bytes.
class HeadReader {
 public:
  enum class Verdict : uint8_t { kNeedMore, kDone, kNotSip, kTooLong };

  // `bytes` begin with the start line and go on where they ended last time; the
  // policy is the same each time.
  [[nodiscard]] Verdict Read(std::string_view bytes, ScanPolicy policy);

  // Octets that were looked at; after kDone the size of the head.
  size_t scanned() const { return scanned_; }
  // After kDone.
  bool has_length() const { return has_length_; }
  bool bad_length() const { return bad_length_; }
  // Past kMessageBytesMax it may be any number past it.
  uint32_t length() const { return length_; }

 private:
  // Where in the value of a Content-Length the reader stands.
  enum class Place : uint8_t { kElsewhere, kBefore, kDigits, kBehind };

  bool IsStartLineBegin(std::string_view bytes, size_t end) const;
  Verdict OnLine(std::string_view line);
  void OnFieldLine(std::string_view line);
  void ReadLength(std::string_view text);
  void EndLength();

  uint32_t scanned_ = 0;
  uint32_t line_begin_ = 0;
  uint32_t length_ = 0;   // of the rows that ended
  uint32_t reading_ = 0;  // of the row that is being read
  Place place_ = Place::kElsewhere;
  bool has_length_ = false;
  bool bad_length_ = false;
};

// Threads: none. Borrows nothing between calls: the caller keeps the bytes that
//          were not consumed and shows them again, with more behind them.
// Bounds:  head_bytes and body_bytes of the policy, kMessageBytesMax.
// Fails:   a verdict other than kNeedMore, kMessage, kPing, kCrlf: the stream
//          cannot be cut any more and must be closed after the answer; every
//          later call says the same again.
// Cost:    each byte of a head is looked at once, however the stream is cut;
//          bytes of a body are not looked at.
// Laws:    the cuts depend on the bytes alone, not on how they arrive. So a
// CRLF
//          waits (kNeedMore) until the bytes behind it tell a ping from an
//          empty line.
// Source:  RFC 3261 7.5 (CRLF before the start line), 18.3 (Content-Length);
//          RFC 5626 3.5.1 (double CRLF is a ping).
class Framer {
 public:
  enum class Verdict : uint8_t {
    kNeedMore,          // nothing consumed
    kMessage,           // `size` bytes are one message, head and body
    kPing,              // CRLFCRLF: answer with one CRLF
    kCrlf,              // CRLF to be skipped
    kNotSip,            // the bytes cannot become a start line: close
    kHeadTooLong,       // `size` bytes seen of the head: 513, close
    kBodyTooLong,       // `size` is that of the head: 413, close
    kNoContentLength,   // `size` is that of the head: 400, close
    kBadContentLength,  // not a number, or two that differ; `size` is that of
                        // the head: 400, close
  };
  struct Cut {
    Verdict verdict = Verdict::kNeedMore;
    size_t size = 0;  // bytes to take off the front
  };

  explicit Framer(ScanPolicy policy = {}) : policy_(policy) {}

  // Looks at the front of `received`, the bytes not yet consumed.
  [[nodiscard]] Cut Next(std::string_view received);
  // The same, and scans the message that it cuts: what is there from its first
  // octet to its last, as most are, is looked at once for both.
  [[nodiscard]] Cut Next(std::string_view received, MessageView& message,
                         ScanVerdict& scan);

  // True while a message has begun and not ended (its 10 s are running).
  bool in_message() const { return head_.scanned() > 0; }

 private:
  Cut ScanWhole(std::string_view received, MessageView& message) const;
  Cut ReadHead(std::string_view received);
  Cut TakeMessage(std::string_view received);
  Cut Fail(Verdict verdict, size_t size);

  ScanPolicy policy_;
  HeadReader head_;
  uint32_t message_size_ = 0;  // known once the head was complete; else 0
  Cut failed_;                 // kNeedMore: it did not fail
};
std::string_view ToString(Framer::Verdict verdict);

// Where the message lies in a datagram: [begin, begin + size).
struct DatagramCut {
  enum class Verdict : uint8_t {
    kMessage,           // octets behind it are surplus
    kKeepAlive,         // nothing but line ends: discard
    kNotSip,            // discard
    kIncomplete,        // the head does not end: discard, or 400
    kShortBody,         // fewer octets than Content-Length: 400, or discard a
                        // response
    kHeadTooLong,       // 513
    kBodyTooLong,       // 413
    kBadContentLength,  // not a number, or two that differ: 400
  };
  Verdict verdict = Verdict::kKeepAlive;
  size_t begin = 0;
  size_t size = 0;  // of what is there of the message
};
// Source: RFC 3261 18.3 (surplus is cut off; no Content-Length: to the end).
[[nodiscard]] DatagramCut CutDatagram(std::string_view datagram,
                                      ScanPolicy policy = {});
std::string_view ToString(DatagramCut::Verdict verdict);

}  // namespace sallyport::sip

#endif  // CORE_SIP_FRAMER_H_
