// What the home network says of registrations, applied to an association.
#include <algorithm>
#include <optional>

#include "absl/log/check.h"
#include "core/registration/association_slice.h"
#include "core/registration/identity.h"
#include "core/registration/wildcard.h"
#include "core/sip/values.h"

namespace sallyport::registration {
namespace {

size_t CountIdentities(const AssociationBlob& blob, const SetEntry& set,
                       std::string_view uri) {
  const auto identities = blob.IdentitiesOf(set);
  return static_cast<size_t>(
      std::count_if(identities.begin(), identities.end(), [&](uint8_t index) {
        return SameUri(blob.Text(blob.identities()[index].uri), uri);
      }));
}

bool IsOfSet(const AssociationBlob& blob, const SetEntry& set,
             std::string_view uri) {
  return SameUri(blob.Text(set.address_of_record), uri) ||
         CountIdentities(blob, set, uri) > 0;
}

}  // namespace

bool AssociationSlice::OwnsContact(AssociationId id, std::string_view uri,
                                   std::string_view instance) const {
  const AssociationBlob& blob = Get(id).blob;
  const std::string_view own = blob.Text(blob.header().instance);
  if (!own.empty() && !instance.empty()) return own == instance;
  const auto sets = blob.sets();
  return std::any_of(sets.begin(), sets.end(), [&](const SetEntry& set) {
    return ShareUri(blob.Text(set.contact_uri), uri);
  });
}

// A barred address of record is not among the identities: its set goes with the
// last identity, and with the address of record when it holds none.
AssociationSlice::Ended AssociationSlice::EndIdentity(AssociationId id,
                                                      std::string_view uri) {
  Association& association = Get(id);
  const AssociationBlob& blob = association.blob;
  const auto others = [uri](std::string_view one) {
    return !SameUri(one, uri);
  };
  bool changed = false;
  DraftTexts(association, nullptr);
  for (const SetEntry& set : blob.sets()) {
    const size_t held = CountIdentities(blob, set, uri);
    const bool ends = held == set.identities_count && IsOfSet(blob, set, uri);
    changed |= ends || held > 0;
    if (!ends) draft_.CopySet(blob, set, others);
  }
  if (!changed) return Ended::kNothing;
  CHECK(StoreDraft(association)) << "less than before does not fit";
  return blob.sets().empty() ? Ended::kLast : Ended::kIdentity;
}

bool AssociationSlice::Shorten(AssociationId id, std::string_view uri,
                               uint32_t expires_s, Instant now) {
  AssociationBlob& blob = Get(id).blob;
  const Instant ends = EndOf(expires_s, now);
  bool shortened = false;
  for (const SetEntry& set : blob.sets()) {
    if (set.ends <= ends || !IsOfSet(blob, set, uri)) continue;
    blob.Renew(set, ends, std::min(set.granted_s, expires_s), set.cseq);
    shortened = true;
  }
  return shortened;
}

// ---- wildcarded identities

bool AssociationSlice::SetWildcards(
    AssociationId id, std::span<const std::string_view> patterns) {
  Association& association = Get(id);
  const AssociationBlob& blob = association.blob;
  DraftTexts(association, nullptr);
  draft_.DropWildcards();
  size_t taken = 0;
  for (const std::string_view pattern : patterns) {
    if (taken == BlobDraft::kWildcardsMax) break;
    if (!IsWildcard(pattern)) continue;
    draft_.AddWildcard(pattern);
    ++taken;
  }
  for (const SetEntry& set : blob.sets()) draft_.CopySet(blob, set);
  return StoreDraft(association);
}

size_t AssociationSlice::wildcard_count(AssociationId id) const {
  return Get(id).blob.wildcards().size();
}

std::string_view AssociationSlice::wildcard(AssociationId id,
                                            size_t index) const {
  const AssociationBlob& blob = Get(id).blob;
  CHECK_LT(index, blob.wildcards().size());
  return blob.Text(blob.wildcards()[index]);
}

bool AssociationSlice::MatchesWildcard(AssociationId id,
                                       std::string_view uri) const {
  const AssociationBlob& blob = Get(id).blob;
  if (blob.wildcards().empty()) return false;
  const std::optional<sip::UriView> wanted = sip::ParseUri(uri);
  if (!wanted) return false;
  const auto patterns = blob.wildcards();
  return std::any_of(patterns.begin(), patterns.end(), [&](TextPlace place) {
    return registration::MatchesWildcard(blob.Text(place), *wanted);
  });
}

}  // namespace sallyport::registration
