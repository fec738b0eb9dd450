#include "core/routing/flow_token.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "absl/base/optimization.h"

namespace sallyport::routing {
namespace {

constexpr size_t kNameBytes = 10;  // shard, slot, epoch; big-endian
constexpr size_t kTokenBytes = kNameBytes + sizeof(TokenCode);
constexpr size_t kPrefixChars = 2;
constexpr size_t kTextChars = kPrefixChars + kTokenBytes / 3 * 4;
static_assert(kTokenBytes % 3 == 0, "base64 without slack bits");

using TokenBytes = std::array<uint8_t, kTokenBytes>;

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<int8_t, 256> kSextets = [] {
  std::array<int8_t, 256> table{};
  table.fill(-1);
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    table[static_cast<uint8_t>(kAlphabet[i])] = static_cast<int8_t>(i);
  }
  return table;
}();

std::string_view PrefixOf(TokenUse use) {
  switch (use) {
    case TokenUse::kPath:
      return "t.";
    case TokenUse::kRecordRoute:
      return "r.";
    case TokenUse::kNotify:
      return "n.";
  }
  ABSL_UNREACHABLE();
}

std::optional<TokenUse> UseOf(std::string_view prefix) {
  if (prefix == PrefixOf(TokenUse::kPath)) return TokenUse::kPath;
  if (prefix == PrefixOf(TokenUse::kRecordRoute)) return TokenUse::kRecordRoute;
  if (prefix == PrefixOf(TokenUse::kNotify)) return TokenUse::kNotify;
  return {};
}

void PutName(const FlowToken& token, TokenBytes& bytes) {
  const uint64_t handle =
      uint64_t{token.association.slot} << 32 | token.association.generation;
  bytes[0] = static_cast<uint8_t>(token.shard >> 8);
  bytes[1] = static_cast<uint8_t>(token.shard);
  for (int i = 0; i < 8; ++i) {
    bytes[2 + i] = static_cast<uint8_t>(handle >> (56 - 8 * i));
  }
}

FlowToken TakeName(const TokenBytes& bytes) {
  uint64_t handle = 0;
  for (int i = 0; i < 8; ++i) handle = handle << 8 | bytes[2 + i];
  return {.shard = static_cast<ShardId>(bytes[0] << 8 | bytes[1]),
          .association = {.slot = static_cast<uint32_t>(handle >> 32),
                          .generation = static_cast<uint32_t>(handle)}};
}

void Encode(const TokenBytes& bytes, char* out) {
  for (size_t i = 0; i < bytes.size(); i += 3, out += 4) {
    const uint32_t group =
        uint32_t{bytes[i]} << 16 | uint32_t{bytes[i + 1]} << 8 | bytes[i + 2];
    out[0] = kAlphabet[group >> 18];
    out[1] = kAlphabet[group >> 12 & 0x3f];
    out[2] = kAlphabet[group >> 6 & 0x3f];
    out[3] = kAlphabet[group & 0x3f];
  }
}

int SextetOf(char letter) { return kSextets[static_cast<uint8_t>(letter)]; }

// `text` has the letters of as many octets.
std::optional<TokenBytes> Decode(std::string_view text) {
  TokenBytes bytes;
  int seen = 0;  // negative after a letter of no sextet
  for (size_t i = 0; i < bytes.size(); i += 3, text.remove_prefix(4)) {
    const int first = SextetOf(text[0]), second = SextetOf(text[1]);
    const int third = SextetOf(text[2]), fourth = SextetOf(text[3]);
    seen |= first | second | third | fourth;
    bytes[i] = static_cast<uint8_t>(first << 2 | second >> 4);
    bytes[i + 1] = static_cast<uint8_t>(second << 4 | third >> 2);
    bytes[i + 2] = static_cast<uint8_t>(third << 6 | fourth);
  }
  if (seen < 0) return {};
  return bytes;
}

// Its time does not depend on where the codes differ: two words, which overlap,
// cover a code, and the compiler does not see what comes of the first.
bool SameCode(const TokenCode& a, const TokenCode& b) {
  constexpr size_t kLast = sizeof(TokenCode) - sizeof(uint64_t);
  static_assert(kLast <= sizeof(uint64_t));
  const auto differing = [&](size_t at) {
    uint64_t left, right;
    std::memcpy(&left, a.data() + at, sizeof(left));
    std::memcpy(&right, b.data() + at, sizeof(right));
    return left ^ right;
  };
  volatile uint64_t any = differing(0);
  any = any | differing(kLast);
  return any == 0;
}

}  // namespace

// The first words keep these codes apart from whatever else the key signs.
TokenCode SignToken(const Mac& mac, TokenUse use, const FlowToken& token) {
  constexpr std::string_view kPurpose = "sallyport flow token 1 ";
  TokenBytes bytes;
  PutName(token, bytes);
  std::array<char, kPurpose.size() + kPrefixChars + kNameBytes> data;
  auto end = std::copy(kPurpose.begin(), kPurpose.end(), data.begin());
  const std::string_view prefix = PrefixOf(use);
  end = std::copy(prefix.begin(), prefix.end(), end);
  std::copy(bytes.begin(), bytes.begin() + kNameBytes, end);

  const std::array<uint8_t, 32> signature =
      mac.Sign({data.data(), data.size()});
  TokenCode code;
  std::copy(signature.begin(), signature.begin() + code.size(), code.begin());
  return code;
}

TokenText WriteToken(TokenUse use, const FlowToken& token,
                     const TokenCode& code) {
  TokenBytes bytes;
  PutName(token, bytes);
  std::copy(code.begin(), code.end(), bytes.begin() + kNameBytes);

  TokenText text;
  static_assert(kTextChars <= sizeof(text.text_));
  const std::string_view prefix = PrefixOf(use);
  Encode(bytes, std::copy(prefix.begin(), prefix.end(), text.text_.data()));
  text.size_ = kTextChars;
  return text;
}

TokenText WriteToken(const Mac& mac, TokenUse use, const FlowToken& token) {
  return WriteToken(use, token, SignToken(mac, use, token));
}

std::optional<TokenClaim> ParseToken(std::string_view user) {
  if (user.size() != kTextChars) return {};
  const std::optional<TokenUse> use = UseOf(user.substr(0, kPrefixChars));
  if (!use) return {};
  const std::optional<TokenBytes> bytes = Decode(user.substr(kPrefixChars));
  if (!bytes) return {};
  TokenClaim claim{.use = *use, .token = TakeName(*bytes)};
  std::copy(bytes->begin() + kNameBytes, bytes->end(), claim.code.begin());
  return claim;
}

TokenRead JudgeToken(const TokenClaim& claim, const TokenCode& code) {
  if (!SameCode(claim.code, code)) {
    return {
        .verdict = TokenRead::Verdict::kForged, .use = claim.use, .token = {}};
  }
  return {.verdict = TokenRead::Verdict::kGenuine,
          .use = claim.use,
          .token = claim.token};
}

TokenRead ReadToken(const Mac& mac, std::string_view user) {
  const std::optional<TokenClaim> claim = ParseToken(user);
  if (!claim) return {};
  return JudgeToken(*claim, SignToken(mac, claim->use, claim->token));
}

}  // namespace sallyport::routing
