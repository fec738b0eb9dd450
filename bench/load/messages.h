// The messages of a registration, as the UE and the home core write them.
#ifndef BENCH_LOAD_MESSAGES_H_
#define BENCH_LOAD_MESSAGES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/sip/message.h"

namespace sallyport::load {

// What the proxy must tell the home core about a REGISTER. The UE knows it from
// its own state and says so in its User-Agent, which the proxy leaves alone: so
// the core checks each REGISTER without a table of UEs.
enum class Expect : uint8_t {
  kNone,        // a stranger: no integrity-protected, no response
  kTlsPending,  // a challenge response on a session without association
  kTlsYes,      // an associated session
};
std::string_view ToString(Expect expect);

struct RegisterFacts {
  uint32_t ue = 0;
  uint32_t cseq = 1;
  Expect expect = Expect::kNone;
  std::string_view nonce;  // empty: no challenge response
};
// Appends the REGISTER of a UE (some 800 octets) to `out`.
void WriteRegister(const RegisterFacts& facts, std::string& out);

// What a REGISTER at the home core claims, and what it should.
enum class CoreVerdict : uint8_t {
  kChallenge,    // as it should be: 401
  kGrant,        // as it should be: 200
  kNotRegister,  // not a REGISTER of this tool
  kWrongIntegrity,
  kNoResponse,  // a response is missing, or there is one too many
};
std::string_view ToString(CoreVerdict verdict);
CoreVerdict Judge(const sip::MessageView& request);

// Appends the home core's answer: 401, 200, or 403 for what is wrong.
void WriteAnswer(const sip::MessageView& request, CoreVerdict verdict,
                 std::string& out);

// The number in front of a CSeq's method; 0 when there is none.
uint32_t CSeqOf(const sip::MessageView& message);
// The nonce of a 401, without quotes; empty when there is none.
std::string_view NonceOf(const sip::MessageView& response);

}  // namespace sallyport::load

#endif  // BENCH_LOAD_MESSAGES_H_
