// Session tickets of our own: they carry the identity of a TLS session and its
// home shard, so that both survive resumption, another shard and a restart.
#ifndef NET_TLS_TICKET_H_
#define NET_TLS_TICKET_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"

namespace sallyport::net::tls {

// The wall clock in whole seconds. It is handed in, never read here.
using WallTime = std::chrono::sys_seconds;

// A Tsid is the identity of a TLS session: 32 octets that the server draws at a
// full handshake. It is a look-up key into live state and proves nothing else.
// Source: Sallyport 5.8.
using Tsid = std::array<uint8_t, 32>;

struct TicketKey {
  std::array<uint8_t, 16> name;
  std::array<uint8_t, 32> secret;  // AES-256-GCM
  WallTime made_at;
};

// TicketKeys is a set of keys, newest first: the first seals, all open.
// Threads: immutable after construction; shards share one object.
// Bounds:  kKeysMax keys; the oldest are dropped.
class TicketKeys {
 public:
  static constexpr size_t kKeysMax = 16;
  using Snapshot = std::shared_ptr<const TicketKeys>;

  // One fresh random key.
  static Snapshot Random(WallTime now);
  // What ToText wrote: a line "name secret made_at" per key, newest first, in
  // hexadecimal and decimal seconds. Empty lines and lines with # are passed
  // by.
  static absl::StatusOr<Snapshot> FromText(std::string_view text);
  // `keys` must not be empty.
  explicit TicketKeys(std::vector<TicketKey> keys);

  // A new set with a fresh random key in front, without the keys made longer
  // than `keep` ago.
  [[nodiscard]] Snapshot Rotated(WallTime now, std::chrono::seconds keep) const;
  // Secret: for a file that only the operator reads.
  [[nodiscard]] std::string ToText() const;

  const TicketKey& newest() const { return keys_.front(); }
  std::span<const TicketKey> all() const { return keys_; }
  // Null when no key has this name (16 octets).
  const TicketKey* Find(std::string_view name) const;

 private:
  std::vector<TicketKey> keys_;
};

// RevokedSessions remembers tsids that must not be resumed, until every ticket
// that carries them is too old.
// Bounds: `capacity`; the oldest is then dropped and the overflow reported, so
//         that the caller can rotate the keys.
// Cost:   all memory is taken at construction, about 34 octets per place: a
//         tsid is known by its first 8 octets. We drew it at random, so that
//         another session has the same ones is less likely than 2^-44 with a
//         million places, and would cost it a full handshake.
class RevokedSessions {
 public:
  explicit RevokedSessions(size_t capacity);

  // False when an older, still valid revocation had to be dropped. Calls must
  // come with `expires_at` in rising order (the time is one age limit ahead).
  [[nodiscard]] bool Revoke(const Tsid& tsid, WallTime expires_at);
  bool Contains(const Tsid& tsid) const { return known_.contains(Mark(tsid)); }
  void DropExpired(WallTime now);
  void Clear();
  size_t size() const { return known_.size(); }

 private:
  struct Entry {
    uint64_t mark;
    WallTime expires_at;
  };
  static uint64_t Mark(const Tsid& tsid);
  void DropOldest();

  std::vector<Entry> by_age_;  // a ring of all places
  size_t oldest_ = 0;
  absl::flat_hash_set<uint64_t> known_;
};

// What a ticket says besides the session of the TLS library.
struct TicketIdentity {
  uint16_t home_shard = 0;
  Tsid tsid{};
  WallTime issued_at;
};

// TicketDesk issues and accepts the tickets of one shard.
// Layout: name[16] nonce[12] AES-256-GCM( version(1) home_shard(2) tsid(32)
//         issued_at(8) session ); associated data: name and version.
// Source: Sallyport 5.8 (items 2, 3, 5, 7, 8, 9).
// Borrows: nothing; it must outlive the ServerContexts and Engines that use it.
class TicketDesk {
 public:
  static constexpr std::chrono::hours kLifetimeMin{1};    // TS 33.203 O.2.1
  static constexpr std::chrono::hours kLifetimeMax{168};  // RFC 8446 4.6.1
  static constexpr std::chrono::hours kLifetimeDefault{24};
  // What sealing adds to a session.
  static constexpr size_t kOverheadBytes = 16 + 12 + (1 + 2 + 32 + 8) + 16;

  struct Options {
    uint16_t home_shard = 0;
    uint16_t shards = 0;  // tickets of homes below this are theirs to open
    std::chrono::seconds lifetime = kLifetimeDefault;  // clamped to min and max
    size_t revoked_max = 65536;
  };
  struct Counters {  // written by the shard
    uint64_t issued = 0;
    uint64_t accepted = 0;  // opened; the TLS stack may still refuse
    uint64_t unknown_key = 0;
    uint64_t forged = 0;  // bad tag, bad length, bad version
    uint64_t too_old = 0;
    uint64_t revoked = 0;
    uint64_t not_home = 0;
  };
  struct Opened {
    TicketIdentity identity;
    size_t session_bytes = 0;  // written to `session`
  };

  // Why a ticket was not accepted.
  enum class Refusal : uint8_t {
    kNone,
    kUnknownKey,
    kForged,
    kTooOld,
    kRevoked,
    kNotHome,  // of another shard of this process, which was not asked
  };

  TicketDesk(const Options& options, TicketKeys::Snapshot keys, WallTime now);
  TicketDesk(const TicketDesk&) = delete;
  TicketDesk& operator=(const TicketDesk&) = delete;

  // Once per loop turn; the clock of the TLS library follows it.
  void SetNow(WallTime now) { now_ = now; }
  void SetKeys(TicketKeys::Snapshot keys);
  // A connection that offers a ticket with this tsid gets a full handshake and
  // a fresh tsid. False on overflow: rotate the keys with `keep` zero.
  [[nodiscard]] bool Revoke(const Tsid& tsid);

  // Writes the ticket to `out`; 0 when it has no room for
  // session.size() + kOverheadBytes.
  [[nodiscard]] size_t Seal(const Tsid& tsid, std::span<const uint8_t> session,
                            std::span<uint8_t> out);
  // Nothing when the ticket must be ignored; `refusal`, if given, says why.
  [[nodiscard]] std::optional<Opened> Open(std::string_view ticket,
                                           std::span<uint8_t> session,
                                           Refusal* refusal = nullptr);

  WallTime now() const { return now_; }
  std::chrono::seconds lifetime() const { return options_.lifetime; }
  uint16_t home_shard() const { return options_.home_shard; }
  const TicketKeys& keys() const { return *keys_; }
  const Counters& counters() const { return counters_; }

 private:
  Refusal Judge(const TicketIdentity& identity) const;
  void Count(Refusal refusal);

  Options options_;
  TicketKeys::Snapshot keys_;
  WallTime now_;
  RevokedSessions revoked_;
  WallTime refuse_until_{};  // tickets issued until then are refused
  Counters counters_;
};

// A name for logs and metric labels.
std::string_view ToString(TicketDesk::Refusal refusal);

// The shard that issued the ticket (the bytes of TLS 1.2's session_ticket or
// TLS 1.3's pre_shared_key identity); nothing when no key opens it. Its age is
// not judged: the home shard does that. Bounds: kTicketBytesMax; a longer
// ticket is not ours.
inline constexpr size_t kTicketBytesMax = 4096;
[[nodiscard]] std::optional<uint16_t> TicketHome(const TicketKeys& keys,
                                                 std::string_view ticket);

}  // namespace sallyport::net::tls

#endif  // NET_TLS_TICKET_H_
