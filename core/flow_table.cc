#include "core/flow_table.h"

#include "absl/log/check.h"
#include "core/base/prefetch.h"

namespace sallyport {

Flow* FlowTable::Open(FlowId id, const FlowInfo& info, Instant now) {
  const uint32_t slot = id.handle.slot;
  if (slot >= flows_max_) return nullptr;
  if (slot >= slots_used()) chunks_.resize(slot / kChunk + 1);
  std::unique_ptr<Chunk>& chunk = chunks_[slot / kChunk];
  if (chunk == nullptr) chunk = std::make_unique<Chunk>();
  Flow& flow = (*chunk)[slot % kChunk];
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

void FlowTable::Prefetch(FlowId id) const {
  const uint32_t slot = id.handle.slot;
  if (slot >= slots_used() || chunks_[slot / kChunk] == nullptr) return;
  PrefetchObject((*chunks_[slot / kChunk])[slot % kChunk]);
}

}  // namespace sallyport
