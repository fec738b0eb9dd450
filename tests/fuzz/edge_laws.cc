#include "tests/fuzz/edge_laws.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>

#include "absl/log/log.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace sallyport::fuzz {
namespace {

constexpr std::string_view kFlag = "integrity-protected";
constexpr std::string_view kPending = "integrity-protected=\"tls-pending\"";
constexpr std::string_view kYes = "integrity-protected=\"tls-yes\"";

// Cookie, shard, slot and generation: another try of a request shares them.
constexpr size_t kTransactionSize = 7 + 4 + 8 + 8;

// Source: Sallyport 9.1 (what a UE may never say), less what we say ourselves
constexpr std::string_view kNeverFromUe[] = {
    "p-preferred-identity",
    "p-charging-function-addresses",
    "p-associated-uri",
    "service-route",
    "p-called-party-id",
    "p-served-user",
    "p-profile-key",
    "p-asserted-service",
    "p-user-database",
    "p-media-authorization",
    "p-private-network-indication",
    "security-client",
    "security-verify",
    "security-server",
    "feature-caps",
    "resource-priority",
    "history-info",
    "restoration-info",
    "relayed-charge",
    "service-interact-info",
    "response-source",
    "attestation-info",
    "origination-id",
    "cellular-network-info",
    "additional-identity",
};

// Source: Sallyport 9.2
constexpr std::string_view kNeverAtUe[] = {
    "p-charging-vector",    "p-charging-function-addresses",
    "p-visited-network-id", "p-user-database",
    "p-served-user",        "p-profile-key",
    "p-asserted-service",   "p-access-network-info",
    "restoration-info",     "p-private-network-indication",
    "relayed-charge",       "service-interact-info",
    "attestation-info",     "origination-id",
    "security-client",      "security-verify",
};

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

// Line ends are blanks: a folded value leaves on one line.
std::string WithoutFolds(std::string_view text) {
  std::string flat(text);
  for (char& c : flat) {
    if (c == '\r' || c == '\n') c = ' ';
  }
  return flat;
}

// An IMPI as it is compared. Source: Sallyport 4.4, notes
std::string Impi(std::string_view username) {
  const size_t at = username.rfind('@');
  if (at == username.npos) return std::string(username);
  return absl::StrCat(username.substr(0, at), NaiveLower(username.substr(at)));
}

bool SaysNetworkProvided(std::string_view value) {
  for (const NaiveParam& param :
       NaiveParams(value, QuotesEnd::kAtUnescapedQuote)) {
    if (param.name == "network-provided") return true;
  }
  return false;
}

// One of the words between semicolons. Source: RFC 3323 4.2, RFC 3325 9.3
bool AsksToHideIdentity(std::string_view privacy) {
  for (const std::string_view word :
       absl::StrSplit(privacy, absl::ByAnyChar(";,"))) {
    if (NaiveLower(absl::StripAsciiWhitespace(word)) == "id") return true;
  }
  return false;
}

std::string_view TransactionIn(std::string_view branch) {
  return branch.size() < kTransactionSize ? std::string_view()
                                          : branch.substr(0, kTransactionSize);
}

}  // namespace

// ---------------------------------------------------------------- what goes in

std::string EdgeLaws::NameOf(FlowId flow) {
  return absl::StrCat(flow.handle.slot, ".", flow.handle.generation);
}

void EdgeLaws::OnOpened(FlowId flow, const Endpoint& peer, int session,
                        Instant now) {
  peers_[NameOf(flow)] = {.session = session,
                          .tls = session != 0,
                          .address = peer.address,
                          .port = peer.port,
                          .opened = now,
                          .received = {}};
}

void EdgeLaws::OnFromUe(FlowId flow, const Endpoint& peer,
                        std::string_view bytes) {
  std::string name = NameOf(flow);
  if (!peers_.contains(name)) {  // the datagram flow: who sent it
    absl::StrAppend(&name, "@", peer.address.ToString());
    peers_[name].address = peer.address;
    peers_[name].port = peer.port;  // the last of those at this address
  }
  peers_[name].received.append(bytes);
  cause_ = {.peer = name, .core = {}};
}

void EdgeLaws::OnFromCore(FlowId flow, std::string_view bytes) {
  std::string& all = from_core_[absl::StrCat(flow.shard, "/", NameOf(flow))];
  all.append(bytes);
  all_from_core_.append(bytes);
  LearnGrants(all);
  cause_ = {.peer = {}, .core = all};
}

void EdgeLaws::OnMarked(const std::string& mark, std::string_view names) {
  marks_[mark] = names;
}

// A 2xx with a Contact grants what it answers; when one flow brought much, all
// that it could mean. Source: Sallyport 5.3
void EdgeLaws::LearnGrants(std::string_view bytes) {
  if (!Has(bytes, "SIP/2.0 2")) return;
  const std::string lower = NaiveLower(bytes);
  if (!Has(lower, "contact") && !Has(lower, "\nm")) return;
  for (const auto& [transaction, passed] : passed_) {
    if (!Has(bytes, transaction)) continue;
    const auto peer = peers_.find(passed.peer);
    if (peer == peers_.end() || !peer->second.tls) continue;
    bound_.insert(peer->second.session);
    if (passed.marked) {
      granted_[peer->second.session].insert(Impi(passed.username));
    }
  }
}

// ---------------------------------------------------------------- what came
// out

void EdgeLaws::Broken(std::string_view law, std::string_view text) const {
  LOG(FATAL) << "a law is broken: " << law << "\n" << text;
  std::abort();
}

std::string EdgeLaws::PeerOf(const Destination& to, FlowId clear_udp) const {
  if (!to.flow.valid() || to.flow.shard != config_.shard) return "";
  if (to.flow == clear_udp) {
    return absl::StrCat(NameOf(to.flow), "@", to.peer.address.ToString());
  }
  const std::string name = NameOf(to.flow);
  return peers_.contains(name) ? name : "";
}

void EdgeLaws::Check(const std::vector<Sent>& sent, FlowId clear_udp,
                     Instant now) {
  for (const Sent& each : sent) {
    text_ = each.text;
    const std::string peer = PeerOf(each.to, clear_udp);
    if (text_ == "\r\n") continue;  // a pong
    peer.empty() ? CheckToCore(text_) : CheckToUe(peer, text_, now);
  }
}

// ---- towards the core

EdgeLaws::Claim EdgeLaws::ReadClaim(const NaiveMessage& message,
                                    QuotesEnd quotes) {
  Claim claim;
  for (const NaiveRow& row : message.rows) {
    const bool ours = row.name == "authorization";
    if (!ours && row.name != "proxy-authorization") continue;
    for (const NaiveParam& param : NaiveParams(row.value, quotes)) {
      if (param.name != kFlag || param.is_scheme) continue;
      ++claim.count;
      claim.yes = param.text == kYes;
      claim.exact = ours && (claim.yes || param.text == kPending);
      claim.row = row.value;
    }
  }
  return claim;
}

// Whose request it is: as when it was first sent.
EdgeLaws::Passed& EdgeLaws::PassedOn(const NaiveMessage& message) {
  const std::string branch = NaiveTopBranch(message);
  const std::string transaction(TransactionIn(branch));
  if (transaction.empty()) Broken("a branch of ours", text_);
  Passed& passed = passed_[transaction];
  if (!passed.peer.empty()) return passed;
  passed.peer = cause_.peer.empty() ? SourceIn(message) : cause_.peer;
  if (passed.peer.empty()) Broken("a request has a source", text_);
  return passed;
}

// Where a request came from that had to wait: whom the second Via fits best.
std::string EdgeLaws::SourceIn(const NaiveMessage& message) const {
  const std::vector<std::string> vias = message.Values("via");
  if (vias.size() < 2) return "";
  const std::string branch = NaiveParamValue(vias[1], "branch");
  const std::string rport = NaiveParamValue(vias[1], "rport");
  std::string best;
  int most = 0;
  for (const auto& [name, peer] : peers_) {
    const int fits = Has(vias[1], peer.address.ToString()) +
                     2 * (rport == absl::StrCat(peer.port)) +
                     4 * Has(peer.received, branch);  // else it never said it
    if (fits <= most) continue;
    most = fits;
    best = name;
  }
  return best;
}

void EdgeLaws::CheckToCore(std::string_view text) {
  const NaiveMessage message = ReadNaively(text);
  const Claim claim = ReadClaim(message, QuotesEnd::kAtUnescapedQuote);
  const Claim other = ReadClaim(message, QuotesEnd::kAtAnyQuote);
  if (claim.count > 1 || other.count > 1) {
    Broken("one integrity-protected at most", text);
  }
  if (claim.count != other.count) Broken("all readers see the same", text);
  if (claim.count > 0 && (!claim.exact || !other.exact)) {
    Broken("integrity-protected in our words alone", text);
  }
  if (message.is_response()) {
    if (claim.count > 0) Broken("no claim in a response", text);
    return CheckStripped(message);
  }
  if (message.Values("via").size() < 2) {  // a request of our own
    if (claim.count > 0) Broken("no claim in a request of our own", text);
    return;
  }
  CheckStripped(message);
  Passed& passed = PassedOn(message);
  const Peer& peer = peers_.at(passed.peer);
  if (peer.tls) LearnTokens(message, peer.session);
  if (message.method() != "REGISTER") {
    if (claim.count > 0) Broken("a claim stands in REGISTER alone", text);
    return CheckAsserted(message);
  }
  if (claim.count > 0) {
    passed.marked = true;
    passed.username = NaiveParamValue(claim.row, "username");
    CheckRegister(passed, claim);
  }
}

void EdgeLaws::CheckRegister(const Passed& passed, const Claim& claim) {
  const Peer& peer = peers_.at(passed.peer);
  if (!peer.tls) Broken("no claim without TLS", text_);
  if (passed.username.empty()) Broken("a claim has a username", text_);
  if (claim.yes) return CheckYes(peer, passed.username, claim);
  if (NaiveParamValue(claim.row, "response").empty()) {
    Broken("tls-pending stands beside a response", text_);
  }
}

// Source: TS 33.203 O.4.3; Sallyport 4.4 (D5 in the seed profile)
void EdgeLaws::CheckYes(const Peer& peer, const std::string& username,
                        const Claim& claim) const {
  const auto granted = granted_.find(peer.session);
  if (granted != granted_.end() && granted->second.contains(Impi(username))) {
    return;
  }
  const auto challenged = challenged_.find(peer.address.ToString());
  if (config_.integrity_profile == EdgeConfig::IntegrityProfile::kSeed &&
      challenged != challenged_.end() && challenged->second <= peer.opened &&
      !NaiveParamValue(claim.row, "response").empty()) {
    return;
  }
  Broken("tls-yes after a grant to this username on this session", text_);
}

void EdgeLaws::CheckStripped(const NaiveMessage& message) const {
  for (const std::string_view name : kNeverFromUe) {
    if (message.Has(name)) Broken(absl::StrCat("no ", name), text_);
  }
  const bool registers = message.method() == "REGISTER";
  const auto own = [&](std::string_view name, size_t most,
                       std::string_view word) {
    const std::vector<std::string> values = message.Values(name);
    if (values.size() > most) Broken(absl::StrCat("one ", name), text_);
    for (const std::string& value : values) {
      if (!Has(value, word)) Broken(absl::StrCat("our ", name), text_);
    }
  };
  own("path", registers ? 1 : 0, "<sip:t.");
  own("p-visited-network-id", registers ? 1 : 0, config_.visited_network_id);
  own("p-charging-vector", 1, "icid-value=");
  if (registers && message.Has("p-asserted-identity")) {
    Broken("no identity is asserted in REGISTER", text_);
  }
  size_t provided = 0;
  for (const std::string& value : message.Values("p-access-network-info")) {
    if (!SaysNetworkProvided(value)) continue;
    ++provided;
    if (value != config_.access_network_info + ";network-provided") {
      Broken("network-provided in our words", text_);
    }
  }
  if (provided > 1) Broken("one network-provided", text_);
}

// The core has said it before: a UE asserts nothing. What a wildcard allows the
// UE words itself. Source: RFC 3325 5
void EdgeLaws::CheckAsserted(const NaiveMessage& message) const {
  const std::vector<std::string> values = message.Values("p-asserted-identity");
  if (values.size() > 2) Broken("two identities at most", text_);
  if (Has(all_from_core_, "wildcardedIdentity")) return;
  for (const std::string& value : values) {
    if (!Has(all_from_core_, value) &&
        !Has(WithoutFolds(all_from_core_), WithoutFolds(value))) {
      Broken("an identity is known", text_);
    }
  }
}

void EdgeLaws::LearnTokens(const NaiveMessage& message, int session) {
  for (const char* name : {"path", "record-route"}) {
    for (const std::string& value : message.Values(name)) {
      const std::string user = NaiveUser(value);
      const bool ours = user.starts_with("t.") || user.starts_with("r.");
      if (ours && Has(value, config_.domain)) tokens_[user].insert(session);
    }
  }
}

// ---- towards a UE

void EdgeLaws::CheckToUe(const std::string& name, std::string_view text,
                         Instant now) {
  const auto found = peers_.find(name);
  if (found == peers_.end()) Broken("a UE that has sent something", text);
  const NaiveMessage message = ReadNaively(text);
  CheckHidden(message);
  if (message.is_response()) return CheckResponse(name, message, now);
  CheckRequest(found->second, message);
  LearnTokens(message, found->second.session);
}

// Source: RFC 3261 18.2.2; Sallyport 6.1, 9.4
void EdgeLaws::CheckResponse(const std::string& name,
                             const NaiveMessage& message, Instant now) {
  const Peer& peer = peers_.at(name);
  if (message.status() == 401 && message.Has("security-server")) {
    challenged_.emplace(peer.address.ToString(), now);
  }
  if (!cause_.peer.empty()) {
    if (cause_.peer != name) Broken("an answer to who asked", text_);
    return;
  }
  if (cause_.core.empty()) {  // it is late: one of our own
    if (!Has(peer.received, message.Value("call-id"))) {
      Broken("a late answer to who asked", text_);
    }
    return;
  }
  if (const auto mark = marks_.find(message.Value("x-mark"));
      mark != marks_.end()) {
    const auto request = passed_.find(std::string(TransactionIn(mark->second)));
    if (request == passed_.end() || request->second.peer != name) {
      Broken("a response to who sent the request", text_);
    }
    return;
  }
  const bool asked =
      std::any_of(passed_.begin(), passed_.end(), [&](const auto& each) {
        return each.second.peer == name && Has(cause_.core, each.first);
      });
  if (!asked) Broken("a response to who sent the request", text_);
}

// Source: Sallyport 2.7, 9.4
void EdgeLaws::CheckRequest(const Peer& peer,
                            const NaiveMessage& message) const {
  if (!peer.tls) Broken("no request leaves in clear", text_);
  if (!bound_.contains(peer.session)) {
    Broken("a request goes to who has registered", text_);
  }
  if (const auto mark = marks_.find(message.Value("x-mark"));
      mark != marks_.end()) {
    const auto token = tokens_.find(mark->second);
    if (token == tokens_.end() || !token->second.contains(peer.session)) {
      Broken("a request goes to the session that it names", text_);
    }
    return;
  }
  const bool named =
      std::any_of(tokens_.begin(), tokens_.end(), [&](const auto& each) {
        return each.second.contains(peer.session) &&
               Has(cause_.core, each.first);
      });
  if (!named) Broken("a request names a token of the session", text_);
}

// Source: Sallyport 9.2; TS 24.229 7.2A.1
void EdgeLaws::CheckHidden(const NaiveMessage& message) const {
  for (const std::string_view name : kNeverAtUe) {
    if (message.Has(name)) {
      Broken(absl::StrCat("no ", name, " at a UE"), text_);
    }
  }
  const std::vector<std::string> agreed = message.Values("security-server");
  const int status = message.status();
  const bool tells = status == 401 || status == 421 || status == 494;
  if (agreed.size() > (tells ? 1 : 0) ||
      (agreed.size() == 1 && agreed[0] != "tls;q=0.9")) {
    Broken("our Security-Server", text_);
  }
  for (const char* name : {"www-authenticate", "proxy-authenticate"}) {
    for (const std::string& value : message.Values(name)) {
      for (const NaiveParam& param :
           NaiveParams(value, QuotesEnd::kAtUnescapedQuote)) {
        if (param.name == "ck" || param.name == "ik") {
          Broken("no session keys at a UE", text_);
        }
      }
    }
  }
  // Control octets that the naive reader skips make another word of one.
  const bool plain = std::none_of(text_.begin(), text_.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' && !Has("\t\r\n", {&c, 1});
  });
  bool hides = config_.strip_pai_always;
  for (const std::string& value : message.Values("privacy")) {
    hides = hides || (plain && AsksToHideIdentity(value));
  }
  if (hides && message.Has("p-asserted-identity")) {
    Broken("no identity is shown that asks for privacy", text_);
  }
}

}  // namespace sallyport::fuzz
