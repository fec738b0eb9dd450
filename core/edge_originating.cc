// Requests of a UE other than REGISTER: on its association, along its
// Service-Route and nowhere else (spec 2.8, 9.4).
#include "core/edge_impl.h"
#include "core/sip/values.h"

namespace sallyport {
namespace {

constexpr size_t kUdpBytesMax = 1300;  // Source: RFC 3261 18.1.1
constexpr uint16_t kSipPort = 5060;
constexpr uint16_t kSipsPort = 5061;  // Source: RFC 3261 19.1.2

// The service routes of an association as one list.
struct ServiceRoutes {
  std::array<std::string_view, sip::kRouteValuesMax> values;
  size_t count = 0;

  ServiceRoutes(const registration::AssociationSlice& slice,
                registration::AssociationId id) {
    while (count < values.size() && count < slice.service_route_count(id)) {
      values[count] = slice.service_route(id, count);
      ++count;
    }
  }
  std::span<const std::string_view> span() const {
    return {values.data(), count};
  }
};

std::string_view WithoutBrackets(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) {
    return host.substr(1, host.size() - 2);
  }
  return host;
}

}  // namespace

void Edge::Impl::OnOriginating(const Inbound& in, sip::ScanVerdict scan) {
  Flow& flow = *in.record;
  const bool active =
      BondOf(flow) == Bond::kActive && StillLive(flow.association);
  if (!active) {
    // Source: TS 24.229 5.2.6.3.2A: not even a 100; also while it rebinds.
    const bool silent = config_.unregistered_tls_action ==
                            EdgeConfig::UnregisteredTls::kDiscard ||
                        message_.method() == sip::Method::kAck ||
                        message_.method() == sip::Method::kCancel;
    return silent ? Discard(CounterId::kDiscardUnregistered)
                  : Answer(in, answers::kForbidden);
  }
  if (!ReadRequest(in, scan)) return;
  if (const routing::Refusal wrong = routing::ValidateCredentials(message_)) {
    return Answer(in, wrong);
  }
  if (message_.method() == sip::Method::kAck ||
      message_.method() == sip::Method::kCancel) {
    RefuseDialogMethods(in);
    return;
  }
  if (Absorb()) return;
  if (const routing::Refusal wrong = CheckVerify()) return Answer(in, wrong);
  RouteOriginating(in, flow.association);
}

// Source: RFC 3329 2.3.1, spec 4.6
routing::Refusal Edge::Impl::CheckVerify() const {
  if (!config_.secagree_verify_strict) return {};
  const registration::AgreementView agreement =
      registration::ReadAgreement(message_);
  const bool fits =
      agreement.verify ? agreement.verify_equal : !agreement.required;
  return fits ? routing::Refusal{} : routing::Refuse(494);
}

void Edge::Impl::RouteOriginating(const Inbound& in, AssociationId id) {
  const uint16_t port = in.info->local.port;
  const ServiceRoutes routes(slice_, id);
  const routing::RouteCheck check =
      routing::CheckRoutes(message_, parts_, own_, port, routes.span());
  if (check.malformed) return Answer(in, {400, "Bad Route", {}});
  if (!CheckOwnToken(in, check.own_token)) return;
  if (RefuseDialogMethods(in)) return;
  if (ToOurselves(port)) {
    if (CheckOwnToken(in, parts_.request_uri.user)) AnswerForOurselves(in);
    return;
  }
  if (routes.count == 0) return Answer(in, answers::kForbidden);  // spec E21
  if (!check.equal && config_.service_route_mismatch_400) {
    return Answer(in, {400, "Route Differs From Service-Route", {}});
  }
  ForwardOriginating(
      in, id,
      check.next ? ChooseUri(*check.next, {}) : ChooseServiceRoute(id, {}));
}

// A UE may show the token of its own dialogs, never one of the Path.
// Source: spec 9.4 (TERM-11), E19 (ORIG-14)
bool Edge::Impl::CheckOwnToken(const Inbound& in, std::string_view user) {
  const routing::TokenRead read = routing::ReadToken(mac_, user);
  if (read.verdict == routing::TokenRead::Verdict::kNotAToken) return true;
  const bool forged = read.verdict == routing::TokenRead::Verdict::kForged;
  if (!forged && read.use == routing::TokenUse::kRecordRoute &&
      read.token.shard == config_.shard &&
      read.token.association == in.record->association) {
    return true;
  }
  counters_.Add(forged ? CounterId::kTokenForged : CounterId::kTokenFromAccess);
  Answer(in, answers::kForbidden);
  return false;
}

// The Request-URI is ours and no Route leads further.
bool Edge::Impl::ToOurselves(uint16_t port) const {
  if (!own_.IsOurs(parts_.request_uri, port)) return false;
  for (sip::ListCursor c(message_, sip::HeaderId::kRoute); c.Next();) {
    const auto route = sip::ParseNameAddr(c.value());
    const auto uri = route ? sip::ParseUri(route->uri) : std::nullopt;
    if (!uri || !own_.IsOurs(*uri, port)) return false;
  }
  return true;
}

// Source: spec 2.8, E36
void Edge::Impl::AnswerForOurselves(const Inbound& in) {
  if (message_.method() != sip::Method::kOptions) {
    return Answer(in, answers::kNotAllowed);
  }
  Answer(in, {200, "OK", answers::kNotAllowed.extra});
}

// Source: TS 24.229 5.2.3, 7.10.2 (ASSOC-21)
std::string_view Edge::Impl::KnownIdentity(AssociationId id,
                                           const sip::NameAddrView& preferred,
                                           std::string_view value) const {
  const std::string_view listed = slice_.MatchIdentity(id, preferred.uri);
  if (!listed.empty() || !slice_.MatchesWildcard(id, preferred.uri)) {
    return listed;
  }
  if (!preferred.bracketed) return preferred.uri;
  const auto begin =
      static_cast<size_t>(preferred.uri.data() - value.data()) - 1;
  return value.substr(begin, preferred.uri.size() + 2);
}

// Source: TS 24.229 5.2.6.3, RFC 3325 9.2: what the UE prefers, if it is
// registered, one SIP and one tel identity at most; else the default. From
// plays no part.
size_t Edge::Impl::AssertedIdentities(AssociationId id,
                                      std::array<std::string_view, 2>& out) {
  size_t count = 0;
  for (sip::ListCursor c(message_, sip::HeaderId::kPPreferredIdentity);
       count < out.size() && c.Next();) {
    const auto preferred = sip::ParseNameAddr(c.value());
    if (!preferred) continue;
    const std::string_view known = KnownIdentity(id, *preferred, c.value());
    if (known.empty() || (count == 1 && known == out[0])) continue;
    out[count++] = known;
  }
  if (count > 0) return count;
  out[0] = slice_.default_identity(id);
  return out[0].empty() ? 0 : 1;
}

// The entry point that a route with this host means: one that can be what the
// route asks for.
const CoreTarget* Edge::Impl::EntryNamed(const HostQuestion& question) const {
  for (const CoreTarget& target : config_.home_core) {
    if (!sip::EqualsIgnoreCase(WithoutBrackets(target.host), question.host)) {
      continue;
    }
    const bool secure = target.transport == sip::Transport::kTls;
    if (!question.transport || target.any_transport ||
        (*question.transport == sip::Transport::kTls) == secure) {
      return &target;
    }
  }
  return nullptr;
}

routing::HopChoice Edge::Impl::ChooseRoute(std::string_view route,
                                           const routing::HopTries& tries) {
  const auto name = sip::ParseNameAddr(route);
  const auto uri = name ? sip::ParseUri(name->uri) : std::nullopt;
  return uri ? ChooseUri(*uri, tries) : routing::HopChoice();
}

// It comes from the registrar, so its name may be asked for. The name of an
// entry point takes what it does not say from there.
routing::HopChoice Edge::Impl::ChooseUri(const sip::UriView& uri,
                                         const routing::HopTries& tries) {
  const std::string_view host = WithoutBrackets(uri.host);
  HostQuestion question{
      .host = host, .port = uri.port, .transport = sip::UriTransport(uri)};
  std::optional<IpAddress> address = IpAddress::Parse(host);
  if (const CoreTarget* entry = EntryNamed(question)) {
    if (entry->literal()) address = entry->endpoint.address;
    if (question.port == 0) question.port = entry->endpoint.port;
    if (!question.transport && !entry->any_transport) {
      question.transport = entry->transport;
    }
  }
  if (!address) return hops_.ChooseHost(question, tries, now_);
  if (address->is_multicast_or_broadcast()) return {};
  const auto transport = question.transport.value_or(sip::Transport::kTcp);
  if (question.port == 0) {
    question.port = transport == sip::Transport::kTls ? kSipsPort : kSipPort;
  }
  return hops_.ChooseAddress({*address, question.port}, transport, tries, now_,
                             host);
}

routing::HopChoice Edge::Impl::ChooseServiceRoute(
    AssociationId id, const routing::HopTries& tries) {
  return ChooseRoute(slice_.service_route(id, 0), tries);
}

void Edge::Impl::ForwardOriginating(const Inbound& in, AssociationId id,
                                    const routing::HopChoice& choice) {
  const bool waits = choice.kind == routing::HopChoice::Kind::kWait;
  if (!waits && choice.kind != routing::HopChoice::Kind::kTarget) {
    return Answer(in, answers::kServerTimeout);  // Source: TS 24.229 4.14.3
  }
  // An address is tried once, a name may stand for more.
  const SlotHandle handle = BeginTransaction(
      in, Transaction::Kind::kOriginating, choice.name.valid());
  if (!handle.valid()) return;
  Transaction& transaction = *transactions_.Find(handle);
  transaction.caller = id;
  waits ? Await(handle, transaction, choice)
        : SendOriginating(handle, transaction, choice);
}

void Edge::Impl::SendOriginating(SlotHandle handle, Transaction& transaction,
                                 const routing::HopChoice& choice) {
  if (choice.ask) AskFor(choice.name);
  sip::Transport sent_on = choice.transport;
  WriteOriginating(handle, transaction, transaction.caller, sent_on);
  if (sent_on == sip::Transport::kUdp &&
      outbox_.splices.gathered_size() > kUdpBytesMax) {
    sent_on = sip::Transport::kTcp;  // Source: RFC 3261 18.1.1
    WriteOriginating(handle, transaction, transaction.caller, sent_on);
  }
  if (Overflowed()) return AnswerLate(handle, answers::kServerError);
  GoTo(transaction, choice, sent_on);
  SendDownstream(handle, transaction, config_.timer_f_core);
}

// Its association may have ended meanwhile, or got another Service-Route.
void Edge::Impl::ContinueOriginating(SlotHandle handle) {
  Transaction& transaction = *transactions_.Find(handle);
  routing::HopChoice choice;
  if (transaction.whole && slice_.live(transaction.caller) &&
      slice_.service_route_count(transaction.caller) > 0) {
    choice = ChooseServiceRoute(transaction.caller, transaction.tries);
  }
  if (choice.kind == routing::HopChoice::Kind::kWait) {
    return Await(handle, transaction, choice);
  }
  if (choice.kind == routing::HopChoice::Kind::kTarget && Reload(transaction)) {
    return SendOriginating(handle, transaction, choice);
  }
  AnswerLate(handle, answers::kServerTimeout);  // Source: TS 24.229 4.14.3
}

void Edge::Impl::WriteOriginating(SlotHandle handle,
                                  const Transaction& transaction,
                                  AssociationId id, sip::Transport sent_on) {
  const routing::BranchText branch = BranchOf(handle, transaction);
  const routing::TokenText token = RecordRouteToken(id);
  const ServiceRoutes routes(slice_, id);
  std::array<std::string_view, 2> asserted;
  const size_t identities = AssertedIdentities(id, asserted);
  const Flow* flow = flows_.Find(transaction.upstream.flow);
  const routing::OriginatingFacts facts{
      .hop = HopOf(transaction, branch.view(), sent_on,
                   flow != nullptr ? flow->info.local.port : config_.tls_port),
      .record_route_user = token.view(),
      .service_routes = routes.span(),
      // Also when the two lists are equal: URIs that compare equal may differ
      // in parameters that the S-CSCF obeys.
      .replace_routes = true,
      .asserted = {asserted.data(), identities},
      .icid = icid_++,
  };
  outbox_.scratch.Reset();
  outbox_.splices.Reset(message_.bytes());
  routing::RewriteOriginating(message_, parts_, facts, own_, outbox_.scratch,
                              outbox_.splices);
  outbox_.splices.Seal();
}

}  // namespace sallyport
