// A Channel turns TLS records into plaintext and back, for one connection, in
// memory. Engine (server) and ClientEngine are its two ends.
#ifndef NET_TLS_CHANNEL_H_
#define NET_TLS_CHANNEL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "net/tls/distrust.h"

struct bio_st;
struct ssl_st;

namespace sallyport::net::tls {

// An Output takes ciphertext that must be sent: a connection's send buffer.
class Output {
 public:
  // Takes all of it, always: whoever writes to a slow peer looks at his queue
  // before he calls Write. Called at most once per record (a handshake flight
  // comes as one).
  virtual void Append(std::string_view ciphertext) = 0;

 protected:
  ~Output() = default;
};

enum class ReadStatus : uint8_t {
  kPlaintext,      // `bytes` octets were written to `out`; read again
  kWantMore,       // the fed ciphertext is used up
  kHandshakeDone,  // reported once, before any plaintext; read again
  kClosed,         // the peer sent close_notify: it will send no more
  kFailed,         // see failure(); the connection must be closed
};

struct ReadResult {
  ReadStatus status;
  size_t bytes = 0;
};

// Why a channel failed: labels of a metric.
enum class Failure : uint8_t {
  kNone,
  kNotTls,         // plaintext on the TLS port
  kNoVersion,      // no TLS version in common
  kNoCipher,       // no cipher suite, group or signature in common
  kPeerAlert,      // the peer sent a fatal alert: peer_alert()
  kBadRecord,      // a record did not decrypt or had a bad length
  kRenegotiation,  // TLS 1.2: the peer asked for a new handshake
  kUntrusted,      // the peer's certificate was not believed: distrust()
  kProtocol,       // any other breach of the protocol
};

std::string_view ToString(ReadStatus status);
std::string_view ToString(Failure failure);
// The name of an alert ("bad_certificate"), "unknown" for others.
std::string_view AlertName(uint8_t alert);

// Owns:    the TLS library's connection object, nothing of the transport.
// Borrows: the fed window until it is used up; `output` during the call.
// Threads: of the shard that made its context.
// Bounds:  at most one record (16 KiB) of input is kept inside.
// Fails:   kFailed, and stays failed. The alert is already in `output`: send
// what
//          is there, then close.
// Source:  RFC 8446; RFC 5246.
class Channel {
 public:
  static constexpr uint8_t kNoAlert = 255;

  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Hands over a piece of ciphertext. Read must then be called until it returns
  // kWantMore, kClosed or kFailed; it has then used up all of the window, and
  // the window's memory is free. Feeding again before that is our mistake.
  void Feed(std::string_view ciphertext);

  // Makes one step: of the handshake, or the plaintext of at most one record.
  // `capacity` must not be 0; what of a record does not fit comes next time.
  // Hot: 1 per record; no heap of ours, no lock, no syscall
  // (bench/tls_bench.cc).
  [[nodiscard]] ReadResult Read(char* out, size_t capacity, Output& output);

  // Seals `plaintext` (records of up to 16 KiB) into `output`. False, with
  // nothing sent, before the handshake is done, after Shutdown or a failure.
  // Hot: 1 per message; no heap of ours, no lock, no syscall.
  [[nodiscard]] bool Write(std::string_view plaintext, Output& output);

  // Sends close_notify, once. Reading goes on. During a handshake nothing is
  // sent: just close.
  void Shutdown(Output& output);

  bool handshake_done() const { return handshake_done_; }
  bool failed() const { return failure_ != Failure::kNone; }
  Failure failure() const { return failure_; }
  Distrust distrust() const { return distrust_; }
  // The fatal alert that came from the peer, or that we sent; kNoAlert if none.
  uint8_t peer_alert() const { return peer_alert_; }
  uint8_t sent_alert() const { return sent_alert_; }

  // After the handshake.
  bool resumed() const;
  std::string_view version() const;  // "TLSv1.3"
  std::string_view cipher() const;   // "TLS_AES_128_GCM_SHA256"

 protected:
  Channel(ssl_st* ssl, bio_st* shared_bio);
  ~Channel();

  ssl_st* ssl() const { return ssl_; }
  // The channel whose call is running inside the TLS library.
  static Channel* Running(const ssl_st* ssl);

  // What a certificate of the peer must name, where one is asked for; empty: it
  // may be anybody's whom the authorities vouch for.
  virtual std::string_view RequiredName() const { return {}; }
  // Called before each step of the handshake, and when it is complete.
  virtual void OnHandshakeStep() = 0;
  virtual void OnHandshakeDone() = 0;

 private:
  friend class ChannelBio;
  friend struct PeerVerifier;

  ReadResult Handshake();
  // Why the TLS library made no progress.
  ReadResult Stopped(int result);
  ReadResult Fail();

  ssl_st* const ssl_;
  std::string_view input_;    // what of the window is not used up
  Output* output_ = nullptr;  // during a call only
  bool drained_ = false;      // a read gave all that is there
  bool handshake_done_ = false;
  bool shut_down_ = false;
  bool any_input_ = false;
  bool looks_like_tls_ = false;  // the first octet began a handshake record
  Failure failure_ = Failure::kNone;
  Distrust distrust_ = Distrust::kNone;
  uint8_t peer_alert_ = kNoAlert;
  uint8_t sent_alert_ = kNoAlert;
};

}  // namespace sallyport::net::tls

#endif  // NET_TLS_CHANNEL_H_
