// The strings and sets of one association, packed into one run of bytes:
// nothing in it is a pointer, so it can be copied, compared and carried away as
// it is.
#ifndef CORE_REGISTRATION_ASSOCIATION_BLOB_H_
#define CORE_REGISTRATION_ASSOCIATION_BLOB_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/functional/function_ref.h"
#include "core/base/prefetch.h"
#include "core/base/time.h"

namespace sallyport::registration {

// Where a text lies, counted from the first byte of its blob.
struct TextPlace {
  uint16_t begin = 0;
  uint16_t size = 0;
};

// An identity that may be asserted, once per association however many sets name
// it.
struct IdentityPlace {
  TextPlace value;  // as P-Asserted-Identity shall say it: `"Alice" <sip:a@b>`
  TextPlace uri;    // within it
};

// One registered To-IMPU (spec 5.1).
struct SetEntry {
  Instant ends = kNever;  // grace included
  uint32_t granted_s = 0;
  uint32_t cseq = 0;
  TextPlace address_of_record;
  TextPlace contact_uri;
  TextPlace call_id;
  uint16_t identities_begin = 0;  // in the blob's list of identity indices
  uint8_t identities_count = 0;
};
static_assert(sizeof(SetEntry) == 32);
static_assert(sizeof(IdentityPlace) == 8);

// The first bytes; behind them lie set_count SetEntry, identity_count
// IdentityPlace, route_count and wildcard_count TextPlace, index_count bytes,
// and the texts.
struct alignas(SetEntry) BlobHeader {
  TextPlace impi;
  TextPlace instance;
  TextPlace charging_functions;
  TextPlace term_ioi;
  uint32_t reg_id = 0;
  uint16_t bytes = 0;  // of the whole blob
  uint16_t index_count = 0;
  uint8_t set_count = 0;
  uint8_t identity_count = 0;
  uint8_t route_count = 0;
  uint8_t wildcard_count = 0;
};
static_assert(sizeof(BlobHeader) % alignof(SetEntry) == 0);
static_assert(alignof(SetEntry) >= alignof(IdentityPlace));

// Owns:   the bytes. An empty blob has no sets and no texts.
// Bounds: kBytesMax.
// Cost:   Assign touches the heap only to grow.
class AssociationBlob {
 public:
  static constexpr size_t kBytesMax = 65535;

  const BlobHeader& header() const {
    return bytes_ == nullptr ? kEmptyHeader : *At<const BlobHeader>(0);
  }
  std::span<const SetEntry> sets() const {
    return {At<const SetEntry>(sizeof(BlobHeader)), header().set_count};
  }
  std::span<const IdentityPlace> identities() const {
    return {At<const IdentityPlace>(IdentitiesBegin()),
            header().identity_count};
  }
  std::span<const TextPlace> routes() const {
    return {At<const TextPlace>(RoutesBegin()), header().route_count};
  }
  std::span<const TextPlace> wildcards() const {
    return {At<const TextPlace>(WildcardsBegin()), header().wildcard_count};
  }
  // Indices into identities() of one set, in the order of P-Associated-URI.
  std::span<const uint8_t> IdentitiesOf(const SetEntry& set) const {
    return {At<const uint8_t>(IndicesBegin()) + set.identities_begin,
            set.identities_count};
  }
  std::string_view Text(TextPlace place) const ABSL_ATTRIBUTE_LIFETIME_BOUND {
    return {At<const char>(place.begin), place.size};
  }
  // Moves a set of sets() on; its texts stay.
  void Renew(const SetEntry& set, Instant ends, uint32_t granted_s,
             uint32_t cseq);

  void Assign(std::span<const std::byte> packed);
  // Brings near all of a usual one, and the beginning of a large one.
  void Prefetch() const {
    constexpr uint32_t kUsualBytesMax = 512;  // three identities and a route
    PrefetchBytes(bytes_.get(), std::min(capacity_, kUsualBytesMax));
  }
  // All of it.
  std::span<const std::byte> bytes() const {
    return {bytes_.get(), header().bytes};
  }
  // Dies when something lies outside of the bytes.
  void CheckInvariants() const;

 private:
  template <typename T>
  T* At(size_t offset) const {
    return bytes_ == nullptr ? nullptr
                             : reinterpret_cast<T*>(bytes_.get() + offset);
  }
  size_t IdentitiesBegin() const {
    return sizeof(BlobHeader) + header().set_count * sizeof(SetEntry);
  }
  size_t RoutesBegin() const {
    return IdentitiesBegin() + header().identity_count * sizeof(IdentityPlace);
  }
  size_t WildcardsBegin() const {
    return RoutesBegin() + header().route_count * sizeof(TextPlace);
  }
  size_t IndicesBegin() const {
    return WildcardsBegin() + header().wildcard_count * sizeof(TextPlace);
  }

  static constexpr BlobHeader kEmptyHeader{};
  std::unique_ptr<std::byte[]> bytes_;
  uint32_t capacity_ = 0;
};

// A BlobDraft is a blob being written: views of what it will hold, then the
// bytes. One per slice, used again and again. Borrows: every text, until Pack()
// returned. Bounds:  `identities_max` different identities and as many sets;
// kRoutesMax, kWildcardsMax. Cost:    no heap after construction.
class BlobDraft {
 public:
  static constexpr size_t kRoutesMax = 32;
  static constexpr size_t kWildcardsMax = 16;

  struct Set {
    Instant ends = kNever;
    uint32_t granted_s = 0;
    uint32_t cseq = 0;
    std::string_view address_of_record;
    std::string_view contact_uri;
    std::string_view call_id;
  };

  explicit BlobDraft(uint32_t identities_max);

  void Reset();
  // Begins a set; the identities that are added next are its own. An identity
  // that another set names already is kept once.
  void AddSet(const Set& set);
  // `uri` lies within `value`; an empty `value` stands for `<uri>`.
  void AddIdentity(std::string_view value, std::string_view uri);
  void AddRoute(std::string_view route);
  void AddWildcard(std::string_view pattern);
  void DropWildcards() { wildcards_.clear(); }
  // Adds a set of another blob with its identities: all, or those whose URI is
  // to be kept.
  void CopySet(const AssociationBlob& from, const SetEntry& set);
  void CopySet(const AssociationBlob& from, const SetEntry& set,
               absl::FunctionRef<bool(std::string_view uri)> keep);

  std::string_view impi;
  std::string_view instance;
  std::string_view charging_functions;
  std::string_view term_ioi;
  uint32_t reg_id = 0;

  size_t set_count() const { return sets_.size(); }
  bool overflowed() const { return overflowed_; }
  // The bytes, or nothing when a bound was passed. They live until the next
  // Reset().
  std::span<const std::byte> Pack();

 private:
  struct Identity {
    bool SameValue(const Identity& other) const;

    std::string_view value;  // empty: `<uri>`
    std::string_view uri;
    IdentityPlace place;
  };
  struct DraftSet {
    Set set;
    SetEntry entry;
  };
  size_t TextBytesMax() const;
  void PutText(std::string_view text, TextPlace& place);
  void PutIdentity(Identity& identity);
  void PutSet(size_t index);
  TextPlace PlaceOfUri(std::string_view uri);
  template <typename T>
  void Put(const T& value);

  const size_t identities_max_;
  std::vector<DraftSet> sets_;
  std::vector<Identity> identities_;
  std::vector<std::string_view> routes_;
  std::vector<std::string_view> wildcards_;
  std::vector<uint8_t> indices_;
  std::vector<std::byte> packed_;
  size_t fixed_used_ = 0;
  size_t text_used_ = 0;
  bool overflowed_ = false;
};

}  // namespace sallyport::registration

#endif  // CORE_REGISTRATION_ASSOCIATION_BLOB_H_
