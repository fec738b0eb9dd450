// Requests that we make ourselves: a client transaction that nobody is behind.
#include "core/edge_impl.h"

namespace sallyport {
namespace {

constexpr size_t kUdpBytesMax = 1300;  // Source: RFC 3261 18.1.1

}  // namespace

// Another one with each attempt.
std::optional<Destination> Edge::Impl::EntryPoint(uint32_t attempt) const {
  if (config_.home_core.empty()) return std::nullopt;
  const CoreTarget& target =
      config_.home_core[attempt % config_.home_core.size()];
  return Destination::ToCore(target.endpoint, target.transport);
}

// Source: RFC 3261 8.1.2, 17.1.2
SlotHandle Edge::Impl::SendOwnRequest(const routing::OwnRequest& request,
                                      const Destination& to,
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
  transaction.downstream = to;
  transaction.loop_hash = entropy_.Next();  // nobody can guess the branch
  WriteOwn(handle, transaction, request);
  if (transaction.downstream.transport == sip::Transport::kUdp &&
      outbox_.splices.gathered_size() > kUdpBytesMax) {
    transaction.downstream.transport = sip::Transport::kTcp;
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
  }
}

}  // namespace sallyport
