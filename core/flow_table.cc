#include "core/flow_table.h"

#include "absl/log/check.h"

namespace sallyport {

Flow* FlowTable::Open(FlowId id, const FlowInfo& info, Instant now) {
  const uint32_t slot = id.handle.slot;
  if (slot >= flows_max_) return nullptr;
  while (slot >= slots_used()) {
    chunks_.push_back(std::make_unique<std::array<Flow, kChunk>>());
  }
  Flow& flow = (*chunks_[slot / kChunk])[slot % kChunk];
  CHECK(!flow.live) << "flow slot " << slot << " opened twice";
  flow = Flow{};
  flow.framer = sip::Framer(policy_);
  flow.id = id;
  flow.info = info;
  flow.opened = now;
  flow.live = true;
  ++size_;
  return &flow;
}

void FlowTable::Close(Flow& flow) {
  CHECK(flow.live);
  flow.live = false;
  --size_;
}

Flow* FlowTable::Find(FlowId id) {
  Flow* flow = At(id.handle.slot);
  return flow != nullptr && flow->id == id ? flow : nullptr;
}

Flow* FlowTable::At(uint32_t slot) {
  if (slot >= slots_used()) return nullptr;
  Flow& flow = (*chunks_[slot / kChunk])[slot % kChunk];
  return flow.live ? &flow : nullptr;
}

}  // namespace sallyport
