#include "core/sip/uri.h"

#include "core/sip/list.h"
#include "core/sip/octets.h"
#include "core/sip/text.h"

namespace sallyport::sip {
namespace {

// ---- parsing

// Printable ASCII without the delimiters that a URI never has, and every '%'
// before two hexadecimal digits.
bool IsUriText(std::string_view text) {
  static constexpr OctetSet kPlain([](char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '<' && c != '>' && c != '%';
  });
  size_t i = 0;
  while ((i += SpanOf(Behind(text, i), kPlain)) < text.size()) {
    if (text[i] != '%' || text.size() - i < 3) return false;
    if (HexDigit(text[i + 1]) < 0 || HexDigit(text[i + 2]) < 0) return false;
    i += 3;
  }
  return true;
}

// Source: RFC 3986 3.1.
bool IsSchemeName(std::string_view name) {
  static constexpr OctetSet kSchemeChars = kAlphanumeric | OctetSet("+-.");
  return !name.empty() && IsAlpha(name.front()) &&
         AreAllIn(name, kSchemeChars);
}

UriScheme SchemeOf(std::string_view name) {
  for (UriScheme scheme :
       {UriScheme::kSip, UriScheme::kSips, UriScheme::kTel, UriScheme::kUrn}) {
    if (EqualsIgnoreCase(name, ToString(scheme))) return scheme;
  }
  return UriScheme::kOther;
}

// A name, an IPv4 address, or an IPv6 address in brackets. The underscore is no
// host name octet, but names with it are about.
bool IsHost(std::string_view host) {
  if (host.starts_with('[')) {
    if (host.size() < 4 || !host.ends_with(']')) return false;
    const std::string_view inner = host.substr(1, host.size() - 2);
    static constexpr OctetSet kInnerChars(
        [](char c) { return HexDigit(c) >= 0 || c == ':' || c == '.'; });
    return AreAllIn(inner, kInnerChars);
  }
  static constexpr OctetSet kHostChars = kAlphanumeric | OctetSet("-._");
  return !host.empty() && AreAllIn(host, kHostChars);
}

// `host[:port]`. Source: RFC 3261 25.1 (hostport).
bool ReadHostPort(std::string_view text, UriView& uri) {
  const size_t bracket = text.starts_with('[') ? text.find(']') : 0;
  if (bracket == text.npos) return false;
  const size_t colon = text.find(':', bracket);
  uri.host = Front(text, colon);
  if (!IsHost(uri.host)) return false;
  if (colon == text.npos) return true;
  const std::optional<uint32_t> port = ParseUint32(Behind(text, colon + 1));
  if (!port || *port == 0 || *port > 65535) return false;
  uri.port = static_cast<uint16_t>(*port);
  return true;
}

// `[user[:password]@]host[:port][;params][?headers]`. The user part may hold
// ';' and '?', so the '@' is looked for first; nothing behind it may hold
// another.
bool ReadSip(std::string_view text, UriView& uri) {
  const size_t at = text.find('@');
  if (at != text.npos) {
    const std::string_view user_info = Front(text, at);
    const size_t colon = user_info.find(':');
    uri.user = Front(user_info, colon);
    if (uri.user.empty()) return false;
    if (colon != user_info.npos) uri.password = Behind(user_info, colon + 1);
    text.remove_prefix(at + 1);
    if (text.find('@') != text.npos) return false;
  }
  const size_t question = text.find('?');
  if (question != text.npos) {
    uri.headers = Behind(text, question);
    if (uri.headers.size() < 2) return false;
    text = Front(text, question);
  }
  const size_t semicolon = text.find(';');
  if (semicolon != text.npos) {
    uri.params = Behind(text, semicolon);
    text = Front(text, semicolon);
  }
  return ReadHostPort(text, uri) && AreParams(uri.params);
}

bool IsVisualSeparator(char c) {
  return c == '-' || c == '.' || c == '(' || c == ')';
}

// Source: RFC 3966 3 (global-number-digits, local-number-digits).
bool ReadTel(std::string_view text, UriView& uri) {
  const size_t semicolon = text.find(';');
  uri.user = Front(text, semicolon);
  if (semicolon != text.npos) uri.params = Behind(text, semicolon);
  std::string_view number = uri.user;
  const bool global = number.starts_with('+');
  if (global) number.remove_prefix(1);
  bool has_digit = false;
  for (char c : number) {
    const bool digit =
        global ? IsDigit(c) : HexDigit(c) >= 0 || c == '*' || c == '#';
    if (!digit && !IsVisualSeparator(c)) return false;
    has_digit = has_digit || digit;
  }
  return has_digit && AreParams(uri.params);
}

}  // namespace

std::string_view ToString(UriScheme scheme) {
  switch (scheme) {
    case UriScheme::kSip:
      return "sip";
    case UriScheme::kSips:
      return "sips";
    case UriScheme::kTel:
      return "tel";
    case UriScheme::kUrn:
      return "urn";
    case UriScheme::kOther:
      return "";
  }
  return "";
}

std::string_view ToString(Transport transport) {
  switch (transport) {
    case Transport::kUdp:
      return "udp";
    case Transport::kTcp:
      return "tcp";
    case Transport::kTls:
      return "tls";
  }
  return "";
}

std::optional<UriView> ParseUri(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == text.npos || !IsUriText(text)) return std::nullopt;
  const std::string_view name = Front(text, colon);
  const std::string_view rest = Behind(text, colon + 1);
  if (!IsSchemeName(name) || rest.empty()) return std::nullopt;
  UriView uri;
  uri.whole = text;
  uri.scheme = SchemeOf(name);
  switch (uri.scheme) {
    case UriScheme::kSip:
    case UriScheme::kSips:
      if (!ReadSip(rest, uri)) return std::nullopt;
      break;
    case UriScheme::kTel:
      if (!ReadTel(rest, uri)) return std::nullopt;
      break;
    case UriScheme::kUrn:
    case UriScheme::kOther:
      break;
  }
  return uri;
}

// ---- equality

namespace {

// One octet of a URI part, with escapes resolved where they may be: an escaped
// reserved octet is not the octet itself.
// Source: RFC 3261 19.1.4.
struct UriOctet {
  char octet = 0;
  bool escaped_reserved = false;
  size_t size = 1;
};
UriOctet OctetAt(std::string_view text, size_t at) {
  if (text[at] != '%' || text.size() - at < 3) return {.octet = text[at]};
  const int value = HexDigit(text[at + 1]) * 16 + HexDigit(text[at + 2]);
  const char octet = static_cast<char>(value);
  const bool reserved =
      std::string_view(";/?:@&=+$,").find(octet) != std::string_view::npos;
  return {.octet = octet, .escaped_reserved = reserved, .size = 3};
}

enum class Case : uint8_t { kMatters, kIgnored };

bool SamePart(std::string_view a, std::string_view b, Case letters) {
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    const UriOctet left = OctetAt(a, i), right = OctetAt(b, j);
    if (left.escaped_reserved != right.escaped_reserved) return false;
    const bool same = letters == Case::kMatters
                          ? left.octet == right.octet
                          : ToLower(left.octet) == ToLower(right.octet);
    if (!same) return false;
    i += left.size;
    j += right.size;
  }
  return i == a.size() && j == b.size();
}

// Of these a URI that has one never equals a URI that has none. The text of the
// RFC does not name `transport`; its examples do.
bool MustBeInBoth(std::string_view name) {
  for (std::string_view strict :
       {"user", "ttl", "method", "maddr", "transport"}) {
    if (SamePart(name, strict, Case::kIgnored)) return true;
  }
  return false;
}

// True when each parameter of `a` may stand beside those of `b`.
bool ParamsFit(std::string_view a, std::string_view b, bool all_in_both) {
  for (ParamCursor left(a); left.Next();) {
    bool found = false;
    for (ParamCursor right(b); right.Next() && !found;) {
      if (!SamePart(left.name(), right.name(), Case::kIgnored)) continue;
      found = true;
      if (!SamePart(left.value(), right.value(), Case::kIgnored)) return false;
    }
    if (!found && (all_in_both || MustBeInBoth(left.name()))) return false;
  }
  return true;
}

// Walks `?name=value&name=value`.
bool NextHeader(std::string_view& rest, std::string_view& header) {
  if (rest.empty()) return false;
  const size_t end = rest.find('&', 1);
  header = rest.substr(1, end == rest.npos ? end : end - 1);
  rest = end == rest.npos ? std::string_view() : rest.substr(end);
  return true;
}

bool SameHeader(std::string_view a, std::string_view b) {
  const size_t i = a.find('='), j = b.find('=');
  if ((i == a.npos) != (j == b.npos)) return false;
  if (!SamePart(a.substr(0, i), b.substr(0, j), Case::kIgnored)) return false;
  return i == a.npos || SamePart(a.substr(i), b.substr(j), Case::kMatters);
}

size_t CountHeader(std::string_view headers, std::string_view wanted) {
  size_t count = 0;
  std::string_view header;
  while (NextHeader(headers, header)) count += SameHeader(header, wanted);
  return count;
}

// Headers are never ignored; their order does not matter.
bool HeadersFit(std::string_view a, std::string_view b) {
  std::string_view rest = a, header;
  while (NextHeader(rest, header)) {
    if (CountHeader(a, header) != CountHeader(b, header)) return false;
  }
  return true;
}

bool SipEquals(const UriView& a, const UriView& b) {
  return SamePart(a.user, b.user, Case::kMatters) &&
         SamePart(a.password, b.password, Case::kMatters) &&
         EqualsIgnoreCase(a.host, b.host) && a.port == b.port &&
         ParamsFit(a.params, b.params, false) &&
         ParamsFit(b.params, a.params, false) &&
         HeadersFit(a.headers, b.headers) && HeadersFit(b.headers, a.headers);
}

// Source: RFC 3966 4.
bool SameNumber(std::string_view a, std::string_view b) {
  size_t i = 0, j = 0;
  while (true) {
    while (i < a.size() && IsVisualSeparator(a[i])) ++i;
    while (j < b.size() && IsVisualSeparator(b[j])) ++j;
    if (i == a.size() || j == b.size()) return i == a.size() && j == b.size();
    if (ToLower(a[i++]) != ToLower(b[j++])) return false;
  }
}

}  // namespace

bool UriEquals(const UriView& a, const UriView& b) {
  if (a.scheme != b.scheme) return false;
  switch (a.scheme) {
    case UriScheme::kSip:
    case UriScheme::kSips:
      return SipEquals(a, b);
    case UriScheme::kTel:
      return SameNumber(a.user, b.user) &&
             ParamsFit(a.params, b.params, true) &&
             ParamsFit(b.params, a.params, true);
    case UriScheme::kUrn:
    case UriScheme::kOther:
      return a.whole == b.whole;
  }
  return false;
}

std::optional<Transport> UriTransport(const UriView& uri) {
  if (uri.scheme == UriScheme::kSips) return Transport::kTls;
  if (uri.scheme != UriScheme::kSip) return std::nullopt;
  const Param named = FindParam(uri.params, "transport");
  for (Transport transport :
       {Transport::kUdp, Transport::kTcp, Transport::kTls}) {
    if (EqualsIgnoreCase(named.value, ToString(transport))) return transport;
  }
  return std::nullopt;
}

bool IsLooseRoute(const UriView& uri) {
  return FindParam(uri.params, "lr").present;
}

}  // namespace sallyport::sip
