#include "core/sip/list.h"

#include "core/sip/octets.h"
#include "core/sip/text.h"

namespace sallyport::sip {
namespace {

std::string_view Between(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

// Octets up to the comma that ends the first value, or all; npos when a quote
// or bracket does not close.
size_t ValueSize(std::string_view row) {
  size_t i = 0;
  while ((i = FindAny<',', '"', '<'>(row, i)) < row.size()) {
    if (row[i] == ',') return i;
    if (row[i] == '"') {
      const size_t quoted = QuotedSize(Behind(row, i));
      if (quoted == 0) return row.npos;
      i += quoted;
    } else {
      i = row.find('>', i);
      if (i == row.npos) return row.npos;
      ++i;
    }
  }
  return row.size();
}

// Names of URI parameters have brackets, colons and such as well (RFC
// 3261 25.1, paramchar); what is no name of ours only has to end in the right
// place.
constexpr OctetSet kNameChars = ~(kLws | OctetSet(";=\",<>"));
constexpr OctetSet kBareValueChars = ~(kLws | OctetSet(";\""));

}  // namespace

ListCursor::ListCursor(std::string_view row)
    : rest_(row), one_row_(true), in_row_(!TrimLws(row).empty()) {}

bool ListCursor::NextRow() {
  while (const HeaderField* const next = message_->Next(field_)) {
    TakeRow(next);
    if (in_row_) return true;
  }
  return false;
}

bool ListCursor::NextInRow() {
  const size_t size = ValueSize(rest_);
  malformed_ = malformed_ || size == rest_.npos;
  span_ = Front(rest_, size);
  value_ = TrimLws(span_);
  // A comma has something behind it, if only an empty value.
  in_row_ = span_.size() < rest_.size();
  rest_.remove_prefix(in_row_ ? span_.size() + 1 : rest_.size());
  return true;
}

// Those without a comma were not looked at on the way.
bool ListCursor::HasOpenRow() const {
  for (const HeaderField* row = first_; row != nullptr;
       row = row == field_ ? nullptr : message_->Next(row)) {
    const bool was_read = row->has_comma;
    if (!was_read &&
        ValueSize(message_->Value(*row)) == std::string_view::npos) {
      return true;
    }
  }
  return false;
}

ParamCursor::ParamCursor(std::string_view params) : rest_(TrimLws(params)) {}

bool ParamCursor::Fail() {
  malformed_ = true;
  rest_ = {};
  return false;
}

// Octets of the value at the front; 0 when there is none that can be read.
size_t ParamCursor::ReadValue(std::string_view text) {
  if (text.starts_with('"')) return QuotedSize(text);
  const size_t size = SpanOf(text, kBareValueChars);
  return size < text.size() && text[size] == '"' ? 0 : size;
}

// Source: RFC 3261 25.1 (generic-param, SEMI, EQUAL).
bool ParamCursor::Next() {
  if (rest_.empty()) return false;
  if (rest_.front() != ';') return Fail();
  const std::string_view text = SkipLws(Behind(rest_, 1));
  const size_t size = SpanOf(text, kNameChars);
  if (size == 0) return Fail();
  name_ = Front(text, size);
  value_ = {};
  rest_ = SkipLws(Behind(text, size));
  has_value_ = rest_.starts_with('=');
  if (has_value_) {
    const std::string_view behind = SkipLws(Behind(rest_, 1));
    const size_t value_size = ReadValue(behind);
    if (value_size == 0) return Fail();
    value_ = Front(behind, value_size);
    rest_ = SkipLws(Behind(behind, value_size));
  }
  const char* const end =
      has_value_ ? value_.data() + value_.size() : name_.data() + name_.size();
  whole_ = Between(name_.data(), end);
  if (!rest_.empty() && rest_.front() != ';') return Fail();
  return true;
}

Param FindParam(std::string_view params, std::string_view name) {
  for (ParamCursor cursor(params); cursor.Next();) {
    if (!EqualsIgnoreCase(cursor.name(), name)) continue;
    return {.present = true,
            .has_value = cursor.has_value(),
            .value = cursor.value(),
            .whole = cursor.whole()};
  }
  return {};
}

bool AreParams(std::string_view params) {
  ParamCursor cursor(params);
  while (cursor.Next()) {
  }
  return !cursor.malformed();
}

}  // namespace sallyport::sip
