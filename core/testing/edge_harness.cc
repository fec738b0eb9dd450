#include "core/testing/edge_harness.h"

#include <algorithm>

#include "absl/log/check.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/base/timer_wheel.h"

namespace sallyport {
namespace {

std::string FreshBranch() {
  static int counter = 0;
  return absl::StrCat("z9hG4bKue", ++counter);
}

std::string OrFresh(const std::string& branch) {
  return branch.empty() ? FreshBranch() : branch;
}

Endpoint At(std::string_view text) {
  const auto endpoint = Endpoint::Parse(text);
  CHECK(endpoint.has_value()) << text;
  return *endpoint;
}

}  // namespace

// ---------------------------------------------------------------- reading

namespace {

bool SameLetter(char a, char b) {
  return absl::ascii_tolower(static_cast<unsigned char>(a)) ==
         absl::ascii_tolower(static_cast<unsigned char>(b));
}

// Shows the values of a header's rows to `visit`, until it returns false.
template <typename Visit>
void ForEachRow(std::string_view message, std::string_view name,
                const Visit& visit) {
  size_t begin = message.find("\r\n");
  CHECK_NE(begin, std::string_view::npos) << message;
  for (begin += 2;;) {
    const size_t end = message.find("\r\n", begin);
    CHECK_NE(end, std::string_view::npos) << message;
    if (end == begin) return;  // the end of the head
    const std::string_view line = message.substr(begin, end - begin);
    begin = end + 2;
    if (line.size() <= name.size() || !SameLetter(line[0], name[0])) continue;
    const size_t colon = line.find(':', name.size());
    if (colon != std::string_view::npos &&
        absl::EqualsIgnoreCase(
            absl::StripAsciiWhitespace(line.substr(0, colon)), name) &&
        !visit(absl::StripAsciiWhitespace(line.substr(colon + 1)))) {
      return;
    }
  }
}

}  // namespace

std::vector<std::string> Rows(std::string_view message, std::string_view name) {
  std::vector<std::string> rows;
  ForEachRow(message, name, [&rows](std::string_view value) {
    rows.emplace_back(value);
    return true;
  });
  return rows;
}

std::string_view RowIn(std::string_view message, std::string_view name) {
  std::string_view row;
  ForEachRow(message, name, [&row](std::string_view value) {
    row = value;
    return false;
  });
  return row;
}

std::string Row(std::string_view message, std::string_view name) {
  return std::string(RowIn(message, name));
}

std::string StartLine(std::string_view message) {
  return std::string(message.substr(0, message.find("\r\n")));
}

int StatusOf(std::string_view message) {
  int code = 0;
  if (!absl::StartsWith(message, "SIP/2.0 ")) return 0;
  CHECK(absl::SimpleAtoi(message.substr(8, 3), &code)) << message;
  return code;
}

bool Contains(std::string_view text, std::string_view part) {
  return absl::StrContains(text, part);
}

std::string InBrackets(std::string_view value) {
  const size_t begin = value.find('<'), end = value.find('>');
  CHECK(begin != std::string_view::npos && end != std::string_view::npos)
      << value;
  return std::string(value.substr(begin + 1, end - begin - 1));
}

std::string Replaced(std::string text, std::string_view from,
                     std::string_view to) {
  const size_t place = text.find(from);
  CHECK_NE(place, std::string::npos) << "no " << from << " in " << text;
  return text.replace(place, from.size(), to);
}

// ---------------------------------------------------------------- writing

std::string RegisterText::Text() const {
  std::string text =
      absl::StrCat("REGISTER sip:ims.example.com SIP/2.0\r\n", "Via: SIP/2.0/",
                   transport, " ", sent_by, ";branch=", OrFresh(branch),
                   ";rport\r\n", "Max-Forwards: 70\r\n", "From: <sip:", user,
                   "@ims.example.com>;tag=", user, "-1\r\n", "To: <sip:", user,
                   "@ims.example.com>\r\n", "Call-ID: ", call_id,
                   "\r\nCSeq: ", cseq, " REGISTER\r\n");
  absl::StrAppend(&text, "Contact: ");
  if (contact.empty()) {
    absl::StrAppend(&text, "<sip:", user, "@", sent_by, ";transport=tls>");
  } else {
    absl::StrAppend(&text, contact);
  }
  if (!instance.empty()) {
    absl::StrAppend(&text, ";+sip.instance=\"<", instance, ">\"");
  }
  if (!expires.empty()) absl::StrAppend(&text, ";expires=", expires);
  absl::StrAppend(&text, "\r\nSupported: path\r\n");
  if (secagree) {
    absl::StrAppend(&text, "Require: sec-agree\r\nProxy-Require: sec-agree\r\n",
                    "Security-Client: tls;q=0.9\r\n");
  }
  if (verify) absl::StrAppend(&text, "Security-Verify: tls;q=0.9\r\n");
  if (!impi.empty()) {
    absl::StrAppend(&text, "Authorization: Digest username=\"", impi,
                    "\", realm=\"ims.example.com\", nonce=\"n1\", "
                    "uri=\"sip:ims.example.com\", response=\"",
                    response, "\"\r\n");
  }
  absl::StrAppend(&text, extra, "Content-Length: 0\r\n\r\n");
  return text;
}

std::string RequestText::Text() const {
  return absl::StrCat(
      method, " ", uri, " SIP/2.0\r\nVia: ", via, ";branch=", OrFresh(branch),
      "\r\nMax-Forwards: 70\r\nFrom: ", from, "\r\nTo: ", to,
      "\r\nCall-ID: ", call_id, "\r\nCSeq: ", cseq, " ", method, "\r\n", extra,
      "Content-Length: ", body.size(), "\r\n\r\n", body);
}

std::string ResponseTo(std::string_view request, int code,
                       std::string_view extra) {
  std::string text = absl::StrCat("SIP/2.0 ", code, " Answer\r\n");
  ForEachRow(request, "Via", [&text](std::string_view via) {
    absl::StrAppend(&text, "Via: ", via, "\r\n");
    return true;
  });
  const std::string_view to = RowIn(request, "To");
  const bool tagged = Contains(to, ";tag=") || code <= 100;
  absl::StrAppend(&text, "From: ", RowIn(request, "From"), "\r\nTo: ", to,
                  tagged ? "" : ";tag=far-end");
  absl::StrAppend(&text, "\r\nCall-ID: ", RowIn(request, "Call-ID"),
                  "\r\nCSeq: ", RowIn(request, "CSeq"), "\r\n", extra,
                  "Content-Length: 0\r\n\r\n");
  return text;
}

std::string ImpiOfDesk(const EdgeConfig& config) {
  for (int i = 0;; ++i) {
    std::string impi = absl::StrCat("user", i, "@ims.example.com");
    EdgeHarness desk(config);
    desk.Receive(
        desk.OpenClearTcp(),
        RegisterText{.impi = impi, .transport = "TCP", .secagree = true}
            .Text());
    // A shard keeps what it is the desk of.
    if (desk.handed.empty()) return impi;
  }
}

std::string Grant(std::string_view request, int expires_s,
                  std::string_view extra) {
  std::string contact = Row(request, "Contact");
  const size_t expires = contact.find(";expires=");
  if (expires != std::string::npos) contact.resize(expires);
  const std::string granted =
      expires_s == 0
          ? ""
          : absl::StrCat("Contact: ", contact, ";expires=", expires_s, "\r\n");
  return ResponseTo(request, 200, absl::StrCat(granted, extra));
}

// ---------------------------------------------------------------- the harness

EdgeConfig EdgeHarness::ExampleConfig() {
  EdgeConfig config;
  config.domain = "pcscf1.ims.example.com";
  config.visited_network_id = "ims.example.com";
  config.ioi = "Type 1ims.example.com";
  config.access_network_info = "IEEE-802.11";
  config.core_listen = At("192.0.2.10:5060");
  config.own_hosts = {"pcscf1.ims.example.com", "198.51.100.10", "192.0.2.10"};
  config.home_core = {{At("192.0.2.20:5060"), sip::Transport::kTcp, "icscf1"},
                      {At("192.0.2.21:5060"), sip::Transport::kTcp, "icscf2"}};
  config.core_peers = {*Cidr::Parse("192.0.2.0/24")};
  config.home_domains = {"ims.example.com"};
  config.flows_max = 64;
  config.associations_max = 32;
  config.transactions_max = 32;
  config.challenge_contexts_max = 32;
  config.reg_event = false;  // only where a test is about it
  return config;
}

EdgeHarness::EdgeHarness(const EdgeConfig& config)
    : config_(config),
      edge_(std::make_unique<Edge>(config_, entropy_, mac_, now_)) {}

FlowId EdgeHarness::Open(const FlowInfo& info) {
  uint32_t slot = 0;
  while (slot < generations_.size() && generations_[slot] % 2 == 1) ++slot;
  if (slot == generations_.size()) {
    generations_.push_back(0);
    infos_.emplace_back();
    unread_.emplace_back();
  }
  unread_[slot].clear();
  ++generations_[slot];
  infos_[slot] = info;
  const FlowId flow{config_.shard, {slot, generations_[slot]}};
  sent_.clear();
  Do([&](Edge& edge) { edge.OnFlowOpened(flow, info, now_); });
  return flow;
}

FlowId EdgeHarness::OpenTls(std::string_view peer, uint8_t session,
                            bool resumed) {
  FlowInfo info{.side = Side::kAccess,
                .transport = sip::Transport::kTls,
                .peer = At(peer),
                .local = At("198.51.100.10:5061"),
                .tls_resumed = resumed};
  info.tls_session.fill(session == 0 ? ++sessions_ : session);
  return Open(info);
}

FlowId EdgeHarness::OpenClearTcp(std::string_view peer) {
  return Open({.side = Side::kAccess,
               .transport = sip::Transport::kTcp,
               .peer = At(peer),
               .local = At("198.51.100.10:5060")});
}

FlowId EdgeHarness::ClearUdp() {
  if (!clear_udp_.valid()) {
    clear_udp_ = Open({.side = Side::kAccess,
                       .transport = sip::Transport::kUdp,
                       .peer = {},
                       .local = At("198.51.100.10:5060")});
  }
  return clear_udp_;
}

FlowId EdgeHarness::OpenCore(std::string_view peer) {
  return Open({.side = Side::kCore,
               .transport = sip::Transport::kTcp,
               .peer = At(peer),
               .local = At("192.0.2.10:5060")});
}

FlowId EdgeHarness::CoreUdp() {
  if (!core_udp_.valid()) {
    core_udp_ = Open({.side = Side::kCore,
                      .transport = sip::Transport::kUdp,
                      .peer = {},
                      .local = At("192.0.2.10:5060")});
  }
  return core_udp_;
}

FlowId EdgeHarness::CoreLink(const Endpoint& peer) {
  for (const auto& [known, flow] : links_) {
    if (known == peer && IsOpen(flow)) return flow;
  }
  links_.emplace_back(peer, OpenCore(peer.ToString()));
  return links_.back().second;
}

void EdgeHarness::AnswerFromCore(const Sent& request, int code,
                                 std::string_view extra) {
  const std::string response = ResponseTo(request.text, code, extra);
  Receive(CoreLink(request.to.peer), response);
}

void EdgeHarness::GrantFromCore(const Sent& request, int expires_s,
                                std::string_view extra) {
  const std::string response = Grant(request.text, expires_s, extra);
  Receive(CoreLink(request.to.peer), response);
}

void EdgeHarness::Close(FlowId flow) {
  CHECK(IsOpen(flow));
  ++generations_[flow.handle.slot];
  sent_.clear();
  Do([&](Edge& edge) { edge.OnFlowClosed(flow, now_); });
  DoDueWork();
}

void EdgeHarness::Receive(FlowId flow, std::string_view bytes) {
  CHECK(IsOpen(flow));
  sent_.clear();
  const size_t slot = flow.handle.slot;
  std::string rest = absl::StrCat(unread_[slot], bytes);
  // A flow that an action closed brings no more.
  while (!rest.empty() && IsOpen(flow)) {
    const size_t taken = edge_->OnReceived(flow, infos_[slot].peer, rest, now_);
    Perform();
    if (taken == 0) break;
    rest.erase(0, taken);
  }
  unread_[slot] = rest;
  DoDueWork();
}

void EdgeHarness::ReceiveFrom(FlowId flow, std::string_view peer,
                              std::string_view datagram) {
  sent_.clear();
  CHECK_EQ(edge_->OnReceived(flow, At(peer), datagram, now_), datagram.size());
  Perform();
}

void EdgeHarness::HandIn(const Handed& handed) {
  sent_.clear();
  HandedOver message = handed.message;
  message.bytes = handed.bytes;
  edge_->OnHandedOver(message, now_);
  Perform();
}

void EdgeHarness::Tell(const Told& told) {
  sent_.clear();
  edge_->OnNews(told.news, now_);
  Perform();
  DoDueWork();
}

void EdgeHarness::PeerLost(const CoreTarget& target) {
  sent_.clear();
  edge_->OnCorePeerLost(target.endpoint, target.transport, now_, target.host);
  Perform();
  DoDueWork();
}

void EdgeHarness::Resolve(const Asked& question,
                          std::vector<HostTarget> targets, Millis valid_for) {
  sent_.clear();
  edge_->OnResolved({.question = {.host = question.host,
                                  .port = question.port,
                                  .transport = question.transport},
                     .outcome = HostOutcome::kFound,
                     .targets = targets,
                     .valid_for = valid_for},
                    now_);
  Perform();
  DoDueWork();
}

void EdgeHarness::ResolveFails(const Asked& question, HostOutcome outcome,
                               Millis valid_for) {
  sent_.clear();
  edge_->OnResolved({.question = {.host = question.host,
                                  .port = question.port,
                                  .transport = question.transport},
                     .outcome = outcome,
                     .targets = {},
                     .valid_for = valid_for},
                    now_);
  Perform();
  DoDueWork();
}

void EdgeHarness::Advance(Millis time) {
  sent_.clear();
  const Instant end = now_ + time;
  for (;;) {
    const Instant next = edge_->NextDeadline();
    if (next > end) break;
    now_ = std::max(now_, next);
    bool any = false;
    while (edge_->OnTimer(now_)) {
      any = true;
      Perform();
    }
    // A deadline may be early by a level of the wheel; time goes on all the
    // same.
    if (!any) now_ = std::min(end, now_ + TimerWheel::kTick);
    if (!any && now_ == end) break;
  }
  now_ = end;
  DoDueWork();
}

void EdgeHarness::DoDueWork() {
  while (edge_->OnTimer(now_)) Perform();
}

std::string EdgeHarness::Gathered(const Action& action) const {
  if (action.message == nullptr) return std::string(action.text);
  std::string text(action.message->gathered_size(), '\0');
  action.message->Gather(text.data());
  return text;
}

void EdgeHarness::Perform() {
  for (const Action& action : edge_->actions()) Record(action);
  // The shard closes what it was asked to, and says so.
  for (size_t i = 0; i < closed.size(); ++i) {
    const FlowId flow = closed[i].flow;
    if (!IsOpen(flow)) continue;
    ++generations_[flow.handle.slot];
    edge_->OnFlowClosed(flow, now_);
    for (const Action& action : edge_->actions()) {
      CHECK(action.kind == Action::Kind::kTell);
      Record(action);
    }
  }
  edge_->CheckInvariants();
}

void EdgeHarness::Record(const Action& action) {
  const FlowId flow = action.to.flow;
  switch (action.kind) {
    case Action::Kind::kSend:
      CHECK(!flow.valid() || flow.shard != config_.shard || IsOpen(flow));
      sent_.push_back({action.to, Gathered(action), !flow.valid()});
      break;
    case Action::Kind::kClose:
      CHECK(IsOpen(flow));
      closed.push_back({flow, action.reason});
      break;
    case Action::Kind::kHandOver:
      handed.push_back({action.shard,
                        {.flow = flow,
                         .peer = action.to.peer,
                         .info = *action.info,
                         .bytes = {}},
                        std::string(action.text)});
      break;
    case Action::Kind::kRevoke:
      revoked.push_back(action.tls_session);
      break;
    case Action::Kind::kTell:
      told.push_back({action.shard, std::string(action.text)});
      break;
    case Action::Kind::kResolve:
      asked.push_back({std::string(action.question.host), action.question.port,
                       action.question.transport});
      break;
    case Action::Kind::kShareChallenge:
      shared.push_back(action.challenge);
      break;
  }
}

const Sent& EdgeHarness::Only() const {
  CHECK_EQ(sent_.size(), 1u);
  return sent_.front();
}

bool EdgeHarness::WasClosed(FlowId flow, CloseReason reason) const {
  return std::any_of(closed.begin(), closed.end(), [&](const ClosedFlow& c) {
    return c.flow == flow && c.reason == reason;
  });
}

bool EdgeHarness::IsOpen(FlowId flow) const {
  return flow.handle.slot < generations_.size() &&
         generations_[flow.handle.slot] == flow.handle.generation &&
         flow.handle.generation % 2 == 1;
}

std::string EdgeHarness::Associate(FlowId flow, RegisterText phone,
                                   std::string_view extra_of_200) {
  if (phone.response.empty()) phone.response = "r1";
  Receive(flow, phone.Text());
  CHECK(Only().to_core) << OnlyText();
  const Sent forwarded = Only();
  GrantFromCore(forwarded, 600, extra_of_200);
  CHECK(!sent_.empty() && StatusOf(sent_.front().text) == 200);
  const std::string path = InBrackets(Row(forwarded.text, "Path"));
  CHECK(absl::StartsWith(path, "sip:")) << path;
  return path.substr(4, path.find('@') - 4);
}

}  // namespace sallyport
