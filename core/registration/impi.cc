#include "core/registration/impi.h"

#include <cstring>

#include "core/sip/octets.h"
#include "core/sip/text.h"

namespace sallyport::registration {
namespace {

// How much of an IMPI is compared by octets.
size_t UserSize(std::string_view impi) {
  size_t size = sip::FindAny<'@'>(impi);
  for (size_t at = size; at < impi.size();
       at = sip::FindAny<'@'>(impi, at + 1)) {
    size = at;
  }
  return size;
}

// What is within the quotes means itself, octet by octet.
bool IsPlainlyQuoted(std::string_view text) {
  return text.size() >= 2 && text.front() == '"' &&
         sip::FindAny<'"', '\\', '\r', '\n'>(text, 1) == text.size() - 1 &&
         text.back() == '"';
}

}  // namespace

std::string_view Unquoted(std::string_view text, std::span<char> room) {
  if (text.empty() || text.size() > room.size()) return {};
  if (text.front() != '"') return text;
  if (IsPlainlyQuoted(text)) {
    return sip::Front(sip::Behind(text, 1), text.size() - 2);
  }
  return {room.data(), sip::Unquote(text, room.data())};
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

constexpr uint64_t Eight(uint64_t octet) { return octet * 0x0101010101010101; }

// Eight octets at once: the high bit of each of the two sums says of an ASCII
// octet that it is at or behind 'A', and that it is behind 'Z'.
uint64_t Lower(const char* octets, size_t size) {
  const uint64_t word = Plain(octets, size);
  const uint64_t ascii = word & Eight(0x7f);
  const uint64_t from_a = ascii + Eight(0x80 - 'A');
  const uint64_t behind_z = ascii + Eight(0x80 - 'Z' - 1);
  const uint64_t upper = from_a & ~behind_z & ~word & Eight(0x80);
  return word | (upper >> 2);
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
  AddWords(sip::Front(impi, user), Plain);
  AddWords(sip::Behind(impi, user), Lower);
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
