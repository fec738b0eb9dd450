// A Shard is one thread with all that it owns: a ring and its sockets, TLS state,
// an Edge with its slice of the associations. It ties net/ to core/ and decides
// nothing of its own.
#ifndef PROXY_SHARD_H_
#define PROXY_SHARD_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/timer_wheel.h"
#include "core/edge.h"
#include "net/event_sink.h"
#include "net/reactor.h"
#include "net/tls/client.h"
#include "net/tls/server_context.h"
#include "net/tls/ticket.h"
#include "proxy/connection.h"
#include "proxy/core_links.h"
#include "proxy/datagram_flows.h"
#include "proxy/hello_queue.h"
#include "proxy/mail.h"
#include "proxy/names.h"
#include "proxy/next_hop_board.h"
#include "proxy/options.h"
#include "proxy/random.h"
#include "proxy/shard_stats.h"
#include "proxy/source_counts.h"

namespace sallyport::proxy {

// The listening sockets of one shard; all shards have the same addresses.
struct ShardSockets {
  struct Datagram {
    net::Fd socket;
    Endpoint local;
  };
  std::vector<net::Fd> tls;
  std::vector<net::Fd> sip_tcp;
  std::vector<Datagram> sip_udp;
  net::Fd core_tcp;
  net::Fd core_tls;  // invalid: none
  Datagram core_udp;
};

struct ShardSetup {
  ShardId index = 0;
  const Options* options = nullptr;    // outlives the shard
  Mailboxes* mailboxes = nullptr;      // outlives the shard
  Names* names = nullptr;              // outlives the shard; null: no resolver
  const std::vector<int>* ring_fds = nullptr;  // of all shards, before Run()
  std::shared_ptr<const TlsMaterial> material;
  net::tls::MacKey mac_key{};
  ShardSockets sockets;
};

// Threads: Create by any; Enable and Run by the shard's thread, once; stats(),
//          counters() and Wake() by any thread while the Shard lives.
// Fails:   Create and Enable only: ring, certificates.
class Shard final : private net::EventSink {
 public:
  static absl::StatusOr<std::unique_ptr<Shard>> Create(ShardSetup setup);
  ~Shard();

  // Makes the calling thread the shard's and begins to listen. Fails: the ring.
  absl::Status Enable();
  // Serves until it has been drained; after Enable().
  void Run();
  // Any thread. Not mail: a full box must not keep the process from ending.
  void AskToDrain() {
    drain_asked_.store(true, std::memory_order_release);
    WakeFromOutside();
  }

  int ring_fd() const { return reactor_->ring_fd(); }
  void WakeFromOutside() const { reactor_->WakeFromOutside(); }
  const ShardStats& stats() const { return stats_; }
  const Counters& edge_counters() const { return edge_.counters(); }
  const registration::RuleCounters& rules() const { return edge_.rules(); }
  const net::ReactorCounters& net_counters() const {
    return reactor_->counters();
  }
  const NextHopBoard& next_hops() const { return next_hops_; }

 private:
  // After a drain, what was queued may leave within this time.
  static constexpr Millis kClosingTime{2000};
  enum TimerKind : uint32_t { kHandshakeTimer, kConnectTimer };

  Shard(ShardSetup setup, std::unique_ptr<net::Reactor> reactor);
  absl::Status UseMaterial(const TlsMaterial& material);
  absl::Status UseCoreMaterial(const TlsMaterial& material);
  void OpenSockets();
  FlowId OpenDatagramSocket(ShardSockets::Datagram socket, ListenerKind kind);
  void AnnounceDatagramFlow(uint32_t index);

  // net::EventSink
  void OnAccepted(net::StreamId stream, uint32_t tag, const Endpoint& peer,
                  const Endpoint& local) override;
  void OnConnected(net::StreamId stream) override;
  void OnApproach(net::StreamId stream, unsigned step) override;
  void OnBytes(net::StreamId stream, std::span<uint8_t> bytes) override;
  void OnClosed(net::StreamId stream, net::CloseReason reason) override;
  void OnDetached(net::StreamId stream, net::Fd connection,
                  const Endpoint& peer, const Endpoint& local) override;
  void OnDatagram(const net::DatagramView& datagram) override;
  void OnMail() override;

  // TLS connections
  bool EnterSource(net::StreamId stream, Connection& connection);
  void LeaveSource(Connection& connection);
  void BeginTls(net::StreamId stream, Connection& connection);
  void OnHelloBytes(net::StreamId stream, Connection& connection,
                    std::string_view bytes);
  void StartEngine(net::StreamId stream, Connection& connection,
                   std::string_view hello);
  void ArmHandshakeTimer(net::StreamId stream, Connection& connection);
  void BeginOrWait(net::StreamId stream, Connection& connection,
                   std::string_view hello, bool resumes);
  void OnBytesWhileWaiting(net::StreamId stream, Connection& connection,
                           std::string_view bytes);
  void StopWaiting(Connection& connection);
  void BeginHandshakes();
  void HoldNewcomers();
  void OnTlsBytes(net::StreamId stream, Connection& connection,
                  std::string_view bytes);
  void OnHandshakeDone(net::StreamId stream, Connection& connection);
  void OnTlsFailed(net::StreamId stream, Connection& connection);
  void NoteCoreTlsFailure(const Connection& connection);
  void EndHandshake(Connection& connection);

  // Links to core peers
  void SendToCore(const Action& action);
  net::StreamId ConnectToCore(const CorePeerView& peer);
  void BeginLinkTls(net::StreamId stream, Connection& connection);
  void OnLinkSecured(net::StreamId stream, Connection& connection);
  void OnLinkStands(net::StreamId stream, Connection& connection,
                    sip::Transport transport);
  void OnLinkHeard(Connection& connection);
  void LoseLink(Connection& connection);
  void ComplainOfNoLink(const Connection& connection);
  void Complain(const CorePeerView& peer, std::string_view reason,
                std::string_view detail);
  void NoteLostPeer(const CorePeerView& peer);
  void TellLostPeers();

  // The Edge
  void Announce(net::StreamId stream, Connection& connection,
                const FlowInfo& info);
  void OnPlaintext(net::StreamId stream, Connection& connection,
                   std::string_view bytes);
  size_t Consume(net::StreamId stream, Connection& connection,
                 std::string_view bytes);
  void Perform();
  void PerformSend(const Action& action);
  void SendOnFlow(const Action& action);
  void SendDatagram(const Action& action);
  void SendOnStream(net::StreamId stream, Connection& connection,
                    const Action& action);
  void PerformHandOver(const Action& action);
  void PerformTell(const Action& action);
  void ShareChallenge(uint64_t challenge);  // with all other shards
  void Revoke(const TlsSessionId& session);
  void CloseStream(net::StreamId stream, Connection& connection,
                   CloseReason reason, net::CloseHow how);
  void PerformResolve(const HostQuestion& question);
  void TellUnasked();
  void RunTimers();
  void OnShardTimer(const TimerKey& key);

  // Mail
  Mail* ClaimMail(ShardId to);
  void PublishMail(ShardId to);
  void OnOneMail(Mail& mail);
  void OnAdopt(Mail& mail);
  void OnSendMail(const Mail& mail);
  void Answer(AssociationQuery& query);

  // Ending
  void BeginDrain();
  bool Drained();
  void CloseAll();

  void Publish();  // gauges
  FlowId FlowOf(net::StreamId stream) const {
    return {.shard = index_, .handle = stream};
  }

  // Slots of datagram flows lie behind those of streams.
  FlowId DatagramFlowId(uint32_t index) const {
    return {.shard = index_,
            .handle = {.slot = options_.streams_max + index,
                       .generation = 1}};
  }
  bool IsDatagram(FlowId flow) const {
    return flow.handle.slot >= options_.streams_max;
  }

  // Fixed after construction.
  const ShardId index_;
  const Options& options_;
  const EdgeConfig config_;
  Mailboxes& mailboxes_;
  Names* const names_;
  const std::vector<int>& ring_fds_;
  ShardSockets sockets_;  // until Run() hands them to the reactor
  const HmacMac mac_;

  // State.
  SystemEntropy entropy_;
  std::unique_ptr<net::Reactor> reactor_;
  net::tls::TicketDesk tickets_;
  std::shared_ptr<const net::tls::ServerContext> tls_;
  // TLS with the core; null: none.
  std::shared_ptr<const net::tls::ServerContext> core_server_;
  std::shared_ptr<const net::tls::ClientContext> core_client_;
  std::shared_ptr<const TlsMaterial> material_;
  TimerWheel timers_;
  Edge edge_;
  ConnectionTable connections_;
  SourceCounts sources_;
  CoreLinks core_links_;
  std::vector<CorePeer> lost_peers_;   // to be told to the Edge
  std::vector<NameAnswer> unasked_;    // refused questions: as above
  DatagramFlows datagram_flows_;
  FlowId core_udp_;
  uint32_t handshakes_ = 0;
  HelloQueue hellos_;
  uint32_t begun_ = 0;  // handshakes, in this turn
  // Newcomers wait in the kernel's queue, or were let go until somebody waits.
  bool holds_ = false;
  bool let_go_ = false;
  Instant waited_{};  // when somebody last waited for us
  Instant done_{};    // when a handshake last ended well
  std::atomic<bool> drain_asked_{false};
  std::unique_ptr<char[]> plain_;    // what TLS opened, one record
  std::unique_ptr<char[]> gather_;   // what TLS will seal, one message
  enum class Ending : uint8_t { kNo, kDraining, kClosing };
  Ending ending_ = Ending::kNo;
  Instant ending_until_{};

  ShardStats stats_;
  NextHopBoard next_hops_;
  uint64_t next_hops_version_ = ~uint64_t{0};  // of what the board shows
};

}  // namespace sallyport::proxy

#endif  // PROXY_SHARD_H_
