// NextHops says where in the home network a request goes next: to an entry
// point of the home core, or along a Service-Route. It keeps the answers of the
// resolver and the health of what they name.
#ifndef CORE_ROUTING_NEXT_HOPS_H_
#define CORE_ROUTING_NEXT_HOPS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/endpoint.h"
#include "core/base/slab.h"
#include "core/base/time.h"
#include "core/edge_config.h"
#include "core/resolution.h"
#include "core/routing/hop_targets.h"
#include "core/sip/values.h"

namespace sallyport::routing {

// What one transaction has tried. Source: RFC 3261 16.6: each once
class HopTries {
 public:
  static constexpr size_t kMax = 8;

  bool Has(uint64_t mark) const;
  bool full() const { return count_ == kMax; }
  bool empty() const { return count_ == 0; }
  void Add(uint64_t mark);

 private:
  std::array<uint64_t, kMax> marks_{};
  uint8_t count_ = 0;
};

using NameId = SlotHandle;

struct HopChoice {
  enum class Kind : uint8_t {
    kTarget,
    kWait,     // a name is being resolved
    kResting,  // what is left has asked to be left alone for a while
    kNone,     // nothing is left
  };
  Kind kind = Kind::kNone;
  Endpoint endpoint;  // kTarget
  sip::Transport transport = sip::Transport::kTcp;
  // Over TLS: the name that was asked for, which the peer must prove; empty:
  // its address. Borrowed until the next choice. Source: RFC 5922 7.3
  std::string_view host;
  TargetId target;    // its health; may be invalid
  uint64_t mark = 0;  // Mark() of it
  NameId name;      // of a Service-Route; invalid: the home core's
  bool ask = false;  // `name` is to be asked for now: Ask()
  bool rests = false;  // kWait of the home core: and something known rests
};

// Bounds: names_max names; the least recently used one that is not the home
//         core's makes room, and when there is none the newcomer leads nowhere.
//         kTargetsMax targets of each name. HopTargets bounds what health is
//         kept. One transaction tries HopTries::kMax of them.
// Cost:   choosing: no heap but for a name or an address that is new; O(what
//         there is to choose from).
// Laws:   the same calls with the same Entropy give the same choices.
class NextHops {
 public:
  static constexpr size_t kTargetsMax = 32;

  // `entropy` outlives it.
  NextHops(const EdgeConfig& config, Entropy& entropy);

  // ---- choosing. What did not answer lately is asked last: with nobody else
  // to ask, a guess of ours must not be an outage.
  // For a REGISTER to this domain; who asked for a rest gets it.
  // Source: Sallyport 6.4, 6.8
  HopChoice ChooseHome(std::string_view domain, const HopTries& tries,
                       Instant now);
  // Along a Service-Route, which nobody else can take the place of.
  HopChoice ChooseHost(const HostQuestion& question, const HopTries& tries,
                       Instant now);
  HopChoice ChooseAddress(const Endpoint& endpoint, sip::Transport transport,
                          const HopTries& tries, Instant now,
                          std::string_view host = {});
  // Names a target in HopTries.
  static uint64_t Mark(const Endpoint& endpoint, sip::Transport transport,
                       std::string_view host);
  // A request goes to what was chosen.
  void Begin(const HopChoice& choice, HopTries& tries, Instant now);

  // ---- what became of it
  void Succeeded(TargetId target, Instant now) {
    targets_.Succeeded(target, now);
  }
  void Failed(TargetId target, Instant now) { targets_.Failed(target, now); }
  void RestFor(TargetId target, Millis asked, Instant now) {
    targets_.RestFor(target, asked, now);
  }
  void Lost(const Endpoint& peer, sip::Transport transport, Instant now,
            std::string_view host = {}) {
    targets_.Failed(targets_.Find(peer, transport, host), now);
  }

  // ---- probes of the home core's entries (see HopTargets)
  // What to send one to now; kNone: nothing.
  HopChoice BeginProbe(Millis quiet, Instant now);
  void EndProbe(TargetId target) { targets_.EndProbe(target); }
  Instant NextProbe(Millis quiet, Instant now) const {
    return targets_.NextProbe(quiet, now);
  }

  // ---- names
  // Those of the home core are resolved before anybody asks, again and again:
  // their owner calls Ask() at NextAsk().
  const std::vector<NameId>& home_names() const { return home_names_; }
  Instant NextAsk(NameId name) const;
  // The question to put now; it counts as under way until its answer, or for
  // kAnswerMax. Nothing: it is under way already, or the name is gone.
  std::optional<HostQuestion> Ask(NameId name, Instant now);
  // The name whose answer it is; invalid: nobody's.
  NameId OnAnswer(const HostAnswer& answer, Instant now);
  bool IsHomeName(NameId name) const;

  // ---- who may speak on the core side
  bool IsEntryPoint(const IpAddress& address) const {
    return targets_.IsEntry(address);
  }
  bool Knows(const IpAddress& address) const {
    return targets_.Knows(address);
  }

  const HopTargets& targets() const { return targets_; }
  uint32_t names() const { return names_.size(); }
  void CheckInvariants() const;

 private:
  // An answer that does not come was lost on its way.
  static constexpr Millis kAnswerMax{30'000};
  static constexpr Millis kFreshMin{1'000};  // no busy asking, whatever a TTL
  static constexpr Millis kFreshMax{24 * 3'600'000};

  struct Hop {
    Endpoint endpoint;
    sip::Transport transport = sip::Transport::kTcp;
    uint32_t priority = 0;
    uint32_t weight = 0;
    TargetId id;
    uint64_t mark = 0;  // Mark()
  };
  struct Name {
    std::string host;
    uint16_t port = 0;
    std::optional<sip::Transport> transport;
    uint64_t mark = 0;
    bool home = false;
    bool asking = false;
    Instant asking_until{};
    Instant fresh_until = Instant::min();  // failures too: not asked before
    Instant stale_until = Instant::min();
    Instant used{};
    std::vector<Hop> hops;  // by priority
  };
  struct Entry {
    uint32_t priority = 0;
    uint32_t weight = 0;
    NameId name;  // invalid: `hop`
    Hop hop;
    std::string host;  // of `hop`, where the operator named it; else empty
  };
  struct HomeSet {
    std::string domain;  // empty: any
    std::vector<Entry> entries;  // by priority
  };
  // Of what may be chosen.
  enum class Health : uint8_t {
    kGood,
    kOpen,  // also what did not answer lately
    kAny,   // also what asked to be left alone
  };

  Entry EntryOf(const CoreTarget& target, size_t place);
  NameId FindName(const HostQuestion& question) const;
  NameId AddName(const HostQuestion& question, bool home, Instant now);
  bool MakeRoom(Instant now);
  void Forget(Name& name);
  void Replace(Name& name, std::span<const HostTarget> targets, Instant now);
  bool Asking(const Name& name, Instant now) const {
    return name.asking && now < name.asking_until;
  }

  bool Usable(const Hop& hop, const HopTries& tries, Health health,
              Instant now) const;
  bool Usable(const Entry& entry, const HopTries& tries, Health health,
              Instant now) const;
  const Hop* DrawHop(std::span<const Hop> hops, const HopTries& tries,
                     Health health, Instant now);
  HopChoice DrawHome(const HomeSet& set, const HopTries& tries, Instant now);
  std::span<const Hop> HopsOf(const Entry& entry, Instant now) const;
  static std::span<const Hop> HopsOf(const Name& name, Instant now);
  bool AnyRests(std::span<const Hop> hops, const HopTries& tries,
                Instant now) const;
  template <typename T, typename IsUsable>
  const T* Draw(std::span<const T> items, IsUsable&& usable);
  std::string_view HostOf(const Entry& entry) const;
  Hop HopTo(const Endpoint& endpoint, sip::Transport transport,
            std::string_view host, Instant now);
  static HopChoice Chosen(const Hop& hop, std::string_view host);

  Entropy& entropy_;
  const Millis stale_max_;
  HopTargets targets_;
  Slab<Name> names_;
  std::vector<NameId> home_names_;
  std::vector<HomeSet> home_;
};

}  // namespace sallyport::routing

#endif  // CORE_ROUTING_NEXT_HOPS_H_
