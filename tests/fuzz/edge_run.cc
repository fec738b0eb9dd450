#include "tests/fuzz/edge_run.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/time.h"
#include "core/resolution.h"
#include "core/sip/values.h"
#include "core/testing/fakes.h"
#include "tests/fuzz/naive_sip.h"

namespace sallyport::fuzz {
namespace {

using Kind = NewsView::Kind;

constexpr ShardId kOtherShard = 1;  // in a configuration with two
constexpr size_t kFlowsMax = 12;
constexpr size_t kTextMax = 8192;  // of one step

Endpoint At(std::string_view address, uint16_t port) {
  return {*IpAddress::Parse(address), port};
}
// Each connection of a UE has an address of its own, so that a Via tells them
// apart; phones that share one differ by port.
Endpoint UeAt(size_t host, size_t port) {
  return At(absl::StrCat("203.0.113.", 10 + host),
            static_cast<uint16_t>(40000 + port));
}
Endpoint CoreAt(size_t node) {
  constexpr std::string_view kNodes[] = {"192.0.2.20", "192.0.2.21",
                                         "192.0.2.30"};
  return At(kNodes[node % 3], 5060);
}

constexpr std::string_view kUsers[] = {"alice", "bob", "carol"};
constexpr std::string_view kMethods[] = {
    "MESSAGE", "OPTIONS",   "INVITE", "PUBLISH", "ACK",     "CANCEL",
    "BYE",     "SUBSCRIBE", "FOO",    "NOTIFY",  "REGISTER"};

// A response as a peer writes it: what must be copied is.
std::string Respond(const NaiveMessage& request, int code,
                    std::string_view lines) {
  std::string text = absl::StrCat("SIP/2.0 ", code, " Answer\r\n");
  for (const std::string& via : request.Values("via")) {
    absl::StrAppend(&text, "Via: ", via, "\r\n");
  }
  const std::string to = request.Value("to");
  const bool tagged = to.find(";tag=") != to.npos || code == 100;
  absl::StrAppend(&text, "From: ", request.Value("from"), "\r\nTo: ", to,
                  tagged ? "" : ";tag=far", "\r\nCall-ID: ");
  absl::StrAppend(&text, request.Value("call-id"),
                  "\r\nCSeq: ", request.Value("cseq"), "\r\n", lines,
                  "Content-Length: 0\r\n\r\n");
  return text;
}

// Three digits, or what there is of them.
int StatusOf(const EdgeStep& step, int otherwise) {
  if (step.how.size() < 4) return otherwise;
  return static_cast<int>(100 * (1 + step.Pick(1, 6)) + 10 * step.Pick(2, 10) +
                          step.Pick(3, 10));
}

uint64_t Number(std::string_view text) {
  uint64_t state = text.size();
  for (const char c : text) state = Spread(state ^ static_cast<uint8_t>(c));
  return state;
}

}  // namespace

EdgeConfig ConfigOf(std::string_view letters) {
  const auto says = [letters](char c) {
    return letters.find(c) != letters.npos;
  };
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.lenient = says('l');
  config.tls_required = !says('c');
  config.secagree_verify_strict = !says('v');
  config.rebind_ip_change = says('i');
  config.assoc_without_digest = says('d');
  config.close_on_auth_failure = !says('a');
  config.service_route_mismatch_400 = says('m');
  config.strip_pai_always = says('p');
  config.reg_event = says('e');
  if (says('2')) config.shards = 2;
  if (says('h')) config.home_domains.clear();
  if (says('s')) {
    config.integrity_profile = EdgeConfig::IntegrityProfile::kSeed;
  }
  if (says('f')) {
    config.resumption_policy = EdgeConfig::ResumptionPolicy::kFresh;
  }
  if (says('r')) {
    config.clear_action = EdgeConfig::ClearAction::kReject403;
    config.unregistered_tls_action = EdgeConfig::UnregisteredTls::kReject403;
  }
  if (says('o')) {
    config.clear_register_without_tls_offer =
        EdgeConfig::ClearRegister::kForward;
  }
  if (says('g')) config.listen_3gpp = {At("198.51.100.10", 5061)};
  if (says('b')) config.core_probe_interval = Millis{30'000};
  if (says('1')) config.identities_per_association_max = 2;
  for (CoreTarget& target : config.home_core) {
    if (says('u')) target.transport = sip::Transport::kUdp;
    if (says('n')) {
      target = {.endpoint = {},
                .transport = {},
                .host = target.host + ".test",
                .any_transport = true};
    }
  }
  return config;
}

EdgeRun::EdgeRun(const EdgeConfig& config, uint64_t salt)
    : config_(config), net_(config), laws_(config_), salt_(salt) {}

void EdgeRun::Play(const EdgeStep& whole) {
  EdgeStep step = whole;
  step.text = step.text.substr(0, kTextMax);
  switch (step.kind) {
    case 'O':
      return OpenFlow(step);
    case 'R':
      return SendRegister(step);
    case 'M':
      return SendRequest(step);
    case 'B':
      return SendFromUe(step, step.text);
    case 'U':
    case 'V':
      return SendDatagram(step);
    case 'E':
      return AnswerFromUe(step);
    case 'A':
      return AnswerFromCore(step);
    case 'G':
      return GrantFromCore(step);
    case 'T':
      return RequestFromCore(step);
    case 'N':
      return Notify(step);
    case 'K':
      return SendFromCore(step);
    case 'S':
      return Resolve(step);
    case 'W':
      return Pass(step);
    case 'X':
      return Lose(step);
    case 'L':
      return LosePeer(step);
    case 'D':
    case 'Q':
      return Share(step);
    default:
      return;  // the script is a fuzzer's
  }
}

// ---------------------------------------------------------------- connections

void EdgeRun::OpenFlow(const EdgeStep& step) {
  if (open_.size() == kFlowsMax) return;
  const Endpoint peer = UeAt(step.Pick(1, 8), open_.size() + marks_);
  ++marks_;
  laws_.OnOther();
  switch (step.how.empty() ? 't' : step.how[0]) {
    case 'c':
      open_.push_back({net_.OpenClearTcp(peer.ToString()), peer});
      laws_.OnOpened(open_.back().flow, peer, 0, net_.now());
      break;
    case 'k':
    case 'x': {
      const Endpoint from =
          step.how[0] == 'k' ? Endpoint{CoreAt(step.Pick(1, 3)).address, 40000}
                             : At("198.18.0.1", 5060);
      open_.push_back({net_.OpenCore(from.ToString()), from, true});
      break;
    }
    default:
      OpenTls(peer, step);
  }
  Settle();
}

bool EdgeRun::Revoked(int session) const {
  const TlsSessionId& id = sessions_[static_cast<size_t>(session - 1)];
  return std::find(net_.revoked.begin(), net_.revoked.end(), id) !=
         net_.revoked.end();
}

// A ticket of a session that was revoked resumes nothing: the handshake draws a
// new identity.
void EdgeRun::OpenTls(const Endpoint& peer, const EdgeStep& step) {
  int session = 0;
  if (step.Says('r') && !sessions_.empty()) {
    session = static_cast<int>(step.Pick(2, sessions_.size())) + 1;
    if (Revoked(session)) session = 0;
  }
  const bool resumed = session != 0;
  if (!resumed) {
    session = static_cast<int>(sessions_.size()) + 1;
    sessions_.emplace_back().fill(static_cast<uint8_t>(session));
  }
  open_.push_back(
      {net_.OpenTls(peer.ToString(), static_cast<uint8_t>(session), resumed),
       peer});
  laws_.OnOpened(open_.back().flow, peer, session, net_.now());
}

const EdgeRun::Open* EdgeRun::PickFlow(const EdgeStep& step, size_t place,
                                       bool core) const {
  std::array<const Open*, kFlowsMax> side{};
  size_t count = 0;
  for (const Open& each : open_) {
    if (each.core == core) side[count++] = &each;
  }
  return count == 0 ? nullptr : side[step.Pick(place, count)];
}

void EdgeRun::Lose(const EdgeStep& step) {
  if (open_.empty()) return;
  laws_.OnOther();
  net_.Close(open_[step.Pick(0, open_.size())].flow);
  Settle();
}

void EdgeRun::LosePeer(const EdgeStep& step) {
  laws_.OnOther();
  const bool udp = step.Says('u');
  net_.PeerLost({.endpoint = CoreAt(step.Pick(0, 3)),
                 .transport = udp ? sip::Transport::kUdp : sip::Transport::kTcp,
                 .host = {}});
  Settle();
}

// ---------------------------------------------------------------- UEs

std::string EdgeRun::Branch() { return absl::StrCat("z9hG4bKf", ++marks_); }

void EdgeRun::FromUe(const Open& from, std::string_view bytes) {
  laws_.OnFromUe(from.flow, from.peer, bytes);
  net_.Receive(from.flow, bytes);
  Settle();
}

void EdgeRun::FromUeByUdp(const Endpoint& peer, std::string_view bytes) {
  clear_udp_ = net_.ClearUdp();
  laws_.OnFromUe(clear_udp_, peer, bytes);
  net_.ReceiveFrom(clear_udp_, peer.ToString(), bytes);
  Settle();
}

void EdgeRun::SendFromUe(const EdgeStep& step, std::string_view bytes) {
  const Open* from = PickFlow(step, 0, /*core=*/false);
  if (from != nullptr) FromUe(*from, bytes);
}

// The user stands in place 1; then letters.
void EdgeRun::SendRegister(const EdgeStep& step) {
  const std::string_view user = kUsers[step.Pick(1, 3)];
  RegisterText text{.user = std::string(user),
                    .impi = absl::StrCat(user, "_private@ims.example.com"),
                    .branch = Branch(),
                    .call_id = absl::StrCat("reg-", user),
                    .cseq = ++cseq_,
                    .extra = std::string(step.text)};
  if (step.Says('n')) text.impi.clear();
  if (step.Says('a')) text.response = "r1";
  if (step.Says('z')) text.expires = "0";
  if (step.Says('y')) text.user += "2";  // another identity of the same user
  if (step.Says('j')) text.impi = "Mallory@IMS.example.com";
  if (step.Says('i')) text.instance = absl::StrCat("urn:uuid:", user);
  if (step.Says('*')) {
    text.contact = "*";
    text.expires.clear();
    text.extra = absl::StrCat("Expires: 0\r\n", text.extra);
  }
  text.secagree = step.Says('s');
  text.verify = step.Says('v');
  if (step.Says('u')) {
    text.transport = "UDP";
    return FromUeByUdp(UeAt(step.Pick(0, 8), 1), text.Text());
  }
  SendFromUe(step, text.Text());
}

void EdgeRun::SendRequest(const EdgeStep& step) {
  const std::string_view method = kMethods[step.Pick(1, std::size(kMethods))];
  SendFromUe(step, RequestText{.method = std::string(method),
                               .branch = Branch(),
                               .call_id = absl::StrCat("call-", marks_),
                               .cseq = ++cseq_,
                               .extra = std::string(step.text)}
                       .Text());
}

void EdgeRun::SendDatagram(const EdgeStep& step) {
  if (step.kind == 'V')
    return FromCoreByUdp(CoreAt(step.Pick(0, 3)), step.text);
  FromUeByUdp(UeAt(step.Pick(0, 8), 1), step.text);
}

template <typename T>
const T* EdgeRun::PickBack(const EdgeStep& step,
                           const std::vector<T>& all) const {
  if (all.empty()) return nullptr;
  return &all[all.size() - 1 - step.Pick(0, all.size())];
}

// 'o': from another connection than the one that got the request.
void EdgeRun::AnswerFromUe(const EdgeStep& step) {
  const AtUe* request = PickBack(step, at_ues_);
  if (request == nullptr) return;
  const std::string response =
      Respond(ReadNaively(request->text), StatusOf(step, 200), step.text);
  if (step.Says('o')) return SendFromUe(step, response);
  for (const Open& each : open_) {
    if (each.flow == request->flow) return FromUe(Open(each), response);
  }
}

// ---------------------------------------------------------------- the core

std::string EdgeRun::Mark(std::string_view names) {
  std::string mark = absl::StrCat(absl::Hex(Spread(salt_ + ++marks_)));
  laws_.OnMarked(mark, names);
  return mark;
}

void EdgeRun::FromCore(FlowId flow, std::string_view bytes) {
  laws_.OnFromCore(flow, bytes);
  net_.Receive(flow, bytes);
  Settle();
}

void EdgeRun::FromCoreByUdp(const Endpoint& peer, std::string_view bytes) {
  const FlowId flow = net_.CoreUdp();
  laws_.OnFromCore(flow, bytes);
  net_.ReceiveFrom(flow, peer.ToString(), bytes);
  Settle();
}

void EdgeRun::ToRequest(const Sent& request, const std::string& response) {
  if (request.to.transport == sip::Transport::kUdp) {
    return FromCoreByUdp(request.to.peer, response);
  }
  FromCore(net_.CoreLink(request.to.peer), response);
}

void EdgeRun::AnswerFromCore(const EdgeStep& step) {
  const Sent* picked = PickBack(step, passed_on_);
  if (picked == nullptr) return;
  const Sent request = *picked;
  const NaiveMessage message = ReadNaively(request.text);
  ToRequest(request,
            Respond(message, StatusOf(step, 401),
                    absl::StrCat("X-Mark: ", Mark(NaiveTopBranch(message)),
                                 "\r\n", step.text)));
}

void EdgeRun::GrantFromCore(const EdgeStep& step) {
  const Sent* picked = PickBack(step, passed_on_);
  if (picked == nullptr) return;
  const Sent request = *picked;
  const NaiveMessage message = ReadNaively(request.text);
  std::string contact = message.Value("contact");
  contact.resize(std::min(contact.size(), contact.find(";expires=")));
  const size_t seconds = 60 * step.Pick(1, 64);
  std::string lines =
      absl::StrCat("X-Mark: ", Mark(NaiveTopBranch(message)), "\r\n");
  if (seconds > 0) {
    absl::StrAppend(&lines, "Contact: ", contact, ";expires=", seconds, "\r\n");
  }
  absl::StrAppend(&lines,
                  step.text.empty() ? EdgeHarness::kIdentities : step.text);
  ToRequest(request, Respond(message, 200, lines));
}

// Way: 0 a connection of the core, 1 UDP, 2 by another shard.
void EdgeRun::RequestFromCore(const EdgeStep& step) {
  const std::string* path = PickBack(step, paths_);
  if (path == nullptr) return;
  const std::string_view method = kMethods[step.Pick(2, std::size(kMethods))];
  const std::string text =
      RequestText{.method = std::string(method),
                  .uri = "sip:alice@192.168.1.10:5062;transport=tls",
                  .via = "SIP/2.0/TCP 192.0.2.30:5060",
                  .branch = Branch(),
                  .from = "<sip:bob@example.net>;tag=b1",
                  .to = "<sip:alice@ims.example.com>",
                  .call_id = absl::StrCat("term-", marks_),
                  .cseq = ++cseq_,
                  .extra = absl::StrCat(
                      "X-Mark: ", Mark(*path), "\r\nRoute: <sip:", *path,
                      "@pcscf1.ims.example.com:5060;lr>\r\n", step.text)}
          .Text();
  switch (step.Pick(1, 3)) {
    case 0:
      return FromCore(net_.CoreLink(CoreAt(2)), text);
    case 1:
      return FromCoreByUdp(CoreAt(2), text);
    default:
      return HandIn(text);
  }
}

void EdgeRun::HandIn(std::string_view bytes) {
  const FlowId flow{1, {3, 1}};
  laws_.OnFromCore(flow, bytes);
  const Handed handed{.shard = config_.shard,
                      .message = {.flow = flow,
                                  .peer = CoreAt(2),
                                  .info = {.side = Side::kCore,
                                           .transport = sip::Transport::kTcp,
                                           .peer = CoreAt(2),
                                           .local = config_.core_listen},
                                  .bytes = {}},
                      .bytes = std::string(bytes)};
  net_.HandIn(handed);
  Settle();
}

// A NOTIFY within the dialog of a SUBSCRIBE of ours. State: 0 active, 1 ended.
void EdgeRun::Notify(const EdgeStep& step) {
  const Sent* picked = PickBack(step, subscribes_);
  if (picked == nullptr) return;
  const NaiveMessage subscribe = ReadNaively(picked->text);
  const std::string contact = subscribe.Value("contact");
  if (contact.size() < 2) return;
  const std::string to = subscribe.Value("to");
  const bool ended = step.Pick(1, 2) == 1;
  FromCore(
      net_.CoreLink(CoreAt(2)),
      RequestText{.method = "NOTIFY",
                  .uri = contact.substr(1, contact.find('>') - 1),
                  .via = "SIP/2.0/TCP 192.0.2.30:5060",
                  .branch = Branch(),
                  .from = to.find(";tag=") == to.npos ? to + ";tag=far" : to,
                  .to = subscribe.Value("from"),
                  .call_id = subscribe.Value("call-id"),
                  .cseq = ++cseq_,
                  .extra = absl::StrCat(
                      "Event: reg\r\nContact: <sip:192.0.2.30:5060>\r\n"
                      "Content-Type: application/reginfo+xml\r\n"
                      "Subscription-State: ",
                      ended ? "terminated" : "active;expires=600", "\r\n"),
                  .body = std::string(step.text)}
          .Text());
}

// 'h': by another shard; else a connection, or the link to an entry point.
void EdgeRun::SendFromCore(const EdgeStep& step) {
  if (step.Says('h')) return HandIn(step.text);
  const Open* from = PickFlow(step, 0, /*core=*/true);
  FromCore(from != nullptr ? from->flow : net_.CoreLink(CoreAt(0)), step.text);
}

// ---------------------------------------------------------------- the rest

void EdgeRun::Resolve(const EdgeStep& step) {
  const Asked* picked = PickBack(step, net_.asked);
  if (picked == nullptr) return;
  const Asked question = *picked;
  laws_.OnOther();
  const auto outcome = static_cast<HostOutcome>(step.Pick(1, 4));
  if (outcome != HostOutcome::kFound) {
    net_.ResolveFails(question, outcome);
  } else {
    net_.Resolve(question,
                 {{.endpoint = CoreAt(step.Pick(2, 3))},
                  {.endpoint = CoreAt(step.Pick(3, 3)),
                   .transport = sip::Transport::kUdp,
                   .priority = 1}},
                 Millis(1000 << step.Pick(4, 8)));
  }
  Settle();
}

void EdgeRun::Pass(const EdgeStep& step) {
  constexpr int kMillis[] = {1,      100,    500,     2'000,   5'000,
                             10'000, 33'000, 130'000, 250'000, 700'000};
  laws_.OnOther();
  net_.Advance(Millis{kMillis[step.Pick(0, std::size(kMillis))]});
  Settle();
}

void EdgeRun::Share(const EdgeStep& step) {
  laws_.OnOther();
  if (step.kind == 'D') {
    const Told* picked = PickBack(step, net_.told);
    if (picked == nullptr) return;
    const std::string told = picked->news;
    NewsView news = *ReadNews(told);
    constexpr Kind kKinds[] = {Kind::kRegistered, Kind::kStands, Kind::kGone,
                               Kind::kAsk,        Kind::kExcess, Kind::kOlder};
    news.kind = kKinds[step.Pick(1, std::size(kKinds))];
    news.standing.home = kOtherShard;
    Hear(news);
  } else {
    const uint64_t challenge =
        net_.shared.empty() ? Number(step.text)
                            : net_.shared[step.Pick(0, net_.shared.size())];
    net_.Do([&](Edge& edge) { edge.OnChallengeShared(challenge, net_.now()); });
  }
  Settle();
}

void EdgeRun::Hear(const NewsView& news) {
  Told told{.shard = config_.shard, .news = {}};
  WriteNews(news, told.news);
  net_.Tell(told);
}

// The other shard has room for everybody, and takes this one for the home of
// whom it is the desk of.
void EdgeRun::AnswerAsOtherShard() {
  while (heard_ < net_.told.size()) {
    const std::string told = net_.told[heard_++].news;
    NewsView news = *ReadNews(told);
    if (news.kind != Kind::kAsk) continue;
    news.kind = Kind::kRoom;
    Hear(news);
    Settle();
  }
  while (handed_back_ < net_.handed.size()) {
    const Handed handed = net_.handed[handed_back_++];
    if (handed.message.info.side != Side::kAccess) continue;
    net_.HandIn(handed);
    Settle();
  }
}

void EdgeRun::Settle() {
  laws_.Check(net_.sent(), clear_udp_, net_.now());
  for (const Sent& sent : net_.sent()) {
    const bool request = !sent.text.starts_with("SIP/") && sent.text != "\r\n";
    if (!request) continue;
    if (!sent.to_core) {
      at_ues_.push_back({sent.to.flow, sent.text});
      continue;
    }
    const NaiveMessage message = ReadNaively(sent.text);
    const std::string path = NaiveUser(message.Value("path"));
    if (!path.empty()) paths_.push_back(path);
    if (message.method() == "SUBSCRIBE") subscribes_.push_back(sent);
    passed_on_.push_back(sent);
  }
  std::erase_if(open_,
                [this](const Open& each) { return !net_.IsOpen(each.flow); });
  AnswerAsOtherShard();
}

}  // namespace sallyport::fuzz
