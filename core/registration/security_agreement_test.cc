#include "core/registration/security_agreement.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace sallyport::registration {
namespace {

AgreementView Read(const std::string& headers) {
  const std::string text = "REGISTER sip:ims.example.com SIP/2.0\r\n" +
                           headers + "Content-Length: 0\r\n\r\n";
  sip::MessageView view;
  EXPECT_EQ(view.Scan(text), sip::ScanVerdict::kOk) << headers;
  return ReadAgreement(view);
}

TEST(ReadAgreement, OfAPlainRequestSeesNothing) {
  const AgreementView view = Read("Require: path\r\nSupported: outbound\r\n");

  EXPECT_FALSE(view.client || view.offers_tls || view.verify ||
               view.verify_equal || view.required || view.supported);
}

TEST(ReadAgreement, FindsTlsAmongTheMechanisms) {
  const struct {
    const char* headers;
    bool offers_tls;
  } kCases[] = {
      {"Security-Client: tls\r\n", true},
      {"Security-Client: tls;q=0.9\r\n", true},
      {"Security-Client: TLS ; q=0.1\r\n", true},
      {"security-client:\r\n  Tls;q=0.9\r\n", true},
      {"Security-Client: sdes-srtp;mediasec, tls\r\n", true},
      {"Security-Client: ipsec-3gpp; alg=hmac-md5-96; spi-c=1\r\n"
       "Security-Client: digest;d-alg=MD5,tls;q=0.2\r\n",
       true},
      // Conformance: SEC-28
      {"Security-Client: ipsec-3gpp; alg=hmac-sha-1-96; ealg=aes-cbc\r\n",
       false},
      {"Security-Client: sdes-srtp;mediasec\r\n", false},
      {"Security-Client: tlsx\r\n", false},
      {"Security-Client: x;tls\r\n", false},
      {"Security-Client: x;note=\", tls\"\r\n", false},
      {"Security-Client:\r\n", false},
  };
  for (const auto& c : kCases) {
    EXPECT_TRUE(Read(c.headers).client) << c.headers;
    EXPECT_EQ(Read(c.headers).offers_tls, c.offers_tls) << c.headers;
  }
}

TEST(ReadAgreement, TakesVerifyForEqualOnlyWhenItIsOurList) {
  const struct {
    const char* headers;
    bool equal;
  } kCases[] = {
      // Conformance: SEC-24
      {"Security-Verify: tls;q=0.9\r\n", true},
      {"Security-Verify: TLS;Q=0.9\r\n", true},
      {"Security-Verify:  tls ; q = 0.9 \r\n", true},
      {"Security-Verify: tls;\r\n q=0.9\r\n", true},
      // Conformance: SEC-25
      {"Security-Verify: tls\r\n", false},
      {"Security-Verify: tls;q=0.1\r\n", false},
      {"Security-Verify: tls;q=0.90\r\n", false},
      {"Security-Verify: tls;q\r\n", false},
      {"Security-Verify: tls;q=0.9;q=0.9\r\n", false},
      {"Security-Verify: tls;q=0.9;d-alg=MD5\r\n", false},
      {"Security-Verify: ipsec-3gpp;q=0.9\r\n", false},
      {"Security-Verify: tls;q=0.9, digest;q=0.1\r\n", false},
      {"Security-Verify: digest;q=0.1, tls;q=0.9\r\n", false},
      {"Security-Verify: tls;q=0.9\r\nSecurity-Verify: tls;q=0.9\r\n", false},
      {"Security-Verify: tls;q=0.9, sdes-srtp;mediasec\r\n", false},
      {"Security-Verify: tls;q=0.9,\r\n", false},
      {"Security-Verify: \"tls;q=0.9\r\n", false},
      {"Security-Verify:\r\n", false},
  };
  for (const auto& c : kCases) {
    EXPECT_TRUE(Read(c.headers).verify) << c.headers;
    EXPECT_EQ(Read(c.headers).verify_equal, c.equal) << c.headers;
  }
}

// Conformance: SEC-26
TEST(ReadAgreement, SeesTheOptionTagWhereverItStands) {
  for (const char* headers :
       {"Require: sec-agree\r\n", "Proxy-Require: sec-agree\r\n",
        "Require: path, SEC-AGREE\r\n",
        "Require: path\r\nRequire: sec-agree\r\n",
        "Proxy-Require: a\r\nProxy-Require:\r\n sec-agree ,b\r\n"}) {
    EXPECT_TRUE(Read(headers).required) << headers;
    EXPECT_FALSE(Read(headers).supported) << headers;
  }
  EXPECT_TRUE(Read("Supported: path,sec-agree\r\n").supported);
  EXPECT_TRUE(Read("k: sec-agree\r\n").supported);
  EXPECT_FALSE(Read("Supported: sec-agree\r\n").required);
  EXPECT_FALSE(Read("Require: sec-agreed\r\n").required);
}

// ---- challenge contexts

const IpAddress kSource = IpAddress::V4({203, 0, 113, 25});
constexpr Instant kNow{Millis(5000)};

TEST(ChallengeFingerprint, DependsOnEachPart) {
  const std::set<uint64_t> prints = {
      ChallengeFingerprint("\"a@b\"", "call", "tag", kSource, 1),
      ChallengeFingerprint("\"x@b\"", "call", "tag", kSource, 1),
      ChallengeFingerprint("\"a@b\"", "Call", "tag", kSource, 1),
      ChallengeFingerprint("\"a@b\"", "call", "Tag", kSource, 1),
      ChallengeFingerprint("\"a@b\"", "callt", "ag", kSource, 1),
      ChallengeFingerprint("\"a@b\"", "cal", "ltag", kSource, 1),
      ChallengeFingerprint("\"a@b\"", "call", "tag",
                           IpAddress::V4({203, 0, 113, 26}), 1),
      ChallengeFingerprint("\"a@b\"", "call", "tag", IpAddress::V6({203, 1}), 1),
      ChallengeFingerprint("", "call", "tag", kSource, 1),
      ChallengeFingerprint("", "", "", IpAddress(), 1),
  };

  EXPECT_EQ(prints.size(), 10u);
}

TEST(ChallengeFingerprint, IsTheSameForEveryWayToWriteAnImpi) {
  const uint64_t plain = ChallengeFingerprint("a@b.c", "1", "2", kSource, 1);

  EXPECT_EQ(ChallengeFingerprint("\"a@b.c\"", "1", "2", kSource, 1), plain);
  EXPECT_EQ(ChallengeFingerprint("\"\\a@B.C\"", "1", "2", kSource, 1), plain);
  EXPECT_NE(ChallengeFingerprint("\"A@b.c\"", "1", "2", kSource, 1), plain);
}

TEST(ChallengeContexts, RememberForTheirLifetime) {
  ChallengeContexts contexts(4, Seconds(240));
  EXPECT_EQ(contexts.Challenged(7, kNow), kNever);

  contexts.Remember(7, kNow);

  EXPECT_EQ(contexts.Challenged(7, kNow), kNow);
  EXPECT_EQ(contexts.Challenged(7, kNow + Seconds(239)), kNow);
  EXPECT_EQ(contexts.Challenged(7, kNow + Seconds(240)), kNever);
  EXPECT_EQ(contexts.Challenged(8, kNow), kNever);
}

TEST(ChallengeContexts, TakeTheLastChallengeOfAnEqualOne) {
  ChallengeContexts contexts(2, Seconds(240));
  contexts.Remember(7, kNow);
  contexts.Remember(7, kNow + Seconds(100));

  EXPECT_EQ(contexts.Challenged(7, kNow + Seconds(300)), kNow + Seconds(100));
}

TEST(ChallengeContexts, DropTheOldestAtTheirBound) {
  ChallengeContexts contexts(3, Seconds(240));
  for (uint64_t print = 1; print <= 100; ++print) {
    contexts.Remember(print, kNow);

    for (uint64_t known = 1; known <= print; ++known) {
      EXPECT_EQ(contexts.Challenged(known, kNow) == kNow, known + 3 > print);
    }
  }
}

TEST(ChallengeContexts, TellEqualHalvesApart) {
  ChallengeContexts contexts(4, Seconds(240));
  constexpr uint64_t kOther = 7 | uint64_t{1} << 40;  // one bucket, one hash
  contexts.Remember(7, kNow);
  contexts.Remember(kOther, kNow + Seconds(1));

  EXPECT_EQ(contexts.Challenged(7, kNow + Seconds(2)), kNow);
  EXPECT_EQ(contexts.Challenged(kOther, kNow + Seconds(2)), kNow + Seconds(1));
}

TEST(ChallengeContexts, OfNoCapacityRememberNothing) {
  ChallengeContexts contexts(0, Seconds(240));

  contexts.Remember(7, kNow);

  EXPECT_EQ(contexts.Challenged(7, kNow), kNever);
}

}  // namespace
}  // namespace sallyport::registration
