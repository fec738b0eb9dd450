// Health probes: an OPTIONS to each entry point of the home core of which nothing
// was heard for a while, so that a UE need not find out that it is gone, nor that
// it is back.
#include <string>

#include "absl/strings/str_cat.h"
#include "core/edge_impl.h"
#include "core/routing/own_request.h"
#include "core/sip/values.h"

namespace sallyport {

void Edge::Impl::ArmProbe(Instant when) {
  (void)timers_.Arm(when, {static_cast<uint32_t>(TimerKind::kProbe), {}});
}

// One in an event.
void Edge::Impl::OnProbeDue() {
  const Millis quiet = config_.core_probe_interval;
  const routing::HopChoice to = hops_.BeginProbe(quiet, now_);
  if (to.kind != routing::HopChoice::Kind::kTarget) {
    return ArmProbe(hops_.NextProbe(quiet, now_));
  }
  Probe(to);
  ArmProbe(now_);
}

// Whatever it answers, it lives; but a 503 says that it would rather rest.
// Source: RFC 3261 11.1, 21.5.4
void Edge::Impl::Probe(const routing::HopChoice& to) {
  const std::string uri =
      absl::StrCat("sip:", to.endpoint.ToString(),
                   ";transport=", sip::ToString(to.transport));
  const std::string remote = absl::StrCat("<", uri, ">");
  const routing::OwnRequest request{.method = "OPTIONS",
                                    .uri = uri,
                                    .to = remote,
                                    .from_tag = entropy_.Next(),
                                    .call_id = entropy_.Next(),
                                    .routes = {},
                                    .icid = std::nullopt,
                                    .extra = {}};
  if (!SendOwnRequest(request, to, routing::OwnPurpose::kProbe, to.target)
           .valid()) {
    hops_.EndProbe(to.target);
  }
}

}  // namespace sallyport
