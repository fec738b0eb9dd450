// What the home network says of registrations: ended identities, lowered
// expiries, wildcards.
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/registration/association_slice.h"
#include "gtest/gtest.h"

namespace sallyport::registration {
namespace {

using Ended = AssociationSlice::Ended;
using Views = std::vector<std::string_view>;

constexpr Instant kNow{Millis(1'000'000)};
constexpr std::string_view kAlice = "sip:alice@ims.example.com";
constexpr std::string_view kTel = "tel:+15551230001";
constexpr std::string_view kWork = "sip:work@ims.example.com";
constexpr std::string_view kContact =
    "sip:alice@192.168.1.10:5062;transport=tls";
constexpr std::string_view kInstance = "<urn:uuid:1>";

class NetworkTest : public testing::Test {
 protected:
  void Register(std::string_view aor, const Views& identities,
                uint32_t expires_s = 3600, uint32_t cseq = 1,
                std::string_view instance = {},
                std::string_view contact = kContact) {
    Grant grant;
    grant.impi = "alice_private@ims.example.com";
    grant.address_of_record = aor;
    grant.call_id = "call";
    grant.cseq = cseq;
    grant.expires_s = expires_s;
    grant.contact_uri = contact;
    grant.instance = instance;
    grant.identities = identities;
    grant.had_response = true;
    if (!slice_.live(id_)) id_ = slice_.Reserve(kFlow, {});
    const Applied applied = slice_.Apply(id_, grant, kFlow, {}, kNow);
    EXPECT_TRUE(applied == Applied::kCreated || applied == Applied::kRefreshed)
        << ToString(applied);
    slice_.CheckInvariants();
  }
  Ended End(std::string_view uri) {
    const Ended ended = slice_.EndIdentity(id_, uri);
    slice_.CheckInvariants();
    return ended;
  }
  bool SetWildcards(const Views& patterns) {
    const bool set = slice_.SetWildcards(id_, patterns);
    slice_.CheckInvariants();
    return set;
  }
  std::vector<std::string> Identities() {
    std::vector<std::string> all;
    for (size_t i = 0; i < slice_.identity_count(id_); ++i) {
      all.emplace_back(slice_.identity(id_, i));
    }
    return all;
  }

  static EdgeConfig SmallConfig() {
    EdgeConfig config;
    config.associations_max = 4;
    return config;
  }

  static constexpr FlowId kFlow{.shard = 0, .handle = {1, 1}};
  AssociationSlice slice_{SmallConfig(), 7};
  AssociationId id_;
};

using Strings = std::vector<std::string>;

// Conformance: DEREG-04
TEST_F(NetworkTest, IdentityEndsInEverySetThatNamesIt) {
  Register(kAlice, {"\"A\" <sip:alice@ims.example.com>", "<tel:+15551230001>"});
  Register(kWork, {"<sip:work@ims.example.com>", "<tel:+15551230001>"});

  EXPECT_EQ(End(kTel), Ended::kIdentity);

  EXPECT_EQ(Identities(), (Strings{"\"A\" <sip:alice@ims.example.com>",
                                   "<sip:work@ims.example.com>"}));
  EXPECT_EQ(slice_.set_count(id_), 2u);
  EXPECT_EQ(slice_.MatchIdentity(id_, kTel), "");
  EXPECT_EQ(End(kTel), Ended::kNothing);
}

// Conformance: DEREG-04
TEST_F(NetworkTest, SetEndsWithItsLastIdentityAndAllWithTheLastSet) {
  Register(kAlice, {"<sip:alice@ims.example.com>", "<tel:+15551230001>"});
  Register(kWork, {"<sip:work@ims.example.com>"});

  EXPECT_EQ(End("sip:work@IMS.example.com"), Ended::kIdentity);
  EXPECT_EQ(slice_.set_count(id_), 1u);
  EXPECT_EQ(End(kAlice), Ended::kIdentity);
  EXPECT_EQ(slice_.set_count(id_), 1u);
  EXPECT_EQ(slice_.default_identity(id_), "<tel:+15551230001>");
  EXPECT_EQ(End(kTel), Ended::kLast);
  EXPECT_EQ(slice_.set_count(id_), 0u);
  EXPECT_EQ(slice_.identity_count(id_), 0u);
  EXPECT_EQ(slice_.impi(id_), "alice_private@ims.example.com");
}

// An alias of another scheme is another identity.
TEST_F(NetworkTest, OnlyTheIdentityThatIsNamedEnds) {
  Register(kAlice, {"<sip:+15551230001@ims.example.com;user=phone>",
                    "<tel:+15551230001>"});

  EXPECT_EQ(End("tel:+1-555-123-0001"), Ended::kIdentity);
  EXPECT_EQ(Identities(),
            (Strings{"<sip:+15551230001@ims.example.com;user=phone>"}));
  for (const char* other : {"", "sip:bob@ims.example.com", "not a uri"}) {
    EXPECT_EQ(End(other), Ended::kNothing) << other;
  }
}

// The address of record of a set may be barred: it is nobody's identity.
TEST_F(NetworkTest, BarredAddressOfRecordEndsItsSetOnlyWithoutIdentities) {
  Register("sip:barred@ims.example.com", {"<sip:alice@ims.example.com>"});
  EXPECT_EQ(End("sip:barred@ims.example.com"), Ended::kNothing);
  EXPECT_EQ(End(kAlice), Ended::kLast);

  Register("sip:barred@ims.example.com", {"<no identity"}, 3600, 2);
  EXPECT_EQ(slice_.identity_count(id_), 0u);
  EXPECT_EQ(End("sip:barred@ims.example.com"), Ended::kLast);
}

TEST_F(NetworkTest, RefreshBringsAnEndedIdentityBack) {
  Register(kAlice, {"<sip:alice@ims.example.com>", "<tel:+15551230001>"});
  EXPECT_EQ(End(kAlice), Ended::kIdentity);

  Register(kAlice, {"<sip:alice@ims.example.com>", "<tel:+15551230001>"}, 3600,
           2);

  EXPECT_EQ(slice_.set_count(id_), 1u);
  EXPECT_EQ(Identities(),
            (Strings{"<sip:alice@ims.example.com>", "<tel:+15551230001>"}));
}

// Conformance: DEREG-06
TEST_F(NetworkTest, ExpiryIsLoweredAndNeverRaised) {
  const Millis grace = EdgeConfig().registration_grace;
  Register(kAlice, {"<sip:alice@ims.example.com>", "<tel:+15551230001>"}, 3600);
  Register(kWork, {"<sip:work@ims.example.com>"}, 1800);

  EXPECT_TRUE(slice_.Shorten(id_, kTel, 600, kNow));
  EXPECT_EQ(slice_.expires(id_), kNow + Seconds(600) + grace);
  EXPECT_EQ(slice_.expiry_s_max(id_), 1800u);
  EXPECT_FALSE(slice_.Shorten(id_, kAlice, 601, kNow));
  EXPECT_FALSE(slice_.Shorten(id_, kWork, 4294967295u, kNow));
  EXPECT_FALSE(slice_.Shorten(id_, "sip:bob@ims.example.com", 1, kNow));
  EXPECT_EQ(slice_.expires(id_), kNow + Seconds(600) + grace);
  EXPECT_TRUE(slice_.Shorten(id_, kWork, 0, kNow));
  EXPECT_EQ(slice_.expires(id_), kNow + grace);
  slice_.CheckInvariants();
}

TEST_F(NetworkTest, ContactIsOursByInstanceElseByUri) {
  struct Row {
    std::string_view own;
    std::string_view uri;
    std::string_view instance;
    bool ours;
  };
  const Row rows[] = {
      {"", kContact, "", true},
      {"", "sip:alice@192.168.1.10:5062;Transport=TLS", "", true},
      {"", "sip:alice@192.168.1.11:5062;transport=tls", "", false},
      {"", kContact, "<urn:uuid:2>", true},
      {kInstance, "sip:elsewhere@192.168.1.11", kInstance, true},
      {kInstance, kContact, "<urn:uuid:2>", false},
      {kInstance, kContact, "", true},
      {kInstance, "sip:elsewhere@192.168.1.11", "", false},
      {"", "", "", false},
  };
  for (const Row& row : rows) {
    if (slice_.live(id_)) slice_.Remove(id_);
    Register(kAlice, {}, 3600, 1, row.own);
    EXPECT_EQ(slice_.OwnsContact(id_, row.uri, row.instance), row.ours)
        << row.own << " " << row.uri << " " << row.instance;
  }
}

TEST_F(NetworkTest, OfSeveralContactsEachIsOurs) {
  constexpr std::string_view kSecond = "sip:alice@10.0.0.2:5060";
  Register(kAlice, {}, 3600, 1, "", absl::StrCat(kContact, " ", kSecond));

  EXPECT_TRUE(slice_.OwnsContact(id_, kContact, ""));
  EXPECT_TRUE(slice_.OwnsContact(id_, kSecond, ""));
  EXPECT_FALSE(slice_.OwnsContact(id_, "sip:alice@10.0.0.3:5060", ""));
  EXPECT_FALSE(slice_.OwnsContact(id_, "", ""));

  Register(kAlice, {}, 3600, 2, "", kSecond);  // the other one was taken back
  EXPECT_FALSE(slice_.OwnsContact(id_, kContact, ""));
  EXPECT_TRUE(slice_.OwnsContact(id_, kSecond, ""));
}

// Conformance: ASSOC-21
TEST_F(NetworkTest, WildcardsAdmitUntilTheyAreReplaced) {
  Register(kAlice, {"<sip:alice@ims.example.com>"});
  EXPECT_FALSE(slice_.MatchesWildcard(id_, "sip:alice-1@ims.example.com"));

  EXPECT_TRUE(SetWildcards({"sip:alice-!.*!@ims.example.com", "tel:+1!.*!"}));

  EXPECT_TRUE(slice_.MatchesWildcard(id_, "sip:alice-1@ims.example.com"));
  EXPECT_TRUE(slice_.MatchesWildcard(id_, "tel:+1555"));
  EXPECT_FALSE(slice_.MatchesWildcard(id_, "sip:bob@ims.example.com"));
  EXPECT_FALSE(slice_.MatchesWildcard(id_, "<sip:alice-1@ims.example.com>"));
  // No list of the registrar names it: it is matched, not listed.
  EXPECT_EQ(slice_.identity_count(id_), 1u);
  EXPECT_EQ(slice_.MatchIdentity(id_, "tel:+1555"), "");

  // They outlive refreshes, and what else changes the association.
  Register(kAlice, {"<sip:alice@ims.example.com>", "<tel:+15551230001>"}, 600,
           2);
  EXPECT_EQ(End(kTel), Ended::kIdentity);
  EXPECT_TRUE(slice_.MatchesWildcard(id_, "tel:+1555"));
  EXPECT_EQ(slice_.wildcard_count(id_), 2u);

  EXPECT_TRUE(SetWildcards({slice_.wildcard(id_, 1)}));
  EXPECT_TRUE(slice_.MatchesWildcard(id_, "tel:+1555"));
  EXPECT_FALSE(slice_.MatchesWildcard(id_, "sip:alice-1@ims.example.com"));
  EXPECT_TRUE(SetWildcards({}));
  EXPECT_FALSE(slice_.MatchesWildcard(id_, "tel:+1555"));
}

TEST_F(NetworkTest, WildcardsHaveABoundAndNonsenseIsLeftOut) {
  Register(kAlice, {"<sip:alice@ims.example.com>"});
  std::vector<std::string> many;
  for (int i = 0; i < 40; ++i) {
    many.push_back(absl::StrCat("sip:u", i, "-!.*!@ims.example.com"));
  }
  Views views = {"sip:plain@ims.example.com", "sip:!(a|b)!@h", ""};
  views.insert(views.end(), many.begin(), many.end());

  EXPECT_TRUE(SetWildcards(views));

  EXPECT_EQ(slice_.wildcard_count(id_), BlobDraft::kWildcardsMax);
  EXPECT_TRUE(slice_.MatchesWildcard(id_, "sip:u15-x@ims.example.com"));
  EXPECT_FALSE(slice_.MatchesWildcard(id_, "sip:u16-x@ims.example.com"));
}

}  // namespace
}  // namespace sallyport::registration
