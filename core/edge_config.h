// What an Edge needs to know before the first message. proxy/ fills it from the
// flags; the same value serves every shard, but for `shard`.
#ifndef CORE_EDGE_CONFIG_H_
#define CORE_EDGE_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/endpoint.h"
#include "core/base/source_prefix.h"
#include "core/base/time.h"
#include "core/flow.h"
#include "core/sip/limits.h"
#include "core/sip/values.h"

namespace sallyport {

// An entry point of the home network: an address, or a name to be resolved.
struct CoreTarget {
  Endpoint endpoint;  // no valid address: `host` is a name, and a port of 0
                      // says that none was given
  sip::Transport transport = sip::Transport::kTcp;
  std::string
      host;  // as the operator wrote it; also matches Service-Route hosts
  // Lower comes first; within one priority the weight counts.
  std::optional<uint16_t> priority = std::nullopt;  // none: its place, from 1
  uint16_t weight = 1;
  bool any_transport = false;  // a name without transport: DNS says it

  bool literal() const { return endpoint.address.valid(); }
  friend bool operator==(const CoreTarget&, const CoreTarget&) = default;
};

struct EdgeConfig {
  ShardId shard = 0;
  uint16_t shards = 1;

  // ---- names (design: --domain, --visited_network_id, --home_core)
  std::string domain;  // in Via, Path, Record-Route
  std::string visited_network_id;
  std::string ioi;  // orig-ioi and term-ioi, whole: `Type 1ims.example.com`
  std::string
      access_network_info;   // our P-Access-Network-Info without the flag
  Endpoint core_listen;      // port in core-facing URIs and Via
  uint16_t core_tls_port = 0;  // of the listener for the core over TLS; 0: none
  uint16_t tls_port = 5061;  // port in UE-facing URIs (flow's own port wins)
  std::vector<std::string> own_hosts;     // names and addresses that mean us
  std::vector<CoreTarget> home_core;      // entry points; none: home_domains
  std::vector<Cidr> core_peers;           // who may speak on the core side
  std::vector<std::string> home_domains;  // served; empty: every domain

  // Gm listeners of access class `3gpp`: digest with TLS is refused there
  // (TS 33.203 N.1, O.1.1). An unspecified address stands for all.
  std::vector<Endpoint> listen_3gpp;

  // ---- policy (spec 0.4)
  bool tls_required = true;
  enum class ClearAction : uint8_t { kDiscard, kReject403 };
  ClearAction clear_action = ClearAction::kDiscard;
  enum class ClearRegister : uint8_t { k421, kForward };
  ClearRegister clear_register_without_tls_offer = ClearRegister::k421;
  enum class IntegrityProfile : uint8_t { kPublished, kSeed };
  IntegrityProfile integrity_profile = IntegrityProfile::kPublished;
  bool secagree_verify_strict = true;
  enum class ResumptionPolicy : uint8_t { kRebind, kFresh };
  ResumptionPolicy resumption_policy = ResumptionPolicy::kRebind;
  bool rebind_ip_change = false;
  bool service_route_mismatch_400 = false;
  uint16_t flow_lost_code = 480;  // 480, 430 or 500
  bool assoc_without_digest = false;
  bool close_on_auth_failure = true;
  enum class UnregisteredTls : uint8_t { kDiscard, kReject403 };
  UnregisteredTls unregistered_tls_action = UnregisteredTls::kDiscard;
  bool strip_pai_always = false;
  bool lenient = false;
  bool reg_event = true;  // watch registrations (spec 2.5 e2)

  // ---- bounds (design rule 5)
  sip::MessageLimits message_limits;
  uint32_t flows_max = 65536;
  uint32_t associations_max = 65536;
  uint32_t transactions_max = 32768;
  uint32_t transactions_per_flow_max = 64;  // of an associated UE
  // REGISTERs that the core has not answered yet. A UE that is not registered
  // finds room in three quarters of it, so 2 is the least.
  uint32_t core_registers_max = 16384;
  uint32_t associations_per_impi_max = 5;   // on all shards together
  // Associations, on any shard, that a desk knows of; 0: an eighth more than
  // associations_max.
  uint32_t desk_associations_max = 0;
  uint32_t identities_per_association_max = 32;
  uint32_t challenge_contexts_max = 16384;
  uint32_t unassociated_bytes_max = 16384;     // buffered per unassociated flow
  uint64_t retained_bytes_max = 256ULL << 20;  // copies that transactions keep
  SourcePrefix source_prefix;  // who counts as one source
  // Datagrams to one source in a second, unprotected side; 0: no limit.
  uint32_t datagrams_per_source = 0;

  uint32_t core_names_max = 64;     // host names that are kept resolved
  uint32_t core_targets_max = 256;  // next hops whose health is kept

  // ---- next hops (spec 6.4, 6.8)
  uint32_t core_failures_max = 3;  // in a row: others are asked first
  Millis core_rest_min{1'000};
  Millis core_rest_max{60'000};
  Millis core_resolve_timeout{5'000};  // a request waits so long for a name
  Millis core_stale_max{3'600'000};    // an answer is used when none is had
  Millis core_probe_interval{0};       // entries that say nothing; 0: none

  // ---- timers (spec 5.9)
  Millis unregistered{32'000};  // T_unreg
  Millis challenged{240'000};   // T_unreg after a relayed 401; T_auth
  Millis message{10'000};       // to complete a started message
  Millis registration_grace{30'000};
  Millis suspend_max{7 * 24 * 3600 * 1000LL};
  Millis deregistered_linger{5'000};
  Millis news_interval{300'000};  // a desk is told again; forgets after three
  Millis timer_f_core{32'000};
  Millis timer_f_ue{128'000};
  // Pauses before a SUBSCRIBE that failed is tried again.
  Millis reg_event_backoff_min{2'000};
  Millis reg_event_backoff_max{3600 * 1000LL};
};

// Chance and authentication codes come from outside: core/ has neither.
class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual uint64_t Next() = 0;  // uniform
};
class Mac {
 public:
  virtual ~Mac() = default;
  // HMAC-SHA-256 of `data` under a key that every shard of the node shares.
  virtual std::array<uint8_t, 32> Sign(std::string_view data) const = 0;
};

}  // namespace sallyport

#endif  // CORE_EDGE_CONFIG_H_
