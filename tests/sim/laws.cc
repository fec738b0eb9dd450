#include "tests/sim/laws.h"

#include <algorithm>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/sim/text.h"

namespace sallyport::sim {
namespace {

// The news that a device moved is with every other shard by then.
constexpr Millis kNewsTravel{10};
constexpr Millis kTimerSlack{20};

uint64_t NumberIn(std::string_view text, std::string_view name) {
  uint64_t number = 0;
  return absl::SimpleAtoi(RowIn(text, name), &number) ? number : 0;
}

bool GrantsTime(std::string_view text) {
  return !RowIn(text, "Contact").empty() && ContactExpires(text) > 0;
}

// What a set registers: its SIP URI, and the first one the number too.
bool IsOfSet(int identity, int set) {
  return identity == set || (set == 0 && identity == kIdentities - 1);
}

int NumberOr(std::string_view text, int otherwise) {
  int number = 0;
  return absl::SimpleAtoi(text, &number) ? number : otherwise;
}

}  // namespace

bool Laws::Standing::MayStand(Instant now) const {
  return granted > removed && arrived > ended && now <= expires + kTimerSlack;
}

bool Laws::Session::MayStand(Instant now) const {
  return std::ranges::any_of(identities, [now](const Standing& standing) {
    return standing.MayStand(now);
  });
}

void Laws::OnSession(uint64_t session, int phone, ShardId shard) {
  CHECK_EQ(session, sessions_.size() + 1);
  sessions_.push_back({.phone = phone, .shard = shard, .identities = {}});
  sessions_of_[UserOf(phone)].push_back(session);
}

const Laws::Session& Laws::At(uint64_t session) const {
  CHECK(session >= 1 && session <= sessions_.size()) << "seed " << seed_;
  return sessions_[session - 1];
}

void Laws::OnRestarted() {
  for (Session& session : sessions_) {
    session.bound = false;
    session.identities = {};
  }
  present_.clear();
  news_.clear();
}

// ---- from the core

void Laws::OnFromHome(std::string_view text, Instant now) {
  const std::string_view method = MethodOf(text);
  if (method == "NOTIFY" && IsRequest(text)) return OnNotify(text);
  if (method != "REGISTER" || StatusOf(text) != 200 || !GrantsTime(text))
    return;
  ++arrivals_;
  Session& session = sessions_[NumberIn(text, "X-Session") - 1];
  const int set = SetOf(RowIn(text, "To"));
  const Instant expires = now + Seconds(ContactExpires(text)) + grace_;
  for (int identity = 0; identity < kIdentities; ++identity) {
    if (!IsOfSet(identity, set)) continue;
    Standing& standing = session.identities[static_cast<size_t>(identity)];
    standing.granted = std::max(standing.granted, NumberIn(text, "X-Answer"));
    standing.arrived = arrivals_;
    standing.expires = std::max(standing.expires, expires);
  }
}

// ---- towards the core

void Laws::OnToHome(std::string_view text, Instant now) const {
  if (!IsRequest(text)) {
    CHECK(!Contains(text, "planted")) << "seed " << seed_ << "\n" << text;
    return;
  }
  const std::string_view method = MethodOf(text);
  if (method == "SUBSCRIBE") return;
  method == "REGISTER" ? CheckRegister(text, now) : CheckOriginating(text, now);
}

// Nothing but our own word, at most once, and `tls-yes` only for a TLS session
// on which a 200 granted something that still stands.
void Laws::CheckRegister(std::string_view text, Instant now) const {
  const std::vector<std::string> values = IntegrityValues(text);
  CHECK_LE(values.size(), 1u) << "seed " << seed_ << "\n" << text;
  if (values.empty()) return;
  if (values[0] == "tls-pending") {
    CHECK(!DigestParam(RowIn(text, "Authorization"), "response").empty())
        << "seed " << seed_ << "\n"
        << text;
    return;
  }
  CHECK_EQ(values[0], "tls-yes") << "seed " << seed_ << "\n" << text;
  const Session& session = At(NumberIn(text, "X-Session"));
  CHECK(session.MayStand(now))
      << "seed " << seed_ << ": tls-yes for a session without a 200\n"
      << text;
  const std::string impi =
      DigestParam(RowIn(text, "Authorization"), "username");
  CHECK_EQ(UserIn(impi), UserOf(session.phone))
      << "seed " << seed_ << ": somebody else's session\n"
      << text;
}

// Every identity that is asserted is of the sender, and is registered here.
void Laws::CheckOriginating(std::string_view text, Instant now) const {
  const Session& session = At(NumberIn(text, "X-Session"));
  const std::vector<std::string> asserted = Rows(text, "P-Asserted-Identity");
  CHECK(!asserted.empty()) << "seed " << seed_ << "\n" << text;
  for (const std::string& identity : asserted) {
    CHECK_EQ(UserIn(identity), UserOf(session.phone))
        << "seed " << seed_ << ": somebody else's identity\n"
        << text;
    const auto number = static_cast<size_t>(IdentityIn(identity));
    CHECK(session.identities[number].MayStand(now))
        << "seed " << seed_ << ": an identity that is not registered here\n"
        << text;
  }
}

// ---- towards a phone

void Laws::OnToPhone(const Leaving& leaving, std::string_view text,
                     Instant now) {
  if (IsRequest(text)) return CheckRequest(leaving, text, now);
  if (!leaving.connected) return;
  CHECK(leaving.asked) << "seed " << seed_
                       << ": a response that nobody asked for\n"
                       << text;
  if (MethodOf(text) != "REGISTER" || StatusOf(text) != 200) return;
  GrantsTime(text) ? OnGranted(leaving, text, now) : OnRemoved(leaving, text);
}

// Only over the connection on which a 200 granted it a registration that
// stands, and never over one that the device has left for another.
void Laws::CheckRequest(const Leaving& leaving, std::string_view text,
                        Instant now) const {
  const Session& session = At(leaving.session);
  CHECK(session.bound && session.phone == leaving.phone)
      << "seed " << seed_ << ": a request on an unbound connection\n"
      << text;
  CHECK(session.MayStand(now))
      << "seed " << seed_ << ": a request for whom nothing is registered\n"
      << text;
  CHECK_EQ(RowIn(text, "X-For"), absl::StrCat(leaving.phone))
      << "seed " << seed_ << ": another phone's request\n"
      << text;
  const auto present = present_.find(leaving.phone);
  if (present == present_.end() || present->second.session == 0) return;
  CHECK(present->second.session == leaving.session ||
        now <= present->second.since + kNewsTravel)
      << "seed " << seed_ << ": a request on a connection that was replaced\n"
      << text;
}

void Laws::OnGranted(const Leaving& leaving, std::string_view text,
                     Instant now) {
  sessions_[leaving.session - 1].bound = true;
  if (SetOf(RowIn(text, "To")) > 0) ++second_sets_;
  Present& present = present_[leaving.phone];
  if (present.session == leaving.session) return;
  // An older session may have got this for a REGISTER that was long on its way.
  const bool newer = leaving.session > present.session;
  if (present.session != 0 && newer) ++devices_moved_;
  present = {.session = newer ? leaving.session : 0, .since = now};
}

void Laws::OnRemoved(const Leaving& leaving, std::string_view text) {
  ++sets_removed_;
  const int set = SetOf(RowIn(text, "To"));
  Session& session = sessions_[leaving.session - 1];
  for (int identity = 0; identity < kIdentities; ++identity) {
    if (!IsOfSet(identity, set)) continue;
    session.identities[static_cast<size_t>(identity)].removed =
        NumberIn(text, "X-Answer");
  }
}

// ---- what the network ends

void Laws::OnNotify(std::string_view text) {
  const auto [at, is_new] = news_.try_emplace(TopBranch(text));
  if (!is_new) return;  // the same again
  News& news = at->second;
  news.none = RowIn(text, "X-Kind") == "void";
  news.refused = !RowIn(text, "X-Refused").empty();
  news.user = NumberOr(RowIn(text, "X-User"), -1);
  if (absl::StartsWith(RowIn(text, "Subscription-State"), "terminated")) {
    news.ended = {.call_id = std::string(RowIn(text, "Call-ID")),
                  .for_good = !RowIn(text, "X-Done").empty()};
  }
  for (const char* row : {"X-Ends", "X-Shortens"}) {
    for (std::string_view word :
         absl::StrSplit(RowIn(text, row), ' ', absl::SkipEmpty())) {
      const std::vector<std::string_view> parts = absl::StrSplit(word, ':');
      news.effects.push_back(
          {.identity = NumberOr(parts[0], 0),
           .device = NumberOr(parts[1], -1),
           .seconds = parts.size() == 3 ? NumberOr(parts[2], -1) : -1});
    }
  }
}

// It has its effect once, when it is accepted first.
EndedDialog Laws::OnNotifyAnswered(ShardId shard, std::string_view text,
                                   Instant now) {
  if (StatusOf(text) != 200) return {};
  const auto at = news_.find(TopBranch(text));
  if (at == news_.end()) return {};
  News& news = at->second;
  CHECK(!news.refused) << "seed " << seed_ << ": it makes no sense\n" << text;
  if (news.none || std::exchange(news.accepted, true)) return {};
  ++news_accepted_;
  for (const Effect& effect : news.effects) {
    Apply(effect, news.user, shard, now);
  }
  return news.ended;
}

void Laws::Apply(const Effect& effect, int user, ShardId shard, Instant now) {
  for (const uint64_t number : sessions_of_[user]) {
    Session& session = sessions_[number - 1];
    if (session.shard != shard) continue;
    if (effect.device >= 0 && session.phone != effect.device) continue;
    Standing& standing =
        session.identities[static_cast<size_t>(effect.identity)];
    if (!standing.MayStand(now)) continue;
    if (effect.seconds < 0) {
      standing.ended = arrivals_;
      ++ended_by_network_;
      continue;
    }
    ++shortened_;
    standing.expires =
        std::min(standing.expires, now + Seconds(effect.seconds) + grace_);
  }
}

}  // namespace sallyport::sim
