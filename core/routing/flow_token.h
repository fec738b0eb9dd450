// A flow token names an association in the user part of our Path and
// Record-Route URIs, in a way that nobody else can make up (RFC 5626 5.2,
// spec 6.9).
#ifndef CORE_ROUTING_FLOW_TOKEN_H_
#define CORE_ROUTING_FLOW_TOKEN_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/slab.h"
#include "core/edge_config.h"
#include "core/flow.h"

namespace sallyport::routing {

// "t.", "r.", and "n.": where the home network sends its NOTIFYs.
enum class TokenUse : uint8_t { kPath, kRecordRoute, kNotify };

struct FlowToken {
  ShardId shard = 0;
  // Invalid: of a UE without association (clear REGISTER). Of kNotify: the
  // subscription.
  SlotHandle association;
};

// 112 bits of a MAC over a token and its use: the same each time.
using TokenCode = std::array<uint8_t, 14>;
TokenCode SignToken(const Mac& mac, TokenUse use, const FlowToken& token);

// The user part: prefix, then base64url (RFC 4648 5, no padding) of shard,
// slot, epoch and the code: 24 octets, so that each bit of the text counts.
class TokenText {
 public:
  std::string_view view() const { return {text_.data(), size_}; }

 private:
  friend TokenText WriteToken(TokenUse, const FlowToken&, const TokenCode&);
  std::array<char, 48> text_{};
  uint8_t size_ = 0;
};
// `code`: of SignToken(), for this use and token.
TokenText WriteToken(TokenUse use, const FlowToken& token,
                     const TokenCode& code);
TokenText WriteToken(const Mac& mac, TokenUse use, const FlowToken& token);

// What a text says of itself; anybody can write such a one.
struct TokenClaim {
  TokenUse use = TokenUse::kPath;
  FlowToken token;
  TokenCode code{};
};
// `user` is a URI's user part as it came. Nothing: it is no token.
std::optional<TokenClaim> ParseToken(std::string_view user);

struct TokenRead {
  enum class Verdict : uint8_t { kNotAToken, kForged, kGenuine };
  Verdict verdict = Verdict::kNotAToken;
  TokenUse use = TokenUse::kPath;
  FlowToken token;  // kGenuine only
};
// `code`: of SignToken(), for what is claimed. Compared in constant time.
TokenRead JudgeToken(const TokenClaim& claim, const TokenCode& code);
// Both at once.
TokenRead ReadToken(const Mac& mac, std::string_view user);

}  // namespace sallyport::routing

#endif  // CORE_ROUTING_FLOW_TOKEN_H_
