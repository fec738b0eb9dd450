#include "net/dns/names.h"

#include <cstddef>

#include "absl/strings/ascii.h"

namespace sallyport::net::dns {
namespace {

constexpr size_t kNameOctetsMax = 253;
constexpr size_t kLabelOctetsMax = 63;

bool IsNameOctet(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
         c == '_';
}

}  // namespace

std::optional<std::string> CanonicalName(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > kNameOctetsMax) return std::nullopt;
  size_t label = 0;
  for (const char c : name) {
    if (c == '.') {
      if (label == 0) return std::nullopt;
      label = 0;
    } else if (!IsNameOctet(c) || ++label > kLabelOctetsMax) {
      return std::nullopt;
    }
  }
  if (label == 0) return std::nullopt;
  return absl::AsciiStrToLower(name);
}

std::optional<std::string> CanonicalHost(std::string_view host) {
  std::optional<std::string> name = CanonicalName(host);
  if (!name) return std::nullopt;
  // Without a dot, npos + 1 is 0: the only label is the last.
  const char first = (*name)[name->rfind('.') + 1];
  if (!absl::ascii_isalpha(static_cast<unsigned char>(first))) {
    return std::nullopt;
  }
  return name;
}

}  // namespace sallyport::net::dns
