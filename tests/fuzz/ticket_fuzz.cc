// A desk opens the tickets that it sealed, under every key that it has, and no
// others; the reader of key files takes what the writer wrote, and no file ends
// the process.
//
// The first octet says which ticket the rest is laid over, octet by octet; the
// rest is also a ticket, a session and a key file on its own.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/tls/ticket.h"
#include "tests/fuzz/demand.h"

namespace tls = sallyport::net::tls;

namespace {

using sallyport::fuzz::Demand;
using Refusal = tls::TicketDesk::Refusal;

constexpr tls::WallTime kNow{std::chrono::seconds(1'900'000'000)};
constexpr std::chrono::hours kDay{24};

tls::TicketKey KeyOf(uint8_t number, tls::WallTime made_at) {
  tls::TicketKey key{.name = {}, .secret = {}, .made_at = made_at};
  key.name.fill(number);
  key.secret.fill(static_cast<uint8_t>(~number));
  return key;
}

// The newest first: it seals.
tls::TicketKeys::Snapshot Keys(std::vector<uint8_t> numbers) {
  std::vector<tls::TicketKey> keys;
  for (const uint8_t number : numbers) keys.push_back(KeyOf(number, kNow));
  return std::make_shared<const tls::TicketKeys>(std::move(keys));
}

constexpr tls::TicketDesk::Options kOptions{
    .home_shard = 1, .shards = 2, .revoked_max = 16};

struct Sealed {
  tls::Tsid tsid{};
  std::string ticket;
};

Sealed SealUnder(uint8_t key, std::span<const uint8_t> session) {
  tls::TicketDesk desk(kOptions, Keys({key}), kNow);
  Sealed sealed;
  sealed.tsid.fill(key);
  sealed.ticket.resize(session.size() + tls::TicketDesk::kOverheadBytes);
  const size_t size = desk.Seal(
      sealed.tsid, session,
      {reinterpret_cast<uint8_t*>(sealed.ticket.data()), sealed.ticket.size()});
  Demand(size == sealed.ticket.size());
  return sealed;
}

std::optional<tls::TicketDesk::Opened> Open(tls::TicketDesk& desk,
                                            std::string_view ticket,
                                            std::vector<uint8_t>& session) {
  session.assign(ticket.size(), 0);
  Refusal refusal = Refusal::kNone;
  const auto opened = desk.Open(ticket, session, &refusal);
  Demand(opened.has_value() == (refusal == Refusal::kNone));
  Demand(!opened || opened->session_bytes <= session.size());
  return opened;
}

// What was sealed comes back under old keys, too, until it is revoked.
void DemandRoundTrip(std::span<const uint8_t> session) {
  const Sealed sealed = SealUnder(1, session);
  std::vector<uint8_t> out;
  tls::TicketDesk desk(kOptions, Keys({3, 2, 1}), kNow + kDay / 2);
  const auto opened = Open(desk, sealed.ticket, out);
  const bool fits = sealed.ticket.size() <= tls::kTicketBytesMax;
  Demand(opened.has_value() == fits);
  if (!fits) return;
  Demand(opened->identity.tsid == sealed.tsid &&
         opened->identity.issued_at == kNow &&
         opened->identity.home_shard == kOptions.home_shard);
  Demand(std::equal(
      session.begin(), session.end(), out.begin(),
      out.begin() + static_cast<std::ptrdiff_t>(opened->session_bytes)));
  Demand(tls::TicketHome(desk.keys(), sealed.ticket) == kOptions.home_shard);
  tls::TicketDesk stranger(kOptions, Keys({4, 5}), kNow);
  Demand(!Open(stranger, sealed.ticket, out));
  Demand(!tls::TicketHome(stranger.keys(), sealed.ticket));
  Demand(desk.Revoke(sealed.tsid));
  Demand(!Open(desk, sealed.ticket, out));
}

// A ticket that differs in one octet is nobody's.
void DemandForgery(uint8_t which, std::span<const uint8_t> changes) {
  static constexpr std::array<uint8_t, 40> kSession{};
  static const Sealed sealed[] = {SealUnder(1, kSession),
                                  SealUnder(2, kSession)};
  const std::string& genuine = sealed[which % 2].ticket;
  std::string ticket = genuine;
  for (size_t i = 0; i < std::min(ticket.size(), changes.size()); ++i) {
    ticket[i] = static_cast<char>(ticket[i] ^ changes[i]);
  }
  tls::TicketDesk desk(kOptions, Keys({1, 2}), kNow);
  std::vector<uint8_t> out;
  Demand(Open(desk, ticket, out).has_value() == (ticket == genuine));
  Demand(tls::TicketHome(desk.keys(), ticket).has_value() ==
         (ticket == genuine));
  const std::string_view bytes(reinterpret_cast<const char*>(changes.data()),
                               changes.size());
  Demand(!Open(desk, bytes, out));
  Demand(!tls::TicketHome(desk.keys(), bytes));
}

void DemandKeyFile(std::string_view text) {
  const auto keys = tls::TicketKeys::FromText(text);
  if (!keys.ok()) return;
  Demand(!(*keys)->all().empty() &&
         (*keys)->all().size() <= tls::TicketKeys::kKeysMax);
  const std::string written = (*keys)->ToText();
  const auto again = tls::TicketKeys::FromText(written);
  Demand(again.ok() && (*again)->ToText() == written);
  const auto rotated = (*keys)->Rotated(kNow, kDay);
  Demand(rotated->newest().made_at == kNow);
  for (const tls::TicketKey& key : rotated->all()) {
    Demand(key.made_at > kNow - kDay);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::span<const uint8_t> rest(data + 1, size - 1);
  DemandRoundTrip(rest);
  DemandForgery(data[0], rest);
  DemandKeyFile({reinterpret_cast<const char*>(rest.data()), rest.size()});
  return 0;
}
