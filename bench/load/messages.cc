#include "bench/load/messages.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/sip/digest.h"
#include "core/sip/header_names.h"

namespace sallyport::load {
namespace {

using sip::HeaderId;

constexpr std::string_view kExpectHeader = "\r\nUser-Agent: load ";
// Nobody checks it; it is as long as a real one.
constexpr std::string_view kResponse = "8da834bf33e38152deced6c4688f3c39";

// The longest text of one short message.
constexpr std::string_view kText =
    "The train from Basel arrives at 18:02 on platform 7. Bring the blue folder, "
    "the two keys and your umbrella: it has been raining since noon. See you "
    "soon, Bobby!";
static_assert(kText.size() == 160);

std::string_view WithoutQuotes(std::string_view text) {
  if (text.size() < 2 || text.front() != '"') return text;
  return text.substr(1, text.size() - 2);
}

std::string_view AuthParam(std::string_view row, std::string_view name) {
  sip::AuthParamCursor cursor(sip::SplitAuthValue(row).params);
  while (cursor.Next()) {
    if (cursor.name() == name) return WithoutQuotes(cursor.value());
  }
  return {};
}

std::optional<Expect> ExpectOf(const sip::MessageView& request) {
  const size_t at = request.head().find(kExpectHeader);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest =
      request.head().substr(at + kExpectHeader.size());
  const std::string_view word = rest.substr(0, rest.find('\r'));
  for (Expect e : {Expect::kNone, Expect::kTlsPending, Expect::kTlsYes,
                   Expect::kTlsYesAsked}) {
    if (word == ToString(e)) return e;
  }
  return std::nullopt;
}

// The integrity-protected that such a REGISTER must bear.
std::string_view MarkOf(Expect expect) {
  switch (expect) {
    case Expect::kNone:
      return "";
    case Expect::kTlsPending:
      return "tls-pending";
    case Expect::kTlsYes:
    case Expect::kTlsYesAsked:
      return "tls-yes";
  }
  return "";
}

// Every row of this header, as it is.
void CopyRows(const sip::MessageView& request, HeaderId id, std::string& out) {
  const std::string_view name = sip::NameOf(id);
  for (const sip::HeaderField* row = request.Find(id); row != nullptr;
       row = request.Next(row)) {
    absl::StrAppend(&out, name, ": ", request.Value(*row), "\r\n");
  }
}

void WriteGrant(const sip::MessageView& request, std::string& out) {
  CopyRows(request, HeaderId::kContact, out);
  CopyRows(request, HeaderId::kPath, out);
  const std::string_view to = request.Value(HeaderId::kTo);
  absl::StrAppend(&out,
                  "Service-Route: <sip:orig@scscf1.load.test:5060;lr>\r\n"
                  "P-Associated-URI: ",
                  to, ", ", "<tel:+15551230001>\r\n");
}

// The private address of a UE behind its carrier's NAT. Each has its own, because
// there are proxies whose tables are hashed by nothing else.
std::string PrivateAddress(uint32_t ue) {
  return absl::StrCat("10.", (ue >> 16) & 255, ".", (ue >> 8) & 255, ".",
                      ue & 255);
}

}  // namespace

std::string_view ToString(Expect expect) {
  switch (expect) {
    case Expect::kNone:
      return "none";
    case Expect::kTlsPending:
      return "tls-pending";
    case Expect::kTlsYes:
      return "tls-yes";
    case Expect::kTlsYesAsked:
      return "tls-yes-asked";
  }
  return "";
}

std::string_view ToString(CoreVerdict verdict) {
  switch (verdict) {
    case CoreVerdict::kChallenge:
      return "challenge";
    case CoreVerdict::kGrant:
      return "grant";
    case CoreVerdict::kProbe:
      return "probe";
    case CoreVerdict::kNotRegister:
      return "not_register";
    case CoreVerdict::kWrongIntegrity:
      return "wrong_integrity";
    case CoreVerdict::kNoResponse:
      return "wrong_response";
  }
  return "";
}

void WriteRegister(const RegisterFacts& facts, std::string& out) {
  const uint32_t ue = facts.ue;
  const std::string host = PrivateAddress(ue);
  absl::StrAppend(
      &out, "REGISTER sip:load.test SIP/2.0\r\nVia: SIP/2.0/TLS ", host,
      ":5062;branch=z9hG4bK", ue, "x", facts.cseq,
      ";rport\r\nMax-Forwards: 70\r\nFrom: <sip:ue", ue,
      "@load.test>;tag=t", ue, "\r\nTo: <sip:ue", ue,
      "@load.test>\r\nCall-ID: 1j9FpLxk3uxtm8tn-", ue, "@", host,
      "\r\nCSeq: ", facts.cseq, " REGISTER\r\nContact: <sip:ue", ue, "@",
      host,
      ":5062;transport=tls>;+sip.instance=\"<urn:uuid:f81d4fae-"
      "7dec-11d0-a765-",
      absl::Dec(ue, absl::kZeroPad12), ">\";expires=3600");
  absl::StrAppend(&out, kExpectHeader, ToString(facts.expect),
                  "\r\nSupported: path\r\nAuthorization: Digest username=\"ue",
                  ue, "_private@load.test\", realm=\"load.test\", nonce=\"",
                  facts.nonce, "\", uri=\"sip:load.test\", ");
  if (facts.nonce.empty()) {
    absl::StrAppend(&out, "response=\"\"");
  } else {
    absl::StrAppend(&out, "algorithm=MD5, qop=auth, nc=",
                    absl::Hex(facts.cseq, absl::kZeroPad8),
                    ", cnonce=\"0a4f113b\", response=\"", kResponse, "\"");
  }
  absl::StrAppend(&out,
                  "\r\nP-Access-Network-Info: IEEE-802.11\r\n"
                  "Content-Length: 0\r\n\r\n");
}

CoreVerdict Judge(const sip::MessageView& request, bool edge) {
  if (request.method() == sip::Method::kOptions) return CoreVerdict::kProbe;
  if (request.method() != sip::Method::kRegister) {
    return CoreVerdict::kNotRegister;
  }
  const std::optional<Expect> expect = ExpectOf(request);
  const std::string_view row = request.Value(HeaderId::kAuthorization);
  if (!expect || row.empty()) return CoreVerdict::kNotRegister;
  if (edge && AuthParam(row, "integrity-protected") != MarkOf(*expect)) {
    return CoreVerdict::kWrongIntegrity;
  }
  const bool response = !AuthParam(row, "response").empty();
  switch (*expect) {
    case Expect::kNone:
    case Expect::kTlsYesAsked:
      return response ? CoreVerdict::kNoResponse : CoreVerdict::kChallenge;
    case Expect::kTlsPending:
      return response ? CoreVerdict::kGrant : CoreVerdict::kNoResponse;
    case Expect::kTlsYes:
      return CoreVerdict::kGrant;
  }
  return CoreVerdict::kNotRegister;
}

void WriteAnswer(const sip::MessageView& request, CoreVerdict verdict,
                 std::string& out) {
  const bool grant = verdict == CoreVerdict::kGrant;
  const bool challenge = verdict == CoreVerdict::kChallenge;
  const bool fine = grant || verdict == CoreVerdict::kProbe;
  absl::StrAppend(&out, fine        ? "SIP/2.0 200 OK\r\n"
                        : challenge ? "SIP/2.0 401 Unauthorized\r\n"
                                    : "SIP/2.0 403 Forbidden\r\n");
  CopyRows(request, HeaderId::kVia, out);
  CopyRows(request, HeaderId::kFrom, out);
  absl::StrAppend(&out, "To: ", request.Value(HeaderId::kTo), ";tag=scscf\r\n");
  CopyRows(request, HeaderId::kCallId, out);
  CopyRows(request, HeaderId::kCSeq, out);
  if (grant) WriteGrant(request, out);
  if (challenge) {
    absl::StrAppend(&out,
                    "WWW-Authenticate: Digest realm=\"load.test\", "
                    "nonce=\"7d3f0c9a5b1e4e6f8a2d91c04be7735f\", "
                    "algorithm=MD5, qop=\"auth\"\r\n");
  }
  absl::StrAppend(&out, "Content-Length: 0\r\n\r\n");
}

std::optional<uint32_t> UeOf(const sip::MessageView& request) {
  constexpr std::string_view kBefore = "<sip:ue";
  const std::string_view to = request.Value(HeaderId::kTo);
  if (!absl::StartsWith(to, kBefore)) return std::nullopt;
  const std::string_view rest = to.substr(kBefore.size());
  uint32_t ue = 0;
  if (!absl::SimpleAtoi(rest.substr(0, rest.find('@')), &ue)) {
    return std::nullopt;
  }
  return ue;
}

UeAddress AddressOf(const sip::MessageView& request) {
  const std::string_view contact = request.Value(HeaderId::kContact);
  const size_t begin = contact.find('<') + 1;
  return {
      std::string(contact.substr(begin, contact.find('>', begin) - begin)),
      std::string(request.Value(HeaderId::kPath))};
}

void WriteMessage(uint32_t ue, uint32_t cseq, const UeAddress& to,
                  std::string& out) {
  absl::StrAppend(
      &out, "MESSAGE ", to.contact,
      " SIP/2.0\r\nVia: SIP/2.0/TCP scscf1.load.test:5060;branch=z9hG4bKm", cseq,
      "\r\nVia: SIP/2.0/TCP as1.load.test:5060;branch=z9hG4bKn", cseq);
  if (!to.path.empty()) absl::StrAppend(&out, "\r\nRoute: ", to.path);
  absl::StrAppend(
      &out,
      "\r\nMax-Forwards: 68\r\nFrom: <sip:bob@load.test>;tag=b", cseq,
      "\r\nTo: <sip:ue", ue, "@load.test>\r\nCall-ID: m", cseq,
      "-5c1f0e7ab2@as1.load.test\r\nCSeq: ", cseq,
      " MESSAGE\r\nP-Asserted-Identity: <sip:bob@load.test>\r\n"
      "P-Called-Party-ID: <sip:ue", ue,
      "@load.test>\r\nContent-Type: text/plain\r\n"
      "Content-Length: 160\r\n\r\n",
      kText);
}

void WriteMessageAnswer(const sip::MessageView& request, std::string& out) {
  absl::StrAppend(&out, "SIP/2.0 200 OK\r\n");
  CopyRows(request, HeaderId::kVia, out);
  CopyRows(request, HeaderId::kFrom, out);
  absl::StrAppend(&out, "To: ", request.Value(HeaderId::kTo), ";tag=ue\r\n");
  CopyRows(request, HeaderId::kCallId, out);
  CopyRows(request, HeaderId::kCSeq, out);
  absl::StrAppend(&out, "Content-Length: 0\r\n\r\n");
}

uint32_t CSeqOf(const sip::MessageView& message) {
  const std::string_view value = message.Value(HeaderId::kCSeq);
  uint32_t number = 0;
  return absl::SimpleAtoi(value.substr(0, value.find(' ')), &number) ? number
                                                                     : 0;
}

std::string_view NonceOf(const sip::MessageView& response) {
  return AuthParam(response.Value(HeaderId::kWwwAuthenticate), "nonce");
}

}  // namespace sallyport::load
