#include "core/registration/impi.h"

#include <cstring>

#include "core/sip/text.h"

namespace sallyport::registration {
namespace {

// How much of an IMPI is compared by octets.
size_t UserSize(std::string_view impi) {
  const size_t at = impi.rfind('@');
  return at == std::string_view::npos ? impi.size() : at;
}

}  // namespace

UnquotedText::UnquotedText(std::string_view text) {
  if (text.empty() || text.size() > octets_.size()) return;
  size_ = sip::Unquote(text, octets_.data());
}

bool EqualImpis(std::string_view a, std::string_view b) {
  if (a.empty() || a.size() != b.size()) return false;
  if (a == b) return true;
  const size_t user = UserSize(a);
  return user == UserSize(b) && a.substr(0, user) == b.substr(0, user) &&
         sip::EqualsIgnoreCase(a.substr(user), b.substr(user));
}

namespace {

uint64_t Plain(const char* octets, size_t size) {
  uint64_t word = 0;
  std::memcpy(&word, octets, size);
  return word;
}

uint64_t Lower(const char* octets, size_t size) {
  char lower[sizeof(uint64_t)] = {};
  for (size_t i = 0; i < size; ++i) lower[i] = sip::ToLower(octets[i]);
  return Plain(lower, sizeof(lower));
}

}  // namespace

template <typename ToWord>
void Fingerprint::AddWords(std::string_view part, ToWord to_word) {
  constexpr size_t kWord = sizeof(uint64_t);
  const char* at = part.data();
  size_t left = part.size();
  for (; left >= kWord; at += kWord, left -= kWord) AddWord(to_word(at, kWord));
  if (left > 0) AddWord(to_word(at, left));
}

Fingerprint& Fingerprint::Add(std::string_view part) {
  AddWord(part.size());
  AddWords(part, Plain);
  return *this;
}

Fingerprint& Fingerprint::AddIgnoringCase(std::string_view part) {
  AddWord(part.size());
  AddWords(part, Lower);
  return *this;
}

Fingerprint& Fingerprint::AddImpi(std::string_view impi) {
  const size_t user = UserSize(impi);
  AddWord(impi.size());
  AddWords(impi.substr(0, user), Plain);
  AddWords(impi.substr(user), Lower);
  return *this;
}

uint64_t Fingerprint::Take() const {
  // The finaliser of MurmurHash3: the low bits of short texts would lie close
  // together.
  uint64_t bits = state_;
  bits = (bits ^ (bits >> 33)) * 0xff51afd7ed558ccd;
  bits = (bits ^ (bits >> 33)) * 0xc4ceb9fe1a85ec53;
  return bits ^ (bits >> 33);
}

}  // namespace sallyport::registration
