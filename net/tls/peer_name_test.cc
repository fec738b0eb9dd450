#include "net/tls/peer_name.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <string>

#include "gtest/gtest.h"
#include "net/tls/test_authority.h"

namespace sallyport::net::tls {
namespace {

struct NameCase {
  const char* sentence;
  const char* alternatives;
  const char* host;
  bool bears;
};

// Source: RFC 5922 7.1, 7.2
constexpr NameCase kNames[] = {
    {"a DNS name", "DNS:core.test", "core.test", true},
    {"letters in any case", "DNS:CORE.test", "Core.Test", true},
    {"a root dot of the question", "DNS:core.test", "core.test.", true},
    {"one of several", "DNS:a.test,DNS:core.test", "core.test", true},
    {"a SIP domain", "URI:sip:core.test", "core.test", true},
    {"a SIP domain with a port", "URI:SIP:core.test:5061", "core.test", true},
    {"a SIP user is no domain", "URI:sip:a@core.test", "core.test", false},
    {"nor the user itself", "URI:sip:core.test@b.test", "core.test", false},
    {"a SIPS URI is none", "URI:sips:core.test", "core.test", false},
    {"another scheme", "URI:http://core.test", "core.test", false},
    {"another name", "DNS:other.test", "core.test", false},
    {"a parent", "DNS:test", "core.test", false},
    {"a child", "DNS:a.core.test", "core.test", false},
    {"no wildcard", "DNS:*.test", "core.test", false},
    {"not even asked for", "DNS:*.test", "*.test", true},
    {"a leading dot", "DNS:.test", "core.test", false},
    {"never the common name", "", "a peer", false},
    {"an address", "IP:192.0.2.1", "192.0.2.1", true},
    {"an IPv6 address", "IP:2001:db8::1", "2001:db8:0::1", true},
    {"in brackets", "IP:2001:db8::1", "[2001:db8::1]", true},
    {"another address", "IP:192.0.2.1", "192.0.2.2", false},
    {"an address is no DNS name", "DNS:192.0.2.1", "192.0.2.1", false},
    {"nor a SIP domain", "URI:sip:192.0.2.1", "192.0.2.1", false},
    {"nothing", "DNS:core.test", "", false},
    {"a dot", "DNS:core.test", ".", false},
};

TEST(BearsName, AsSipReadsCertificates) {
  const TestAuthority authority("names");
  const bssl::UniquePtr<EVP_PKEY> key = NewTestKey();
  for (const NameCase& row : kNames) {
    const bssl::UniquePtr<X509> made =
        authority.IssueX509({.alternatives = row.alternatives}, key.get());
    EXPECT_EQ(BearsName(made.get(), row.host), row.bears) << row.sentence;
  }
}

}  // namespace
}  // namespace sallyport::net::tls
