#include "core/sip/digest.h"

#include "core/sip/octets.h"
#include "core/sip/text.h"

namespace sallyport::sip {
namespace {

// What a value without quotes may hold. Wider than a token, for peers that
// forget the quotes around a URI, but without what another parser could take
// for the end of a value or a quote.
constexpr OctetSet kBareValueChars = kTokenChars | OctetSet("/:@=?&[]$#");
constexpr OctetSet kToken68Chars = kAlphanumeric | OctetSet("-._~+/");

std::string_view Between(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

// Without quotes; a quoted-pair does not make a value empty.
bool IsEmptyValue(std::string_view value) {
  return value.empty() || value == "\"\"";
}

}  // namespace

AuthValue SplitAuthValue(std::string_view value) {
  const std::string_view text = TrimLws(value);
  const size_t size = SpanOf(text, kTokenChars);
  if (size < text.size() && !IsLws(text[size])) {
    return {.scheme = {}, .params = text};
  }
  return {.scheme = Front(text, size), .params = SkipLws(Behind(text, size))};
}

AuthParamCursor::AuthParamCursor(std::string_view params)
    : rest_(TrimLws(params)) {}

bool AuthParamCursor::Fail() {
  malformed_ = true;
  rest_ = {};
  return false;
}

// Credentials without parameters.  Source: RFC 7235 2.1 (token68).
bool AuthParamCursor::TakeToken68() {
  const size_t size = SpanOf(rest_, kToken68Chars);
  const size_t padding = rest_.find_first_not_of('=', size);
  if (size == 0 || padding != rest_.npos) return false;
  name_ = Front(rest_, size);
  value_ = {};
  has_value_ = false;
  whole_ = rest_;
  rest_ = {};
  is_token68_ = !IsToken(whole_);
  return true;
}

// Behind '='.
bool AuthParamCursor::TakeValue() {
  rest_ = SkipLws(rest_);
  size_t size = 0;
  if (rest_.starts_with('"')) {
    size = QuotedSize(rest_);
    if (size == 0) return false;
  } else {
    size = SpanOf(rest_, kBareValueChars);
  }
  value_ = Front(rest_, size);
  rest_ = Behind(rest_, size);
  return true;
}

// The comma and what must stand behind it, or the end.
bool AuthParamCursor::TakeSeparator() {
  rest_ = SkipLws(rest_);
  if (rest_.empty()) return true;
  if (rest_.front() != ',') return false;
  rest_ = SkipLws(Behind(rest_, 1));
  return !rest_.empty();
}

// Source: RFC 3261 25.1 (auth-param; EQUAL and COMMA have white space around).
bool AuthParamCursor::Next() {
  if (rest_.empty()) return false;
  const bool first = first_;
  first_ = false;
  if (first && TakeToken68()) return true;
  const size_t size = SpanOf(rest_, kTokenChars);
  if (size == 0) return Fail();
  name_ = Front(rest_, size);
  const char* end = name_.data() + size;
  rest_ = SkipLws(Behind(rest_, size));
  value_ = {};
  has_value_ = rest_.starts_with('=');
  if (has_value_) {
    end = rest_.data() + 1;
    rest_.remove_prefix(1);
    if (!TakeValue()) return Fail();
    if (!value_.empty()) end = value_.data() + value_.size();
  }
  whole_ = Between(name_.data(), end);
  return TakeSeparator() || Fail();
}

namespace {

// Where a parameter of Digest that may stand once is kept.
struct Known {
  std::string_view name;
  std::string_view CredentialsView::*value;
  bool present = false;
};

bool KeepKnown(const AuthParamCursor& cursor, Known& known,
               CredentialsView& view) {
  if (known.present) return false;
  known.present = true;
  view.*known.value = cursor.value();
  return true;
}

void ReadHidden(const AuthParamCursor& cursor, CredentialsView& view) {
  // Source: RFC 7616 3.4.4 (userhash), 3.4 (username*).
  const bool hash = EqualsIgnoreCase(cursor.name(), "userhash") &&
                    (EqualsIgnoreCase(cursor.value(), "true") ||
                     EqualsIgnoreCase(cursor.value(), "\"true\""));
  view.username_hidden = view.username_hidden || hash ||
                         EqualsIgnoreCase(cursor.name(), "username*");
}

// Some readers end a quoted string at the first quote, whatever stands before it.
// Where they and we would end at different places they may see parameters that we
// do not: such a value is not to be passed on.
bool EndsElsewhere(std::string_view value) {
  if (value.size() < 2 || value.front() != '"') return false;
  const std::string_view inside = value.substr(1, value.size() - 2);
  return inside.find('"') != std::string_view::npos || inside.ends_with('\\');
}

// The walk ends at what cannot be read; EditAuthParams refuses such a row.
bool EndsElsewhere(const AuthValue& credentials) {
  AuthParamCursor cursor(credentials.params);
  while (cursor.Next()) {
    if (EndsElsewhere(cursor.value())) return true;
  }
  return false;
}

CredentialsView::Verdict ReadDigest(CredentialsView& view) {
  Known known[] = {
      {"username", &CredentialsView::username},
      {"realm", &CredentialsView::realm},
      {"nonce", &CredentialsView::nonce},
      {"response", &CredentialsView::response},
      {"algorithm", &CredentialsView::algorithm},
  };
  bool duplicate = false;
  bool ambiguous = false;
  AuthParamCursor cursor(view.params);
  while (cursor.Next()) {
    ambiguous = ambiguous || EndsElsewhere(cursor.value());
    ReadHidden(cursor, view);
    for (Known& each : known) {
      if (!EqualsIgnoreCase(cursor.name(), each.name)) continue;
      duplicate = !KeepKnown(cursor, each, view) || duplicate;
    }
  }
  if (cursor.malformed() || cursor.is_token68() || ambiguous) {
    return CredentialsView::Verdict::kMalformed;
  }
  if (duplicate) return CredentialsView::Verdict::kDuplicate;
  view.has_username = known[0].present;
  view.has_response = known[3].present;
  view.response_non_empty = !IsEmptyValue(view.response);
  return CredentialsView::Verdict::kDigest;
}

}  // namespace

CredentialsView ParseCredentials(std::string_view value) {
  CredentialsView view;
  const AuthValue parts = SplitAuthValue(value);
  view.scheme = parts.scheme;
  view.params = parts.params;
  if (parts.scheme.empty()) return view;
  if (!EqualsIgnoreCase(parts.scheme, "Digest")) {
    // Source: Sallyport 4.2 (rules 2 and 4): whatever the scheme.
    view.verdict = EndsElsewhere(parts)
                       ? CredentialsView::Verdict::kMalformed
                       : CredentialsView::Verdict::kOtherScheme;
  } else if (!parts.params.empty()) {
    view.verdict = ReadDigest(view);
  }
  return view;
}

std::string_view ToString(CredentialsView::Verdict verdict) {
  switch (verdict) {
    case CredentialsView::Verdict::kDigest:
      return "digest";
    case CredentialsView::Verdict::kOtherScheme:
      return "other_scheme";
    case CredentialsView::Verdict::kMalformed:
      return "malformed";
    case CredentialsView::Verdict::kDuplicate:
      return "duplicate";
  }
  return "";
}

}  // namespace sallyport::sip
