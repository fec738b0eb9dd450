#include "tests/sim/phone.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/sim/text.h"

namespace sallyport::sim {
namespace {

using Kind = PhoneCommand::Kind;

// A claim that must never reach the core.
constexpr std::string_view kClaims[] = {
    ", integrity-protected=\"tls-yes\"", ", Integrity-Protected = tls-yes",
    ",\r\n integrity-protected=\"auth-done\"", ", INTEGRITY-PROTECTED"};

}  // namespace

std::string ImpiOf(int phone) { return absl::StrCat("ue", phone, "_private@ims.test"); }
std::string ImpuOf(int phone) { return absl::StrCat("sip:ue", phone, "@ims.test"); }

int PhoneOf(std::string_view identity) {
  const size_t at = identity.find("ue");
  if (at == std::string_view::npos) return -1;
  int phone = -1;
  const size_t end = identity.find_first_of("_@", at);
  if (end == std::string_view::npos ||
      !absl::SimpleAtoi(identity.substr(at + 2, end - at - 2), &phone)) {
    return -1;
  }
  return phone;
}

Phone::Phone(int index, int phones, Chance& chance)
    : index_(index), phones_(phones), chance_(chance) {}

Phone::Commands Phone::Act(bool ending) {
  if (ending) {
    if (connected_ && registered_ && chance_.OneIn(2)) {
      return {{Kind::kSend, Register(Want::kLeave, "")}};
    }
    if (connected_) return {{Kind::kLose, ""}};
    return {};
  }
  if (!connected_) return {{Kind::kConnect, ""}};
  if (!registered_) return {{Kind::kSend, Register(Want::kInitial, "")}};
  switch (chance_.Below(10)) {
    case 0:
      return {{Kind::kLose, ""}};
    case 1:
      return {{Kind::kSend, Register(Want::kLeave, "")}};
    case 2:
    case 3:
      return {{Kind::kSend, Register(Want::kRefresh, "")}};
    case 4:
      return {{Kind::kSend, "\r\n\r\n"}};
    case 5: {
      // A message cut by the loss of its connection.
      std::string text = Request("MESSAGE", 0);
      text.resize(chance_.Below(text.size()));
      return {{Kind::kSend, text}, {Kind::kLose, ""}};
    }
    default: {
      const int to = static_cast<int>(chance_.Below(static_cast<uint64_t>(phones_)));
      return {{Kind::kSend,
               Request(chance_.OneIn(3) ? "OPTIONS" : "MESSAGE", to)}};
    }
  }
}

Phone::Commands Phone::OnConnected(uint64_t session, bool resumed) {
  connected_ = true;
  session_ = session;
  resumed_ = resumed;
  branches_.clear();
  Commands commands;
  // A request before the 200 on this connection must get nothing.
  if (chance_.OneIn(4)) commands.push_back({Kind::kSend, Request("MESSAGE", 0)});
  commands.push_back({Kind::kSend, Register(Want::kRefresh, "")});
  return commands;
}

void Phone::OnDisconnected() {
  connected_ = false;
  registered_ = false;
  branches_.clear();
}

Phone::Commands Phone::OnMessage(const std::string& text) {
  return IsRequest(text) ? OnRequest(text) : OnResponse(text);
}

Phone::Commands Phone::OnResponse(const std::string& text) {
  if (MethodOf(text) != "REGISTER") return {};
  const int status = StatusOf(text);
  if (status == 401) {
    const std::string nonce = DigestParam(RowIn(text, "WWW-Authenticate"), "nonce");
    return {{Kind::kSend, Register(leaving_ ? Want::kLeave : Want::kAnswer, nonce)}};
  }
  if (status != 200) return {};
  registered_ = !leaving_;
  if (leaving_) return {};
  ++registrations;
  if (!answered_) ++unchallenged;
  if (!answered_ && resumed_) ++resumptions;
  return {};
}

Phone::Commands Phone::OnRequest(const std::string& text) {
  if (chance_.OneIn(20)) return {};  // it never answers
  return {{Kind::kSend, ResponseTo(text, 200, "P-Asserted-Identity: <sip:planted@ims.test>\r\n")}};
}

std::string Phone::Via() {
  const std::string branch = absl::StrCat("z9hG4bKue", index_, "-", ++branch_);
  branches_.insert(branch);
  return absl::StrCat("Via: SIP/2.0/TLS 192.168.1.10:5062;branch=", branch,
                      ";rport\r\n");
}

std::string Phone::Register(Want want, std::string_view nonce) {
  leaving_ = want == Want::kLeave;
  answered_ = !nonce.empty();
  const std::string impi = ImpiOf(index_);
  const std::string claim =
      chance_.OneIn(5) ? std::string(kClaims[chance_.Below(4)]) : "";
  return absl::StrCat(
      "REGISTER sip:ims.test SIP/2.0\r\n", Via(), "Max-Forwards: 70\r\nFrom: <",
      ImpuOf(index_), ">;tag=f", index_, "\r\nTo: <", ImpuOf(index_),
      ">\r\nCall-ID: reg-", index_, "\r\nCSeq: ", ++cseq_,
      " REGISTER\r\nContact: <sip:ue", index_,
      "@192.168.1.10:5062;transport=tls>;+sip.instance=\"<urn:uuid:", index_,
      ">\";expires=", leaving_ ? 0 : 600, "\r\nAuthorization: Digest username=\"",
      impi, "\", realm=\"ims.test\"", claim, ", nonce=\"", nonce,
      "\", uri=\"sip:ims.test\", response=\"",
      nonce.empty() ? "" : Proof(impi, nonce),
      "\"\r\nX-Phone: ", index_, "\r\nX-Session: ", session_,
      "\r\nContent-Length: 0\r\n\r\n");
}

std::string Phone::Request(std::string_view method, int to) {
  return absl::StrCat(
      method, " ", ImpuOf(to), " SIP/2.0\r\n", Via(),
      "Max-Forwards: 70\r\nFrom: <", ImpuOf(index_), ">;tag=f", index_,
      "\r\nTo: <", ImpuOf(to), ">\r\nCall-ID: m-", index_, "-", branch_,
      "\r\nCSeq: ", ++cseq_, " ", method,
      "\r\nP-Asserted-Identity: <", ImpuOf((index_ + 1) % phones_),
      ">\r\nX-Phone: ", index_, "\r\nContent-Type: text/plain\r\n",
      "Content-Length: 5\r\n\r\nhello");
}

}  // namespace sallyport::sim
