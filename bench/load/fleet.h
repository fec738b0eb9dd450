// A Fleet is all UEs of the load: what each does when it is its turn, and what
// came of it.
#ifndef BENCH_LOAD_FLEET_H_
#define BENCH_LOAD_FLEET_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/clock.h"
#include "bench/load/errors.h"
#include "bench/load/histogram.h"
#include "bench/load/messages.h"
#include "bench/load/phases.h"
#include "core/sip/framer.h"
#include "core/sip/message.h"
#include "net/event_sink.h"
#include "net/reactor.h"
#include "net/tls/client.h"

namespace sallyport::load {

// What a phase has measured.
struct Tally {
  // From the intended moment to the last answer: of all, and of each Work.
  Histogram latency;
  std::array<Histogram, kWorkCount> latencies;
  Histogram late_start;  // from the intended moment to our first byte
  uint64_t done = 0;
  uint64_t registers = 0;  // REGISTERs answered
};

// Threads: of its reactor.
// Owns:    the UEs' TLS engines. Borrows the reactor.
// Cost:    a UE is some 5 KB, most of it the TLS library's.
class Fleet final : public net::EventSink {
 public:
  struct Setup {
    uint32_t ues = 0;
    Endpoint target;
    std::shared_ptr<const net::tls::ClientContext> tls;
    // Has the home core write to this UE; none is needed without kMessage.
    std::function<void(uint32_t ue)> ask_for_message;
  };
  Fleet(net::Reactor* reactor, const Setup& setup);
  ~Fleet() override;

  // Begins a piece of work that was due at `intended`. False when the UE still
  // does something else, and must be asked again. A UE that has failed does
  // nothing any more, and that is no new error. kReturn of a UE that is there
  // ends its connection first.
  [[nodiscard]] bool Begin(Work work, uint32_t ue, Nanos intended);
  // Ends the connection of a registered UE in an orderly way; its ticket stays.
  void Leave(uint32_t ue);
  bool HasTicket(uint32_t ue) const { return !ues_[ue].ticket.empty(); }
  // Gives up what takes longer than `most`.
  void GiveUp(Nanos now, Nanos most);

  uint32_t size() const { return static_cast<uint32_t>(ues_.size()); }
  uint32_t busy() const { return busy_; }
  uint32_t connected() const { return connected_; }
  uint32_t failed() const { return failed_; }
  const ErrorCounts& errors() const { return errors_; }
  // What somebody else has seen.
  void Count(Error error) { errors_.Add(error); }
  // What was measured since the last call.
  std::unique_ptr<Tally> TakeTally();

 private:
  enum class State : uint8_t {
    kAway,        // no connection
    kConnecting,  // TCP, then TLS
    kAsking,      // a REGISTER that must be challenged
    kAnswering,   // a REGISTER that must be granted
    kPinging,     // a CRLF must come
    kWaiting,     // a MESSAGE must come
    kRegistered,  // idle
    kDropping,    // the connection is being closed, and the UE comes back
    kLeaving,     // the same, and it stays away
    kFailed,      // for the rest of the run
  };
  struct Ue {
    net::StreamId stream;
    std::unique_ptr<net::tls::ClientEngine> engine;
    net::tls::ClientSession ticket;
    sip::Framer framer{};
    std::string received;  // the beginning of a message
    std::string nonce;
    Nanos intended = 0;
    Nanos begun = 0;
    uint32_t cseq = 0;
    State state = State::kAway;
    Work work = Work::kRegister;
  };

  void Connect(uint32_t index);
  void Send(uint32_t index, Expect expect, bool answers);
  void Ping(uint32_t index);
  void Wait(uint32_t index);
  void Close(uint32_t index, State state);
  void OnHandshakeDone(uint32_t index);
  void Complete(uint32_t index);
  // False: the UE has failed.
  bool ReadAll(uint32_t index);
  bool TakeMessages(uint32_t index, std::string_view fresh);
  bool OnMessage(uint32_t index, std::string_view message);
  bool OnRequest(uint32_t index);
  bool OnResponse(uint32_t index);
  bool OnChallenge(uint32_t index);
  bool OnGrant(uint32_t index);
  bool Fail(uint32_t index, Error error);
  void Complain(uint32_t index, Error error);
  bool IsBusy(const Ue& ue) const;

  void OnAccepted(net::StreamId, uint32_t, const Endpoint&,
                  const Endpoint&) override {}
  void OnConnected(net::StreamId stream) override;
  void OnBytes(net::StreamId stream, std::span<uint8_t> bytes) override;
  void OnClosed(net::StreamId stream, net::CloseReason reason) override;
  void OnDetached(net::StreamId, net::Fd, const Endpoint&,
                  const Endpoint&) override {}
  void OnDatagram(const net::DatagramView&) override {}
  void OnMail() override {}

  net::Reactor* const reactor_;
  const Setup setup_;
  std::vector<Ue> ues_;
  std::unique_ptr<Tally> tally_ = std::make_unique<Tally>();
  ErrorCounts errors_;
  uint32_t busy_ = 0;
  uint32_t connected_ = 0;
  uint32_t failed_ = 0;
  uint32_t complaints_ = 0;
  sip::MessageView message_;
  std::string request_;
  std::vector<char> plaintext_;  // one record
};

}  // namespace sallyport::load

#endif  // BENCH_LOAD_FLEET_H_
