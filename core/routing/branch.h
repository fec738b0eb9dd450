// The branch of our Via names the transaction that waits for the response: a
// response is matched without a search, on the shard that owns it.
#ifndef CORE_ROUTING_BRANCH_H_
#define CORE_ROUTING_BRANCH_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/flow.h"
#include "core/routing/response_parts.h"
#include "core/routing/validation.h"
#include "core/sip/message.h"

namespace sallyport::routing {

// Source: RFC 3261 8.1.1.7
inline constexpr std::string_view kMagicCookie = "z9hG4bK";

struct Branch {
  ShardId shard = 0;
  SlotHandle transaction;
  uint8_t attempt = 0;  // each address that is tried is a new branch (16.6)
  uint64_t loop_hash =
      0;  // of what decides the way of the request (16.6 step 8)
  friend bool operator==(const Branch&, const Branch&) = default;
};

class BranchText {
 public:
  std::string_view view() const { return {text_.data(), text_.size()}; }

 private:
  friend BranchText WriteBranch(const Branch& branch);
  // Cookie, shard, slot, generation, attempt, '.', loop hash.
  std::array<char, 7 + 4 + 8 + 8 + 2 + 1 + 16> text_{};
};
BranchText WriteBranch(const Branch& branch);
// Nothing when the text is not exactly of the form that WriteBranch makes.
std::optional<Branch> ParseBranch(std::string_view text);

// Method and Via are left out: CANCEL and ACK share the branch of their INVITE,
// and a request that comes back unchanged has the same value. Source: RFC
// 3261 16.3 step 4, 16.6 step 8
uint64_t LoopHash(const sip::MessageView& request, const RequestParts& parts,
                  uint64_t seed);
// A Via of `own_host` carries the very hash that this request has now. `parts`
// holds the top one.
bool HasLooped(const sip::MessageView& request, const RequestParts& parts,
               std::string_view own_host, uint64_t loop_hash);

// Of what a response repeats of its request: Call-ID, CSeq, and the Via values;
// in the response, those behind ours. Them by their meaning, not by octet: stacks
// that write what they parsed may fold, space and order parameters anew (RFC
// 3261 7.3.1), and the first of them got `received` and `rport` from us.
// Nothing: the response has no CSeq that can be read.
// Source: RFC 3261 8.1.3.3, 8.2.6.2, 17.1.3
uint64_t EchoHash(const sip::MessageView& request, const RequestParts& parts,
                  uint64_t seed);
std::optional<uint64_t> EchoHash(const sip::MessageView& response,
                                 const ResponseParts& parts, uint64_t seed);

}  // namespace sallyport::routing

#endif  // CORE_ROUTING_BRANCH_H_
