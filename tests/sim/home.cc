#include "tests/sim/home.h"

#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "tests/sim/phone.h"
#include "tests/sim/text.h"

namespace sallyport::sim {

std::vector<HomeMessage> Home::OnMessage(FlowId flow, const std::string& text,
                                         Instant now) {
  if (!IsRequest(text)) {
    const auto waiting = waiting_.find(TopBranch(text));
    if (waiting == waiting_.end()) return {};
    const Waiting found = waiting->second;
    waiting_.erase(waiting);
    const int status = StatusOf(text);
    if (status == 200) ++delivered_;
    return {{found.flow, ResponseTo(found.request, status), Delay()}};
  }
  if (chance_.OneIn(100)) return {};  // it says nothing at all
  if (chance_.OneIn(100)) {
    return {{flow, ResponseTo(text, 503, "Retry-After: 1\r\n"), Delay()}};
  }
  if (MethodOf(text) == "REGISTER") {
    return {{flow, OnRegister(text, now), Delay()}};
  }
  return OnOriginating(flow, text, now);
}

Millis Home::Delay() {
  return chance_.OneIn(50) ? chance_.Between(500, 5000) : chance_.Between(1, 20);
}

std::string Home::Challenge(const std::string& text, int phone) {
  nonces_[phone] = absl::StrCat("nonce", ++next_);
  return ResponseTo(text, 401,
                    absl::StrCat("WWW-Authenticate: Digest realm=\"ims.test\", nonce=\"",
                                 nonces_[phone], "\", algorithm=MD5, qop=\"auth\"\r\n"));
}

// What the standards ask of an S-CSCF: `tls-pending` counts with a valid digest
// only, `tls-yes` for a registered binding (TS 33.203 O.2.2, O.4.3).
std::string Home::OnRegister(const std::string& text, Instant now) {
  const std::string_view row = RowIn(text, "Authorization");
  const int phone = PhoneOf(DigestParam(row, "username"));
  if (phone < 0) return ResponseTo(text, 403);
  const std::vector<std::string> integrity = IntegrityValues(text);
  const std::string proof = DigestParam(row, "response");
  const auto nonce = nonces_.find(phone);
  const bool proven = !proof.empty() && nonce != nonces_.end() &&
                      proof == Proof(ImpiOf(phone), nonce->second);
  const auto binding = bindings_.find(phone);
  const bool bound = binding != bindings_.end() && binding->second.expires > now;
  const bool trusted =
      bound && integrity == std::vector<std::string>{"tls-yes"};
  if (!proven && (!trusted || !proof.empty() || chance_.OneIn(10))) {
    return Challenge(text, phone);
  }
  const int expires = ContactExpires(text);
  if (expires == 0) {
    bindings_.erase(phone);
    return ResponseTo(text, 200);
  }
  ever_[phone] = 1;
  bindings_[phone] = {InBrackets(Row(text, "Path")), now + Seconds(expires)};
  return Grant(text, expires,
               absl::StrCat("Service-Route: <sip:orig@192.0.2.30:5060;lr>\r\n"
                            "P-Associated-URI: <", ImpuOf(phone), ">, <tel:+1555",
                            1000 + phone, ">\r\n"));
}

// Relays to the phone that is called, if it is bound; otherwise 404.
std::vector<HomeMessage> Home::OnOriginating(FlowId flow,
                                             const std::string& text,
                                             Instant now) {
  const int to = PhoneOf(StartLine(text));
  const auto binding = bindings_.find(to);
  if (binding == bindings_.end() || binding->second.expires <= now) {
    return {{flow, ResponseTo(text, 404), Delay()}};
  }
  ++relayed_;
  const std::string branch = absl::StrCat("z9hG4bKhome-", ++next_);
  waiting_[branch] = {flow, text};
  const std::string_view method = MethodOf(text);
  std::string request = absl::StrCat(
      method, " sip:ue", to, "@192.168.1.10:5062;transport=tls SIP/2.0\r\n",
      "Via: SIP/2.0/TCP 192.0.2.30:5060;branch=", branch,
      "\r\nMax-Forwards: 60\r\nRoute: <", binding->second.path,
      ">\r\nFrom: <sip:caller@ims.test>;tag=h\r\nTo: <", ImpuOf(to),
      ">\r\nCall-ID: t-", next_, "\r\nCSeq: 1 ", method,
      "\r\nP-Called-Party-ID: <", ImpuOf(to),
      ">\r\nP-Charging-Vector: icid-value=\"h1\"\r\nX-For: ", to,
      "\r\nContent-Length: 0\r\n\r\n");
  return {{FlowId{}, std::move(request), Delay()}};
}

}  // namespace sallyport::sim
