// An EdgeHarness is an Edge with a clock that only the test moves, flows that
// the test opens, and a record of all that left: a shard without sockets.
#ifndef CORE_TESTING_EDGE_HARNESS_H_
#define CORE_TESTING_EDGE_HARNESS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/actions.h"
#include "core/base/endpoint.h"
#include "core/base/time.h"
#include "core/edge.h"
#include "core/edge_config.h"
#include "core/flow.h"
#include "core/resolution.h"
#include "core/sip/values.h"
#include "core/testing/fakes.h"

namespace sallyport {

// ---- reading texts, without a line of core/sip

// All values of a header's rows, in order; the name without regard to case.
std::vector<std::string> Rows(std::string_view message, std::string_view name);
// The first of them, or "".
std::string Row(std::string_view message, std::string_view name);
// The same, as a part of the message.
std::string_view RowIn(std::string_view message, std::string_view name);
// "SIP/2.0 200 OK" or "REGISTER sip:... SIP/2.0".
std::string StartLine(std::string_view message);
int StatusOf(std::string_view message);  // 0: a request
bool Contains(std::string_view text, std::string_view part);
// The text between `<` and `>` of a value.
std::string InBrackets(std::string_view value);
// With the first `from` replaced; dies when there is none.
std::string Replaced(std::string text, std::string_view from,
                     std::string_view to);

// ---- writing texts

// A REGISTER of a phone; what a test does not say is as in the examples of
// spec 2.
struct RegisterText {
  std::string user = "alice";
  std::string impi = "alice_private@ims.example.com";  // "": no Authorization
  std::string response = {};                           // "": response=""
  std::string transport = "TLS";
  std::string sent_by = "192.168.1.10:5062";
  std::string branch = {};  // "": a fresh one
  std::string call_id = "reg-1";
  int cseq = 1;
  std::string contact = {};     // "": made of user, sent_by
  std::string instance = {};    // urn:uuid:..., or ""
  std::string expires = "600";  // of the Contact; "": none
  bool secagree = false;        // the client half
  bool verify = false;          // and Security-Verify
  std::string extra = {};       // whole lines

  std::string Text() const;
};

// Any other request.
struct RequestText {
  std::string method = "MESSAGE";
  std::string uri = "sip:bob@example.net";
  std::string via =
      "SIP/2.0/TLS 192.168.1.10:5062;rport";  // the branch is added
  std::string branch = {};                    // "": a fresh one
  std::string from = "<sip:alice@ims.example.com>;tag=ue-1";
  std::string to = "<sip:bob@example.net>";
  std::string call_id = "call-1";
  int cseq = 1;
  std::string extra = {};
  std::string body = {};

  std::string Text() const;
};

// The answer of a peer to a request that it got: Via, From, To, Call-ID and
// CSeq copied, a To tag added.
std::string ResponseTo(std::string_view request, int code,
                       std::string_view extra = "");
// The 200 of a registrar that grants the Contact of the request.
std::string Grant(std::string_view request, int expires_s = 600,
                  std::string_view extra = "");

// ---- the harness

struct Sent {
  Destination to;
  std::string text;
  bool to_core = false;  // over a link of the shard's own
};

struct ClosedFlow {
  FlowId flow;
  CloseReason reason;
};

struct Handed {
  ShardId shard;
  HandedOver message;
  std::string bytes;
};

// News for another shard.
struct Told {
  ShardId shard;
  std::string news;
};

// A question of the Edge.
struct Asked {
  std::string host;
  uint16_t port = 0;
  std::optional<sip::Transport> transport;
};

// An IMPI whose desk is the shard of this configuration.
std::string ImpiOfDesk(const EdgeConfig& config);

class EdgeHarness {
 public:
  // Two entry points, spec 2's names.
  static EdgeConfig ExampleConfig();

  explicit EdgeHarness(const EdgeConfig& config = ExampleConfig());

  // ---- flows
  FlowId Open(const FlowInfo& info);
  FlowId OpenTls(std::string_view peer = "203.0.113.25:50311",
                 uint8_t session = 0,
                 bool resumed = false);  // session 0: a fresh one
  FlowId OpenClearTcp(std::string_view peer = "203.0.113.25:41822");
  FlowId ClearUdp();  // the listener's
  FlowId OpenCore(std::string_view peer = "192.0.2.30:40000");
  FlowId CoreUdp();
  // The link of the shard to a core peer; it stays open.
  FlowId CoreLink(const Endpoint& peer);
  void Close(FlowId flow);

  // ---- events. Each replaces what was recorded as sent.
  void Receive(FlowId flow, std::string_view bytes);  // all of it, in one read
  void ReceiveFrom(FlowId flow, std::string_view peer,
                   std::string_view datagram);
  // The core's answer to a request that was sent to it.
  void AnswerFromCore(const Sent& request, int code,
                      std::string_view extra = "");
  void GrantFromCore(const Sent& request, int expires_s = 600,
                     std::string_view extra = "");
  void HandIn(const Handed& handed);
  void Tell(const Told& told);
  void PeerLost(const CoreTarget& target);
  // The resolver's answer.
  void Resolve(const Asked& question, std::vector<HostTarget> targets,
               Millis valid_for = Millis{60'000});
  void ResolveFails(const Asked& question, HostOutcome outcome,
                    Millis valid_for = Millis{5'000});
  void Advance(Millis time);  // all timers on the way
  // What the event borrows must outlive the call.
  template <typename Event>
  void Do(Event&& event) {
    sent_.clear();
    event(*edge_);
    Perform();
  }

  // ---- what left in the last event (Advance: in all of them)
  const std::vector<Sent>& sent() const { return sent_; }
  // The only message that left; dies when it was not one.
  const Sent& Only() const;
  std::string OnlyText() const { return Only().text; }
  // ---- and since the beginning
  std::vector<ClosedFlow> closed;
  std::vector<TlsSessionId> revoked;
  std::vector<Handed> handed;
  std::vector<uint64_t> shared;
  std::vector<Told> told;            // to other shards
  std::vector<Asked> asked;          // of the resolver
  bool WasClosed(FlowId flow, CloseReason reason) const;
  bool IsOpen(FlowId flow) const;

  // ---- whole procedures; they die when it goes otherwise
  // A phone on TLS registers with a response; gives the Path's user part.
  std::string Associate(FlowId flow, RegisterText phone = {},
                        std::string_view extra_of_200 = kIdentities);
  static constexpr std::string_view kIdentities =
      "Service-Route: <sip:orig@192.0.2.30:5060;lr>\r\n"
      "P-Associated-URI: <sip:alice@ims.example.com>, <tel:+15551230001>\r\n";

  uint64_t Count(CounterId id) const { return edge_->counters().Get(id); }
  Edge& edge() { return *edge_; }
  Edge::Totals totals() const { return edge_->totals(); }
  Instant now() const { return now_; }
  const EdgeConfig& config() const { return config_; }

 private:
  void Perform();
  void Record(const Action& action);
  void DoDueWork();  // timers that are due, as a shard does in every turn
  std::string Gathered(const Action& action) const;

  EdgeConfig config_;
  FakeEntropy entropy_;
  FakeMac mac_;
  Instant now_{};
  std::unique_ptr<Edge> edge_;
  std::vector<uint32_t> generations_;  // by flow slot; odd while open
  std::vector<FlowInfo> infos_;
  std::vector<std::string> unread_;  // what the Edge did not take yet
  std::vector<Sent> sent_;
  uint8_t sessions_ = 100;
  FlowId clear_udp_, core_udp_;
  std::vector<std::pair<Endpoint, FlowId>> links_;
};

}  // namespace sallyport

#endif  // CORE_TESTING_EDGE_HARNESS_H_
