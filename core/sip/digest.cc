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
  size_t end = size;
  while (end < rest_.size() && rest_[end] == '=') ++end;
  if (size == 0 || end < rest_.size()) return false;
  name_ = Front(rest_, size);
  value_ = {};
  has_value_ = false;
  whole_ = rest_;
  rest_ = {};
  is_token68_ = !IsToken(whole_);
  return true;
}

namespace {

// Behind '='; leaves `text` behind the value. False: a quote does not
// end.
bool TakeValue(std::string_view& text, std::string_view& value) {
  text = SkipLws(text);
  size_t size = 0;
  if (text.starts_with('"')) {
    size = QuotedSize(text);
    if (size == 0) return false;
  } else {
    size = SpanOf(text, kBareValueChars);
  }
  value = Front(text, size);
  text = Behind(text, size);
  return true;
}

// The comma and what must stand behind it, or the end.
bool TakeSeparator(std::string_view& text) {
  text = SkipLws(text);
  if (text.empty()) return true;
  if (text.front() != ',') return false;
  text = SkipLws(Behind(text, 1));
  return !text.empty();
}

}  // namespace

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
  std::string_view rest = SkipLws(Behind(rest_, size));
  std::string_view value;
  has_value_ = rest.starts_with('=');
  if (has_value_) {
    rest = Behind(rest, 1);
    end = rest.data();
    if (!TakeValue(rest, value)) return Fail();
    if (!value.empty()) end = value.data() + value.size();
  }
  value_ = value;
  whole_ = Between(name_.data(), end);
  if (!TakeSeparator(rest)) return Fail();
  rest_ = rest;
  return true;
}

namespace {

// What a parameter of Digest is to us.
// Source: RFC 7616 3.4.4 (userhash), 3.4 (username*), TS 24.229 7.2A.2
// (integrity-protected)
enum class Known : uint8_t {
  kNone,
  kUsername,
  kRealm,
  kNonce,
  kResponse,
  kAlgorithm,
  kUserhash,
  kUsernameStar,
  kIntegrityProtected,
};

// Most are told apart by their size.
Known KnownOf(std::string_view name) {
  const auto is = [name](std::string_view known) {
    return EqualsIgnoreCase(name, known);
  };
  switch (name.size()) {
    case 5:
      if (is("realm")) return Known::kRealm;
      return is("nonce") ? Known::kNonce : Known::kNone;
    case 8:
      if (is("username")) return Known::kUsername;
      if (is("response")) return Known::kResponse;
      return is("userhash") ? Known::kUserhash : Known::kNone;
    case 9:
      if (is("algorithm")) return Known::kAlgorithm;
      return is("username*") ? Known::kUsernameStar : Known::kNone;
    case kIntegrityProtected.size():
      return is(kIntegrityProtected) ? Known::kIntegrityProtected
                                     : Known::kNone;
    default:
      return Known::kNone;
  }
}

bool IsTrue(std::string_view value) {
  return EqualsIgnoreCase(value, "true") || EqualsIgnoreCase(value, "\"true\"");
}

// Keeps the value of a parameter that may stand once; false: it stood before.
bool KeepOnce(std::string_view from, bool& present, std::string_view& value) {
  if (present) return false;
  present = true;
  value = from;
  return true;
}

// Which of those without a flag in the view were seen.
struct Seen {
  bool realm = false, nonce = false, algorithm = false, claim = false;
};

// False: it stands twice.
bool Keep(const AuthParamCursor& cursor, Seen& seen, CredentialsView& view) {
  const std::string_view value = cursor.value();
  switch (KnownOf(cursor.name())) {
    case Known::kNone:
      return true;
    case Known::kUsername:
      return KeepOnce(value, view.has_username, view.username);
    case Known::kRealm:
      return KeepOnce(value, seen.realm, view.realm);
    case Known::kNonce:
      return KeepOnce(value, seen.nonce, view.nonce);
    case Known::kResponse:
      return KeepOnce(value, view.has_response, view.response);
    case Known::kAlgorithm:
      return KeepOnce(value, seen.algorithm, view.algorithm);
    case Known::kUserhash:
      view.username_hidden = view.username_hidden || IsTrue(value);
      return true;
    case Known::kUsernameStar:
      view.username_hidden = true;
      return true;
    case Known::kIntegrityProtected:
      seen.claim = true;
      return true;
  }
  return true;
}

// Some readers end a quoted string at the first quote, whatever stands before it.
// Where they and we would end at different places they may see parameters that we
// do not: such a value is not to be passed on.
bool EndsElsewhere(std::string_view value) {
  if (value.size() < 2 || value.front() != '"') return false;
  const std::string_view inside = Front(Behind(value, 1), value.size() - 2);
  return FindAny<'"'>(inside) < inside.size() || inside.ends_with('\\');
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
  Seen seen;
  bool duplicate = false;
  bool ambiguous = false;
  AuthParamCursor cursor(view.params);
  while (cursor.Next()) {
    ambiguous = ambiguous || EndsElsewhere(cursor.value());
    duplicate = !Keep(cursor, seen, view) || duplicate;
  }
  const auto verdict = cursor.malformed() || cursor.is_token68() || ambiguous
                           ? CredentialsView::Verdict::kMalformed
                       : duplicate ? CredentialsView::Verdict::kDuplicate
                                   : CredentialsView::Verdict::kDigest;
  if (verdict == CredentialsView::Verdict::kDigest) {
    view.response_non_empty = !IsEmptyValue(view.response);
    view.unclaimed = !seen.claim;
  }
  return verdict;
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
