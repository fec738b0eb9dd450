#include "tests/fuzz/value_laws.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "core/sip/digest.h"
#include "core/sip/values.h"
#include "tests/fuzz/demand.h"

namespace sallyport::fuzz {
namespace {

bool Within(std::string_view part, std::string_view whole) {
  if (part.empty()) return true;
  const std::less_equal<const char*> before;
  return before(whole.data(), part.data()) &&
         before(part.data() + part.size(), whole.data() + whole.size());
}

// ---- lists and parameters

// Values and commas, one after the other, are the row.
void DemandList(std::string_view row) {
  sip::ListCursor cursor(row);
  const std::string_view trimmed = sip::TrimLws(row);
  size_t covered = 0;
  size_t values = 0;
  while (cursor.Next()) {
    Demand(Within(cursor.span(), row) && Within(cursor.value(), row));
    Demand(sip::TrimLws(cursor.span()) == cursor.value());
    covered += cursor.span().size() + (values++ > 0);
  }
  Demand(covered <= row.size() && (values > 0 || trimmed.empty()));
  Demand(covered >= trimmed.size());
}

void DemandParam(std::string_view params, const sip::ParamCursor& cursor) {
  Demand(!cursor.name().empty() && Within(cursor.name(), cursor.whole()));
  Demand(Within(cursor.whole(), params));
  Demand(Within(cursor.value(), cursor.whole()));
  Demand(cursor.has_value() || cursor.value().empty());
  Demand(sip::FindParam(params, cursor.name()).present);
}

void DemandParams(std::string_view params) {
  sip::ParamCursor cursor(params);
  const char* end = params.data();
  for (bool first = true; cursor.Next(); first = false) {
    DemandParam(params, cursor);
    Demand(first || std::less<const char*>()(end, cursor.whole().data()));
    end = cursor.whole().data() + cursor.whole().size();
    const sip::Param found = sip::FindParam(params, cursor.name());
    Demand(!first || found.whole == cursor.whole());
  }
  Demand(sip::AreParams(params) == !cursor.malformed());
  Demand(!cursor.Next());
}

void DemandCredentials(std::string_view value) {
  const sip::AuthValue parts = sip::SplitAuthValue(value);
  Demand(Within(parts.scheme, value) && Within(parts.params, value));
  sip::AuthParamCursor cursor(parts.params);
  bool hidden = false;
  while (cursor.Next()) {
    Demand(!cursor.name().empty() && Within(cursor.whole(), parts.params));
    Demand(Within(cursor.value(), parts.params));
    hidden = hidden || sip::EqualsIgnoreCase(cursor.name(), "username*");
  }
  Demand(!cursor.Next());
  const sip::CredentialsView view = sip::ParseCredentials(value);
  for (const std::string_view part :
       {view.username, view.realm, view.nonce, view.response, view.algorithm}) {
    Demand(Within(part, parts.params));
  }
  if (view.verdict != sip::CredentialsView::Verdict::kDigest) return;
  Demand(!cursor.malformed() && sip::EqualsIgnoreCase(view.scheme, "digest"));
  Demand(view.has_username == !view.username.empty() || view.username.empty());
  Demand(!view.response_non_empty || view.has_response);
  Demand(!hidden || view.username_hidden);
}

// ---- one value

void DemandVia(std::string_view value) {
  const std::optional<sip::ViaView> via = sip::ParseVia(value);
  if (!via) return;
  Demand(sip::IsToken(via->transport) && !via->host.empty());
  for (const std::string_view part : {via->transport, via->host, via->params}) {
    Demand(Within(part, value));
  }
  Demand(sip::AreParams(via->params) && Within(via->branch, via->params));
  Demand(via->received.present ==
         sip::FindParam(via->params, "received").present);
  Demand(via->rport.present == sip::FindParam(via->params, "rport").present);
}

// A name twice among the parameters or headers: such a URI is malformed and
// need not even equal itself. Source: RFC 3261 19.1.1
bool Repeats(const sip::UriView& uri) {
  std::set<std::string> names;
  std::string rest(uri.params);
  rest += uri.headers;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find_first_of(";?&", 1), rest.size());
    std::string name = rest.substr(1, end - 1);
    name.resize(std::min(name.size(), name.find('=')));
    for (char& c : name) c = sip::ToLower(c);
    if (!names.insert(name).second) return true;
    rest.erase(0, end);
  }
  return false;
}

void DemandUri(std::string_view text) {
  const std::optional<sip::UriView> uri = sip::ParseUri(text);
  if (!uri) return;
  Demand(uri->whole == text);
  for (const std::string_view part :
       {uri->user, uri->password, uri->host, uri->params, uri->headers}) {
    Demand(Within(part, text));
  }
  const bool sip = uri->scheme == sip::UriScheme::kSip ||
                   uri->scheme == sip::UriScheme::kSips;
  Demand(!sip || !uri->host.empty());
  Demand(text.find_first_of(" \t\r\n\"<>") == text.npos);
  Demand(uri->params.empty() || uri->params.front() == ';');
  Demand(uri->headers.empty() || uri->headers.front() == '?');
  Demand(!sip::IsLooseRoute(*uri) || sip::FindParam(uri->params, "lr").present);
  Demand(Repeats(*uri) || sip::UriEquals(*uri, *uri));
  (void)sip::UriTransport(*uri);
}

void DemandAddress(std::string_view value) {
  const std::optional<sip::NameAddrView> address = sip::ParseNameAddr(value);
  if (!address) return;
  Demand(Within(address->uri, value) && Within(address->params, value));
  Demand(Within(address->display_name, value));
  Demand(sip::AreParams(address->params));
  Demand(address->bracketed || address->display_name.empty());
  DemandUri(address->uri);
  DemandParams(address->params);
}

void DemandCSeq(std::string_view value) {
  const std::optional<sip::CSeqView> cseq = sip::ParseCSeq(value);
  if (!cseq) return;
  Demand(cseq->number < 0x80000000u && sip::IsToken(cseq->method));
  Demand(Within(cseq->method, value));
}

// Source: RFC 3261 20.19: too large is the largest.
void DemandNumber(std::string_view value) {
  const auto exact = sip::ParseUint32(value);
  const auto clamped = sip::ParseDeltaSeconds(value);
  Demand(!exact || clamped == exact);
  Demand(exact || !clamped || *clamped == 0xffffffffu);
}

void DemandQuoted(std::string_view value) {
  const size_t quoted = sip::QuotedSize(value);
  Demand(quoted <= value.size() && quoted != 1);
  std::string out(value.size(), '\0');
  Demand(sip::Unquote(value, out.data()) <= value.size());
}

}  // namespace

void DemandValue(std::string_view row) {
  DemandList(row);
  DemandCredentials(row);
  for (sip::ListCursor cursor(row); cursor.Next();) {
    const std::string_view value = cursor.value();
    DemandVia(value);
    DemandAddress(value);
    DemandCSeq(value);
    DemandUri(value);
    DemandNumber(value);
    DemandQuoted(value);
    DemandParams(value.substr(std::min(value.find(';'), value.size())));
  }
}

void DemandComparison(std::string_view a, std::string_view b) {
  const auto left = sip::ParseUri(a);
  const auto right = sip::ParseUri(b);
  if (!left || !right) return;
  const bool equal = sip::UriEquals(*left, *right);
  Demand(sip::UriEquals(*right, *left) == equal);
  Demand(equal || a != b || Repeats(*left));
  if (!equal) return;
  Demand(left->scheme == right->scheme && left->port == right->port);
  Demand(sip::EqualsIgnoreCase(left->host, right->host));
}

}  // namespace sallyport::fuzz
