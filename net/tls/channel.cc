#include "net/tls/channel.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <climits>
#include <cstring>

#include "absl/log/check.h"
#include "net/tls/channel_bio.h"

namespace sallyport::net::tls {

// While it lives, the shared BIO works for one channel and one output.
class ChannelBio::Lease {
 public:
  Lease(Channel* channel, Output* output) : channel_(channel) {
    BIO* const bio = SSL_get_rbio(channel->ssl_);
    CHECK(BIO_get_data(bio) == nullptr);
    BIO_set_data(bio, channel);
    channel->output_ = output;
  }
  ~Lease() {
    BIO_set_data(SSL_get_rbio(channel_->ssl_), nullptr);
    channel_->output_ = nullptr;
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

 private:
  Channel* const channel_;
};

int ChannelBio::Read(BIO* bio, char* out, int size) {
  BIO_clear_retry_flags(bio);
  auto* channel = static_cast<Channel*>(BIO_get_data(bio));
  std::string_view& input = channel->input_;
  if (input.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const size_t bytes = std::min(input.size(), static_cast<size_t>(size));
  std::memcpy(out, input.data(), bytes);
  input.remove_prefix(bytes);
  return static_cast<int>(bytes);
}

int ChannelBio::Write(BIO* bio, const char* in, int size) {
  BIO_clear_retry_flags(bio);
  auto* channel = static_cast<Channel*>(BIO_get_data(bio));
  channel->output_->Append({in, static_cast<size_t>(size)});
  return size;
}

long ChannelBio::Control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO* ChannelBio::New() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* m =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "channel");
    CHECK(m != nullptr);
    CHECK(BIO_meth_set_read(m, &ChannelBio::Read));
    CHECK(BIO_meth_set_write(m, &ChannelBio::Write));
    CHECK(BIO_meth_set_ctrl(m, &ChannelBio::Control));
    return m;
  }();
  BIO* bio = BIO_new(method);
  CHECK(bio != nullptr);
  BIO_set_init(bio, 1);
  return bio;
}

void ChannelBio::OnInfo(const SSL* ssl, int type, int value) {
  if (type != SSL_CB_READ_ALERT && type != SSL_CB_WRITE_ALERT) return;
  Channel* channel = Channel::Running(ssl);
  const auto alert = static_cast<uint8_t>(value & 0xff);
  if (channel == nullptr || alert == SSL_AD_CLOSE_NOTIFY ||
      alert == SSL_AD_USER_CANCELLED) {
    return;
  }
  (type == SSL_CB_READ_ALERT ? channel->peer_alert_ : channel->sent_alert_) =
      alert;
}

namespace {

// The oldest error of the TLS library in the queue is the cause; later ones are
// its consequences. Empties the queue.
int TakeReason() {
  int reason = 0;
  while (const uint32_t error = ERR_get_error()) {
    if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason == 0) {
      reason = ERR_GET_REASON(error);
    }
  }
  return reason;
}

Failure Classify(int reason) {
  if (reason > SSL_AD_REASON_OFFSET) return Failure::kPeerAlert;
  switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_INAPPROPRIATE_FALLBACK:
      return Failure::kNoVersion;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_CIPHERS_SPECIFIED:
    case SSL_R_NO_SHARED_GROUP:
    case SSL_R_NO_COMMON_SIGNATURE_ALGORITHMS:
    case SSL_R_WRONG_CURVE:
      return Failure::kNoCipher;
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
    case SSL_R_DECRYPTION_FAILED:
    case SSL_R_BAD_PACKET_LENGTH:
    case SSL_R_ENCRYPTED_LENGTH_TOO_LONG:
    case SSL_R_DATA_LENGTH_TOO_LONG:
    case SSL_R_INVALID_OUTER_RECORD_TYPE:
      return Failure::kBadRecord;
    case SSL_R_NO_RENEGOTIATION:
      return Failure::kRenegotiation;
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return Failure::kUntrusted;
    default:
      return Failure::kProtocol;
  }
}

// The content types of TLS records.
bool BeginsRecord(char first) {
  const auto type = static_cast<uint8_t>(first);
  return type >= SSL3_RT_CHANGE_CIPHER_SPEC && type <= SSL3_RT_APPLICATION_DATA;
}

}  // namespace

Channel::Channel(ssl_st* ssl, bio_st* shared_bio) : ssl_(ssl) {
  CHECK(ssl_ != nullptr);
  BIO_up_ref(shared_bio);
  SSL_set0_rbio(ssl_, shared_bio);
  BIO_up_ref(shared_bio);
  SSL_set0_wbio(ssl_, shared_bio);
  SSL_set_shed_handshake_config(ssl_, 1);
}

Channel::~Channel() { SSL_free(ssl_); }

Channel* Channel::Running(const ssl_st* ssl) {
  return static_cast<Channel*>(BIO_get_data(SSL_get_rbio(ssl)));
}

void Channel::Feed(std::string_view ciphertext) {
  CHECK(input_.empty());
  if (failed() || ciphertext.empty()) return;
  if (!any_input_) {
    any_input_ = true;
    looks_like_tls_ = BeginsRecord(ciphertext.front());
  }
  input_ = ciphertext;
  drained_ = false;
}

ReadResult Channel::Read(char* out, size_t capacity, Output& output) {
  CHECK_GT(capacity, 0u);
  if (failed()) return {ReadStatus::kFailed};
  if (drained_) return {ReadStatus::kWantMore};
  ChannelBio::Lease lease(this, &output);
  if (!handshake_done_) return Handshake();

  const int size = static_cast<int>(std::min<size_t>(capacity, INT_MAX));
  const int result = SSL_read(ssl_, out, size);
  if (result <= 0) return Stopped(result);
  // Most reads are of one record, behind which there is nothing.
  drained_ = input_.empty() && SSL_has_pending(ssl_) == 0;
  return {ReadStatus::kPlaintext, static_cast<size_t>(result)};
}

ReadResult Channel::Handshake() {
  OnHandshakeStep();
  const int result = SSL_do_handshake(ssl_);
  if (result != 1) return Stopped(result);
  handshake_done_ = true;
  OnHandshakeDone();
  return {ReadStatus::kHandshakeDone};
}

ReadResult Channel::Stopped(int result) {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      CHECK(input_.empty());
      return {ReadStatus::kWantMore};
    case SSL_ERROR_ZERO_RETURN:
      input_ = {};
      return {ReadStatus::kClosed};
    default:
      return Fail();
  }
}

ReadResult Channel::Fail() {
  input_ = {};
  failure_ = Classify(TakeReason());
  if (!handshake_done_ && any_input_ && !looks_like_tls_) {
    failure_ = Failure::kNotTls;
  }
  if (failure_ == Failure::kUntrusted && distrust_ == Distrust::kNone) {
    distrust_ = Distrust::kNoCertificate;
  }
  return {ReadStatus::kFailed};
}

bool Channel::Write(std::string_view plaintext, Output& output) {
  if (!handshake_done_ || shut_down_ || failed()) return false;
  if (plaintext.empty()) return true;
  CHECK_LE(plaintext.size(), static_cast<size_t>(INT_MAX));
  ChannelBio::Lease lease(this, &output);
  const int size = static_cast<int>(plaintext.size());
  const int result = SSL_write(ssl_, plaintext.data(), size);
  if (result == size) return true;
  Fail();
  return false;
}

void Channel::Shutdown(Output& output) {
  if (!handshake_done_ || shut_down_ || failed()) return;
  shut_down_ = true;
  ChannelBio::Lease lease(this, &output);
  // 0 says that the peer's close_notify is outstanding.
  if (SSL_shutdown(ssl_) < 0) ERR_clear_error();
}

bool Channel::resumed() const { return SSL_session_reused(ssl_) == 1; }

std::string_view Channel::version() const { return SSL_get_version(ssl_); }

std::string_view Channel::cipher() const {
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl_);
  return cipher == nullptr ? "" : SSL_CIPHER_standard_name(cipher);
}

std::string_view ToString(ReadStatus status) {
  switch (status) {
    case ReadStatus::kPlaintext:
      return "plaintext";
    case ReadStatus::kWantMore:
      return "want_more";
    case ReadStatus::kHandshakeDone:
      return "handshake_done";
    case ReadStatus::kClosed:
      return "closed";
    case ReadStatus::kFailed:
      return "failed";
  }
  return "";
}

std::string_view ToString(Failure failure) {
  switch (failure) {
    case Failure::kNone:
      return "none";
    case Failure::kNotTls:
      return "not_tls";
    case Failure::kNoVersion:
      return "no_version";
    case Failure::kNoCipher:
      return "no_cipher";
    case Failure::kPeerAlert:
      return "peer_alert";
    case Failure::kBadRecord:
      return "bad_record";
    case Failure::kRenegotiation:
      return "renegotiation";
    case Failure::kUntrusted:
      return "untrusted";
    case Failure::kProtocol:
      return "protocol";
  }
  return "";
}

// Source: RFC 8446 6 (AlertDescription).
std::string_view AlertName(uint8_t alert) {
  switch (alert) {
    case SSL_AD_CLOSE_NOTIFY:
      return "close_notify";
    case SSL_AD_UNEXPECTED_MESSAGE:
      return "unexpected_message";
    case SSL_AD_BAD_RECORD_MAC:
      return "bad_record_mac";
    case SSL_AD_RECORD_OVERFLOW:
      return "record_overflow";
    case SSL_AD_HANDSHAKE_FAILURE:
      return "handshake_failure";
    case SSL_AD_BAD_CERTIFICATE:
      return "bad_certificate";
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
      return "unsupported_certificate";
    case SSL_AD_CERTIFICATE_REVOKED:
      return "certificate_revoked";
    case SSL_AD_CERTIFICATE_EXPIRED:
      return "certificate_expired";
    case SSL_AD_CERTIFICATE_UNKNOWN:
      return "certificate_unknown";
    case SSL_AD_ILLEGAL_PARAMETER:
      return "illegal_parameter";
    case SSL_AD_UNKNOWN_CA:
      return "unknown_ca";
    case SSL_AD_ACCESS_DENIED:
      return "access_denied";
    case SSL_AD_DECODE_ERROR:
      return "decode_error";
    case SSL_AD_DECRYPT_ERROR:
      return "decrypt_error";
    case SSL_AD_PROTOCOL_VERSION:
      return "protocol_version";
    case SSL_AD_INSUFFICIENT_SECURITY:
      return "insufficient_security";
    case SSL_AD_INTERNAL_ERROR:
      return "internal_error";
    case SSL_AD_INAPPROPRIATE_FALLBACK:
      return "inappropriate_fallback";
    case SSL_AD_USER_CANCELLED:
      return "user_canceled";
    case SSL_AD_NO_RENEGOTIATION:
      return "no_renegotiation";
    case SSL_AD_MISSING_EXTENSION:
      return "missing_extension";
    case SSL_AD_UNSUPPORTED_EXTENSION:
      return "unsupported_extension";
    case SSL_AD_UNRECOGNIZED_NAME:
      return "unrecognized_name";
    case SSL_AD_CERTIFICATE_REQUIRED:
      return "certificate_required";
    case SSL_AD_NO_APPLICATION_PROTOCOL:
      return "no_application_protocol";
    default:
      return "unknown";
  }
}

}  // namespace sallyport::net::tls
