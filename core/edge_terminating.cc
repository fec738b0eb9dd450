// Requests of the home network to a UE: by flow token, on its connection and
// nowhere else (spec 2.7).
#include "core/edge_impl.h"

namespace sallyport {

using registration::AssociationState;

// `user`: of the topmost Route value, which is ours.
void Edge::Impl::OnTerminating(const Inbound& in, std::string_view user) {
  const routing::TokenRead read = ReadToken(user);
  switch (read.verdict) {
    case routing::TokenRead::Verdict::kNotAToken:
      return Answer(in, {404, "Not Found", {}});
    case routing::TokenRead::Verdict::kForged:
      counters_.Add(CounterId::kTokenForged);  // Source: RFC 5626 5.3
      return Answer(in, answers::kForbidden);
    case routing::TokenRead::Verdict::kGenuine:
      break;
  }
  if (read.use == routing::TokenUse::kNotify) {  // it names no association
    return Answer(in, {404, "Not Found", {}});
  }
  if (read.token.shard != config_.shard) {
    if (!in.handed_over() && read.token.shard < config_.shards) {
      return HandOver(in, read.token.shard);
    }
    counters_.Add(CounterId::kTokenStale);
    return Answer(in, answers::kFlowGone);
  }
  if (message_.method() == sip::Method::kAck ||
      message_.method() == sip::Method::kCancel) {
    RefuseDialogMethods(in);
    return;
  }
  if (Absorb()) return;
  const AssociationId id = read.token.association;
  if (!StillLive(id) || slice_.state(id) == AssociationState::kReserved) {
    counters_.Add(CounterId::kTokenStale);  // ASSOC-23
    return Answer(in, answers::kFlowGone);
  }
  Flow* flow = slice_.state(id) == AssociationState::kActive
                   ? flows_.Find(slice_.flow(id))
                   : nullptr;
  if (flow == nullptr || flow->closing) return Answer(in, FlowLost());
  if (RefuseDialogMethods(in)) return;
  ForwardTerminating(in, id, *flow);
}

void Edge::Impl::ForwardTerminating(const Inbound& in, AssociationId id,
                                    Flow& flow) {
  const SlotHandle handle =
      BeginTransaction(in, Transaction::Kind::kTerminating, false);
  if (!handle.valid()) return;
  Transaction& transaction = *transactions_.Find(handle);
  transaction.downstream = Destination::ToFlow(flow.id, flow.info.peer);
  transaction.echo = routing::EchoHash(message_, parts_, loop_seed_);
  RememberCharging(transaction);
  const routing::BranchText branch = BranchOf(handle, transaction);
  const routing::TokenText token = RecordRouteToken(id);
  const routing::TerminatingFacts facts{
      .hop = HopOf(transaction, branch.view(), sip::Transport::kTls,
                   flow.info.local.port),
      .record_route_user = token.view(),
  };
  outbox_.scratch.Reset();
  outbox_.splices.Reset(message_.bytes());
  routing::RewriteTerminating(message_, parts_, facts, config_, own_,
                              outbox_.scratch, outbox_.splices);
  outbox_.splices.Seal();
  if (Overflowed()) return AnswerLate(handle, answers::kServerError);
  transactions_.AttachToFlow(handle, flow.id.handle.slot);
  SendDownstream(handle, transaction, config_.timer_f_ue);
}

// Source: TS 24.229 5.2.6.4.4: the response repeats them.
void Edge::Impl::RememberCharging(Transaction& transaction) {
  const routing::SavedCharging charging = routing::ReadCharging(message_);
  const std::string_view text = message_.bytes();
  transaction.charging = {
      .called_party = routing::Part::Of(text, charging.called_party),
      .icid = routing::Part::Of(text, charging.icid),
      .orig_ioi = routing::Part::Of(text, charging.orig_ioi)};
}

// Source: RFC 5626 5.3.1, spec 2.7
routing::Refusal Edge::Impl::FlowLost() const {
  return routing::Refuse(config_.flow_lost_code);
}

}  // namespace sallyport
