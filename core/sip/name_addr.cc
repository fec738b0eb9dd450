#include "core/sip/name_addr.h"

#include "core/sip/list.h"
#include "core/sip/text.h"

namespace sallyport::sip {
namespace {

// The display name and the '<'; leaves `text` behind the '<'. An unquoted name
// is made of words: what parts values, parameters and addresses cannot be in
// it.
bool TakeDisplayName(std::string_view& text, NameAddrView& address) {
  if (text.starts_with('"')) {
    const size_t quoted = QuotedSize(text);
    if (quoted == 0) return false;
    address.display_name = Front(text, quoted);
    text = SkipLws(Behind(text, quoted));
    if (!text.starts_with('<')) return false;
  } else {
    const size_t bracket = text.find('<');
    address.display_name = TrimLws(Front(text, bracket));
    if (address.display_name.find_first_of("\",;:>@\\") != text.npos) {
      return false;
    }
    text.remove_prefix(bracket);
  }
  text.remove_prefix(1);
  return true;
}

bool ReadBracketed(std::string_view text, NameAddrView& address) {
  if (!TakeDisplayName(text, address)) return false;
  const size_t close = text.find('>');
  if (close == text.npos) return false;
  address.bracketed = true;
  address.uri = Front(text, close);
  address.params = SkipLws(Behind(text, close + 1));
  return true;
}

bool ReadBare(std::string_view text, NameAddrView& address) {
  const size_t semicolon = text.find(';');
  address.uri = TrimLws(Front(text, semicolon));
  if (semicolon != text.npos) address.params = Behind(text, semicolon);
  return address.uri.find_first_of(",?\"> \t\r\n") == text.npos;
}

}  // namespace

std::optional<NameAddrView> ParseNameAddr(std::string_view value) {
  const std::string_view text = TrimLws(value);
  NameAddrView address;
  // Where a '<' stands only in a parameter, the address is bare.
  const size_t semicolon = text.find(';');
  const bool bracketed = text.starts_with('"') || text.find('<') < semicolon;
  const bool read =
      bracketed ? ReadBracketed(text, address) : ReadBare(text, address);
  if (!read || address.uri.empty()) return std::nullopt;
  if (!AreParams(address.params)) return std::nullopt;
  return address;
}

std::optional<CSeqView> ParseCSeq(std::string_view value) {
  constexpr uint32_t kEnd = uint32_t{1} << 31;
  const std::string_view text = TrimLws(value);
  size_t digits = 0;
  while (digits < text.size() && IsDigit(text[digits])) ++digits;
  const std::optional<uint32_t> number = ParseUint32(Front(text, digits));
  const std::string_view behind = Behind(text, digits);
  const std::string_view method = SkipLws(behind);
  if (!number || *number >= kEnd) return std::nullopt;
  if (method.size() == behind.size() || !IsToken(method)) return std::nullopt;
  return CSeqView{.number = *number, .method = method};
}

}  // namespace sallyport::sip
