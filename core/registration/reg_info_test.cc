#include "core/registration/reg_info.h"

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "core/testing/name_table.h"
#include "gtest/gtest.h"

namespace sallyport::registration {
namespace {

using State = Registration::State;

// The example of spec 2.5.
constexpr std::string_view kExample = R"(<?xml version="1.0"?>
<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version="3" state="full">
 <registration aor="sip:alice@ims.example.com" id="a7" state="terminated">
  <contact id="76" state="terminated" event="deactivated">
   <uri>sip:alice@192.168.1.10:5062;transport=tls</uri>
  </contact>
 </registration>
 <registration aor="tel:+15551230001" id="a8" state="terminated">
  <contact id="77" state="terminated" event="deactivated">
   <uri>sip:alice@192.168.1.10:5062;transport=tls</uri>
  </contact>
 </registration>
</reginfo>
)";

std::string Document(std::string_view inside,
                     std::string_view attributes = "version='0' state='full'") {
  return absl::StrCat(
      "<?xml version='1.0'?><reginfo xmlns='urn:ietf:params:xml:ns:reginfo' ",
      attributes, ">", inside, "</reginfo>");
}

std::string Repeated(std::string_view text, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all.append(text);
  return all;
}

RegInfo MustRead(std::string_view document) {
  RegInfo info;
  EXPECT_EQ(ToString(ReadRegInfo(document, info)), "none") << document;
  return info;
}

TEST(RegInfo, ReadsTheExampleOfTheSpec) {
  const RegInfo info = MustRead(kExample);

  EXPECT_EQ(info.version, 3u);
  EXPECT_TRUE(info.full);
  ASSERT_EQ(info.registrations.size(), 2u);
  const Registration& first = info.registrations[0];
  EXPECT_EQ(first.aor, "sip:alice@ims.example.com");
  EXPECT_EQ(first.state, State::kTerminated);
  ASSERT_EQ(first.contacts.size(), 1u);
  EXPECT_EQ(first.contacts[0].uri, "sip:alice@192.168.1.10:5062;transport=tls");
  EXPECT_FALSE(first.contacts[0].active);
  EXPECT_EQ(first.contacts[0].event, ContactEvent::kDeactivated);
  EXPECT_FALSE(first.contacts[0].expires_s.has_value());
  EXPECT_EQ(info.registrations[1].aor, "tel:+15551230001");
}

TEST(RegInfo, ReadsExpiryInstanceAndWildcard) {
  const RegInfo info = MustRead(
      "<r:reginfo xmlns:r='urn:ietf:params:xml:ns:reginfo' xmlns:e='urn:3gpp:"
      "ns:extRegInfo:1.0' version='4294967295' state='partial'>"
      "<r:registration aor='sip:a@b' id='1' state='active'>"
      "<r:contact id='2' state='active' event='shortened' expires='60' q='1'>"
      "<r:uri>\n sip:a@1.2.3.4 </r:uri><r:display-name>A</r:display-name>"
      "<r:unknown-param name='+sip.instance'>\"&lt;urn:uuid:1&gt;\""
      "</r:unknown-param></r:contact>"
      "<e:wildcardedIdentity>sip:a!.*!@b</e:wildcardedIdentity>"
      "</r:registration></r:reginfo>");

  EXPECT_EQ(info.version, 4294967295u);
  EXPECT_FALSE(info.full);
  const Registration& registration = info.registrations.at(0);
  EXPECT_EQ(registration.state, State::kActive);
  EXPECT_EQ(registration.wildcarded_identity, "sip:a!.*!@b");
  const RegContact& contact = registration.contacts.at(0);
  EXPECT_EQ(contact.uri, "sip:a@1.2.3.4");
  EXPECT_EQ(contact.instance, "<urn:uuid:1>");
  EXPECT_TRUE(contact.active);
  EXPECT_EQ(contact.event, ContactEvent::kShortened);
  EXPECT_EQ(contact.expires_s, 60u);
}

TEST(RegInfo, ExpiryPastThe32ndBitIsTheLongestOne) {
  const RegInfo info = MustRead(
      Document("<registration aor='sip:a@b' id='1' state='active'><contact "
               "id='2' state='active' event='created' expires='99999999999'>"
               "<uri>sip:a@c</uri></contact></registration>"));

  EXPECT_EQ(info.registrations.at(0).contacts.at(0).expires_s, 4294967295u);
}

TEST(RegInfo, EveryEventHasItsName) {
  ExpectLabels<ContactEvent>(9);
  for (int i = 0; i < 9; ++i) {
    const auto event = static_cast<ContactEvent>(i);
    const RegInfo info = MustRead(Document(absl::StrCat(
        "<registration aor='sip:a@b' id='1' state='active'>"
        "<contact id='2' state='active' event='",
        ToString(event), "'><uri>sip:a@c</uri></contact>", "</registration>")));
    EXPECT_EQ(info.registrations.at(0).contacts.at(0).event, event);
  }
}

TEST(RegInfo, ExtensionsAreSkipped) {
  const RegInfo info = MustRead(Document(
      "<x:more xmlns:x='urn:x'><x:a><x:b/></x:a></x:more><!-- a comment -->"
      "<registration aor='sip:a@b' id='1' state='init' later='1'>text"
      "<gr:pub-gruu xmlns:gr='urn:ietf:params:xml:ns:gruuinfo' uri='sip:g'/>"
      "</registration>"));

  ASSERT_EQ(info.registrations.size(), 1u);
  EXPECT_EQ(info.registrations[0].state, State::kInit);
  EXPECT_TRUE(info.registrations[0].contacts.empty());
}

struct Row {
  std::string name;
  std::string document;
  RegInfoFault fault;
};

TEST(RegInfo, BadDocumentsAreRefusedForTheirReason) {
  ExpectLabels<RegInfoFault>(static_cast<size_t>(RegInfoFault::kBadContact) +
                             1);
  const std::string_view contact = "<uri>sip:a@c</uri></contact>";
  const auto with_contact = [&](std::string_view begin, std::string_view end) {
    return Document(
        absl::StrCat("<registration aor='sip:a@b' id='1' "
                     "state='active'>",
                     begin, end, "</registration>"));
  };
  using Fault = RegInfoFault;
  const Row rows[] = {
      {"nothing", "", Fault::kNotXml},
      {"no XML", "v=0\r\no=- 1 1 IN IP4 1.2.3.4", Fault::kNotXml},
      {"cut short", std::string(kExample.substr(0, 300)), Fault::kNotXml},
      {"crossed tags", Document("<a><b></a></b>"), Fault::kNotXml},
      {"a NUL", Document(std::string("<a/>\0<b/>", 9)), Fault::kNotXml},
      {"UTF-16", std::string("\xff\xfe<\0r\0/\0>\0", 10), Fault::kNotXml},
      {"a document type", absl::StrCat("<!DOCTYPE reginfo>", Document("")),
       Fault::kDoctype},
      {"an entity bomb",
       absl::StrCat("<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>",
                    Document("&b;")),
       Fault::kDoctype},
      {"an external entity",
       absl::StrCat("<!DOCTYPE x SYSTEM 'file:///etc/passwd'>", Document("")),
       Fault::kDoctype},
      {"an unfinished document type", "<!DOCTYPE x [<a>", Fault::kDoctype},
      {"a document type within", Document("<!DOCTYPE x>"), Fault::kDoctype},
      {"too long", Document(std::string(kRegInfoBytesMax, ' ')),
       Fault::kTooLong},
      {"too deep",
       Document(absl::StrCat(Repeated("<a>", 2000), Repeated("</a>", 2000))),
       Fault::kTooDeep},
      {"just too deep",
       Document(absl::StrCat(Repeated("<a>", 8), Repeated("</a>", 8))),
       Fault::kTooDeep},
      {"too many nodes", Document(Repeated("<a/>", 8192)), Fault::kTooMany},
      {"too many registrations",
       Document(Repeated("<registration aor='a:b' state='active'/>", 257)),
       Fault::kTooMany},
      {"too many contacts",
       with_contact(Repeated("<contact state='active' event='created'><uri>a"
                             "</uri></contact>",
                             513),
                    ""),
       Fault::kTooMany},
      {"a long AOR",
       Document(absl::StrCat("<registration state='active' aor='sip:",
                             std::string(1024, 'a'), "'/>")),
       Fault::kTextTooLong},
      {"a long wildcard",
       Document(absl::StrCat("<registration state='active' aor='sip:a'>"
                             "<wildcardedIdentity>",
                             std::string(1025, 'a'),
                             "</wildcardedIdentity></registration>")),
       Fault::kTextTooLong},
      {"a long contact",
       with_contact(
           "<contact state='active' event='created'>",
           absl::StrCat("<uri>", std::string(1025, 'a'), "</uri></contact>")),
       Fault::kTextTooLong},
      {"only a comment", "<!-- reginfo -->", Fault::kNotXml},
      {"another root", "<presence/>", Fault::kNotRegInfo},
      {"no namespace", "<reginfo version='0' state='full'/>",
       Fault::kNotRegInfo},
      {"another namespace", "<reginfo xmlns='urn:x' version='0' state='full'/>",
       Fault::kNotRegInfo},
      {"another prefix",
       "<r:reginfo xmlns='urn:ietf:params:xml:ns:reginfo' version='0' "
       "state='full'/>",
       Fault::kNotRegInfo},
      {"no version", Document("", "state='full'"), Fault::kBadReginfo},
      {"a sign", Document("", "version='-1' state='full'"), Fault::kBadReginfo},
      {"version overflows", Document("", "version='4294967296' state='full'"),
       Fault::kBadReginfo},
      {"no state", Document("", "version='0'"), Fault::kBadReginfo},
      {"an unknown state", Document("", "version='0' state='Full'"),
       Fault::kBadReginfo},
      {"registration without AOR", Document("<registration state='active'/>"),
       Fault::kBadRegistration},
      {"registration without state", Document("<registration aor='sip:a'/>"),
       Fault::kBadRegistration},
      {"registration of an unknown state",
       Document("<registration aor='sip:a' state='gone'/>"),
       Fault::kBadRegistration},
      {"contact without state",
       with_contact("<contact event='created'>", contact), Fault::kBadContact},
      {"contact without event",
       with_contact("<contact state='active'>", contact), Fault::kBadContact},
      {"contact of an unknown event",
       with_contact("<contact state='active' event='lost'>", contact),
       Fault::kBadContact},
      {"contact whose expiry is no number",
       with_contact("<contact state='active' event='created' expires='1h'>",
                    contact),
       Fault::kBadContact},
      {"contact without uri",
       with_contact("<contact state='active' event='created'>", "</contact>"),
       Fault::kBadContact},
  };
  for (const Row& row : rows) {
    RegInfo info;
    info.version = 7;
    EXPECT_EQ(ToString(ReadRegInfo(row.document, info)), ToString(row.fault))
        << row.name;
    EXPECT_TRUE(info.registrations.empty()) << row.name;
    EXPECT_EQ(info.version, 0u) << row.name;
  }
}

TEST(RegInfo, ContactsAreCountedOverTheWholeDocument) {
  const auto registrations = [](size_t contacts) {
    return absl::StrCat(
        "<registration aor='a:b' state='active'>",
        Repeated("<contact state='active' event='created'><uri>a</uri>"
                 "</contact>",
                 contacts),
        "</registration>");
  };
  RegInfo info;
  EXPECT_EQ(ToString(ReadRegInfo(
                Document(absl::StrCat(registrations(256), registrations(256))),
                info)),
            "none");
  EXPECT_EQ(ToString(ReadRegInfo(
                Document(absl::StrCat(registrations(256), registrations(257))),
                info)),
            "too_many");
}

// Whatever is cut off or changed, there is a verdict and nothing half read.
TEST(RegInfo, EveryTruncationAndEveryChangedOctetHasAVerdict) {
  for (size_t size = 0; size < kExample.size(); ++size) {
    RegInfo info;
    const RegInfoFault fault = ReadRegInfo(kExample.substr(0, size), info);
    if (fault != RegInfoFault::kNone) {
      EXPECT_TRUE(info.registrations.empty()) << size;
    }
  }
  for (size_t i = 0; i < kExample.size(); ++i) {
    for (const char octet : {'<', '>', '&', '\'', '"', '\0', '!', '\xff'}) {
      std::string changed(kExample);
      changed[i] = octet;
      RegInfo info;
      const RegInfoFault fault = ReadRegInfo(changed, info);
      if (fault != RegInfoFault::kNone) {
        EXPECT_TRUE(info.registrations.empty()) << i;
      }
    }
  }
}

}  // namespace
}  // namespace sallyport::registration
