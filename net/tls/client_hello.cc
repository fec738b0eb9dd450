#include "net/tls/client_hello.h"

#include <openssl/bytestring.h>
#include <openssl/ssl3.h>
#include <openssl/tls1.h>

namespace sallyport::net::tls {
namespace {

constexpr size_t kRecordHeadBytes = 5;
constexpr size_t kMessageHeadBytes = 4;
constexpr uint8_t kVersionMajor = 3;  // of TLS 1.0 to 1.3 alike
constexpr HelloPeek kNoTicket{HelloVerdict::kHello, {}};

std::string_view AsText(const CBS& bytes) {
  return {reinterpret_cast<const char*>(CBS_data(&bytes)), CBS_len(&bytes)};
}

// The first identity of: identities<7..2^16-1>, each identity<1..2^16-1> and an
// age; binders follow.
std::string_view FirstIdentity(CBS extension) {
  CBS identities;
  CBS identity;
  if (!CBS_get_u16_length_prefixed(&extension, &identities) ||
      !CBS_get_u16_length_prefixed(&identities, &identity)) {
    return {};
  }
  return AsText(identity);
}

// `extensions`: a list of type(2), length(2), data.
std::string_view FindTicket(CBS extensions) {
  std::string_view session_ticket;
  while (CBS_len(&extensions) > 0) {
    uint16_t type;
    CBS data;
    if (!CBS_get_u16(&extensions, &type) ||
        !CBS_get_u16_length_prefixed(&extensions, &data)) {
      return {};
    }
    if (type == TLSEXT_TYPE_session_ticket) session_ticket = AsText(data);
    if (type == TLSEXT_TYPE_pre_shared_key) return FirstIdentity(data);
  }
  return session_ticket;
}

// `hello`: the body of a ClientHello message.
HelloPeek ParseHello(CBS hello) {
  CBS session_id;
  CBS cipher_suites;
  CBS compression;
  CBS extensions;
  if (!CBS_skip(&hello, 2 + SSL3_RANDOM_SIZE) ||  // legacy_version, random
      !CBS_get_u8_length_prefixed(&hello, &session_id) ||
      !CBS_get_u16_length_prefixed(&hello, &cipher_suites) ||
      !CBS_get_u8_length_prefixed(&hello, &compression) ||
      !CBS_get_u16_length_prefixed(&hello, &extensions)) {
    return kNoTicket;
  }
  return {HelloVerdict::kHello, FindTicket(extensions)};
}

}  // namespace

HelloPeek PeekClientHello(std::string_view received) {
  CBS bytes;
  CBS_init(&bytes, reinterpret_cast<const uint8_t*>(received.data()),
           received.size());
  uint8_t record_type;
  uint8_t major;
  uint8_t minor;
  if (!CBS_get_u8(&bytes, &record_type)) return {};
  if (record_type != SSL3_RT_HANDSHAKE) return {HelloVerdict::kNotTls, {}};
  if (!CBS_get_u8(&bytes, &major)) return {};
  if (major != kVersionMajor) return {HelloVerdict::kNotTls, {}};
  uint16_t record_bytes;
  if (!CBS_get_u8(&bytes, &minor) || !CBS_get_u16(&bytes, &record_bytes)) {
    return {};
  }
  if (record_bytes < kMessageHeadBytes ||
      record_bytes > kHelloPeekBytesMax - kRecordHeadBytes) {
    return kNoTicket;
  }

  uint8_t message_type;
  uint32_t message_bytes;
  if (!CBS_get_u8(&bytes, &message_type)) return {};
  if (message_type != SSL3_MT_CLIENT_HELLO) return kNoTicket;
  if (!CBS_get_u24(&bytes, &message_bytes)) return {};
  // What goes on in another record is not searched.
  if (message_bytes > record_bytes - kMessageHeadBytes) return kNoTicket;
  CBS hello;
  if (!CBS_get_bytes(&bytes, &hello, message_bytes)) return {};
  return ParseHello(hello);
}

std::string_view ToString(HelloVerdict verdict) {
  switch (verdict) {
    case HelloVerdict::kNeedMore:
      return "need_more";
    case HelloVerdict::kNotTls:
      return "not_tls";
    case HelloVerdict::kHello:
      return "hello";
  }
  return "";
}

}  // namespace sallyport::net::tls
