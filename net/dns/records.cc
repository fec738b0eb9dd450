#include "net/dns/records.h"

#include <ares.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "absl/base/optimization.h"
#include "net/dns/names.h"

namespace sallyport::net::dns {
namespace {

constexpr uint16_t kClassInternet = 1;
constexpr uint16_t kTypeCname = 5;
constexpr uint16_t kTypeSoa = 6;

// A Reader takes fields from a reply. c-ares expands names, whose compression
// is the hard part; its own record parsers drop the TTLs of SRV and NAPTR.
// Fails:   once and for ever: ok() is then false and what is read is empty.
class Reader {
 public:
  explicit Reader(std::span<const uint8_t> reply) : reply_(reply) {}

  bool ok() const { return ok_; }
  size_t at() const { return at_; }

  uint8_t Octet() {
    if (!Has(1)) return 0;
    return reply_[at_++];
  }
  uint16_t Two() {
    const uint16_t high = Octet();
    return static_cast<uint16_t>(high << 8 | Octet());
  }
  uint32_t Four() {
    const uint32_t high = Two();
    return high << 16 | Two();
  }
  std::span<const uint8_t> Octets(size_t size) {
    if (!Has(size)) return {};
    at_ += size;
    return reply_.subspan(at_ - size, size);
  }
  // Source: RFC 1035 3.3 (character-string)
  std::string Text() {
    const std::span<const uint8_t> text = Octets(Octet());
    return {text.begin(), text.end()};
  }
  // As c-ares writes it; the root is empty.
  std::string Name() {
    if (!Has(1)) return {};
    char* text = nullptr;
    long size = 0;  // NOLINT: c-ares' type
    if (ares_expand_name(reply_.data() + at_, reply_.data(),
                         static_cast<int>(reply_.size()), &text,
                         &size) != ARES_SUCCESS) {
      ok_ = false;
      return {};
    }
    std::string name = text;
    ares_free_string(text);
    Octets(static_cast<size_t>(size));
    return name;
  }
  void MoveTo(size_t at) {
    if (at > reply_.size()) ok_ = false;
    at_ = std::min(at, reply_.size());
  }

 private:
  bool Has(size_t size) {
    ok_ = ok_ && size <= reply_.size() - at_;
    return ok_;
  }

  const std::span<const uint8_t> reply_;
  size_t at_ = 0;
  bool ok_ = true;
};

// Where a record of the answer lies; its data has not been looked at.
struct Found {
  std::string owner;  // canonical, empty when it is no host's name
  uint16_t type = 0;
  Seconds ttl{0};
  size_t begin = 0;
  size_t size = 0;
};

struct Header {
  bool is_reply = false;
  uint8_t code = 0;
  uint16_t questions = 0, answers = 0, authorities = 0;
};

// Source: RFC 1035 4.1.1
Header ReadHeader(Reader& reader) {
  Header header;
  reader.Two();  // the id; c-ares has compared it
  const uint16_t flags = reader.Two();
  header.is_reply = (flags & 0xf800) == 0x8000;  // QR, and opcode QUERY
  header.code = flags & 0x0f;
  header.questions = reader.Two();
  header.answers = reader.Two();
  header.authorities = reader.Two();
  reader.Two();  // additional records
  return header;
}

// Source: RFC 2181 8: the greatest bit set means 0.
Seconds TtlOf(uint32_t wire) {
  return Seconds((wire & 0x80000000u) != 0 ? 0 : wire);
}

// The next record of a section; other classes come out without a type.
Found ReadFound(Reader& reader) {
  Found found;
  found.owner = CanonicalName(reader.Name()).value_or("");
  const uint16_t type = reader.Two();
  found.type = reader.Two() == kClassInternet ? type : uint16_t{0};
  found.ttl = TtlOf(reader.Four());
  found.size = reader.Two();
  found.begin = reader.at();
  reader.Octets(found.size);
  return found;
}

void Lower(std::optional<Seconds>& ttl, Seconds other) {
  ttl = std::min(ttl.value_or(other), other);
}

// Follows the aliases from `name`; nothing when they go round.
std::optional<std::string> Resolve(std::span<const uint8_t> reply,
                                   const std::vector<Found>& found,
                                   std::string name, RecordSet& set) {
  for (uint32_t aliases = 0; aliases <= kAliasesMax; ++aliases) {
    const auto alias =
        std::find_if(found.begin(), found.end(), [&](const Found& f) {
          return f.type == kTypeCname && f.owner == name;
        });
    if (alias == found.end()) return name;
    Reader reader(reply);
    reader.MoveTo(alias->begin);
    Lower(set.ttl, alias->ttl);
    name = CanonicalName(reader.Name()).value_or("");
    if (!reader.ok() || name.empty()) return std::nullopt;
  }
  return std::nullopt;
}

// A name in record data: nothing when it is no host's, empty for the root.
std::optional<std::string> ReadTarget(Reader& reader) {
  std::string name = reader.Name();
  if (name.empty()) return name;
  return CanonicalName(name);
}

void ReadSrv(Reader& reader, RecordSet& set) {
  SrvRecord record;
  record.priority = reader.Two();
  record.weight = reader.Two();
  record.port = reader.Two();
  std::optional<std::string> target = ReadTarget(reader);
  if (!reader.ok() || !target) return;
  record.target = *std::move(target);
  set.srv.push_back(std::move(record));
}

void ReadNaptr(Reader& reader, RecordSet& set) {
  NaptrRecord record;
  record.order = reader.Two();
  record.preference = reader.Two();
  record.flags = reader.Text();
  record.services = reader.Text();
  record.regexp = reader.Text();
  std::optional<std::string> replacement = ReadTarget(reader);
  if (!reader.ok() || !replacement) return;
  record.replacement = *std::move(replacement);
  set.naptr.push_back(std::move(record));
}

template <size_t kSize>
std::array<uint8_t, kSize> ReadArray(Reader& reader) {
  std::array<uint8_t, kSize> octets{};
  const std::span<const uint8_t> read = reader.Octets(kSize);
  std::copy(read.begin(), read.end(), octets.begin());
  return octets;
}

// False: the record's data is not as long as it says.
bool ReadData(std::span<const uint8_t> reply, const Found& found,
              RecordType type, RecordSet& set) {
  // Names may point back to before the record, never beyond its end.
  Reader reader(reply.first(found.begin + found.size));
  reader.MoveTo(found.begin);
  switch (type) {
    case RecordType::kA:
      set.addresses.push_back(IpAddress::V4(ReadArray<4>(reader)));
      break;
    case RecordType::kAaaa:
      set.addresses.push_back(IpAddress::V6(ReadArray<16>(reader)));
      break;
    case RecordType::kSrv:
      ReadSrv(reader, set);
      break;
    case RecordType::kNaptr:
      ReadNaptr(reader, set);
      break;
  }
  return reader.ok() && reader.at() == found.begin + found.size;
}

// How long "there is none" holds.
// Source: RFC 2308 5: the lesser of the SOA's own TTL and its MINIMUM.
void ReadNegativeTtl(std::span<const uint8_t> reply, Reader& reader,
                     uint32_t records, RecordSet& set) {
  for (uint32_t i = 0; i < records; ++i) {
    const Found found = ReadFound(reader);
    if (!reader.ok()) return;
    if (found.type != kTypeSoa) continue;
    Reader soa(reply.first(found.begin + found.size));
    soa.MoveTo(found.begin);
    soa.Name();
    soa.Name();
    soa.Octets(4 * sizeof(uint32_t));  // serial, refresh, retry, expire
    const Seconds minimum = TtlOf(soa.Four());
    if (!soa.ok()) return;
    Lower(set.ttl, std::min(found.ttl, minimum));
    return;
  }
}

// False: it is not the reply to `lookup`.
bool ReadQuestion(Reader& reader, const Header& header, const Lookup& lookup) {
  if (!reader.ok() || !header.is_reply || header.questions != 1) return false;
  const bool same_name = CanonicalName(reader.Name()) == lookup.name;
  const bool same_type = reader.Two() == static_cast<uint16_t>(lookup.type);
  const bool same_class = reader.Two() == kClassInternet;
  return reader.ok() && same_name && same_type && same_class;
}

// Fills the records of `lookup`; false when the reply is broken.
bool ReadRecords(std::span<const uint8_t> reply, const Lookup& lookup,
                 const std::vector<Found>& found, RecordSet& set) {
  const std::optional<std::string> owner =
      Resolve(reply, found, lookup.name, set);
  if (!owner) return false;
  for (const Found& f : found) {
    if (f.type != static_cast<uint16_t>(lookup.type) || f.owner != *owner) {
      continue;
    }
    if (!ReadData(reply, f, lookup.type, set)) return false;
    Lower(set.ttl, f.ttl);
  }
  return true;
}

}  // namespace

std::string_view ToString(RecordType type) {
  switch (type) {
    case RecordType::kA:
      return "A";
    case RecordType::kAaaa:
      return "AAAA";
    case RecordType::kSrv:
      return "SRV";
    case RecordType::kNaptr:
      return "NAPTR";
  }
  ABSL_UNREACHABLE();
}

RecordSet ParseReply(std::span<const uint8_t> reply, const Lookup& lookup,
                     uint32_t records_max) {
  constexpr uint8_t kNoError = 0, kNameError = 3;  // RFC 1035 4.1.1
  Reader reader(reply);
  const Header header = ReadHeader(reader);
  if (!ReadQuestion(reader, header, lookup)) {
    return RecordSet::Failed(Failure::kMalformed);
  }
  if (header.code != kNoError && header.code != kNameError) {
    return RecordSet::Failed(Failure::kServerFailure);
  }

  std::vector<Found> found;
  const uint32_t answers = std::min<uint32_t>(header.answers, records_max);
  for (uint32_t i = 0; i < answers && reader.ok(); ++i) {
    found.push_back(ReadFound(reader));
  }
  RecordSet set;
  if (!reader.ok() || !ReadRecords(reply, lookup, found, set)) {
    return RecordSet::Failed(Failure::kMalformed);
  }
  if (set.addresses.empty() && set.srv.empty() && set.naptr.empty()) {
    set.failure =
        header.code == kNameError ? Failure::kNoSuchName : Failure::kNoRecords;
    if (answers == header.answers) {
      ReadNegativeTtl(reply, reader,
                      std::min<uint32_t>(header.authorities, records_max), set);
    }
  }
  return set;
}

}  // namespace sallyport::net::dns
