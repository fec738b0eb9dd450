#include "core/routing/rewrite.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/base/hex.h"
#include "core/registration/security_agreement.h"
#include "core/routing/trust.h"
#include "core/sip/edit.h"
#include "core/sip/octets.h"
#include "core/sip/values.h"

namespace sallyport::routing {
namespace {

using sip::HeaderField;
using sip::HeaderId;
using sip::ListCursor;
using sip::MessageView;
using sip::Method;
using sip::Scratch;
using sip::SpliceList;

constexpr std::string_view kRequirePath = "Require: path\r\n";

// ---- what every request gets

// Source: RFC 3261 16.6 step 8
void InsertVia(const MessageView& request, const Hop& hop, const OwnNames& own,
               Scratch& scratch, SpliceList& out) {
  sip::InsertTop(
      request,
      scratch.Join("Via: ", own.ViaBegin(hop.sent_on), hop.branch, "\r\n"),
      out);
}

// The port is that of the listener to which the UE came.
void InsertViaTowardsUe(const MessageView& request, const Hop& hop,
                        const OwnNames& own, Scratch& scratch,
                        SpliceList& out) {
  scratch.Begin();
  scratch.Append("Via: SIP/2.0/TLS ");
  scratch.Append(own.domain);
  scratch.Append(":");
  scratch.AppendUint(hop.protected_port);
  scratch.Append(";branch=");
  scratch.Append(hop.branch);
  scratch.Append("\r\n");
  sip::InsertTop(request, scratch.Take(), out);
}

// Source: RFC 3261 16.6 step 3
void CountHop(const MessageView& request, const RequestParts& parts,
              Scratch& scratch, SpliceList& out) {
  const HeaderField* field = request.Find(HeaderId::kMaxForwards);
  if (field == nullptr || parts.max_forwards < 0) {
    sip::AppendField(request, "Max-Forwards: 70\r\n", out);
    return;
  }
  const int left = parts.max_forwards > 0 ? parts.max_forwards - 1 : 0;
  scratch.Begin();
  scratch.AppendUint(static_cast<uint64_t>(left));
  sip::ReplaceValue(*field, scratch.Take(), out);
}

// Source: RFC 3329 2.3.1 (the agreement is between the UE and us)
void DropAgreement(const MessageView& request, SpliceList& out) {
  (void)sip::RemoveOptionTag(request, HeaderId::kRequire, "sec-agree", out);
  (void)sip::RemoveOptionTag(request, HeaderId::kProxyRequire, "sec-agree",
                             out);
}

bool HasTag(const MessageView& request, HeaderId id, std::string_view tag) {
  ListCursor tags(request, id);
  while (tags.Next()) {
    if (sip::EqualsIgnoreCase(tags.value(), tag)) return true;
  }
  return false;
}

// ---- Route and Record-Route

std::optional<sip::UriView> RouteUri(std::string_view value) {
  std::optional<sip::NameAddrView> route = sip::ParseNameAddr(value);
  if (!route.has_value()) return std::nullopt;
  return sip::ParseUri(route->uri);
}

// Walks the Route values, with their URIs as the validation read them; what is
// past those is read here.
class RouteCursor {
 public:
  RouteCursor(const MessageView& request, const RequestParts& parts)
      : parts_(parts), values_(request, HeaderId::kRoute) {}

  bool Next() {
    if (!values_.Next()) return false;
    if (next_ < parts_.routes_read) {
      uri_ = &parts_.routes[next_++];
    } else {
      other_ = RouteUri(values_.value());
      uri_ = other_.has_value() ? &*other_ : nullptr;
    }
    return true;
  }
  bool malformed() const { return values_.malformed(); }
  std::string_view value() const { return values_.value(); }
  const sip::UriView* uri() const { return uri_; }  // null: it cannot be read
  bool IsOurs(const OwnNames& own, uint16_t port) const {
    return uri_ != nullptr && own.IsOurs(*uri_, port);
  }

 private:
  const RequestParts& parts_;
  ListCursor values_;
  size_t next_ = 0;
  const sip::UriView* uri_ = nullptr;
  std::optional<sip::UriView> other_;
};

// How many Route values on top are ours.
size_t CountOwnRoutes(const MessageView& request, const RequestParts& parts,
                      const OwnNames& own, uint16_t port) {
  size_t count = 0;
  RouteCursor routes(request, parts);
  while (routes.Next() && routes.IsOurs(own, port)) ++count;
  return count;
}

// A sips request asks for sips wherever its dialog goes (RFC 3261 16.6 step 4).
bool IsSecure(const MessageView& request, const RequestParts& parts,
              size_t routes_popped) {
  if (parts.request_uri.scheme == sip::UriScheme::kSips) return true;
  RouteCursor routes(request, parts);
  for (size_t i = 0; routes.Next(); ++i) {
    if (i < routes_popped) continue;
    return routes.uri() != nullptr &&
           routes.uri()->scheme == sip::UriScheme::kSips;
  }
  return false;
}

struct RecordRoute {
  std::string_view user;
  bool secure = false;
  uint16_t protected_port = 0;
};

void AppendCoreRoute(const RecordRoute& route, const OwnNames& own,
                     Scratch& scratch) {
  scratch.Append(route.secure ? "Record-Route: <sips:" : "Record-Route: <sip:");
  scratch.Append(route.user);
  scratch.Append(route.secure ? own.core_sips_route_tail : own.core_route_tail);
  scratch.Append("\r\n");
}

// The port is that of the listener on which the UE's session lives.
// Source: TS 24.229 5.2.6.3.3, RFC 5658 5
void AppendUeRoute(const RecordRoute& route, const OwnNames& own,
                   Scratch& scratch) {
  scratch.Append(route.secure ? "Record-Route: <sips:" : "Record-Route: <sip:");
  scratch.Append(route.user);
  scratch.Append("@");
  scratch.Append(own.domain);
  scratch.Append(":");
  scratch.AppendUint(route.protected_port);
  // Source: RFC 5630 3.1.1 (sips says tls by itself)
  scratch.Append(route.secure ? ";lr>\r\n" : ";transport=tls;lr>\r\n");
}

enum class Towards : uint8_t { kCore, kUe };
void InsertRecordRoutes(const MessageView& request, const RecordRoute& route,
                        Towards towards, const OwnNames& own, Scratch& scratch,
                        SpliceList& out) {
  scratch.Begin();
  if (towards == Towards::kUe) AppendUeRoute(route, own, scratch);
  AppendCoreRoute(route, own, scratch);
  if (towards == Towards::kCore) AppendUeRoute(route, own, scratch);
  sip::InsertFirst(request, HeaderId::kRecordRoute, scratch.Take(), out);
}

// The stored list in the place of the UE's.
void ReplaceRoutes(const MessageView& request,
                   std::span<const std::string_view> service_routes,
                   Scratch& scratch, SpliceList& out) {
  (void)sip::RemoveAll(request, HeaderId::kRoute, out);
  if (service_routes.empty()) return;
  scratch.Begin();
  std::string_view before = "Route: ";
  for (std::string_view route : service_routes) {
    scratch.Append(before);
    scratch.Append(route);
    before = ", ";
  }
  scratch.Append("\r\n");
  sip::InsertFirst(request, HeaderId::kRoute, scratch.Take(), out);
}

// ---- responses

// Mostly it has a row of its own. Source: RFC 3261 16.7 step 3
void DropOwnVia(const MessageView& response, SpliceList& out) {
  ListCursor values(response, HeaderId::kVia);
  if (!values.Next()) return;
  const sip::HeaderField& row = *values.field();
  if (row.value_size == values.value().size()) {
    return sip::RemoveField(row, out);
  }
  (void)sip::RemoveFirstListValues(response, HeaderId::kVia, 1, out);
}

// Source: RFC 3325 7, 9.3
bool HidesIdentity(const MessageView& message, const EdgeConfig& config) {
  return config.strip_pai_always || WantsPrivacy(message, "id");
}

// Response or request fields that end at the P-CSCF outside of registration.
void DropRegistrationFields(const MessageView& message, SpliceList& out) {
  (void)sip::RemoveAll(message, HeaderId::kPath, out);
  (void)sip::RemoveAll(message, HeaderId::kServiceRoute, out);
  (void)sip::RemoveAll(message, HeaderId::kPAssociatedUri, out);
}

// A datagram may do without; on a stream its body would be read as the next
// message.
// Source: RFC 3261 18.3, 20.14
void EnsureLength(const MessageView& message, Scratch& scratch,
                  SpliceList& out) {
  if (message.Has(HeaderId::kContentLength)) return;
  scratch.Begin();
  scratch.Append("Content-Length: ");
  scratch.AppendUint(message.body().size());
  scratch.Append("\r\n");
  sip::AppendField(message, scratch.Take(), out);
}

}  // namespace

void AppendCharging(const OwnNames& own, uint64_t icid, Scratch& scratch) {
  std::array<char, 8 + 1 + 8> number;
  char* const dash = WriteHex<8>(icid >> 32, number.data());
  *dash = '-';
  WriteHex<8>(icid, dash + 1);
  scratch.Append(own.charging_begin);
  scratch.Append({number.data(), number.size()});
  scratch.Append(own.charging_end);
}

// ------------------------------------------------------------- REGISTER

void RewriteRegister(const MessageView& request, const RequestParts& parts,
                     const RegisterFacts& facts, const OwnNames& own,
                     Scratch& scratch, SpliceList& out) {
  InsertVia(request, facts.hop, own, scratch, out);
  sip::StampVia(request, parts.via, facts.hop.peer, out, scratch);
  CountHop(request, parts, scratch, out);
  StripFieldsFromUe(request, out);
  // Source: TS 33.203 P.3, O.2.2
  std::string_view parameter;
  std::string_view value = registration::ToString(facts.integrity);
  if (facts.credentials.row != nullptr && !value.empty()) {
    parameter = scratch.Join("integrity-protected=\"", value, "\"");
  }
  (void)StripCredentials(request, facts.credentials, parameter, out);
  DropAgreement(request, out);
  // A UE's Route is not honoured here, and a Record-Route has no meaning; the
  // other two are a registrar's words.
  for (HeaderId id :
       {HeaderId::kRoute, HeaderId::kRecordRoute, HeaderId::kWwwAuthenticate,
        HeaderId::kAuthenticationInfo}) {
    if (request.Has(id)) (void)sip::RemoveAll(request, id, out);
  }

  // Conformance: PROXY-26
  // Source: TS 24.229 5.2.2.1
  scratch.Begin();
  scratch.Append("Path: <sip:");
  scratch.Append(facts.path_user);
  scratch.Append(own.path_tail);
  scratch.Append("\r\n");
  if (!HasTag(request, HeaderId::kRequire, "path")) {
    scratch.Append(kRequirePath);
  }
  scratch.Append(own.visited_network);
  AppendCharging(own, facts.icid, scratch);
  scratch.Append(own.access_network);
  sip::AppendField(request, scratch.Take(), out);
  EnsureLength(request, scratch, out);
}

void RewriteRegisterResponse(const MessageView& response,
                             bool add_security_server, Scratch& scratch,
                             SpliceList& out) {
  DropOwnVia(response, out);
  StripTowardsUe(response, /*strip_asserted_identity=*/true, out);
  (void)sip::RemoveAll(response, HeaderId::kPCalledPartyId, out);
  EnsureLength(response, scratch, out);
  // Source: TS 33.203 O.2.2 (our list rides on the registrar's 401)
  if (add_security_server) {
    sip::AppendField(response,
                     scratch.Join("Security-Server: ",
                                  registration::kSecurityServer, "\r\n"),
                     out);
  }
}

// ------------------------------------------------- requests, UE to core

namespace {

bool HasOneParamAtMost(const sip::UriView& uri) {
  return sip::FindAny<';'>(uri.params, 1) == uri.params.size();
}

// `uri`: of `value`. Mostly the UE gives back what it got, octet by octet; a
// URI equals itself, but for a parameter that stands twice in it.
bool IsRoute(std::string_view value, const sip::UriView& uri,
             std::string_view stored) {
  if (value == stored)
    return HasOneParamAtMost(uri) || sip::UriEquals(uri, uri);
  const std::optional<sip::UriView> other = RouteUri(stored);
  return other.has_value() && sip::UriEquals(uri, *other);
}

}  // namespace

RouteCheck CheckRoutes(const MessageView& request, const RequestParts& parts,
                       const OwnNames& own, uint16_t protected_port,
                       std::span<const std::string_view> service_routes) {
  RouteCheck check{
      .equal = true, .malformed = false, .own_token = {}, .next = {}};
  bool on_top = true;
  size_t behind = 0;
  RouteCursor routes(request, parts);
  while (routes.Next()) {
    const sip::UriView* const uri = routes.uri();
    if (uri == nullptr) check.malformed = true;
    on_top = on_top && routes.IsOurs(own, protected_port);
    if (on_top) {
      if (check.own_token.empty()) check.own_token = uri->user;
      continue;
    }
    const size_t at = behind++;
    if (uri == nullptr || at >= service_routes.size() ||
        !IsRoute(routes.value(), *uri, service_routes[at])) {
      check.equal = false;
    } else if (at == 0 && routes.value() == service_routes[at]) {
      check.next = *uri;
    }
  }
  if (routes.malformed()) check.malformed = true;
  if (behind != service_routes.size() || check.malformed) check.equal = false;
  return check;
}

void RewriteOriginating(const MessageView& request, const RequestParts& parts,
                        const OriginatingFacts& facts, const OwnNames& own,
                        Scratch& scratch, SpliceList& out) {
  const bool records = WantsRecordRoute(request);
  const size_t popped =
      records || !facts.replace_routes
          ? CountOwnRoutes(request, parts, own, facts.hop.protected_port)
          : 0;
  if (facts.replace_routes) {
    ReplaceRoutes(request, facts.service_routes, scratch, out);
  } else {
    (void)sip::RemoveFirstListValues(request, HeaderId::kRoute, popped, out);
  }
  if (records) {
    RecordRoute route{.user = facts.record_route_user,
                      .secure = IsSecure(request, parts, popped),
                      .protected_port = facts.hop.protected_port};
    InsertRecordRoutes(request, route, Towards::kCore, own, scratch, out);
  }

  InsertVia(request, facts.hop, own, scratch, out);
  sip::StampVia(request, parts.via, facts.hop.peer, out, scratch);
  CountHop(request, parts, scratch, out);

  StripFromUe(request, out);
  DropAgreement(request, out);
  EnsureLength(request, scratch, out);

  // Source: RFC 3325 9.1, RFC 7315 table of header fields (none of them in ACK)
  if (request.method() == Method::kAck) return;
  scratch.Begin();
  for (std::string_view identity : facts.asserted) {
    scratch.Append("P-Asserted-Identity: ");
    scratch.Append(identity);
    scratch.Append("\r\n");
  }
  scratch.Append(own.access_network);
  AppendCharging(own, facts.icid, scratch);
  sip::AppendField(request, scratch.Take(), out);
}

// ------------------------------------------------- requests, core to UE

std::string_view TopOwnRouteUser(const MessageView& request,
                                 const RequestParts& parts, const OwnNames& own,
                                 uint16_t port) {
  RouteCursor routes(request, parts);
  if (!routes.Next() || !routes.IsOurs(own, port)) return {};
  return routes.uri()->user;
}

void RewriteTerminating(const MessageView& request, const RequestParts& parts,
                        const TerminatingFacts& facts, const EdgeConfig& config,
                        const OwnNames& own, Scratch& scratch,
                        SpliceList& out) {
  const size_t popped =
      CountOwnRoutes(request, parts, own, facts.hop.protected_port);
  (void)sip::RemoveFirstListValues(request, HeaderId::kRoute, popped, out);
  if (WantsRecordRoute(request)) {
    RecordRoute route{.user = facts.record_route_user,
                      .secure = IsSecure(request, parts, popped),
                      .protected_port = facts.hop.protected_port};
    InsertRecordRoutes(request, route, Towards::kUe, own, scratch, out);
  }

  InsertViaTowardsUe(request, facts.hop, own, scratch, out);
  sip::StampVia(request, parts.via, facts.hop.peer, out, scratch);
  CountHop(request, parts, scratch, out);

  StripTowardsUe(request, HidesIdentity(request, config), out);
  DropRegistrationFields(request, out);
  EnsureLength(request, scratch, out);
}

// ------------------------------------------------------------ responses

namespace {

// Walks the parameters of a P-Charging-Vector; `icid-value` itself stands where
// others begin with a semicolon.
class ChargingCursor {
 public:
  explicit ChargingCursor(const MessageView& message)
      : rest_(message.Value(HeaderId::kPChargingVector)) {}

  // False: there is none left.
  bool Next() {
    const size_t end = done_ ? rest_.size() + 1 : FindEnd(rest_);
    if (end > rest_.size()) return false;
    const std::string_view param = rest_.substr(0, end);
    done_ = end == rest_.size();
    rest_.remove_prefix(done_ ? end : end + 1);
    const size_t equals = sip::FindAny<'='>(param);
    named_ = equals < param.size();
    name_ = sip::TrimLws(param.substr(0, equals));
    value_ = sip::TrimLws(param.substr(named_ ? equals + 1 : equals));
    return true;
  }
  bool Is(std::string_view name) const {
    return named_ && sip::EqualsIgnoreCase(name_, name);
  }
  std::string_view value() const { return value_; }  // quotes kept

 private:
  // The first semicolon out of quotes, or the end; behind the end when that is
  // where an escape would go on.
  static size_t FindEnd(std::string_view text) {
    size_t at = sip::FindAny<';', '"'>(text);
    while (at < text.size() && text[at] == '"') {
      at = sip::FindAny<'\\', '"'>(text, at + 1);
      while (at < text.size() && text[at] == '\\') {
        if (at + 2 > text.size()) return text.size() + 1;
        at = sip::FindAny<'\\', '"'>(text, at + 2);
      }
      if (at < text.size()) at = sip::FindAny<';', '"'>(text, at + 1);
    }
    return at;
  }

  std::string_view rest_;
  bool done_ = false;
  bool named_ = false;
  std::string_view name_;
  std::string_view value_;
};

}  // namespace

std::string_view ChargingParam(const MessageView& message,
                               std::string_view name) {
  for (ChargingCursor params(message); params.Next();) {
    if (params.Is(name)) return params.value();
  }
  return {};
}

// Of parameters that stand twice the first counts.
SavedCharging ReadCharging(const MessageView& request) {
  SavedCharging saved{.called_party = request.Value(HeaderId::kPCalledPartyId),
                      .icid = {},
                      .orig_ioi = {}};
  bool icid = false, orig_ioi = false;
  for (ChargingCursor params(request); params.Next();) {
    if (!icid && params.Is("icid-value")) {
      icid = true;
      saved.icid = params.value();
    } else if (!orig_ioi && params.Is("orig-ioi")) {
      orig_ioi = true;
      saved.orig_ioi = params.value();
    }
  }
  return saved;
}

namespace {

// Source: TS 24.229 5.2.6.4.4
void AppendAnswer(const SavedCharging& saved, const OwnNames& own,
                  Scratch& scratch) {
  if (!saved.called_party.empty()) {
    scratch.Append("P-Asserted-Identity: ");
    scratch.Append(saved.called_party);
    scratch.Append("\r\n");
  }
  if (saved.icid.empty()) return;
  scratch.Append("P-Charging-Vector: icid-value=");
  scratch.Append(saved.icid);
  if (!saved.orig_ioi.empty()) {
    scratch.Append(";orig-ioi=");
    scratch.Append(saved.orig_ioi);
  }
  // The same words: type 1 and our own network, now at the answering end.
  scratch.Append(";term-ioi=");
  scratch.Append(own.orig_ioi);
  scratch.Append("\r\n");
}

}  // namespace

void RewriteResponseToCore(const MessageView& response,
                           const SavedCharging& saved, const OwnNames& own,
                           Scratch& scratch, SpliceList& out) {
  DropOwnVia(response, out);
  StripFromUe(response, out);
  EnsureLength(response, scratch, out);
  if (response.status_code() == 100) return;
  scratch.Begin();
  if (response.status_code() < 300) AppendAnswer(saved, own, scratch);
  scratch.Append(own.access_network);
  sip::AppendField(response, scratch.Take(), out);
}

void RewriteResponseToUe(const MessageView& response, const EdgeConfig& config,
                         Scratch& scratch, SpliceList& out) {
  DropOwnVia(response, out);
  EnsureLength(response, scratch, out);
  StripTowardsUe(response, HidesIdentity(response, config), out);
  DropRegistrationFields(response, out);
  (void)sip::RemoveAll(response, HeaderId::kPCalledPartyId, out);
}

// Target refreshes (re-INVITE, UPDATE, NOTIFY) are Record-Routed again, so that
// a peer which lost its route set learns it (RFC 3261 16.6 step 4, last
// paragraph).
bool WantsRecordRoute(const MessageView& request) {
  switch (request.method()) {
    case Method::kInvite:
    case Method::kSubscribe:
    case Method::kRefer:
    case Method::kNotify:
    case Method::kUpdate:
    case Method::kOther:
      return true;
    case Method::kRegister:
    case Method::kAck:
    case Method::kBye:
    case Method::kCancel:
    case Method::kOptions:
    case Method::kMessage:
    case Method::kPrack:
    case Method::kInfo:
    case Method::kPublish:
      return false;
  }
  return true;
}

}  // namespace sallyport::routing
