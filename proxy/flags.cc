#include "proxy/flags.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/flags/usage_config.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/sip/limits.h"
#include "net/limits.h"
#include "proxy/flag_checks.h"
#include "proxy/home_core.h"

// ---- where it listens
ABSL_FLAG(std::string, tls_listen, "0.0.0.0:5061",
          "protected server port, SIP over TLS: IP:PORT[;access=CLASS][,...], "
          "IPv4 or [IPv6]. CLASS is other, or 3gpp for a 3GPP radio access, "
          "where digest with TLS must not be used: a REGISTER that arrives "
          "there gets 403, and nothing else is served; default: other");
ABSL_FLAG(std::string, sip_listen, "0.0.0.0:5060",
          "unprotected SIP, UDP and TCP on the same port: "
          "IP:PORT[;access=CLASS][,...], as in --tls_listen (over UDP 3gpp "
          "means no answer at all)");
ABSL_FLAG(std::string, core_listen, "127.0.0.1:5070",
          "where the home core sends terminating requests, UDP and TCP: IP:PORT");
ABSL_FLAG(std::string, core_tls_listen, "",
          "the same over TLS: IP:PORT; the core must show a certificate for "
          "which --core_tls_ca vouches, and is told to come here. Empty: off");
ABSL_FLAG(std::string, admin_listen, "127.0.0.1:9061",
          "HTTP for operators (/metrics, /healthz, /readyz): IP:PORT");
ABSL_FLAG(bool, admin_show_identities, false,
          "let /associations show private and public identities in clear");

// ---- the home network
ABSL_FLAG(std::string, home_core, "",
          "next hop(s) for REGISTER: sip:HOST:PORT;transport=tcp (or udp, "
          "tls)[,...], at most 16; sips: is the same as transport=tls. A HOST "
          "name is resolved by DNS again and again, port and "
          "transport too where they are not given (RFC 3263; /etc/hosts is not "
          "looked at). ;priority=N: lower is asked first (0 to 65535; default: "
          "the place in the list, from 1); ;weight=N: the share within one "
          "priority (0 to 65535; default 1). Empty: DNS of the --home_domains");
ABSL_FLAG(
    std::string, core_tls_ca, "",
    "whom to trust about the core over TLS, PEM: FILE; a server must have "
    "a certificate for the host that was asked for. Empty: "
    "/etc/ssl/certs/ca-certificates.crt, if there is one. Read again at "
    "SIGHUP");
ABSL_FLAG(
    std::string, core_tls_certificate, "",
    "our certificate chain for the core, PEM: FILE; shown to a server that "
    "asks for one, and at --core_tls_listen (there empty: those of "
    "--tls_certificate). Read again at SIGHUP");
ABSL_FLAG(std::string, core_tls_private_key, "",
          "private key of --core_tls_certificate, PEM: FILE");
ABSL_FLAG(std::string, dns_servers, "",
          "whom the resolver asks: IP:PORT[,...]; empty: /etc/resolv.conf");
ABSL_FLAG(std::string, core_peers, "",
          "addresses that may speak to --core_listen (and --core_tls_listen) "
          "besides those of "
          "--home_core: ADDRESS or ADDRESS/BITS[,...]");
ABSL_FLAG(std::string, home_domains, "",
          "domains that a REGISTER may name in its Request-URI: NAME[,...]; "
          "empty: any, then --home_core must say where they go");

// ---- names
ABSL_FLAG(std::string, domain, "",
          "the proxy's own host name, in Via, Path and Record-Route; default: "
          "the machine's host name");
ABSL_FLAG(std::string, visited_network_id, "",
          "P-Visited-Network-ID, and the operator's name in charging headers; "
          "default: --domain");
ABSL_FLAG(std::string, ioi_prefix, "Type 1",
          "what stands before the name in orig-ioi and term-ioi");
ABSL_FLAG(std::string, access_network_info, "IEEE-802.11",
          "access type in the network-provided P-Access-Network-Info");

// ---- certificates and tickets
ABSL_FLAG(std::string, tls_certificate, "",
          "certificate chain, PEM: FILE[,...] (ECDSA and RSA, or for SNI); "
          "empty: a self-signed one is made for --domain and kept in "
          "--state_directory. Read again at SIGHUP");
ABSL_FLAG(std::string, tls_private_key, "",
          "private key, PEM: FILE[,...], in the order of --tls_certificate");
ABSL_FLAG(std::string, state_directory, "",
          "where the self-signed certificate is kept; default: "
          "$XDG_STATE_HOME/sallyport or $HOME/.local/state/sallyport");
ABSL_FLAG(std::string, ticket_key_file, "",
          "session ticket keys, newest first, a line NAME SECRET MADE_AT each "
          "(hex, hex, seconds): shared by the nodes of a site, read again at "
          "SIGHUP; made at the first start when the file does not exist. "
          "Empty: random keys that end with the process");
ABSL_FLAG(absl::Duration, ticket_lifetime, absl::Hours(24),
          "how long a session ticket may resume (1h to 168h)");
ABSL_FLAG(absl::Duration, ticket_rotation, absl::Hours(24),
          "a fresh ticket key is made this often when --ticket_key_file is "
          "empty (10m to 168h); old keys open for eight days more");

// ---- protocol (names of values: see the conformance page)
ABSL_FLAG(bool, tls_required, true,
          "accept only initial REGISTER unprotected, discard the rest");
ABSL_FLAG(std::string, clear_action, "discard",
          "what an unprotected request gets: discard, or reject403 (TCP only, "
          "for diagnosis)");
ABSL_FLAG(std::string, clear_register_without_tls_offer, "421",
          "an unprotected REGISTER that does not offer TLS gets 421 (or 494), "
          "or forward");
ABSL_FLAG(std::string, integrity_profile, "published",
          "published: tls-pending before tls-yes; seed: tls-yes at once "
          "(unsafe with registrars that then skip the digest)");
ABSL_FLAG(std::string, secagree_verify, "strict",
          "strict: a Security-Verify that differs gets 494; off");
ABSL_FLAG(std::string, resumption_policy, "rebind",
          "rebind: a resumed TLS session may take over its association; fresh: "
          "it counts as a new one");
ABSL_FLAG(bool, rebind_ip_change, false,
          "a resumed session may rebind from another IP address");
ABSL_FLAG(std::string, impi_mismatch_action, "403",
          "a REGISTER with another private identity on an associated session: "
          "403 (only value)");
ABSL_FLAG(std::string, service_route_mismatch, "replace",
          "a Route list that differs from Service-Route: replace, or 400");
ABSL_FLAG(uint32_t, flow_lost_code, 480,
          "answer to a request for a UE whose connection is lost: 480, 430, 500");
ABSL_FLAG(bool, assoc_without_digest, false,
          "a 200 to a REGISTER that was never challenged creates an association");
ABSL_FLAG(bool, close_on_auth_failure, true,
          "close the TLS connection and revoke its session after a 403 to a "
          "tls-pending REGISTER");
ABSL_FLAG(std::string, unregistered_tls_action, "discard",
          "a request on TLS without association gets: discard, or reject403");
ABSL_FLAG(std::string, strip_pai_to_ue, "on-privacy-id",
          "remove P-Asserted-Identity towards the UE: on-privacy-id, or always");
ABSL_FLAG(std::string, outbound, "off",
          "flows of RFC 5626, several for one instance: off (only value)");
ABSL_FLAG(std::string, annex_n_plain_digest, "off",
          "associations by IP address for digest without TLS: off (only value)");
ABSL_FLAG(std::string, unmatched_cancel, "481",
          "a CANCEL of nothing that is known gets: 481 (only value)");
ABSL_FLAG(std::string, emergency_in_clear, "off",
          "forward unprotected emergency requests: off (only value); they are "
          "discarded, as all that is not protected, so emergency traffic needs "
          "another way");
ABSL_FLAG(bool, lenient, false, "accept lines that end with LF alone");
ABSL_FLAG(std::string, reg_event, "on",
          "watch the registrations of associated users, to end what the network "
          "ends (SUBSCRIBE to the reg event): on, off");

// ---- threads
ABSL_FLAG(int, shards, 0, "threads, each with its own ring; 0: one per core");
ABSL_FLAG(bool, pin_shards, true, "pin each shard to a core");

// ---- bounds, each per shard
ABSL_FLAG(uint32_t, connections_max, 65536,
          "TCP connections per shard; more are refused at accept (16 to 1048576)");
ABSL_FLAG(uint32_t, connections_per_source_max, 0,
          "TCP connections of one source per shard, access side; more are "
          "closed at accept. 0: no limit, because whole cities sit behind one "
          "address of a carrier (0 to 1048576)");
ABSL_FLAG(uint32_t, datagrams_per_source_max, 0,
          "datagrams to one source in a second per shard, access side; more "
          "answers are dropped. 0: no limit (0 to 1000000)");
ABSL_FLAG(uint32_t, source_prefix_ipv4, 32,
          "bits of an IPv4 address that make one source (8 to 32)");
ABSL_FLAG(uint32_t, source_prefix_ipv6, 64,
          "bits of an IPv6 address that make one source (16 to 128)");
ABSL_FLAG(uint32_t, handshakes_max, 16384,
          "TLS handshakes in progress per shard; at half of them newcomers wait "
          "in the kernel's queue while the shard is busy with others, and past "
          "all of them they are closed at accept "
          "(1 to 1048576)");
ABSL_FLAG(uint32_t, associations_max, 65536,
          "associations per shard; at the bound a new UE gets 503 "
          "(1 to 16000000)");
ABSL_FLAG(uint32_t, transactions_max, 32768,
          "transactions per shard; at the bound a new request gets 503 "
          "(16 to 4000000)");
ABSL_FLAG(uint32_t, transactions_per_connection_max, 64,
          "transactions that one UE may have in progress; more get 503 "
          "(1 to 65536)");
ABSL_FLAG(uint32_t, core_registers_max, 16384,
          "REGISTERs per shard that the core has not answered yet; at three "
          "quarters of them a UE that is not registered gets 503, at all of them "
          "everybody (4 to 1000000)");
ABSL_FLAG(uint32_t, associations_per_impi_max, 5,
          "devices of one private identity, on all shards together (1 to 1000); "
          "a new one takes the place of one that is not connected, or gets 503. "
          "While mail between shards is under way, or lost, one more may be let "
          "in: it is ended when its user's desk hears of it, at the latest after "
          "--news_interval");
ABSL_FLAG(uint32_t, desk_associations_max, 0,
          "associations on all shards that a shard keeps account of, for the "
          "private identities whose desk it is; what rests on it holds for more "
          "of them on each shard alone. 0: an eighth more than "
          "--associations_max (0 to 18000000)");
ABSL_FLAG(uint32_t, identities_per_association_max, 32,
          "public identities of one association (1 to 255)");
ABSL_FLAG(uint32_t, challenge_contexts_max, 16384,
          "security agreements in progress per shard (16 to 1000000)");
ABSL_FLAG(uint32_t, unassociated_bytes_max, 16384,
          "bytes of an unfinished message on a connection without association "
          "(1024 to 65535)");
ABSL_FLAG(uint32_t, head_bytes_max, sallyport::sip::kHeadBytesMax,
          "bytes of a message up to its empty line; a longer one gets 513 and "
          "ends its connection (1024 to 16384)");
ABSL_FLAG(uint32_t, body_bytes_max, sallyport::sip::kBodyBytesMax,
          "bytes of a message's body; a longer one gets 413 and ends its "
          "connection (0 to 49152)");
ABSL_FLAG(uint32_t, header_fields_max, sallyport::sip::kHeaderFieldsMax,
          "header fields of a message; more get 513 (16 to 128)");
ABSL_FLAG(uint32_t, header_value_bytes_max, sallyport::sip::kHeaderValueBytesMax,
          "bytes of one header value; a longer one gets 513 (256 to 8192)");
ABSL_FLAG(uint32_t, via_values_max, sallyport::sip::kViaValuesMax,
          "values of Via; more get 513 (1 to 70)");
ABSL_FLAG(uint32_t, route_values_max, sallyport::sip::kRouteValuesMax,
          "values of Route, and as many of Record-Route; more get 513 (1 to 32)");
ABSL_FLAG(uint32_t, register_contacts_max, sallyport::sip::kRegisterContactsMax,
          "Contact values of a REGISTER; more get 513 (1 to 10)");
ABSL_FLAG(uint32_t, request_uri_bytes_max, sallyport::sip::kRequestUriBytesMax,
          "bytes of a Request-URI; a longer one gets 414 (64 to 1024)");
ABSL_FLAG(uint64_t, queued_bytes_max, sallyport::net::kQueuedBytesDefault,
          "bytes queued for one slow peer; it is closed at the bound "
          "(131072 to 67108864)");
ABSL_FLAG(uint64_t, core_queued_bytes_max, 8u << 20,
          "bytes queued for one core peer; requests get 504 at the bound "
          "(131072 to 67108864)");
ABSL_FLAG(uint64_t, retained_bytes_max, 256u << 20,
          "bytes of messages that the transactions of a shard keep; more get "
          "503 (1048576 to 68719476736)");
ABSL_FLAG(uint64_t, send_bytes_max, sallyport::net::kSendBytesDefault,
          "bytes queued for all phones of a shard together; who wants more is "
          "closed; core peers have --core_queued_bytes_max beyond it "
          "(1048576 to 68719476736)");
ABSL_FLAG(uint32_t, ring_entries, sallyport::net::kRingEntriesDefault,
          "submissions in a shard's ring (64 to 32768, a power of two)");
ABSL_FLAG(uint32_t, receive_buffers, sallyport::net::kReceiveBuffersDefault,
          "receive buffers of a shard (16 to 32768, a power of two)");
ABSL_FLAG(uint32_t, receive_buffer_bytes, sallyport::net::kReceiveBufferBytesDefault,
          "bytes of one receive buffer (1024 to 65536)");
ABSL_FLAG(uint32_t, mailbox_messages, sallyport::net::kMailboxMessagesDefault,
          "messages under way from one shard to another (16 to 65536, a power "
          "of two)");
ABSL_FLAG(uint32_t, core_names_max, 64,
          "host names of the core kept resolved per shard; the least recently "
          "used makes room, those of --home_core stay (32 to 1024)");
ABSL_FLAG(uint32_t, core_targets_max, 256,
          "core addresses whose health is kept per shard; others are taken for "
          "healthy (16 to 65536)");
ABSL_FLAG(uint32_t, core_failures_max, 3,
          "failures in a row after which a core address is asked last (1 to "
          "1000)");
ABSL_FLAG(uint32_t, revoked_sessions_max, 65536,
          "revoked TLS sessions remembered per shard (16 to 10000000)");

// ---- times
ABSL_FLAG(absl::Duration, handshake_timeout, absl::Seconds(10),
          "a TLS handshake must end within this time (100ms to 5m)");
ABSL_FLAG(absl::Duration, unregistered_timeout, absl::Seconds(32),
          "a TLS connection must get an association within this time "
          "(100ms to 1h)");
ABSL_FLAG(absl::Duration, challenge_timeout, absl::Seconds(240),
          "... and after a relayed 401 within this time (1s to 1h)");
ABSL_FLAG(absl::Duration, message_timeout, absl::Seconds(10),
          "a message that has begun must end within this time (100ms to 5m)");
ABSL_FLAG(absl::Duration, registration_grace, absl::Seconds(30),
          "an association outlives its registration by this (0 to 1h)");
ABSL_FLAG(absl::Duration, suspend_max, absl::Hours(24 * 7),
          "an association without connection is kept at most this long "
          "(1s to 168h)");
ABSL_FLAG(absl::Duration, deregistered_linger, absl::Seconds(5),
          "a connection whose association was ended or replaced is kept for so "
          "long, for what is on its way to it (0 to 5m)");
ABSL_FLAG(absl::Duration, news_interval, absl::Minutes(5),
          "a shard tells the desks of its users again of its associations this "
          "often, in case mail was lost; what was not told for three times as "
          "long is forgotten (1s to 1h)");
ABSL_FLAG(absl::Duration, timer_f_core, absl::Seconds(32),
          "a request to the core ends after this time (100ms to 5m)");
ABSL_FLAG(absl::Duration, timer_f_ue, absl::Seconds(128),
          "a request to a UE ends after this time (100ms to 10m)");
ABSL_FLAG(absl::Duration, reg_event_backoff_min, absl::Seconds(2),
          "first pause before a SUBSCRIBE of --reg_event that failed is tried "
          "again (100ms to 1h); doubled with each failure in a row");
ABSL_FLAG(absl::Duration, reg_event_backoff_max, absl::Hours(1),
          "longest such pause, and the one after a refusal for good "
          "(1s to 24h)");
ABSL_FLAG(absl::Duration, close_timeout, absl::Seconds(5),
          "what is queued at a close must leave within this time (10ms to 1m)");
ABSL_FLAG(absl::Duration, drain_timeout, absl::Seconds(5),
          "after SIGTERM transactions may end within this time (0 to 10m)");
ABSL_FLAG(absl::Duration, core_connect_timeout, absl::Seconds(4),
          "a connection to a core peer must stand within this time, its TLS "
          "handshake included (10ms to 1m)");
ABSL_FLAG(absl::Duration, core_rest_min, absl::Seconds(1),
          "a core address that failed is not tried again for so long, twice as "
          "long after each failed try (10ms to 5m)");
ABSL_FLAG(absl::Duration, core_rest_max, absl::Minutes(1),
          "... at most so long; also the most that a Retry-After of the core "
          "may ask for (10ms to 1h)");
ABSL_FLAG(absl::Duration, core_resolve_timeout, absl::Seconds(5),
          "a request waits so long for a name of the core, then it gets 504 "
          "(100ms to 32s)");
ABSL_FLAG(absl::Duration, core_stale_max, absl::Hours(1),
          "what DNS said last is used so much longer than it said while it "
          "does not answer (0 to 168h)");
ABSL_FLAG(absl::Duration, core_probe_interval, absl::Seconds(30),
          "an OPTIONS goes to an entry point of which nothing was heard for so "
          "long (0: never, or 1s to 1h)");
ABSL_FLAG(absl::Duration, core_backoff_min, absl::Milliseconds(100),
          "first pause before a core peer is tried again (10ms to 1m)");
ABSL_FLAG(absl::Duration, core_backoff_max, absl::Seconds(5),
          "longest pause before a core peer is tried again (10ms to 10m)");

namespace sallyport::proxy {
namespace {

constexpr std::string_view kUsage =
    R"(SIP-over-TLS edge proxy (IMS P-CSCF for SIP digest with TLS).

  sallyport --home_core='sip:192.0.2.20:5060;transport=tcp' \
            --domain=pcscf1.ims.example.com \
            --tls_certificate=chain.pem --tls_private_key=key.pem

Without --tls_certificate it makes a self-signed certificate for --domain.
It prints one line `ready tls=... sip=... core=... admin=... shards=N` when it
serves. SIGTERM and SIGINT drain and end it (status 0), SIGHUP reads certificates,
keys and ticket keys again. A wrong flag ends the start with status 2.
In production keep the flags in a file: --flagfile=FILE.)";

// Abseil ends the process itself when a flag is unknown or does not parse, with
// status 1, also for --help. Ours are 2 and 0.
int g_status_of_early_exit = -1;

void ExitFromFlags() {
  if (g_status_of_early_exit < 0) return;
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  _exit(g_status_of_early_exit);
}

bool AsksForHelp(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::string_view arg = argv[i];
    while (absl::ConsumePrefix(&arg, "-")) {
    }
    if (absl::StartsWith(arg, "help") || arg == "version") return true;
  }
  return false;
}

absl::StatusOr<std::vector<Endpoint>> Endpoints(std::string_view flag,
                                                const std::string& text) {
  std::vector<Endpoint> endpoints;
  for (std::string_view part : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::optional<Endpoint> endpoint = Endpoint::Parse(part);
    if (!endpoint) {
      return Wrong(flag, absl::StrCat("`", part,
                                      "` is not IP:PORT or [IPv6]:PORT"));
    }
    endpoints.push_back(*endpoint);
  }
  if (endpoints.empty()) return Wrong(flag, "no address is given");
  return endpoints;
}

// Takes `;access=CLASS` off each listener of a list; gives the bare list.
absl::StatusOr<std::string> TakeClasses(
    std::string_view flag, const std::string& text,
    std::vector<Options::AccessClass>& classes) {
  std::vector<std::string> bare;
  for (std::string_view part : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const size_t semicolon = part.find(';');
    const std::string_view param =
        semicolon == part.npos ? "" : part.substr(semicolon);
    if (!param.empty() && param != ";access=3gpp" && param != ";access=other") {
      return Wrong(flag, absl::StrCat("`", param, "` is not ;access=3gpp or "
                                                  ";access=other"));
    }
    classes.push_back(param == ";access=3gpp" ? Options::AccessClass::k3gpp
                                              : Options::AccessClass::kOther);
    bare.emplace_back(part.substr(0, semicolon));
  }
  return absl::StrJoin(bare, ",");
}

absl::StatusOr<std::vector<Endpoint>> AccessListeners(
    std::string_view flag, const std::string& text,
    std::vector<Options::AccessClass>& classes) {
  auto bare = TakeClasses(flag, text, classes);
  if (!bare.ok()) return bare.status();
  return Endpoints(flag, *bare);
}

std::vector<std::string> SplitList(const std::string& text) {
  return absl::StrSplit(text, ',', absl::SkipEmpty());
}

std::string HostName() {
  char name[256] = "localhost";
  gethostname(name, sizeof(name) - 1);
  return name;
}

std::string DefaultStateDirectory() {
  const auto env = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (const std::string base = env("XDG_STATE_HOME"); !base.empty()) {
    return base + "/sallyport";
  }
  if (const std::string home = env("HOME"); !home.empty()) {
    return home + "/.local/state/sallyport";
  }
  return "/var/lib/sallyport";
}

int CoresOfThisProcess() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

absl::Status FillListeners(Options& options) {
  auto tls = AccessListeners("tls_listen", absl::GetFlag(FLAGS_tls_listen),
                             options.tls_access);
  if (!tls.ok()) return tls.status();
  auto sip = AccessListeners("sip_listen", absl::GetFlag(FLAGS_sip_listen),
                             options.sip_access);
  if (!sip.ok()) return sip.status();
  auto core = Endpoints("core_listen", absl::GetFlag(FLAGS_core_listen));
  if (!core.ok()) return core.status();
  if (core->size() != 1) return Wrong("core_listen", "takes one address");
  auto admin = Endpoints("admin_listen", absl::GetFlag(FLAGS_admin_listen));
  if (!admin.ok()) return admin.status();
  if (admin->size() != 1) return Wrong("admin_listen", "takes one address");
  // The last two are for the core.
  if (tls->size() + sip->size() + 2 > sallyport::net::kListenersMax) {
    return Wrong("tls_listen, --sip_listen",
                 absl::StrCat("more than ", sallyport::net::kListenersMax - 2,
                              " addresses"));
  }
  options.tls_listen = *std::move(tls);
  options.sip_listen = *std::move(sip);
  options.core_listen = core->front();
  options.admin_listen = admin->front();
  if (const std::string& dns = absl::GetFlag(FLAGS_dns_servers); !dns.empty()) {
    auto servers = Endpoints("dns_servers", dns);
    if (!servers.ok()) return servers.status();
    options.dns_servers = *std::move(servers);
  }
  options.admin_show_identities = absl::GetFlag(FLAGS_admin_show_identities);
  return absl::OkStatus();
}

// With the authorities of the whole world anybody could come in.
absl::Status FillCoreTlsListen(Options& options) {
  const std::string text = absl::GetFlag(FLAGS_core_tls_listen);
  if (text.empty()) return absl::OkStatus();
  auto core = Endpoints("core_tls_listen", text);
  if (!core.ok()) return core.status();
  if (core->size() != 1) return Wrong("core_tls_listen", "takes one address");
  if (options.core_tls_ca.empty()) {
    return Wrong("core_tls_ca",
                 "is empty; --core_tls_listen needs to know who may come");
  }
  options.core_tls_listen = core->front();
  return absl::OkStatus();
}

absl::Status FillCoreTls(Options& options) {
  options.core_tls_ca = absl::GetFlag(FLAGS_core_tls_ca);
  const CertificateFiles files{
      .chain = absl::GetFlag(FLAGS_core_tls_certificate),
      .key = absl::GetFlag(FLAGS_core_tls_private_key)};
  if (files.chain.empty() != files.key.empty()) {
    return Wrong(
        files.key.empty() ? "core_tls_private_key" : "core_tls_certificate",
        "is empty; certificate and key go together");
  }
  if (!files.chain.empty()) options.core_certificate = files;
  const auto& home = options.edge.home_core;
  options.core_tls_wanted =
      !options.core_tls_ca.empty() || options.core_certificate ||
      std::any_of(home.begin(), home.end(), [](const CoreTarget& target) {
        return target.transport == sip::Transport::kTls;
      });
  return FillCoreTlsListen(options);
}

absl::Status FillCertificates(Options& options) {
  const auto chains = SplitList(absl::GetFlag(FLAGS_tls_certificate));
  const auto keys = SplitList(absl::GetFlag(FLAGS_tls_private_key));
  if (chains.size() != keys.size()) {
    return Wrong("tls_private_key",
                 absl::StrCat(keys.size(), " key file(s) for ", chains.size(),
                              " certificate file(s) of --tls_certificate"));
  }
  for (size_t i = 0; i < chains.size(); ++i) {
    options.certificates.push_back({.chain = chains[i], .key = keys[i]});
  }
  options.state_directory = absl::GetFlag(FLAGS_state_directory);
  if (options.state_directory.empty()) {
    options.state_directory = DefaultStateDirectory();
  }
  options.ticket_key_file = absl::GetFlag(FLAGS_ticket_key_file);
  options.ticket_lifetime = absl::GetFlag(FLAGS_ticket_lifetime);
  options.ticket_rotation = absl::GetFlag(FLAGS_ticket_rotation);
  if (auto status = InRange("ticket_lifetime", options.ticket_lifetime,
                            absl::Hours(1), absl::Hours(168));
      !status.ok()) {
    return status;
  }
  return InRange("ticket_rotation", options.ticket_rotation, absl::Minutes(10),
                 absl::Hours(168));
}

absl::Status FillNames(EdgeConfig& edge) {
  edge.domain = absl::GetFlag(FLAGS_domain);
  if (edge.domain.empty()) edge.domain = HostName();
  for (char c : edge.domain) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '.' &&
        c != '-' && c != ':' && c != '[' && c != ']') {
      return Wrong("domain", absl::StrCat("`", edge.domain,
                                          "` is not a host name"));
    }
  }
  edge.visited_network_id = absl::GetFlag(FLAGS_visited_network_id);
  if (edge.visited_network_id.empty()) edge.visited_network_id = edge.domain;
  edge.ioi = absl::StrCat(absl::GetFlag(FLAGS_ioi_prefix),
                          edge.visited_network_id);
  edge.access_network_info = absl::GetFlag(FLAGS_access_network_info);
  const std::pair<std::string_view, const std::string&> texts[] = {
      {"visited_network_id", edge.visited_network_id},
      {"ioi_prefix", edge.ioi},
      {"access_network_info", edge.access_network_info}};
  for (const auto& [flag, text] : texts) {
    if (text.find_first_of("\"\\\r\n") != std::string::npos) {
      return Wrong(flag, "must not hold quotes, backslashes or line ends");
    }
  }
  edge.home_domains = SplitList(absl::GetFlag(FLAGS_home_domains));
  if (edge.home_domains.size() > absl::GetFlag(FLAGS_core_names_max) / 2) {
    return Wrong("home_domains", "more than half of --core_names_max");
  }
  return absl::OkStatus();
}

absl::Status FillCore(EdgeConfig& edge) {
  auto targets = ParseHomeCore(absl::GetFlag(FLAGS_home_core));
  if (!targets.ok()) return Wrong("home_core", targets.status().message());
  edge.home_core = *std::move(targets);
  for (const std::string& part : SplitList(absl::GetFlag(FLAGS_core_peers))) {
    const std::optional<Cidr> cidr = Cidr::Parse(part);
    if (!cidr) {
      return Wrong("core_peers", absl::StrCat("`", part,
                                              "` is not ADDRESS or "
                                              "ADDRESS/BITS"));
    }
    edge.core_peers.push_back(*cidr);
  }
  for (const CoreTarget& target : edge.home_core) {
    if (!target.literal()) continue;  // as the resolver will say
    const IpAddress& address = target.endpoint.address;
    edge.core_peers.push_back(
        {.address = address,
         .prefix_bits = static_cast<uint8_t>(address.size() * 8)});
  }
  return absl::OkStatus();
}

absl::Status FillPolicy(EdgeConfig& edge) {
  edge.tls_required = absl::GetFlag(FLAGS_tls_required);
  edge.rebind_ip_change = absl::GetFlag(FLAGS_rebind_ip_change);
  edge.assoc_without_digest = absl::GetFlag(FLAGS_assoc_without_digest);
  edge.close_on_auth_failure = absl::GetFlag(FLAGS_close_on_auth_failure);
  edge.lenient = absl::GetFlag(FLAGS_lenient);
  absl::Status status;
  const auto choose = [&status](std::string_view flag, const std::string& value,
                                std::initializer_list<std::string_view> names) {
    auto index = OneOf(flag, value, names);
    if (!index.ok() && status.ok()) status = index.status();
    return index.value_or(0);
  };
  edge.clear_action = static_cast<EdgeConfig::ClearAction>(choose(
      "clear_action", absl::GetFlag(FLAGS_clear_action),
      {"discard", "reject403"}));
  edge.clear_register_without_tls_offer =
      static_cast<EdgeConfig::ClearRegister>(
          choose("clear_register_without_tls_offer",
                 absl::GetFlag(FLAGS_clear_register_without_tls_offer),
                 {"421", "forward"}));
  edge.integrity_profile = static_cast<EdgeConfig::IntegrityProfile>(
      choose("integrity_profile", absl::GetFlag(FLAGS_integrity_profile),
             {"published", "seed"}));
  edge.secagree_verify_strict =
      choose("secagree_verify", absl::GetFlag(FLAGS_secagree_verify),
             {"strict", "off"}) == 0;
  edge.resumption_policy = static_cast<EdgeConfig::ResumptionPolicy>(
      choose("resumption_policy", absl::GetFlag(FLAGS_resumption_policy),
             {"rebind", "fresh"}));
  choose("impi_mismatch_action", absl::GetFlag(FLAGS_impi_mismatch_action),
         {"403"});
  choose("outbound", absl::GetFlag(FLAGS_outbound), {"off"});
  choose("annex_n_plain_digest", absl::GetFlag(FLAGS_annex_n_plain_digest),
         {"off"});
  choose("unmatched_cancel", absl::GetFlag(FLAGS_unmatched_cancel), {"481"});
  choose("emergency_in_clear", absl::GetFlag(FLAGS_emergency_in_clear),
         {"off"});
  edge.service_route_mismatch_400 =
      choose("service_route_mismatch",
             absl::GetFlag(FLAGS_service_route_mismatch),
             {"replace", "400"}) == 1;
  edge.unregistered_tls_action = static_cast<EdgeConfig::UnregisteredTls>(
      choose("unregistered_tls_action",
             absl::GetFlag(FLAGS_unregistered_tls_action),
             {"discard", "reject403"}));
  edge.strip_pai_always =
      choose("strip_pai_to_ue", absl::GetFlag(FLAGS_strip_pai_to_ue),
             {"on-privacy-id", "always"}) == 1;
  edge.reg_event =
      choose("reg_event", absl::GetFlag(FLAGS_reg_event), {"on", "off"}) == 0;
  const uint32_t code = absl::GetFlag(FLAGS_flow_lost_code);
  choose("flow_lost_code", absl::StrCat(code), {"480", "430", "500"});
  edge.flow_lost_code = static_cast<uint16_t>(code);
  return status;
}

absl::Status FillBounds(Options& o) {
  Ranges ranges;
  ranges
      .Take(FLAGS_connections_max, 16u, 1u << 20, o.streams_max)
      .Take(FLAGS_connections_per_source_max, 0u, 1u << 20,
            o.connections_per_source)
      .Take(FLAGS_datagrams_per_source_max, 0u, 1'000'000u,
            o.edge.datagrams_per_source)
      .Take(FLAGS_source_prefix_ipv4, 8u, 32u, o.edge.source_prefix.v4_bits)
      .Take(FLAGS_source_prefix_ipv6, 16u, 128u, o.edge.source_prefix.v6_bits)
      .Take(FLAGS_handshakes_max, 1u, 1u << 20, o.handshakes_max)
      .Take(FLAGS_associations_max, 1u, 16'000'000u,
            o.edge.associations_max)
      .Take(FLAGS_transactions_max, 16u, 4'000'000u,
            o.edge.transactions_max)
      .Take(FLAGS_transactions_per_connection_max, 1u, 65536u,
            o.edge.transactions_per_flow_max)
      .Take(FLAGS_core_registers_max, 4u, 1'000'000u,
            o.edge.core_registers_max)
      .Take(FLAGS_associations_per_impi_max, 1u, 1000u,
            o.edge.associations_per_impi_max)
      .Take(FLAGS_desk_associations_max, 0u, 18'000'000u,
            o.edge.desk_associations_max)
      .Take(FLAGS_identities_per_association_max, 1u, 255u,
            o.edge.identities_per_association_max)
      .Take(FLAGS_challenge_contexts_max, 16u, 1'000'000u,
            o.edge.challenge_contexts_max)
      .Take(FLAGS_unassociated_bytes_max, 1024u, 65535u,
            o.edge.unassociated_bytes_max)
      .Take(FLAGS_queued_bytes_max, uint64_t{131072},
            uint64_t{net::kQueuedBytesCeiling}, o.queued_bytes_max)
      .Take(FLAGS_core_queued_bytes_max, uint64_t{131072},
            uint64_t{net::kQueuedBytesCeiling}, o.core_queued_bytes_max)
      .Take(FLAGS_retained_bytes_max, uint64_t{1} << 20, uint64_t{1} << 36,
            o.edge.retained_bytes_max)
      .Take(FLAGS_send_bytes_max, uint64_t{1} << 20, uint64_t{1} << 36,
            o.send_bytes_max)
      .Take(FLAGS_ring_entries, 64u, 32768u, o.ring_entries)
      .Take(FLAGS_receive_buffers, 16u, net::kReceiveBuffersCeiling,
            o.receive_buffers)
      .Take(FLAGS_receive_buffer_bytes, 1024u, 65536u,
            o.receive_buffer_bytes)
      .Take(FLAGS_mailbox_messages, 16u, 65536u, o.mailbox_messages)
      .Take(FLAGS_core_names_max, 32u, 1024u, o.edge.core_names_max)
      .Take(FLAGS_core_targets_max, 16u, 65536u, o.edge.core_targets_max)
      .Take(FLAGS_core_failures_max, 1u, 1000u, o.edge.core_failures_max)
      .Take(FLAGS_revoked_sessions_max, 16u, 10'000'000u,
            o.revoked_sessions_max)
      .PowerOfTwo(FLAGS_ring_entries)
      .PowerOfTwo(FLAGS_receive_buffers)
      .PowerOfTwo(FLAGS_mailbox_messages);
  return ranges.status();
}

absl::Status FillMessageLimits(sip::MessageLimits& limits) {
  Ranges ranges;
  ranges
      .Take(FLAGS_head_bytes_max, 1024u, uint32_t{sip::kHeadBytesMax},
            limits.head_bytes)
      .Take(FLAGS_body_bytes_max, 0u, uint32_t{sip::kBodyBytesMax},
            limits.body_bytes)
      .Take(FLAGS_header_fields_max, 16u, uint32_t{sip::kHeaderFieldsMax},
            limits.header_fields)
      .Take(FLAGS_header_value_bytes_max, 256u,
            uint32_t{sip::kHeaderValueBytesMax}, limits.header_value_bytes)
      .Take(FLAGS_via_values_max, 1u, uint32_t{sip::kViaValuesMax},
            limits.via_values)
      .Take(FLAGS_route_values_max, 1u, uint32_t{sip::kRouteValuesMax},
            limits.route_values)
      .Take(FLAGS_register_contacts_max, 1u,
            uint32_t{sip::kRegisterContactsMax}, limits.register_contacts)
      .Take(FLAGS_request_uri_bytes_max, 64u,
            uint32_t{sip::kRequestUriBytesMax}, limits.request_uri_bytes);
  return ranges.status();
}

absl::Status FillTimes(Options& o) {
  using absl::Hours, absl::Milliseconds, absl::Minutes, absl::Seconds;
  Ranges ranges;
  ranges
      .Time(FLAGS_handshake_timeout, Milliseconds(100), Minutes(5),
            o.handshake_timeout)
      .Time(FLAGS_unregistered_timeout, Milliseconds(100), Hours(1),
            o.edge.unregistered)
      .Time(FLAGS_challenge_timeout, Seconds(1), Hours(1),
            o.edge.challenged)
      .Time(FLAGS_message_timeout, Milliseconds(100), Minutes(5),
            o.edge.message)
      .Time(FLAGS_registration_grace, Seconds(0), Hours(1),
            o.edge.registration_grace)
      .Time(FLAGS_suspend_max, Seconds(1), Hours(168),
            o.edge.suspend_max)
      .Time(FLAGS_deregistered_linger, Seconds(0), Minutes(5),
            o.edge.deregistered_linger)
      .Time(FLAGS_news_interval, Seconds(1), Hours(1),
            o.edge.news_interval)
      .Time(FLAGS_timer_f_core, Milliseconds(100), Minutes(5),
            o.edge.timer_f_core)
      .Time(FLAGS_timer_f_ue, Milliseconds(100), Minutes(10),
            o.edge.timer_f_ue)
      .Time(FLAGS_reg_event_backoff_min, Milliseconds(100), Hours(1),
            o.edge.reg_event_backoff_min)
      .Time(FLAGS_reg_event_backoff_max, Seconds(1), Hours(24),
            o.edge.reg_event_backoff_max)
      .Time(FLAGS_close_timeout, Milliseconds(10), Minutes(1),
            o.close_timeout)
      .Time(FLAGS_drain_timeout, Seconds(0), Minutes(10),
            o.drain_timeout)
      .Time(FLAGS_core_connect_timeout, Milliseconds(10), Minutes(1),
            o.core_connect_timeout)
      .Time(FLAGS_core_backoff_min, Milliseconds(10), Minutes(1),
            o.core_backoff_min)
      .Time(FLAGS_core_backoff_max, Milliseconds(10), Minutes(10),
            o.core_backoff_max)
      .Time(FLAGS_core_rest_min, Milliseconds(10), Minutes(5),
            o.edge.core_rest_min)
      .Time(FLAGS_core_rest_max, Milliseconds(10), Hours(1),
            o.edge.core_rest_max)
      .Time(FLAGS_core_resolve_timeout, Milliseconds(100), Seconds(32),
            o.edge.core_resolve_timeout)
      .Time(FLAGS_core_probe_interval, Seconds(0), Hours(1),
            o.edge.core_probe_interval)
      .Time(FLAGS_core_stale_max, Seconds(0), Hours(168),
            o.edge.core_stale_max);
  if (ranges.status().ok() && o.core_backoff_min > o.core_backoff_max) {
    return Wrong("core_backoff_min", "is longer than --core_backoff_max");
  }
  if (ranges.status().ok() &&
      o.edge.reg_event_backoff_min > o.edge.reg_event_backoff_max) {
    return Wrong("reg_event_backoff_min",
                 "is longer than --reg_event_backoff_max");
  }
  if (ranges.status().ok() && o.edge.core_rest_min > o.edge.core_rest_max) {
    return Wrong("core_rest_min", "is longer than --core_rest_max");
  }
  if (o.edge.core_probe_interval > Millis{0} &&
      o.edge.core_probe_interval < Millis{1'000}) {
    return Wrong("core_probe_interval", "is not 0 and less than 1s");
  }
  return ranges.status();
}

absl::Status FillShards(Options& options) {
  int shards = absl::GetFlag(FLAGS_shards);
  if (shards == 0) shards = CoresOfThisProcess();
  if (auto status = InRange("shards", shards, 1, int{net::kShardsMax} - 1);
      !status.ok()) {
    return status;
  }
  options.shards = shards;
  options.pin_shards = absl::GetFlag(FLAGS_pin_shards);
  options.edge.shards = static_cast<uint16_t>(shards);
  return absl::OkStatus();
}

void TakeArguments(int argc, char** argv, std::vector<char*>& positional) {
  absl::SetProgramUsageMessage(kUsage);
  absl::FlagsUsageConfig config;
  config.contains_helpshort_flags = [](absl::string_view file) {
    return absl::StrContains(file, "proxy/flags.cc");
  };
  config.contains_help_flags = config.contains_helpshort_flags;
  absl::SetFlagsUsageConfig(config);
  g_status_of_early_exit = AsksForHelp(argc, argv) ? 0 : 2;
  std::atexit(ExitFromFlags);
  positional = absl::ParseCommandLine(argc, argv);
  g_status_of_early_exit = -1;
}

}  // namespace

absl::StatusOr<Options> ParseCommandLine(int argc, char** argv) {
  std::vector<char*> positional;
  TakeArguments(argc, argv, positional);
  if (positional.size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "`", positional[1], "` is not a flag; all options are flags (--help)"));
  }
  Options options;
  absl::Status status = FillListeners(options);
  status.Update(FillCertificates(options));
  status.Update(FillNames(options.edge));
  status.Update(FillCore(options.edge));
  status.Update(FillCoreTls(options));
  status.Update(FillPolicy(options.edge));
  status.Update(FillShards(options));
  status.Update(FillBounds(options));
  status.Update(FillMessageLimits(options.edge.message_limits));
  status.Update(FillTimes(options));
  if (!status.ok()) return status;
  return options;
}

}  // namespace sallyport::proxy
