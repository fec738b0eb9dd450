// Rewrites whole messages in tests, with the names and addresses of spec 2.
#ifndef CORE_ROUTING_REWRITE_FIXTURE_H_
#define CORE_ROUTING_REWRITE_FIXTURE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/edge_config.h"
#include "core/registration/integrity.h"
#include "core/routing/own_names.h"
#include "core/routing/rewrite.h"

namespace sallyport::routing {

// pcscf1.ims.example.com: access 198.51.100.10, core 192.0.2.10.
EdgeConfig ExampleConfig();

// The facts that a test may want to say differently.
struct Journey {
  std::string peer = "203.0.113.25:50311";
  sip::Transport received_on = sip::Transport::kTls;
  std::string branch = "z9hG4bKp1.6c9e02d4b7";
  registration::Integrity integrity = registration::Integrity::kNone;
  size_t credentials_row = 0;  // which Authorization row gets the value
  uint64_t icid = 0x65f0c2a40000002b;
  std::vector<std::string> service_routes = {
      "<sip:orig@scscf1.ims.example.com:5060;lr>"};
  bool replace_routes = true;
  std::vector<std::string> asserted = {"<tel:+15551230001>"};
  uint16_t protected_port = 5061;
};

// Each scans and validates `message`, rewrites it and gives the bytes that
// leave;
// "(verdict or reason)" when it does not get that far.
class Rewriter {
 public:
  explicit Rewriter(const EdgeConfig& config = ExampleConfig());

  std::string Register(std::string_view message, const Journey& journey = {});
  std::string RegisterResponse(std::string_view message,
                               bool add_security_server = false);
  std::string Originating(std::string_view message,
                          const Journey& journey = {});
  std::string Terminating(std::string_view message,
                          const Journey& journey = {});
  std::string ResponseToCore(std::string_view message,
                             const SavedCharging& saved = {});
  std::string ResponseToUe(std::string_view message);

  const OwnNames& own() const { return own_; }

 private:
  // False: `failure_` says why.
  bool Begin(std::string_view message, bool request);
  std::string End();
  Hop HopOf(const Journey& journey, sip::Transport sent_on) const;

  EdgeConfig config_;
  OwnNames own_;
  std::string bytes_;
  std::string failure_;
  sip::MessageView view_;
  RequestParts parts_;
  std::unique_ptr<sip::Scratch> scratch_ = std::make_unique<sip::Scratch>();
  std::unique_ptr<sip::SpliceList> out_ = std::make_unique<sip::SpliceList>();
};

}  // namespace sallyport::routing

#endif  // CORE_ROUTING_REWRITE_FIXTURE_H_
