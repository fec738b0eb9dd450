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

int UserOf(int phone) {
  const int first = phone / 8 * 8;
  const int place = phone % 8;
  return first + (place < 4 ? 0 : place < 6 ? 4 : place);
}

std::string ImpiOf(int user) { return absl::StrCat("ue", user, "_private@ims.test"); }
std::string ImpuOf(int user, int set) {
  return absl::StrCat("sip:ue", user, set == 0 ? "" : "-b", "@ims.test");
}
std::string TelOf(int user) { return absl::StrCat("tel:+1555", 1000 + user); }

int UserIn(std::string_view text) {
  int user = -1;
  if (const size_t tel = text.find("+1555"); tel != std::string_view::npos) {
    const std::string_view number = text.substr(tel + 5);
    const size_t end = number.find_first_not_of("0123456789");
    return absl::SimpleAtoi(number.substr(0, end), &user) ? user - 1000 : -1;
  }
  const size_t at = text.find("ue");
  if (at == std::string_view::npos) return -1;
  const size_t end = text.find_first_of("_@-", at);
  if (end == std::string_view::npos ||
      !absl::SimpleAtoi(text.substr(at + 2, end - at - 2), &user)) {
    return -1;
  }
  return user;
}

int SetOf(std::string_view identity) {
  return identity.find("-b@") == std::string_view::npos ? 0 : 1;
}

int IdentityIn(std::string_view text) {
  return text.find("+1555") != std::string_view::npos ? 2 : SetOf(text);
}

std::string ContactOf(int user, int phone) {
  return absl::StrCat("sip:ue", user, "@192.168.1.", phone % 250,
                      ":5062;transport=tls");
}
std::string InstanceOf(int phone) { return absl::StrCat("urn:uuid:", phone); }

Phone::Phone(int index, int phones, Chance& chance)
    : index_(index), user_(UserOf(index)), phones_(phones), chance_(chance) {}

Phone::Commands Phone::Act(bool ending) {
  if (ending) {
    if (connected_ && chance_.OneIn(2)) {
      for (int set = 0; set < kSetsMax; ++set) {
        if (sets_[set].registered) return {Register(set, Want::kLeave)};
      }
    }
    if (connected_) return {{Kind::kLose, ""}};
    return {};
  }
  if (!connected_) return {{Kind::kConnect, ""}};
  if (!sets_[0].registered) return {Register(0, Want::kStay)};
  return Talk();
}

Phone::Commands Phone::Talk() {
  const int set = chance_.OneIn(3) ? 1 : 0;
  switch (chance_.Below(10)) {
    case 0:
      return {{Kind::kLose, ""}};
    case 1:
      return {Register(set, sets_[set].registered ? Want::kLeave : Want::kStay)};
    case 2:
    case 3:
      return {Register(set, Want::kStay)};
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
               Request(chance_.OneIn(3) ? "OPTIONS" : "MESSAGE", UserOf(to))}};
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
  commands.push_back(Register(0, Want::kStay));
  return commands;
}

void Phone::OnDisconnected() {
  connected_ = false;
  for (Set& set : sets_) set.registered = false;
  branches_.clear();
}

Phone::Commands Phone::OnMessage(const std::string& text) {
  return IsRequest(text) ? OnRequest(text) : OnResponse(text);
}

Phone::Commands Phone::OnResponse(const std::string& text) {
  if (MethodOf(text) != "REGISTER") return {};
  const int index = SetOf(RowIn(text, "To"));
  Set& set = sets_[index];
  const int status = StatusOf(text);
  if (status == 401) {
    const std::string nonce =
        DigestParam(RowIn(text, "WWW-Authenticate"), "nonce");
    return {Register(index, set.leaving ? Want::kLeave : Want::kStay, nonce)};
  }
  if (status != 200) return {};
  set.registered = !set.leaving;
  if (set.leaving) return {};
  ++registrations;
  if (!set.answered) ++unchallenged;
  if (!set.answered && resumed_) ++resumptions;
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

PhoneCommand Phone::Register(int index, Want want, std::string_view nonce) {
  Set& set = sets_[index];
  set.leaving = want == Want::kLeave;
  set.answered = !nonce.empty();
  const std::string impi = ImpiOf(user_);
  const std::string impu = ImpuOf(user_, index);
  const std::string_view claim =
      chance_.OneIn(5) ? kClaims[chance_.Below(4)] : std::string_view();
  const bool star = set.leaving && chance_.OneIn(3);
  const std::string contact =
      star ? "*\r\nExpires: 0"
           : absl::StrCat("<", ContactOf(user_, index_), ">;+sip.instance=\"<",
                          InstanceOf(index_), ">\";expires=",
                          set.leaving ? 0 : 600);
  return {Kind::kSend,
          absl::StrCat(
              "REGISTER sip:ims.test SIP/2.0\r\n", Via(),
              "Max-Forwards: 70\r\nFrom: <", impu, ">;tag=f", index_,
              "\r\nTo: <", impu, ">\r\nCall-ID: reg-", index_, "-", index,
              "\r\nCSeq: ", ++cseq_, " REGISTER\r\nContact: ", contact,
              "\r\nAuthorization: Digest username=\"", impi,
              "\", realm=\"ims.test\"", claim, ", nonce=\"", nonce,
              "\", uri=\"sip:ims.test\", response=\"",
              nonce.empty() ? "" : Proof(impi, nonce), "\"\r\nX-Phone: ",
              index_, "\r\nX-Session: ", session_,
              "\r\nContent-Length: 0\r\n\r\n")};
}

// Mostly nothing; else one of its own identities, or one that is not its own.
std::string Phone::Preferred() {
  std::string identity;
  switch (chance_.Below(8)) {
    case 0:
      identity = ImpuOf(user_, 1);
      break;
    case 1:
      identity = TelOf(user_);
      break;
    case 2:
      identity = ImpuOf(UserOf((index_ + 8) % phones_));
      break;
    default:
      return "";
  }
  return absl::StrCat("P-Preferred-Identity: <", identity, ">\r\n");
}

std::string Phone::Request(std::string_view method, int to) {
  return absl::StrCat(
      method, " ", ImpuOf(to), " SIP/2.0\r\n", Via(),
      "Max-Forwards: 70\r\nFrom: <", ImpuOf(user_), ">;tag=f", index_,
      "\r\nTo: <", ImpuOf(to), ">\r\nCall-ID: m-", index_, "-", branch_,
      "\r\nCSeq: ", ++cseq_, " ", method,
      "\r\nP-Asserted-Identity: <", ImpuOf(UserOf((index_ + 8) % phones_)),
      ">\r\n", Preferred(), "X-Phone: ", index_, "\r\nX-Session: ", session_,
      "\r\nContent-Type: text/plain\r\n",
      "Content-Length: 5\r\n\r\nhello");
}

}  // namespace sallyport::sim
