#include "core/registration/impi.h"

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

Fingerprint& Fingerprint::Add(std::string_view part) {
  for (const char octet : part) AddOctet(octet);
  AddSize(part.size());
  return *this;
}

Fingerprint& Fingerprint::AddIgnoringCase(std::string_view part) {
  for (const char octet : part) AddOctet(sip::ToLower(octet));
  AddSize(part.size());
  return *this;
}

Fingerprint& Fingerprint::AddImpi(std::string_view impi) {
  const size_t user = UserSize(impi);
  for (const char octet : impi.substr(0, user)) AddOctet(octet);
  for (const char octet : impi.substr(user)) AddOctet(sip::ToLower(octet));
  AddSize(impi.size());
  return *this;
}

void Fingerprint::AddSize(size_t size) {
  for (int shift = 0; shift < 32; shift += 8) {
    AddOctet(static_cast<char>(size >> shift));
  }
}

uint64_t Fingerprint::Take() const {
  // The finaliser of MurmurHash3: FNV alone leaves the low bits of short texts
  // close together.
  uint64_t bits = state_;
  bits = (bits ^ (bits >> 33)) * 0xff51afd7ed558ccd;
  bits = (bits ^ (bits >> 33)) * 0xc4ceb9fe1a85ec53;
  return bits ^ (bits >> 33);
}

}  // namespace sallyport::registration
