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

// By instance and reg-id when both sides have them, else by URI.
// Source: RFC 5626 6, spec 5.4
bool Matches(const sip::NameAddrView& listed, const RegisteredContact& ours) {
  const sip::Param instance = sip::FindParam(listed.params, "+sip.instance");
  if (!instance.has_value || ours.instance.empty()) {
    return SameUri(listed.uri, ours.uri);
  }
  if (WithoutQuotes(instance.value) != ours.instance) return false;
  const sip::Param reg_id = sip::FindParam(listed.params, "reg-id");
  const auto number = sip::ParseUint32(reg_id.value);
  return ours.reg_id == 0 || !number || *number == ours.reg_id;
}

}  // namespace

uint32_t GrantedExpiry(const sip::MessageView& ok,
                       const RegisteredContact& contact) {
  for (sip::ListCursor c(ok, sip::HeaderId::kContact); c.Next();) {
    const auto listed = sip::ParseNameAddr(c.value());
    if (!listed || !Matches(*listed, contact)) continue;
    const sip::Param expires = sip::FindParam(listed->params, "expires");
    if (const auto seconds = sip::ParseDeltaSeconds(expires.value))
      return *seconds;
    if (const auto seconds =
            sip::ParseDeltaSeconds(ok.Value(sip::HeaderId::kExpires))) {
      return *seconds;
    }
    return contact.expires_s;
  }
  return 0;
}

}  // namespace sallyport
