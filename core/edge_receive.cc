// From bytes to a message in hand, and who is to deal with it.
#include <algorithm>

#include "core/edge_impl.h"
#include "core/routing/fingerprint.h"
#include "core/sip/values.h"

namespace sallyport {
namespace {

constexpr uint8_t kGarbageMax = 3;  // spec E5

using Verdict = sip::Framer::Verdict;
using DatagramVerdict = sip::DatagramCut::Verdict;

// Source: RFC 3261 18.3, spec E7 to E11
routing::Refusal AnswerTo(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHeadTooLong:
      return {513, "Message Too Large", {}};
    case Verdict::kBodyTooLong:
      return {413, "Request Entity Too Large", {}};
    case Verdict::kNoContentLength:
      return {400, "Missing Content-Length", {}};
    case Verdict::kBadContentLength:
      return {400, "Bad Content-Length", {}};
    case Verdict::kNeedMore:
    case Verdict::kMessage:
    case Verdict::kPing:
    case Verdict::kCrlf:
    case Verdict::kNotSip:
      break;
  }
  return {};
}

CloseReason ReasonFor(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHeadTooLong:
      return CloseReason::kHeadTooLong;
    case Verdict::kBodyTooLong:
      return CloseReason::kBodyTooLong;
    case Verdict::kNoContentLength:
      return CloseReason::kNoContentLength;
    case Verdict::kBadContentLength:
      return CloseReason::kBadContentLength;
    case Verdict::kNeedMore:
    case Verdict::kMessage:
    case Verdict::kPing:
    case Verdict::kCrlf:
    case Verdict::kNotSip:
      break;
  }
  return CloseReason::kNotSip;
}

// Peers of RFC 2543 make no unique branches, and the cookie alone is none.
// Source: RFC 3261 17.2.3, RFC 4475 3.2.1
bool IsUnique(std::string_view branch) {
  return branch.size() > routing::kMagicCookie.size() &&
         sip::EqualsIgnoreCase(branch.substr(0, routing::kMagicCookie.size()),
                               routing::kMagicCookie);
}

bool FormsDialogs(sip::Method method) {
  switch (method) {
    case sip::Method::kInvite:
    case sip::Method::kBye:
    case sip::Method::kSubscribe:
    case sip::Method::kNotify:
    case sip::Method::kPrack:
    case sip::Method::kUpdate:
    case sip::Method::kInfo:
    case sip::Method::kRefer:
      return true;
    case sip::Method::kOther:
    case sip::Method::kRegister:
    case sip::Method::kAck:
    case sip::Method::kCancel:
    case sip::Method::kOptions:
    case sip::Method::kMessage:
    case sip::Method::kPublish:
      break;
  }
  return false;
}

}  // namespace

size_t Edge::Impl::OnReceived(FlowId id, const Endpoint& peer,
                              std::string_view received, Instant now) {
  Begin(now);
  Flow* flow = flows_.Find(id);
  if (flow == nullptr || flow->closing) return received.size();
  if (!flow->stream()) {
    OnDatagram(*flow, peer, received);
    return received.size();
  }
  if (!flow->mid_read) flow->ponged = false;
  const size_t taken = OnStream(*flow, received);
  flow->mid_read = taken > 0 && taken < received.size();
  return taken;
}

size_t Edge::Impl::OnStream(Flow& flow, std::string_view received) {
  sip::ScanVerdict scan = sip::ScanVerdict::kOk;
  const sip::Framer::Cut cut = flow.framer.Next(received, message_, scan);
  switch (cut.verdict) {
    case Verdict::kNeedMore:
      return OnNeedMore(flow, received);
    case Verdict::kMessage:
      OnMessageCut(flow, scan);
      return cut.size;
    case Verdict::kPing:
      OnPing(flow);
      return cut.size;
    case Verdict::kCrlf:
      return cut.size;
    case Verdict::kNotSip:
      CloseFlow(flow, CloseReason::kNotSip);
      return received.size();
    case Verdict::kHeadTooLong:
    case Verdict::kBodyTooLong:
    case Verdict::kNoContentLength:
    case Verdict::kBadContentLength:
      break;
  }
  OnBadStream(flow, received.substr(0, cut.size), AnswerTo(cut.verdict),
              ReasonFor(cut.verdict));
  return received.size();
}

// The message was scanned where the stream was cut.
void Edge::Impl::OnMessageCut(Flow& flow, sip::ScanVerdict scan) {
  timers_.Cancel(flow.message);
  flow.message = {};
  const Inbound in{.flow = flow.id,
                   .record = &flow,
                   .info = &flow.info,
                   .peer = flow.info.peer};
  OnMessage(in, scan);
}

size_t Edge::Impl::OnNeedMore(Flow& flow, std::string_view received) {
  // Source: spec 8.3: who is not known yet gets little room.
  if (flow.info.side == Side::kAccess && BondOf(flow) != Bond::kActive &&
      received.size() > config_.unassociated_bytes_max) {
    return OnBadStream(flow, received, AnswerTo(Verdict::kHeadTooLong),
                       CloseReason::kHeadTooLong);
  }
  if (flow.framer.in_message() && !flow.message.valid()) {
    flow.message = timers_.Arm(
        now_ + config_.message,
        {static_cast<uint32_t>(TimerKind::kFlowMessage), flow.id.handle});
  }
  return 0;
}

// The stream cannot be cut any more: answer if policy allows, and close.
size_t Edge::Impl::OnBadStream(Flow& flow, std::string_view received,
                               const routing::Refusal& answer,
                               CloseReason reason) {
  const Inbound in{.flow = flow.id,
                   .record = &flow,
                   .info = &flow.info,
                   .peer = flow.info.peer};
  RefuseCut(in, received, answer);
  CloseFlow(flow, reason);
  return received.size();
}

void Edge::Impl::RefuseCut(const Inbound& in, std::string_view message,
                           const routing::Refusal& answer) {
  counters_.Add(CounterId::kMessagesReceived);
  const sip::ScanVerdict scan = message_.Scan(message, scan_policy_);
  if (scan == sip::ScanVerdict::kBadStartLine || !message_.is_request() ||
      !MayBeAnswered(in) || !routing::Answerable(message_)) {
    return Discard(CounterId::kDiscardMalformed);
  }
  Answer(in, answer);
}

// Source: RFC 5626 3.5.1; spec 6.9: at most one pong for a read.
void Edge::Impl::OnPing(Flow& flow) {
  if (flow.ponged) return;
  flow.ponged = true;
  counters_.Add(CounterId::kPings);
  outbox_.Send(Destination::ToFlow(flow.id, flow.info.peer), "\r\n");
}

// Source: RFC 3261 18.3: what is behind the body does not count; a body that is
// cut short makes a request bad and a response nothing.
void Edge::Impl::OnDatagram(Flow& flow, const Endpoint& peer,
                            std::string_view datagram) {
  const sip::DatagramCut cut = sip::CutDatagram(datagram, scan_policy_);
  const Inbound in{
      .flow = flow.id, .record = &flow, .info = &flow.info, .peer = peer};
  const std::string_view message = datagram.substr(cut.begin, cut.size);
  switch (cut.verdict) {
    case DatagramVerdict::kKeepAlive:
      return;
    case DatagramVerdict::kNotSip:
      return Discard(CounterId::kDiscardMalformed);
    case DatagramVerdict::kMessage:
    case DatagramVerdict::kIncomplete:
      return OnMessage(in, message_.Scan(message, scan_policy_));
    case DatagramVerdict::kShortBody:
      return RefuseCut(in, message, {400, "Body Too Short", {}});
    case DatagramVerdict::kHeadTooLong:
      return RefuseCut(in, message, AnswerTo(Verdict::kHeadTooLong));
    case DatagramVerdict::kBodyTooLong:
      return RefuseCut(in, message, AnswerTo(Verdict::kBodyTooLong));
    case DatagramVerdict::kBadContentLength:
      return RefuseCut(in, message, AnswerTo(Verdict::kBadContentLength));
  }
}

void Edge::Impl::OnHandedOver(const HandedOver& message, Instant now) {
  Begin(now);
  counters_.Add(CounterId::kHandedIn);
  handed_ = message.info;
  const Inbound in{
      .flow = message.flow, .info = &handed_, .peer = message.peer};
  // What comes over TLS stays where its connection is.
  if (in.protected_access()) return Discard(CounterId::kDiscardForeignPeer);
  OnMessage(in, message_.Scan(message.bytes, scan_policy_));
}

void Edge::Impl::OnMessage(const Inbound& in, sip::ScanVerdict scan) {
  counters_.Add(CounterId::kMessagesReceived);
  // Source: spec 1.3, E35: the listener and the peer list decide, never a
  // header. Who was sent a request may answer it.
  if (!in.access() && !(message_.is_request()
                            ? IsCorePeer(in.peer.address)
                            : IsKnownToCore(in.peer.address))) {
    return Discard(CounterId::kDiscardForeignPeer);
  }
  if (scan == sip::ScanVerdict::kBadStartLine) return DiscardMalformed(in);
  if (!message_.is_request()) {
    if (in.access() && !in.protected_access()) {
      return Discard(CounterId::kDiscardClearResponse);
    }
    return scan == sip::ScanVerdict::kOk ? OnResponse(in)
                                         : DiscardMalformed(in);
  }
  if (!routing::Answerable(message_)) return DiscardMalformed(in);
  in.access() ? OnAccessRequest(in, scan) : OnCoreRequest(in, scan);
}

bool Edge::Impl::On3gppAccess(const Inbound& in) const {
  const Endpoint& local = in.info->local;
  return std::ranges::any_of(config_.listen_3gpp,
                             [&](const Endpoint& listener) {
                               return listener.port == local.port &&
                                      (listener.address.is_unspecified() ||
                                       listener.address == local.address);
                             });
}

// Digest with TLS is the only scheme here, so no REGISTER can go on, and
// without one nothing else is served. A datagram's source is a claim: no
// answer. Source: TS 33.203 N.1, O.1.1
void Edge::Impl::RefuseAccess(const Inbound& in) {
  if (message_.method() == sip::Method::kRegister && in.stream()) {
    return Answer(in, answers::kForbidden);
  }
  Discard(CounterId::kDiscardAccessClass);
}

void Edge::Impl::OnAccessRequest(const Inbound& in, sip::ScanVerdict scan) {
  if (On3gppAccess(in)) return RefuseAccess(in);
  if (!in.protected_access()) return OnClearRequest(in, scan);
  if (message_.method() == sip::Method::kRegister) {
    return OnProtectedRegister(in, scan);
  }
  OnOriginating(in, scan);
}

void Edge::Impl::OnCoreRequest(const Inbound& in, sip::ScanVerdict scan) {
  if (!ReadRequest(in, scan)) return;
  const std::string_view user = routing::TopOwnRouteUser(
      message_, parts_, own_, config_.core_listen.port);
  if (!user.empty()) return OnTerminating(in, user);
  if (message_.method() == sip::Method::kNotify &&
      ToOurselves(config_.core_listen.port)) {
    return OnNotify(in);
  }
  if (RefuseDialogMethods(in)) return;
  if (ToOurselves(config_.core_listen.port)) return AnswerForOurselves(in);
  // Source: spec 9.4: core requests reach UEs by token only.
  Answer(in, {404, "Not Found", {}});
}

// An error answer would break the silence that policy demands (spec 2.8, 2.9).
bool Edge::Impl::MayBeAnswered(const Inbound& in) {
  if (message_.method() == sip::Method::kAck) return false;
  if (!in.access()) return IsCorePeer(in.peer.address);
  if (message_.method() == sip::Method::kRegister) return true;
  return in.protected_access() && BondOf(*in.record) == Bond::kActive;
}

void Edge::Impl::DiscardMalformed(const Inbound& in) {
  Discard(CounterId::kDiscardMalformed);
  // What the core relays is not the core's doing: its link stays.
  if (in.record == nullptr || !in.stream() || !in.access()) return;
  // Conformance: ERR-01
  if (++in.record->garbage >= kGarbageMax)
    CloseFlow(*in.record, CloseReason::kGarbage);
}

// The source of an unprotected datagram is a claim: it is sent no errors.
// Source: spec 2.9, 9.4 (reflection)
void Edge::Impl::RefuseRequest(const Inbound& in,
                               const routing::Refusal& wrong) {
  if (in.access() && !in.stream()) {
    return Discard(CounterId::kDiscardMalformed);
  }
  Answer(in, wrong);
}

bool Edge::Impl::ReadRequest(const Inbound& in, sip::ScanVerdict scan) {
  return ReadSyntax(in, scan) && KeepsRules(in);
}

bool Edge::Impl::ReadSyntax(const Inbound& in, sip::ScanVerdict scan) {
  const routing::Refusal wrong =
      routing::ValidateSyntax(message_, scan, parts_, config_.message_limits);
  if (wrong) {
    RefuseRequest(in, wrong);
    return false;
  }
  key_ = KeyOf(in);
  return true;
}

bool Edge::Impl::KeepsRules(const Inbound& in) {
  const routing::Refusal wrong =
      routing::ValidateRules(message_, parts_, refusal_text_);
  if (wrong) {
    RefuseRequest(in, wrong);
    return false;
  }
  // Source: RFC 3261 16.3 step 4
  loop_hash_ = routing::LoopHash(message_, parts_, loop_seed_);
  if (message_.method() != sip::Method::kAck &&
      routing::HasLooped(message_, parts_, config_.domain, loop_hash_)) {
    Answer(in, {482, "Loop Detected", {}});
    return false;
  }
  return true;
}

// Source: RFC 3261 17.2.2, 17.2.3
bool Edge::Impl::Absorb() {
  const SlotHandle known = transactions_.FindByKey(key_.branch, key_.method);
  if (!known.valid()) return false;
  Discard(CounterId::kDiscardDuplicate);
  const Transaction& transaction = *transactions_.Find(known);
  if (!transaction.answer.valid()) return true;
  const auto to = ToUpstream(transaction.upstream);
  // What was sent may be sent again, but not more often than anything else.
  if (to && MayLeave(transaction.upstream, 400)) {
    outbox_.Send(*to, transaction.answer.view());
  }
  return true;
}

// Source: RFC 3261 9.2: of whatever method but ACK and CANCEL.
bool Edge::Impl::CancelMatches() {
  return transactions_.FindByKey(key_.branch, std::nullopt).valid();
}

bool Edge::Impl::RefuseDialogMethods(const Inbound& in) {
  const sip::Method method = message_.method();
  if (method == sip::Method::kAck) {
    Discard(CounterId::kDiscardAck);
    return true;
  }
  if (method == sip::Method::kCancel) {
    // All transactions are non-INVITE ones: a CANCEL has no effect on them.
    // Source: RFC 3261 9.2; spec 6.6, E29
    Answer(in, CancelMatches() ? answers::kOk : answers::kNoTransaction);
    return true;
  }
  if (FormsDialogs(method)) {
    Answer(in, answers::kNotAllowed);
    return true;
  }
  return false;
}

// The branch alone would let one peer guess another's transaction: where the
// request came from is a part of the key (spec 9.4).
Edge::Impl::RequestKey Edge::Impl::KeyOf(const Inbound& in) const {
  routing::Fingerprint key(key_seed_);
  key.Add(in.flow.shard)
      .Add(in.flow.handle.slot)
      .Add(in.flow.handle.generation);
  if (!in.stream()) {
    key.Add(std::string_view(
        reinterpret_cast<const char*>(in.peer.address.octets()),
        in.peer.address.size()));
  }
  key.Add(parts_.via.branch).Add(parts_.via.host).Add(parts_.via.port);
  if (!IsUnique(parts_.via.branch)) {
    key.Add(message_.request_uri())
        .Add(parts_.from_tag)
        .Add(parts_.to_tag)
        .Add(parts_.call_id)
        .Add(parts_.cseq.number);
  }
  return {
      .branch = key.value(),
      .method = routing::Fingerprint(0).Add(message_.method_text()).value()};
}

}  // namespace sallyport
