// What shards must know together of the associations of an IMPI: how many there
// are, which of them is one device's, and whether one was made TLS-first. Each
// IMPI has a shard that is its desk; the others tell it what changes, and ask
// (docs/decisions/0012).
#include <array>

#include "absl/log/check.h"
#include "core/edge_impl.h"

namespace sallyport {
namespace {

using registration::AssociationState;
using registration::Standing;
using Kind = NewsView::Kind;

// A desk answers within a turn of two shards; a REGISTER does not wait longer.
constexpr Millis kDeskPatience{200};
// Shards that hear of a device: mostly there is one old association, or none.
constexpr size_t kHomesTold = 4;

}  // namespace

uint64_t Edge::Impl::KeyOfImpi(std::string_view impi) const {
  return registration::ImpiKey(impi, loop_seed_);
}

ShardId Edge::Impl::DeskOf(uint64_t impi) const {
  return static_cast<ShardId>(impi % config_.shards);
}

void Edge::Impl::Tell(ShardId shard, const NewsView& news) {
  if (shard == config_.shard) return OnOneNews(news);
  counters_.Add(CounterId::kNewsTold);
  outbox_.Tell(shard, news);
}

void Edge::Impl::OnNews(std::string_view text, Instant now) {
  Begin(now);
  counters_.Add(CounterId::kNewsHeard);
  const std::optional<NewsView> news = ReadNews(text);
  CHECK(news.has_value());
  OnOneNews(*news);
}

void Edge::Impl::OnOneNews(const NewsView& news) {
  const Standing& standing = news.standing;
  switch (news.kind) {
    case Kind::kStands:
      return OnStanding(news);
    case Kind::kGone:
      return desk_.Remove(standing);
    case Kind::kAsk: {
      const bool full = desk_.IsFull(standing.impi, standing.device,
                                     config_.associations_per_impi_max, now_);
      return Tell(standing.home, {.kind = full ? Kind::kFull : Kind::kRoom,
                                  .standing = standing,
                                  .device = {}});
    }
    case Kind::kRoom:
      return OnVerdict(standing.id, /*full=*/false);
    case Kind::kFull:
      return OnVerdict(standing.id, /*full=*/true);
    case Kind::kRegistered:
      return OnRegisteredElsewhere(news);
    case Kind::kExcess:
      return OnExcess(standing);
    case Kind::kOlder:
      return OnOlder(standing);
  }
}

// ---------------------------------------------------------------- telling

Standing Edge::Impl::StandingOf(AssociationId id) const {
  return {
      .impi = KeyOfImpi(slice_.impi(id)),
      .device = registration::DeviceKey(slice_.instance(id), slice_.reg_id(id),
                                        slice_.contact_uri(id), loop_seed_),
      .id = id,
      .home = config_.shard,
      .active = slice_.state(id) == AssociationState::kActive,
      .tls_first = !slice_.secagree(id),
      .since = bindings_[id.slot].asked,
      .ends = slice_.expires(id)};
}

DeviceView Edge::Impl::DeviceOf(AssociationId id) const {
  return {.reg_id = slice_.reg_id(id),
          .impi = slice_.impi(id),
          .instance = slice_.instance(id),
          .contact_uri = slice_.contact_uri(id)};
}

// Mail may be lost: what is said is said again. To itself a shard says it once.
void Edge::Impl::TellStanding(AssociationId id, const DeviceView& device) {
  const Standing standing = StandingOf(id);
  const ShardId desk = DeskOf(standing.impi);
  Binding& binding = BindingOf(id);
  binding.told_active = standing.active;
  binding.tell_again =
      desk == config_.shard ? kNever : now_ + config_.news_interval;
  Tell(desk, {.kind = Kind::kStands, .standing = standing, .device = device});
}

// A refresh changes nothing, and says nothing.
void Edge::Impl::TellIfChanged(AssociationId id) {
  const bool active = slice_.state(id) == AssociationState::kActive;
  if (active != BindingOf(id).told_active) TellStanding(id);
  if (slice_.live(id)) ArmExpiry(id);
}

void Edge::Impl::TellGone(AssociationId id) {
  const Standing standing = StandingOf(id);
  Tell(DeskOf(standing.impi),
       {.kind = Kind::kGone, .standing = standing, .device = {}});
}

// ---------------------------------------------------------------- at the desk

// Source: spec 5.6: an IMPI has so many devices, and each one association.
void Edge::Impl::OnStanding(const NewsView& news) {
  const Standing& standing = news.standing;
  if (!desk_.Put(standing, now_)) counters_.Add(CounterId::kDeskFull);
  if (!news.device.impi.empty()) PassOn(news);
  const auto excess =
      desk_.TakeExcess(standing.impi, config_.associations_per_impi_max, now_);
  if (!excess) return;
  Tell(excess->home,
       {.kind = Kind::kExcess, .standing = *excess, .device = {}});
}

// To where an older association of the device may be: the desk has no texts, so
// it is for the homes to compare.
void Edge::Impl::PassOn(const NewsView& news) {
  std::array<ShardId, kHomesTold> homes;
  const size_t count = desk_.FindHomesOfDevice(news.standing, now_, homes);
  for (size_t i = 0; i < count; ++i) {
    Tell(homes[i], {.kind = Kind::kRegistered,
                    .standing = news.standing,
                    .device = news.device});
  }
}

// ---------------------------------------------------------------- at home

// One that was away when it was chosen, and is back, is not the one to go.
void Edge::Impl::OnExcess(const Standing& standing) {
  const AssociationId id = standing.id;
  if (!slice_.live(id)) return;
  if (slice_.state(id) == AssociationState::kActive && !standing.active) {
    TellStanding(id);
    return ArmExpiry(id);
  }
  RemoveAndClose(id, CounterId::kAssociationsExcess, /*revoke=*/true);
}

// Source: spec 5.6. The younger one stays, wherever it is; a 200 may have been
// long on its way.
void Edge::Impl::OnRegisteredElsewhere(const NewsView& news) {
  const DeviceView& device = news.device;
  const AssociationId old = slice_.FindSameDevice(
      {}, device.impi, device.instance, device.reg_id, device.contact_uri);
  if (!old.valid()) return;
  if (BindingOf(old).asked <= news.standing.since) {
    return Replace(old, /*revoke=*/true);
  }
  Tell(news.standing.home,
       {.kind = Kind::kOlder, .standing = news.standing, .device = {}});
}

void Edge::Impl::OnOlder(const Standing& standing) {
  if (slice_.live(standing.id)) Replace(standing.id, /*revoke=*/true);
}

// ---------------------------------------------------------------- asking

Standing Edge::Impl::NewcomerOf(const RegisterRequest& r) {
  return {.impi = KeyOfImpi(UnquoteImpi(r.username())),
          .device = registration::DeviceKey(r.parts.instance, r.parts.reg_id,
                                            r.parts.contact_uri, loop_seed_),
          .id = {},
          .home = config_.shard};
}

// A suspended association gives way when the new one stands, so only an IMPI
// whose devices are all connected is full.
bool Edge::Impl::TooManyDevices(const RegisterRequest& r, AssociationId own) {
  if (own.valid() && slice_.state(own) != AssociationState::kReserved)
    return false;
  const Standing newcomer = NewcomerOf(r);
  return newcomer.impi != 0 && DeskOf(newcomer.impi) == config_.shard &&
         desk_.IsFull(newcomer.impi, newcomer.device,
                      config_.associations_per_impi_max, now_);
}

bool Edge::Impl::AskDesk(SlotHandle handle, Transaction& transaction,
                         const RegisterRequest& r) {
  const AssociationId own = transaction.registration.association;
  if (!transaction.registration.had_response || !own.valid() ||
      slice_.state(own) != AssociationState::kReserved) {
    return false;
  }
  Standing newcomer = NewcomerOf(r);
  const ShardId desk = DeskOf(newcomer.impi);
  if (newcomer.impi == 0 || desk == config_.shard) return false;
  transaction.asks_desk = true;
  transaction.end_timer =
      timers_.Arm(now_ + kDeskPatience,
                  {static_cast<uint32_t>(TimerKind::kTransactionEnd), handle});
  newcomer.id = handle;
  Tell(desk, {.kind = Kind::kAsk, .standing = newcomer, .device = {}});
  return true;
}

void Edge::Impl::OnVerdict(SlotHandle handle, bool full) {
  Transaction* transaction = transactions_.Find(handle);
  if (transaction == nullptr || !transaction->asks_desk) return;
  transaction->asks_desk = false;
  if (full) return AnswerLate(handle, Unavailable());
  ContinueRegister(handle);
}

// ---------------------------------------------------------------- in clear

// From any shard to the desk, from there to a home that is said to hold an
// association made TLS-first: who holds it judges, not who was told of it.
// Conformance: POL-09
// Source: TS 33.203 O.2.3; spec 2.9
std::optional<ShardId> Edge::Impl::WhoKnows(const Inbound& in,
                                            std::string_view impi) const {
  if (config_.shards == 1 || !config_.tls_required || impi.empty()) return {};
  const uint64_t key = KeyOfImpi(impi);
  const ShardId desk = DeskOf(key);
  if (desk == config_.shard) return desk_.FindTlsFirst(key, now_);
  return in.handed_over() ? std::nullopt : std::optional(desk);
}

// The 401 will come back without passing this Edge: its time counts from now.
void Edge::Impl::HandOverClear(const Inbound& in, ShardId shard) {
  if (!in.handed_over() && in.stream()) {
    ArmGuard(*in.record, config_.challenged, CloseReason::kUnregisteredTimeout);
  }
  HandOver(in, shard);
}

}  // namespace sallyport
