// The message flows of spec 2, byte for byte. Beside each received message
// (`<flow>.sip`) stand the one that leaves (`<flow>.sent.sip`) and, where the
// spec prints it, that print (`<flow>.spec.sip`), which says the same with its
// rows in another order and its long lines folded.

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/registration/integrity.h"
#include "core/routing/rewrite_fixture.h"
#include "core/routing/slow_reader.h"
#include "gtest/gtest.h"

namespace sallyport::routing {
namespace {

using registration::Integrity;

std::string File(std::string_view flow) {
  std::ifstream file(absl::StrCat("core/routing/flows/", flow, ".sip"),
                     std::ios::binary);
  EXPECT_TRUE(file.good()) << flow;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// What was sent is left among the test's outputs, for whoever changes a flow.
void ExpectSent(std::string_view flow, const std::string& sent) {
  if (const char* outputs = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR")) {
    std::ofstream(absl::StrCat(outputs, "/", flow, ".sent.sip"),
                  std::ios::binary)
        << sent;
  }
  EXPECT_EQ(sent, File(absl::StrCat(flow, ".sent"))) << flow;
}

void ExpectSaysLike(const std::string& sent, const std::string& print) {
  slow::Message said = slow::Read(sent);
  slow::Message meant = slow::Read(print);
  EXPECT_EQ(said.start_line, meant.start_line);
  EXPECT_EQ(slow::Essence(said), slow::Essence(meant));
  EXPECT_EQ(said.body, meant.body);
}

Journey Clear() {
  return {.peer = "203.0.113.25:41822",
          .received_on = sip::Transport::kTcp,
          .branch = "z9hG4bKp1.6c9e02d4a1",
          .icid = 0x65f0c2a40000002a};
}

// Conformance: REG-03, REG-05, REG-06, REG-07, REG-10, REG-11, SEC-06, SEC-16
TEST(RewriteFlows, F1BecomesF2) {
  std::string sent = Rewriter().Register(File("register_in_clear"), Clear());

  ExpectSent("register_in_clear", sent);
  ExpectSaysLike(sent, File("register_in_clear.spec"));
}

// Conformance: REG-13
TEST(RewriteFlows, F3BecomesF4) {
  std::string sent = Rewriter().RegisterResponse(File("challenge"),
                                                 /*add_security_server=*/true);

  ExpectSent("challenge", sent);
  ExpectSaysLike(sent, File("challenge.spec"));
}

// Conformance: SEC-17, REG-03
TEST(RewriteFlows, F6BecomesF7) {
  std::string sent = Rewriter().Register(File("register_with_answer_on_tls"),
                                         {.integrity = Integrity::kTlsPending});

  ExpectSent("register_with_answer_on_tls", sent);
  ExpectSaysLike(sent, File("register_with_answer_on_tls.spec"));
}

// Conformance: REG-19, REG-20
TEST(RewriteFlows, F8BecomesF9) {
  std::string sent = Rewriter().RegisterResponse(File("register_accepted"));

  ExpectSent("register_accepted", sent);
  ExpectSaysLike(sent, File("register_accepted.spec"));
}

// Conformance: SEC-17, REG-04
TEST(RewriteFlows, TheRefreshSaysTlsYes) {
  std::string sent = Rewriter().Register(File("register_again_on_tls"),
                                         {.integrity = Integrity::kTlsYes});

  ExpectSent("register_again_on_tls", sent);
  slow::Message message = slow::Read(sent);
  EXPECT_EQ(message.Values("Authorization").at(0),
            "Digest username=\"alice_private@ims.example.com\", "
            "realm=\"ims.example.com\", nonce=\"\", "
            "uri=\"sip:ims.example.com\", response=\"\", "
            "integrity-protected=\"tls-yes\"");
  EXPECT_EQ(message.Values("Path").at(0),
            "<sip:t.AAAAB2kQ9mXw4rYpZ0sT@pcscf1.ims.example.com:5060;lr>");
}

// Conformance: REG-04
TEST(RewriteFlows, TheDeregistrationSaysTlsYesAndKeepsItsStar) {
  std::string sent = Rewriter().Register(File("deregister"),
                                         {.integrity = Integrity::kTlsYes});

  ExpectSent("deregister", sent);
  slow::Message message = slow::Read(sent);
  EXPECT_EQ(message.Values("Contact").at(0), "*");
  EXPECT_EQ(message.Values("Path").at(0),
            "<sip:t.AAAAB2kQ9mXw4rYpZ0sT@pcscf1.ims.example.com:5060;lr>");
}

// Conformance: REG-08
TEST(RewriteFlows, TlsFirstWithoutAuthorizationGetsTheNetworksAccessInfo) {
  std::string sent = Rewriter().Register(File("register_tls_first"));

  ExpectSent("register_tls_first", sent);
  EXPECT_EQ(slow::Read(sent).Values("P-Access-Network-Info"),
            std::vector<std::string>{"IEEE-802.11;network-provided"});
}

// The print leaves out `received` in the Via of scscf1, whose sent-by is a name
// (RFC 3261 18.2.1, spec 6.1).
constexpr std::string_view kPrinted = ":5060;branch=z9hG4bKsc90.1";
constexpr std::string_view kStamped =
    ":5060;received=192.0.2.30;branch=z9hG4bKsc90.1";

Journey ToUe() {
  return {.peer = "192.0.2.30:5060",
          .received_on = sip::Transport::kTcp,
          .branch = "z9hG4bKp1.77c1d0aa02"};
}

// Conformance: TERM-03, TERM-04, TERM-05
TEST(RewriteFlows, G1BecomesG2) {
  std::string sent = Rewriter().Terminating(File("invite_to_ue"), ToUe());

  ExpectSent("invite_to_ue", sent);
  ExpectSaysLike(sent, absl::StrReplaceAll(File("invite_to_ue.spec"),
                                           {{kPrinted, kStamped}}));
}

// The same as MESSAGE: no Record-Route of ours.
TEST(RewriteFlows, G1AsMessageBecomesG2WithoutRecordRoute) {
  const std::string message = absl::StrReplaceAll(
      File("invite_to_ue"),
      {{"INVITE sip", "MESSAGE sip"}, {"17 INVITE", "17 MESSAGE"}});

  std::string sent = Rewriter().Terminating(message, ToUe());

  const std::string print = absl::StrReplaceAll(
      File("invite_to_ue.spec"),
      {{kPrinted, kStamped},
       {"INVITE sip", "MESSAGE sip"},
       {"17 INVITE", "17 MESSAGE"},
       {"Record-Route: <sip:r.AAAAB2kQ9mXw4rYpZ0sT@pcscf1.ims.example.com:5061;"
        "transport=tls;lr>\r\n",
        ""},
       {"Record-Route: <sip:r.AAAAB2kQ9mXw4rYpZ0sT@pcscf1.ims.example.com:5060;"
        "lr>\r\n",
        ""}});
  ExpectSaysLike(sent, print);
}

// Conformance: ORIG-08, ORIG-11, ORIG-12, ORIG-13
TEST(RewriteFlows, H1BecomesH2) {
  std::string sent = Rewriter().Originating(
      File("invite_from_ue"),
      {.branch = "z9hG4bKp1.91bf3300c5", .icid = 0x65f0c2b000000031});

  ExpectSent("invite_from_ue", sent);
  ExpectSaysLike(sent, File("invite_from_ue.spec"));
}

// With the UE's own list kept (it equals the stored one) the same bytes leave,
// but for where its Route row stands.
// Conformance: ORIG-08
TEST(RewriteFlows, H1WithItsOwnRouteListBecomesH2) {
  std::string sent = Rewriter().Originating(File("invite_from_ue"),
                                            {.branch = "z9hG4bKp1.91bf3300c5",
                                             .icid = 0x65f0c2b000000031,
                                             .replace_routes = false});

  ExpectSaysLike(sent, File("invite_from_ue.spec"));
}

}  // namespace
}  // namespace sallyport::routing
