#include "core/registration/wildcard.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <optional>

#include "core/sip/text.h"

namespace sallyport::registration {
namespace {

constexpr size_t kPlacesMax = 63;  // and the state behind the last: 64 bits

size_t Index(char octet) { return static_cast<unsigned char>(octet); }

// ---- the expression

using Octets = std::bitset<256>;

// One place of the expression: what may stand there, and how often.
struct Place {
  Octets octets;
  bool optional = false;
  bool repeats = false;
};

// An expression without groups is a row of places. State i says: what stands
// before place i has matched.
class Expression {
 public:
  // False: it is beyond what we understand.
  bool Compile(std::string_view text);
  bool Matches(std::string_view text) const;

 private:
  bool CompileOne();
  bool TakeOctets(Octets& octets);
  bool TakeEscape(Octets& octets);
  bool TakeBracket(Octets& octets);
  bool TakeClass(Octets& octets);
  bool TakeQuantifier(const Octets& octets);
  bool TakeInterval(const Octets& octets);
  std::optional<uint32_t> TakeNumber();
  bool Take(char octet);
  bool Add(const Place& place);
  uint64_t Closure(uint64_t states) const;

  std::string_view rest_;
  std::array<Place, kPlacesMax> places_;
  size_t count_ = 0;
};

bool Expression::Compile(std::string_view text) {
  rest_ = text;
  count_ = 0;
  while (!rest_.empty()) {
    if (!CompileOne()) return false;
  }
  return true;
}

bool Expression::CompileOne() {
  Octets octets;
  return TakeOctets(octets) && TakeQuantifier(octets);
}

bool Expression::TakeOctets(Octets& octets) {
  const char octet = rest_.front();
  rest_.remove_prefix(1);
  switch (octet) {
    case '.':
      octets.set();
      return true;
    case '\\':
      return TakeEscape(octets);
    case '[':
      return TakeBracket(octets);
    case '(':
    case ')':
    case '|':
    case '^':
    case '$':
    case '*':
    case '+':
    case '?':
    case '{':
    case '}':
    case ']':
      return false;
    default:
      octets.set(Index(octet));
      return true;
  }
}

bool Expression::TakeEscape(Octets& octets) {
  if (rest_.empty() || sip::IsAlpha(rest_.front()) ||
      sip::IsDigit(rest_.front())) {
    return false;
  }
  octets.set(Index(rest_.front()));
  rest_.remove_prefix(1);
  return true;
}

// A `]` that comes first is an octet like others. Source: POSIX.1 9.3.5
bool Expression::TakeBracket(Octets& octets) {
  const bool negated = Take('^');
  for (bool first = true; !rest_.empty(); first = false) {
    if (!first && Take(']')) {
      if (negated) octets.flip();
      return true;
    }
    if (rest_.starts_with("[")) {
      if (!TakeClass(octets)) return false;
      continue;
    }
    const size_t low = Index(rest_.front());
    rest_.remove_prefix(1);
    size_t high = low;
    if (rest_.size() >= 2 && rest_[0] == '-' && rest_[1] != ']') {
      high = Index(rest_[1]);
      rest_.remove_prefix(2);
    }
    if (high < low || high == Index('[')) return false;
    for (size_t octet = low; octet <= high; ++octet) octets.set(octet);
  }
  return false;
}

bool Expression::TakeClass(Octets& octets) {
  struct Class {
    std::string_view name;
    bool (*has)(char octet);
  };
  constexpr Class kClasses[] = {
      {"[:digit:]", [](char c) { return sip::IsDigit(c); }},
      {"[:alpha:]", [](char c) { return sip::IsAlpha(c); }},
      {"[:alnum:]", [](char c) { return sip::IsAlpha(c) || sip::IsDigit(c); }},
      {"[:xdigit:]", [](char c) { return sip::HexDigit(c) >= 0; }},
  };
  for (const Class& known : kClasses) {
    if (!rest_.starts_with(known.name)) continue;
    rest_.remove_prefix(known.name.size());
    for (size_t octet = 0; octet < octets.size(); ++octet) {
      if (known.has(static_cast<char>(octet))) octets.set(octet);
    }
    return true;
  }
  return false;
}

bool Expression::TakeQuantifier(const Octets& octets) {
  if (Take('*')) return Add({octets, /*optional=*/true, /*repeats=*/true});
  if (Take('+')) return Add({octets, /*optional=*/false, /*repeats=*/true});
  if (Take('?')) return Add({octets, /*optional=*/true, /*repeats=*/false});
  if (Take('{')) return TakeInterval(octets);
  return Add({octets});
}

bool Expression::TakeInterval(const Octets& octets) {
  const std::optional<uint32_t> least = TakeNumber();
  if (!least) return false;
  std::optional<uint32_t> most = least;
  if (Take(',')) most = TakeNumber();
  if (!Take('}') || (most && *most < *least)) return false;
  if (*least > kPlacesMax || (most && *most > kPlacesMax)) return false;
  for (uint32_t i = 0; i < *least; ++i) {
    if (!Add({octets})) return false;
  }
  if (!most) return Add({octets, /*optional=*/true, /*repeats=*/true});
  for (uint32_t i = *least; i < *most; ++i) {
    if (!Add({octets, /*optional=*/true})) return false;
  }
  return true;
}

std::optional<uint32_t> Expression::TakeNumber() {
  size_t digits = 0;
  while (digits < rest_.size() && sip::IsDigit(rest_[digits])) ++digits;
  const auto number = sip::ParseUint32(rest_.substr(0, digits));
  rest_.remove_prefix(digits);
  return number;
}

bool Expression::Take(char octet) {
  if (rest_.empty() || rest_.front() != octet) return false;
  rest_.remove_prefix(1);
  return true;
}

bool Expression::Add(const Place& place) {
  if (count_ == kPlacesMax) return false;
  places_[count_++] = place;
  return true;
}

// States that are reached without an octet.
uint64_t Expression::Closure(uint64_t states) const {
  for (size_t i = 0; i < count_; ++i) {
    if (places_[i].optional && (states >> i & 1) != 0) {
      states |= uint64_t{1} << (i + 1);
    }
  }
  return states;
}

// All states at once: no way is tried twice.
bool Expression::Matches(std::string_view text) const {
  uint64_t states = Closure(1);
  for (const char octet : text) {
    uint64_t next = 0;
    for (size_t i = 0; i < count_; ++i) {
      if ((states >> i & 1) == 0 || !places_[i].octets[Index(octet)]) continue;
      next |= uint64_t{1} << (i + 1);
      if (places_[i].repeats) next |= uint64_t{1} << i;
    }
    if (next == 0) return false;
    states = Closure(next);
  }
  return (states >> count_ & 1) != 0;
}

// ---- the URI around it

struct Pattern {
  std::string_view scheme;
  std::string_view before;  // of the user part or number
  std::string_view expression;
  std::string_view behind;
  std::string_view host;  // empty for tel
  uint16_t port = 0;
  std::string_view params;  // begins at ';', or empty
};

bool TakeHost(std::string_view text, Pattern& out) {
  const size_t end = std::min(text.find(';'), text.size());
  out.params = text.substr(end);
  text = text.substr(0, end);
  const size_t colon = text.rfind(':');
  const bool has_port =
      colon != text.npos && text.find(']', colon) == text.npos;
  out.host = has_port ? text.substr(0, colon) : text;
  if (!has_port) return !out.host.empty();
  const auto port = sip::ParseUint32(text.substr(colon + 1));
  if (!port || *port == 0 || *port > 65535) return false;
  out.port = static_cast<uint16_t>(*port);
  return !out.host.empty();
}

// If there are more than two exclamation marks the outermost ones count.
// Source: TS 23.003 13.5
std::optional<Pattern> Split(std::string_view text) {
  if (text.size() > kWildcardBytesMax) return std::nullopt;
  Pattern out;
  const size_t colon = text.find(':');
  const size_t begin = text.find('!');
  const size_t end = text.rfind('!');
  if (colon == text.npos || begin == text.npos || begin == end ||
      colon > begin) {
    return std::nullopt;
  }
  out.scheme = text.substr(0, colon);
  out.before = text.substr(colon + 1, begin - colon - 1);
  out.expression = text.substr(begin + 1, end - begin - 1);
  const std::string_view rest = text.substr(end + 1);
  if (out.before.find_first_of("@;?") != out.before.npos) return std::nullopt;
  if (sip::EqualsIgnoreCase(out.scheme, "tel")) {
    const size_t params = std::min(rest.find(';'), rest.size());
    out.behind = rest.substr(0, params);
    out.params = rest.substr(params);
    return out;
  }
  if (!sip::EqualsIgnoreCase(out.scheme, "sip") &&
      !sip::EqualsIgnoreCase(out.scheme, "sips")) {
    return std::nullopt;
  }
  const size_t at = rest.find('@');
  if (at == rest.npos || !TakeHost(rest.substr(at + 1), out)) {
    return std::nullopt;
  }
  out.behind = rest.substr(0, at);
  return out;
}

// All but the user part.
bool SamePlace(const Pattern& pattern, const sip::UriView& uri) {
  return sip::EqualsIgnoreCase(pattern.scheme, ToString(uri.scheme)) &&
         sip::EqualsIgnoreCase(pattern.host, uri.host) &&
         pattern.port == uri.port && uri.password.empty() &&
         uri.headers.empty() &&
         sip::EqualsIgnoreCase(pattern.params, uri.params);
}

}  // namespace

bool IsWildcard(std::string_view pattern) {
  const std::optional<Pattern> parts = Split(pattern);
  Expression expression;
  return parts && expression.Compile(parts->expression);
}

bool MatchesWildcard(std::string_view pattern, const sip::UriView& uri) {
  const std::optional<Pattern> parts = Split(pattern);
  if (!parts || !SamePlace(*parts, uri)) return false;
  std::string_view user = uri.user;
  if (user.size() < parts->before.size() + parts->behind.size() ||
      !user.starts_with(parts->before) || !user.ends_with(parts->behind)) {
    return false;
  }
  user.remove_prefix(parts->before.size());
  user.remove_suffix(parts->behind.size());
  Expression expression;
  return expression.Compile(parts->expression) && expression.Matches(user);
}

}  // namespace sallyport::registration
