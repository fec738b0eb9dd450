#include "core/registration/association_slice.h"

#include <optional>
#include <string>
#include <vector>

#include "core/testing/heap_count.h"
#include "gtest/gtest.h"

namespace sallyport::registration {
namespace {

constexpr Instant kNow{Millis(1'000'000)};
constexpr std::string_view kAlice = "sip:alice@ims.example.com";
constexpr std::string_view kAliceTel = "tel:+15551230001";
constexpr std::string_view kImpi = "alice_private@ims.example.com";
const std::vector<std::string_view> kIdentities = {
    "\"Alice\" <sip:alice@ims.example.com>", "<tel:+15551230001>"};
const std::vector<std::string_view> kRoutes = {
    "<sip:orig@scscf1.ims.example.com:5060;lr>"};

TlsSessionId Session(uint8_t number) {
  TlsSessionId session{};
  session[0] = number;
  return session;
}

FlowId Flow(uint32_t slot) { return {.shard = 0, .handle = {slot, 1}}; }

FlowInfo Info(uint8_t session) {
  FlowInfo info;
  info.transport = sip::Transport::kTls;
  info.peer = {IpAddress::V4({203, 0, 113, session}), 50311};
  info.tls_session = Session(session);
  return info;
}

Grant AliceGrant() {
  Grant grant;
  grant.impi = kImpi;
  grant.address_of_record = kAlice;
  grant.call_id = "1j9FpLxk3uxtm8tn@192.168.1.10";
  grant.cseq = 2;
  grant.expires_s = 3600;
  grant.contact_uri = "sip:alice@192.168.1.10:5062;transport=tls";
  grant.instance = "\"<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>\"";
  grant.identities = kIdentities;
  grant.service_routes = kRoutes;
  grant.charging_functions = "ccf=192.0.2.200";
  grant.term_ioi = "\"Type 1home.example.com\"";
  grant.secagree = true;
  grant.had_response = true;
  return grant;
}

EdgeConfig SmallConfig() {
  EdgeConfig config;
  config.associations_max = 64;
  return config;
}

// A slice whose invariants are checked after every call that changes it.
class SliceTest : public testing::Test {
 protected:
  AssociationId Reserve(uint8_t number) {
    const AssociationId id = slice_.Reserve(Flow(number), Info(number));
    slice_.CheckInvariants();
    return id;
  }
  Applied Apply(AssociationId id, const Grant& grant, uint8_t number,
                Instant now = kNow) {
    const Applied applied =
        slice_.Apply(id, grant, Flow(number), Info(number), now);
    slice_.CheckInvariants();
    return applied;
  }
  AssociationId Create(uint8_t number, const Grant& grant = AliceGrant()) {
    const AssociationId id = Reserve(number);
    EXPECT_EQ(Apply(id, grant, number), Applied::kCreated);
    return id;
  }
  Grant Tel(uint32_t cseq = 3) {
    Grant grant = AliceGrant();
    grant.address_of_record = kAliceTel;
    grant.cseq = cseq;
    return grant;
  }
  std::vector<std::string> Identities(AssociationId id) {
    std::vector<std::string> all;
    for (size_t i = 0; i < slice_.identity_count(id); ++i) {
      all.emplace_back(slice_.identity(id, i));
    }
    return all;
  }
  std::vector<std::string> Routes(AssociationId id) {
    std::vector<std::string> all;
    for (size_t i = 0; i < slice_.service_route_count(id); ++i) {
      all.emplace_back(slice_.service_route(id, i));
    }
    return all;
  }

  AssociationSlice slice_{SmallConfig(), 77};
};

using Strings = std::vector<std::string>;

// ---- creation

TEST_F(SliceTest, ReservesASlotThatNobodyFinds) {
  const AssociationId id = Reserve(1);

  EXPECT_EQ(slice_.state(id), AssociationState::kReserved);
  EXPECT_EQ(slice_.flow(id), Flow(1));
  EXPECT_EQ(slice_.expires(id), kNever);
  EXPECT_FALSE(slice_.FindByTlsSession(Session(1)).valid());
  EXPECT_EQ(slice_.identity_count(id), 0u);
  EXPECT_EQ(slice_.default_identity(id), "");
  EXPECT_FALSE(slice_.ExpireSets(id, kNever));
  EXPECT_EQ(slice_.totals().reserved, 1u);
}

// Conformance: ASSOC-01, ASSOC-05, REG-20, REG-21
TEST_F(SliceTest, HoldsWhatTheFirst200Granted) {
  const AssociationId id = Create(1);

  EXPECT_EQ(slice_.state(id), AssociationState::kActive);
  EXPECT_EQ(slice_.flow(id), Flow(1));
  EXPECT_EQ(slice_.peer(id), Info(1).peer);
  EXPECT_EQ(slice_.tls_session(id), Session(1));
  EXPECT_EQ(slice_.impi(id), kImpi);
  EXPECT_EQ(Identities(id), Strings(kIdentities.begin(), kIdentities.end()));
  EXPECT_EQ(Routes(id), Strings(kRoutes.begin(), kRoutes.end()));
  EXPECT_EQ(slice_.charging_functions(id), "ccf=192.0.2.200");
  EXPECT_EQ(slice_.term_ioi(id), "\"Type 1home.example.com\"");
  EXPECT_TRUE(slice_.authenticated(id));
  EXPECT_TRUE(slice_.secagree(id));
  EXPECT_EQ(slice_.expiry_s_max(id), 3600u);
  EXPECT_EQ(slice_.FindByTlsSession(Session(1)), id);
  EXPECT_EQ(slice_.CountOfImpi(kImpi), 1u);
  EXPECT_EQ(slice_.totals().active, 1u);
}

// Conformance: ASSOC-09
TEST_F(SliceTest, CreatesNothingWhenNothingIsGranted) {
  const AssociationId id = Reserve(1);
  Grant grant = AliceGrant();
  grant.expires_s = 0;

  EXPECT_EQ(Apply(id, grant, 1), Applied::kNothing);

  EXPECT_EQ(slice_.state(id), AssociationState::kReserved);
}

// Conformance: ASSOC-04
TEST_F(SliceTest, CreatesNothingWithoutADigest) {
  const AssociationId id = Reserve(1);
  Grant grant = AliceGrant();
  grant.had_response = false;

  EXPECT_EQ(Apply(id, grant, 1), Applied::kNothing);

  EXPECT_EQ(slice_.state(id), AssociationState::kReserved);
  EXPECT_EQ(slice_.CountOfImpi(kImpi), 0u);
}

TEST(AssociationSlice, IsCreatedWithoutADigestWhereThatIsConfigured) {
  EdgeConfig config = SmallConfig();
  config.assoc_without_digest = true;
  AssociationSlice slice(config, 1);
  const AssociationId id = slice.Reserve(Flow(1), Info(1));
  Grant grant = AliceGrant();
  grant.had_response = false;

  EXPECT_EQ(slice.Apply(id, grant, Flow(1), Info(1), kNow), Applied::kCreated);

  EXPECT_FALSE(slice.authenticated(id));
}

TEST_F(SliceTest, RemembersThatADigestWasUsedOnTheSession) {
  const AssociationId id = Create(1);
  Grant refresh = AliceGrant();
  refresh.cseq = 3;
  refresh.had_response = false;

  EXPECT_EQ(Apply(id, refresh, 1), Applied::kRefreshed);
  EXPECT_TRUE(slice_.authenticated(id));

  EXPECT_EQ(Apply(id, refresh, 2), Applied::kResumed) << "another session";
  EXPECT_FALSE(slice_.authenticated(id));
  EXPECT_FALSE(slice_.FindByTlsSession(Session(1)).valid());
  EXPECT_EQ(slice_.FindByTlsSession(Session(2)), id);
}

// Conformance: REG-18
TEST_F(SliceTest, IsBornSuspendedWhenItsConnectionIsGone) {
  const AssociationId id = Reserve(1);
  slice_.Suspend(id, kNow);
  EXPECT_EQ(slice_.state(id), AssociationState::kReserved);

  EXPECT_EQ(slice_.Apply(id, AliceGrant(), {}, {}, kNow), Applied::kCreated);

  slice_.CheckInvariants();
  EXPECT_EQ(slice_.state(id), AssociationState::kSuspended);
  EXPECT_FALSE(slice_.flow(id).valid());
  EXPECT_EQ(slice_.FindByTlsSession(Session(1)), id);
  EXPECT_EQ(slice_.peer(id), Info(1).peer);
}

TEST(AssociationSlice, RefusesTheOneBeyondItsBound) {
  EdgeConfig config;
  config.associations_max = 2;
  AssociationSlice slice(config, 1);
  const AssociationId first = slice.Reserve(Flow(1), Info(1));
  ASSERT_TRUE(slice.Reserve(Flow(2), Info(2)).valid());

  EXPECT_FALSE(slice.Reserve(Flow(3), Info(3)).valid());

  slice.Remove(first);
  EXPECT_TRUE(slice.Reserve(Flow(3), Info(3)).valid());
}

// ---- identities

// Conformance: ASSOC-19
TEST_F(SliceTest, AssertsTheFirstIdentityOfTheOldestSetByDefault) {
  const std::vector<std::string_view> other = {"<sip:carol@ims.example.com>"};
  const AssociationId id = Create(1);
  Grant second = AliceGrant();
  second.address_of_record = "sip:carol@ims.example.com";
  second.identities = other;
  EXPECT_EQ(Apply(id, second, 1), Applied::kRefreshed);
  Grant refresh = AliceGrant();
  refresh.cseq = 9;
  EXPECT_EQ(Apply(id, refresh, 1), Applied::kRefreshed);

  EXPECT_EQ(slice_.default_identity(id), kIdentities[0]);
}

TEST_F(SliceTest, HoldsOnlyTheAddressOfRecordWhenNothingIsListed) {
  Grant grant = AliceGrant();
  grant.identities = {};
  const AssociationId id = Create(1, grant);

  EXPECT_EQ(Identities(id), Strings({"<sip:alice@ims.example.com>"}));
  EXPECT_EQ(slice_.MatchIdentity(id, kAlice), "<sip:alice@ims.example.com>");
}

// Conformance: ASSOC-20
TEST_F(SliceTest, NeverAssertsABarredAddressOfRecord) {
  const std::vector<std::string_view> listed = {"<sip:public@ims.example.com>"};
  Grant grant = AliceGrant();
  grant.identities = listed;
  const AssociationId id = Create(1, grant);

  EXPECT_EQ(slice_.MatchIdentity(id, kAlice), "");
  EXPECT_EQ(slice_.default_identity(id), "<sip:public@ims.example.com>");
  EXPECT_EQ(slice_.set_count(id), 1u);
}

TEST_F(SliceTest, KeepsAnIdentityOnceHoweverManySetsNameIt) {
  const AssociationId id = Create(1);
  EXPECT_EQ(Apply(id, Tel(), 1), Applied::kRefreshed);

  EXPECT_EQ(slice_.set_count(id), 2u);
  EXPECT_EQ(Identities(id), Strings(kIdentities.begin(), kIdentities.end()));
}

TEST_F(SliceTest, KeepsIdentitiesWithoutParametersAndFolds) {
  const std::vector<std::string_view> listed = {
      "\"A\r\n l\" <sip:a@b.c;user=phone>;p=1", "sip:d@b.c;p=2", "<sip:e@b.c>",
      "<broken", ""};
  Grant grant = AliceGrant();
  grant.identities = listed;
  const AssociationId id = Create(1, grant);

  EXPECT_EQ(Identities(id), Strings({"\"A   l\" <sip:a@b.c;user=phone>",
                                     "sip:d@b.c", "<sip:e@b.c>"}));
  EXPECT_EQ(slice_.MatchIdentity(id, "sip:d@b.c"), "sip:d@b.c");
}

TEST_F(SliceTest, MatchesAnIdentityAsUrisCompare) {
  const std::vector<std::string_view> listed = {
      "\"Alice\" <sip:alice@ims.example.com>", "<tel:+1-555-123-0001>",
      "<sip:+15551230002@ims.example.com;user=phone>",
      "<sips:safe@ims.example.com>",
      "<tel:7042;phone-context=ims.example.com>"};
  Grant grant = AliceGrant();
  grant.identities = listed;
  const AssociationId id = Create(1, grant);
  const struct {
    const char* sentence;
    const char* uri;
    int listed;  // -1: none
  } kCases[] = {
      {"the same", "sip:alice@ims.example.com", 0},
      {"host in other case", "SIP:alice@IMS.example.com", 0},
      {"user in other case", "sip:Alice@ims.example.com", -1},
      {"another port", "sip:alice@ims.example.com:5060", -1},
      {"sips is not sip", "sips:alice@ims.example.com", -1},
      {"sips", "sips:safe@ims.example.com", 3},
      {"tel without separators", "tel:+15551230001", 1},
      {"tel with others", "tel:+1(555)123.0001", 1},
      {"another number", "tel:+15551230003", -1},
      {"a longer number", "tel:+155512300011", -1},
      {"sip for tel", "sip:+15551230001@ims.example.com;user=phone", 1},
      {"sip without user=phone", "sip:+15551230001@ims.example.com", -1},
      {"tel for sip", "tel:+15551230002", 2},
      {"local number", "tel:7042;phone-context=ims.example.com", 4},
      {"local number as sip",
       "sip:7042;phone-context=IMS.example.com@x.y;user=phone", 4},
      {"local number elsewhere", "sip:7042;phone-context=b@x.y;user=phone", -1},
      {"no number at all", "sip:@ims.example.com;user=phone", -1},
      {"another user", "sip:bob@ims.example.com", -1},
      {"not a URI", "alice", -1},
      {"nothing", "", -1},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(slice_.MatchIdentity(id, c.uri),
              c.listed < 0 ? std::string_view() : listed[c.listed])
        << c.sentence;
  }
}

TEST(AssociationSlice, RefusesMoreIdentitiesThanItsBoundAndKeepsTheOld) {
  EdgeConfig config = SmallConfig();
  config.identities_per_association_max = 2;
  AssociationSlice slice(config, 1);
  const AssociationId id = slice.Reserve(Flow(1), Info(1));
  ASSERT_EQ(slice.Apply(id, AliceGrant(), Flow(1), Info(1), kNow),
            Applied::kCreated);
  const std::vector<std::string_view> many = {"<sip:a@b>", "<sip:c@b>",
                                              "<sip:d@b>"};
  Grant grant = AliceGrant();
  grant.identities = many;
  grant.cseq = 3;
  grant.expires_s = 7200;

  EXPECT_EQ(slice.Apply(id, grant, Flow(2), Info(1), kNow),
            Applied::kTooManyIdentities);

  slice.CheckInvariants();
  EXPECT_EQ(slice.identity_count(id), 2u);
  EXPECT_EQ(slice.expiry_s_max(id), 3600u);
  EXPECT_EQ(slice.flow(id), Flow(1));
}

TEST_F(SliceTest, RefusesTextsThatDoNotFit) {
  const std::string long_value(AssociationBlob::kBytesMax, 'a');
  for (std::string_view Grant::*text :
       {&Grant::impi, &Grant::contact_uri, &Grant::call_id, &Grant::instance,
        &Grant::charging_functions, &Grant::term_ioi,
        &Grant::address_of_record}) {
    const AssociationId id = Reserve(1);
    Grant grant = AliceGrant();
    grant.*text = long_value;

    EXPECT_EQ(Apply(id, grant, 1), Applied::kTooManyIdentities);

    EXPECT_EQ(slice_.state(id), AssociationState::kReserved);
    slice_.Remove(id);
  }
}

TEST_F(SliceTest, RefusesMoreRoutesThanAMessageMayHave) {
  const std::vector<std::string_view> many(BlobDraft::kRoutesMax + 1,
                                           "<sip:a>");
  const AssociationId id = Reserve(1);
  Grant grant = AliceGrant();
  grant.service_routes = many;
  EXPECT_EQ(Apply(id, grant, 1), Applied::kTooManyIdentities);

  grant.service_routes = std::span(many).first(BlobDraft::kRoutesMax);
  EXPECT_EQ(Apply(id, grant, 1), Applied::kCreated);
  EXPECT_EQ(slice_.service_route_count(id), BlobDraft::kRoutesMax);
}

// ---- refresh

// Conformance: REG-22
TEST_F(SliceTest, TakesTheNewestServiceRouteForEverySet) {
  const std::vector<std::string_view> newest = {"<sip:a@scscf2;lr>",
                                                "<sip:b@scscf2;lr>"};
  const AssociationId id = Create(1);
  Grant tel = Tel();
  tel.service_routes = newest;

  EXPECT_EQ(Apply(id, tel, 1), Applied::kRefreshed);

  EXPECT_EQ(Routes(id), Strings(newest.begin(), newest.end()));
}

TEST_F(SliceTest, ReplacesTheIdentitiesOfASetThatIsRefreshed) {
  const std::vector<std::string_view> fewer = {"<tel:+15551230001>"};
  const AssociationId id = Create(1);
  Grant refresh = AliceGrant();
  refresh.cseq = 3;
  refresh.identities = fewer;

  EXPECT_EQ(Apply(id, refresh, 1), Applied::kRefreshed);

  EXPECT_EQ(Identities(id), Strings({"<tel:+15551230001>"}));
  EXPECT_EQ(slice_.MatchIdentity(id, kAlice), "");
}

TEST_F(SliceTest, KnowsASetByItsUriHoweverItIsWritten) {
  const AssociationId id = Create(1);
  Grant refresh = AliceGrant();
  refresh.cseq = 3;
  refresh.address_of_record = "sip:alice@IMS.EXAMPLE.COM";

  EXPECT_EQ(Apply(id, refresh, 1), Applied::kRefreshed);

  EXPECT_EQ(slice_.set_count(id), 1u);
}

// Conformance: ASSOC-24
TEST_F(SliceTest, DoesNotApplyAnOlderRegisterOfTheSameCall) {
  const AssociationId id = Create(1);
  Grant late = AliceGrant();
  late.cseq = 1;
  late.expires_s = 60;
  EXPECT_EQ(Apply(id, late, 1), Applied::kNothing);
  late.expires_s = 0;
  EXPECT_EQ(Apply(id, late, 1), Applied::kNothing);
  EXPECT_EQ(slice_.expiry_s_max(id), 3600u);

  late.call_id = "another call";
  late.expires_s = 60;
  EXPECT_EQ(Apply(id, late, 1), Applied::kRefreshed);
  EXPECT_EQ(slice_.expiry_s_max(id), 60u);
}

// Conformance: ASSOC-24
TEST_F(SliceTest, DoesNotBringBackASetThatANewerRegisterRemoved) {
  const AssociationId id = Create(1);
  ASSERT_EQ(Apply(id, Tel(3), 1), Applied::kRefreshed);
  Grant remove = Tel(5);
  remove.expires_s = 0;
  ASSERT_EQ(Apply(id, remove, 1), Applied::kRemovedSet);

  EXPECT_EQ(Apply(id, Tel(4), 1), Applied::kNothing);
  EXPECT_EQ(Apply(id, Tel(6), 1), Applied::kRefreshed);
  EXPECT_EQ(slice_.set_count(id), 2u);
}

// Conformance: ASSOC-24
TEST_F(SliceTest, DoesNotMakeASetThatANewerRegisterRemovedBefore) {
  const AssociationId id = slice_.Reserve(Flow(1), Info(1));
  Grant grant = AliceGrant();
  grant.cseq = 5;
  grant.expires_s = 0;
  ASSERT_EQ(Apply(id, grant, 1), Applied::kNothing);

  grant.cseq = 4;
  grant.expires_s = 600;
  EXPECT_EQ(Apply(id, grant, 1), Applied::kNothing);
  EXPECT_EQ(slice_.state(id), AssociationState::kReserved);
  grant.cseq = 6;
  EXPECT_EQ(Apply(id, grant, 1), Applied::kCreated);
}

TEST_F(SliceTest, AppliesNothingToAnAssociationThatIsGone) {
  const AssociationId id = Create(1);
  slice_.Remove(id);

  EXPECT_EQ(Apply(id, AliceGrant(), 1), Applied::kNothing);
  EXPECT_FALSE(slice_.live(id));
}

// Rule: REGISTER on an established flow and its 200 do not touch the heap.
TEST_F(SliceTest, TouchesNoHeapForARefresh) {
  const AssociationId id = Create(1);
  ASSERT_EQ(Apply(id, Tel(), 1), Applied::kRefreshed);
  const FlowInfo info = Info(1);
  Grant refresh = AliceGrant();
  const uint64_t before = HeapCount();

  for (uint32_t cseq = 10; cseq < 20; ++cseq) {
    refresh.cseq = cseq;
    refresh.expires_s = 600 + cseq;
    const Applied applied =
        slice_.Apply(id, refresh, Flow(1), info, kNow + Seconds(cseq));
    if (applied != Applied::kRefreshed) std::abort();
  }

  EXPECT_EQ(HeapCount(), before);
  EXPECT_EQ(slice_.expiry_s_max(id), 3600u) << "of the other set";
}

// Each text alone is news: what only moves expiry on must not overlook it.
TEST_F(SliceTest, TakesEachTextOfARefreshThatChanged) {
  const std::vector<std::string_view> two = {"<sip:x@y>", "<sip:z@y>"};
  const std::vector<std::string_view> swapped = {kIdentities[1],
                                                 kIdentities[0]};
  const AssociationId id = Create(1);
  Grant grant = AliceGrant();

  grant.cseq = 3;
  grant.charging_functions = "ccf=192.0.2.201";
  EXPECT_EQ(Apply(id, grant, 1), Applied::kRefreshed);
  EXPECT_EQ(slice_.charging_functions(id), "ccf=192.0.2.201");
  grant.term_ioi = "other";
  EXPECT_EQ(Apply(id, grant, 1), Applied::kRefreshed);
  EXPECT_EQ(slice_.term_ioi(id), "other");
  grant.service_routes = two;
  EXPECT_EQ(Apply(id, grant, 1), Applied::kRefreshed);
  EXPECT_EQ(slice_.service_route_count(id), 2u);
  grant.identities = swapped;
  EXPECT_EQ(Apply(id, grant, 1), Applied::kRefreshed);
  EXPECT_EQ(slice_.default_identity(id), kIdentities[1]);
  grant.reg_id = 2;
  grant.contact_uri = "sip:new@10.0.0.1";
  EXPECT_EQ(Apply(id, grant, 1), Applied::kRefreshed);
  EXPECT_EQ(slice_.FindSameDevice({}, kImpi, grant.instance, 2, ""), id);
  grant.call_id = "new call";
  EXPECT_EQ(Apply(id, grant, 1), Applied::kRefreshed);
  grant.cseq = 2;
  EXPECT_EQ(Apply(id, grant, 1), Applied::kNothing) << "older in the new call";
}

TEST_F(SliceTest, KeepsWhatARefreshDoesNotSay) {
  const AssociationId id = Create(1);
  Grant grant = AliceGrant();
  grant.cseq = 3;
  grant.instance = grant.charging_functions = grant.term_ioi = {};

  EXPECT_EQ(Apply(id, grant, 1), Applied::kRefreshed);

  EXPECT_EQ(slice_.charging_functions(id), "ccf=192.0.2.200");
  EXPECT_EQ(slice_.term_ioi(id), "\"Type 1home.example.com\"");
  EXPECT_EQ(slice_.FindSameDevice({}, kImpi, AliceGrant().instance, 0, ""), id);
}

TEST_F(SliceTest, MayBeGivenItsOwnTextsAgain) {
  const AssociationId id = Create(1);
  const std::vector<std::string_view> own = {slice_.identity(id, 0),
                                             slice_.identity(id, 1)};
  const std::vector<std::string_view> routes = {slice_.service_route(id, 0)};
  Grant grant = AliceGrant();
  grant.cseq = 3;
  grant.impi = slice_.impi(id);
  grant.identities = own;
  grant.service_routes = routes;
  grant.term_ioi = slice_.term_ioi(id);

  EXPECT_EQ(Apply(id, grant, 1), Applied::kRefreshed);

  EXPECT_EQ(Identities(id), Strings(kIdentities.begin(), kIdentities.end()));
  EXPECT_EQ(Routes(id), Strings(kRoutes.begin(), kRoutes.end()));
  EXPECT_EQ(slice_.term_ioi(id), "\"Type 1home.example.com\"");
}

// ---- expiry

// Conformance: ASSOC-12
TEST_F(SliceTest, EndsThirtySecondsAfterTheGrant) {
  const AssociationId id = Create(1);
  const Instant end = kNow + Seconds(3630);
  EXPECT_EQ(slice_.expires(id), end);

  EXPECT_FALSE(slice_.ExpireSets(id, end - Millis(1)));
  EXPECT_EQ(slice_.set_count(id), 1u);
  EXPECT_TRUE(slice_.ExpireSets(id, end));
  EXPECT_EQ(slice_.set_count(id), 0u);
  EXPECT_EQ(slice_.MatchIdentity(id, kAlice), "");
}

TEST_F(SliceTest, EndsOneSetAndKeepsTheOther) {
  const AssociationId id = Create(1);
  Grant tel = Tel();
  tel.expires_s = 600;
  ASSERT_EQ(Apply(id, tel, 1), Applied::kRefreshed);
  EXPECT_EQ(slice_.expires(id), kNow + Seconds(630));

  EXPECT_FALSE(slice_.ExpireSets(id, kNow + Seconds(630)));

  slice_.CheckInvariants();
  EXPECT_EQ(slice_.set_count(id), 1u);
  EXPECT_EQ(slice_.expires(id), kNow + Seconds(3630));
  EXPECT_EQ(Routes(id), Strings(kRoutes.begin(), kRoutes.end()));
}

TEST_F(SliceTest, TakesTheLongestGrantThereIs) {
  Grant grant = AliceGrant();
  grant.expires_s = UINT32_MAX;
  const AssociationId id = Create(1, grant);

  EXPECT_EQ(slice_.expires(id), kNow + Seconds(int64_t{UINT32_MAX} + 30));

  grant.cseq = 9;
  const Instant end_of_time = kNever - Seconds(1);
  EXPECT_EQ(Apply(id, grant, 1, end_of_time), Applied::kRefreshed);
  EXPECT_GE(slice_.expires(id), end_of_time) << "time does not overflow";
}

// ---- removal

// Conformance: ASSOC-10, ASSOC-11
TEST_F(SliceTest, LosesASetAtATimeByZeroExpiry) {
  const AssociationId id = Create(1);
  ASSERT_EQ(Apply(id, Tel(), 1), Applied::kRefreshed);
  Grant remove = AliceGrant();
  remove.cseq = 8;
  remove.expires_s = 0;

  EXPECT_EQ(Apply(id, remove, 1), Applied::kRemovedSet);
  EXPECT_EQ(slice_.set_count(id), 1u);
  EXPECT_EQ(slice_.state(id), AssociationState::kActive);
  EXPECT_EQ(Apply(id, remove, 1), Applied::kNothing) << "it is gone already";

  remove.address_of_record = kAliceTel;
  EXPECT_EQ(Apply(id, remove, 1), Applied::kRemovedAll);
  EXPECT_EQ(slice_.identity_count(id), 0u);
  EXPECT_EQ(slice_.default_identity(id), "");
  EXPECT_EQ(slice_.impi(id), kImpi) << "known until it is removed";
  EXPECT_TRUE(slice_.live(id)) << "the caller removes it";

  slice_.Remove(id);
  slice_.CheckInvariants();
  EXPECT_FALSE(slice_.live(id));
  EXPECT_FALSE(slice_.FindByTlsSession(Session(1)).valid());
  EXPECT_EQ(slice_.CountOfImpi(kImpi), 0u);
}

// Conformance: ASSOC-23
TEST_F(SliceTest, NeverFindsTheNextUserOfASlotByAnOldId) {
  const AssociationId old = Create(1);
  slice_.Remove(old);

  const AssociationId next = Create(2);

  EXPECT_EQ(next.slot, old.slot);
  EXPECT_NE(next.generation, old.generation);
  EXPECT_FALSE(slice_.live(old));
  EXPECT_EQ(slice_.At(old.slot), next);
  EXPECT_EQ(old.generation, 77u) << "epochs count from where they were told";
}

TEST_F(SliceTest, DiesOfAnAssociationThatIsGone) {
  const AssociationId id = Create(1);
  slice_.Remove(id);

  EXPECT_DEATH((void)slice_.state(id), "gone");
  EXPECT_DEATH(slice_.Remove(id), "gone");
}

// ---- suspension

// Conformance: ASSOC-13, ASSOC-14
TEST_F(SliceTest, IsSuspendedByTheLossOfItsConnectionAndResumed) {
  const AssociationId id = Create(1);
  slice_.Suspend(id, kNow);
  slice_.CheckInvariants();
  EXPECT_EQ(slice_.state(id), AssociationState::kSuspended);
  EXPECT_FALSE(slice_.flow(id).valid());
  EXPECT_EQ(slice_.FindByTlsSession(Session(1)), id);
  EXPECT_EQ(slice_.identity_count(id), 2u);
  EXPECT_EQ(slice_.totals().suspended, 1u);

  Grant refresh = AliceGrant();
  refresh.cseq = 3;
  refresh.had_response = false;
  const Applied applied =
      slice_.Apply(id, refresh, Flow(9), Info(1), kNow + Seconds(5));

  EXPECT_EQ(applied, Applied::kResumed);
  slice_.CheckInvariants();
  EXPECT_EQ(slice_.state(id), AssociationState::kActive);
  EXPECT_EQ(slice_.flow(id), Flow(9));
  EXPECT_TRUE(slice_.authenticated(id));
}

TEST_F(SliceTest, MovesWhileItsOldConnectionIsStillOpen) {
  const AssociationId id = Create(1);
  Grant refresh = AliceGrant();
  refresh.cseq = 3;

  EXPECT_EQ(slice_.Apply(id, refresh, Flow(9), Info(1), kNow),
            Applied::kResumed);

  EXPECT_EQ(slice_.flow(id), Flow(9));
}

TEST_F(SliceTest, StaysActiveWhenAnotherConnectionsAnswerComesTooLate) {
  const AssociationId id = Create(1);
  Grant refresh = AliceGrant();
  refresh.cseq = 3;
  refresh.expires_s = 60;

  EXPECT_EQ(slice_.Apply(id, refresh, {}, {}, kNow), Applied::kRefreshed);

  slice_.CheckInvariants();
  EXPECT_EQ(slice_.state(id), AssociationState::kActive);
  EXPECT_EQ(slice_.flow(id), Flow(1));
  EXPECT_EQ(slice_.expiry_s_max(id), 60u);
}

TEST_F(SliceTest, StaysSuspendedForSevenDaysAtMost) {
  Grant grant = AliceGrant();
  grant.expires_s = 30 * 24 * 3600;
  const AssociationId id = Create(1, grant);
  const Instant lost = kNow + Seconds(100);
  slice_.Suspend(id, lost);
  const Instant end = lost + std::chrono::hours(7 * 24);

  EXPECT_EQ(slice_.expires(id), end);
  EXPECT_FALSE(slice_.ExpireSets(id, end - Millis(1)));
  EXPECT_TRUE(slice_.ExpireSets(id, end));
}

TEST_F(SliceTest, EndsWhileSuspendedWhenItsGrantEnds) {
  const AssociationId id = Create(1);
  slice_.Suspend(id, kNow);

  EXPECT_EQ(slice_.expires(id), kNow + Seconds(3630));
  EXPECT_TRUE(slice_.ExpireSets(id, kNow + Seconds(3630)));
}

// ---- several devices

// Conformance: ASSOC-17, ASSOC-22
TEST_F(SliceTest, KeepsTwoDevicesOfOneImpiApart) {
  const AssociationId phone = Create(1);
  Grant grant = AliceGrant();
  grant.instance = "\"<urn:uuid:00000000-0000-0000-0000-000000000002>\"";
  const AssociationId tablet = Create(2, grant);

  EXPECT_NE(phone, tablet);
  EXPECT_EQ(slice_.FindByTlsSession(Session(1)), phone);
  EXPECT_EQ(slice_.FindByTlsSession(Session(2)), tablet);
  EXPECT_EQ(slice_.CountOfImpi(kImpi), 2u);
  EXPECT_EQ(slice_.FindByImpi("alice_private@IMS.example.com", 9),
            std::vector({tablet, phone}));
  EXPECT_EQ(slice_.FindByImpi(kImpi, 1), std::vector({tablet}));
  EXPECT_TRUE(slice_.FindByImpi(kImpi, 0).empty());
  EXPECT_TRUE(slice_.FindByImpi("Alice_private@ims.example.com", 9).empty());
  EXPECT_FALSE(
      slice_.FindSameDevice(tablet, kImpi, grant.instance, 0, grant.contact_uri)
          .valid());
}

// Conformance: ASSOC-18
TEST_F(SliceTest, FindsTheOlderAssociationOfTheSameDevice) {
  Grant grant = AliceGrant();
  grant.reg_id = 1;
  const AssociationId old = Create(1, grant);
  grant.contact_uri = "sip:alice@10.0.0.7:1234;transport=tls";
  const AssociationId fresh = Create(2, grant);
  const auto find = [&](std::string_view impi, std::string_view instance,
                        uint32_t reg_id) {
    return slice_.FindSameDevice(fresh, impi, instance, reg_id,
                                 grant.contact_uri);
  };

  EXPECT_EQ(find(kImpi, grant.instance, 1), old);
  EXPECT_FALSE(find(kImpi, grant.instance, 2).valid()) << "another flow of it";
  EXPECT_FALSE(find(kImpi, "\"<urn:uuid:x>\"", 1).valid());
  EXPECT_FALSE(find("bob@ims.example.com", grant.instance, 1).valid());
  EXPECT_FALSE(find(kImpi, "", 1).valid()) << "it has an instance";
}

// Conformance: ASSOC-18
TEST_F(SliceTest, KnowsADeviceWithoutInstanceByItsContact) {
  Grant grant = AliceGrant();
  grant.instance = {};
  const AssociationId old = Create(1, grant);
  const AssociationId fresh = Create(2, grant);

  EXPECT_EQ(slice_.FindSameDevice(fresh, kImpi, "", 0, grant.contact_uri), old);
  EXPECT_EQ(slice_.FindSameDevice(fresh, kImpi, "", 0,
                                  "sip:alice@192.168.1.10:5062;transport=TLS"),
            old);
  EXPECT_FALSE(
      slice_.FindSameDevice(fresh, kImpi, "", 0, "sip:alice@192.168.1.11")
          .valid());
  EXPECT_FALSE(slice_.FindSameDevice(fresh, kImpi, "", 0, "").valid());
}

TEST_F(SliceTest, FindsTheNewestOfTwoWithOneSession) {
  const AssociationId old = Create(1);
  slice_.Suspend(old, kNow);
  const AssociationId fresh = Create(1);

  EXPECT_EQ(slice_.FindByTlsSession(Session(1)), fresh);

  slice_.Remove(fresh);
  EXPECT_EQ(slice_.FindByTlsSession(Session(1)), old);
}

TEST_F(SliceTest, KnowsWhetherAnActiveOneWasMadeWithoutSecAgree) {
  const AssociationId with = Create(1);
  EXPECT_FALSE(slice_.HasActiveTlsFirst(kImpi));
  Grant grant = AliceGrant();
  grant.secagree = false;
  const AssociationId without = Create(2, grant);
  EXPECT_TRUE(slice_.HasActiveTlsFirst(kImpi));
  EXPECT_FALSE(slice_.HasActiveTlsFirst("bob@ims.example.com"));

  Grant refresh = AliceGrant();
  refresh.cseq = 4;
  EXPECT_EQ(Apply(without, refresh, 2), Applied::kRefreshed);
  EXPECT_TRUE(slice_.HasActiveTlsFirst(kImpi))
      << "made without it, and stays so";

  slice_.Suspend(without, kNow);
  EXPECT_FALSE(slice_.HasActiveTlsFirst(kImpi));
  EXPECT_TRUE(slice_.secagree(with));
}

TEST(AssociationState, HasNames) {
  EXPECT_EQ(ToString(AssociationState::kReserved), "reserved");
  EXPECT_EQ(ToString(AssociationState::kActive), "active");
  EXPECT_EQ(ToString(AssociationState::kSuspended), "suspended");
  EXPECT_EQ(ToString(Applied::kTooManyIdentities), "too_many_identities");
}

}  // namespace
}  // namespace sallyport::registration
