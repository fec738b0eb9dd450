// An EdgeDriver does for an Edge what a shard does, without sockets: it hands
// in messages, and gathers what leaves into one buffer, as for one send.
#ifndef BENCH_EDGE_DRIVER_H_
#define BENCH_EDGE_DRIVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/endpoint.h"
#include "core/base/time.h"
#include "core/edge.h"
#include "core/edge_config.h"
#include "core/flow.h"
#include "core/testing/fakes.h"

namespace sallyport::bench {

// One whole message, and where it came in.
struct Arrival {
  FlowId flow;
  Endpoint peer;
  std::string bytes;
};

// Bounds: what leaves in one turn: kDeparturesMax messages, kRoomBytes; more,
//         and any action but kSend, ends the program.
// Cost:   a turn takes nothing from the heap itself.
class EdgeDriver {
 public:
  static constexpr size_t kDeparturesMax = 256;
  static constexpr size_t kRoomBytes = 1 << 20;

  // `mac` outlives the driver.
  EdgeDriver(const EdgeConfig& config, const Mac& mac);
  EdgeDriver(const EdgeDriver&) = delete;
  EdgeDriver& operator=(const EdgeDriver&) = delete;

  FlowId Open(const FlowInfo& info);

  // A turn: all messages in order, then the timers that are due. What left in
  // the turn before is forgotten.
  // Hot: this is what is measured.
  void Turn(std::span<const Arrival> arrivals) {
    departures_ = 0;
    used_ = 0;
    for (const Arrival& arrival : arrivals) {
      const size_t taken =
          edge_.OnReceived(arrival.flow, arrival.peer, arrival.bytes, now_);
      if (taken != arrival.bytes.size()) Fail("a message was not taken whole");
      Perform();
    }
    while (edge_.OnTimer(now_)) Perform();
  }

  void Advance(Millis time) { now_ += time; }

  // ---- what left in the last turn
  size_t departures() const { return departures_; }
  std::string_view Text(size_t i) const {
    return {room_.get() + sent_[i].begin, sent_[i].size};
  }
  FlowId To(size_t i) const { return sent_[i].flow; }  // invalid: to the core

  const Edge& edge() const { return edge_; }

  // Says what is wrong, and ends the program.
  [[noreturn]] static void Fail(std::string_view what,
                                std::string_view message = {});

 private:
  struct Departure {
    FlowId flow;
    size_t begin = 0, size = 0;
  };

  void Perform();

  const EdgeConfig config_;
  FakeEntropy entropy_;
  Instant now_{Millis(1'000'000)};
  Edge edge_;
  std::vector<Departure> sent_{kDeparturesMax};
  std::unique_ptr<char[]> room_{new char[kRoomBytes]};
  size_t departures_ = 0;
  size_t used_ = 0;
  uint32_t flows_ = 0;
};

}  // namespace sallyport::bench

#endif  // BENCH_EDGE_DRIVER_H_
