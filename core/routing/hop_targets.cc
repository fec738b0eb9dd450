#include "core/routing/hop_targets.h"

#include <algorithm>

#include "absl/log/check.h"
#include "core/routing/fingerprint.h"

namespace sallyport::routing {

uint64_t NameMark(std::string_view host) {
  if (host.empty()) return 0;
  Fingerprint mark(0);
  for (const char c : host) mark.Add(static_cast<uint64_t>(sip::ToLower(c)));
  return mark.value();
}

HopTargets::Key HopTargets::KeyOf(const Endpoint& endpoint,
                                  sip::Transport transport,
                                  std::string_view host) {
  if (transport != sip::Transport::kTls) host = {};
  return {endpoint, transport, NameMark(host)};
}

TargetId HopTargets::Find(const Endpoint& endpoint, sip::Transport transport,
                          std::string_view host) const {
  const auto found = index_.find(KeyOf(endpoint, transport, host));
  return found == index_.end() ? TargetId{} : found->second;
}

TargetId HopTargets::FindOrAdd(const Endpoint& endpoint,
                               sip::Transport transport, Instant now,
                               std::string_view host) {
  TargetId id = Find(endpoint, transport, host);
  if (!id.valid()) {
    if (targets_.size() == targets_.capacity() && !MakeRoom()) return {};
    id = targets_.Acquire();
    index_[KeyOf(endpoint, transport, host)] = id;
    HopTarget& target = *targets_.Find(id);
    target.endpoint = endpoint;
    target.transport = transport;
    if (transport == sip::Transport::kTls) target.host = host;
    target.heard = now;
    Note(true);
  }
  targets_.Find(id)->used = now;
  return id;
}

bool HopTargets::MakeRoom() {
  const HopTarget* oldest = nullptr;
  for (uint32_t slot = 0; slot < targets_.slots_used(); ++slot) {
    const HopTarget* target = targets_.At(slot);
    if (target == nullptr || target->users > 0) continue;
    if (oldest == nullptr || target->used < oldest->used) oldest = target;
  }
  if (oldest == nullptr) return false;
  const auto found =
      index_.find(KeyOf(oldest->endpoint, oldest->transport, oldest->host));
  targets_.Release(found->second);
  index_.erase(found);
  Note(true);
  return true;
}

bool HopTargets::Admits(TargetId id, Instant now) const {
  const HopTarget* target = targets_.Find(id);
  return target == nullptr || target->breaker.Admits(now);
}

bool HopTargets::AskedToRest(TargetId id, Instant now) const {
  const HopTarget* target = targets_.Find(id);
  return target != nullptr && target->breaker.AskedToRest(now);
}

void HopTargets::Began(TargetId id, Instant now) {
  if (HopTarget* target = targets_.Find(id)) {
    target->used = now;
    Note(target->breaker.Began(now));
  }
}

void HopTargets::Succeeded(TargetId id, Instant now) {
  if (HopTarget* target = targets_.Find(id)) {
    target->heard = now;
    Note(target->breaker.Succeeded(now));
  }
}

void HopTargets::Failed(TargetId id, Instant now) {
  if (HopTarget* target = targets_.Find(id)) {
    Note(target->breaker.Failed(now, policy_));
  }
}

void HopTargets::RestFor(TargetId id, Millis asked, Instant now) {
  if (HopTarget* target = targets_.Find(id)) {
    Note(target->breaker.RestFor(asked, now, policy_));
  }
}

TargetId HopTargets::BeginProbe(Millis quiet, Instant now) {
  for (uint32_t slot = 0; slot < targets_.slots_used(); ++slot) {
    HopTarget* target = targets_.At(slot);
    if (target == nullptr || !MayProbe(*target, now)) continue;
    if (now - target->heard < quiet) continue;
    target->heard = now;
    target->probing = true;
    return targets_.HandleAt(slot);
  }
  return {};
}

void HopTargets::EndProbe(TargetId id) {
  if (HopTarget* target = targets_.Find(id)) target->probing = false;
}

Instant HopTargets::NextProbe(Millis quiet, Instant now) const {
  Instant next = now + quiet;
  for (uint32_t slot = 0; slot < targets_.slots_used(); ++slot) {
    const HopTarget* target = targets_.At(slot);
    if (target == nullptr || !MayProbe(*target, now)) continue;
    next = std::min(next, target->heard + quiet);
  }
  return next;
}

bool HopTargets::Knows(const IpAddress& address) const {
  for (uint32_t slot = 0; slot < targets_.slots_used(); ++slot) {
    const HopTarget* target = targets_.At(slot);
    if (target != nullptr && target->endpoint.address == address) return true;
  }
  return false;
}

bool HopTargets::IsEntry(const IpAddress& address) const {
  for (uint32_t slot = 0; slot < targets_.slots_used(); ++slot) {
    const HopTarget* target = targets_.At(slot);
    if (target != nullptr && target->entries > 0 &&
        target->endpoint.address == address) {
      return true;
    }
  }
  return false;
}

void HopTargets::CheckInvariants() const {
  CHECK_EQ(index_.size(), targets_.size());
  for (uint32_t slot = 0; slot < targets_.slots_used(); ++slot) {
    const HopTarget* target = targets_.At(slot);
    if (target == nullptr) continue;
    CHECK_LE(target->entries, target->users);
    CHECK(Find(target->endpoint, target->transport, target->host) ==
          targets_.HandleAt(slot));
  }
}

}  // namespace sallyport::routing
