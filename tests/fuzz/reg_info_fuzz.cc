// A document of registration state is read or refused, within its bounds; a
// wildcarded identity matches as the regular expressions of the C library do.
//
// The first line of the input is a pattern, the second one a URI, the rest a
// document.
#include <regex.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/registration/reg_info.h"
#include "core/registration/wildcard.h"
#include "core/sip/values.h"
#include "tests/fuzz/demand.h"

namespace registration = sallyport::registration;
namespace sip = sallyport::sip;

namespace {

using registration::RegInfo;
using registration::RegInfoFault;
using sallyport::fuzz::Demand;

// ---- the document

void DemandContact(const registration::RegContact& contact) {
  Demand(!contact.uri.empty() &&
         contact.uri.size() <= registration::kRegInfoTextBytesMax);
  Demand(contact.instance.size() <= registration::kRegInfoTextBytesMax);
  Demand(!registration::ToString(contact.event).empty());
}

void DemandDocument(std::string_view document) {
  RegInfo info;
  const RegInfoFault fault = registration::ReadRegInfo(document, info);
  Demand(!registration::ToString(fault).empty());
  if (fault != RegInfoFault::kNone) {
    Demand(info.registrations.empty() && info.version == 0 && !info.full);
    return;
  }
  Demand(document.size() <= registration::kRegInfoBytesMax);
  Demand(info.registrations.size() <= registration::kRegistrationsMax);
  size_t contacts = 0;
  for (const registration::Registration& each : info.registrations) {
    Demand(!each.aor.empty() &&
           each.aor.size() <= registration::kRegInfoTextBytesMax);
    Demand(each.wildcarded_identity.size() <=
           registration::kRegInfoTextBytesMax);
    contacts += each.contacts.size();
    for (const auto& contact : each.contacts) DemandContact(contact);
  }
  Demand(contacts <= registration::kRegContactsMax);
}

// ---- the pattern

// The user part as an extended regular expression: what stands outside of the
// exclamation marks means itself.
std::string Expression(std::string_view user) {
  const size_t begin = user.find('!');
  const size_t end = user.rfind('!');
  std::string text = "^";
  const auto literally = [&text](std::string_view part) {
    for (const char c : part) ((text += '[') += c) += ']';
  };
  literally(user.substr(0, begin));
  text += user.substr(begin + 1, end - begin - 1);
  literally(user.substr(end + 1));
  return text + "$";
}

// Two ways to write what a simple pattern says must agree. Others (a caret in
// the literal parts, octets that a URI escapes) are only run.
bool IsComparable(std::string_view user) {
  const size_t begin = user.find('!');
  const size_t end = user.rfind('!');
  if (begin == user.npos || begin == end) return false;
  std::string outside(user.substr(0, begin));
  outside += user.substr(end + 1);
  return outside.find_first_of("^[]\\%") == outside.npos &&
         user.find_first_of("%@:") == user.npos && user.find('\0') == user.npos;
}

void DemandPattern(std::string_view pattern, std::string_view uri) {
  const bool known = registration::IsWildcard(pattern);
  const auto view = sip::ParseUri(uri);
  if (!view) return;
  const bool matches = registration::MatchesWildcard(pattern, *view);
  Demand(known || !matches);
  constexpr std::string_view kScheme = "sip:", kHost = "@h";
  if (!known || !pattern.starts_with(kScheme) || !pattern.ends_with(kHost) ||
      !uri.starts_with(kScheme) || !uri.ends_with(kHost)) {
    return;
  }
  const std::string_view user = pattern.substr(
      kScheme.size(), pattern.size() - kScheme.size() - kHost.size());
  if (!IsComparable(user) || !view->password.empty() || view->host != "h" ||
      view->user.find('%') != view->user.npos) {
    return;
  }
  regex_t expression;
  const std::string text = Expression(user);
  if (regcomp(&expression, text.c_str(), REG_EXTENDED | REG_NOSUB) != 0) {
    return;  // stricter than we are
  }
  const bool expected =
      regexec(&expression, std::string(view->user).c_str(), 0, nullptr, 0) == 0;
  regfree(&expression);
  Demand(matches == expected);
}

std::string_view TakeLine(std::string_view& rest) {
  const size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view pattern = TakeLine(rest);
  const std::string_view uri = TakeLine(rest);
  DemandPattern(pattern, uri);
  DemandDocument(rest);
  return 0;
}
