// Registration events: our SUBSCRIBEs, and what the registrar's NOTIFYs do
// (spec 2.5 e2).
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/endpoint.h"
#include "core/resolution.h"
#include "core/sip/values.h"
#include "core/testing/edge_harness.h"
#include "gtest/gtest.h"

namespace sallyport {
namespace {

constexpr std::string_view kAlice = "sip:alice@ims.example.com";
constexpr std::string_view kTel = "tel:+15551230001";
constexpr std::string_view kContact =
    "sip:alice@192.168.1.10:5062;transport=tls";
constexpr std::string_view kDialog =
    "Contact: <sip:scscf1@192.0.2.30:5060>\r\n";

EdgeConfig Config() {
  EdgeConfig config = EdgeHarness::ExampleConfig();
  config.reg_event = true;
  return config;
}

std::string ContactOf(std::string_view state, std::string_view event,
                      std::string_view uri = kContact,
                      std::string_view more = "") {
  return absl::StrCat("<contact id='1' state='", state, "' event='", event, "'",
                      more, "><uri>", uri, "</uri></contact>");
}

std::string RegistrationOf(std::string_view aor, std::string_view state,
                           std::string_view inside) {
  return absl::StrCat("<registration aor='", aor, "' id='1' state='", state,
                      "'>", inside, "</registration>");
}

std::string Document(int version, std::string_view inside,
                     std::string_view state = "full") {
  return absl::StrCat(
      "<reginfo xmlns='urn:ietf:params:xml:ns:reginfo' version='", version,
      "' state='", state, "'>", inside, "</reginfo>");
}

// Both identities of the harness's phone end.
std::string AllEnded(int version, std::string_view event = "deactivated") {
  const std::string contact = ContactOf("terminated", event);
  return Document(version,
                  absl::StrCat(RegistrationOf(kAlice, "terminated", contact),
                               RegistrationOf(kTel, "terminated", contact)));
}

std::string Active(int version, std::string_view state = "full") {
  return Document(
      version,
      RegistrationOf(kAlice, "active", ContactOf("active", "registered")),
      state);
}

// What the registrar sends in the dialog of a SUBSCRIBE of ours.
struct NotifyText {
  std::string subscribe;  // the request that began the dialog
  int cseq = 1;
  std::string body = Active(0);
  std::string state = "active;expires=1200";
  std::string event = "reg";
  std::string type = "application/reginfo+xml";
  std::string extra = "Contact: <sip:scscf1@192.0.2.30:5060>\r\n";

  std::string Text() const {
    const std::string line = [](std::string_view name, std::string_view value) {
      return value.empty() ? "" : absl::StrCat(name, ": ", value, "\r\n");
    }("Event", event);
    return RequestText{
        .method = "NOTIFY",
        .uri = InBrackets(Row(subscribe, "Contact")),
        .via = "SIP/2.0/TCP 192.0.2.30:5060",
        .from = absl::StrCat(Row(subscribe, "To"), ";tag=far-end"),
        .to = Row(subscribe, "From"),
        .call_id = Row(subscribe, "Call-ID"),
        .cseq = cseq,
        .extra = absl::StrCat(
            line, state.empty() ? "" : "Subscription-State: ", state,
            state.empty() ? "" : "\r\n", body.empty() ? "" : "Content-Type: ",
            body.empty() ? "" : type, body.empty() ? "" : "\r\n", extra),
        .body = body}
        .Text();
  }
};

class RegEventTest : public testing::Test {
 protected:
  EdgeHarness& net() { return *harness_; }
  // All anew.
  void Begin(const EdgeConfig& config) {
    harness_ = std::make_unique<EdgeHarness>(config);
    phone_ = core_ = {};
  }
  // A phone registers; what left to the core with or after its 200.
  std::vector<Sent> Register(FlowId flow, RegisterText phone = {},
                             int expires_s = 600) {
    phone.response = "r1";
    net().Receive(flow, phone.Text());
    // It waited for a word of another shard.
    if (net().sent().empty()) net().Advance(Seconds(1));
    const Sent forwarded = net().Only();
    path_ = InBrackets(Row(forwarded.text, "Path"));
    net().GrantFromCore(forwarded, expires_s, EdgeHarness::kIdentities);
    EXPECT_EQ(StatusOf(net().sent().at(0).text), 200);
    return {net().sent().begin() + 1, net().sent().end()};
  }
  // The same, and the registrar accepts our SUBSCRIBE.
  void Subscribed(int expires_s = 1200, std::string_view extra = kDialog) {
    phone_ = net().OpenTls();
    const std::vector<Sent> sent = Register(phone_);
    ASSERT_EQ(sent.size(), 1u);
    subscribe_ = sent[0];
    net().AnswerFromCore(subscribe_, 200,
                         absl::StrCat(extra, "Expires: ", expires_s, "\r\n"));
    ASSERT_EQ(net().Count(CounterId::kSubscriptionsBegun), 1u);
  }
  // The status that a NOTIFY got; what else left stays in net().sent().
  int Notify(const NotifyText& notify) {
    if (!core_.valid()) core_ = net().OpenCore();
    net().Receive(core_, notify.Text());
    return net().sent().empty() ? 0 : StatusOf(net().sent().at(0).text);
  }
  NotifyText Now(std::string body, int cseq = 1) {
    return {.subscribe = subscribe_.text, .cseq = cseq, .body = body};
  }
  // A request of the core for the phone, by its Path.
  int Reach() {
    if (!core_.valid()) core_ = net().OpenCore();
    net().Receive(
        core_, RequestText{.uri = "sip:alice@192.168.1.10:5062;transport=tls",
                           .via = "SIP/2.0/TCP 192.0.2.30:5060",
                           .extra = absl::StrCat("Route: <", path_, ">\r\n")}
                   .Text());
    return StatusOf(net().Only().text);
  }
  // The identities that the association has.
  size_t Identities() {
    const auto found = net().edge().FindAssociations("", 9);
    return found.empty() ? 0 : found[0].identities.size();
  }

  std::unique_ptr<EdgeHarness> harness_ =
      std::make_unique<EdgeHarness>(Config());
  FlowId phone_, core_;
  Sent subscribe_;
  std::string path_;
};

// ---------------------------------------------------------------- SUBSCRIBE

// Conformance: DEREG-01, DEREG-02
TEST_F(RegEventTest, SubscribesAfterTheFirst200OfAUser) {
  const std::vector<Sent> sent = Register(net().OpenTls());

  ASSERT_EQ(sent.size(), 1u);
  const std::string& text = sent[0].text;
  EXPECT_TRUE(sent[0].to_core);
  EXPECT_EQ(sent[0].to.peer, net().config().home_core[0].endpoint);
  EXPECT_EQ(StartLine(text), "SUBSCRIBE sip:alice@ims.example.com SIP/2.0");
  EXPECT_EQ(Row(text, "To"), "<sip:alice@ims.example.com>");
  EXPECT_TRUE(Contains(Row(text, "From"), "<sip:pcscf1.ims.example.com>;tag="));
  EXPECT_EQ(Row(text, "Event"), "reg");
  EXPECT_EQ(Row(text, "Accept"), "application/reginfo+xml");
  EXPECT_EQ(Row(text, "Expires"), "1200");  // more than the 600 granted
  EXPECT_EQ(Row(text, "P-Asserted-Identity"), "<sip:pcscf1.ims.example.com>");
  EXPECT_TRUE(Contains(Row(text, "P-Charging-Vector"), "icid-value=\"p0-"));
  EXPECT_EQ(Row(text, "Max-Forwards"), "70");
  EXPECT_EQ(Row(text, "CSeq"), "1 SUBSCRIBE");
  EXPECT_EQ(Row(text, "Content-Length"), "0");
  EXPECT_TRUE(Contains(Row(text, "Contact"), "<sip:n."));
  EXPECT_TRUE(Contains(Row(text, "Contact"), "@pcscf1.ims.example.com:5060>"));
  EXPECT_EQ(Rows(text, "Via").size(), 1u);
  EXPECT_TRUE(Rows(text, "Route").empty());  // not along the Service-Route
  EXPECT_EQ(net().Count(CounterId::kOwnRequests), 1u);
}

// Conformance: DEREG-03
TEST_F(RegEventTest, RefreshAndSecondDeviceNeedNoOtherSubscription) {
  Subscribed();

  EXPECT_TRUE(Register(phone_, {.cseq = 2}).empty());
  EXPECT_TRUE(Register(net().OpenTls("203.0.113.9:1"),
                       {.sent_by = "192.168.9.9:5062", .call_id = "reg-2"})
                  .empty());
  net().Advance(Seconds(60));
  EXPECT_TRUE(net().sent().empty());
  EXPECT_EQ(net().totals().subscriptions, 1u);
}

TEST_F(RegEventTest, UserWithoutSipIdentityIsWatchedByTheOneThatItHas) {
  net().Receive(net().OpenTls(), RegisterText{.response = "r"}.Text());
  net().GrantFromCore(net().Only(), 600,
                      "P-Associated-URI: <tel:+15551230001>\r\n");
  EXPECT_EQ(StartLine(net().sent().at(1).text),
            "SUBSCRIBE tel:+15551230001 SIP/2.0");
}

TEST_F(RegEventTest, NothingIsAskedWithoutARegistration) {
  const FlowId phone = net().OpenTls();
  net().Receive(phone, RegisterText{}.Text());
  net().AnswerFromCore(net().Only(), 401);
  net().Receive(phone, RegisterText{.response = "r", .cseq = 2}.Text());
  net().AnswerFromCore(net().Only(), 403);
  net().Advance(Seconds(40));
  EXPECT_TRUE(net().sent().empty());
  EXPECT_EQ(net().totals().subscriptions, 0u);
}

TEST_F(RegEventTest, IsRefreshedWhenHalfTheTimeOr600SecondsAreLeft) {
  struct Case {
    int granted_s;
    Millis refreshed_after;
  };
  for (const Case& row :
       {Case{1200, Seconds(600)}, Case{1000, Seconds(500)},
        Case{60, Seconds(30)}, Case{1, Millis(500)},
        Case{7200, Seconds(600)}}) {  // it never lasts beyond what we asked
    SCOPED_TRACE(row.granted_s);
    Begin(Config());
    Subscribed(row.granted_s);
    net().Advance(row.refreshed_after - Millis(20));
    EXPECT_TRUE(net().sent().empty());
    net().Advance(Millis(40));
    ASSERT_EQ(net().sent().size(), 1u);
    EXPECT_EQ(Row(net().OnlyText(), "CSeq"), "2 SUBSCRIBE");
  }
}

// 600 s ahead when half the time is more.
TEST_F(RegEventTest, LongSubscriptionIsRefreshed600SecondsAhead) {
  phone_ = net().OpenTls();
  subscribe_ = Register(phone_, {}, 3600).at(0);
  EXPECT_EQ(Row(subscribe_.text, "Expires"), "4200");
  net().AnswerFromCore(subscribe_, 200,
                       absl::StrCat(kDialog, "Expires: 4200\r\n"));
  net().Advance(Seconds(3599));
  EXPECT_TRUE(net().sent().empty());
  net().Advance(Seconds(2));
  EXPECT_EQ(Row(net().OnlyText(), "CSeq"), "2 SUBSCRIBE");
}

// Source: RFC 3261 12.1.2, 12.2.1.1
TEST_F(RegEventTest, RefreshGoesAlongTheDialog) {
  Subscribed(1200, absl::StrCat(kDialog,
                                "Record-Route: <sip:192.0.2.41;lr>\r\n"
                                "Record-Route: <sip:192.0.2.40;lr>\r\n"));
  net().Advance(Seconds(601));

  const std::string text = net().OnlyText();
  EXPECT_EQ(StartLine(text), "SUBSCRIBE sip:scscf1@192.0.2.30:5060 SIP/2.0");
  EXPECT_EQ(Row(text, "Route"), "<sip:192.0.2.40;lr>, <sip:192.0.2.41;lr>");
  EXPECT_EQ(net().Only().to.peer.ToString(), "192.0.2.40:5060");
  EXPECT_EQ(Row(text, "To"), "<sip:alice@ims.example.com>;tag=far-end");
  EXPECT_EQ(Row(text, "From"), Row(subscribe_.text, "From"));
  EXPECT_EQ(Row(text, "Call-ID"), Row(subscribe_.text, "Call-ID"));
  EXPECT_EQ(Row(text, "Contact"), Row(subscribe_.text, "Contact"));

  net().AnswerFromCore(net().Only(), 200,
                       absl::StrCat(kDialog, "Expires: 1200\r\n"));
  EXPECT_EQ(net().Count(CounterId::kSubscriptionsRefreshed), 1u);
}

// Nobody is behind us, and the answer comes from where the request went.
TEST_F(RegEventTest, AnswerThatIsNotToOurRequestIsDiscarded) {
  subscribe_ = Register(net().OpenTls()).at(0);
  const std::string ok = ResponseTo(subscribe_.text, 200, kDialog);
  net().Receive(net().CoreLink(net().config().home_core[1].endpoint), ok);
  net().Receive(
      net().CoreLink(subscribe_.to.peer),
      Replaced(ok, "\r\nFrom:", "\r\nVia: SIP/2.0/TCP x.test\r\nFrom:"));
  EXPECT_EQ(net().Count(CounterId::kSubscriptionsBegun), 0u);
  net().Receive(net().CoreLink(subscribe_.to.peer), ok);
  EXPECT_EQ(net().Count(CounterId::kSubscriptionsBegun), 1u);
}

TEST_F(RegEventTest, FailureIsRetriedWithAPauseThatGrowsToABound) {
  EdgeConfig config = Config();
  config.reg_event_backoff_min = Seconds(4);
  config.reg_event_backoff_max = Seconds(60);
  Begin(config);
  Sent sent = Register(net().OpenTls(), {}, 6000).at(0);
  int entry = 0;
  for (const int pause_s : {4, 8, 16, 32, 60, 60}) {
    SCOPED_TRACE(pause_s);
    EXPECT_EQ(sent.to.peer, config.home_core[entry++ % 2].endpoint);
    EXPECT_EQ(Row(sent.text, "CSeq"), "1 SUBSCRIBE");
    net().AnswerFromCore(sent, 503);
    net().Advance(Seconds(pause_s) * 3 / 4 - Millis(10));
    EXPECT_TRUE(net().sent().empty());
    net().Advance(Seconds(pause_s) / 4 + Millis(30));
    ASSERT_EQ(net().sent().size(), 1u);
    EXPECT_NE(Row(net().OnlyText(), "Call-ID"), Row(sent.text, "Call-ID"));
    sent = net().Only();
  }
  EXPECT_EQ(net().Count(CounterId::kSubscribesRefused), 6u);
  net().AnswerFromCore(sent, 200, kDialog);
  net().Advance(Seconds(100));
  EXPECT_TRUE(net().sent().empty());
}

TEST_F(RegEventTest, PauseDependsOnWhatWentWrong) {
  struct Case {
    std::string name;
    int code;  // 0: no answer, -1: no connection
    std::string extra;
    Millis least, most;
  };
  const Millis longest = Config().reg_event_backoff_max;
  const Case rows[] = {
      {"no answer", 0, "", Millis(1500), Millis(2000)},
      {"no connection", -1, "", Millis(1500), Millis(2000)},
      {"overloaded", 503, "", Millis(1500), Millis(2000)},
      {"overloaded for a while", 503, "Retry-After: 30 (busy)\r\n", Seconds(30),
       Seconds(30)},
      {"overloaded for ever", 503, "Retry-After: 99999999\r\n", longest,
       longest},
      {"not there now", 480, "", Millis(1500), Millis(2000)},
      {"no such dialog", 481, "", Millis(1500), Millis(2000)},
      {"forbidden", 403, "", longest, longest},
      {"not allowed", 405, "", longest, longest},
      {"no such event", 489, "", longest, longest},
      {"not implemented", 501, "", longest, longest},
      {"moved", 302, "", longest, longest},
      {"declined", 603, "", longest, longest},
  };
  for (const Case& row : rows) {
    SCOPED_TRACE(row.name);
    Begin(Config());
    const Sent sent = Register(net().OpenTls(), {}, 7200).at(0);
    if (row.code > 0) net().AnswerFromCore(sent, row.code, row.extra);
    if (row.code < 0) net().PeerLost(net().config().home_core[0]);
    if (row.code == 0) net().Advance(net().config().timer_f_core);
    net().Advance(row.least - Millis(20));
    EXPECT_TRUE(net().sent().empty());
    net().Advance(row.most - row.least + Millis(40));
    EXPECT_EQ(net().sent().size(), 1u);
    EXPECT_EQ(net().totals().subscriptions, 1u);
  }
}

TEST_F(RegEventTest, FailedRefreshKeepsTheDialogUnlessItSaysThatItIsGone) {
  struct Case {
    int code;
    bool keeps;
  };
  for (const Case& row :
       {Case{503, true}, {500, true}, {481, false}, {404, false}}) {
    SCOPED_TRACE(row.code);
    Begin(Config());
    Subscribed();
    net().Advance(Seconds(601));
    net().AnswerFromCore(net().Only(), row.code);
    EXPECT_EQ(Notify(Now(AllEnded(0))), row.keeps ? 200 : 481);
  }
}

// Conformance: DEREG-04
// The dialog's target is a name that nobody has asked for yet.
TEST_F(RegEventTest, AnUnsubscribeWaitsForAName) {
  for (const bool found : {true, false}) {
    Begin(Config());
    Subscribed(1200, "Contact: <sip:s@scscf.home.test;transport=tcp>\r\n");
    EXPECT_TRUE(Register(phone_, {.cseq = 2, .expires = "0"}, 0).empty());
    ASSERT_EQ(net().asked.size(), 1u);
    EXPECT_EQ(net().asked[0].host, "scscf.home.test");
    EXPECT_EQ(net().totals().subscriptions, 1u);

    if (found) {
      const HostTarget target{.endpoint = *Endpoint::Parse("192.0.2.31:5060"),
                              .transport = sip::Transport::kTcp};
      net().Resolve(net().asked[0], {target});
    }
    net().Advance(Seconds(30));

    EXPECT_EQ(net().sent().size(), found ? 1u : 0u);
    EXPECT_EQ(net().totals().subscriptions, found ? 1u : 0u);
    if (!found) continue;
    EXPECT_EQ(net().Only().to.peer.ToString(), "192.0.2.31:5060");
    EXPECT_EQ(Row(net().OnlyText(), "Expires"), "0");
    net().AnswerFromCore(net().Only(), 200);
    EXPECT_EQ(net().totals().subscriptions, 0u);
  }
}

TEST_F(RegEventTest, LastAssociationThatGoesEndsTheSubscription) {
  Subscribed();
  const FlowId second = net().OpenTls("203.0.113.9:1");
  const RegisterText other{.sent_by = "192.168.9.9:5062", .call_id = "reg-2"};
  Register(second, other);
  RegisterText leaving = other;
  leaving.cseq = 2;
  leaving.expires = "0";
  EXPECT_TRUE(Register(second, leaving, 0).empty());

  const std::vector<Sent> sent =
      Register(phone_, {.cseq = 2, .expires = "0"}, 0);

  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(Row(sent[0].text, "Expires"), "0");
  EXPECT_EQ(StartLine(sent[0].text),
            "SUBSCRIBE sip:scscf1@192.0.2.30:5060 SIP/2.0");
  EXPECT_EQ(Row(sent[0].text, "Call-ID"), Row(subscribe_.text, "Call-ID"));
  net().AnswerFromCore(sent[0], 200, kDialog);
  EXPECT_EQ(net().totals().subscriptions, 0u);
  EXPECT_EQ(net().Count(CounterId::kSubscriptionsEnded), 1u);
}

TEST_F(RegEventTest, UserWhoLeavesBeforeTheAnswerIsUnsubscribedBehindIt) {
  phone_ = net().OpenTls();
  subscribe_ = Register(phone_).at(0);
  EXPECT_TRUE(Register(phone_, {.cseq = 2, .expires = "0"}, 0).empty());
  net().AnswerFromCore(subscribe_, 200, kDialog);
  EXPECT_EQ(Row(net().OnlyText(), "Expires"), "0");
  net().Advance(Seconds(40));  // nobody answers
  EXPECT_EQ(net().totals().subscriptions, 0u);
}

TEST_F(RegEventTest, UserWhoComesBackWhileItEndsIsWatchedAnew) {
  Subscribed();
  const Sent end = Register(phone_, {.cseq = 2, .expires = "0"}, 0).at(0);
  const std::vector<Sent> sent = Register(phone_, {.cseq = 3});
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_NE(Row(sent[0].text, "Call-ID"), Row(end.text, "Call-ID"));
  EXPECT_EQ(Row(sent[0].text, "Expires"), "1200");
  net().AnswerFromCore(end, 200, kDialog);
  net().AnswerFromCore(sent[0], 200, kDialog);
  EXPECT_EQ(net().totals().subscriptions, 1u);
}

// ---------------------------------------------------------------- NOTIFY

// Conformance: DEREG-04, ASSOC-23
TEST_F(RegEventTest, EndOfAllIdentitiesRemovesTheAssociation) {
  Subscribed();
  const std::string old_path = path_;
  EXPECT_EQ(Notify(Now(AllEnded(0))), 200);

  EXPECT_EQ(net().totals().associations_active, 0u);
  EXPECT_EQ(net().Count(CounterId::kAssociationsEnded), 1u);
  EXPECT_EQ(net().Count(CounterId::kIdentitiesEnded), 2u);
  EXPECT_EQ(net().Count(CounterId::kNotifyForeignContact), 0u);
  EXPECT_EQ(net().revoked.size(), 1u);
  ASSERT_EQ(net().sent().size(), 2u);
  EXPECT_EQ(Row(net().sent()[1].text, "Expires"), "0");
  EXPECT_EQ(Reach(), 480);

  // The connection stays for a while, and then is closed.
  net().Advance(net().config().deregistered_linger - Millis(10));
  EXPECT_TRUE(net().IsOpen(phone_));
  net().Advance(Millis(30));
  EXPECT_TRUE(net().WasClosed(phone_, CloseReason::kDeregistered));

  // The slot's next tenant has another token.
  Register(net().OpenTls(), {.call_id = "reg-2"});
  EXPECT_NE(path_, old_path);
  path_ = old_path;
  EXPECT_EQ(Reach(), 480);
}

TEST_F(RegEventTest, UeThatRegistersAgainInTimeKeepsItsConnection) {
  Subscribed();
  Notify(Now(AllEnded(0)));
  Register(phone_, {.cseq = 7});
  net().Advance(Seconds(60));
  EXPECT_TRUE(net().IsOpen(phone_));
  EXPECT_EQ(net().totals().associations_active, 1u);
}

// Conformance: DEREG-04
TEST_F(RegEventTest, EndedSubscriptionIsNotEndedAgain) {
  Subscribed();
  NotifyText notify = Now(AllEnded(0));
  notify.state = "terminated;reason=noresource";
  EXPECT_EQ(Notify(notify), 200);
  EXPECT_EQ(net().sent().size(), 1u);
  EXPECT_EQ(net().totals().associations_active, 0u);
  EXPECT_EQ(net().totals().subscriptions, 0u);
}

TEST_F(RegEventTest, StatesOfTheSpecHaveTheirEffect) {
  struct Case {
    std::string name;
    std::string inside;
    size_t left;  // of two identities
  };
  const std::string foreign = "sip:alice@192.168.7.7:5062;transport=tls";
  const auto alice = [](std::string_view state, std::string_view inside) {
    return RegistrationOf(kAlice, state, inside);
  };
  const Case rows[] = {
      {"deactivated", alice("active", ContactOf("terminated", "deactivated")),
       1},
      {"rejected", alice("active", ContactOf("terminated", "rejected")), 1},
      {"expired", alice("active", ContactOf("terminated", "expired")), 1},
      {"unregistered", alice("active", ContactOf("terminated", "unregistered")),
       1},
      {"probation", alice("active", ContactOf("terminated", "probation")), 1},
      {"registration ended", alice("terminated", ""), 1},
      {"of its contacts one is left",
       alice("active", absl::StrCat(ContactOf("terminated", "expired"),
                                    ContactOf("active", "registered"))),
       2},
      {"refreshed", alice("active", ContactOf("active", "refreshed")), 2},
      {"foreign contact",
       alice("active", ContactOf("terminated", "deactivated", foreign)), 2},
      {"never registered", alice("init", ""), 2},
      {"another user",
       RegistrationOf("sip:bob@ims.example.com", "terminated",
                      ContactOf("terminated", "expired")),
       2},
      {"nothing", "", 2},
  };
  for (const Case& row : rows) {
    for (const char* state : {"full", "partial"}) {
      SCOPED_TRACE(absl::StrCat(row.name, ", ", state));
      Begin(Config());
      Subscribed();
      Notify(Now(Active(0), 1));
      EXPECT_EQ(Notify(Now(Document(1, row.inside, state), 2)), 200);
      EXPECT_EQ(Identities(), row.left);
    }
  }
}

// Conformance: DEREG-05
TEST_F(RegEventTest, ForeignContactChangesNothing) {
  Subscribed();
  const std::string other =
      ContactOf("terminated", "deactivated", "sip:alice@192.168.7.7:5062");
  EXPECT_EQ(Notify(Now(Document(
                0, absl::StrCat(RegistrationOf(kAlice, "active", other),
                                RegistrationOf(kTel, "active", other))))),
            200);
  EXPECT_EQ(net().Count(CounterId::kNotifyForeignContact), 1u);
  EXPECT_EQ(Identities(), 2u);
  net().Advance(Seconds(60));
  EXPECT_TRUE(net().IsOpen(phone_));
}

// Of two devices the one goes whose contact is named.
TEST_F(RegEventTest, OnlyTheDeviceThatIsNamedGoes) {
  Subscribed();
  const FlowId second = net().OpenTls("203.0.113.9:1");
  Register(second, {.sent_by = "192.168.9.9:5062", .call_id = "reg-2"});
  const std::string contact = ContactOf("terminated", "rejected");
  Notify(
      Now(Document(0, absl::StrCat(RegistrationOf(kAlice, "active", contact),
                                   RegistrationOf(kTel, "active", contact)))));
  EXPECT_EQ(net().totals().associations_active, 1u);
  EXPECT_EQ(net().totals().subscriptions, 1u);
  net().Advance(Seconds(6));
  EXPECT_FALSE(net().IsOpen(phone_));
  EXPECT_TRUE(net().IsOpen(second));
}

// Source: spec 5.6: all Contacts of a REGISTER are bound to its connection.
TEST_F(RegEventTest, OfSeveralContactsAllMustEnd) {
  constexpr std::string_view kSecond = "sip:alice@10.0.0.2:5060";
  phone_ = net().OpenTls();
  const RegisterText phone{
      .contact = absl::StrCat("<", kContact, ">, <", kSecond, ">")};
  subscribe_ = Register(phone_, phone).at(0);
  net().AnswerFromCore(subscribe_, 200,
                       absl::StrCat(kDialog, "Expires: 1200\r\n"));
  const auto document = [&](int version, std::string_view second) {
    const std::string contacts =
        absl::StrCat(ContactOf("terminated", "deactivated"),
                     ContactOf(second, "registered", kSecond));
    return Document(version,
                    absl::StrCat(RegistrationOf(kAlice, "active", contacts),
                                 RegistrationOf(kTel, "active", contacts)));
  };

  EXPECT_EQ(Notify(Now(document(0, "active"))), 200);
  EXPECT_EQ(net().totals().associations_active, 1u);
  EXPECT_EQ(net().Count(CounterId::kNotifyForeignContact), 0u);
  EXPECT_EQ(Notify(Now(document(1, "terminated"), 2)), 200);
  EXPECT_EQ(net().totals().associations_active, 0u);
}

// A user may have more associations than one event may have actions.
TEST_F(RegEventTest, AllDevicesOfAUserMayEndAtOnce) {
  EdgeConfig config = Config();
  config.associations_per_impi_max = 30;
  Begin(config);
  Subscribed();
  for (int i = 0; i < 25; ++i) {
    Register(net().OpenTls(absl::StrCat("203.0.113.", i, ":1")),
             {.sent_by = absl::StrCat("192.168.8.", i, ":5062"),
              .call_id = absl::StrCat("more-", i)});
  }
  ASSERT_EQ(net().totals().associations_active, 26u);
  EXPECT_EQ(Notify(Now(Document(
                0, absl::StrCat(RegistrationOf(kAlice, "terminated", ""),
                                RegistrationOf(kTel, "terminated", ""))))),
            200);
  EXPECT_EQ(net().totals().associations_active, 0u);
  EXPECT_EQ(net().Count(CounterId::kAssociationsEnded), 26u);
}

// Conformance: DEREG-06
TEST_F(RegEventTest, ShortenedLowersTheExpiry) {
  Subscribed();
  const std::string contact =
      ContactOf("active", "shortened", kContact, " expires='60'");
  EXPECT_EQ(Notify(Now(Document(0, RegistrationOf(kAlice, "active", contact)))),
            200);
  EXPECT_EQ(net().Count(CounterId::kExpiriesShortened), 1u);
  const Millis granted = Seconds(60) + net().config().registration_grace;
  net().Advance(granted - Millis(20));
  EXPECT_EQ(net().totals().associations_active, 1u);
  net().Advance(Millis(40));
  EXPECT_EQ(net().totals().associations_active, 0u);
}

// Conformance: DEREG-07
TEST_F(RegEventTest, NotifyOutsideOfOurDialogsGets481) {
  Subscribed();
  const std::string good = Now(AllEnded(0)).Text();
  const std::string contact = InBrackets(Row(subscribe_.text, "Contact"));
  const std::string rest = contact.substr(contact.find('@'));
  const std::string flipped =
      Replaced(contact, contact.substr(8, 1), contact[8] == 'A' ? "B" : "A");
  const std::string bad[] = {
      Replaced(good, contact, "sip:pcscf1.ims.example.com:5060"),
      Replaced(good, contact, absl::StrCat("sip:n.short", rest)),
      Replaced(good, contact, flipped),
      Replaced(good, contact, path_.substr(0, path_.find(";lr"))),
      Replaced(good, "Call-ID: ", "Call-ID: 0"),
      Replaced(good, "tag=far-end", "tag=other"),
      Replaced(good, ";tag=far-end", ""),
      Replaced(good, absl::StrCat("To: ", Row(good, "To")),
               "To: <sip:pcscf1.ims.example.com>;tag=0123456789abcdef"),
      Replaced(good, absl::StrCat("To: ", Row(good, "To")),
               "To: <sip:pcscf1.ims.example.com>"),
  };
  core_ = net().OpenCore();
  int count = 0;
  for (const std::string& text : bad) {
    net().Receive(
        core_,
        Replaced(text, ";branch=", absl::StrCat(";x=", count, ";branch=")));
    EXPECT_EQ(StatusOf(net().OnlyText()), 481) << text;
    EXPECT_EQ(net().Count(CounterId::kNotifyStray), ++count + 0u);
  }
  EXPECT_EQ(Identities(), 2u);
  net().Receive(core_, good);
  EXPECT_EQ(StatusOf(net().sent().at(0).text), 200);
}

// A phone cannot end registrations, whatever it knows.
TEST_F(RegEventTest, NotifyFromTheAccessSideHasNoEffect) {
  Subscribed();
  net().Receive(phone_, Now(AllEnded(0)).Text());
  EXPECT_NE(StatusOf(net().OnlyText()), 200);
  EXPECT_EQ(Identities(), 2u);
}

// The token of a NOTIFY names no phone.
TEST_F(RegEventTest, NotifyTokenReachesNobodyAsARoute) {
  Subscribed();
  path_ = InBrackets(Row(subscribe_.text, "Contact")) + ";lr";
  EXPECT_EQ(Reach(), 404);
}

// Conformance: DEREG-08
TEST_F(RegEventTest, OldVersionIsIgnoredAndAnswered200) {
  Subscribed();
  EXPECT_EQ(Notify(Now(Active(4), 1)), 200);
  EXPECT_EQ(Notify(Now(AllEnded(4), 2)), 200);
  EXPECT_EQ(Notify(Now(AllEnded(3), 3)), 200);
  EXPECT_EQ(net().Count(CounterId::kNotifyOldVersion), 2u);
  EXPECT_EQ(Identities(), 2u);
  EXPECT_EQ(Notify(Now(AllEnded(9), 4)), 200);  // a full one may be ahead
  EXPECT_EQ(Identities(), 0u);
  EXPECT_EQ(net().Count(CounterId::kNotifyGap), 0u);
}

TEST_F(RegEventTest, GapInPartialStateAsksForAllOfIt) {
  struct Case {
    int version;
    bool gap;
  };
  for (const Case& row : {Case{5, false}, {6, true}, {2000000000, true}}) {
    SCOPED_TRACE(row.version);
    Begin(Config());
    Subscribed();
    net().Advance(Seconds(10));
    Notify(Now(Active(4), 1));
    EXPECT_EQ(Notify(Now(Active(row.version, "partial"), 2)), 200);
    ASSERT_EQ(net().sent().size(), row.gap ? 2u : 1u);
    EXPECT_EQ(net().Count(CounterId::kNotifyGap), row.gap);
    if (!row.gap) continue;
    EXPECT_EQ(Row(net().sent()[1].text, "CSeq"), "2 SUBSCRIBE");
    net().AnswerFromCore(net().sent()[1], 200, kDialog);
    EXPECT_EQ(Notify(Now(AllEnded(row.version + 1), 3)), 200);
    EXPECT_EQ(Identities(), 0u);
  }
}

// A registrar that never sends what it should must not keep us busy.
TEST_F(RegEventTest, GapsDoNotGoRoundInACircle) {
  Subscribed();
  for (int i = 1; i <= 20; ++i) {
    EXPECT_EQ(Notify(Now(Active(10 * i, "partial"), i)), 200);
    EXPECT_EQ(net().sent().size(), 1u);
  }
  net().Advance(Millis(2020));
  EXPECT_EQ(net().sent().size(), 1u);
}

TEST_F(RegEventTest, NotifyThatCannotBeUsedIsRefusedForItsReason) {
  Subscribed();
  struct Case {
    std::string name;
    NotifyText notify;
    int code;
  };
  std::vector<Case> rows(9, {"", Now(AllEnded(0)), 200});
  rows[0] = {"another event", rows[0].notify, 489};
  rows[0].notify.event = "presence";
  rows[1] = {"no event", rows[1].notify, 489};
  rows[1].notify.event = "";
  rows[2] = {"no state", rows[2].notify, 400};
  rows[2].notify.state = "";
  rows[3] = {"bad state", rows[3].notify, 400};
  rows[3].notify.state = "a b";
  rows[4] = {"another type", rows[4].notify, 415};
  rows[4].notify.type = "application/pidf+xml";
  rows[5] = {"compressed", rows[5].notify, 415};
  rows[5].notify.extra = "Content-Encoding: gzip\r\n";
  rows[6] = {"no XML", rows[6].notify, 400};
  rows[6].notify.body = "hello";
  rows[7] = {"a document type", rows[7].notify, 400};
  rows[7].notify.body = absl::StrCat("<!DOCTYPE a>", AllEnded(0));
  rows[8] = {"bad document", rows[8].notify, 400};
  rows[8].notify.body = Document(0, "<registration/>");
  for (const Case& row : rows) {
    EXPECT_EQ(Notify(row.notify), row.code) << row.name;
    EXPECT_EQ(Identities(), 2u) << row.name;
  }
  EXPECT_EQ(net().Count(CounterId::kNotifyRefused), rows.size());
  NotifyText empty = Now("");
  EXPECT_EQ(Notify(empty), 200);  // the state alone
  EXPECT_EQ(Notify(Now(AllEnded(0), 2)), 200);
  EXPECT_EQ(Identities(), 0u);
}

TEST_F(RegEventTest, RepeatedNotifyIsAnsweredOnceMoreAndOvertakenOneNot) {
  Subscribed();
  EXPECT_EQ(Notify(Now(Active(0), 5)), 200);
  EXPECT_EQ(Notify(Now(Active(0), 5)), 200);
  EXPECT_EQ(net().Count(CounterId::kNotifyRepeated), 1u);
  EXPECT_EQ(Notify(Now(AllEnded(1), 4)), 500);
  EXPECT_EQ(Identities(), 2u);
}

// Source: RFC 6665 4.1.2.4
TEST_F(RegEventTest, NotifyMayComeBeforeThe200) {
  phone_ = net().OpenTls();
  subscribe_ = Register(phone_).at(0);
  EXPECT_EQ(Notify(Now(AllEnded(0))), 200);
  EXPECT_EQ(net().totals().associations_active, 0u);
  EXPECT_EQ(net().sent().size(), 1u);  // the SUBSCRIBE is not answered yet
  net().AnswerFromCore(subscribe_, 200, kDialog);
  EXPECT_EQ(Row(net().OnlyText(), "Expires"), "0");
}

TEST_F(RegEventTest, EndOfASubscriptionIsFollowedAsItsReasonSays) {
  struct Case {
    std::string state;
    Millis least, most;  // kForEver: not at all
  };
  const Millis for_ever = Seconds(550);
  const Case rows[] = {
      {"terminated;reason=deactivated", Millis(0), Millis(0)},
      {"terminated;reason=timeout", Millis(0), Millis(0)},
      {"Terminated;Reason=Timeout", Millis(0), Millis(0)},
      {"terminated;reason=rejected", for_ever, for_ever},
      {"terminated;reason=noresource", for_ever, for_ever},
      {"terminated;reason=probation;retry-after=90", Seconds(90), Seconds(90)},
      {"terminated;reason=probation", Millis(1500), Millis(2000)},
      {"terminated;reason=giveup;retry-after=20", Seconds(20), Seconds(20)},
      {"terminated;reason=giveup", Millis(1500), Millis(2000)},
      {"terminated;reason=unheard-of", Millis(1500), Millis(2000)},
      {"terminated", Millis(1500), Millis(2000)},
  };
  for (const Case& row : rows) {
    SCOPED_TRACE(row.state);
    Begin(Config());
    Subscribed();
    net().Advance(Seconds(10));
    NotifyText notify = Now(Active(0));
    notify.state = row.state;
    EXPECT_EQ(Notify(notify), 200);
    size_t sent = net().sent().size() - 1;
    if (row.least > Millis(0)) {
      EXPECT_EQ(sent, 0u);
      net().Advance(row.least - Millis(20));
      EXPECT_TRUE(net().sent().empty());
    }
    if (sent == 0) {
      net().Advance(row.most - row.least + Millis(40));
      sent = net().sent().size();
    }
    EXPECT_EQ(sent, row.least == for_ever ? 0u : 1u);
    if (sent > 0) {
      EXPECT_NE(Row(net().sent().back().text, "Call-ID"),
                Row(subscribe_.text, "Call-ID"));
    }
    // The old dialog is over.
    EXPECT_EQ(Notify(Now(AllEnded(1), 2)), 481);
    EXPECT_EQ(Identities(), 2u);
  }
}

// A registrar that ends each subscription at once gets no more than one for
// each pause.
TEST_F(RegEventTest, SubscriptionsThatEndAtOnceDoNotGoRoundInACircle) {
  Subscribed();
  NotifyText notify = Now("");
  notify.state = "terminated;reason=deactivated";
  EXPECT_EQ(Notify(notify), 200);
  EXPECT_EQ(net().sent().size(), 1u);
  net().Advance(Millis(2020));
  EXPECT_EQ(net().sent().size(), 1u);
}

TEST_F(RegEventTest, NotifyMayLowerTheTimeThatIsLeft) {
  Subscribed();
  NotifyText notify = Now(Active(0));
  notify.state = "active;expires=100";
  Notify(notify);
  net().Advance(Seconds(49));
  EXPECT_TRUE(net().sent().empty());
  net().Advance(Seconds(2));
  EXPECT_EQ(net().sent().size(), 1u);
}

// The time that each of them says rounds down what is left.
TEST_F(RegEventTest, ManyNotifiesDoNotPutTheRefreshOff) {
  Subscribed();
  for (int s = 1; s < 600; ++s) {
    net().Advance(Seconds(1));
    ASSERT_TRUE(net().sent().empty());
    NotifyText notify = Now(Active(s), s);
    notify.state = absl::StrCat("active;expires=", 1199 - s);
    ASSERT_EQ(Notify(notify), 200);
  }
  net().Advance(Seconds(2));
  EXPECT_EQ(net().sent().size(), 1u);
}

// Conformance: ASSOC-21
TEST_F(RegEventTest, WildcardedIdentityMayBePreferred) {
  Subscribed();
  const auto asserted = [&](std::string_view preferred) {
    net().Receive(phone_,
                  RequestText{.extra = absl::StrCat(
                                  "P-Preferred-Identity: ", preferred, "\r\n")}
                      .Text());
    return Rows(net().OnlyText(), "P-Asserted-Identity").at(0);
  };
  const std::string_view pbx = "<sip:pbx-17@ims.example.com>";
  EXPECT_EQ(asserted(pbx), "<sip:alice@ims.example.com>");

  const std::string wildcard = RegistrationOf(
      "sip:pbx-0@ims.example.com", "active",
      absl::StrCat(ContactOf("active", "registered"),
                   "<e:wildcardedIdentity xmlns:e='urn:3gpp:ns:extRegInfo:1.0'>"
                   "sip:pbx-!.*!@ims.example.com</e:wildcardedIdentity>"));
  Notify(Now(Document(0, wildcard), 1));

  EXPECT_EQ(asserted(pbx), pbx);
  EXPECT_EQ(asserted("\"Boss\" <sip:pbx-1@ims.example.com>;x=1"),
            "<sip:pbx-1@ims.example.com>");
  EXPECT_EQ(asserted("sip:pbx-2@ims.example.com"), "sip:pbx-2@ims.example.com");
  EXPECT_EQ(asserted("<sip:bob@ims.example.com>"),
            "<sip:alice@ims.example.com>");

  // A partial state leaves it, a full one without it ends it.
  Notify(Now(Active(1, "partial"), 2));
  EXPECT_EQ(asserted(pbx), pbx);
  Notify(Now(Active(2), 3));
  EXPECT_EQ(asserted(pbx), "<sip:alice@ims.example.com>");
}

// ---------------------------------------------------------------- shards

TEST_F(RegEventTest, NotifyThatReachesAnotherShardIsHandedHome) {
  EdgeConfig config = Config();
  config.shards = 2;
  Begin(config);
  Subscribed();
  config.shard = 1;
  EdgeHarness other(config);
  const FlowId core = other.OpenCore();
  other.Receive(core, Now(AllEnded(0)).Text());
  EXPECT_TRUE(other.sent().empty());
  ASSERT_EQ(other.handed.size(), 1u);
  EXPECT_EQ(other.handed[0].shard, 0);

  net().HandIn(other.handed[0]);
  ASSERT_EQ(net().sent().size(), 1u);
  EXPECT_EQ(StatusOf(net().OnlyText()), 200);
  EXPECT_EQ(net().Only().to.flow, core);
  net().Advance(Millis(10));
  EXPECT_EQ(net().totals().associations_active, 0u);
}

// ---------------------------------------------------------------- off

TEST(RegEventOff, NobodyIsAskedAndNoNotifyIsTaken) {
  EdgeHarness net;
  net.Associate(net.OpenTls());
  net.Advance(Seconds(60));
  EXPECT_TRUE(net.sent().empty());
  net.Receive(net.OpenCore(),
              RequestText{.method = "NOTIFY",
                          .uri = "sip:pcscf1.ims.example.com:5060",
                          .via = "SIP/2.0/TCP 192.0.2.30:5060"}
                  .Text());
  EXPECT_EQ(StatusOf(net.OnlyText()), 481);
}

}  // namespace
}  // namespace sallyport
