#include "core/routing/flow_token.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "absl/base/optimization.h"

namespace sallyport::routing {
namespace {

constexpr size_t kNameBytes = 10;  // shard, slot, epoch; big-endian
constexpr size_t kMacBytes = 14;
constexpr size_t kTokenBytes = kNameBytes + kMacBytes;
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

// The first words keep these codes apart from whatever else the key signs.
std::array<uint8_t, 32> Sign(const Mac& mac, TokenUse use,
                             const TokenBytes& bytes) {
  constexpr std::string_view kPurpose = "sallyport flow token 1 ";
  std::array<char, kPurpose.size() + kPrefixChars + kNameBytes> data;
  auto end = std::copy(kPurpose.begin(), kPurpose.end(), data.begin());
  const std::string_view prefix = PrefixOf(use);
  end = std::copy(prefix.begin(), prefix.end(), end);
  std::copy(bytes.begin(), bytes.begin() + kNameBytes, end);
  return mac.Sign({data.data(), data.size()});
}

void Encode(const TokenBytes& bytes, char* out) {
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const uint32_t group =
        uint32_t{bytes[i]} << 16 | uint32_t{bytes[i + 1]} << 8 | bytes[i + 2];
    for (int shift = 18; shift >= 0; shift -= 6) {
      *out++ = kAlphabet[group >> shift & 0x3f];
    }
  }
}

std::optional<TokenBytes> Decode(std::string_view text) {
  TokenBytes bytes;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (int digit = 0; digit < 4; ++digit, text.remove_prefix(1)) {
      const int sextet = kSextets[static_cast<uint8_t>(text.front())];
      if (sextet < 0) return {};
      group = group << 6 | static_cast<uint32_t>(sextet);
    }
    bytes[i] = static_cast<uint8_t>(group >> 16);
    bytes[i + 1] = static_cast<uint8_t>(group >> 8);
    bytes[i + 2] = static_cast<uint8_t>(group);
  }
  return bytes;
}

// Its time does not depend on where the codes differ.
bool SameMac(const TokenBytes& bytes, const std::array<uint8_t, 32>& code) {
  volatile uint8_t differing = 0;
  for (size_t i = 0; i < kMacBytes; ++i) {
    differing = differing | (bytes[kNameBytes + i] ^ code[i]);
  }
  return differing == 0;
}

}  // namespace

TokenText WriteToken(const Mac& mac, TokenUse use, const FlowToken& token) {
  TokenBytes bytes;
  PutName(token, bytes);
  const std::array<uint8_t, 32> code = Sign(mac, use, bytes);
  std::copy(code.begin(), code.begin() + kMacBytes, bytes.begin() + kNameBytes);

  TokenText text;
  static_assert(kTextChars <= sizeof(text.text_));
  const std::string_view prefix = PrefixOf(use);
  Encode(bytes, std::copy(prefix.begin(), prefix.end(), text.text_.data()));
  text.size_ = kTextChars;
  return text;
}

TokenRead ReadToken(const Mac& mac, std::string_view user) {
  if (user.size() != kTextChars) return {};
  const std::optional<TokenUse> use = UseOf(user.substr(0, kPrefixChars));
  if (!use) return {};
  const std::optional<TokenBytes> bytes = Decode(user.substr(kPrefixChars));
  if (!bytes) return {};

  if (!SameMac(*bytes, Sign(mac, *use, *bytes))) {
    return {.verdict = TokenRead::Verdict::kForged, .use = *use, .token = {}};
  }
  return {.verdict = TokenRead::Verdict::kGenuine,
          .use = *use,
          .token = TakeName(*bytes)};
}

}  // namespace sallyport::routing
