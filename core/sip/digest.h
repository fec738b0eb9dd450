// Digest credentials and challenges, seen in place: one Authorization row holds
// one set of credentials, whose commas separate parameters (RFC
// 3261 7.3.1, 20.7).
#ifndef CORE_SIP_DIGEST_H_
#define CORE_SIP_DIGEST_H_

#include <cstdint>
#include <string_view>

#include "absl/base/attributes.h"

namespace sallyport::sip {

// The scheme and what stands behind it, both trimmed; the scheme is empty when
// the value does not begin with a token before white space or the end.
struct AuthValue {
  std::string_view scheme;
  std::string_view params;
};
AuthValue SplitAuthValue(std::string_view value ABSL_ATTRIBUTE_LIFETIME_BOUND);

// Walks the parameters of `Digest a=b, c="d"` with quotes tracked. Credentials
// that are one token68 (`Basic QWxh==`) are one parameter without a value.
class AuthParamCursor {
 public:
  // `params` begins behind the scheme.
  explicit AuthParamCursor(
      std::string_view params ABSL_ATTRIBUTE_LIFETIME_BOUND);
  bool Next();
  std::string_view name() const { return name_; }
  // Quotes kept; may be empty though has_value() is true (`a=`).
  std::string_view value() const { return value_; }
  bool has_value() const { return has_value_; }
  std::string_view whole() const { return whole_; }  // name to end of value
  // What was read is one token68 that is no parameter; nothing may follow it.
  bool is_token68() const { return is_token68_; }
  // Unterminated quote, a parameter without a comma, an empty name. Next() is
  // false from there on.
  bool malformed() const { return malformed_; }

 private:
  bool Fail();
  bool TakeToken68();

  std::string_view rest_, name_, value_, whole_;
  bool has_value_ = false, is_token68_ = false;
  bool malformed_ = false, first_ = true;
};

// What only proxies write.  Source: TS 24.229 7.2A.2
inline constexpr std::string_view kIntegrityProtected = "integrity-protected";

struct CredentialsView {
  enum class Verdict : uint8_t {
    kDigest,       // all below is filled in
    kOtherScheme,  // not Digest: nothing else was read
    kMalformed,    // spec 4.2 rule 4: 400
    kDuplicate,    // username, response, realm or nonce twice: 400 (spec 4.5)
  };
  Verdict verdict = Verdict::kMalformed;
  std::string_view scheme;
  std::string_view params;    // behind the scheme
  std::string_view username;  // quotes kept; empty data(): absent
  std::string_view realm;
  std::string_view nonce;
  std::string_view response;
  std::string_view algorithm;
  bool has_username = false;
  bool has_response = false;        // the parameter is there, maybe empty
  bool response_non_empty = false;  // `response=""` counts as none (spec 2.3)
  bool username_hidden = false;     // userhash=true or username* (spec D15)
  bool unclaimed = false;  // kDigest, and no `integrity-protected` in it
};
// The value of one Authorization row. Of other schemes nothing is kept, but where
// readers would end a quoted string at different places they are malformed, too;
// what else must hold for them (spec 4.2) is checked by EditAuthParams.
CredentialsView ParseCredentials(
    std::string_view value ABSL_ATTRIBUTE_LIFETIME_BOUND);
std::string_view ToString(CredentialsView::Verdict verdict);

}  // namespace sallyport::sip

#endif  // CORE_SIP_DIGEST_H_
