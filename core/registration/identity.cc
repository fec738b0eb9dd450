#include "core/registration/identity.h"

#include <algorithm>
#include <optional>

#include "core/sip/text.h"

namespace sallyport::registration {
namespace {

struct PhoneView {
  std::string_view number;
  std::string_view params;  // begins at ';', or empty
};

// What a tel URI says, or the tel URI that a SIP URI with user=phone stands
// for. Source: RFC 3261 19.1.6
std::optional<PhoneView> PhoneOf(const sip::UriView& uri) {
  if (uri.scheme == sip::UriScheme::kTel)
    return PhoneView{uri.user, uri.params};
  const bool is_sip =
      uri.scheme == sip::UriScheme::kSip || uri.scheme == sip::UriScheme::kSips;
  const sip::Param user = sip::FindParam(uri.params, "user");
  if (!is_sip || !sip::EqualsIgnoreCase(user.value, "phone")) return {};
  const size_t end = std::min(uri.user.find(';'), uri.user.size());
  return PhoneView{uri.user.substr(0, end), uri.user.substr(end)};
}

// Source: RFC 3966 5.1.1 (visual-separator)
bool IsVisualSeparator(char c) {
  return c == '-' || c == '.' || c == '(' || c == ')';
}

bool SameNumber(std::string_view a, std::string_view b) {
  size_t i = 0;
  size_t j = 0;
  while (true) {
    while (i < a.size() && IsVisualSeparator(a[i])) ++i;
    while (j < b.size() && IsVisualSeparator(b[j])) ++j;
    if (i == a.size() || j == b.size()) break;
    if (sip::ToLower(a[i++]) != sip::ToLower(b[j++])) return false;
  }
  return i == a.size() && j == b.size() && !a.empty();
}

bool SamePhone(const sip::UriView& a, const sip::UriView& b) {
  const std::optional<PhoneView> left = PhoneOf(a);
  const std::optional<PhoneView> right = PhoneOf(b);
  return left && right && SameNumber(left->number, right->number) &&
         sip::EqualsIgnoreCase(left->params, right->params);
}

}  // namespace

bool SameUri(std::string_view a, std::string_view b) {
  if (a == b) return !a.empty();
  const std::optional<sip::UriView> left = sip::ParseUri(a);
  const std::optional<sip::UriView> right = sip::ParseUri(b);
  return left && right && sip::UriEquals(*left, *right);
}

std::string_view FirstUri(std::string_view list) {
  return list.substr(0, list.find(' '));
}

bool ShareUri(std::string_view a, std::string_view b) {
  const auto take = [](std::string_view& list) {
    const std::string_view first = FirstUri(list);
    list.remove_prefix(std::min(first.size() + 1, list.size()));
    return first;
  };
  while (!a.empty()) {
    const std::string_view one = take(a);
    for (std::string_view others = b; !others.empty();) {
      if (SameUri(one, take(others))) return true;
    }
  }
  return false;
}

bool SameIdentity(const sip::UriView& wanted, std::string_view registered) {
  const std::optional<sip::UriView> uri = sip::ParseUri(registered);
  if (!uri) return false;
  if (sip::UriEquals(wanted, *uri)) return true;
  const bool one_is_tel = (wanted.scheme == sip::UriScheme::kTel) !=
                          (uri->scheme == sip::UriScheme::kTel);
  return one_is_tel && SamePhone(wanted, *uri);
}

}  // namespace sallyport::registration
