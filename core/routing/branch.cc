#include "core/routing/branch.h"

#include "core/base/hex.h"
#include "core/routing/fingerprint.h"
#include "core/sip/values.h"

namespace sallyport::routing {
namespace {

// Where the fields of a branch begin.
constexpr size_t kShardAt = kMagicCookie.size();
constexpr size_t kSlotAt = kShardAt + 4;
constexpr size_t kGenerationAt = kSlotAt + 8;
constexpr size_t kAttemptAt = kGenerationAt + 8;
constexpr size_t kDotAt = kAttemptAt + 2;
constexpr size_t kLoopHashAt = kDotAt + 1;
constexpr size_t kBranchChars = kLoopHashAt + 16;

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
  static_assert(sizeof(text.text_) == kBranchChars);
  char* const out = text.text_.data();
  kMagicCookie.copy(out, kMagicCookie.size());
  WriteHex<4>(branch.shard, out + kShardAt);
  WriteHex<8>(branch.transaction.slot, out + kSlotAt);
  WriteHex<8>(branch.transaction.generation, out + kGenerationAt);
  WriteHex<2>(branch.attempt, out + kAttemptAt);
  out[kDotAt] = '.';
  WriteHex<16>(branch.loop_hash, out + kLoopHashAt);
  return text;
}

std::optional<Branch> ParseBranch(std::string_view text) {
  if (text.size() != kBranchChars || !text.starts_with(kMagicCookie) ||
      text[kDotAt] != '.') {
    return std::nullopt;
  }
  const char* const in = text.data();
  uint64_t shard, slot, generation, attempt, loop_hash;
  if (!ReadHex<4>(in + kShardAt, shard) || !ReadHex<8>(in + kSlotAt, slot) ||
      !ReadHex<8>(in + kGenerationAt, generation) ||
      !ReadHex<2>(in + kAttemptAt, attempt) ||
      !ReadHex<16>(in + kLoopHashAt, loop_hash)) {
    return std::nullopt;
  }
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
               std::string_view own_host, uint64_t loop_hash) {
  const auto is_ours = [&](const sip::ViaView& via) {
    if (!sip::EqualsIgnoreCase(via.host, own_host)) return false;
    const auto branch = ParseBranch(via.branch);
    return branch && branch->loop_hash == loop_hash;
  };
  if (is_ours(parts.via)) return true;
  if (parts.lone_via) return false;
  // As WriteBranch() has it. Vias of others do not, and need not be parsed.
  std::array<char, kBranchChars - kDotAt> end{'.'};
  WriteHex<16>(loop_hash, end.data() + 1);
  sip::ListCursor values(request, sip::HeaderId::kVia);
  if (!values.Next()) return false;
  while (values.Next()) {
    if (values.value().find({end.data(), end.size()}) == std::string_view::npos)
      continue;
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

// A Via that cannot be read counts as its text.
void AddVia(std::string_view value, std::optional<sip::ViaView> parted,
            Fingerprint& hash) {
  if (parted && sip::ReadViaParams(*parted)) {
    AddVia(*parted, hash);
  } else {
    hash.Add(value);
  }
}

// All that `values` has not come to yet.
void AddVias(sip::ListCursor& values, Fingerprint& hash) {
  while (values.Next()) {
    AddVia(values.value(), sip::PartVia(values.value()), hash);
  }
}

}  // namespace

uint64_t EchoHash(const sip::MessageView& request, const RequestParts& parts,
                  uint64_t seed) {
  Fingerprint hash = BeginEcho(parts.call_id, parts.cseq, seed);
  AddVia(parts.via, hash);
  if (parts.lone_via) return hash.value();
  sip::ListCursor values(request, sip::HeaderId::kVia);
  if (values.Next()) AddVias(values, hash);
  return hash.value();
}

std::optional<uint64_t> EchoHash(const sip::MessageView& response,
                                 const ResponseParts& parts, uint64_t seed) {
  if (!parts.cseq) return std::nullopt;
  Fingerprint hash =
      BeginEcho(response.Value(sip::HeaderId::kCallId), *parts.cseq, seed);
  if (parts.ends_here()) return hash.value();
  AddVia(parts.next_via, parts.next, hash);
  if (parts.vias == 2) return hash.value();
  sip::ListCursor values(response, sip::HeaderId::kVia);
  if (values.Next() && values.Next()) AddVias(values, hash);
  return hash.value();
}

}  // namespace sallyport::routing
