#include "core/sip/via.h"

#include "core/sip/octets.h"
#include "core/sip/text.h"

namespace sallyport::sip {
namespace {

// Takes the token at the front, with white space on both sides.
std::string_view TakeToken(std::string_view& text) {
  text = SkipLws(text);
  const size_t size = SpanOf(text, kTokenChars);
  const std::string_view token = Front(text, size);
  text = SkipLws(Behind(text, size));
  return token;
}

bool TakeSlash(std::string_view& text) {
  if (!text.starts_with('/')) return false;
  text.remove_prefix(1);
  return true;
}

// "SIP / 2.0 / transport" before white space.
// Source: RFC 3261 25.1 (sent-protocol; SLASH has white space around it).
bool ReadProtocol(std::string_view& text, ViaView& via) {
  if (!EqualsIgnoreCase(TakeToken(text), "SIP") || !TakeSlash(text)) {
    return false;
  }
  if (TakeToken(text) != "2.0" || !TakeSlash(text)) return false;
  const std::string_view before = text;
  via.transport = TakeToken(text);
  const std::string_view read = Front(before, before.size() - text.size());
  return !via.transport.empty() && IsLws(read.back());
}

// `host [":" port]`, white space around the colon.
bool ReadSentBy(std::string_view text, ViaView& via) {
  const size_t bracket = text.starts_with('[') ? text.find(']') : 0;
  if (bracket == text.npos) return false;
  const size_t colon = text.find(':', bracket);
  via.host = TrimLws(Front(text, colon));
  if (via.host.empty()) return false;
  static constexpr OctetSet kHostChars = kTokenChars | OctetSet(":[]");
  if (!AreAllIn(via.host, kHostChars)) return false;
  if (colon == text.npos) return true;
  const std::optional<uint32_t> port =
      ParseUint32(TrimLws(Behind(text, colon + 1)));
  if (!port || *port == 0 || *port > 65535) return false;
  via.port = static_cast<uint16_t>(*port);
  return true;
}

bool KeepOnce(const ParamCursor& cursor, Param& param) {
  if (param.present) return false;
  param = {.present = true,
           .has_value = cursor.has_value(),
           .value = cursor.value(),
           .whole = cursor.whole()};
  return true;
}

bool ReadParams(ViaView& via) {
  Param branch;
  ParamCursor cursor(via.params);
  while (cursor.Next()) {
    const std::string_view name = cursor.name();
    if (EqualsIgnoreCase(name, "branch") && !KeepOnce(cursor, branch)) {
      return false;
    }
    if (EqualsIgnoreCase(name, "received") && !KeepOnce(cursor, via.received)) {
      return false;
    }
    if (EqualsIgnoreCase(name, "rport") && !KeepOnce(cursor, via.rport)) {
      return false;
    }
  }
  via.branch = branch.value;
  return !cursor.malformed();
}

}  // namespace

std::optional<ViaView> ParseVia(std::string_view value) {
  ViaView via;
  via.whole = value;
  std::string_view text = value;
  if (!ReadProtocol(text, via)) return std::nullopt;
  const size_t semicolon = text.find(';');
  if (semicolon != text.npos) via.params = Behind(text, semicolon);
  if (!ReadSentBy(Front(text, semicolon), via)) return std::nullopt;
  if (!ReadParams(via)) return std::nullopt;
  return via;
}

}  // namespace sallyport::sip
