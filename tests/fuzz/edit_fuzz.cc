// After an edit the message is a message again and what was to go is gone: no
// claim of integrity in any credentials, no option tag, one Via value less. Of
// credentials of every scheme the naive reader says the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/endpoint.h"
#include "core/routing/trust.h"
#include "core/routing/validation.h"
#include "core/sip/digest.h"
#include "core/sip/edit.h"
#include "core/sip/message.h"
#include "core/sip/splice.h"
#include "core/sip/values.h"
#include "tests/fuzz/demand.h"
#include "tests/fuzz/naive_sip.h"

namespace fuzz = sallyport::fuzz;
namespace routing = sallyport::routing;
namespace sip = sallyport::sip;

namespace {

constexpr std::string_view kNames[] = {"integrity-protected"};
constexpr std::string_view kYes = "integrity-protected=\"tls-yes\"";

using sallyport::fuzz::Demand;

size_t CountValues(const sip::MessageView& message, sip::HeaderId id) {
  size_t count = 0;
  for (sip::ListCursor cursor(message, id); cursor.Next();) {
    count += !cursor.value().empty();
  }
  return count;
}

size_t CountClaims(std::string_view credentials) {
  size_t count = 0;
  const sip::AuthValue value = sip::SplitAuthValue(credentials);
  sip::AuthParamCursor cursor(value.params);
  while (cursor.Next()) {
    count += sip::EqualsIgnoreCase(cursor.name(), kNames[0]);
  }
  Demand(!cursor.malformed());
  return count;
}

// False when credentials cannot be walked: the message would be refused.
bool EditAll(const sip::MessageView& message, sip::SpliceList& splices) {
  for (const sip::HeaderField* field =
           message.Find(sip::HeaderId::kAuthorization);
       field != nullptr; field = message.Next(field)) {
    if (!sip::EditAuthParams(message, *field, kNames, kYes, splices).ok) {
      return false;
    }
  }
  sip::RemoveOptionTag(message, sip::HeaderId::kRequire, "path", splices);
  sip::RemoveFirstListValues(message, sip::HeaderId::kVia, 1, splices);
  sip::RemoveAll(message, sip::HeaderId::kPath, splices);
  return !splices.overflowed();
}

void DemandEdited(const sip::MessageView& before,
                  const sip::MessageView& after) {
  const size_t vias = CountValues(before, sip::HeaderId::kVia);
  Demand(CountValues(after, sip::HeaderId::kVia) == (vias == 0 ? 0 : vias - 1));
  Demand(!after.Has(sip::HeaderId::kPath));
  for (sip::ListCursor c(after, sip::HeaderId::kRequire); c.Next();) {
    Demand(!sip::EqualsIgnoreCase(c.value(), "path"));
  }
  Demand(after.Count(sip::HeaderId::kAuthorization) ==
         before.Count(sip::HeaderId::kAuthorization));
  for (const sip::HeaderField& field : after.headers()) {
    if (field.id != sip::HeaderId::kAuthorization) continue;
    Demand(CountClaims(after.Value(field)) == 1);
  }
  Demand(after.body() == before.body());
}

// ---- credentials, as the proxy edits them on the way to the registrar

size_t NaiveClaims(const fuzz::NaiveMessage& message, fuzz::QuotesEnd quotes,
                   std::string_view name) {
  size_t count = 0;
  for (const std::string& value : message.Values(name)) {
    for (const fuzz::NaiveParam& param : fuzz::NaiveParams(value, quotes)) {
      if (param.name != kNames[0] || param.is_scheme) continue;
      Demand(param.text == kYes);
      ++count;
    }
  }
  return count;
}

// Whatever the schemes: one claim of ours in the row that was selected, and
// none elsewhere. Where two readers end a quoted string at different places,
// they agree unless the message would be refused.
void DemandStripped(const sip::MessageView& before,
                    const routing::SelectedCredentials& selected,
                    sip::SpliceList& splices) {
  splices.Reset(before.bytes());
  const bool ok = routing::StripCredentials(
      before, selected, selected.row == nullptr ? "" : kYes, splices);
  if (splices.overflowed()) return;
  splices.Seal();
  std::string out(splices.gathered_size(), '\0');
  splices.Gather(out.data());
  const fuzz::NaiveMessage after = fuzz::ReadNaively(out);
  const size_t ours = ok && selected.row != nullptr ? 1 : 0;
  const bool refused = static_cast<bool>(routing::ValidateCredentials(before));
  for (const fuzz::QuotesEnd quotes :
       {fuzz::QuotesEnd::kAtUnescapedQuote, fuzz::QuotesEnd::kAtAnyQuote}) {
    if (quotes == fuzz::QuotesEnd::kAtAnyQuote && refused) continue;
    Demand(NaiveClaims(after, quotes, "authorization") == ours);
    Demand(NaiveClaims(after, quotes, "proxy-authorization") == 0);
  }
}

void DemandCredentials(const sip::MessageView& before,
                       sip::SpliceList& splices) {
  DemandStripped(before, {}, splices);
  for (const sip::HeaderField* row = before.Find(sip::HeaderId::kAuthorization);
       row != nullptr; row = before.Next(row)) {
    DemandStripped(before, {.row = row}, splices);
    if (sip::ParseCredentials(before.Value(*row)).unclaimed) {
      DemandStripped(before, {.row = row, .unclaimed = true}, splices);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static sip::MessageView before, after;
  static sip::SpliceList splices;
  static sip::Scratch scratch;
  if (before.Scan(bytes) != sip::ScanVerdict::kOk) return 0;
  DemandCredentials(before, splices);
  splices.Reset(bytes);
  if (!EditAll(before, splices)) return 0;
  splices.Seal();
  std::string out(splices.gathered_size(), '\0');
  splices.Gather(out.data());
  const sip::ScanVerdict verdict = after.Scan(out);
  // Appended parameters may carry the head over a bound, and nothing else.
  if (verdict != sip::ScanVerdict::kOk) {
    Demand(verdict == sip::ScanVerdict::kHeadTooLong ||
           verdict == sip::ScanVerdict::kHeaderTooLong);
    return 0;
  }
  DemandEdited(before, after);

  scratch.Reset();
  splices.Reset(bytes);
  const sallyport::Endpoint source{sallyport::IpAddress::V4({192, 0, 2, 1}), 9};
  if (!sip::StampTopVia(before, source, splices, scratch)) return 0;
  splices.Seal();
  out.assign(splices.gathered_size(), '\0');
  splices.Gather(out.data());
  if (after.Scan(out) != sip::ScanVerdict::kOk) return 0;
  sip::ListCursor top(after, sip::HeaderId::kVia);
  Demand(top.Next());
  const auto via = sip::ParseVia(top.value());
  Demand(via.has_value());
  Demand(!via->received.present || via->received.value == "192.0.2.1");
  Demand(!via->rport.present || via->rport.value == "9");
  return 0;
}
