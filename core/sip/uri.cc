#include "core/sip/uri.h"

#include <algorithm>
#include <utility>

#include "core/sip/list.h"
#include "core/sip/octets.h"
#include "core/sip/text.h"

namespace sallyport::sip {
namespace {

// ---- parsing

// Printable ASCII without the delimiters that a URI never has; an escape counts
// where two hexadecimal digits stand behind it.
constexpr OctetSet kUriChars([](char c) {
  return c > ' ' && c < 0x7f && c != '"' && c != '<' && c != '>' && c != '%';
});

bool IsEscape(std::string_view text, size_t at) {
  return text[at] == '%' && text.size() - at >= 3 &&
         HexDigit(text[at + 1]) >= 0 && HexDigit(text[at + 2]) >= 0;
}

bool IsUriText(std::string_view text) {
  size_t i = 0;
  while ((i = FindStranger(text, kUriChars, i)) < text.size()) {
    if (!IsEscape(text, i)) return false;
    i += 3;
  }
  return true;
}

// Octets of the scheme's name; 0 when it has none with a ':' behind it.
// Source: RFC 3986 3.1.
size_t SchemeSize(std::string_view text) {
  static constexpr OctetSet kSchemeChars = kAlphanumeric | OctetSet("+-.");
  const size_t size = FindStranger(text, kSchemeChars);
  const bool named = size < text.size() && text[size] == ':' && size > 0 &&
                     IsAlpha(text.front());
  return named ? size : 0;
}

UriScheme SchemeOf(std::string_view name) {
  for (UriScheme scheme :
       {UriScheme::kSip, UriScheme::kSips, UriScheme::kTel, UriScheme::kUrn}) {
    if (EqualsIgnoreCase(name, ToString(scheme))) return scheme;
  }
  return UriScheme::kOther;
}

// Of a name and of an IPv4 address. The underscore is no host name octet, but
// names with it are about.
constexpr OctetSet kHostChars = kAlphanumeric | OctetSet("-._");

// A name, an IPv4 address, or an IPv6 address in brackets.
bool IsHost(std::string_view host) {
  if (host.starts_with('[')) {
    if (host.size() < 4 || !host.ends_with(']')) return false;
    static constexpr OctetSet kInnerChars(
        [](char c) { return HexDigit(c) >= 0 || c == ':' || c == '.'; });
    return AreAllIn(Front(Behind(host, 1), host.size() - 2), kInnerChars);
  }
  return !host.empty() && AreAllIn(host, kHostChars);
}

// What parts a sip URI, found in one walk. Places are those in the whole text,
// and npos where there is none.
struct SipMarks {
  static constexpr size_t kNone = std::string_view::npos;
  size_t begin = 0;       // behind the scheme or the '@'
  size_t user_begin = 0;  // behind the scheme
  size_t at = kNone;      // '@'
  size_t user_colon = kNone;
  size_t colon = kNone;       // first ':' from `begin`
  size_t port_colon = kNone;  // that is behind a ']', if there is one
  size_t semicolon = kNone;   // none of those behind the '?'
  size_t question = kNone;
  bool odd = false;  // the host has octets of which a name has none

  bool in_host_port() const { return semicolon == kNone && question == kNone; }
};

// The user part may hold ';' and '?': what was seen before the '@' parts
// nothing. False: it is there already.
bool MarkAt(size_t at, SipMarks& marks) {
  if (marks.at != SipMarks::kNone) return false;
  marks = {.begin = at + 1,
           .user_begin = marks.user_begin,
           .at = at,
           .user_colon = marks.colon};
  return true;
}

void MarkInHostPort(char c, size_t at, SipMarks& marks) {
  if (c == ':') {
    if (marks.port_colon == SipMarks::kNone) marks.port_colon = at;
    return;
  }
  if (c == ']') marks.port_colon = SipMarks::kNone;
  marks.odd = true;
}

// False: an octet that no URI has, an '%' that begins no escape, or a second
// '@'.
bool FindMarks(std::string_view text, SipMarks& marks) {
  for (size_t i = FindStranger(text, kHostChars, marks.begin); i < text.size();
       i = FindStranger(text, kHostChars, i + 1)) {
    const char c = text[i];
    if (c == '@') {
      if (!MarkAt(i, marks)) return false;
      continue;
    }
    if (c == ':' && marks.colon == SipMarks::kNone) marks.colon = i;
    if (c == '?' && marks.question == SipMarks::kNone) {
      marks.question = i;
    } else if (c == ';' && marks.in_host_port()) {
      marks.semicolon = i;
    } else if (marks.in_host_port()) {
      MarkInHostPort(c, i, marks);
    }
    if (!kUriChars.Has(c) && !IsEscape(text, i)) return false;
  }
  return true;
}

bool ReadPort(std::string_view text, UriView& uri) {
  const std::optional<uint32_t> port = ParseUint32(text);
  if (!port || *port == 0 || *port > 65535) return false;
  uri.port = static_cast<uint16_t>(*port);
  return true;
}

std::string_view Part(std::string_view text, size_t begin, size_t end) {
  return Front(Behind(text, begin), end - begin);
}

// `[user[:password]@]`.
bool ReadUser(std::string_view text, const SipMarks& marks, UriView& uri) {
  if (marks.at == SipMarks::kNone) return true;
  const size_t end = std::min(marks.user_colon, marks.at);
  uri.user = Part(text, marks.user_begin, end);
  if (end < marks.at) uri.password = Part(text, end + 1, marks.at);
  return !uri.user.empty();
}

// `host[:port]`. Source: RFC 3261 25.1 (hostport).
bool ReadHostPort(std::string_view text, const SipMarks& marks, size_t end,
                  UriView& uri) {
  const size_t host_end = std::min(marks.port_colon, end);
  uri.host = Part(text, marks.begin, host_end);
  if (marks.odd ? !IsHost(uri.host) : uri.host.empty()) return false;
  return host_end == end || ReadPort(Part(text, host_end + 1, end), uri);
}

// `[user[:password]@]host[:port][;params][?headers]`, which begins at `begin`.
bool ReadSip(std::string_view text, size_t begin, UriView& uri) {
  SipMarks marks{.begin = begin, .user_begin = begin};
  if (!FindMarks(text, marks) || !ReadUser(text, marks, uri)) return false;
  const size_t params_end = std::min(marks.question, text.size());
  if (params_end < text.size()) {
    uri.headers = Behind(text, params_end);
    if (uri.headers.size() < 2) return false;
  }
  const size_t host_port_end = std::min(marks.semicolon, params_end);
  if (!ReadHostPort(text, marks, host_port_end, uri)) return false;
  if (host_port_end == params_end) return true;
  uri.params = Part(text, host_port_end, params_end);
  return AreParams(uri.params);
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

namespace {

bool ReadUri(std::string_view text, UriView& uri) {
  const size_t colon = SchemeSize(text);
  if (colon == 0 || colon + 1 == text.size()) return false;
  uri.whole = text;
  uri.scheme = SchemeOf(Front(text, colon));
  switch (uri.scheme) {
    case UriScheme::kSip:
    case UriScheme::kSips:
      return ReadSip(text, colon + 1, uri);
    case UriScheme::kTel:
      return IsUriText(text) && ReadTel(Behind(text, colon + 1), uri);
    case UriScheme::kUrn:
    case UriScheme::kOther:
      return IsUriText(text);
  }
  return false;
}

}  // namespace

std::optional<UriView> ParseUri(std::string_view text) {
  std::optional<UriView> uri(std::in_place);
  if (!ReadUri(text, *uri)) uri.reset();
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
