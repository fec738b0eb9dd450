// The security agreement of RFC 3329 as IMS uses it for TLS
// (spec 2.1, 2.9, 4.6).
#ifndef CORE_REGISTRATION_SECURITY_AGREEMENT_H_
#define CORE_REGISTRATION_SECURITY_AGREEMENT_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/endpoint.h"
#include "core/base/slab.h"
#include "core/base/slot_index.h"
#include "core/base/time.h"
#include "core/sip/message.h"

namespace sallyport::registration {

// The list that every shard offers: static, so that any shard can verify it.
inline constexpr std::string_view kSecurityServer = "tls;q=0.9";

struct AgreementView {
  bool client = false;      // a Security-Client header is there
  bool offers_tls = false;  // one of its mechanisms is `tls`
  bool verify = false;      // a Security-Verify header is there
  bool verify_equal =
      false;               // it says exactly what we offer: mechanisms in our
                           // order, each with our parameters and no other
  bool required = false;   // `sec-agree` in Require or Proxy-Require
  bool supported = false;  // `sec-agree` in Supported
};
AgreementView ReadAgreement(const sip::MessageView& request);

// The fingerprint of a challenge context: IMPI, Call-ID, From tag, source
// address. The same for every way to write one IMPI, and on every shard; with
// `secret`, which the shards share, nobody can make up many that collide.
uint64_t ChallengeFingerprint(std::string_view username_param,
                              std::string_view call_id,
                              std::string_view from_tag,
                              const IpAddress& source, uint64_t secret);

// Remembers for a while which challenges carried our Security-Server, and when.
// Bounds: `capacity`; the oldest is dropped.  Cost: O(1), no heap after start.
class ChallengeContexts {
 public:
  ChallengeContexts(uint32_t capacity, Millis lifetime);
  void Remember(uint64_t fingerprint, Instant now);
  // When it was last challenged, or kNever if that is not known any more.
  Instant Challenged(uint64_t fingerprint, Instant now) const;

 private:
  struct Context {
    uint64_t fingerprint = 0;
    Instant challenged = kNever;
    SlotIndex::Link link;
    bool indexed = false;
  };
  uint32_t Find(uint64_t fingerprint) const;
  void Forget(uint32_t slot);

  const Millis lifetime_;
  std::vector<Context> ring_;  // oldest at next_
  SlotIndex index_;            // by fingerprint
  uint32_t next_ = 0;
};

}  // namespace sallyport::registration

#endif  // CORE_REGISTRATION_SECURITY_AGREEMENT_H_
