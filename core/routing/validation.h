// Request validation of RFC 3261 16.3 and spec 6.2, 7, 8: what is wrong with a
// request before any routing, and what the answer is.
#ifndef CORE_ROUTING_VALIDATION_H_
#define CORE_ROUTING_VALIDATION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/sip/limits.h"
#include "core/sip/message.h"
#include "core/sip/values.h"

namespace sallyport::routing {

// A refusal: a status code with its reason, or nothing (code 0) when all is
// well.
struct Refusal {
  int code = 0;
  std::string_view reason;  // reason phrase
  std::string_view extra;   // header lines to add, each with CRLF; or empty
  uint32_t retry_after_s = 0;  // 0: nothing is said of it
  explicit operator bool() const { return code != 0; }
};
// The phrase that the RFC which defines a code gives it; "Failure" for others.
std::string_view ReasonPhrase(int code);
// With the phrase above. 421, 494 and 405 bring the fields that they must carry
// when `extra` is empty (RFC 3329 2.3.1; RFC 3261 21.4.6, 21.4.16).
Refusal Refuse(int code, std::string_view extra = {});

// The parts of a request that rules use, parsed once.
struct RequestParts {
  sip::UriView request_uri;
  sip::ViaView via;       // topmost value
  bool lone_via = false;  // no other stands below it
  sip::NameAddrView from, to;
  std::string_view from_tag, to_tag;
  std::string_view call_id;
  sip::CSeqView cseq;
  int max_forwards = -1;  // -1: absent
  // Those of the Route values on top: most requests have no more.
  std::array<sip::UriView, 4> routes;
  size_t routes_read = 0;
};

// Can an answer be built at all: a Via that names SIP, From, To, Call-ID and
// CSeq (E5)? They need not be well-formed: what is wrong with them is what the
// 400 says.
[[nodiscard]] bool Answerable(const sip::MessageView& request);
// Parses and checks, in the order of spec 6.2. `scan` is what the scanner said.
// `extra` of a 420 lives in `extra_text` (at least 512 bytes, lives as long).
// Not here: the loop of 6.2 rule 4 and the home domain of 3.1.
[[nodiscard]] Refusal Validate(
    const sip::MessageView& request, sip::ScanVerdict scan, RequestParts& parts,
    std::span<char> extra_text,
    const sip::MessageLimits& limits = sip::kDefaultLimits);
// The same in two steps: what cannot be read (rule 1), and what a proxy does
// not pass on (rules 2, 3 and 5). Between them a REGISTER is read to its end.
[[nodiscard]] Refusal ValidateSyntax(const sip::MessageView& request,
                                     sip::ScanVerdict scan, RequestParts& parts,
                                     const sip::MessageLimits& limits);
[[nodiscard]] Refusal ValidateRules(const sip::MessageView& request,
                                    const RequestParts& parts,
                                    std::span<char> extra_text);
// Of a UE: a 400 when an Authorization or Proxy-Authorization cannot be parsed
// (spec 4.2 rule 4).
[[nodiscard]] Refusal ValidateCredentials(const sip::MessageView& request);
// The same of one of the two. In a REGISTER the integrity decision has seen to
// Authorization.
[[nodiscard]] Refusal ValidateCredentials(const sip::MessageView& request,
                                          sip::HeaderId id);

// What REGISTER needs besides (spec E4, 2.5): Contact, `*` rules, Expires,
// counts.
struct RegisterParts {
  bool star = false;         // `Contact: *`
  bool deregisters = false;  // zero expiry for every Contact
  bool removes = false;      // zero expiry for some Contact
  size_t contacts = 0;
  std::string_view contact;  // first value, whole
  std::string_view contact_uri;
  std::string_view instance;  // +sip.instance, quotes off
  uint32_t reg_id = 0;
  uint32_t expires_s = 3600;  // asked for: Contact's, else Expires', else 3600
  bool has_expires = false;
};
// `request_uri`: as ValidateSyntax() read it.
[[nodiscard]] Refusal ValidateRegister(
    const sip::MessageView& request, const sip::UriView& request_uri,
    RegisterParts& parts, size_t contacts_max = sip::kRegisterContactsMax);

}  // namespace sallyport::routing

#endif  // CORE_ROUTING_VALIDATION_H_
