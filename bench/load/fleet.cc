#include "bench/load/fleet.h"

#include <cstdio>
#include <utility>

#include "absl/log/check.h"
#include "core/sip/header_names.h"
#include "net/tls/channel.h"

namespace sallyport::load {
namespace {

using net::tls::ReadResult;
using net::tls::ReadStatus;
using sip::HeaderId;

constexpr uint32_t kComplaintsMax = 5;
constexpr size_t kRecordBytes = 16384;

// Ciphertext goes straight into the stream's batch.
class StreamOutput final : public net::tls::Output {
 public:
  StreamOutput(net::Reactor* reactor, net::StreamId stream)
      : reactor_(reactor), stream_(stream) {}
  // A stream that takes no more is closed by the reactor, which tells us.
  void Append(std::string_view bytes) override {
    reactor_->Queue(stream_, bytes);
  }

 private:
  net::Reactor* const reactor_;
  const net::StreamId stream_;
};

}  // namespace

Fleet::Fleet(net::Reactor* reactor, const Setup& setup)
    : reactor_(reactor),
      setup_(setup),
      ues_(setup.ues),
      plaintext_(kRecordBytes) {}

Fleet::~Fleet() = default;

std::unique_ptr<Tally> Fleet::TakeTally() {
  return std::exchange(tally_, std::make_unique<Tally>());
}

// ---------------------------------------------------------------- work

bool Fleet::IsBusy(const Ue& ue) const {
  return ue.state == State::kConnecting || ue.state == State::kAsking ||
         ue.state == State::kAnswering || ue.state == State::kPinging ||
         ue.state == State::kWaiting || ue.state == State::kDropping;
}

bool Fleet::Begin(Work work, uint32_t index, Nanos intended) {
  Ue& ue = ues_[index];
  if (ue.state == State::kFailed) return true;
  if (IsBusy(ue) || ue.state == State::kLeaving) return false;
  const bool here = ue.state == State::kRegistered;
  CHECK(work == Work::kReturn || here != StepsOf(work).connects);
  ue.work = work;
  ue.intended = intended;
  ++busy_;
  const Nanos now = ReadNanos();
  ue.begun = now;
  tally_->late_start.Add(
      static_cast<uint64_t>(now > intended ? now - intended : 0));
  switch (work) {
    case Work::kReregister:
    case Work::kReregisterAnswered:
      ue.state = State::kAnswering;
      Send(index, Expect::kTlsYes, work == Work::kReregisterAnswered);
      break;
    case Work::kPing:
      Ping(index);
      break;
    case Work::kMessage:
      Wait(index);
      break;
    case Work::kHandshake:
    case Work::kHandshakeResumed:
    case Work::kVisit:
    case Work::kVisitResumed:
    case Work::kRegister:
    case Work::kReturn:
      here ? Close(index, State::kDropping) : Connect(index);
      break;
  }
  return true;
}

void Fleet::Connect(uint32_t index) {
  Ue& ue = ues_[index];
  ue.state = State::kConnecting;
  if (StepsOf(ue.work).resumes && ue.ticket.empty()) {
    Fail(index, Error::kNoTicket);
    return;
  }
  ue.stream = reactor_->Connect(setup_.target, index);
  if (!ue.stream.valid()) Fail(index, Error::kConnect);
}

void Fleet::OnConnected(net::StreamId stream) {
  const uint32_t index = reactor_->tag(stream);
  Ue& ue = ues_[index];
  if (ue.state != State::kConnecting) return;
  ++connected_;
  ue.engine = std::make_unique<net::tls::ClientEngine>(
      setup_.tls, "edge.load.test",
      StepsOf(ue.work).resumes ? ue.ticket : net::tls::ClientSession());
  ue.framer = sip::Framer();
  ue.received.clear();
  ReadAll(index);  // the ClientHello
}

void Fleet::OnHandshakeDone(uint32_t index) {
  Ue& ue = ues_[index];
  const Steps steps = StepsOf(ue.work);
  if (steps.resumes && !ue.engine->resumed()) {
    Fail(index, Error::kNotResumed);
    return;
  }
  if (!steps.registers) {
    Complete(index);
  } else if (ue.work == Work::kReturn) {
    ue.state = State::kAnswering;
    Send(index, Expect::kTlsYes, false);
  } else {
    ue.state = State::kAsking;
    Send(index, steps.resumes ? Expect::kTlsYesAsked : Expect::kNone, false);
  }
}

void Fleet::Send(uint32_t index, Expect expect, bool answers) {
  Ue& ue = ues_[index];
  request_.clear();
  WriteRegister({.ue = index,
                 .cseq = ++ue.cseq,
                 .expect = expect,
                 .nonce = answers ? std::string_view(ue.nonce) : ""},
                request_);
  StreamOutput output(reactor_, ue.stream);
  if (!ue.engine->Write(request_, output)) Fail(index, Error::kClosed);
}

// Source: RFC 5626 3.5.1
void Fleet::Ping(uint32_t index) {
  Ue& ue = ues_[index];
  ue.state = State::kPinging;
  StreamOutput output(reactor_, ue.stream);
  if (!ue.engine->Write("\r\n\r\n", output)) Fail(index, Error::kClosed);
}

void Fleet::Wait(uint32_t index) {
  ues_[index].state = State::kWaiting;
  setup_.ask_for_message(index);
}

void Fleet::Complete(uint32_t index) {
  Ue& ue = ues_[index];
  ue.state = State::kRegistered;
  --busy_;
  ++tally_->done;
  const auto latency = static_cast<uint64_t>(ReadNanos() - ue.intended);
  tally_->latency.Add(latency);
  tally_->latencies[static_cast<size_t>(ue.work)].Add(latency);
  if (StepsOf(ue.work).leaves) Leave(index);
}

void Fleet::Leave(uint32_t index) {
  if (ues_[index].state == State::kRegistered) Close(index, State::kLeaving);
}

void Fleet::Close(uint32_t index, State state) {
  Ue& ue = ues_[index];
  if (!ue.engine->session().empty()) ue.ticket = ue.engine->session();
  ue.state = state;
  StreamOutput output(reactor_, ue.stream);
  ue.engine->Shutdown(output);
  reactor_->Close(ue.stream, net::CloseHow::kFlush);
}

void Fleet::GiveUp(Nanos now, Nanos most) {
  for (uint32_t index = 0; index < size(); ++index) {
    const Ue& ue = ues_[index];
    if (IsBusy(ue) && now - ue.begun > most) Fail(index, Error::kTimeout);
  }
}

// ---------------------------------------------------------------- what comes

void Fleet::OnBytes(net::StreamId stream, std::span<uint8_t> bytes) {
  const uint32_t index = reactor_->tag(stream);
  Ue& ue = ues_[index];
  if (ue.state == State::kFailed) return;
  ue.engine->Feed({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  ReadAll(index);
}

bool Fleet::ReadAll(uint32_t index) {
  Ue& ue = ues_[index];
  StreamOutput output(reactor_, ue.stream);
  while (true) {
    const ReadResult read =
        ue.engine->Read(plaintext_.data(), plaintext_.size(), output);
    switch (read.status) {
      case ReadStatus::kPlaintext:
        if (!TakeMessages(index, {plaintext_.data(), read.bytes})) return false;
        break;
      case ReadStatus::kHandshakeDone:
        OnHandshakeDone(index);
        if (ue.state == State::kFailed) return false;
        break;
      case ReadStatus::kWantMore:
        return true;
      case ReadStatus::kClosed:
        return Fail(index, Error::kClosed);
      case ReadStatus::kFailed:
        return Fail(index, Error::kHandshake);
    }
  }
}

// A message that came in one piece is read where it lies.
bool Fleet::TakeMessages(uint32_t index, std::string_view fresh) {
  using Verdict = sip::Framer::Verdict;
  Ue& ue = ues_[index];
  const bool whole = ue.received.empty();
  if (!whole) ue.received.append(fresh);
  std::string_view rest = whole ? fresh : std::string_view(ue.received);
  while (true) {
    const sip::Framer::Cut cut = ue.framer.Next(rest);
    // A framer waits behind a CRLF for the second one; a pong is one.
    if (ue.state == State::kPinging && rest == "\r\n") {
      rest = {};
      Complete(index);
    }
    if (cut.verdict == Verdict::kNeedMore) break;
    if (cut.verdict != Verdict::kMessage) return Fail(index, Error::kNotSip);
    if (!OnMessage(index, rest.substr(0, cut.size))) return false;
    rest.remove_prefix(cut.size);
  }
  if (whole) {
    ue.received.assign(rest);
  } else {
    ue.received.erase(0, ue.received.size() - rest.size());
  }
  return true;
}

bool Fleet::OnMessage(uint32_t index, std::string_view text) {
  if (message_.Scan(text) != sip::ScanVerdict::kOk) {
    return Fail(index, Error::kNotSip);
  }
  return message_.is_request() ? OnRequest(index) : OnResponse(index);
}

// The home core writes to its UEs.
bool Fleet::OnRequest(uint32_t index) {
  if (message_.method() != sip::Method::kMessage) {
    return Fail(index, Error::kNotSip);
  }
  request_.clear();
  WriteMessageAnswer(message_, request_);
  Ue& ue = ues_[index];
  StreamOutput output(reactor_, ue.stream);
  if (!ue.engine->Write(request_, output)) return Fail(index, Error::kClosed);
  if (ue.state == State::kWaiting) Complete(index);
  return true;
}

bool Fleet::OnResponse(uint32_t index) {
  Ue& ue = ues_[index];
  const int status = message_.status_code();
  if (status < 200) return true;
  if (CSeqOf(message_) != ue.cseq) return Fail(index, Error::kMismatch);
  ++tally_->registers;
  if (ue.state == State::kAsking && status == 401) return OnChallenge(index);
  if (ue.state == State::kAnswering && status == 200) return OnGrant(index);
  return Fail(index, Error::kStatus);
}

bool Fleet::OnChallenge(uint32_t index) {
  Ue& ue = ues_[index];
  ue.nonce = NonceOf(message_);
  if (ue.nonce.empty()) return Fail(index, Error::kMismatch);
  ue.state = State::kAnswering;
  Send(index,
       StepsOf(ue.work).resumes ? Expect::kTlsYes : Expect::kTlsPending, true);
  return ue.state != State::kFailed;
}

bool Fleet::OnGrant(uint32_t index) {
  if (!message_.Has(HeaderId::kServiceRoute) ||
      !message_.Has(HeaderId::kPAssociatedUri)) {
    return Fail(index, Error::kMismatch);
  }
  Complete(index);
  return true;
}

// ---------------------------------------------------------------- ends

bool Fleet::Fail(uint32_t index, Error error) {
  Ue& ue = ues_[index];
  Complain(index, error);
  errors_.Add(error);
  if (IsBusy(ue)) --busy_;
  ue.state = State::kFailed;
  ++failed_;
  if (reactor_->IsOpen(ue.stream)) {
    reactor_->Close(ue.stream, net::CloseHow::kAbort);
  }
  return false;
}

void Fleet::Complain(uint32_t index, Error error) {
  if (++complaints_ > kComplaintsMax) return;
  const Ue& ue = ues_[index];
  const std::string_view name = ToString(error);
  std::fprintf(stderr, "UE %u: %.*s", index, static_cast<int>(name.size()),
               name.data());
  if (error == Error::kHandshake) {
    const std::string_view why = ToString(ue.engine->failure());
    std::fprintf(stderr, " %.*s", static_cast<int>(why.size()), why.data());
  }
  if (error == Error::kStatus || error == Error::kMismatch) {
    std::fprintf(stderr, ":\n%.*s", static_cast<int>(message_.bytes().size()),
                 message_.bytes().data());
  }
  std::fprintf(
      stderr, "%s\n",
      complaints_ == kComplaintsMax ? " (no more of these lines)" : "");
}

void Fleet::OnClosed(net::StreamId stream, net::CloseReason reason) {
  const uint32_t index = reactor_->tag(stream);
  Ue& ue = ues_[index];
  if (ue.engine != nullptr) --connected_;
  ue.engine.reset();
  ue.stream = {};
  if (ue.state == State::kFailed) return;
  if (ue.state == State::kLeaving) {
    ue.state = State::kAway;
    return;
  }
  if (ue.state == State::kDropping) return Connect(index);
  const bool never_stood = ue.state == State::kConnecting &&
                           reason >= net::CloseReason::kConnectRefused;
  Fail(index, never_stood ? Error::kConnect : Error::kClosed);
}

}  // namespace sallyport::load
