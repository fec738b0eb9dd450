#include "proxy/core_links.h"

#include <algorithm>

#include "absl/log/check.h"

namespace sallyport::proxy {

CoreLinks::Chosen CoreLinks::Choose(const Endpoint& peer, Instant now) {
  const auto found = links_.find(peer);
  if (found == links_.end()) {
    if (links_.size() >= kPeersMax) {
      absl::erase_if(links_, [now](const auto& entry) {
        return !entry.second.stream.valid() && entry.second.not_before <= now;
      });
      if (links_.size() >= kPeersMax) return {};
    }
    return {.choice = Choice::kConnect, .stream = {}};
  }
  const Link& link = found->second;
  if (link.stream.valid()) return {.choice = Choice::kUse, .stream = link.stream};
  if (now < link.not_before) return {};
  return {.choice = Choice::kConnect, .stream = {}};
}

void CoreLinks::Connecting(const Endpoint& peer, net::StreamId stream) {
  Link& link = links_[peer];
  CHECK(!link.stream.valid());
  link.stream = stream;
}

void CoreLinks::Connected(const Endpoint& peer) {
  links_[peer].backoff = Millis{0};
}

void CoreLinks::Lost(const Endpoint& peer, Instant now) {
  Link& link = links_[peer];
  link.stream = {};
  // A link that stood is tried again at once; one that never came up waits.
  link.not_before = now + link.backoff;
  link.backoff = std::clamp(link.backoff * 2, backoff_.min, backoff_.max);
}

}  // namespace sallyport::proxy
