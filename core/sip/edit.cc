#include "core/sip/edit.h"

#include <algorithm>

#include "core/sip/digest.h"
#include "core/sip/list.h"
#include "core/sip/text.h"
#include "core/sip/via.h"

namespace sallyport::sip {
namespace {

// Where a text lies in the message.
struct Range {
  size_t begin = 0;
  size_t end = 0;
};
Range RangeOf(const MessageView& message, std::string_view part) {
  const size_t begin = message.OffsetOf(part);
  return {.begin = begin, .end = begin + part.size()};
}

// Takes parts out of a row that commas part, so that every part that stays
// keeps the comma before it. Parts are shown in order.
class RowEdit {
 public:
  explicit RowEdit(SpliceList& splices) : splices_(splices) {}

  void Keep(Range part) {
    if (in_run_) splices_.Remove(run_begin_, part.begin);
    in_run_ = false;
    kept_end_ = part.end;
    ++kept_;
  }
  void Drop(Range part) {
    if (!in_run_) run_begin_ = part.begin;
    in_run_ = true;
    ++removed_;
  }
  // `end` is that of the last part.
  void Finish(size_t end) {
    if (in_run_) splices_.Remove(kept_ > 0 ? kept_end_ : run_begin_, end);
  }

  size_t kept() const { return kept_; }
  size_t removed() const { return removed_; }

 private:
  SpliceList& splices_;
  size_t kept_end_ = 0;
  size_t run_begin_ = 0;
  bool in_run_ = false;
  size_t kept_ = 0;
  size_t removed_ = 0;
};

}  // namespace

// ---- whole fields

void RemoveField(const HeaderField& field, SpliceList& splices) {
  splices.Remove(field.name_begin, field.line_end);
}

size_t RemoveAll(const MessageView& message, HeaderId id, SpliceList& splices) {
  size_t removed = 0;
  for (const HeaderField* field = message.Find(id); field != nullptr;
       field = message.Next(field)) {
    RemoveField(*field, splices);
    ++removed;
  }
  return removed;
}

void ReplaceValue(const HeaderField& field, std::string_view value,
                  SpliceList& splices) {
  splices.Replace(field.value_begin, field.value_begin + field.value_size,
                  value);
}

void InsertBefore(const HeaderField& field, std::string_view line,
                  SpliceList& splices) {
  splices.Insert(field.name_begin, line);
}

void InsertFirst(const MessageView& message, HeaderId id, std::string_view line,
                 SpliceList& splices) {
  const HeaderField* const first = message.Find(id);
  splices.Insert(first == nullptr ? message.headers_end() : first->name_begin,
                 line);
}

void InsertTop(const MessageView& message, std::string_view line,
               SpliceList& splices) {
  splices.Insert(message.start_line_end(), line);
}

void AppendField(const MessageView& message, std::string_view line,
                 SpliceList& splices) {
  splices.Insert(message.headers_end(), line);
}

// ---- lists

namespace {

using ValueTest = absl::FunctionRef<bool(std::string_view value)>;

// Of a row that is one value, or none.
void EditSoleValue(const MessageView& message, const HeaderField& row,
                   ValueTest remove, ListEdit& total, SpliceList& splices) {
  const std::string_view value = message.Value(row);
  if (value.empty()) return;
  if (!remove(value)) {
    ++total.kept;
    return;
  }
  ++total.removed;
  RemoveField(row, splices);
}

void EditValues(const MessageView& message, const HeaderField& row,
                ValueTest remove, ListEdit& total, SpliceList& splices) {
  RowEdit edit(splices);
  for (ListCursor cursor(message, row); cursor.Next();) {
    if (cursor.value().empty()) continue;
    const Range range = RangeOf(message, cursor.value());
    remove(cursor.value()) ? edit.Drop(range) : edit.Keep(range);
  }
  total.kept += edit.kept();
  total.removed += edit.removed();
  if (edit.kept() == 0 && edit.removed() > 0) {
    RemoveField(row, splices);
  } else {
    edit.Finish(row.value_begin + row.value_size);
  }
}

}  // namespace

ListEdit RemoveListValues(
    const MessageView& message, HeaderId id,
    absl::FunctionRef<bool(std::string_view value)> remove,
    SpliceList& splices) {
  ListEdit total;
  for (const HeaderField* field = message.Find(id); field != nullptr;
       field = message.Next(field)) {
    const auto edit = field->has_comma ? EditValues : EditSoleValue;
    edit(message, *field, remove, total, splices);
  }
  return total;
}

ListEdit RemoveFirstListValues(const MessageView& message, HeaderId id,
                               size_t count, SpliceList& splices) {
  size_t seen = 0;
  return RemoveListValues(
      message, id, [&](std::string_view) { return seen++ < count; }, splices);
}

ListEdit RemoveLastListValue(const MessageView& message, HeaderId id,
                             SpliceList& splices) {
  size_t count = 0, seen = 0;
  for (ListCursor cursor(message, id); cursor.Next();) {
    count += !cursor.value().empty();
  }
  return RemoveListValues(
      message, id, [&](std::string_view) { return ++seen == count; }, splices);
}

ListEdit RemoveOptionTag(const MessageView& message, HeaderId id,
                         std::string_view tag, SpliceList& splices) {
  return RemoveListValues(
      message, id,
      [&](std::string_view value) { return EqualsIgnoreCase(value, tag); },
      splices);
}

// ---- credentials

namespace {

bool IsNamed(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::any_of(names, [&](std::string_view each) {
    return EqualsIgnoreCase(name, each);
  });
}

// False: a parameter cannot be told from the next, or no other may follow.
bool EditParams(const MessageView& message, const AuthValue& value,
                std::span<const std::string_view> names,
                std::string_view parameter, RowEdit& edit) {
  AuthParamCursor cursor(value.params);
  while (cursor.Next()) {
    const Range range = RangeOf(message, cursor.whole());
    if (IsNamed(cursor.name(), names)) {
      edit.Drop(range);
    } else if (cursor.is_token68() && !parameter.empty()) {
      return false;
    } else {
      edit.Keep(range);
    }
  }
  return !cursor.malformed();
}

// `separator`: what parts it from what stands before it.
void AppendBehind(const HeaderField& field, std::string_view separator,
                  std::string_view parameter, SpliceList& splices) {
  const size_t end = field.value_begin + field.value_size;
  if (!separator.empty()) splices.Insert(end, separator);
  splices.Insert(end, parameter);
}

}  // namespace

void AppendAuthParam(const HeaderField& field, std::string_view parameter,
                     SpliceList& splices) {
  AppendBehind(field, ", ", parameter, splices);
}

AuthEdit EditAuthParams(const MessageView& message, const HeaderField& field,
                        std::span<const std::string_view> names,
                        std::string_view parameter, SpliceList& splices) {
  const AuthValue value = SplitAuthValue(message.Value(field));
  if (value.scheme.empty()) return {};
  const size_t untouched = splices.count();
  RowEdit edit(splices);
  if (!EditParams(message, value, names, parameter, edit)) {
    splices.TakeBack(untouched);
    return {};
  }
  const AuthEdit done{
      .ok = true, .removed = edit.removed(), .kept = edit.kept()};
  if (done.removed > 0 && done.kept == 0 && parameter.empty()) {
    RemoveField(field, splices);
    return done;
  }
  edit.Finish(field.value_begin + field.value_size);
  if (!parameter.empty()) {
    const std::string_view separator = done.kept > 0          ? ", "
                                       : value.params.empty() ? " "
                                                              : "";
    AppendBehind(field, separator, parameter, splices);
  }
  return done;
}

// ---- Via

namespace {

std::string_view WriteReceived(std::string_view before,
                               const IpAddress& address, Scratch& scratch) {
  char text[IpAddress::kTextBytesMax];
  return scratch.Join(before,
                      "received=", std::string_view(text, address.Write(text)));
}

std::string_view WriteRport(uint16_t port, Scratch& scratch) {
  scratch.Begin();
  scratch.Append("rport=");
  scratch.AppendUint(port);
  return scratch.Take();
}

void ReplacePart(const MessageView& message, std::string_view part,
                 std::string_view text, SpliceList& splices) {
  const Range range = RangeOf(message, part);
  splices.Replace(range.begin, range.end, text);
}

}  // namespace

void StampVia(const MessageView& message, const ViaView& via,
              const Endpoint& source, SpliceList& splices, Scratch& scratch) {
  // Source: RFC 3581 4.
  if (via.rport.present) {
    ReplacePart(message, via.rport.whole, WriteRport(source.port, scratch),
                splices);
  }
  // Source: RFC 3261 18.2.1.
  if (via.received.present) {
    ReplacePart(message, via.received.whole,
                WriteReceived("", source.address, scratch), splices);
    return;
  }
  if (via.rport.present || IpAddress::Parse(via.host) != source.address) {
    splices.Insert(RangeOf(message, via.whole).end,
                   WriteReceived(";", source.address, scratch));
  }
}

bool StampTopVia(const MessageView& message, const Endpoint& source,
                 SpliceList& splices, Scratch& scratch) {
  ListCursor top(message, HeaderId::kVia);
  if (!top.Next()) return false;
  const std::optional<ViaView> via = ParseVia(top.value());
  if (via) StampVia(message, *via, source, splices, scratch);
  return via.has_value();
}

}  // namespace sallyport::sip
