#include "core/routing/local_response.h"

#include <memory>
#include <string>
#include <string_view>

#include "core/base/endpoint.h"
#include "core/routing/slow_reader.h"
#include "core/routing/validation.h"
#include "core/sip/message.h"
#include "core/sip/splice.h"
#include "gtest/gtest.h"

namespace sallyport::routing {
namespace {

std::string Write(std::string_view request, const Refusal& answer,
                  std::string_view peer = "203.0.113.25:41822") {
  static sip::MessageView view;
  (void)view.Scan(request);
  EXPECT_TRUE(Answerable(view));
  auto scratch = std::make_unique<sip::Scratch>();
  std::string response(
      WriteResponse(view, *Endpoint::Parse(peer), answer, "p1-77", *scratch));
  EXPECT_FALSE(scratch->overflowed());
  return response;
}

constexpr std::string_view kRequest =
    "REGISTER sip:ims.example.com SIP/2.0\r\n"
    "v: SIP/2.0/TCP 192.168.1.10:5062;branch=z9hG4bKa;rport, "
    "SIP/2.0/UDP 10.0.0.1\r\n"
    "Max-Forwards: 70\r\n"
    "Subject: not copied\r\n"
    "Via: SIP/2.0/UDP 10.0.0.2\r\n"
    "f: \"A, B\" <sip:alice@ims.example.com>;\r\n tag=ue1\r\n"
    "t: sip:alice@ims.example.com\r\n"
    "i: c1@192.168.1.10\r\n"
    "CSeq: 7 REGISTER\r\n"
    "l: 2\r\n"
    "\r\n"
    "hi";

// Conformance: ERR-06, ERR-07, PROXY-03, PROXY-04
TEST(LocalResponse, CopiesWhatRfc3261WantsCopied) {
  std::string response = Write(kRequest, Refuse(421));

  slow::Message message = slow::Read(response);
  EXPECT_EQ(message.start_line, "SIP/2.0 421 Extension Required");
  std::vector<std::string> vias = slow::List(message, "Via");
  ASSERT_EQ(vias.size(), 3u);
  EXPECT_EQ(vias[0].substr(0, 48),
            "SIP/2.0/TCP 192.168.1.10:5062;branch=z9hG4bKa;rp");
  EXPECT_NE(vias[0].find(";received=203.0.113.25"), std::string::npos);
  EXPECT_NE(vias[0].find(";rport=41822"), std::string::npos);
  EXPECT_EQ(vias[1], "SIP/2.0/UDP 10.0.0.1");
  EXPECT_EQ(vias[2], "SIP/2.0/UDP 10.0.0.2");
  EXPECT_EQ(message.Values("From").at(0),
            "\"A, B\" <sip:alice@ims.example.com>; tag=ue1");
  EXPECT_EQ(message.Values("To").at(0), "sip:alice@ims.example.com;tag=p1-77");
  EXPECT_EQ(message.Values("Call-ID").at(0), "c1@192.168.1.10");
  EXPECT_EQ(message.Values("CSeq").at(0), "7 REGISTER");
  EXPECT_EQ(message.Values("Require").at(0), "sec-agree");
  EXPECT_EQ(message.Values("Security-Server").at(0), "tls;q=0.9");
  EXPECT_EQ(message.Values("Content-Length").at(0), "0");
  EXPECT_EQ(message.rows.size(), 9u);
  EXPECT_EQ(message.body, "");
}

TEST(LocalResponse, KeepsATagThatTheRequestBrought) {
  std::string request(kRequest);
  request.replace(request.find("t: sip:"), 28, "t: <sip:alice@x>;TAG=mine");

  slow::Message message = slow::Read(Write(request, Refuse(403)));

  EXPECT_EQ(message.Values("To").at(0), "<sip:alice@x>;TAG=mine");
}

TEST(LocalResponse, AddsNoTagToTrying) {
  slow::Message message = slow::Read(Write(kRequest, Refuse(100)));

  EXPECT_EQ(message.start_line, "SIP/2.0 100 Trying");
  EXPECT_EQ(message.Values("To").at(0), "sip:alice@ims.example.com");
}

TEST(LocalResponse, AnswersARequestWhoseViaCannotBeRead) {
  std::string request(kRequest);
  request.replace(request.find(";branch"), 23, ";;,;,,");

  slow::Message message = slow::Read(Write(request, Refuse(400)));

  EXPECT_EQ(message.start_line, "SIP/2.0 400 Bad Request");
  EXPECT_EQ(message.Count("Via"), 2u);
}

TEST(LocalResponse, SaysWhyInsteadOfThePhrase) {
  slow::Message message =
      slow::Read(Write(kRequest, {400, "Missing Call-ID", {}}));

  EXPECT_EQ(message.start_line, "SIP/2.0 400 Missing Call-ID");
}

TEST(LocalResponse, SaysWhenToComeBack) {
  slow::Message message = slow::Read(
      Write(kRequest, {503, "Service Unavailable", {}, /*retry_after_s=*/47}));

  EXPECT_EQ(message.Values("Retry-After").at(0), "47");
}

}  // namespace
}  // namespace sallyport::routing
