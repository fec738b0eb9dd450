#include "core/registration/association_blob.h"

#include <algorithm>
#include <cstring>

#include "absl/log/check.h"

namespace sallyport::registration {
// ---- AssociationBlob

void AssociationBlob::Renew(const SetEntry& set, Instant ends,
                            uint32_t granted_s, uint32_t cseq) {
  const size_t index = static_cast<size_t>(&set - sets().data());
  CHECK_LT(index, sets().size());
  SetEntry& renewed =
      *At<SetEntry>(sizeof(BlobHeader) + index * sizeof(SetEntry));
  renewed.ends = ends;
  renewed.granted_s = granted_s;
  renewed.cseq = cseq;
}

void AssociationBlob::Assign(std::span<const std::byte> packed) {
  if (packed.size() > capacity_) {
    // glibc's malloc hands out 16 n - 8 usable bytes: take them all, so that a
    // slightly longer refresh still fits.
    const size_t capacity = ((packed.size() + 8 + 15) & ~size_t{15}) - 8;
    bytes_.reset(new std::byte[capacity]);
    capacity_ = static_cast<uint32_t>(capacity);
  }
  std::memcpy(bytes_.get(), packed.data(), packed.size());
}

void AssociationBlob::CheckInvariants() const {
  const size_t bytes = header().bytes;
  const size_t texts = IndicesBegin() + header().index_count;
  const auto check = [&](TextPlace place) {
    if (place.size == 0) return;
    CHECK_GE(place.begin, texts);
    CHECK_LE(size_t{place.begin} + place.size, bytes);
  };
  CHECK_LE(texts, bytes);
  CHECK_LE(bytes, capacity_);
  check(header().impi);
  check(header().instance);
  check(header().charging_functions);
  check(header().term_ioi);
  for (const TextPlace& route : routes()) check(route);
  for (const TextPlace& wildcard : wildcards()) check(wildcard);
  for (const IdentityPlace& identity : identities()) {
    check(identity.value);
    CHECK_GE(identity.uri.begin, identity.value.begin);
    CHECK_LE(identity.uri.begin + identity.uri.size,
             identity.value.begin + identity.value.size);
  }
  for (const SetEntry& set : sets()) {
    check(set.address_of_record);
    check(set.contact_uri);
    check(set.call_id);
    CHECK_LE(set.identities_begin + set.identities_count, header().index_count);
    for (const uint8_t index : IdentitiesOf(set)) {
      CHECK_LT(index, header().identity_count);
    }
  }
}

// ---- BlobDraft

bool BlobDraft::Identity::SameValue(const Identity& other) const {
  if (value.empty() == other.value.empty()) {
    return value.empty() ? uri == other.uri : value == other.value;
  }
  const Identity& bare = value.empty() ? *this : other;
  const Identity& whole = value.empty() ? other : *this;
  return whole.value.size() == bare.uri.size() + 2 &&
         whole.value.front() == '<' && whole.value.back() == '>' &&
         whole.uri == bare.uri;
}

BlobDraft::BlobDraft(uint32_t identities_max)
    : identities_max_(std::min<size_t>(identities_max, UINT8_MAX)),
      packed_(AssociationBlob::kBytesMax) {
  sets_.reserve(identities_max_);
  identities_.reserve(identities_max_);
  routes_.reserve(kRoutesMax);
  wildcards_.reserve(kWildcardsMax);
  indices_.reserve(identities_max_ * identities_max_);
}

void BlobDraft::Reset() {
  impi = instance = charging_functions = term_ioi = {};
  reg_id = 0;
  sets_.clear();
  identities_.clear();
  routes_.clear();
  wildcards_.clear();
  indices_.clear();
  overflowed_ = false;
}

void BlobDraft::AddSet(const Set& set) {
  if (sets_.size() == identities_max_) overflowed_ = true;
  if (overflowed_) return;
  SetEntry entry;
  entry.ends = set.ends;
  entry.granted_s = set.granted_s;
  entry.cseq = set.cseq;
  entry.identities_begin = static_cast<uint16_t>(indices_.size());
  sets_.push_back({set, entry});
}

void BlobDraft::AddIdentity(std::string_view value, std::string_view uri) {
  if (overflowed_) return;
  const Identity added{value, uri, {}};
  const auto known =
      std::find_if(identities_.begin(), identities_.end(),
                   [&](const Identity& i) { return i.SameValue(added); });
  const auto index = static_cast<uint8_t>(known - identities_.begin());
  if (known == identities_.end()) {
    if (identities_.size() == identities_max_) overflowed_ = true;
    if (overflowed_) return;
    identities_.push_back(added);
  }
  SetEntry& entry = sets_.back().entry;
  const auto own = indices_.begin() + entry.identities_begin;
  if (std::find(own, indices_.end(), index) != indices_.end()) return;
  indices_.push_back(index);
  ++entry.identities_count;
}

void BlobDraft::AddRoute(std::string_view route) {
  if (routes_.size() == kRoutesMax) overflowed_ = true;
  if (!overflowed_) routes_.push_back(route);
}

void BlobDraft::AddWildcard(std::string_view pattern) {
  if (wildcards_.size() == kWildcardsMax) overflowed_ = true;
  if (!overflowed_) wildcards_.push_back(pattern);
}

void BlobDraft::CopySet(const AssociationBlob& from, const SetEntry& set) {
  CopySet(from, set, [](std::string_view) { return true; });
}

void BlobDraft::CopySet(const AssociationBlob& from, const SetEntry& set,
                        absl::FunctionRef<bool(std::string_view uri)> keep) {
  AddSet({.ends = set.ends,
          .granted_s = set.granted_s,
          .cseq = set.cseq,
          .address_of_record = from.Text(set.address_of_record),
          .contact_uri = from.Text(set.contact_uri),
          .call_id = from.Text(set.call_id)});
  for (const uint8_t index : from.IdentitiesOf(set)) {
    const IdentityPlace& place = from.identities()[index];
    const std::string_view uri = from.Text(place.uri);
    if (keep(uri)) AddIdentity(from.Text(place.value), uri);
  }
}

size_t BlobDraft::TextBytesMax() const {
  size_t bytes = impi.size() + instance.size() + charging_functions.size() +
                 term_ioi.size();
  for (const DraftSet& draft : sets_) {
    bytes += draft.set.address_of_record.size() + draft.set.contact_uri.size() +
             draft.set.call_id.size();
  }
  for (const Identity& identity : identities_) {
    bytes += std::max(identity.value.size(), identity.uri.size() + 2);
  }
  for (const std::string_view route : routes_) bytes += route.size();
  for (const std::string_view pattern : wildcards_) bytes += pattern.size();
  return bytes;
}

std::span<const std::byte> BlobDraft::Pack() {
  const size_t fixed = sizeof(BlobHeader) + sets_.size() * sizeof(SetEntry) +
                       identities_.size() * sizeof(IdentityPlace) +
                       routes_.size() * sizeof(TextPlace) +
                       wildcards_.size() * sizeof(TextPlace) + indices_.size();
  if (overflowed_ || fixed + TextBytesMax() > packed_.size()) return {};
  fixed_used_ = sizeof(BlobHeader);
  text_used_ = fixed;

  BlobHeader header;
  PutText(impi, header.impi);
  PutText(instance, header.instance);
  PutText(charging_functions, header.charging_functions);
  PutText(term_ioi, header.term_ioi);
  // Identities first: an address of record is mostly the URI of one of them.
  for (Identity& identity : identities_) PutIdentity(identity);
  for (size_t i = 0; i < sets_.size(); ++i) PutSet(i);
  for (const Identity& identity : identities_) Put(identity.place);
  for (const std::string_view route : routes_) {
    TextPlace place;
    PutText(route, place);
    Put(place);
  }
  for (const std::string_view pattern : wildcards_) {
    TextPlace place;
    PutText(pattern, place);
    Put(place);
  }
  for (const uint8_t index : indices_) Put(index);
  CHECK_EQ(fixed_used_, fixed);

  header.reg_id = reg_id;
  header.bytes = static_cast<uint16_t>(text_used_);
  header.index_count = static_cast<uint16_t>(indices_.size());
  header.set_count = static_cast<uint8_t>(sets_.size());
  header.identity_count = static_cast<uint8_t>(identities_.size());
  header.route_count = static_cast<uint8_t>(routes_.size());
  header.wildcard_count = static_cast<uint8_t>(wildcards_.size());
  std::memcpy(packed_.data(), &header, sizeof(header));
  return std::span(packed_).first(text_used_);
}

template <typename T>
void BlobDraft::Put(const T& value) {
  std::memcpy(packed_.data() + fixed_used_, &value, sizeof(value));
  fixed_used_ += sizeof(value);
}

// A fold becomes spaces: what is kept is written into other messages later.
// Source: RFC 3261 7.3.1
void BlobDraft::PutText(std::string_view text, TextPlace& place) {
  place = {.begin = static_cast<uint16_t>(text_used_),
           .size = static_cast<uint16_t>(text.size())};
  std::transform(
      text.begin(), text.end(), packed_.begin() + text_used_, [](char c) {
        return static_cast<std::byte>(c == '\r' || c == '\n' ? ' ' : c);
      });
  text_used_ += text.size();
}

void BlobDraft::PutIdentity(Identity& identity) {
  TextPlace& value = identity.place.value;
  TextPlace& uri = identity.place.uri;
  if (!identity.value.empty()) {
    PutText(identity.value, value);
    uri = {.begin = static_cast<uint16_t>(
               value.begin + (identity.uri.data() - identity.value.data())),
           .size = static_cast<uint16_t>(identity.uri.size())};
    return;
  }
  TextPlace bracket;
  PutText("<", value);
  PutText(identity.uri, uri);
  PutText(">", bracket);
  value.size = static_cast<uint16_t>(uri.size + 2);
}

void BlobDraft::PutSet(size_t index) {
  const Set& set = sets_[index].set;
  SetEntry& entry = sets_[index].entry;
  entry.address_of_record = PlaceOfUri(set.address_of_record);
  // One UE mostly registers all its identities with one Contact and one
  // Call-ID.
  const DraftSet& before = sets_[index == 0 ? 0 : index - 1];
  if (index > 0 && before.set.contact_uri == set.contact_uri) {
    entry.contact_uri = before.entry.contact_uri;
  } else {
    PutText(set.contact_uri, entry.contact_uri);
  }
  if (index > 0 && before.set.call_id == set.call_id) {
    entry.call_id = before.entry.call_id;
  } else {
    PutText(set.call_id, entry.call_id);
  }
  Put(entry);
}

TextPlace BlobDraft::PlaceOfUri(std::string_view uri) {
  for (const Identity& identity : identities_) {
    if (identity.uri == uri) return identity.place.uri;
  }
  TextPlace place;
  PutText(uri, place);
  return place;
}

}  // namespace sallyport::registration
