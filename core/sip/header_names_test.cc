#include "core/sip/header_names.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace sallyport::sip {
namespace {

std::string Upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? c - 32 : c;
  return out;
}
std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? c + 32 : c;
  return out;
}

// Conformance: PARSE-16
TEST(HeaderNames, EveryNameIsFoundInAnyCase) {
  for (size_t i = 1; i < kHeaderIdCount; ++i) {
    const auto id = static_cast<HeaderId>(i);
    EXPECT_EQ(HeaderIdOf(NameOf(id)), id) << NameOf(id);
    EXPECT_EQ(HeaderIdOf(Upper(NameOf(id))), id) << NameOf(id);
    EXPECT_EQ(HeaderIdOf(Lower(NameOf(id))), id) << NameOf(id);
  }
}

// Every octet of every name, replaced by every other octet: what differs in
// more than the case of a letter is another name.
TEST(HeaderNames, ANameWithOneOctetChangedIsNotTaken) {
  for (size_t i = 1; i < kHeaderIdCount; ++i) {
    const auto id = static_cast<HeaderId>(i);
    const std::string name(NameOf(id));
    for (size_t at = 0; at < name.size(); ++at) {
      for (int octet = 0; octet < 256; ++octet) {
        std::string changed = name;
        changed[at] = static_cast<char>(octet);
        const bool same = Lower(changed) == Lower(name);
        ASSERT_EQ(HeaderIdOf(changed) == id, same) << changed;
      }
    }
  }
}

TEST(HeaderNames, ALongerOrShorterNameIsNotTaken) {
  for (size_t i = 1; i < kHeaderIdCount; ++i) {
    const auto id = static_cast<HeaderId>(i);
    const std::string name(NameOf(id));
    EXPECT_NE(HeaderIdOf(name + "x"), id);
    EXPECT_NE(HeaderIdOf("x" + name), id);
    if (name.size() == 2) continue;  // "T" is To
    EXPECT_NE(HeaderIdOf(name.substr(1)), id);
    EXPECT_NE(HeaderIdOf(name.substr(0, name.size() - 1)), id);
  }
  EXPECT_EQ(HeaderIdOf(""), HeaderId::kOther);
  EXPECT_EQ(HeaderIdOf(std::string(1000, 'V')), HeaderId::kOther);
}

// Conformance: PARSE-01
TEST(HeaderNames, CompactFormsAreTheLongOnes) {
  const std::map<char, std::string_view> forms = {
      {'i', "Call-ID"},
      {'m', "Contact"},
      {'e', "Content-Encoding"},
      {'l', "Content-Length"},
      {'c', "Content-Type"},
      {'f', "From"},
      {'s', "Subject"},
      {'k', "Supported"},
      {'t', "To"},
      {'v', "Via"},
      {'a', "Accept-Contact"},
      {'b', "Referred-By"},
      {'d', "Request-Disposition"},
      {'j', "Reject-Contact"},
      {'o', "Event"},
      {'r', "Refer-To"},
      {'u', "Allow-Events"},
      {'x', "Session-Expires"},
      {'y', "Identity"},
  };
  for (int octet = 0; octet < 256; ++octet) {
    const std::string name(1, static_cast<char>(octet));
    const auto form = forms.find(Lower(name)[0]);
    const HeaderId expected =
        form == forms.end() ? HeaderId::kOther : HeaderIdOf(form->second);
    EXPECT_EQ(HeaderIdOf(name), expected) << octet;
  }
}

}  // namespace
}  // namespace sallyport::sip
