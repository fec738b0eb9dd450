// Requests that we make ourselves: a client transaction that nobody is behind.
#include "core/edge_impl.h"

namespace sallyport {
namespace {

constexpr size_t kUdpBytesMax = 1300;  // Source: RFC 3261 18.1.1

}  // namespace

// Another one with each attempt, as far as there are others.
routing::HopChoice Edge::Impl::EntryPoint(std::string_view domain,
                                          uint32_t attempt) {
  routing::HopTries passed;
  routing::HopChoice choice = hops_.ChooseHome(domain, passed, now_);
  for (uint32_t i = 0; i < attempt % routing::HopTries::kMax; ++i) {
    if (choice.kind != routing::HopChoice::Kind::kTarget) break;
    passed.Add(routing::NextHops::Mark(choice.endpoint, choice.transport,
                                       choice.host));
    const routing::HopChoice next = hops_.ChooseHome(domain, passed, now_);
    if (next.kind != routing::HopChoice::Kind::kTarget) {
      passed = {};
      choice = hops_.ChooseHome(domain, passed, now_);
    } else {
      choice = next;
    }
  }
  return choice;
}

// Source: RFC 3261 8.1.2, 17.1.2
SlotHandle Edge::Impl::SendOwnRequest(const routing::OwnRequest& request,
                                      const routing::HopChoice& to,
                                      routing::OwnPurpose purpose,
                                      SlotHandle subject) {
  const SlotHandle handle = transactions_.Begin();
  if (!handle.valid()) {
    counters_.Add(CounterId::kTransactionTableFull);
    return {};
  }
  Transaction& transaction = *transactions_.Find(handle);
  transaction.kind = Transaction::Kind::kOwn;
  transaction.purpose = purpose;
  transaction.subject = subject;
  transaction.upstream.side = Side::kCore;
  GoTo(transaction, to, to.transport);
  transaction.loop_hash = entropy_.Next();  // nobody can guess the branch
  WriteOwn(handle, transaction, request);
  if (transaction.downstream.transport == sip::Transport::kUdp &&
      outbox_.splices.gathered_size() > kUdpBytesMax) {
    transaction.downstream.transport = sip::Transport::kTcp;
    transaction.hop_mark =
        routing::NextHops::Mark(to.endpoint, sip::Transport::kTcp, {});
    WriteOwn(handle, transaction, request);
  }
  if (Overflowed()) {
    EndTransaction(handle);
    return {};
  }
  SendDownstream(handle, transaction, config_.timer_f_core);
  return handle;
}

void Edge::Impl::WriteOwn(SlotHandle handle, const Transaction& transaction,
                          const routing::OwnRequest& request) {
  outbox_.scratch.Reset();
  outbox_.splices.Reset(routing::WriteOwnRequest(
      request, transaction.downstream.transport,
      BranchOf(handle, transaction).view(), own_, outbox_.scratch));
  outbox_.splices.Seal();
}

void Edge::Impl::EndOwnRequest(SlotHandle handle, int code) {
  const Transaction& transaction = *transactions_.Find(handle);
  const routing::OwnPurpose purpose = transaction.purpose;
  const SlotHandle subject = transaction.subject;
  EndTransaction(handle);
  switch (purpose) {
    case routing::OwnPurpose::kRegEvent:
      return OnSubscribeAnswered(subject, handle, code);
    case routing::OwnPurpose::kProbe:
      return hops_.EndProbe(subject);  // NoteHealth() has read the answer
  }
}

}  // namespace sallyport
