#include "tests/sim/home.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/sim/phone.h"
#include "tests/sim/text.h"

namespace sallyport::sim {

std::vector<HomeMessage> Home::OnMessage(int node, FlowId flow,
                                         const std::string& text, Instant now) {
  if (health(node) == Health::kSilent || health(node) == Health::kDead)
    return {};
  const std::string_view method = MethodOf(text);
  if (!IsRequest(text)) {
    if (method != "NOTIFY") return OnResponse(text);
    notifier_.OnResponse(text);
    return {};
  }
  if (chance_.OneIn(100)) return {};  // it says nothing at all
  if (health(node) == Health::kUnavailable || chance_.OneIn(100)) {
    return {{flow, ResponseTo(text, 503, "Retry-After: 1\r\n"), Delay()}};
  }
  if (method == "REGISTER") return OnRegister(flow, text, now);
  if (method == "SUBSCRIBE") {
    return notifier_.OnSubscribe(flow, text, now, generous_);
  }
  return OnOriginating(flow, text, now);
}

std::vector<HomeMessage> Home::OnResponse(const std::string& text) {
  const auto waiting = waiting_.find(TopBranch(text));
  if (waiting == waiting_.end()) return {};
  const Waiting found = waiting->second;
  waiting_.erase(waiting);
  const int status = StatusOf(text);
  if (status == 200) ++delivered_;
  return {{found.flow, ResponseTo(found.request, status), Delay()}};
}

Millis Home::Delay() {
  return chance_.OneIn(50) ? chance_.Between(500, 5000)
                           : chance_.Between(1, 20);
}

// ---- the registrar

std::string Home::Challenge(const std::string& text) {
  const std::string nonce = absl::StrCat("nonce", ++next_);
  nonces_.insert_or_assign(std::string(RowIn(text, "Call-ID")), nonce);
  return ResponseTo(
      text, 401,
      absl::StrCat("WWW-Authenticate: Digest realm=\"ims.test\", nonce=\"",
                   nonce, "\", algorithm=MD5, qop=\"auth\"\r\n"));
}

// What the standards ask of an S-CSCF: `tls-pending` counts with a valid digest
// only, `tls-yes` for a registered binding (TS 33.203 O.2.2, O.4.3).
std::vector<HomeMessage> Home::OnRegister(FlowId flow, const std::string& text,
                                          Instant now) {
  const auto answer = [&](std::string response) {
    return std::vector<HomeMessage>{{flow, std::move(response), Delay()}};
  };
  const std::string_view row = RowIn(text, "Authorization");
  const std::string impi = DigestParam(row, "username");
  const int user = UserIn(impi);
  int device = -1;
  if (user < 0 || !absl::SimpleAtoi(RowIn(text, "X-Phone"), &device)) {
    return answer(ResponseTo(text, 403));
  }
  const std::string proof = DigestParam(row, "response");
  const auto nonce = nonces_.find(RowIn(text, "Call-ID"));
  const bool proven = !proof.empty() && nonce != nonces_.end() &&
                      proof == Proof(impi, nonce->second);
  const BindingKey key{InBrackets(RowIn(text, "To")), device};
  const auto binding = bindings_.bound.find(key);
  const bool bound =
      binding != bindings_.bound.end() && binding->second.expires > now;
  const bool trusted =
      bound && IntegrityValues(text) == std::vector<std::string>{"tls-yes"};
  if (!proven && (!trusted || !proof.empty() || chance_.OneIn(10))) {
    return answer(Challenge(text));
  }
  if (IsLate(text)) return answer(ResponseTo(text, 400));
  const bool leaves =
      ContactExpires(text) == 0 || RowIn(text, "Contact") == "*";
  std::vector<HomeMessage> out =
      answer(leaves ? Leave(text, key) : Bind(text, key, user, now));
  std::ranges::move(
      leaves ? notifier_.OnLeft(key, now) : notifier_.OnRegistered(key, now),
      std::back_inserter(out));
  return out;
}

// Now and then for a short time only.
std::string Home::Bind(const std::string& text, const BindingKey& key, int user,
                       Instant now) {
  const int expires = !generous_ && chance_.OneIn(10)
                          ? 5 + static_cast<int>(chance_.Below(30))
                          : ContactExpires(text);
  Binding& entry = bindings_.bound[key];
  std::string path = InBrackets(RowIn(text, "Path"));
  if (path != entry.path)
    entry.stale = std::exchange(entry.path, std::move(path));
  entry.expires = now + Seconds(expires);
  const int set = SetOf(key.first);
  return Grant(
      text, expires,
      absl::StrCat("Service-Route: ", service_route_, "\r\n",
                   "P-Associated-URI: <", ImpuOf(user, set), ">",
                   set == 0 ? absl::StrCat(", <", TelOf(user), ">") : "",
                   "\r\n", Marks(text)));
}

// Source: RFC 3261 10.3 step 7: what was overtaken changes nothing.
bool Home::IsLate(std::string_view text) {
  uint64_t cseq = 0;
  const std::string_view row = RowIn(text, "CSeq");
  if (!absl::SimpleAtoi(row.substr(0, row.find(' ')), &cseq)) return true;
  uint64_t& last = cseqs_[std::string(RowIn(text, "Call-ID"))];
  const bool late = cseq <= last;
  last = std::max(last, cseq);
  return late;
}

// `*` removes the identity from all devices.
std::string Home::Leave(const std::string& text, const BindingKey& key) {
  if (RowIn(text, "Contact") == "*") {
    std::erase_if(bindings_.bound, [&key](const auto& binding) {
      return binding.first.first == key.first;
    });
  } else {
    bindings_.bound.erase(key);
  }
  return ResponseTo(text, 200, Marks(text));
}

// What the laws read: which TLS session asked, and the order of answers.
std::string Home::Marks(const std::string& text) {
  return absl::StrCat("X-Session: ", RowIn(text, "X-Session"),
                      "\r\nX-Answer: ", ++next_, "\r\n");
}

// ---- the relay

// Relays to one device of the user that is called, now and then by a Path that
// it had before; 404 when none is bound.
std::vector<HomeMessage> Home::OnOriginating(FlowId flow,
                                             const std::string& text,
                                             Instant now) {
  const std::string impu = ImpuOf(UserIn(StartLine(text)));
  auto binding = bindings_.bound.lower_bound({impu, 0});
  std::vector<decltype(binding)> bound;
  for (; binding != bindings_.bound.end() && binding->first.first == impu;
       ++binding) {
    if (binding->second.expires > now) bound.push_back(binding);
  }
  if (bound.empty()) return {{flow, ResponseTo(text, 404), Delay()}};
  const auto chosen =
      bound[bound.size() == 1 ? 0 : chance_.Below(bound.size())];
  return {{FlowId{}, RelayTo(chosen->first.second, chosen->second, text, flow),
           Delay()}};
}

std::string Home::RelayTo(int device, const Binding& binding,
                          const std::string& text, FlowId flow) {
  const std::string branch = absl::StrCat("z9hG4bKhome-", ++next_);
  waiting_[branch] = {flow, text};
  const std::string_view method = MethodOf(text);
  const std::string impu = ImpuOf(UserOf(device));
  return absl::StrCat(
      method, " sip:ue", UserOf(device),
      "@192.168.1.10:5062;transport=tls SIP/2.0\r\n",
      "Via: SIP/2.0/TCP 192.0.2.30:5060;branch=", branch,
      "\r\nMax-Forwards: 60\r\nRoute: <",
      !binding.stale.empty() && chance_.OneIn(6) ? binding.stale : binding.path,
      ">\r\nFrom: <sip:caller@ims.test>;tag=h\r\nTo: <", impu,
      ">\r\nCall-ID: t-", next_, "\r\nCSeq: 1 ", method,
      "\r\nP-Called-Party-ID: <", impu,
      ">\r\nP-Charging-Vector: icid-value=\"h1\"\r\nX-For: ", device,
      "\r\nContent-Length: 0\r\n\r\n");
}

}  // namespace sallyport::sim
