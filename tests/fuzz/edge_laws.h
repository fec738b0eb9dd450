// What must hold of every message that leaves an Edge, whatever came in. The
// laws keep books of their own of what went in and came out; they read messages
// with the naive reader and share no code with core/.
//
// Towards the core:
//   - `integrity-protected` stands at most once, in one Authorization of a
//     REGISTER that came over TLS, exactly as
//     `integrity-protected="tls-pending"` or `"tls-yes"`, and never otherwise,
//     to any of several ways of reading;
//   - `tls-pending` only beside a response; `tls-yes` only on a TLS session on
//     which the core granted that username a registration before (the seed
//     profile: or which was opened after a challenge of the source);
//   - of what only the network may say there is our own word and no other.
// Towards a UE:
//   - a response goes where its request came from;
//   - a request goes over a TLS session that was granted a registration, and
//     names a token of that session;
//   - what only the network may know is gone.
// Source: Sallyport 4, 9; TS 33.203 O.2, P.3; TS 24.229 4.4
#ifndef TESTS_FUZZ_EDGE_LAWS_H_
#define TESTS_FUZZ_EDGE_LAWS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/endpoint.h"
#include "core/base/time.h"
#include "core/edge_config.h"
#include "core/flow.h"
#include "core/testing/edge_harness.h"
#include "tests/fuzz/naive_sip.h"

namespace sallyport::fuzz {

class EdgeLaws {
 public:
  // Borrows the configuration.
  explicit EdgeLaws(const EdgeConfig& config) : config_(config) {}

  // ---- what goes in
  // `session`: which TLS session, 0: none. One datagram flow has many peers.
  void OnOpened(FlowId flow, const Endpoint& peer, int session, Instant now);
  // Of a UE, or of the core, before the Edge sees it.
  void OnFromUe(FlowId flow, const Endpoint& peer, std::string_view bytes);
  void OnFromCore(FlowId flow, std::string_view bytes);
  // A message of the core with `X-Mark: mark` names this token of ours, or
  // answers the request with this branch. Nobody can guess a mark.
  void OnMarked(const std::string& mark, std::string_view names);
  // Something else: time, a lost peer, an answer of the resolver.
  void OnOther() { cause_ = {}; }

  // ---- what came out of it; dies when a law is broken
  void Check(const std::vector<Sent>& sent, FlowId clear_udp, Instant now);

 private:
  // Somebody on the access side: a connection, or an address on a datagram
  // flow.
  struct Peer {
    int session = 0;
    bool tls = false;
    IpAddress address;
    uint16_t port = 0;
    Instant opened{};
    std::string received;  // all of it
  };
  // A request that was passed on to the core.
  struct Passed {
    std::string peer;
    std::string username;
    bool marked = false;  // it carried our integrity-protected
  };
  struct Cause {
    std::string peer;  // a UE's bytes
    std::string
        core;  // or these of the core, with what came before on the flow
  };
  // What a message says of its protection.
  struct Claim {
    size_t count = 0;
    bool exact = false;  // one, as we write it, where we write it
    bool yes = false;
    std::string row;  // the credentials in which it stands
  };

  static std::string NameOf(FlowId flow);
  std::string PeerOf(const Destination& to, FlowId clear_udp) const;

  void CheckToCore(std::string_view text);
  void CheckRegister(const Passed& passed, const Claim& claim);
  void CheckYes(const Peer& peer, const std::string& username,
                const Claim& claim) const;
  void CheckStripped(const NaiveMessage& message) const;
  void CheckAsserted(const NaiveMessage& message) const;
  Passed& PassedOn(const NaiveMessage& message);
  std::string SourceIn(const NaiveMessage& message) const;
  void LearnTokens(const NaiveMessage& message, int session);

  void CheckToUe(const std::string& name, std::string_view text, Instant now);
  void CheckResponse(const std::string& name, const NaiveMessage& message,
                     Instant now);
  void CheckRequest(const Peer& peer, const NaiveMessage& message) const;
  void CheckHidden(const NaiveMessage& message) const;
  void LearnGrants(std::string_view bytes);

  static Claim ReadClaim(const NaiveMessage& message, QuotesEnd quotes);
  [[noreturn]] void Broken(std::string_view law, std::string_view text) const;

  const EdgeConfig& config_;
  Cause cause_;
  std::string text_;  // the message in hand
  std::map<std::string, Peer> peers_;
  std::map<std::string, std::string> from_core_;  // by flow
  std::string all_from_core_;
  std::map<std::string, std::string> marks_;
  std::map<std::string, Passed> passed_;  // by the transaction in our branch
  std::map<int, std::set<std::string>> granted_;  // usernames, by session
  std::set<int> bound_;                           // sessions with any grant
  std::map<std::string, std::set<int>> tokens_;   // sessions
  std::map<std::string, Instant> challenged_;     // by source address
};

}  // namespace sallyport::fuzz

#endif  // TESTS_FUZZ_EDGE_LAWS_H_
