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
  kTlsYesAsked,  // the same, and the core shall challenge it
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

// What a request at the home core is worth: what a REGISTER claims, and what it
// should.
enum class CoreVerdict : uint8_t {
  kChallenge,    // as it should be: 401
  kGrant,        // as it should be: 200
  kProbe,        // the proxy asks whether the core is there: 200
  kNotRegister,  // not a REGISTER of this tool
  kWrongIntegrity,
  kNoResponse,  // a response is missing, or there is one too many
};
std::string_view ToString(CoreVerdict verdict);
// `edge`: it came through somebody who marks REGISTERs.
CoreVerdict Judge(const sip::MessageView& request, bool edge);

// Appends the home core's answer: 401, 200, or 403 for what is wrong.
void WriteAnswer(const sip::MessageView& request, CoreVerdict verdict,
                 std::string& out);

// A REGISTER's UE; nothing when this tool did not write it.
std::optional<uint32_t> UeOf(const sip::MessageView& request);

// How the home core reaches a UE: what its last REGISTER said.
struct UeAddress {
  std::string contact;  // the URI
  std::string path;     // the header's value
};
UeAddress AddressOf(const sip::MessageView& request);
// Appends a MESSAGE of the home core (some 900 octets).
void WriteMessage(uint32_t ue, uint32_t cseq, const UeAddress& to,
                  std::string& out);
// Appends the UE's 200 to a MESSAGE.
void WriteMessageAnswer(const sip::MessageView& request, std::string& out);

// The number in front of a CSeq's method; 0 when there is none.
uint32_t CSeqOf(const sip::MessageView& message);
// The nonce of a 401, without quotes; empty when there is none.
std::string_view NonceOf(const sip::MessageView& response);

}  // namespace sallyport::load

#endif  // BENCH_LOAD_MESSAGES_H_
