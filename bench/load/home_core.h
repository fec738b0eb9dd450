// HomeCore is the home network that the load needs: it answers each REGISTER at
// once, and counts those that the proxy has marked wrongly.
#ifndef BENCH_LOAD_HOME_CORE_H_
#define BENCH_LOAD_HOME_CORE_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "core/base/counter.h"
#include "core/base/endpoint.h"
#include "core/sip/framer.h"
#include "core/sip/message.h"
#include "net/event_sink.h"
#include "net/reactor.h"

namespace sallyport::load {

// Threads: has one of its own from Create() to its end; the counters are read
//          by anyone.
// Bounds:  kPeersMax connections.
class HomeCore final : public net::EventSink {
 public:
  static constexpr uint32_t kPeersMax = 1024;

  // Listens on `local` (port 0: any free one).
  static absl::StatusOr<std::unique_ptr<HomeCore>> Create(
      const Endpoint& local);
  ~HomeCore() override;

  const Endpoint& local() const { return local_; }
  pid_t thread() const { return thread_id_.load(); }
  uint64_t challenges() const { return challenges_.Get(); }
  uint64_t grants() const { return grants_.Get(); }
  uint64_t errors() const { return errors_.Get(); }

 private:
  struct Peer {
    std::string received;  // what is not used up
    sip::Framer framer{};
  };

  HomeCore(std::unique_ptr<net::Reactor> reactor, const Endpoint& local);
  void Run();
  // False: the stream makes no sense any more.
  bool TakeMessages(net::StreamId stream, Peer& peer);
  void OnMessage(net::StreamId stream, std::string_view message);
  void Complain(std::string_view what, std::string_view message);

  void OnAccepted(net::StreamId, uint32_t, const Endpoint&,
                  const Endpoint&) override;
  void OnConnected(net::StreamId) override {}
  void OnBytes(net::StreamId stream, std::span<uint8_t> bytes) override;
  void OnClosed(net::StreamId stream, net::CloseReason) override;
  void OnDetached(net::StreamId, net::Fd, const Endpoint&,
                  const Endpoint&) override {}
  void OnDatagram(const net::DatagramView&) override {}
  void OnMail() override {}

  const Endpoint local_;
  const std::unique_ptr<net::Reactor> reactor_;
  absl::flat_hash_map<uint32_t, Peer> peers_;  // by slot
  sip::MessageView message_;
  std::string answer_;
  Counter challenges_;
  Counter grants_;
  Counter errors_;
  std::atomic<bool> ends_{false};
  std::atomic<pid_t> thread_id_{0};
  std::thread thread_;  // last: it uses what stands above
};

}  // namespace sallyport::load

#endif  // BENCH_LOAD_HOME_CORE_H_
