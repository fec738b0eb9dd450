#include "proxy/core_links.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/log/check.h"
#include "absl/strings/ascii.h"

namespace sallyport::proxy {

size_t CoreLinks::Hash::operator()(const CorePeerView& peer) const {
  uint64_t name = 0;
  for (const char c : peer.name) {
    name = name * 31 + static_cast<uint64_t>(absl::ascii_tolower(c));
  }
  return absl::HashOf(peer.endpoint, peer.tls, name);
}

CoreLinks::Chosen CoreLinks::Choose(const CorePeerView& peer, Instant now) {
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

CoreLinks::Link& CoreLinks::Of(const CorePeerView& peer) {
  const auto found = links_.find(peer);
  return found == links_.end() ? links_[CorePeer(peer)] : found->second;
}

void CoreLinks::Connecting(const CorePeerView& peer, net::StreamId stream) {
  Link& link = Of(peer);
  CHECK(!link.stream.valid());
  link.stream = stream;
  link.stood = false;
}

void CoreLinks::Connected(const CorePeerView& peer) {
  Link& link = Of(peer);
  link.stood = true;
  link.backoff = Millis{0};
  link.complaint.clear();
}

void CoreLinks::Lost(const CorePeerView& peer, Instant now) {
  Link& link = Of(peer);
  link.stream = {};
  // What the session knew may have been what failed: next time all of it.
  if (!link.stood) link.session = {};
  // A link that stood is tried again at once; one that never came up waits.
  link.not_before = now + link.backoff;
  link.backoff = std::clamp(link.backoff * 2, backoff_.min, backoff_.max);
}

net::tls::ClientSession CoreLinks::Session(const CorePeerView& peer) const {
  const auto found = links_.find(peer);
  return found == links_.end() ? net::tls::ClientSession()
                               : found->second.session;
}

void CoreLinks::KeepSession(const CorePeerView& peer,
                            net::tls::ClientSession session) {
  Of(peer).session = std::move(session);
}

void CoreLinks::ForgetSessions() {
  for (auto& [peer, link] : links_) link.session = {};
}

bool CoreLinks::Complain(const CorePeerView& peer, std::string_view complaint) {
  Link& link = Of(peer);
  if (link.complaint == complaint) return false;
  link.complaint = complaint;
  return true;
}

}  // namespace sallyport::proxy
