// Writes DNS replies for tests, good ones; tests break them.
#ifndef NET_DNS_TEST_REPLY_H_
#define NET_DNS_TEST_REPLY_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/endpoint.h"
#include "net/dns/records.h"

namespace sallyport::net::dns {

// Names are written without compression, owners and targets as they are given.
class TestReply {
 public:
  struct Owner {
    std::string_view name;
    uint32_t ttl = 60;
  };

  explicit TestReply(const Lookup& lookup, uint8_t code = 0, uint16_t id = 0);

  TestReply& Address(Owner owner, std::string_view address);
  TestReply& Alias(Owner owner, std::string_view target);
  TestReply& Srv(Owner owner, const SrvRecord& record);
  TestReply& Naptr(Owner owner, const NaptrRecord& record);
  // Any record; also one that lies.
  TestReply& Record(Owner owner, uint16_t type, std::string_view data);
  // The authority section; after all answers.
  TestReply& Soa(Owner owner, uint32_t minimum);

  const std::string& bytes() const { return bytes_; }
  std::span<const uint8_t> span() const;

 private:
  void Count(size_t at);

  std::string bytes_;
};

// "\7example\3com\0" of "example.com".
std::string WireName(std::string_view name);

// What a query asks, and its id; nothing when it is no query of ours.
struct TestQuery {
  uint16_t id = 0;
  Lookup lookup;
};
std::optional<TestQuery> ReadQuery(std::string_view bytes);

}  // namespace sallyport::net::dns

#endif  // NET_DNS_TEST_REPLY_H_
