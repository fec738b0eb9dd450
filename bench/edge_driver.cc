#include "bench/edge_driver.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/actions.h"
#include "core/sip/splice.h"

namespace sallyport::bench {

EdgeDriver::EdgeDriver(const EdgeConfig& config, const Mac& mac)
    : config_(config), edge_(config_, entropy_, mac, now_) {}

FlowId EdgeDriver::Open(const FlowInfo& info) {
  const FlowId flow{config_.shard, {.slot = flows_++, .generation = 1}};
  edge_.OnFlowOpened(flow, info, now_);
  departures_ = 0;
  used_ = 0;
  Perform();
  return flow;
}

void EdgeDriver::Perform() {
  for (const Action& action : edge_.actions()) {
    if (action.kind != Action::Kind::kSend) Fail("an action that is no send");
    if (departures_ == kDeparturesMax) Fail("too many messages leave");
    const size_t size = action.message != nullptr
                            ? action.message->gathered_size()
                            : action.text.size();
    if (used_ + size > kRoomBytes) Fail("too much leaves");
    char* const out = room_.get() + used_;
    if (action.message != nullptr) {
      action.message->Gather(out);
    } else {
      std::memcpy(out, action.text.data(), size);
    }
    sent_[departures_++] = {action.to.flow, used_, size};
    used_ += size;
  }
}

void EdgeDriver::Fail(std::string_view what, std::string_view message) {
  std::fprintf(stderr, "%.*s\n%.*s\n", static_cast<int>(what.size()),
               what.data(), static_cast<int>(message.size()), message.data());
  std::abort();
}

}  // namespace sallyport::bench
