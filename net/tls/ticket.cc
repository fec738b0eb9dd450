#include "net/tls/ticket.h"

#include <openssl/aead.h>
#include <openssl/err.h>

#include <algorithm>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "net/tls/crypto.h"

namespace sallyport::net::tls {
namespace {

constexpr size_t kNameBytes = 16;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kHeadBytes = kNameBytes + kNonceBytes;
constexpr size_t kIdentityBytes = 1 + 2 + 32 + 8;
constexpr uint8_t kVersion = 1;

static_assert(TicketDesk::kOverheadBytes ==
              kHeadBytes + kIdentityBytes + kTagBytes);
static_assert(TicketDesk::kOverheadBytes < kTicketBytesMax);

std::string_view AsText(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <typename Int>
uint8_t* PutBigEndian(Int value, uint8_t* out) {
  for (size_t i = 0; i < sizeof(Int); ++i) {
    *out++ = static_cast<uint8_t>(value >> (8 * (sizeof(Int) - 1 - i)));
  }
  return out;
}

template <typename Int>
Int GetBigEndian(const uint8_t* in) {
  Int value = 0;
  for (size_t i = 0; i < sizeof(Int); ++i) value = (value << 8) | in[i];
  return value;
}

void WriteIdentity(const TicketIdentity& identity, uint8_t* out) {
  *out++ = kVersion;
  out = PutBigEndian(identity.home_shard, out);
  out = std::copy(identity.tsid.begin(), identity.tsid.end(), out);
  PutBigEndian(
      static_cast<uint64_t>(identity.issued_at.time_since_epoch().count()),
      out);
}

TicketIdentity ReadIdentity(const uint8_t* in) {
  TicketIdentity identity;
  identity.home_shard = GetBigEndian<uint16_t>(in + 1);
  std::copy_n(in + 3, identity.tsid.size(), identity.tsid.begin());
  identity.issued_at = WallTime(std::chrono::seconds(
      static_cast<int64_t>(GetBigEndian<uint64_t>(in + 35))));
  return identity;
}

// The AEAD of one key, with what it authenticates besides the plaintext.
class TicketAead {
 public:
  explicit TicketAead(const TicketKey& key) {
    CHECK(EVP_AEAD_CTX_init(&context_, EVP_aead_aes_256_gcm(),
                            key.secret.data(), key.secret.size(), kTagBytes,
                            nullptr));
    *std::copy(key.name.begin(), key.name.end(), associated_) = kVersion;
  }
  ~TicketAead() { EVP_AEAD_CTX_cleanup(&context_); }
  TicketAead(const TicketAead&) = delete;
  TicketAead& operator=(const TicketAead&) = delete;

  // In place; `out` has room for the tag.
  size_t Seal(const uint8_t* nonce, uint8_t* out, size_t bytes) const {
    size_t sealed = 0;
    CHECK(EVP_AEAD_CTX_seal(&context_, out, &sealed, bytes + kTagBytes, nonce,
                            kNonceBytes, out, bytes, associated_,
                            sizeof(associated_)));
    return sealed;
  }

  // Writes sealed.size() - kTagBytes octets. False when forged.
  bool Open(std::string_view nonce, std::string_view sealed,
            uint8_t* out) const {
    size_t opened = 0;
    const bool genuine =
        EVP_AEAD_CTX_open(&context_, out, &opened, sealed.size() - kTagBytes,
                          reinterpret_cast<const uint8_t*>(nonce.data()),
                          nonce.size(),
                          reinterpret_cast<const uint8_t*>(sealed.data()),
                          sealed.size(), associated_, sizeof(associated_)) == 1;
    // A forgery is no failure of the handshake that runs around us: the TLS
    // library would take what is left in the queue for its own.
    if (!genuine) ERR_clear_error();
    return genuine;
  }

 private:
  EVP_AEAD_CTX context_;
  uint8_t associated_[kNameBytes + 1];
};

// Decrypts to `plain`, which has room for the whole ticket, and returns the
// plaintext's length, or says why not.
std::pair<size_t, TicketDesk::Refusal> Decrypt(const TicketKeys& keys,
                                               std::string_view ticket,
                                               uint8_t* plain) {
  using Refusal = TicketDesk::Refusal;
  if (ticket.size() < TicketDesk::kOverheadBytes ||
      ticket.size() > kTicketBytesMax) {
    return {0, Refusal::kForged};
  }
  const TicketKey* key = keys.Find(ticket.substr(0, kNameBytes));
  if (key == nullptr) return {0, Refusal::kUnknownKey};

  const std::string_view sealed = ticket.substr(kHeadBytes);
  const bool opened = TicketAead(*key).Open(
      ticket.substr(kNameBytes, kNonceBytes), sealed, plain);
  if (!opened || plain[0] != kVersion) return {0, Refusal::kForged};
  return {sealed.size() - kTagBytes, Refusal::kNone};
}

TicketKey RandomKey(WallTime now) {
  TicketKey key;
  RandomBytes(key.name);
  RandomBytes(key.secret);
  key.made_at = now;
  return key;
}

bool FromHex(std::string_view hex, std::span<uint8_t> out) {
  // Not left to HexStringToBytes: octets beyond ASCII lead it out of its table.
  const bool digits =
      std::all_of(hex.begin(), hex.end(), [](unsigned char octet) {
        return absl::ascii_isxdigit(octet);
      });
  std::string bytes;
  if (hex.size() != 2 * out.size() || !digits ||
      !absl::HexStringToBytes(hex, &bytes)) {
    return false;
  }
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return true;
}

bool ParseKey(std::string_view line, TicketKey& key) {
  const std::vector<std::string_view> words =
      absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  int64_t made_at_s = 0;
  if (words.size() != 3 || !FromHex(words[0], key.name) ||
      !FromHex(words[1], key.secret) ||
      !absl::SimpleAtoi(words[2], &made_at_s)) {
    return false;
  }
  key.made_at = WallTime(std::chrono::seconds(made_at_s));
  return true;
}

}  // namespace

TicketKeys::TicketKeys(std::vector<TicketKey> keys) : keys_(std::move(keys)) {
  CHECK(!keys_.empty());
  if (keys_.size() > kKeysMax) keys_.resize(kKeysMax);
}

TicketKeys::Snapshot TicketKeys::Random(WallTime now) {
  return std::make_shared<const TicketKeys>(
      std::vector<TicketKey>{RandomKey(now)});
}

absl::StatusOr<TicketKeys::Snapshot> TicketKeys::FromText(
    std::string_view text) {
  std::vector<TicketKey> keys;
  int line_number = 0;
  for (std::string_view line : absl::StrSplit(text, '\n')) {
    ++line_number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line.front() == '#') continue;
    if (!ParseKey(line, keys.emplace_back())) {
      return absl::InvalidArgumentError(
          absl::StrCat("ticket keys, line ", line_number,
                       ": not NAME (32 hexadecimal digits) SECRET (64) "
                       "MADE_AT (unix seconds)"));
    }
  }
  if (keys.empty()) return absl::InvalidArgumentError("ticket keys: no key");
  return std::make_shared<const TicketKeys>(std::move(keys));
}

TicketKeys::Snapshot TicketKeys::Rotated(WallTime now,
                                         std::chrono::seconds keep) const {
  std::vector<TicketKey> keys{RandomKey(now)};
  for (const TicketKey& key : keys_) {
    // Not by its age: a file may say any time, and the difference overflow.
    if (key.made_at > now - keep) keys.push_back(key);
  }
  return std::make_shared<const TicketKeys>(std::move(keys));
}

std::string TicketKeys::ToText() const {
  std::string text;
  for (const TicketKey& key : keys_) {
    absl::StrAppend(&text, absl::BytesToHexString(AsText(key.name)), " ",
                    absl::BytesToHexString(AsText(key.secret)), " ",
                    key.made_at.time_since_epoch().count(), "\n");
  }
  return text;
}

const TicketKey* TicketKeys::Find(std::string_view name) const {
  for (const TicketKey& key : keys_) {
    if (AsText(key.name) == name) return &key;
  }
  return nullptr;
}

RevokedSessions::RevokedSessions(size_t capacity) : by_age_(capacity) {
  CHECK_GT(capacity, 0u);
  // An eighth more: then the set sweeps what was erased in place.
  known_.reserve(capacity + capacity / 8);
}

uint64_t RevokedSessions::Mark(const Tsid& tsid) {
  return GetBigEndian<uint64_t>(tsid.data());
}

bool RevokedSessions::Revoke(const Tsid& tsid, WallTime expires_at) {
  if (Contains(tsid)) return true;
  const bool full = size() == by_age_.size();
  if (full) DropOldest();
  by_age_[(oldest_ + size()) % by_age_.size()] = {Mark(tsid), expires_at};
  known_.insert(Mark(tsid));
  return !full;
}

void RevokedSessions::DropExpired(WallTime now) {
  while (size() > 0 && by_age_[oldest_].expires_at <= now) DropOldest();
}

void RevokedSessions::Clear() {
  while (size() > 0) DropOldest();
}

void RevokedSessions::DropOldest() {
  known_.erase(by_age_[oldest_].mark);
  oldest_ = (oldest_ + 1) % by_age_.size();
}

TicketDesk::TicketDesk(const Options& options, TicketKeys::Snapshot keys,
                       WallTime now)
    : options_(options),
      keys_(std::move(keys)),
      now_(now),
      revoked_(options.revoked_max) {
  CHECK(keys_ != nullptr);
  options_.lifetime = std::clamp<std::chrono::seconds>(
      options.lifetime, kLifetimeMin, kLifetimeMax);
}

void TicketDesk::SetKeys(TicketKeys::Snapshot keys) {
  CHECK(keys != nullptr);
  keys_ = std::move(keys);
}

bool TicketDesk::Revoke(const Tsid& tsid) {
  revoked_.DropExpired(now_);
  if (revoked_.Revoke(tsid, now_ + options_.lifetime)) return true;
  refuse_until_ = now_;
  revoked_.Clear();
  return false;
}

size_t TicketDesk::Seal(const Tsid& tsid, std::span<const uint8_t> session,
                        std::span<uint8_t> out) {
  if (out.size() < session.size() + kOverheadBytes) return 0;
  const TicketKey& key = keys_->newest();
  std::copy(key.name.begin(), key.name.end(), out.begin());
  uint8_t* const nonce = out.data() + kNameBytes;
  // 2^32 random nonces are allowed per key (SP 800-38D 8.3): at 10,000 tickets
  // per second that is five days, and keys rotate daily.
  RandomBytes({nonce, kNonceBytes});

  uint8_t* const plain = out.data() + kHeadBytes;
  WriteIdentity({options_.home_shard, tsid, now_}, plain);
  std::copy(session.begin(), session.end(), plain + kIdentityBytes);
  ++counters_.issued;
  return kHeadBytes +
         TicketAead(key).Seal(nonce, plain, kIdentityBytes + session.size());
}

std::optional<TicketDesk::Opened> TicketDesk::Open(std::string_view ticket,
                                                   std::span<uint8_t> session,
                                                   Refusal* refusal) {
  std::array<uint8_t, kTicketBytesMax> plain;
  auto [plain_bytes, verdict] = Decrypt(*keys_, ticket, plain.data());
  Opened opened;
  if (verdict == Refusal::kNone) {
    opened.identity = ReadIdentity(plain.data());
    opened.session_bytes = plain_bytes - kIdentityBytes;
    verdict = Judge(opened.identity);
    if (opened.session_bytes > session.size()) verdict = Refusal::kForged;
  }
  Count(verdict);
  if (refusal != nullptr) *refusal = verdict;
  if (verdict != Refusal::kNone) return std::nullopt;
  std::copy_n(plain.data() + kIdentityBytes, opened.session_bytes,
              session.begin());
  return opened;
}

TicketDesk::Refusal TicketDesk::Judge(const TicketIdentity& identity) const {
  // A ticket from the future comes from a node whose clock is ahead of ours; it
  // must not live longer for that.
  const std::chrono::seconds age = now_ - identity.issued_at;
  if (age >= options_.lifetime || age <= -options_.lifetime) {
    return Refusal::kTooOld;
  }
  if (identity.issued_at <= refuse_until_ || revoked_.Contains(identity.tsid)) {
    return Refusal::kRevoked;
  }
  // Only its home knows what was revoked. It would have got the connection, had
  // the ClientHello not been cut into several records.
  if (identity.home_shard != options_.home_shard &&
      identity.home_shard < options_.shards) {
    return Refusal::kNotHome;
  }
  return Refusal::kNone;
}

void TicketDesk::Count(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNone:
      ++counters_.accepted;
      return;
    case Refusal::kUnknownKey:
      ++counters_.unknown_key;
      return;
    case Refusal::kForged:
      ++counters_.forged;
      return;
    case Refusal::kTooOld:
      ++counters_.too_old;
      return;
    case Refusal::kRevoked:
      ++counters_.revoked;
      return;
    case Refusal::kNotHome:
      ++counters_.not_home;
      return;
  }
}

std::string_view ToString(TicketDesk::Refusal refusal) {
  switch (refusal) {
    case TicketDesk::Refusal::kNone:
      return "none";
    case TicketDesk::Refusal::kUnknownKey:
      return "unknown_key";
    case TicketDesk::Refusal::kForged:
      return "forged";
    case TicketDesk::Refusal::kTooOld:
      return "too_old";
    case TicketDesk::Refusal::kRevoked:
      return "revoked";
    case TicketDesk::Refusal::kNotHome:
      return "not_home";
  }
  return "";
}

std::optional<uint16_t> TicketHome(const TicketKeys& keys,
                                   std::string_view ticket) {
  std::array<uint8_t, kTicketBytesMax> plain;
  if (Decrypt(keys, ticket, plain.data()).second !=
      TicketDesk::Refusal::kNone) {
    return std::nullopt;
  }
  return ReadIdentity(plain.data()).home_shard;
}

}  // namespace sallyport::net::tls
