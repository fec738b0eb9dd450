#include "core/registration/integrity.h"

#include <iterator>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace sallyport::registration {
namespace {

using Bound = IntegrityInput::Bound;
using Kind = Credentials::Kind;
using Outcome = IntegrityDecision::Outcome;
using Profile = EdgeConfig::IntegrityProfile;

// ---- the table of spec 4.4, a row per rule and combination

enum Authorization {
  kNoHeader,
  kNoResponse,
  kResponse,
  kBasic,
  kTwo,
  kBroken,
  kDouble,
  kNameless,
  kNamelessResponse,
  kHidden,
  kHiddenResponse,
  kAkaV2
};
enum Path { kClear, kTls };
enum Username { kOtherName, kSameName };
enum Session { kBefore, kAfterChallenge };

sip::CredentialsView Digest(bool response) {
  sip::CredentialsView digest;
  digest.verdict = sip::CredentialsView::Verdict::kDigest;
  digest.scheme = "Digest";
  digest.username = "\"alice@ims.example.com\"";
  digest.has_username = true;
  digest.algorithm = "MD5";
  digest.has_response = true;
  digest.response_non_empty = response;
  digest.response = response ? "\"3e3e26eb\"" : "\"\"";
  return digest;
}

Credentials Make(Authorization authorization) {
  Credentials made{.kind = Kind::kDigest,
                   .field = nullptr,
                   .digest = Digest(authorization == kResponse ||
                                    authorization == kNamelessResponse ||
                                    authorization == kHiddenResponse ||
                                    authorization == kAkaV2)};
  switch (authorization) {
    case kNoHeader:
      made.kind = Kind::kAbsent;
      break;
    case kBasic:
      made.kind = Kind::kOtherScheme;
      break;
    case kTwo:
      made.kind = Kind::kTwoSets;
      break;
    case kBroken:
      made.kind = Kind::kMalformed;
      break;
    case kDouble:
      made.kind = Kind::kDuplicate;
      break;
    case kNameless:
    case kNamelessResponse:
      made.digest.has_username = false;
      break;
    case kHidden:
    case kHiddenResponse:
      made.digest.username_hidden = true;
      break;
    case kAkaV2:
      made.digest.algorithm = "\"akav2-sha-256\"";
      break;
    case kNoResponse:
    case kResponse:
      break;
  }
  return made;
}

struct IntegrityCase {
  const char* sentence;
  Path path;
  Authorization authorization;
  Bound bound;
  Session session;
  Username username;
  Rule rule;
  Outcome outcome;
  Integrity value;
  Integrity seed_value;
  bool detach = false;
};

constexpr auto kForward = Outcome::kForward;
constexpr auto kNothing = Integrity::kNone;
constexpr auto kPending = Integrity::kTlsPending;
constexpr auto kYes = Integrity::kTlsYes;

constexpr IntegrityCase kCases[] = {
    // Conformance: SEC-06
    {"clear, no Authorization: nothing", kClear, kNoHeader, Bound::kNone,
     kBefore, kOtherName, Rule::kD1, kForward, kNothing, kNothing},
    {"clear, no response: nothing", kClear, kNoResponse, Bound::kNone, kBefore,
     kOtherName, Rule::kD1, kForward, kNothing, kNothing},
    {"clear, another scheme: nothing", kClear, kBasic, Bound::kNone, kBefore,
     kOtherName, Rule::kD1, kForward, kNothing, kNothing},
    {"clear, a response: discarded", kClear, kResponse, Bound::kNone, kBefore,
     kOtherName, Rule::kD2, Outcome::kDiscard, kNothing, kNothing},
    {"TLS, no Authorization: nothing", kTls, kNoHeader, Bound::kNone, kBefore,
     kOtherName, Rule::kD3, kForward, kNothing, kNothing},
    // Conformance: SEC-11
    {"TLS, no association, no response: nothing", kTls, kNoResponse,
     Bound::kNone, kBefore, kOtherName, Rule::kD4, kForward, kNothing,
     kNothing},
    {"the same after a challenge", kTls, kNoResponse, Bound::kNone,
     kAfterChallenge, kOtherName, Rule::kD4, kForward, kNothing, kNothing},
    // Conformance: SEC-08, SEC-09
    {"first response on a session made after the 401: pending, seed: yes", kTls,
     kResponse, Bound::kNone, kAfterChallenge, kOtherName, Rule::kD5, kForward,
     kPending, kYes},
    // Conformance: SEC-10
    {"TLS first, response: pending in both profiles", kTls, kResponse,
     Bound::kNone, kBefore, kOtherName, Rule::kD6, kForward, kPending,
     kPending},
    // Conformance: SEC-12
    {"associated, same IMPI, no response: yes", kTls, kNoResponse,
     Bound::kActive, kBefore, kSameName, Rule::kD7, kForward, kYes, kYes},
    // Conformance: SEC-13
    {"associated, same IMPI, response: yes", kTls, kResponse, Bound::kActive,
     kBefore, kSameName, Rule::kD8, kForward, kYes, kYes},
    // Conformance: SEC-14
    {"associated, no Authorization: nothing", kTls, kNoHeader, Bound::kActive,
     kBefore, kOtherName, Rule::kD9, kForward, kNothing, kNothing},
    {"rebinding, no Authorization: nothing, and it stays", kTls, kNoHeader,
     Bound::kRebinding, kBefore, kOtherName, Rule::kD9, kForward, kNothing,
     kNothing},
    // Conformance: SEC-15
    {"associated, other IMPI, no response: 403", kTls, kNoResponse,
     Bound::kActive, kBefore, kOtherName, Rule::kD10, Outcome::kReject403,
     kNothing, kNothing},
    // Conformance: SEC-15
    {"associated, other IMPI, response: 403", kTls, kResponse, Bound::kActive,
     kAfterChallenge, kOtherName, Rule::kD10, Outcome::kReject403, kNothing,
     kNothing},
    {"rebinding, same IMPI, no response: yes", kTls, kNoResponse,
     Bound::kRebinding, kBefore, kSameName, Rule::kD11, kForward, kYes, kYes},
    {"rebinding, same IMPI, response: yes", kTls, kResponse, Bound::kRebinding,
     kBefore, kSameName, Rule::kD11, kForward, kYes, kYes},
    {"rebinding, other IMPI, no response: nothing, let go", kTls, kNoResponse,
     Bound::kRebinding, kBefore, kOtherName, Rule::kD12, kForward, kNothing,
     kNothing, true},
    {"rebinding, other IMPI, response: pending, let go", kTls, kResponse,
     Bound::kRebinding, kBefore, kOtherName, Rule::kD12, kForward, kPending,
     kPending, true},
    {"rebinding, other IMPI, answers its challenge: as D5, let go", kTls,
     kResponse, Bound::kRebinding, kAfterChallenge, kOtherName, Rule::kD12,
     kForward, kPending, kYes, true},
    // Conformance: SEC-19
    {"another scheme: nothing", kTls, kBasic, Bound::kNone, kBefore, kOtherName,
     Rule::kD13, kForward, kNothing, kNothing},
    // Conformance: SEC-19
    {"another scheme, associated: nothing", kTls, kBasic, Bound::kActive,
     kBefore, kSameName, Rule::kD13, kForward, kNothing, kNothing},
    // Conformance: SEC-18
    {"two Digest credentials: 400", kTls, kTwo, Bound::kActive, kBefore,
     kSameName, Rule::kD14, Outcome::kReject400, kNothing, kNothing},
    {"two Digest credentials in clear: 400", kClear, kTwo, Bound::kNone,
     kBefore, kOtherName, Rule::kD14, Outcome::kReject400, kNothing, kNothing},
    // Conformance: SEC-22
    {"userhash or username*, no response, associated: nothing", kTls, kHidden,
     Bound::kActive, kBefore, kSameName, Rule::kD15, kForward, kNothing,
     kNothing},
    // Conformance: SEC-22
    {"userhash or username*, response, associated: 400", kTls, kHiddenResponse,
     Bound::kActive, kAfterChallenge, kSameName, Rule::kD15,
     Outcome::kReject400, kNothing, kNothing},
    {"no username, no response: nothing", kTls, kNameless, Bound::kNone,
     kBefore, kOtherName, Rule::kD15, kForward, kNothing, kNothing},
    {"no username, response: 400", kTls, kNamelessResponse, Bound::kRebinding,
     kBefore, kSameName, Rule::kD15, Outcome::kReject400, kNothing, kNothing},
    {"AKAv2: not ours", kTls, kAkaV2, Bound::kActive, kAfterChallenge,
     kSameName, Rule::kD16, Outcome::kReject403, kNothing, kNothing},
    // Conformance: SEC-20
    {"unparsable: 400", kTls, kBroken, Bound::kActive, kBefore, kSameName,
     Rule::kD17, Outcome::kReject400, kNothing, kNothing},
    {"unparsable in clear: 400", kClear, kBroken, Bound::kNone, kBefore,
     kOtherName, Rule::kD17, Outcome::kReject400, kNothing, kNothing},
    // Conformance: SEC-21
    {"a parameter twice: 400", kTls, kDouble, Bound::kActive, kBefore,
     kSameName, Rule::kD17, Outcome::kReject400, kNothing, kNothing},
    // Conformance: SEC-23
    {"the association has just expired (D18): as none", kTls, kNoResponse,
     Bound::kNone, kBefore, kSameName, Rule::kD4, kForward, kNothing, kNothing},
};

IntegrityDecision Decide(const IntegrityCase& c, Profile profile) {
  EdgeConfig config;
  config.integrity_profile = profile;
  return DecideIntegrity(
      Make(c.authorization),
      {.on_tls = c.path == kTls,
       .bound = c.bound,
       .username_matches = c.username == kSameName,
       .session_after_challenge = c.session == kAfterChallenge},
      config);
}

TEST(DecideIntegrity, FollowsTheTable) {
  for (const IntegrityCase& c : kCases) {
    SCOPED_TRACE(c.sentence);
    const IntegrityDecision decision = Decide(c, Profile::kPublished);

    EXPECT_EQ(ToString(decision.rule), ToString(c.rule));
    EXPECT_EQ(decision.outcome, c.outcome);
    EXPECT_EQ(ToString(decision.value), ToString(c.value));
    EXPECT_EQ(decision.detach, c.detach);
  }
}

TEST(DecideIntegrity, FollowsTheTableInTheSeedProfile) {
  for (const IntegrityCase& c : kCases) {
    SCOPED_TRACE(c.sentence);
    const IntegrityDecision decision = Decide(c, Profile::kSeed);

    EXPECT_EQ(ToString(decision.rule), ToString(c.rule));
    EXPECT_EQ(decision.outcome, c.outcome);
    EXPECT_EQ(ToString(decision.value), ToString(c.seed_value));
    EXPECT_EQ(decision.detach, c.detach);
  }
}

// ---- every input against the table as a list of rows

struct World {
  bool tls, username_matches, after_challenge, tls_required, seed;
  bool has_username, hidden, aka, response;
  Bound bound;
  Kind kind;
};

struct Row {
  Rule rule;
  bool (*applies)(const World&);
  const char*
      result;  // "none", "pending", "yes", "seed?", "400", "403", "discard"
};

// The rows of spec 4.4 in the order of its precedence; the first that applies
// decides.
constexpr Row kRows[] = {
    {Rule::kD17,
     [](const World& w) {
       return w.kind == Kind::kMalformed || w.kind == Kind::kDuplicate;
     },
     "400"},
    {Rule::kD14, [](const World& w) { return w.kind == Kind::kTwoSets; },
     "400"},
    {Rule::kD2,
     [](const World& w) {
       return !w.tls && w.kind == Kind::kDigest && w.response && w.tls_required;
     },
     "discard"},
    {Rule::kD2,
     [](const World& w) {
       return !w.tls && w.kind == Kind::kDigest && w.response;
     },
     "none"},
    {Rule::kD1, [](const World& w) { return !w.tls; }, "none"},
    {Rule::kD15,
     [](const World& w) {
       return w.kind == Kind::kDigest && (!w.has_username || w.hidden) &&
              w.response;
     },
     "400"},
    {Rule::kD15,
     [](const World& w) {
       return w.kind == Kind::kDigest && (!w.has_username || w.hidden);
     },
     "none"},
    {Rule::kD13, [](const World& w) { return w.kind == Kind::kOtherScheme; },
     "none"},
    {Rule::kD16,
     [](const World& w) { return w.kind == Kind::kDigest && w.aka; }, "403"},
    {Rule::kD3,
     [](const World& w) {
       return w.kind == Kind::kAbsent && w.bound == Bound::kNone;
     },
     "none"},
    {Rule::kD9, [](const World& w) { return w.kind == Kind::kAbsent; }, "none"},
    {Rule::kD7,
     [](const World& w) {
       return w.bound == Bound::kActive && w.username_matches && !w.response;
     },
     "yes"},
    {Rule::kD8,
     [](const World& w) {
       return w.bound == Bound::kActive && w.username_matches;
     },
     "yes"},
    {Rule::kD10, [](const World& w) { return w.bound == Bound::kActive; },
     "403"},
    {Rule::kD11,
     [](const World& w) {
       return w.bound == Bound::kRebinding && w.username_matches;
     },
     "yes"},
    {Rule::kD4, [](const World& w) { return !w.response; }, "none"},
    {Rule::kD5, [](const World& w) { return w.after_challenge; }, "seed?"},
    {Rule::kD6, [](const World&) { return true; }, "pending"},
};

std::string Said(const IntegrityDecision& decision) {
  switch (decision.outcome) {
    case Outcome::kDiscard:
      return "discard";
    case Outcome::kReject400:
      return "400";
    case Outcome::kReject403:
      return "403";
    case Outcome::kForward:
      break;
  }
  switch (decision.value) {
    case Integrity::kNone:
      return "none";
    case Integrity::kTlsPending:
      return "pending";
    case Integrity::kTlsYes:
      return "yes";
  }
  return "?";
}

IntegrityDecision DecideIn(const World& world) {
  EdgeConfig config;
  config.tls_required = world.tls_required;
  config.integrity_profile = world.seed ? Profile::kSeed : Profile::kPublished;
  Credentials credentials{.kind = world.kind, .field = nullptr, .digest = {}};
  if (world.kind == Kind::kDigest) {
    credentials.digest = Digest(world.response);
    credentials.digest.has_username = world.has_username;
    credentials.digest.username_hidden = world.hidden;
    if (world.aka) credentials.digest.algorithm = "AKAv2-SHA-256";
  }
  return DecideIntegrity(credentials,
                         {.on_tls = world.tls,
                          .bound = world.bound,
                          .username_matches = world.username_matches,
                          .session_after_challenge = world.after_challenge},
                         config);
}

void ExpectTheFirstRow(const World& world, unsigned number) {
  const Row* row = std::begin(kRows);
  while (!row->applies(world)) ++row;
  std::string result = row->result;
  if (result == "seed?") result = world.seed ? "yes" : "pending";
  const bool detach = world.tls && world.kind == Kind::kDigest &&
                      world.bound == Bound::kRebinding &&
                      !world.username_matches &&
                      (row->rule == Rule::kD4 || row->rule == Rule::kD5 ||
                       row->rule == Rule::kD6);

  const IntegrityDecision decision = DecideIn(world);

  ASSERT_EQ(Said(decision), result) << number;
  ASSERT_EQ(decision.detach, detach) << number;
  ASSERT_EQ(decision.rule, detach ? Rule::kD12 : row->rule) << number;
}

// Conformance: SEC-06, SEC-07, SEC-08, SEC-09, SEC-10, SEC-11, SEC-12, SEC-13
// Conformance: SEC-14, SEC-15, SEC-22
TEST(DecideIntegrity, AgreesWithTheRowsOnEveryInput) {
  constexpr Kind kKinds[] = {Kind::kAbsent,      Kind::kDigest,
                             Kind::kOtherScheme, Kind::kTwoSets,
                             Kind::kMalformed,   Kind::kDuplicate};
  unsigned number = 0;
  for (const Kind kind : kKinds) {
    for (const Bound bound :
         {Bound::kNone, Bound::kActive, Bound::kRebinding}) {
      for (unsigned bits = 0; bits < 512; ++bits, ++number) {
        const auto bit = [bits](int i) { return (bits >> i & 1) != 0; };
        ExpectTheFirstRow({bit(0), bit(1), bit(2), bit(3), bit(4), bit(5),
                           bit(6), bit(7), bit(8), bound, kind},
                          number);
        if (HasFatalFailure()) return;
      }
    }
  }
  EXPECT_EQ(number, 6u * 3 * 512);
}

// Conformance: SEC-07
TEST(Integrity, HasNoOtherValuesToWrite) {
  EXPECT_EQ(ToString(Integrity::kNone), "");
  EXPECT_EQ(ToString(Integrity::kTlsPending), "tls-pending");
  EXPECT_EQ(ToString(Integrity::kTlsYes), "tls-yes");
}

TEST(Rule, IsNamedAsInTheTable) {
  for (int rule = 1; rule <= 18; ++rule) {
    EXPECT_EQ(ToString(static_cast<Rule>(rule)), "D" + std::to_string(rule));
  }
}

// ---- which credentials count

class Register {
 public:
  explicit Register(const std::vector<std::string>& authorizations) {
    text_ = "REGISTER sip:ims.example.com SIP/2.0\r\n";
    for (const std::string& value : authorizations) {
      text_ += "Authorization: " + value + "\r\n";
    }
    text_ += "Content-Length: 0\r\n\r\n";
    EXPECT_EQ(view_.Scan(text_), sip::ScanVerdict::kOk);
  }
  Credentials Select() const {
    return SelectCredentials(view_, "ims.example.com");
  }
  std::string_view Selected() const { return view_.Value(*Select().field); }

 private:
  std::string text_;
  sip::MessageView view_;
};

const std::string kHome =
    "Digest username=\"alice@ims.example.com\", realm=\"ims.example.com\", "
    "nonce=\"n\", uri=\"sip:ims.example.com\", response=\"3e3e\"";
const std::string kForeign =
    "Digest username=\"alice\", realm=\"proxy.example.net\", nonce=\"m\", "
    "response=\"4f4f\"";
const std::string kBasicValue = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";

TEST(SelectCredentials, SeesThatThereAreNone) {
  EXPECT_EQ(Register({}).Select().kind, Kind::kAbsent);
}

TEST(SelectCredentials, TakesTheOnlyDigestWhateverItsRealm) {
  for (const std::string& value : {kHome, kForeign}) {
    const Register request({value});
    ASSERT_EQ(request.Select().kind, Kind::kDigest);
    EXPECT_EQ(request.Selected(), value);
    EXPECT_TRUE(request.Select().digest.response_non_empty);
  }
}

// Conformance: SEC-16
TEST(SelectCredentials, CountsAnEmptyResponseAsNone) {
  for (const char* response : {"response=\"\"", "response=", "nonce=\"\""}) {
    const Register request(
        {std::string("Digest username=\"a@b\", realm=\"c\", ") + response});
    ASSERT_EQ(request.Select().kind, Kind::kDigest) << response;
    EXPECT_FALSE(request.Select().digest.response_non_empty) << response;
  }
}

// Conformance: SEC-19
TEST(SelectCredentials, TellsAnotherSchemeFromDigest) {
  EXPECT_EQ(Register({kBasicValue}).Select().kind, Kind::kOtherScheme);

  const Register both({kBasicValue, kHome});
  ASSERT_EQ(both.Select().kind, Kind::kDigest);
  EXPECT_EQ(both.Selected(), kHome);
}

TEST(SelectCredentials, TakesTheHomeRealmAmongOthers) {
  std::string upper = kHome;
  upper.replace(upper.find("ims.example.com\", n"), 15, "IMS.Example.COM");
  for (const std::string& home : {kHome, upper}) {
    for (const std::vector<std::string>& values :
         {std::vector{home, kForeign}, std::vector{kForeign, home},
          std::vector{kForeign, kBasicValue, home, kForeign}}) {
      const Register request(values);
      ASSERT_EQ(request.Select().kind, Kind::kDigest);
      EXPECT_EQ(request.Selected(), home);
    }
  }
}

// Conformance: SEC-18
TEST(SelectCredentials, RefusesTwoSetsThatItCannotTellApart) {
  const std::string no_realm = "Digest username=\"alice\", nonce=\"m\"";
  for (const std::vector<std::string>& values :
       {std::vector{kHome, kHome}, std::vector{kHome, kForeign, kHome},
        std::vector{kForeign, kForeign}, std::vector{kHome, no_realm},
        std::vector{no_realm, kHome}}) {
    EXPECT_EQ(Register(values).Select().kind, Kind::kTwoSets);
  }
}

// Conformance: SEC-20
TEST(SelectCredentials, RefusesWhatItCannotParse) {
  for (const std::string& broken :
       {std::string("Digest username=\"alice"),
        std::string("Digest username=\"alice\" realm=\"x\"")}) {
    EXPECT_EQ(Register({broken}).Select().kind, Kind::kMalformed) << broken;
    EXPECT_EQ(Register({kHome, broken}).Select().kind, Kind::kMalformed);
    EXPECT_EQ(Register({broken, kHome}).Select().kind, Kind::kMalformed);
  }
}

// Conformance: SEC-21
TEST(SelectCredentials, RefusesAParameterThatStandsTwice) {
  for (const char* twice : {", username=\"bob\"", ", response=\"\"",
                            ", realm=\"ims.example.com\"", ", Nonce=\"n\""}) {
    EXPECT_EQ(Register({kHome + twice}).Select().kind, Kind::kDuplicate)
        << twice;
    EXPECT_EQ(Register({kForeign, kHome + twice}).Select().kind,
              Kind::kDuplicate);
  }
}

// Conformance: SEC-22
TEST(SelectCredentials, SeesAHiddenUsername) {
  for (const char* hidden : {"userhash=true", "userhash=\"TRUE\"",
                             "username*=UTF-8''alice%40ims.example.com"}) {
    const Register request(
        {std::string("Digest username=\"alice\", ") + hidden});
    ASSERT_EQ(request.Select().kind, Kind::kDigest) << hidden;
    EXPECT_TRUE(request.Select().digest.username_hidden) << hidden;
  }
}

TEST(DecideIntegrity, TakesAnEmptyUsernameForNone) {
  for (const char* name : {"\"\"", ""}) {
    Credentials credentials = Make(kResponse);
    credentials.digest.username = name;

    const IntegrityDecision decision =
        DecideIntegrity(credentials, {.on_tls = true}, EdgeConfig());

    EXPECT_EQ(decision.rule, Rule::kD15);
    EXPECT_EQ(decision.outcome, Outcome::kReject400);
  }
}

// ---- whose username it is

TEST(SameImpi, ComparesTheNormalForm) {
  const struct {
    const char* sentence;
    const char* param;
    const char* impi;
    bool same;
  } kNames[] = {
      {"the same", "\"a@b.c\"", "a@b.c", true},
      {"as a token", "a@b.c", "a@b.c", true},
      {"realm in other case", "\"a@B.C\"", "a@b.c", true},
      {"stored realm in other case", "\"a@b.c\"", "a@B.c", true},
      {"user part in other case", "\"A@b.c\"", "a@b.c", false},
      {"quoted pairs", "\"\\a\\@b.c\"", "a@b.c", true},
      {"a quote in the name", "\"a\\\"x@b.c\"", "a\"x@b.c", true},
      {"the last @ parts user and realm", "\"a@X@b.c\"", "a@x@b.c", false},
      {"two @", "\"a@x@B.c\"", "a@x@b.c", true},
      {"no realm", "\"alice\"", "alice", true},
      {"no realm, other case", "\"Alice\"", "alice", false},
      {"longer", "\"a@b.cc\"", "a@b.c", false},
      {"shorter", "\"a@b.\"", "a@b.c", false},
      {"space inside", "\"a@b.c \"", "a@b.c", false},
      {"empty both", "\"\"", "", false},
      {"empty name", "\"\"", "a@b.c", false},
      {"unknown IMPI", "\"a@b.c\"", "", false},
  };
  for (const auto& c : kNames) {
    EXPECT_EQ(SameImpi(c.param, c.impi), c.same) << c.sentence;
  }
}

TEST(SameImpi, DoesNotCompareWhatIsLongerThanAHeader) {
  const std::string endless(sip::kHeaderValueBytesMax + 1, 'a');

  EXPECT_FALSE(SameImpi(endless, endless));
}

}  // namespace
}  // namespace sallyport::registration
