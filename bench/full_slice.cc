#include "bench/full_slice.h"

#include <malloc.h>

#include <cstdlib>
#include <cstring>

#include "core/base/endpoint.h"
#include "core/edge_config.h"
#include "core/sip/values.h"
#include "core/testing/fakes.h"

namespace sallyport::bench {

using registration::Applied;
using registration::AssociationId;
using registration::AssociationSlice;
using registration::Grant;

TlsSessionId SessionOf(uint32_t number) {
  TlsSessionId session;
  for (size_t i = 0; i < session.size(); i += 8) {
    const uint64_t part = Spread(uint64_t{number} * 4 + i / 8);
    std::memcpy(&session[i], &part, 8);
  }
  return session;
}

FlowId FlowOf(uint32_t number) {
  return {.shard = 0, .handle = {.slot = number, .generation = 1}};
}

FlowInfo InfoOf(uint32_t number) {
  FlowInfo info;
  info.transport = sip::Transport::kTls;
  info.peer = {IpAddress::V4({10, static_cast<uint8_t>(number >> 16),
                              static_cast<uint8_t>(number >> 8),
                              static_cast<uint8_t>(number)}),
               40000};
  info.tls_session = SessionOf(number);
  return info;
}

Phone::Phone(uint32_t number)
    : digits("1555" + std::to_string(10'000'000 + number)),
      impi(digits + "_private@ims.example.com"),
      aor("sip:+" + digits + "@ims.example.com"),
      call_id("1j9FpLxk3uxtm8tn@" + std::to_string(number)),
      contact("sip:+" + digits + "@192.168.1.10:5062;transport=tls"),
      instance("\"<urn:uuid:f81d4fae-7dec-11d0-a765-" + digits + ">\""),
      values{"<" + aor + ">", "<tel:+" + digits + ">",
             "<sip:user" + digits + "@ims.example.com>"},
      identities(values.begin(), values.end()),
      routes{"<sip:orig@scscf1.ims.example.com:5060;lr>"} {}

Grant Phone::GrantOf(uint32_t cseq) const {
  Grant grant;
  grant.impi = impi;
  grant.address_of_record = aor;
  grant.call_id = call_id;
  grant.cseq = cseq;
  grant.expires_s = 3600;
  grant.contact_uri = contact;
  grant.instance = instance;
  grant.identities = identities;
  grant.service_routes = routes;
  grant.charging_functions = "ccf=192.0.2.200";
  grant.term_ioi = "\"Type 1home.example.com\"";
  grant.secagree = true;
  grant.had_response = true;
  return grant;
}

FullSlice::FullSlice(uint32_t count) {
  EdgeConfig config;
  config.associations_max = count;
  const size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
  slice = std::make_unique<AssociationSlice>(config, 1);
  for (uint32_t number = 0; number < count; ++number) {
    const FlowInfo info = InfoOf(number);
    const AssociationId id = slice->Reserve(FlowOf(number), info);
    const Phone phone(number);
    const Applied applied =
        slice->Apply(id, phone.GrantOf(1), FlowOf(number), info, kRegistered);
    if (applied != Applied::kCreated || id.slot != number) std::abort();
  }
  const size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
  bytes_per_association = static_cast<double>(after - before) / count;
}

FullSlice& FullSlice::Of(int64_t count) {
  static std::unique_ptr<FullSlice> last;
  static int64_t last_count = 0;
  if (last_count != count) {
    last.reset();
    last = std::make_unique<FullSlice>(static_cast<uint32_t>(count));
    last_count = count;
  }
  return *last;
}

}  // namespace sallyport::bench
