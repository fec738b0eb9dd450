#include "core/sip/via.h"

#include <utility>

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

bool TakeProtocolName(std::string_view& text) {
  return EqualsIgnoreCase(TakeToken(text), "SIP") && TakeSlash(text) &&
         TakeToken(text) == "2.0" && TakeSlash(text);
}

// "SIP / 2.0 / transport" before white space.
// Source: RFC 3261 25.1 (sent-protocol; SLASH has white space around it).
bool ReadProtocol(std::string_view& text, ViaView& via) {
  constexpr std::string_view kCommon = "SIP/2.0/";  // as most write it
  if (text.starts_with(kCommon)) {
    text = Behind(text, kCommon.size());
  } else if (!TakeProtocolName(text)) {
    return false;
  }
  const std::string_view before = text;
  via.transport = TakeToken(text);
  const std::string_view read = Front(before, before.size() - text.size());
  return !via.transport.empty() && IsLws(read.back());
}

// `host [":" port]`, white space around the colon.
bool ReadSentBy(std::string_view text, ViaView& via) {
  const size_t bracket = text.starts_with('[') ? FindAny<']'>(text) : 0;
  if (bracket == text.size()) return false;
  const size_t colon = FindAny<':'>(text, bracket);
  via.host = TrimLws(Front(text, colon));
  if (via.host.empty()) return false;
  static constexpr OctetSet kHostChars = kTokenChars | OctetSet(":[]");
  if (!AreAllIn(via.host, kHostChars)) return false;
  if (colon == text.size()) return true;
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

bool ReadFront(std::string_view text, ViaView& via) {
  via.whole = text;
  if (!ReadProtocol(text, via)) return false;
  const size_t semicolon = FindAny<';'>(text);
  via.params = Behind(text, semicolon);
  return ReadSentBy(Front(text, semicolon), via);
}

}  // namespace

std::optional<ViaView> ParseVia(std::string_view value) {
  std::optional<ViaView> via(std::in_place);
  if (!ReadFront(value, *via) || !ReadViaParams(*via)) via.reset();
  return via;
}

std::optional<ViaView> PartVia(std::string_view value) {
  std::optional<ViaView> via(std::in_place);
  if (!ReadFront(value, *via)) via.reset();
  return via;
}

bool ReadViaParams(ViaView& via) {
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

}  // namespace sallyport::sip
