// HomeCore is the home network that the load needs: it answers each REGISTER at
// once, counts those that the proxy has marked wrongly, and writes to the UEs when
// it is told to.
#ifndef BENCH_LOAD_HOME_CORE_H_
#define BENCH_LOAD_HOME_CORE_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "bench/load/clock.h"
#include "bench/load/histogram.h"
#include "bench/load/messages.h"
#include "core/base/counter.h"
#include "core/base/endpoint.h"
#include "core/sip/framer.h"
#include "core/sip/message.h"
#include "net/event_sink.h"
#include "net/reactor.h"

namespace sallyport::load {

// Threads: has one of its own from Create() to its end; the counters are read
//          by anyone.
class HomeCore final : public net::EventSink {
 public:
  struct Setup {
    Endpoint listen;         // port 0: any free one
    uint32_t peers_max = 0;  // connections
    uint32_t ues = 0;
    bool edge = true;  // what comes is marked by the proxy, and checked
  };
  static absl::StatusOr<std::unique_ptr<HomeCore>> Create(const Setup& setup);
  ~HomeCore() override;

  const Endpoint& local() const { return local_; }
  pid_t thread() const { return thread_id_.load(); }
  uint64_t challenges() const { return challenges_.Get(); }
  uint64_t grants() const { return grants_.Get(); }
  uint64_t errors() const { return errors_.Get(); }

  // A closed loop: `in_flight` MESSAGEs are on their way until `end`, one for
  // each UE in turn, along the connection of its last REGISTER.
  void BeginMessages(uint32_t in_flight, Nanos end);
  // One MESSAGE for this UE, along the connection of its last REGISTER. By any
  // thread.
  void AskForMessage(uint32_t ue);
  // Those that have had their 200.
  uint64_t messages() const { return messages_.Get(); }
  // True while something is on its way; after BeginMessages() at least until
  // `end` has passed.
  bool messaging() const { return messaging_.load(std::memory_order_acquire); }
  // Latency since the last call. Only while nothing is on its way.
  Histogram TakeLatency();

 private:
  struct Ue {
    UeAddress address;
    net::StreamId stream;
  };
  struct Peer {
    std::string received;  // what is not used up
    sip::Framer framer{};
  };

  HomeCore(std::unique_ptr<net::Reactor> reactor, const Setup& setup,
           const Endpoint& local);
  void Run();
  // False: the stream makes no sense any more.
  bool TakeMessages(net::StreamId stream, Peer& peer);
  void OnMessage(net::StreamId stream, std::string_view message);
  void OnRequest(net::StreamId stream, std::string_view message);
  void OnAnswer(std::string_view message);
  void SendNextMessage();
  // False: it cannot be reached.
  bool SendMessage(uint32_t ue);
  void SendAskedFor();
  void EndWhenDone();
  void Complain(std::string_view what, std::string_view message);

  void OnAccepted(net::StreamId, uint32_t, const Endpoint&,
                  const Endpoint&) override;
  void OnConnected(net::StreamId) override {}
  void OnBytes(net::StreamId stream, std::span<uint8_t> bytes) override;
  void OnClosed(net::StreamId stream, net::CloseReason) override;
  void OnDetached(net::StreamId, net::Fd, const Endpoint&,
                  const Endpoint&) override {}
  void OnDatagram(const net::DatagramView&) override {}
  void OnMail() override;

  const Setup setup_;
  const Endpoint local_;
  const std::unique_ptr<net::Reactor> reactor_;
  absl::flat_hash_map<uint32_t, Peer> peers_;  // by slot
  sip::MessageView message_;
  std::string text_;
  // ---- MESSAGEs
  std::vector<Ue> ues_;
  uint32_t next_ue_ = 0;
  uint32_t cseq_ = 0;
  absl::flat_hash_map<uint32_t, Nanos> on_their_way_;  // by CSeq: sent at
  Histogram latency_;
  std::atomic<uint32_t> asked_for_{0};  // to be sent, to whose turn it is
  std::mutex ask_mutex_;
  std::vector<uint32_t> asked_ues_;  // to be sent to; guarded by ask_mutex_
  std::atomic<Nanos> end_{0};
  std::atomic<bool> messaging_{false};

  Counter messages_;
  Counter challenges_;
  Counter grants_;
  Counter errors_;
  std::atomic<bool> ends_{false};
  std::atomic<pid_t> thread_id_{0};
  std::thread thread_;  // last: it uses what stands above
};

}  // namespace sallyport::load

#endif  // BENCH_LOAD_HOME_CORE_H_
