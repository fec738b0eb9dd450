// A FlowTable holds what a shard's Edge knows of each of its flows.
#ifndef CORE_FLOW_TABLE_H_
#define CORE_FLOW_TABLE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/time.h"
#include "core/base/timer_wheel.h"
#include "core/flow.h"
#include "core/registration/association_slice.h"
#include "core/sip/framer.h"
#include "core/sip/message.h"

namespace sallyport {

struct Flow {
  FlowId id;
  FlowInfo info;
  Instant opened;
  // The association that this connection registers, has, or may take over
  // (resumption). Which of them it is, the slice knows: its flow and state.
  registration::AssociationId association;
  sip::Framer framer = sip::Framer();
  TimerId guard;  // closes it for guard_reason
  CloseReason guard_reason = CloseReason::kUnregisteredTimeout;
  TimerId message;      // a started message must end
  uint32_t in_flight = 0;  // transactions that it began
  uint8_t garbage = 0;  // messages that could not even be answered
  bool live = false;
  bool closing = false;   // we asked for its close: nothing goes in or out
  bool mid_read = false;  // the next call shows the rest of the same read
  bool ponged = false;    // in this read

  bool stream() const { return info.transport != sip::Transport::kUdp; }
  bool protected_access() const {
    return info.side == Side::kAccess && info.transport == sip::Transport::kTls;
  }
};

// Bounds: `flows_max` slots; Open() then returns null.
// Cost:   O(1); the heap is touched only when a slot is used for the first
// time.
class FlowTable {
 public:
  FlowTable(uint32_t flows_max, sip::ScanPolicy policy)
      : flows_max_(flows_max), policy_(policy) {}

  // The slot must be free.
  Flow* Open(FlowId id, const FlowInfo& info, Instant now);
  void Close(Flow& flow);
  // Null when it is gone.
  Flow* Find(FlowId id) {
    Flow* const flow = At(id.handle.slot);
    return flow != nullptr && flow->id == id ? flow : nullptr;
  }
  // The present tenant of a slot, or null; for walks up to slots_used().
  Flow* At(uint32_t slot) {
    const size_t place = slot / kChunk;
    if (place >= chunks_.size() || chunks_[place] == nullptr) return nullptr;
    Flow& flow = (*chunks_[place])[slot % kChunk];
    return flow.live ? &flow : nullptr;
  }
  // Brings the slot's memory near, whoever is in it.
  void Prefetch(FlowId id) const;
  uint32_t slots_used() const {
    return static_cast<uint32_t>(chunks_.size() * kChunk);
  }
  uint32_t size() const { return size_; }

 private:
  static constexpr uint32_t kChunk = 256;
  using Chunk = std::array<Flow, kChunk>;
  const uint32_t flows_max_;
  const sip::ScanPolicy policy_;
  // Null: no slot of it was used. Datagram sockets have the last slots of all.
  std::vector<std::unique_ptr<Chunk>> chunks_;
  uint32_t size_ = 0;
};

}  // namespace sallyport

#endif  // CORE_FLOW_TABLE_H_
