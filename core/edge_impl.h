// The inside of an Edge. One class, because every procedure works on the same
// tables; one file for each procedure (edge_*.cc).
#ifndef CORE_EDGE_IMPL_H_
#define CORE_EDGE_IMPL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/timer_wheel.h"
#include "core/edge.h"
#include "core/flow_table.h"
#include "core/news.h"
#include "core/outbox.h"
#include "core/registration/association_slice.h"
#include "core/registration/impi_desk.h"
#include "core/registration/integrity.h"
#include "core/registration/reg_info.h"
#include "core/registration/reg_subscription.h"
#include "core/registration/security_agreement.h"
#include "core/routing/branch.h"
#include "core/routing/flow_token.h"
#include "core/routing/next_hops.h"
#include "core/routing/own_names.h"
#include "core/routing/own_request.h"
#include "core/routing/response_parts.h"
#include "core/routing/rewrite.h"
#include "core/routing/source_rate.h"
#include "core/routing/transaction_table.h"
#include "core/routing/validation.h"
#include "core/sip/message.h"

namespace sallyport {

class Edge::Impl {
 public:
  Impl(const EdgeConfig& config, Entropy& entropy, const Mac& mac, Instant now);

  // ---- events (edge_flows.cc, edge_receive.cc, edge_timers.cc)
  void OnFlowOpened(FlowId flow, const FlowInfo& info, Instant now);
  void OnFlowClosed(FlowId flow, Instant now);
  void Approach(FlowId id, unsigned step);
  size_t OnReceived(FlowId flow, const Endpoint& peer,
                    std::string_view received, Instant now);
  void OnHandedOver(const HandedOver& message, Instant now);
  void OnChallengeShared(uint64_t challenge, Instant now);
  void OnNews(std::string_view news, Instant now);
  void OnCorePeerLost(const Endpoint& peer, sip::Transport transport,
                      Instant now, std::string_view host);
  void OnResolved(const HostAnswer& answer, Instant now);
  bool OnTimer(Instant now);
  Instant NextDeadline() const;

  Actions actions() const { return outbox_.actions(); }
  const Counters& counters() const { return counters_; }
  const registration::RuleCounters& rules() const { return rules_; }

  // ---- looking in (edge_inspect.cc)
  bool IsCorePeer(const IpAddress& address) const;
  Totals totals() const;
  std::vector<AssociationInfo> FindAssociations(std::string_view impi,
                                                size_t most) const;
  AssociationInfo InfoOf(registration::AssociationId id) const;
  std::vector<NextHopInfo> NextHops() const;
  uint64_t next_hops_version() const { return hops_.targets().version(); }
  void CheckInvariants();

 private:
  // P-Associated-URI values of one 200 that are looked at.
  static constexpr size_t kIdentitiesMax = 256;

  using AssociationId = registration::AssociationId;
  using Transaction = routing::Transaction;

  // Where the message in hand came from.
  struct Inbound {
    FlowId flow;
    Flow* record = nullptr;  // null: another shard's flow
    const FlowInfo* info = nullptr;
    Endpoint peer;

    bool handed_over() const { return record == nullptr; }
    bool stream() const { return info->transport != sip::Transport::kUdp; }
    bool access() const { return info->side == Side::kAccess; }
    bool protected_access() const {
      return access() && info->transport == sip::Transport::kTls;
    }
  };

  // What a request and its repetitions have in common; a CANCEL has the branch.
  struct RequestKey {
    uint64_t branch = 0;  // and where it came from
    uint64_t method = 0;
  };

  // What is known of a REGISTER in hand.
  struct RegisterRequest {
    routing::RegisterParts parts;
    registration::Credentials credentials;
    registration::AgreementView agreement;
    registration::IntegrityDecision decision;

    std::string_view username() const {  // as it stands there
      return credentials.kind == registration::Credentials::Kind::kDigest
                 ? credentials.digest.username
                 : std::string_view();
    }
  };

  // How a flow and its association stand to each other.
  enum class Bond : uint8_t { kNone, kReserved, kActive, kRebinding };

  enum class TimerKind : uint32_t {
    kFlowGuard,
    kFlowMessage,
    kAssociation,
    kRetransmit,
    kTransactionEnd,
    kSubscription,
    kHomeName,
    kProbe,
  };

  // What the Edge itself keeps of an association, beside the slice's record.
  struct Binding {
    Instant asked{};  // when the REGISTER came that made it
    TimerId expiry;
    uint16_t registers = 0;  // REGISTER transactions under way
    // The last verdict on a REGISTER of its connection.
    registration::Rule rule = registration::Rule::kD1;
    registration::Integrity integrity = registration::Integrity::kNone;
    bool ended_by_ue = false;  // when its last identity ended
    bool told_active = false;  // what the desk of its IMPI was told
    bool path_signed = false;
    routing::TokenCode path_code{};  // once path_signed; see PathCode()
    Instant decided{};         // the last verdict
    Instant tell_again = kNever;
  };
  static_assert(sizeof(Binding) <= 56, "each association has one");

  void Begin(Instant now);

  // ---- receiving (edge_receive.cc)
  size_t OnStream(Flow& flow, std::string_view received);
  void OnMessageCut(Flow& flow, sip::ScanVerdict scan);
  size_t OnNeedMore(Flow& flow, std::string_view received);
  size_t OnBadStream(Flow& flow, std::string_view received,
                     const routing::Refusal& answer, CloseReason reason);
  void OnPing(Flow& flow);
  void OnDatagram(Flow& flow, const Endpoint& peer, std::string_view datagram);
  // The message could not be cut out of what it came in.
  void RefuseCut(const Inbound& in, std::string_view message,
                 const routing::Refusal& answer);
  void OnMessage(const Inbound& in, sip::ScanVerdict scan);
  void OnAccessRequest(const Inbound& in, sip::ScanVerdict scan);
  bool On3gppAccess(const Inbound& in) const;
  void RefuseAccess(const Inbound& in);
  void OnCoreRequest(const Inbound& in, sip::ScanVerdict scan);
  bool MayBeAnswered(const Inbound& in);
  void DiscardMalformed(const Inbound& in);
  // Reads parts_; answers what is wrong. False: the request is done with.
  void RefuseRequest(const Inbound& in, const routing::Refusal& wrong);
  bool ReadRequest(const Inbound& in, sip::ScanVerdict scan);
  // Its two halves, in the order of spec 6.2.
  bool ReadSyntax(const Inbound& in, sip::ScanVerdict scan);
  bool KeepsRules(const Inbound& in);
  // It repeats a request that has a transaction: the answer to that is sent
  // again.
  bool Absorb();
  bool CancelMatches();
  // ACK is dropped, CANCEL answered, what forms dialogs refused. True: done
  // with.
  bool RefuseDialogMethods(const Inbound& in);
  RequestKey KeyOf(const Inbound& in) const;

  // ---- answering (edge_send.cc)
  void Discard(CounterId counter) { counters_.Add(counter); }
  void Answer(const Inbound& in, const routing::Refusal& answer);
  // A late answer, from the kept request. The transaction is then complete.
  void AnswerLate(SlotHandle handle, const routing::Refusal& answer);
  void CountAnswer(int code);
  // The 503 of all that is full.
  routing::Refusal Unavailable();
  bool MayLeave(const routing::Upstream& upstream, int code);
  routing::Upstream UpstreamOf(const Inbound& in) const;
  // The same by its top Via; null: there is none that can be read.
  routing::Upstream UpstreamBy(const sip::ViaView* via,
                               const Inbound& in) const;
  // Nothing: it cannot be reached any more.
  std::optional<Destination> ToUpstream(const routing::Upstream& upstream);
  // Sends the sealed splices_, or `text` when it is not null, as the answer of
  // a transaction, and keeps it when it may have to be repeated.
  bool SendUpstream(Transaction& transaction,
                    std::optional<std::string_view> text);
  bool Overflowed() const;
  std::string_view ToTag() const;

  // ---- transactions (edge_send.cc)
  // Answers 503 and returns an invalid handle when there is no room.
  bool TooManyInFlight(const Inbound& in);
  // Counts it, and answers 503 where an answer may leave.
  void TurnAway(const Inbound& in, CounterId why);
  void CountInFlight(const routing::Upstream& upstream, int change);
  // `whole`: its body is kept as well, so that it can go again.
  SlotHandle BeginTransaction(const Inbound& in, Transaction::Kind kind,
                              bool whole);
  // Nothing more is expected from its next hop.
  void EndClientSide(Transaction& transaction);
  // After its final response went upstream.
  void Complete(SlotHandle handle);
  void EndTransaction(SlotHandle handle);
  // message_ and parts_ are those of the kept request again.
  bool Reload(Transaction& transaction);
  // Sends the sealed splices to transaction.downstream and starts the timers.
  void SendDownstream(SlotHandle handle, Transaction& transaction,
                      Millis timer_f);
  // Of the token in the Path of an association: made once, kept with it.
  routing::TokenCode PathCode(AssociationId id);
  routing::TokenText PathToken(AssociationId id);
  // Of a request of the home network, which mostly shows a Path.
  routing::TokenRead ReadToken(std::string_view user);
  // Empty for requests that get no Record-Route: it is an authentication code.
  routing::TokenText RecordRouteToken(AssociationId id) const;
  routing::BranchText BranchOf(SlotHandle handle,
                               const Transaction& transaction) const;
  routing::Hop HopOf(const Transaction& transaction, std::string_view branch,
                     sip::Transport sent_on, uint16_t protected_port) const;

  // ---- time (edge_timers.cc)
  void OnGuardDue(SlotHandle flow);
  void OnMessageDue(SlotHandle flow);
  void OnRetransmitDue(SlotHandle handle);
  void OnTransactionDue(SlotHandle handle);
  void NoteLost(SlotHandle handle);
  void OnLost(SlotHandle handle);

  // ---- REGISTER (edge_register.cc)
  void OnClearRequest(const Inbound& in, sip::ScanVerdict scan);
  void OnProtectedRegister(const Inbound& in, sip::ScanVerdict scan);
  bool ReadRegister(const Inbound& in, sip::ScanVerdict scan,
                    RegisterRequest& r);
  bool ReadFields(const Inbound& in, RegisterRequest& r);
  routing::Refusal CheckDomain() const;
  routing::Refusal CheckAgreement(const Inbound& in,
                                  const RegisterRequest& r) const;
  Instant Challenged(const Inbound& in, const RegisterRequest& r) const;
  registration::IntegrityInput StateFor(const Inbound& in,
                                        const RegisterRequest& r);
  bool DecideRegister(const Inbound& in, RegisterRequest& r);
  void NoteVerdict(const Inbound& in, const RegisterRequest& r);
  // False: the core has enough to do; answered.
  bool AdmitRegister(const Inbound& in);
  bool ReserveFor(const Inbound& in, const RegisterRequest& r);
  std::string_view UnquoteImpi(std::string_view username);
  void BeginRegister(const Inbound& in, const RegisterRequest& r);
  // Sent, or waiting for a name; else what is to be answered.
  routing::Refusal ForwardRegister(
      SlotHandle handle, Transaction& transaction,
      const registration::Credentials& credentials);
  void WriteRegister(SlotHandle handle, const Transaction& transaction,
                     const registration::Credentials& credentials,
                     sip::Transport sent_on);
  // The next entry point, or 504 when there is none.
  void ContinueRegister(SlotHandle handle);
  std::string_view HomeRealm() const;

  // ---- responses (edge_responses.cc, edge_register_response.cc)
  void OnResponse(const Inbound& in);
  std::optional<routing::Branch> OwnBranch() const;
  bool IsReadable() const;
  bool ComesFromDownstream(const Inbound& in,
                           const Transaction& transaction) const;
  bool Answers(const routing::Transaction& transaction) const;
  void Relay(SlotHandle handle, Transaction& transaction);
  void WriteResponseUpstream(const Transaction& transaction);
  void RelayRegister(SlotHandle handle, Transaction& transaction);
  enum class Delivery {
    kSent,
    kMissed,    // the UE is gone, or may not be told: no failure of ours
    kTooLarge,  // nothing was sent
  };
  Delivery SendRegisterResponse(Transaction& transaction);
  void RelayGrant(SlotHandle handle, Transaction& transaction);
  void NoteChallenge(const Transaction& transaction);
  void NoteFailure(const Transaction& transaction);
  void ReplaceSole503();

  // ---- next hops (edge_next_hops.cc)
  // What remains to be said when there is nowhere to go.
  routing::Refusal RefusalFor(const routing::HopChoice& choice);
  void GoTo(Transaction& transaction, const routing::HopChoice& choice,
            sip::Transport sent_on);
  void Await(SlotHandle handle, Transaction& transaction,
             const routing::HopChoice& choice);
  void StopWaiting(Transaction& transaction);
  // After a failure: a new branch, another next hop. Also after a wait.
  void Retry(SlotHandle handle);
  void Continue(SlotHandle handle);
  bool CanRetry(const Transaction& transaction);
  void OnWaitOver(SlotHandle handle);
  routing::HopChoice NextChoice(const Transaction& transaction);
  void NoteHealth(const Transaction& transaction);
  void AskFor(routing::NameId name);
  void ArmHomeName(routing::NameId name);
  void OnHomeNameDue(routing::NameId name);
  // Its messages are heard: a core peer, or who was sent something (responses).
  bool IsKnownToCore(const IpAddress& address) const;

  // ---- associations (edge_associations.cc)
  Bond BondOf(const Flow& flow) const;
  Binding& BindingOf(AssociationId id) {
    if (id.slot >= bindings_.size()) bindings_.resize(id.slot + 1);
    return bindings_[id.slot];
  }
  // Ends what expired; false when nothing is left of it.
  bool StillLive(AssociationId id);
  registration::Applied ApplyGrant(Transaction& transaction);
  bool ReadGrant(const Transaction& transaction, registration::Grant& grant);
  void ReadContact(const Transaction& transaction, registration::Grant& grant);
  void ReadContacts(const Transaction& transaction, registration::Grant& grant);
  bool MayApply(const routing::RegisterMemory& memory,
                const Transaction& transaction,
                const registration::Grant& grant) const;
  Flow* FlowToBind(const Transaction& transaction);
  registration::Applied ApplyTo(AssociationId id,
                                const registration::Grant& grant, Flow* flow);
  void AfterGrant(registration::Applied applied, Transaction& transaction);
  void Replace(AssociationId old, bool revoke);
  // False: there is a younger one, and it stays.
  bool ReplaceSameDevice(AssociationId id);
  // Its connection stays a little, for what is on its way to it.
  void RemoveAndClose(AssociationId id, CounterId why, bool revoke);
  void ArmExpiry(AssociationId id);
  void OnAssociationDue(AssociationId id);
  void SuspendOrForget(AssociationId id);
  void ForgetReservation(AssociationId id);
  // `why` counts it. Its TLS session may not resume any more, but by `revoke`.
  void RemoveAssociation(AssociationId id, CounterId why, bool revoke = true);
  void RevokeSession(const TlsSessionId& session);

  // ---- the desk of an IMPI (edge_desk.cc)
  uint64_t KeyOfImpi(std::string_view impi) const;
  ShardId DeskOf(uint64_t impi) const;
  // Here when it is this shard.
  void Tell(ShardId shard, const NewsView& news);
  void OnOneNews(const NewsView& news);
  registration::Standing StandingOf(AssociationId id) const;
  DeviceView DeviceOf(AssociationId id) const;
  // Of the device that sends a REGISTER.
  registration::Standing NewcomerOf(const RegisterRequest& r);
  // With the device when a REGISTER has just made the association.
  // It may not stand any more afterwards, here or in TellIfChanged().
  void TellStanding(AssociationId id, const DeviceView& device = {});
  void TellIfChanged(AssociationId id);
  void TellGone(AssociationId id);
  void OnStanding(const NewsView& news);
  void PassOn(const NewsView& news);
  void OnExcess(const registration::Standing& standing);
  void OnOlder(const registration::Standing& standing);
  void OnRegisteredElsewhere(const NewsView& news);
  bool TooManyDevices(const RegisterRequest& r, AssociationId own);
  // True: it waits for the answer, a moment.
  bool AskDesk(SlotHandle handle, Transaction& transaction,
               const RegisterRequest& r);
  void OnVerdict(SlotHandle handle, bool full);
  // Who may know more of the associations of the IMPI of an unprotected
  // REGISTER.
  std::optional<ShardId> WhoKnows(const Inbound& in,
                                  std::string_view impi) const;
  void HandOverClear(const Inbound& in, ShardId shard);

  // ---- other requests (edge_originating.cc, edge_terminating.cc)
  void OnOriginating(const Inbound& in, sip::ScanVerdict scan);
  routing::Refusal CheckVerify() const;
  void RouteOriginating(const Inbound& in, AssociationId id);
  bool CheckOwnToken(const Inbound& in, std::string_view user);
  bool ToOurselves(uint16_t port) const;
  void AnswerForOurselves(const Inbound& in);
  // As it shall be asserted: of the registrar's list in its words, by a wildcard
  // in the UE's, but for the display name; empty: not registered.
  std::string_view KnownIdentity(AssociationId id,
                                 const sip::NameAddrView& preferred,
                                 std::string_view value) const;
  size_t AssertedIdentities(AssociationId id,
                            std::array<std::string_view, 2>& out);
  const CoreTarget* EntryNamed(const HostQuestion& question) const;
  // Where a Route value of the core leads.
  routing::HopChoice ChooseRoute(std::string_view route,
                                 const routing::HopTries& tries);
  routing::HopChoice ChooseUri(const sip::UriView& uri,
                               const routing::HopTries& tries);
  // Where the first Service-Route of its association leads.
  routing::HopChoice ChooseServiceRoute(AssociationId id,
                                        const routing::HopTries& tries);
  void ForwardOriginating(const Inbound& in, AssociationId id,
                          const routing::HopChoice& choice);
  void SendOriginating(SlotHandle handle, Transaction& transaction,
                       const routing::HopChoice& choice);
  void ContinueOriginating(SlotHandle handle);
  void WriteOriginating(SlotHandle handle, const Transaction& transaction,
                        AssociationId id, sip::Transport sent_on);
  void OnTerminating(const Inbound& in, std::string_view user);
  void ForwardTerminating(const Inbound& in, AssociationId id, Flow& flow);
  void RememberCharging(Transaction& transaction);
  void HandOver(const Inbound& in, ShardId shard);
  routing::Refusal FlowLost() const;

  // ---- requests of our own (edge_own_request.cc)
  static constexpr int kUnanswered = 0;  // instead of a status code
  // Where those go that belong to no dialog.
  routing::HopChoice EntryPoint(std::string_view domain, uint32_t attempt);
  // Invalid: no room, and nobody hears of it again. Otherwise `purpose` says who
  // gets `subject`, this handle and the final status code, or kUnanswered; with
  // a code, message_ is the response. One in an event: it takes the outbox's
  // texts.
  [[nodiscard]] SlotHandle SendOwnRequest(const routing::OwnRequest& request,
                                          const routing::HopChoice& to,
                                          routing::OwnPurpose purpose,
                                          SlotHandle subject);
  void WriteOwn(SlotHandle handle, const Transaction& transaction,
                const routing::OwnRequest& request);
  void EndOwnRequest(SlotHandle handle, int code);

  // ---- health probes (edge_probe.cc)
  void ArmProbe(Instant when);
  void OnProbeDue();
  void Probe(const routing::HopChoice& to);

  // ---- registration events (edge_reg_event.cc, edge_notify.cc)
  std::string_view WatchedIdentity(AssociationId id) const;
  void Watch(AssociationId id);
  void Unwatch(SlotHandle subscription);
  void Restart(SlotHandle subscription, Instant when);
  void Forget(SlotHandle subscription);
  void ArmSubscribe(SlotHandle subscription, Instant when);
  void CancelSubscribe(registration::RegSubscription& subscription);
  void OnSubscriptionDue(SlotHandle subscription);
  uint32_t ExpiryToAsk(const registration::RegSubscription& subscription) const;
  void Subscribe(SlotHandle subscription, uint32_t expires_s);
  bool PutOffEnd(registration::RegSubscription& subscription);
  routing::HopChoice SubscribeHop(
      const registration::RegSubscription& subscription);
  void OnSubscribeAnswered(SlotHandle subscription, SlotHandle request,
                           int code);
  void OnSubscribed(SlotHandle subscription);
  void SetSubscriptionEnd(SlotHandle subscription, Millis left);
  void AskAgain(SlotHandle subscription);
  bool ReadDialog(registration::RegSubscription& subscription);
  bool BeginDialog(registration::RegSubscription& subscription,
                   std::string_view tag, std::string_view routes);
  bool TakeTarget(registration::RegSubscription& subscription);
  void OnSubscribeFailed(SlotHandle subscription, int code);
  Millis BackOff(uint32_t failures);
  Millis RetryAfter(std::string_view value) const;
  void OnNotify(const Inbound& in);
  void RefuseStray(const Inbound& in);
  void AnswerOldNotify(const Inbound& in,
                       const registration::RegSubscription& subscription);
  bool InDialog(const registration::RegSubscription& subscription) const;
  void AcceptNotify(const Inbound& in, SlotHandle subscription);
  routing::Refusal ReadNotify(registration::RegSubscription& subscription,
                              registration::RegInfo& info);
  void ApplyInfo(SlotHandle subscription, const registration::RegInfo& info);
  void ApplyInfoTo(AssociationId id, const registration::RegInfo& info);
  bool EndIdentity(AssociationId id, std::string_view uri, bool by_ue);
  void RemoveEnded(AssociationId id);
  void ApplySubscriptionState(SlotHandle subscription);
  void OnTerminated(SlotHandle subscription, std::string_view reason,
                    std::string_view retry_after);

  // ---- flows (edge_flows.cc)
  void ArmGuard(Flow& flow, Millis after, CloseReason reason);
  void CancelGuard(Flow& flow);
  void CloseFlow(Flow& flow, CloseReason reason);

  // ---- looking in (edge_inspect.cc)
  void CheckAssociations();
  void CheckTransactions();
  void CheckSubscriptions();
  bool IsAssociated(uint32_t subscription, std::string_view impi);

  // ---- fixed after construction
  const EdgeConfig config_;
  Entropy& entropy_;
  const Mac& mac_;
  const routing::OwnNames own_;
  const uint64_t
      key_seed_;  // of transaction keys and To tags: this shard's secret
  const uint64_t loop_seed_;  // of loop hashes: the same on every shard
  const sip::ScanPolicy scan_policy_;

  // ---- state
  Instant now_;
  uint32_t clear_transactions_ = 0;  // of unprotected REGISTERs
  uint32_t core_registers_ = 0;      // transactions that await the registrar
  routing::SourceRate datagram_rate_;
  FlowTable flows_;
  registration::AssociationSlice slice_;
  std::vector<Binding> bindings_;  // by association slot
  registration::ImpiDesk desk_;
  registration::ChallengeContexts challenges_;
  routing::TransactionTable transactions_;
  registration::RegSubscriptions subscriptions_;
  routing::NextHops hops_;
  std::vector<TimerId> home_timers_;  // by index in hops_.home_names()
  uint32_t waiting_ = 0;              // transactions that wait for a name
  TimerWheel timers_;
  // Transactions whose way forward is gone, or whose name may be known now.
  std::deque<SlotHandle> lost_;
  std::deque<SlotHandle> ended_;  // associations without identities
  uint64_t icid_;                // high half: this process; low half counts

  // ---- the message in hand
  FlowInfo handed_;  // of the flow of a message that was handed over
  sip::MessageView message_;
  routing::RequestParts parts_;
  RequestKey key_;          // of the request that ReadSyntax() read
  uint64_t loop_hash_ = 0;  // of the one that KeepsRules() saw
  std::array<char, 1024> refusal_text_;
  mutable std::array<char, 16> to_tag_;
  std::array<char, sip::kHeaderValueBytesMax> impi_;
  routing::ResponseParts response_;
  std::string contacts_;  // of a REGISTER with several
  // Lists of a 200: clearing them would cost more than to read what is there.
  std::array<std::string_view, kIdentitiesMax> granted_identities_;
  std::array<std::string_view, sip::kRouteValuesMax> granted_routes_;
  Outbox outbox_;

  Counters counters_;
  registration::RuleCounters rules_;

  // By slot of a subscription, an association of its IMPI as CheckInvariants()
  // found it last; empty where nobody calls it.
  std::vector<AssociationId> watched_;
};

// Answers that more than one procedure gives.
namespace answers {
inline constexpr std::string_view kAllowed = "REGISTER, MESSAGE, OPTIONS";
inline constexpr routing::Refusal kForbidden{403, "Forbidden", {}};
inline constexpr routing::Refusal kServerError{
    500, "Server Internal Error", {}};
inline constexpr routing::Refusal kServerTimeout{504, "Server Time-out", {}};
inline constexpr routing::Refusal kNotAllowed{
    405, "Method Not Allowed", "Allow: REGISTER, MESSAGE, OPTIONS\r\n"};
inline constexpr routing::Refusal kOk{200, "OK", {}};
inline constexpr routing::Refusal kNoTransaction{
    481, "Call/Transaction Does Not Exist", {}};
inline constexpr routing::Refusal kFlowGone{480, "Temporarily Unavailable", {}};
}  // namespace answers

}  // namespace sallyport

#endif  // CORE_EDGE_IMPL_H_
