#include "core/routing/trust.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "core/sip/digest.h"
#include "core/sip/edit.h"
#include "core/sip/octets.h"
#include "core/sip/values.h"

namespace sallyport::routing {
namespace {

using sip::HeaderField;
using sip::HeaderId;
using sip::MessageView;
using sip::SpliceList;

// Source: TS 24.229 4.4, 5.2.1; RFC 3325 5 (only the network asserts), RFC 3329
// 2.3.1 (the agreement ends here), RFC 3327 and RFC 3608 (proxies and
// registrars write these two).
constexpr HeaderId kFromUe[] = {
    HeaderId::kPAssertedIdentity,
    HeaderId::kPPreferredIdentity,
    HeaderId::kPChargingVector,
    HeaderId::kPChargingFunctionAddresses,
    HeaderId::kPVisitedNetworkId,
    HeaderId::kPAssociatedUri,
    HeaderId::kServiceRoute,
    HeaderId::kPath,
    HeaderId::kPCalledPartyId,
    HeaderId::kPServedUser,
    HeaderId::kPProfileKey,
    HeaderId::kPAssertedService,
    HeaderId::kPUserDatabase,
    HeaderId::kPMediaAuthorization,
    HeaderId::kPPrivateNetworkIndication,
    HeaderId::kSecurityClient,
    HeaderId::kSecurityVerify,
    HeaderId::kSecurityServer,
    HeaderId::kFeatureCaps,
    HeaderId::kResourcePriority,
    HeaderId::kHistoryInfo,
    HeaderId::kRestorationInfo,
    HeaderId::kRelayedCharge,
    HeaderId::kServiceInteractInfo,
    HeaderId::kResponseSource,
    HeaderId::kAttestationInfo,
    HeaderId::kOriginationId,
    HeaderId::kCellularNetworkInfo,
    HeaderId::kAdditionalIdentity,
};

// Source: TS 24.229 4.4
constexpr HeaderId kTowardsUe[] = {
    HeaderId::kPChargingVector,
    HeaderId::kPChargingFunctionAddresses,
    HeaderId::kPVisitedNetworkId,
    HeaderId::kPPreferredIdentity,
    HeaderId::kPUserDatabase,
    HeaderId::kPServedUser,
    HeaderId::kPProfileKey,
    HeaderId::kPAssertedService,
    HeaderId::kPAccessNetworkInfo,
    HeaderId::kPMediaAuthorization,
    HeaderId::kPPrivateNetworkIndication,
    HeaderId::kResourcePriority,
    HeaderId::kRestorationInfo,
    HeaderId::kRelayedCharge,
    HeaderId::kServiceInteractInfo,
    HeaderId::kResponseSource,
    HeaderId::kAttestationInfo,
    HeaderId::kOriginationId,
    HeaderId::kCellularNetworkInfo,
    HeaderId::kSecurityClient,
    HeaderId::kSecurityVerify,
    HeaderId::kSecurityServer,
};

using IdSet = std::array<bool, sip::kHeaderIdCount>;

constexpr IdSet SetOf(std::span<const HeaderId> ids) {
  IdSet set{};
  for (HeaderId id : ids) set[static_cast<size_t>(id)] = true;
  return set;
}
constexpr IdSet kFromUeSet = SetOf(kFromUe);
constexpr IdSet kTowardsUeSet = SetOf(kTowardsUe);

void RemoveSet(const MessageView& message, const IdSet& set, SpliceList& out) {
  for (const HeaderField& field : message.headers()) {
    if (set[static_cast<size_t>(field.id)]) sip::RemoveField(field, out);
  }
}

// Where the parameters of a value begin: the first semicolon out of quotes.
std::string_view ParamsOf(std::string_view value) {
  bool quoted = false;
  for (size_t i = sip::FindAny<';', '"'>(value); i < value.size(); ++i) {
    if (quoted && value[i] == '\\') {
      ++i;
    } else if (value[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && value[i] == ';') {
      return value.substr(i);
    }
  }
  return {};
}

// A member that says `network-provided`, or that cannot be read to its end.
bool ClaimsNetworkProvided(std::string_view value) {
  constexpr std::string_view kFlag = "network-provided";
  std::string_view params = ParamsOf(value);
  std::string_view access_type =
      sip::TrimLws(value.substr(0, value.size() - params.size()));
  if (sip::EqualsIgnoreCase(access_type, kFlag)) return true;
  sip::ParamCursor cursor(params);
  while (cursor.Next()) {
    if (sip::EqualsIgnoreCase(cursor.name(), kFlag)) return true;
  }
  return cursor.malformed();
}

// True when every value of the row can be told from the next.
bool Readable(const MessageView& message, const HeaderField& row) {
  sip::ListCursor values(message, row);
  while (values.Next()) {
  }
  return !values.malformed();
}

// Source: TS 33.203 P.3
void StripAccessNetwork(const MessageView& message, SpliceList& out) {
  for (const HeaderField* row = message.Find(HeaderId::kPAccessNetworkInfo);
       row != nullptr; row = message.Next(row)) {
    // One unreadable row hides where the values of its siblings end as little
    // as its own; the list edit below cannot take rows one by one.
    if (!Readable(message, *row)) {
      (void)sip::RemoveAll(message, HeaderId::kPAccessNetworkInfo, out);
      return;
    }
  }
  (void)sip::RemoveListValues(message, HeaderId::kPAccessNetworkInfo,
                              ClaimsNetworkProvided, out);
}

// Source: TS 24.229 5.2.6.4.1
void StripEarlyMedia(const MessageView& message, SpliceList& out) {
  if (!message.is_request()) {
    (void)sip::RemoveAll(message, HeaderId::kPEarlyMedia, out);
    return;
  }
  (void)sip::RemoveListValues(
      message, HeaderId::kPEarlyMedia,
      [](std::string_view value) {
        return !sip::EqualsIgnoreCase(value, "supported");
      },
      out);
}

// The parameter goes with the semicolon in front of it and the space between.
void RemoveParam(const MessageView& message, std::string_view param,
                 SpliceList& out) {
  size_t begin = message.OffsetOf(param);
  const size_t end = begin + param.size();
  while (message.bytes()[begin] != ';') --begin;
  out.Remove(begin, end);
}

// Removes `loc-src` of one value; false: it cannot be read.
bool StripLocSource(const MessageView& message, std::string_view value,
                    SpliceList& out) {
  std::optional<sip::NameAddrView> location = sip::ParseNameAddr(value);
  if (!location.has_value()) return false;
  sip::ParamCursor params(location->params);
  while (params.Next()) {
    if (sip::EqualsIgnoreCase(params.name(), "loc-src")) {
      RemoveParam(message, params.whole(), out);
    }
  }
  return !params.malformed();
}

// Source: TS 24.229 4.4
void StripGeolocation(const MessageView& message, SpliceList& out) {
  for (const HeaderField* row = message.Find(HeaderId::kGeolocation);
       row != nullptr; row = message.Next(row)) {
    bool readable = true;
    sip::ListCursor values(message.Value(*row));
    while (values.Next()) {
      readable = StripLocSource(message, values.value(), out) && readable;
    }
    if (!readable || values.malformed()) sip::RemoveField(*row, out);
  }
}

// Source: TS 24.229 7.2A.1 (session keys stay with the P-CSCF)
void StripSessionKeys(const MessageView& message, HeaderId id,
                      SpliceList& out) {
  static constexpr std::string_view kKeys[] = {"ck", "ik", "cipher-key",
                                               "integrity-key"};
  for (const HeaderField* row = message.Find(id); row != nullptr;
       row = message.Next(row)) {
    if (!sip::EditAuthParams(message, *row, kKeys, {}, out).ok) {
      sip::RemoveField(*row, out);
    }
  }
}

}  // namespace

std::span<const HeaderId> RemovedFromUe() { return kFromUe; }
std::span<const HeaderId> RemovedTowardsUe() { return kTowardsUe; }

void StripFieldsFromUe(const MessageView& message, SpliceList& out) {
  RemoveSet(message, kFromUeSet, out);
  StripAccessNetwork(message, out);
  if (message.Has(HeaderId::kPEarlyMedia)) StripEarlyMedia(message, out);
  if (message.Has(HeaderId::kGeolocation)) StripGeolocation(message, out);
}

// Source: TS 33.203 P.3; spec 4.2
bool StripCredentials(const MessageView& message,
                      const SelectedCredentials& selected,
                      std::string_view parameter, SpliceList& out) {
  static constexpr std::string_view kFlag[] = {sip::kIntegrityProtected};
  bool ok = true;
  for (HeaderId id :
       {HeaderId::kAuthorization, HeaderId::kProxyAuthorization}) {
    for (const HeaderField* row = message.Find(id); row != nullptr;
         row = message.Next(row)) {
      const bool ours = row == selected.row;
      if (ours && selected.unclaimed) {
        if (!parameter.empty()) sip::AppendAuthParam(*row, parameter, out);
        continue;
      }
      if (!sip::EditAuthParams(message, *row, kFlag,
                               ours ? parameter : std::string_view(), out)
               .ok) {
        sip::RemoveField(*row, out);
        if (ours) ok = false;
      }
    }
  }
  return ok;
}

void StripFromUe(const MessageView& message, SpliceList& out) {
  StripFieldsFromUe(message, out);
  (void)StripCredentials(message, {}, {}, out);
}

bool WantsPrivacy(const MessageView& message, std::string_view value) {
  for (const HeaderField* row = message.Find(HeaderId::kPrivacy);
       row != nullptr; row = message.Next(row)) {
    std::string_view rest = message.Value(*row);
    while (!rest.empty()) {
      const size_t end = std::min(rest.find_first_of(";,"), rest.size());
      std::string_view word = sip::TrimLws(rest.substr(0, end));
      if (sip::EqualsIgnoreCase(word, value)) return true;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return false;
}

void StripTowardsUe(const MessageView& message, bool strip_asserted_identity,
                    SpliceList& out) {
  RemoveSet(message, kTowardsUeSet, out);
  if (strip_asserted_identity) {
    (void)sip::RemoveAll(message, HeaderId::kPAssertedIdentity, out);
  }
  // "Subject to privacy" of spec 3.3: the edge of the domain is who hides it.
  if (message.Has(HeaderId::kHistoryInfo) &&
      (WantsPrivacy(message, "history") || WantsPrivacy(message, "header"))) {
    (void)sip::RemoveAll(message, HeaderId::kHistoryInfo, out);
  }
  StripSessionKeys(message, HeaderId::kWwwAuthenticate, out);
  StripSessionKeys(message, HeaderId::kProxyAuthenticate, out);
}

}  // namespace sallyport::routing
