#include "core/routing/branch.h"

#include "core/routing/fingerprint.h"
#include "core/sip/values.h"

namespace sallyport::routing {
namespace {

char* WriteHex(uint64_t value, int digits, char* out) {
  for (int i = digits - 1; i >= 0; --i, value >>= 4) {
    out[i] = "0123456789abcdef"[value & 15];
  }
  return out + digits;
}

constexpr uint8_t kNoDigit = 0x10;
constexpr std::array<uint8_t, 256> kHexDigits = [] {
  std::array<uint8_t, 256> table{};
  table.fill(kNoDigit);
  for (uint8_t i = 0; i < 10; ++i) table['0' + i] = i;
  for (uint8_t i = 0; i < 6; ++i) table['a' + i] = 10 + i;
  return table;
}();

// Takes `digits` lower-case hex digits off the front.
bool TakeHex(std::string_view& text, size_t digits, uint64_t& value) {
  if (text.size() < digits) return false;
  value = 0;
  uint8_t seen = 0;
  for (size_t i = 0; i < digits; ++i) {
    const uint8_t digit = kHexDigits[static_cast<uint8_t>(text[i])];
    seen |= digit;
    value = value << 4 | digit;
  }
  text.remove_prefix(digits);
  return seen < kNoDigit;
}

void AddRows(const sip::MessageView& message, sip::HeaderId id,
             Fingerprint& hash) {
  for (const auto* field = message.Find(id); field != nullptr;
       field = message.Next(field)) {
    hash.Add(message.Value(*field));
  }
}

}  // namespace

BranchText WriteBranch(const Branch& branch) {
  BranchText text;
  char* out = text.text_.data();
  out += kMagicCookie.copy(out, kMagicCookie.size());
  out = WriteHex(branch.shard, 4, out);
  out = WriteHex(branch.transaction.slot, 8, out);
  out = WriteHex(branch.transaction.generation, 8, out);
  out = WriteHex(branch.attempt, 2, out);
  *out++ = '.';
  WriteHex(branch.loop_hash, 16, out);
  return text;
}

std::optional<Branch> ParseBranch(std::string_view text) {
  if (!text.starts_with(kMagicCookie)) return std::nullopt;
  text.remove_prefix(kMagicCookie.size());
  uint64_t shard, slot, generation, attempt, loop_hash;
  if (!TakeHex(text, 4, shard) || !TakeHex(text, 8, slot) ||
      !TakeHex(text, 8, generation) || !TakeHex(text, 2, attempt) ||
      !text.starts_with('.')) {
    return std::nullopt;
  }
  text.remove_prefix(1);
  if (!TakeHex(text, 16, loop_hash) || !text.empty()) return std::nullopt;
  return Branch{.shard = static_cast<ShardId>(shard),
                .transaction = {static_cast<uint32_t>(slot),
                                static_cast<uint32_t>(generation)},
                .attempt = static_cast<uint8_t>(attempt),
                .loop_hash = loop_hash};
}

uint64_t LoopHash(const sip::MessageView& request, const RequestParts& parts,
                  uint64_t seed) {
  Fingerprint hash(seed);
  hash.Add(request.request_uri())
      .Add(parts.from_tag)
      .Add(parts.to_tag)
      .Add(parts.call_id)
      .Add(parts.cseq.number);
  AddRows(request, sip::HeaderId::kRoute, hash);
  AddRows(request, sip::HeaderId::kProxyRequire, hash);
  AddRows(request, sip::HeaderId::kProxyAuthorization, hash);
  return hash.value();
}

bool HasLooped(const sip::MessageView& request, const RequestParts& parts,
               std::string_view own_host, uint64_t seed) {
  const auto is_ours = [&](const sip::ViaView& via) {
    if (!sip::EqualsIgnoreCase(via.host, own_host)) return false;
    const auto branch = ParseBranch(via.branch);
    return branch && branch->loop_hash == LoopHash(request, parts, seed);
  };
  if (is_ours(parts.via)) return true;
  sip::ListCursor values(request, sip::HeaderId::kVia);
  if (!values.Next()) return false;
  while (values.Next()) {
    const auto via = sip::ParseVia(values.value());
    if (via && is_ours(*via)) return true;
  }
  return false;
}

namespace {

Fingerprint BeginEcho(std::string_view call_id, const sip::CSeqView& cseq,
                      uint64_t seed) {
  Fingerprint hash(seed);
  hash.Add(call_id).Add(cseq.number).Add(cseq.method);
  return hash;
}

void AddVia(const sip::ViaView& via, Fingerprint& hash) {
  hash.Add(via.port).Add(via.branch);
  hash.AddIgnoringCase(via.host).AddIgnoringCase(via.transport);
}

// All that `values` has not come to yet.
void AddVias(sip::ListCursor& values, Fingerprint& hash) {
  while (values.Next()) {
    if (const auto via = sip::ParseVia(values.value())) {
      AddVia(*via, hash);
    } else {
      hash.Add(values.value());
    }
  }
}

}  // namespace

uint64_t EchoHash(const sip::MessageView& request, const RequestParts& parts,
                  uint64_t seed) {
  Fingerprint hash = BeginEcho(parts.call_id, parts.cseq, seed);
  AddVia(parts.via, hash);
  sip::ListCursor values(request, sip::HeaderId::kVia);
  if (values.Next()) AddVias(values, hash);
  return hash.value();
}

std::optional<uint64_t> EchoHash(const sip::MessageView& response,
                                 uint64_t seed) {
  const auto cseq = sip::ParseCSeq(response.Value(sip::HeaderId::kCSeq));
  if (!cseq) return std::nullopt;
  Fingerprint hash =
      BeginEcho(response.Value(sip::HeaderId::kCallId), *cseq, seed);
  sip::ListCursor values(response, sip::HeaderId::kVia);
  if (values.Next()) AddVias(values, hash);
  return hash.value();
}

}  // namespace sallyport::routing
