#include "net/dns/test_reply.h"

#include <cstddef>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace sallyport::net::dns {
namespace {

constexpr size_t kAnswersAt = 6, kAuthoritiesAt = 8, kHeaderSize = 12;

std::string Two(uint16_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}

std::string Four(uint32_t value) {
  return Two(static_cast<uint16_t>(value >> 16)) +
         Two(static_cast<uint16_t>(value));
}

std::string Text(std::string_view text) {
  return absl::StrCat(std::string(1, static_cast<char>(text.size())), text);
}

}  // namespace

std::string WireName(std::string_view name) {
  std::string wire;
  if (!name.empty()) {
    for (const std::string_view label : absl::StrSplit(name, '.')) {
      wire += Text(label);
    }
  }
  return wire + '\0';
}

TestReply::TestReply(const Lookup& lookup, uint8_t code, uint16_t id) {
  constexpr uint16_t kReply = 0x8180;  // a reply, recursion as it was wished
  bytes_ = Two(id) + Two(kReply | code) + Two(1) + Two(0) + Two(0) + Two(0) +
           WireName(lookup.name) + Two(static_cast<uint16_t>(lookup.type)) +
           Two(1);
}

TestReply& TestReply::Address(Owner owner, std::string_view address) {
  const auto parsed = IpAddress::Parse(address);
  CHECK(parsed) << address;
  const RecordType type = parsed->is_v4() ? RecordType::kA : RecordType::kAaaa;
  return Record(
      owner, static_cast<uint16_t>(type),
      {reinterpret_cast<const char*>(parsed->octets()), parsed->size()});
}

TestReply& TestReply::Alias(Owner owner, std::string_view target) {
  return Record(owner, 5, WireName(target));
}

TestReply& TestReply::Srv(Owner owner, const SrvRecord& record) {
  return Record(owner, 33,
                Two(record.priority) + Two(record.weight) + Two(record.port) +
                    WireName(record.target));
}

TestReply& TestReply::Naptr(Owner owner, const NaptrRecord& record) {
  return Record(owner, 35,
                Two(record.order) + Two(record.preference) +
                    Text(record.flags) + Text(record.services) +
                    Text(record.regexp) + WireName(record.replacement));
}

TestReply& TestReply::Record(Owner owner, uint16_t type,
                             std::string_view data) {
  absl::StrAppend(&bytes_, WireName(owner.name), Two(type), Two(1),
                  Four(owner.ttl), Two(static_cast<uint16_t>(data.size())),
                  data);
  Count(kAnswersAt);
  return *this;
}

TestReply& TestReply::Soa(Owner owner, uint32_t minimum) {
  const std::string data = WireName("ns.example.com") + WireName("me.example") +
                           Four(1) + Four(2) + Four(3) + Four(4) +
                           Four(minimum);
  absl::StrAppend(&bytes_, WireName(owner.name), Two(6), Two(1),
                  Four(owner.ttl), Two(static_cast<uint16_t>(data.size())),
                  data);
  Count(kAuthoritiesAt);
  return *this;
}

std::span<const uint8_t> TestReply::span() const {
  return {reinterpret_cast<const uint8_t*>(bytes_.data()), bytes_.size()};
}

void TestReply::Count(size_t at) {
  if (++bytes_[at + 1] == 0) ++bytes_[at];
}

std::optional<TestQuery> ReadQuery(std::string_view bytes) {
  const auto two = [&bytes](size_t at) {
    return static_cast<uint16_t>(static_cast<uint8_t>(bytes[at]) << 8 |
                                 static_cast<uint8_t>(bytes[at + 1]));
  };
  if (bytes.size() < kHeaderSize) return std::nullopt;
  TestQuery query;
  query.id = two(0);
  size_t at = kHeaderSize;
  while (at < bytes.size() && bytes[at] != 0) {
    const size_t size = static_cast<uint8_t>(bytes[at]);
    if (!query.lookup.name.empty()) query.lookup.name += '.';
    query.lookup.name += bytes.substr(at + 1, size);
    at += 1 + size;
  }
  if (at + 5 > bytes.size()) return std::nullopt;
  query.lookup.type = static_cast<RecordType>(two(at + 1));
  return query;
}

}  // namespace sallyport::net::dns
