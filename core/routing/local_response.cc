#include "core/routing/local_response.h"

#include <array>
#include <optional>

#include "core/sip/edit.h"
#include "core/sip/limits.h"
#include "core/sip/values.h"

namespace sallyport::routing {
namespace {

using sip::HeaderField;
using sip::HeaderId;
using sip::MessageView;
using sip::Scratch;

// The first Via row with its top value stamped, as a whole line in `row`; empty
// when it cannot be read or does not fit.
using RowBuffer = std::array<char, sip::kHeaderValueBytesMax + 512>;
std::string_view StampedRow(const MessageView& request,
                            const HeaderField& field, const Endpoint& peer,
                            Scratch& scratch, RowBuffer& row) {
  sip::SpliceList splices;
  splices.Reset(request.bytes());
  splices.Remove(0, field.name_begin);
  splices.Remove(field.line_end, request.bytes().size());
  if (!sip::StampTopVia(request, peer, splices, scratch)) return {};
  splices.Seal();
  if (splices.overflowed() || splices.gathered_size() > row.size()) return {};
  splices.Gather(row.data());
  return {row.data(), splices.gathered_size()};
}

void AppendLine(Scratch& scratch, std::string_view name,
                std::string_view value) {
  scratch.Append(name);
  scratch.Append(value);
  scratch.Append("\r\n");
}

bool HasTag(std::string_view to) {
  std::optional<sip::NameAddrView> party = sip::ParseNameAddr(to);
  return party.has_value() && sip::FindParam(party->params, "tag").present;
}

void AppendVias(const MessageView& request, std::string_view stamped,
                Scratch& scratch) {
  const HeaderField* row = request.Find(HeaderId::kVia);
  if (!stamped.empty()) {
    scratch.Append(stamped);
    row = request.Next(row);
  }
  for (; row != nullptr; row = request.Next(row)) {
    AppendLine(scratch, "Via: ", request.Value(*row));
  }
}

}  // namespace

// Source: RFC 3261 8.2.6.1, 8.2.6.2
std::string_view WriteResponse(const MessageView& request, const Endpoint& peer,
                               const Refusal& answer, std::string_view to_tag,
                               Scratch& scratch) {
  RowBuffer row;
  const HeaderField* via = request.Find(HeaderId::kVia);
  std::string_view stamped;
  if (via != nullptr) stamped = StampedRow(request, *via, peer, scratch, row);
  std::string_view to = request.Value(HeaderId::kTo);

  scratch.Begin();
  scratch.Append("SIP/2.0 ");
  scratch.AppendUint(static_cast<uint64_t>(answer.code));
  AppendLine(scratch, " ",
             answer.reason.empty() ? ReasonPhrase(answer.code) : answer.reason);
  AppendVias(request, stamped, scratch);
  AppendLine(scratch, "From: ", request.Value(HeaderId::kFrom));
  scratch.Append("To: ");
  scratch.Append(to);
  if (answer.code > 100 && !HasTag(to)) {
    scratch.Append(";tag=");
    scratch.Append(to_tag);
  }
  AppendLine(scratch, "\r\nCall-ID: ", request.Value(HeaderId::kCallId));
  AppendLine(scratch, "CSeq: ", request.Value(HeaderId::kCSeq));
  scratch.Append(answer.extra);
  if (answer.retry_after_s != 0) {
    scratch.Append("Retry-After: ");
    scratch.AppendUint(answer.retry_after_s);
    scratch.Append("\r\n");
  }
  scratch.Append("Content-Length: 0\r\n\r\n");
  return scratch.Take();
}

}  // namespace sallyport::routing
