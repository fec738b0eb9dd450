#include "core/routing/rewrite_fixture.h"

#include <array>

#include "core/base/endpoint.h"
#include "core/sip/message.h"
#include "core/sip/splice.h"

namespace sallyport::routing {
namespace {

constexpr std::string_view kPathUser = "t.AAAAB2kQ9mXw4rYpZ0sT";
constexpr std::string_view kRecordRouteUser = "r.AAAAB2kQ9mXw4rYpZ0sT";

std::vector<std::string_view> Views(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

}  // namespace

EdgeConfig ExampleConfig() {
  EdgeConfig config;
  config.shard = 1;
  config.domain = "pcscf1.ims.example.com";
  config.visited_network_id = "ims.example.com";
  config.ioi = "Type 1ims.example.com";
  config.access_network_info = "IEEE-802.11";
  config.core_listen = *Endpoint::Parse("192.0.2.10:5060");
  config.tls_port = 5061;
  config.own_hosts = {"pcscf1.ims.example.com", "198.51.100.10",
                      "2001:db8::10"};
  return config;
}

Rewriter::Rewriter(const EdgeConfig& config) : config_(config), own_(config) {}

bool Rewriter::Begin(std::string_view message, bool request) {
  bytes_ = std::string(message);
  scratch_->Reset();
  out_->Reset(bytes_);
  sip::ScanVerdict scan = view_.Scan(bytes_);
  std::array<char, 512> extra;
  if (request) {
    Refusal refusal = Validate(view_, scan, parts_, extra);
    failure_ = "(" + std::string(refusal.reason) + ")";
    return !refusal;
  }
  failure_ = "(" + std::string(ToString(scan)) + ")";
  return scan == sip::ScanVerdict::kOk;
}

std::string Rewriter::End() {
  out_->Seal();
  if (out_->overflowed() || scratch_->overflowed()) return "(overflow)";
  std::string sent(out_->gathered_size(), '\0');
  out_->Gather(sent.data());
  return sent;
}

Hop Rewriter::HopOf(const Journey& journey, sip::Transport sent_on) const {
  return {.peer = *Endpoint::Parse(journey.peer),
          .received_on = journey.received_on,
          .sent_on = sent_on,
          .protected_port = journey.protected_port,
          .branch = journey.branch};
}

std::string Rewriter::Register(std::string_view message,
                               const Journey& journey) {
  if (!Begin(message, /*request=*/true)) return failure_;
  const sip::HeaderField* row = view_.Find(sip::HeaderId::kAuthorization);
  for (size_t i = 0; i < journey.credentials_row; ++i) row = view_.Next(row);
  RegisterFacts facts{.hop = HopOf(journey, sip::Transport::kTcp),
                      .path_user = kPathUser,
                      .integrity = journey.integrity,
                      .credentials = {.row = row},
                      .icid = journey.icid};
  RewriteRegister(view_, parts_, facts, own_, *scratch_, *out_);
  return End();
}

std::string Rewriter::RegisterResponse(std::string_view message,
                                       bool add_security_server) {
  if (!Begin(message, /*request=*/false)) return failure_;
  RewriteRegisterResponse(view_, add_security_server, *scratch_, *out_);
  return End();
}

std::string Rewriter::Originating(std::string_view message,
                                  const Journey& journey) {
  if (!Begin(message, /*request=*/true)) return failure_;
  std::vector<std::string_view> routes = Views(journey.service_routes);
  std::vector<std::string_view> asserted = Views(journey.asserted);
  OriginatingFacts facts{.hop = HopOf(journey, sip::Transport::kTcp),
                         .record_route_user = kRecordRouteUser,
                         .service_routes = routes,
                         .replace_routes = journey.replace_routes,
                         .asserted = asserted,
                         .icid = journey.icid};
  RewriteOriginating(view_, parts_, facts, own_, *scratch_, *out_);
  return End();
}

std::string Rewriter::Terminating(std::string_view message,
                                  const Journey& journey) {
  if (!Begin(message, /*request=*/true)) return failure_;
  TerminatingFacts facts{.hop = HopOf(journey, sip::Transport::kTls),
                         .record_route_user = kRecordRouteUser};
  RewriteTerminating(view_, parts_, facts, config_, own_, *scratch_, *out_);
  return End();
}

std::string Rewriter::ResponseToCore(std::string_view message,
                                     const SavedCharging& saved) {
  if (!Begin(message, /*request=*/false)) return failure_;
  RewriteResponseToCore(view_, saved, own_, *scratch_, *out_);
  return End();
}

std::string Rewriter::ResponseToUe(std::string_view message) {
  if (!Begin(message, /*request=*/false)) return failure_;
  RewriteResponseToUe(view_, config_, *scratch_, *out_);
  return End();
}

}  // namespace sallyport::routing
