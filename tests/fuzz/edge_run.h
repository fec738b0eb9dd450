// An EdgeRun plays a script to one Edge: connections of every kind, phones, a
// core and a resolver that do and say what the script wants, and time. After
// each step the laws must hold (edge_laws.h), and the invariants of the Edge.
//
// The first step may be %C with letters of the configuration. Then:
//   %O kind host    a connection opens: t TLS, r TLS resumed (and which
//                   session), c clear TCP, k of the core, x of a stranger
//   %R flow user letters   a phone sends a REGISTER; the text are its lines
//   %M flow method         ... another request
//   %B flow                ... these octets
//   %U host, %V host       a datagram to the clear port, to the core's
//   %E back status         a UE answers a request that it got
//   %A back status         the core answers a request; the text are lines
//   %G back seconds        the core grants a REGISTER
//   %T back way method     the core sends a request along a Path
//   %N back state          the registrar notifies; the text is the document
//   %K flow                the core sends these octets
//   %S back outcome        the resolver answers
//   %W how long            time passes
//   %X flow, %L peer       a connection is lost; a core peer is
//   %D back kind, %Q back  another shard says something of the devices of which
//                          it was told; it shares a challenge
#ifndef TESTS_FUZZ_EDGE_RUN_H_
#define TESTS_FUZZ_EDGE_RUN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/endpoint.h"
#include "core/edge_config.h"
#include "core/flow.h"
#include "core/news.h"
#include "core/testing/edge_harness.h"
#include "tests/fuzz/edge_laws.h"
#include "tests/fuzz/edge_script.h"

namespace sallyport::fuzz {

// What the letters of a %C step mean.
EdgeConfig ConfigOf(std::string_view letters);

class EdgeRun {
 public:
  static constexpr size_t kStepsMax = 48;

  EdgeRun(const EdgeConfig& config, uint64_t salt);
  void Play(const EdgeStep& step);

  // ---- what has happened, for a test of the script
  size_t passed_on() const { return passed_on_.size(); }
  size_t reached_ues() const { return at_ues_.size(); }
  EdgeHarness& net() { return net_; }

 private:
  struct AtUe {
    FlowId flow;
    std::string text;
  };
  struct Open {
    FlowId flow;
    Endpoint peer;
    bool core = false;
  };

  void OpenFlow(const EdgeStep& step);
  void OpenTls(const Endpoint& peer, const EdgeStep& step);
  bool Revoked(int session) const;
  void SendRegister(const EdgeStep& step);
  void SendRequest(const EdgeStep& step);
  void SendFromUe(const EdgeStep& step, std::string_view bytes);
  void SendDatagram(const EdgeStep& step);
  void AnswerFromUe(const EdgeStep& step);
  void AnswerFromCore(const EdgeStep& step);
  void GrantFromCore(const EdgeStep& step);
  void RequestFromCore(const EdgeStep& step);
  void Notify(const EdgeStep& step);
  void SendFromCore(const EdgeStep& step);
  void Resolve(const EdgeStep& step);
  void Pass(const EdgeStep& step);
  void Lose(const EdgeStep& step);
  void LosePeer(const EdgeStep& step);
  void Share(const EdgeStep& step);

  void FromUe(const Open& from, std::string_view bytes);
  void FromUeByUdp(const Endpoint& peer, std::string_view bytes);
  void FromCore(FlowId flow, std::string_view bytes);
  void FromCoreByUdp(const Endpoint& peer, std::string_view bytes);
  void HandIn(std::string_view bytes);
  void Hear(const NewsView& news);
  void AnswerAsOtherShard();
  void ToRequest(const Sent& request, const std::string& response);
  std::string Mark(std::string_view names);
  std::string Branch();
  // One of the open connections of this side, or null.
  const Open* PickFlow(const EdgeStep& step, size_t place, bool core) const;
  template <typename T>
  const T* PickBack(const EdgeStep& step, const std::vector<T>& all) const;
  // After each event: the laws, and what can be answered later.
  void Settle();

  const EdgeConfig config_;
  EdgeHarness net_;
  EdgeLaws laws_;
  const uint64_t salt_;
  uint64_t marks_ = 0;
  int cseq_ = 0;
  std::vector<Open> open_;
  std::vector<TlsSessionId> sessions_;  // number less one
  std::vector<Sent> passed_on_;         // requests, to the core
  std::vector<std::string> paths_;      // user parts of our Path values
  std::vector<Sent> subscribes_;
  std::vector<AtUe> at_ues_;
  size_t heard_ = 0;        // of what was told to the other shard
  size_t handed_back_ = 0;  // of what was handed to it
  FlowId clear_udp_;  // invalid: nothing came yet
};

}  // namespace sallyport::fuzz

#endif  // TESTS_FUZZ_EDGE_RUN_H_
