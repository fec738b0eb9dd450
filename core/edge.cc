#include "core/edge.h"

#include "core/edge_impl.h"

namespace sallyport {

Edge::Edge(const EdgeConfig& config, Entropy& entropy, const Mac& mac,
           Instant now)
    : impl_(std::make_unique<Impl>(config, entropy, mac, now)) {}
Edge::~Edge() = default;

void Edge::OnFlowOpened(FlowId flow, const FlowInfo& info, Instant now) {
  impl_->OnFlowOpened(flow, info, now);
}
void Edge::OnFlowClosed(FlowId flow, Instant now) {
  impl_->OnFlowClosed(flow, now);
}
void Edge::Approach(FlowId flow, unsigned step) const {
  impl_->Approach(flow, step);
}
size_t Edge::OnReceived(FlowId flow, const Endpoint& peer,
                        std::string_view received, Instant now) {
  return impl_->OnReceived(flow, peer, received, now);
}
void Edge::OnHandedOver(const HandedOver& message, Instant now) {
  impl_->OnHandedOver(message, now);
}
void Edge::OnNews(std::string_view news, Instant now) {
  impl_->OnNews(news, now);
}
void Edge::OnChallengeShared(uint64_t challenge, Instant now) {
  impl_->OnChallengeShared(challenge, now);
}
void Edge::OnCorePeerLost(const Endpoint& peer, sip::Transport transport,
                          Instant now, std::string_view host) {
  impl_->OnCorePeerLost(peer, transport, now, host);
}
void Edge::OnResolved(const HostAnswer& answer, Instant now) {
  impl_->OnResolved(answer, now);
}
bool Edge::OnTimer(Instant now) { return impl_->OnTimer(now); }
Instant Edge::NextDeadline() const { return impl_->NextDeadline(); }
bool Edge::IsCorePeer(const IpAddress& address) const {
  return impl_->IsCorePeer(address);
}
Actions Edge::actions() const { return impl_->actions(); }
const Counters& Edge::counters() const { return impl_->counters(); }

const registration::RuleCounters& Edge::rules() const {
  return impl_->rules();
}
Edge::Totals Edge::totals() const { return impl_->totals(); }
std::vector<Edge::AssociationInfo> Edge::FindAssociations(std::string_view impi,
                                                          size_t most) const {
  return impl_->FindAssociations(impi, most);
}
std::vector<Edge::NextHopInfo> Edge::NextHops() const {
  return impl_->NextHops();
}
uint64_t Edge::next_hops_version() const { return impl_->next_hops_version(); }
void Edge::CheckInvariants() const { impl_->CheckInvariants(); }

}  // namespace sallyport
