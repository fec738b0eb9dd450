#include "tests/sim/laws.h"

#include <algorithm>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/sim/home.h"
#include "tests/sim/phone.h"
#include "tests/sim/text.h"

namespace sallyport::sim {
namespace {

// The news that a device moved is with every other shard by then.
constexpr Millis kNewsTravel{10};
constexpr uint32_t kAllEntries = (1u << kEntryPoints) - 1;

uint64_t NumberIn(std::string_view text, std::string_view name) {
  uint64_t number = 0;
  return absl::SimpleAtoi(RowIn(text, name), &number) ? number : 0;
}

std::string TransactionOf(std::string_view text) {
  return absl::StrCat(RowIn(text, "Call-ID"), " ", RowIn(text, "CSeq"));
}

bool GrantsTime(std::string_view text) {
  return !RowIn(text, "Contact").empty() && ContactExpires(text) > 0;
}

}  // namespace

void Laws::OnFromHome(std::string_view text) {
  if (StatusOf(text) != 200 || MethodOf(text) != "REGISTER") return;
  if (!GrantsTime(text)) return;
  uint64_t& granted =
      standing_[{NumberIn(text, "X-Session"), SetOf(RowIn(text, "To"))}].granted;
  granted = std::max(granted, NumberIn(text, "X-Answer"));
}

bool Laws::MayStand(uint64_t session) const {
  for (int set = 0; set < kSetsMax; ++set) {
    const auto standing = standing_.find({session, set});
    if (standing != standing_.end() && standing->second.MayStand()) return true;
  }
  return false;
}

bool Laws::OnOffered(std::string_view text, int entry) {
  if (!IsRequest(text)) return false;
  uint32_t& offered = offered_[TransactionOf(text)];
  const uint32_t before = offered;
  offered |= 1u << entry;
  return offered != before && offered == kAllEntries;
}

void Laws::OnRestarted() {
  bound_.clear();
  standing_.clear();
  present_.clear();
}

// ---- towards the core

void Laws::OnToHome(std::string_view text) const {
  if (!IsRequest(text)) {
    CHECK(!Contains(text, "planted")) << "seed " << seed_ << "\n" << text;
  } else if (MethodOf(text) == "REGISTER") {
    CheckRegister(text);
  } else {
    CheckOriginating(text);
  }
}

// Nothing but our own word, at most once, and `tls-yes` only for a TLS session on
// which a 200 granted something that still stands.
void Laws::CheckRegister(std::string_view text) const {
  const std::vector<std::string> values = IntegrityValues(text);
  CHECK_LE(values.size(), 1u) << "seed " << seed_ << "\n" << text;
  if (values.empty()) return;
  if (values[0] == "tls-pending") {
    CHECK(!DigestParam(RowIn(text, "Authorization"), "response").empty())
        << "seed " << seed_ << "\n" << text;
    return;
  }
  CHECK_EQ(values[0], "tls-yes") << "seed " << seed_ << "\n" << text;
  CHECK(MayStand(NumberIn(text, "X-Session")))
      << "seed " << seed_ << ": tls-yes for a session without a 200\n" << text;
  const std::string impi =
      DigestParam(RowIn(text, "Authorization"), "username");
  CHECK_EQ(UserIn(impi), UserOf(static_cast<int>(NumberIn(text, "X-Phone"))))
      << "seed " << seed_ << ": somebody else's session\n" << text;
}

// Every identity that is asserted is of the sender, and of a set that stands.
void Laws::CheckOriginating(std::string_view text) const {
  const uint64_t session = NumberIn(text, "X-Session");
  const int user = UserOf(static_cast<int>(NumberIn(text, "X-Phone")));
  const std::vector<std::string> asserted = Rows(text, "P-Asserted-Identity");
  CHECK(!asserted.empty()) << "seed " << seed_ << "\n" << text;
  for (const std::string& identity : asserted) {
    CHECK_EQ(UserIn(identity), user)
        << "seed " << seed_ << ": somebody else's identity\n" << text;
    const auto standing = standing_.find({session, SetOf(identity)});
    CHECK(standing != standing_.end() && standing->second.MayStand())
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
                       << ": a response that nobody asked for\n" << text;
  if (MethodOf(text) != "REGISTER") return;
  if (StatusOf(text) >= 500) CheckFailure(text);
  if (StatusOf(text) != 200) return;
  GrantsTime(text) ? OnGranted(leaving, text, now) : OnRemoved(leaving, text);
}

// Only over the connection on which a 200 granted it a registration that was not
// taken back since, and never over one that the device has left for another.
void Laws::CheckRequest(const Leaving& leaving, std::string_view text,
                        Instant now) const {
  const auto bound = bound_.find(leaving.session);
  CHECK(bound != bound_.end() && bound->second == leaving.phone)
      << "seed " << seed_ << ": a request on an unbound connection\n" << text;
  CHECK_EQ(RowIn(text, "X-For"), absl::StrCat(leaving.phone))
      << "seed " << seed_ << ": another phone's request\n" << text;
  const auto present = present_.find(leaving.phone);
  if (present == present_.end() || present->second.session == 0) return;
  CHECK(present->second.session == leaving.session ||
        now <= present->second.since + kNewsTravel)
      << "seed " << seed_ << ": a request on a connection that was replaced\n"
      << text;
}

// Source: TS 24.229 5.2.2.1: a REGISTER fails when no entry point is left. (503 is
// our own bound.)
void Laws::CheckFailure(std::string_view text) const {
  if (StatusOf(text) == 503) return;
  const auto offered = offered_.find(TransactionOf(text));
  CHECK(offered != offered_.end() && offered->second == kAllEntries)
      << "seed " << seed_ << ": an entry point was not tried\n" << text;
}

void Laws::OnGranted(const Leaving& leaving, std::string_view text,
                     Instant now) {
  bound_[leaving.session] = leaving.phone;
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
  standing_[{leaving.session, SetOf(RowIn(text, "To"))}].removed =
      NumberIn(text, "X-Answer");
  if (!MayStand(leaving.session)) bound_.erase(leaving.session);
}

}  // namespace sallyport::sim
