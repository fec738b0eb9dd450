#include "core/routing/validation.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <optional>

#include "core/registration/security_agreement.h"
#include "core/sip/digest.h"
#include "core/sip/limits.h"
#include "core/sip/octets.h"

namespace sallyport::routing {
namespace {

using sip::HeaderField;
using sip::HeaderId;
using sip::ListCursor;
using sip::MessageView;
using sip::ScanVerdict;

constexpr std::string_view kAgreementLines =
    "Require: sec-agree\r\n"
    "Security-Server: tls;q=0.9\r\n";
constexpr std::string_view kSecurityServerLine =
    kAgreementLines.substr(kAgreementLines.find('\n') + 1);
static_assert(kSecurityServerLine.substr(17) ==
                  std::string_view("tls;q=0.9\r\n") &&
              registration::kSecurityServer == "tls;q=0.9");
// What we answer of ourselves; all else is somebody else's and passes through.
constexpr std::string_view kAllowLine = "Allow: OPTIONS\r\n";

// Source: RFC 3261 21.4.1 (the phrase of a 400 tells what is wrong)
Refusal Bad(std::string_view reason) { return {400, reason, {}}; }

// Conformance: PARSE-14
Refusal OfScan(ScanVerdict scan) {
  switch (scan) {
    case ScanVerdict::kOk:
      return {};
    case ScanVerdict::kBadStartLine:
      return Bad("Bad Request-Line");
    case ScanVerdict::kMalformedStartLine:
      return Bad("Bad Request-Line");
    case ScanVerdict::kBadVersion:
      return Refuse(505);
    case ScanVerdict::kBadHeaderLine:
      return Bad("Bad Header Line");
    case ScanVerdict::kTooManyHeaders:
      return Refuse(513);
    case ScanVerdict::kHeaderTooLong:
      return Refuse(513);
    case ScanVerdict::kHeadTooLong:
      return Refuse(513);
    case ScanVerdict::kUriTooLong:
      return Refuse(414);
    case ScanVerdict::kIncomplete:
      return Bad("Incomplete Message");
  }
  return Bad("Bad Request");
}

bool HasSpace(std::string_view text) {
  return sip::FindAny<' ', '\t', '\r', '\n'>(text) < text.size();
}

// ---- single values

// Source: RFC 3261 7.3.1 (only lists may have several rows); spec 8.1
struct SingleValue {
  HeaderId id;
  std::string_view repeated;
};
constexpr SingleValue kSingleValues[] = {
    {HeaderId::kTo, "Repeated To"},
    {HeaderId::kFrom, "Repeated From"},
    {HeaderId::kCallId, "Repeated Call-ID"},
    {HeaderId::kCSeq, "Repeated CSeq"},
    {HeaderId::kMaxForwards, "Repeated Max-Forwards"},
    {HeaderId::kContentLength, "Repeated Content-Length"},
    {HeaderId::kContentType, "Repeated Content-Type"},
    {HeaderId::kExpires, "Repeated Expires"},
};

Refusal CheckRepeats(const MessageView& request) {
  for (const SingleValue& single : kSingleValues) {
    if (request.IsRepeated(single.id)) return Bad(single.repeated);
  }
  return {};
}

// One name-addr and no more; its tag at most once. `known_uris`: of what was
// parsed before. A UE registers itself, and a first request is to whom its
// Request-URI names.
bool ParseParty(const MessageView& request, HeaderId id,
                std::initializer_list<std::string_view> known_uris,
                sip::NameAddrView& party, std::string_view& tag) {
  const HeaderField& row = *request.Find(id);
  ListCursor list(request, row);
  if (!list.Next() || list.Next() || list.malformed()) return false;
  std::optional<sip::NameAddrView> parsed =
      sip::PartNameAddr(request.Value(row));
  if (!parsed.has_value()) return false;
  party = *parsed;
  if (std::ranges::find(known_uris, party.uri) == known_uris.end() &&
      !sip::ParseUri(party.uri).has_value()) {
    return false;
  }
  bool tagged = false;
  sip::ParamCursor params(party.params);
  while (params.Next()) {
    if (!sip::EqualsIgnoreCase(params.name(), "tag")) continue;
    if (tagged || params.value().empty()) return false;
    tagged = true;
    tag = params.value();
  }
  return !params.malformed();
}

Refusal CheckParties(const MessageView& request, RequestParts& parts) {
  if (!request.Has(HeaderId::kFrom)) return Bad("Missing From");
  if (!request.Has(HeaderId::kTo)) return Bad("Missing To");
  const std::string_view request_uri = parts.request_uri.whole;
  if (!ParseParty(request, HeaderId::kFrom, {request_uri}, parts.from,
                  parts.from_tag)) {
    return Bad("Bad From");
  }
  if (!ParseParty(request, HeaderId::kTo, {request_uri, parts.from.uri},
                  parts.to, parts.to_tag)) {
    return Bad("Bad To");
  }
  return {};
}

Refusal CheckDialogIds(const MessageView& request, RequestParts& parts) {
  parts.call_id = request.Value(HeaderId::kCallId);
  if (!request.Has(HeaderId::kCallId)) return Bad("Missing Call-ID");
  if (parts.call_id.empty() || HasSpace(parts.call_id)) {
    return Bad("Bad Call-ID");
  }
  if (!request.Has(HeaderId::kCSeq)) return Bad("Missing CSeq");
  std::optional<sip::CSeqView> cseq =
      sip::ParseCSeq(request.Value(HeaderId::kCSeq));
  if (!cseq.has_value()) return Bad("Bad CSeq");
  // Source: RFC 3261 8.1.1.5
  if (cseq->method != request.method_text()) return Bad("CSeq Method Differs");
  parts.cseq = *cseq;
  return {};
}

Refusal CheckMaxForwards(const MessageView& request, RequestParts& parts) {
  parts.max_forwards = -1;
  if (!request.Has(HeaderId::kMaxForwards)) return {};
  std::optional<uint32_t> hops =
      sip::ParseUint32(request.Value(HeaderId::kMaxForwards));
  if (!hops.has_value() || *hops > 255) return Bad("Bad Max-Forwards");
  parts.max_forwards = static_cast<int>(*hops);
  return {};
}

// A stream was cut by this length; a datagram may hold less (surplus is cut off
// before a message comes here).
// Source: RFC 3261 18.3
Refusal CheckContentLength(const MessageView& request) {
  if (!request.Has(HeaderId::kContentLength)) return {};
  std::optional<uint32_t> size =
      sip::ParseUint32(request.Value(HeaderId::kContentLength));
  if (!size.has_value()) return Bad("Bad Content-Length");
  if (*size > request.body().size()) return Bad("Body Too Short");
  return {};
}

// ---- lists

Refusal CheckVia(const MessageView& request, size_t values_max,
                 RequestParts& parts) {
  ListCursor values(request, HeaderId::kVia);
  size_t count = 0;
  bool empty_value = false;
  while (values.Next()) {
    if (values.value().empty()) empty_value = true;
    if (++count > values_max) return Refuse(513);
    if (count > 1) continue;
    std::optional<sip::ViaView> top = sip::ParseVia(values.value());
    if (!top.has_value()) return Bad("Bad Via");
    parts.via = *top;
  }
  parts.lone_via = count == 1;
  if (count == 0) return Bad("Missing Via");
  if (empty_value || values.malformed()) return Bad("Bad Via");
  return {};
}

// Calls `visit` with the URI of each value.
template <typename Visit>
Refusal CheckRoutes(const MessageView& request, HeaderId id, size_t values_max,
                    std::string_view reason, const Visit& visit) {
  ListCursor values(request, id);
  size_t count = 0;
  while (values.Next()) {
    if (++count > values_max) return Refuse(513);
    const std::optional<sip::NameAddrView> route =
        sip::ParseNameAddr(values.value());
    if (!route.has_value()) return Bad(reason);
    const std::optional<sip::UriView> uri = sip::ParseUri(route->uri);
    if (!uri.has_value()) return Bad(reason);
    visit(*uri);
  }
  return values.malformed() ? Bad(reason) : Refusal{};
}

Refusal CheckRoute(const MessageView& request, size_t values_max,
                   RequestParts& parts) {
  return CheckRoutes(request, HeaderId::kRoute, values_max, "Bad Route",
                     [&](const sip::UriView& uri) {
                       if (parts.routes_read == parts.routes.size()) return;
                       parts.routes[parts.routes_read++] = uri;
                     });
}

Refusal CheckRecordRoute(const MessageView& request, size_t values_max) {
  return CheckRoutes(request, HeaderId::kRecordRoute, values_max,
                     "Bad Record-Route", [](const sip::UriView&) {});
}

// ---- Request-URI, Proxy-Require

// Source: RFC 3261 16.3 step 2, 19.1.1 (no headers in a Request-URI)
Refusal CheckRequestUri(const MessageView& request, RequestParts& parts) {
  std::optional<sip::UriView> uri = sip::ParseUri(request.request_uri());
  if (!uri.has_value() || !uri->headers.empty()) return Bad("Bad Request-URI");
  parts.request_uri = *uri;
  return {};
}

bool KnownScheme(const sip::UriView& uri) {
  constexpr std::string_view kService = "urn:service:";
  switch (uri.scheme) {
    case sip::UriScheme::kSip:
    case sip::UriScheme::kSips:
    case sip::UriScheme::kTel:
      return true;
    case sip::UriScheme::kUrn:
      return sip::EqualsIgnoreCase(uri.whole.substr(0, kService.size()),
                                   kService);
    case sip::UriScheme::kOther:
      return false;
  }
  return false;
}

// Writes as much as fits; a tag that does not is left out whole.
class TextWriter {
 public:
  explicit TextWriter(std::span<char> out) : out_(out) {}
  bool Fits(size_t size) const { return size <= out_.size() - used_; }
  void Append(std::string_view text) {
    std::memcpy(out_.data() + used_, text.data(), text.size());
    used_ += text.size();
  }
  std::string_view view() const { return {out_.data(), used_}; }

 private:
  std::span<char> out_;
  size_t used_ = 0;
};

bool IgnoresExtensions(sip::Method method) {
  // Source: RFC 3261 8.2.2.3
  return method == sip::Method::kAck || method == sip::Method::kCancel;
}

Refusal CheckProxyRequire(const MessageView& request,
                          std::span<char> extra_text) {
  constexpr std::string_view kName = "Unsupported: ";
  TextWriter extra(extra_text);
  bool unknown = false;
  ListCursor tags(request, HeaderId::kProxyRequire);
  while (tags.Next()) {
    std::string_view tag = tags.value();
    if (tag.empty()) continue;
    if (!sip::IsToken(tag)) return Bad("Bad Proxy-Require");
    if (sip::EqualsIgnoreCase(tag, "sec-agree")) continue;
    std::string_view before = unknown ? ", " : kName;
    unknown = true;
    // Room for the CRLF is kept.
    if (!extra.Fits(before.size() + tag.size() + 2)) break;
    extra.Append(before);
    extra.Append(tag);
  }
  if (tags.malformed()) return Bad("Bad Proxy-Require");
  if (!unknown) return {};
  if (!extra.view().empty()) extra.Append("\r\n");
  return {420, ReasonPhrase(420), extra.view()};
}

Refusal CheckSyntax(const MessageView& request,
                    const sip::MessageLimits& limits, RequestParts& parts) {
  if (Refusal bad = CheckRequestUri(request, parts)) return bad;
  if (Refusal bad = CheckVia(request, limits.via_values, parts)) {
    return bad;
  }
  if (Refusal bad = CheckRepeats(request)) return bad;
  if (Refusal bad = CheckMaxForwards(request, parts)) return bad;
  if (Refusal bad = CheckParties(request, parts)) return bad;
  if (Refusal bad = CheckDialogIds(request, parts)) return bad;
  if (Refusal bad = CheckRoute(request, limits.route_values, parts)) return bad;
  if (Refusal bad = CheckRecordRoute(request, limits.route_values)) return bad;
  return CheckContentLength(request);
}

// ---- REGISTER

// What one Contact value asks for.
struct ContactParts {
  std::string_view uri;
  std::string_view instance;
  uint32_t reg_id = 0;
  std::optional<uint32_t> expires_s;
};

std::string_view WithoutQuotes(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    return text.substr(1, text.size() - 2);
  }
  return text;
}

// Takes one parameter; false: it is one of ours and repeated or malformed.
bool TakeContactParam(const sip::ParamCursor& param, ContactParts& contact) {
  if (sip::EqualsIgnoreCase(param.name(), "expires")) {
    if (contact.expires_s.has_value()) return false;
    contact.expires_s = sip::ParseDeltaSeconds(param.value());
    return contact.expires_s.has_value();
  }
  if (sip::EqualsIgnoreCase(param.name(), "+sip.instance")) {
    if (!contact.instance.empty()) return false;
    contact.instance = WithoutQuotes(param.value());
    return !contact.instance.empty();
  }
  if (sip::EqualsIgnoreCase(param.name(), "reg-id")) {
    if (contact.reg_id != 0) return false;
    contact.reg_id = sip::ParseUint32(param.value()).value_or(0);
    return contact.reg_id != 0;
  }
  return true;
}

std::optional<ContactParts> ParseContact(std::string_view value) {
  std::optional<sip::NameAddrView> address = sip::PartNameAddr(value);
  if (!address.has_value()) return std::nullopt;
  // Source: RFC 3261 20.10 (such an addr-spec must stand in brackets)
  if (!address->bracketed &&
      address->uri.find_first_of(",?") != std::string_view::npos) {
    return std::nullopt;
  }
  if (!sip::ParseUri(address->uri).has_value()) return std::nullopt;
  // Contacts are compared with one another at each 200, parameter by parameter.
  if (address->uri.size() > sip::kRequestUriBytesMax) return std::nullopt;
  ContactParts contact{.uri = address->uri,
                       .instance = {},
                       .reg_id = 0,
                       .expires_s = std::nullopt};
  sip::ParamCursor params(address->params);
  while (params.Next()) {
    if (!TakeContactParam(params, contact)) return std::nullopt;
  }
  if (params.malformed()) return std::nullopt;
  return contact;
}

// Source: RFC 3261 10.2 (no userinfo in the Request-URI of a REGISTER). A
// scheme that nobody knows is the next rule's (416).
bool NamesDomain(const sip::UriView& uri) {
  return !KnownScheme(uri) ||
         (uri.user.empty() && (uri.scheme == sip::UriScheme::kSip ||
                               uri.scheme == sip::UriScheme::kSips));
}

Refusal ReadExpires(const MessageView& request,
                    std::optional<uint32_t>& expires_s) {
  if (!request.Has(HeaderId::kExpires)) return {};
  expires_s = sip::ParseDeltaSeconds(request.Value(HeaderId::kExpires));
  return expires_s.has_value() ? Refusal{} : Bad("Bad Expires");
}

// Adds one Contact value; `expires_s` is what holds when it says nothing.
bool AddContact(std::string_view value, uint32_t expires_s,
                RegisterParts& parts) {
  std::optional<ContactParts> contact = ParseContact(value);
  if (!contact.has_value()) return false;
  const uint32_t asked = contact->expires_s.value_or(expires_s);
  if (parts.contacts++ == 0) {
    parts.contact = value;
    parts.contact_uri = contact->uri;
    parts.instance = contact->instance;
    parts.reg_id = contact->reg_id;
    parts.expires_s = asked;
    parts.has_expires = parts.has_expires || contact->expires_s.has_value();
    parts.deregisters = true;
  }
  if (asked == 0) parts.removes = true;
  if (asked != 0) parts.deregisters = false;
  return true;
}

}  // namespace

std::string_view ReasonPhrase(int code) {
  switch (code) {
    case 100:
      return "Trying";
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 413:
      return "Request Entity Too Large";
    case 414:
      return "Request-URI Too Long";
    case 416:
      return "Unsupported URI Scheme";
    case 420:
      return "Bad Extension";
    case 421:
      return "Extension Required";
    case 430:
      return "Flow Failed";
    case 480:
      return "Temporarily Unavailable";
    case 481:
      return "Call/Transaction Does Not Exist";
    case 482:
      return "Loop Detected";
    case 483:
      return "Too Many Hops";
    case 487:
      return "Request Terminated";
    case 494:
      return "Security Agreement Required";
    case 500:
      return "Server Internal Error";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Server Time-out";
    case 505:
      return "Version Not Supported";
    case 513:
      return "Message Too Large";
    default:
      return "Failure";
  }
}

Refusal Refuse(int code, std::string_view extra) {
  if (extra.empty()) {
    if (code == 405) extra = kAllowLine;
    if (code == 421) extra = kAgreementLines;
    if (code == 494) extra = kSecurityServerLine;
  }
  return {code, ReasonPhrase(code), extra};
}

bool Answerable(const MessageView& request) {
  for (HeaderId id :
       {HeaderId::kFrom, HeaderId::kTo, HeaderId::kCallId, HeaderId::kCSeq}) {
    if (request.Value(id).empty()) return false;
  }
  // Source: RFC 3261 25.1 (SLASH has white space around it)
  const std::string_view via = request.Value(HeaderId::kVia);
  return sip::EqualsIgnoreCase(via.substr(0, 3), "SIP") &&
         sip::SkipLws(via.substr(3)).starts_with('/');
}

Refusal Validate(const MessageView& request, ScanVerdict scan,
                 RequestParts& parts, std::span<char> extra_text,
                 const sip::MessageLimits& limits) {
  if (Refusal bad = ValidateSyntax(request, scan, parts, limits)) return bad;
  return ValidateRules(request, parts, extra_text);
}

Refusal ValidateSyntax(const MessageView& request, ScanVerdict scan,
                       RequestParts& parts, const sip::MessageLimits& limits) {
  std::construct_at(&parts);  // in place: it is large
  if (Refusal bad = OfScan(scan)) return bad;
  return CheckSyntax(request, limits, parts);
}

Refusal ValidateRules(const MessageView& request, const RequestParts& parts,
                      std::span<char> extra_text) {
  if (!KnownScheme(parts.request_uri)) return Refuse(416);
  if (parts.max_forwards == 0) return Refuse(483);
  if (IgnoresExtensions(request.method())) return {};
  return CheckProxyRequire(request, extra_text);
}

Refusal ValidateCredentials(const MessageView& request) {
  if (Refusal bad = ValidateCredentials(request, HeaderId::kAuthorization)) {
    return bad;
  }
  return ValidateCredentials(request, HeaderId::kProxyAuthorization);
}

Refusal ValidateCredentials(const MessageView& request, HeaderId id) {
  for (const HeaderField* row = request.Find(id); row != nullptr;
       row = request.Next(row)) {
    if (sip::ParseCredentials(request.Value(*row)).verdict ==
        sip::CredentialsView::Verdict::kMalformed) {
      return Bad("Bad Credentials");
    }
  }
  return {};
}

// Source: RFC 3261 10.2, 10.3
Refusal ValidateRegister(const MessageView& request,
                         const sip::UriView& request_uri, RegisterParts& parts,
                         size_t contacts_max) {
  parts = {};
  if (!NamesDomain(request_uri)) return Bad("Bad Request-URI");
  std::optional<uint32_t> expires_s;
  if (Refusal bad = ReadExpires(request, expires_s)) return bad;
  parts.has_expires = expires_s.has_value();
  parts.expires_s = expires_s.value_or(3600);
  const uint32_t by_header_s = parts.expires_s;

  ListCursor contacts(request, HeaderId::kContact);
  while (contacts.Next()) {
    if (contacts.value() == "*") {
      if (parts.star) return Bad("Bad Contact");
      parts.star = true;
      continue;
    }
    if (parts.contacts == contacts_max) return Refuse(513);
    if (!AddContact(contacts.value(), by_header_s, parts)) {
      return Bad("Bad Contact");
    }
  }
  if (contacts.malformed()) return Bad("Bad Contact");
  if (!parts.star) return {};
  // Source: RFC 3261 10.2.2 (only alone, and only with Expires: 0)
  if (parts.contacts != 0 || expires_s != 0u) return Bad("Bad Contact");
  parts.contact = "*";
  parts.deregisters = parts.removes = true;
  return {};
}

}  // namespace sallyport::routing
