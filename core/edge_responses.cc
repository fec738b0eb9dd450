// Responses: matched by our branch, believed only from where the request went.
#include "core/edge_impl.h"
#include "core/sip/values.h"

namespace sallyport {
namespace {

// A response that asks to be sent on to everybody is an attack.
// Source: RFC 4475 3.3.10
bool GoesToEverybody(std::string_view host) {
  // IPv4 has them in 224 to 239 and at 255; IPv6 can write them in many ways.
  const bool v6 = host.find(':') != std::string_view::npos;
  if (!v6 && !host.starts_with('2')) return false;
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  const auto address = IpAddress::Parse(host);
  return address && address->is_multicast_or_broadcast();
}

}  // namespace

std::optional<routing::Branch> Edge::Impl::OwnBranch() const {
  if (response_.vias == 0) return std::nullopt;
  if (const auto text = own_.BranchIn(response_.own_via)) {
    if (const auto branch = routing::ParseBranch(*text)) return branch;
  }
  const auto via = sip::ParseVia(response_.own_via);
  return via ? routing::ParseBranch(via->branch) : std::nullopt;
}

// What a response must have for us to act on it, besides what matching reads.
// Source: RFC 4475 3.1.2.5, 3.1.2.19
bool Edge::Impl::IsReadable() const {
  if (message_.status_code() < 100 || message_.status_code() > 699) {
    return false;  // Source: Sallyport 7 (E31)
  }
  if (!response_.cseq) return false;
  if (response_.ends_here()) return true;
  return response_.next && !GoesToEverybody(response_.next->host);
}

void Edge::Impl::OnResponse(const Inbound& in) {
  routing::ReadVias(message_, response_);
  const std::optional<routing::Branch> branch = OwnBranch();
  // Conformance: PROXY-16
  if (!branch) return Discard(CounterId::kDiscardUnmatchedResponse);
  if (branch->shard != config_.shard) {
    if (!in.access() && !in.handed_over() && branch->shard < config_.shards) {
      return HandOver(in, branch->shard);
    }
    return Discard(CounterId::kDiscardForeignResponse);
  }
  Transaction* transaction = transactions_.Find(branch->transaction);
  if (transaction == nullptr || transaction->attempt != branch->attempt ||
      transaction->loop_hash != branch->loop_hash ||
      response_.ends_here() != (transaction->kind == Transaction::Kind::kOwn)) {
    return Discard(CounterId::kDiscardUnmatchedResponse);
  }
  if (!ComesFromDownstream(in, *transaction)) {
    return Discard(CounterId::kDiscardForeignResponse);
  }
  if (transaction->phase == Transaction::Phase::kCompleted) {
    return Discard(CounterId::kDiscardDuplicate);
  }
  // Far away, where there are many phones: they come while the rest is read.
  flows_.Prefetch(transaction->upstream.flow);
  slice_.Prefetch(transaction->registration.association, 0);
  routing::ReadRest(message_, response_);
  if (in.access() && !Answers(*transaction)) {
    return Discard(CounterId::kDiscardForeignResponse);
  }
  if (!IsReadable()) return Discard(CounterId::kDiscardMalformed);
  transaction->phase = Transaction::Phase::kProceeding;
  NoteHealth(*transaction);
  if (message_.status_code() == 100) return;  // Source: RFC 3261 16.7 step 5
  switch (transaction->kind) {
    case Transaction::Kind::kRegister:
      return RelayRegister(branch->transaction, *transaction);
    case Transaction::Kind::kOriginating:
    case Transaction::Kind::kTerminating:
      return Relay(branch->transaction, *transaction);
    case Transaction::Kind::kOwn:
      if (message_.status_code() < 200) return;
      return EndOwnRequest(branch->transaction, message_.status_code());
  }
}

// Source: spec 6.1, 9.4 (TERM-12)
bool Edge::Impl::ComesFromDownstream(const Inbound& in,
                                     const Transaction& transaction) const {
  if (transaction.downstream.flow.valid()) {
    return in.flow == transaction.downstream.flow;
  }
  return !in.access() &&
         in.info->transport == transaction.downstream.transport &&
         in.peer.address == transaction.downstream.peer.address;
}

// It answers the request that was sent, not another one that it would like to.
// Behind our own Via stand those of the request.
bool Edge::Impl::Answers(const Transaction& transaction) const {
  return routing::EchoHash(message_, response_, loop_seed_) == transaction.echo;
}

void Edge::Impl::Relay(SlotHandle handle, Transaction& transaction) {
  if (message_.status_code() == 503 && CanRetry(transaction)) {
    return Retry(handle);  // Source: RFC 3261 21.5.4
  }
  const bool last = message_.status_code() >= 200;
  WriteResponseUpstream(transaction);
  if (Overflowed()) {
    if (last) AnswerLate(handle, answers::kServerError);
    return;
  }
  counters_.Add(SendUpstream(transaction, std::nullopt)
                    ? CounterId::kResponsesForwarded
                    : CounterId::kDiscardLateResponse);
  if (last) Complete(handle);
}

void Edge::Impl::WriteResponseUpstream(const Transaction& transaction) {
  outbox_.scratch.Reset();
  outbox_.splices.Reset(message_.bytes());
  if (transaction.kind == Transaction::Kind::kTerminating) {
    const std::string_view request = transaction.request.view();
    const routing::SavedCharging saved{
        .called_party = transaction.charging.called_party.In(request),
        .icid = transaction.charging.icid.In(request),
        .orig_ioi = transaction.charging.orig_ioi.In(request),
    };
    routing::RewriteResponseToCore(message_, saved, own_, outbox_.scratch,
                                   outbox_.splices);
  } else {
    routing::RewriteResponseToUe(message_, config_, outbox_.scratch,
                                 outbox_.splices);
  }
  ReplaceSole503();
  outbox_.splices.Seal();
}

// Source: RFC 3261 16.7 step 6: a 503 would speak for all that we could do.
void Edge::Impl::ReplaceSole503() {
  if (message_.status_code() != 503) return;
  outbox_.splices.Replace(0, message_.start_line_end(),
                          "SIP/2.0 500 Server Internal Error\r\n");
}

void Edge::Impl::HandOver(const Inbound& in, ShardId shard) {
  counters_.Add(CounterId::kHandedOver);
  outbox_.HandOver(Destination::ToFlow(in.flow, in.peer), *in.info,
                   message_.bytes(), shard);
}

}  // namespace sallyport
