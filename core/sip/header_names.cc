#include "core/sip/header_names.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <type_traits>

namespace sallyport::sip {
namespace {

static_assert(std::endian::native == std::endian::little,
              "the hash was found for little-endian loads");

// In the order of HeaderId.
constexpr std::array<std::string_view, kHeaderIdCount> kNames = {
    "",
    "Via",
    "From",
    "To",
    "Call-ID",
    "CSeq",
    "Max-Forwards",
    "Contact",
    "Expires",
    "Route",
    "Record-Route",
    "Content-Length",
    "Content-Type",
    "Content-Encoding",
    "Require",
    "Proxy-Require",
    "Supported",
    "Unsupported",
    "Authorization",
    "Proxy-Authorization",
    "WWW-Authenticate",
    "Proxy-Authenticate",
    "Authentication-Info",
    "Allow",
    "Accept",
    "Min-Expires",
    "Retry-After",
    "Date",
    "Subject",
    "Path",
    "Service-Route",
    "Security-Client",
    "Security-Server",
    "Security-Verify",
    "Privacy",
    "P-Asserted-Identity",
    "P-Preferred-Identity",
    "Event",
    "Subscription-State",
    "Flow-Timer",
    "P-Associated-URI",
    "P-Called-Party-ID",
    "P-Visited-Network-ID",
    "P-Access-Network-Info",
    "P-Charging-Vector",
    "P-Charging-Function-Addresses",
    "P-Served-User",
    "P-Profile-Key",
    "P-Asserted-Service",
    "P-Preferred-Service",
    "P-User-Database",
    "P-Media-Authorization",
    "P-Private-Network-Indication",
    "P-Early-Media",
    "Feature-Caps",
    "Resource-Priority",
    "History-Info",
    "Restoration-Info",
    "Relayed-Charge",
    "Service-Interact-Info",
    "Response-Source",
    "Attestation-Info",
    "Origination-Id",
    "Cellular-Network-Info",
    "Additional-Identity",
    "Geolocation",
    "Refer-To",
    "Referred-By",
    "Session-Expires",
    "Accept-Contact",
    "Reject-Contact",
    "Request-Disposition",
    "Allow-Events",
    "Identity",
};
static_assert(std::ranges::count(kNames, std::string_view()) == 1);

// ---- loads that stay within the name

template <typename Word>
constexpr uint64_t Load(const char* bytes) {
  if (std::is_constant_evaluated()) {
    uint64_t word = 0;
    for (size_t i = 0; i < sizeof(Word); ++i) {
      word |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    }
    return word;
  }
  Word word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

// All of a text of 1 to 7 octets in one word: two loads that may overlap.
constexpr uint64_t LoadShort(const char* bytes, size_t size) {
  if (size >= 4) {
    return Load<uint32_t>(bytes) | Load<uint32_t>(bytes + size - 4) << 32;
  }
  return Load<uint8_t>(bytes) | Load<uint8_t>(bytes + size / 2) << 8 |
         Load<uint8_t>(bytes + size - 1) << 16;
}

// ---- a name as words

constexpr size_t kNameBytesMax = 32;

// The first and the last eight octets, which may overlap; of a short name all
// its octets, twice.
struct Ends {
  uint64_t first, last;
};

constexpr Ends EndsOf(const char* name, size_t size) {
  if (size >= 8) {
    return {Load<uint64_t>(name), Load<uint64_t>(name + size - 8)};
  }
  const uint64_t all = LoadShort(name, size);
  return {all, all};
}

// What stands between them in names of more than 16 octets.
constexpr Ends MiddleOf(const char* name, size_t size) {
  return {Load<uint64_t>(name + 8), Load<uint64_t>(name + size - 16)};
}

// `octet | mask == lower` holds for both cases of a letter and for nothing
// else.
struct Pattern {
  Ends lower, mask;

  constexpr bool Matches(Ends ends) const {
    return (((ends.first | mask.first) ^ lower.first) |
            ((ends.last | mask.last) ^ lower.last)) == 0;
  }
};

// One name, ready to be compared eight octets at a time.
struct NamePattern {
  uint64_t size = 0;
  Pattern ends{}, middle{};
};

constexpr NamePattern PatternOf(std::string_view name) {
  std::array<char, kNameBytesMax> lower{}, mask{};
  for (size_t i = 0; i < name.size(); ++i) {
    const bool upper = name[i] >= 'A' && name[i] <= 'Z';
    const bool letter = upper || (name[i] >= 'a' && name[i] <= 'z');
    lower[i] = upper ? static_cast<char>(name[i] | 0x20) : name[i];
    mask[i] = letter ? 0x20 : 0;
  }
  NamePattern pattern{.size = name.size()};
  if (name.empty()) return pattern;
  pattern.ends = {.lower = EndsOf(lower.data(), name.size()),
                  .mask = EndsOf(mask.data(), name.size())};
  if (name.size() > 16) {
    pattern.middle = {.lower = MiddleOf(lower.data(), name.size()),
                      .mask = MiddleOf(mask.data(), name.size())};
  }
  return pattern;
}

constexpr std::array<NamePattern, kHeaderIdCount> kPatterns = [] {
  std::array<NamePattern, kHeaderIdCount> patterns;
  for (size_t i = 0; i < kHeaderIdCount; ++i)
    patterns[i] = PatternOf(kNames[i]);
  return patterns;
}();

// ---- the perfect hash

constexpr int kSlotBits = 8;
// Found by trying random numbers; the table below proves that it fits.
constexpr uint64_t kMultiplier = 0xcda38a84d50ccbd5;

// The case does not matter.
constexpr size_t SlotOf(Ends ends, size_t size) {
  constexpr uint64_t kLowerCase = 0x2020202020202020;
  const uint64_t key =
      ((ends.first | kLowerCase) + std::rotl(ends.last | kLowerCase, 29)) ^
      size;
  return (key * kMultiplier) >> (64 - kSlotBits);
}

struct SlotTable {
  std::array<uint8_t, size_t{1} << kSlotBits> ids{};
  bool perfect = true;
};

constexpr SlotTable kSlots = [] {
  SlotTable table;
  for (size_t i = 1; i < kHeaderIdCount; ++i) {
    uint8_t& id = table.ids[SlotOf(EndsOf(kNames[i].data(), kNames[i].size()),
                                   kNames[i].size())];
    table.perfect = table.perfect && id == 0;
    id = static_cast<uint8_t>(i);
  }
  return table;
}();
static_assert(kSlots.perfect,
              "two names share a slot: find another multiplier");

// Source: RFC 3261 7.3.3 and 20; RFC 3841 (a, d, j), RFC 3892 (b), RFC 6665
// (o, u), RFC 3515 (r), RFC 4028 (x), RFC 4474 (y).
constexpr HeaderId CompactIdOf(char name) {
  switch (name | 0x20) {
    case 'a':
      return HeaderId::kAcceptContact;
    case 'b':
      return HeaderId::kReferredBy;
    case 'c':
      return HeaderId::kContentType;
    case 'd':
      return HeaderId::kRequestDisposition;
    case 'e':
      return HeaderId::kContentEncoding;
    case 'f':
      return HeaderId::kFrom;
    case 'i':
      return HeaderId::kCallId;
    case 'j':
      return HeaderId::kRejectContact;
    case 'k':
      return HeaderId::kSupported;
    case 'l':
      return HeaderId::kContentLength;
    case 'm':
      return HeaderId::kContact;
    case 'o':
      return HeaderId::kEvent;
    case 'r':
      return HeaderId::kReferTo;
    case 's':
      return HeaderId::kSubject;
    case 't':
      return HeaderId::kTo;
    case 'u':
      return HeaderId::kAllowEvents;
    case 'v':
      return HeaderId::kVia;
    case 'x':
      return HeaderId::kSessionExpires;
    case 'y':
      return HeaderId::kIdentity;
  }
  return HeaderId::kOther;
}

}  // namespace

HeaderId HeaderIdOf(std::string_view name) {
  const size_t size = name.size();
  if (size == 1) return CompactIdOf(name.front());
  if (size == 0 || size > kNameBytesMax) return HeaderId::kOther;
  const Ends ends = EndsOf(name.data(), size);
  const uint8_t id = kSlots.ids[SlotOf(ends, size)];
  const NamePattern& pattern = kPatterns[id];
  if (size != pattern.size || !pattern.ends.Matches(ends)) {
    return HeaderId::kOther;
  }
  if (size > 16 && !pattern.middle.Matches(MiddleOf(name.data(), size))) {
    return HeaderId::kOther;
  }
  return static_cast<HeaderId>(id);
}

std::string_view NameOf(HeaderId id) { return kNames[static_cast<size_t>(id)]; }

}  // namespace sallyport::sip
