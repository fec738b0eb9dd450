#include "core/sip/name_addr.h"

#include <utility>

#include "core/sip/list.h"
#include "core/sip/octets.h"
#include "core/sip/text.h"

namespace sallyport::sip {
namespace {

// The display name; leaves `text` behind the '<'. An unquoted name is made of
// words: what parts values, parameters and addresses cannot be in it.
bool TakeQuotedName(std::string_view& text, NameAddrView& address) {
  const size_t quoted = QuotedSize(text);
  if (quoted == 0) return false;
  address.display_name = Front(text, quoted);
  text = SkipLws(Behind(text, quoted));
  if (!text.starts_with('<')) return false;
  text = Behind(text, 1);
  return true;
}
bool TakeBareName(std::string_view& text, size_t bracket,
                  NameAddrView& address) {
  const std::string_view name = TrimLws(Front(text, bracket));
  address.display_name = name;
  text = Behind(text, bracket + 1);
  return FindAny<'"', ',', ';', ':', '>', '@', '\\'>(name) == name.size();
}

// `text` begins behind the '<'.
bool ReadBracketed(std::string_view text, NameAddrView& address) {
  const size_t close = FindAny<'>'>(text);
  if (close == text.size()) return false;
  address.bracketed = true;
  address.uri = Front(text, close);
  address.params = SkipLws(Behind(text, close + 1));
  return true;
}

bool ReadBare(std::string_view text, size_t semicolon, NameAddrView& address) {
  address.uri = TrimLws(Front(text, semicolon));
  address.params = Behind(text, semicolon);
  return FindAny<',', '?', '"', '>', ' ', '\t', '\r', '\n'>(address.uri) ==
         address.uri.size();
}

bool ReadNameAddr(std::string_view text, NameAddrView& address) {
  if (text.starts_with('"')) {
    return TakeQuotedName(text, address) && ReadBracketed(text, address);
  }
  // Where a '<' stands only in a parameter, the address is bare.
  const size_t end = FindAny<';', '<'>(text);
  if (end == text.size() || text[end] == ';') {
    return ReadBare(text, end, address);
  }
  return TakeBareName(text, end, address) && ReadBracketed(text, address);
}

}  // namespace

std::optional<NameAddrView> PartNameAddr(std::string_view value) {
  std::optional<NameAddrView> address(std::in_place);
  const bool read =
      ReadNameAddr(TrimLws(value), *address) && !address->uri.empty();
  if (!read) address.reset();
  return address;
}

std::optional<NameAddrView> ParseNameAddr(std::string_view value) {
  std::optional<NameAddrView> address = PartNameAddr(value);
  if (address && !AreParams(address->params)) address.reset();
  return address;
}

std::optional<CSeqView> ParseCSeq(std::string_view value) {
  constexpr uint32_t kEnd = uint32_t{1} << 31;
  const std::string_view text = TrimLws(value);
  const size_t space = FindAny<' ', '\t', '\r', '\n'>(text);
  const std::optional<uint32_t> number = ParseUint32(Front(text, space));
  const std::string_view behind = Behind(text, space);
  const std::string_view method = SkipLws(behind);
  if (!number || *number >= kEnd) return std::nullopt;
  if (method.size() == behind.size() || !IsToken(method)) return std::nullopt;
  return CSeqView{.number = *number, .method = method};
}

}  // namespace sallyport::sip
