#include "core/granted_expiry.h"

#include <optional>

#include "core/sip/values.h"

namespace sallyport {
namespace {

std::string_view WithoutQuotes(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    return text.substr(1, text.size() - 2);
  }
  return text;
}

bool SameUri(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const auto left = sip::ParseUri(a);
  const auto right = sip::ParseUri(b);
  return left && right && sip::UriEquals(*left, *right);
}

// What is looked for in the parameters of a listed contact; the first of each.
struct ListedParams {
  bool malformed = false;
  sip::Param instance, reg_id, expires;
};

ListedParams ReadParams(std::string_view params) {
  ListedParams read;
  sip::ParamCursor c(params);
  while (c.Next()) {
    sip::Param* known = nullptr;
    if (sip::EqualsIgnoreCase(c.name(), "expires")) known = &read.expires;
    if (sip::EqualsIgnoreCase(c.name(), "reg-id")) known = &read.reg_id;
    if (sip::EqualsIgnoreCase(c.name(), "+sip.instance")) {
      known = &read.instance;
    }
    if (known == nullptr || known->present) continue;
    *known = {.present = true,
              .has_value = c.has_value(),
              .value = c.value(),
              .whole = c.whole()};
  }
  read.malformed = c.malformed();
  return read;
}

// By instance and reg-id when both sides have them, else by URI.
// Source: RFC 5626 6, spec 5.4
bool Matches(std::string_view uri, const ListedParams& listed,
             const RegisteredContact& ours) {
  if (!listed.instance.has_value || ours.instance.empty()) {
    return SameUri(uri, ours.uri);
  }
  if (WithoutQuotes(listed.instance.value) != ours.instance) return false;
  const auto number = sip::ParseUint32(listed.reg_id.value);
  return ours.reg_id == 0 || !number || *number == ours.reg_id;
}

}  // namespace

uint32_t GrantedExpiry(const sip::MessageView& ok,
                       const RegisteredContact& contact) {
  for (sip::ListCursor c(ok, sip::HeaderId::kContact); c.Next();) {
    const auto listed = sip::PartNameAddr(c.value());
    if (!listed) continue;
    const ListedParams params = ReadParams(listed->params);
    if (params.malformed || !Matches(listed->uri, params, contact)) continue;
    if (const auto seconds = sip::ParseDeltaSeconds(params.expires.value)) {
      return *seconds;
    }
    if (const auto seconds =
            sip::ParseDeltaSeconds(ok.Value(sip::HeaderId::kExpires))) {
      return *seconds;
    }
    return contact.expires_s;
  }
  return 0;
}

}  // namespace sallyport
