#include "core/sip/list.h"

#include "core/sip/octets.h"
#include "core/sip/text.h"

namespace sallyport::sip {
namespace {

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

ParamCursor::ParamCursor(std::string_view params) : text_(TrimLws(params)) {}

bool ParamCursor::Fail() {
  malformed_ = true;
  text_ = {};
  at_ = 0;
  return false;
}

namespace {

// Walks by places in the whole text: a search near its end need not go octet by
// octet.
size_t SkipLws(std::string_view text, size_t at) {
  while (at < text.size() && IsLws(text[at])) ++at;
  return at;
}

}  // namespace

// The value stands there; behind it another parameter begins, or nothing.
inline bool ParamCursor::Take(size_t begin, size_t end) {
  const size_t at = SkipLws(text_, end);
  if (at < text_.size() && text_[at] != ';') return Fail();
  value_ = {text_.data() + begin, end - begin};
  at_ = at;
  return true;
}

// Out of the way of Next(), which calls nothing else and so has no registers to
// save.
[[gnu::noinline]] bool ParamCursor::TakeQuoted(size_t begin) {
  const size_t size = QuotedSize(Behind(text_, begin));
  return size == 0 ? Fail() : Take(begin, begin + size);
}

// Source: RFC 3261 25.1 (generic-param, SEMI, EQUAL).
bool ParamCursor::Next() {
  const std::string_view text = text_;
  if (at_ == text.size()) return false;
  if (text[at_] != ';') return Fail();
  const size_t begin = SkipLws(text, at_ + 1);
  const size_t name_end = FindStranger(text, kNameChars, begin);
  if (name_end == begin) return Fail();
  name_ = {text.data() + begin, name_end - begin};
  const size_t equal = SkipLws(text, name_end);
  if (equal == text.size() || text[equal] != '=') {
    return Take(name_end, name_end);
  }
  const size_t value = SkipLws(text, equal + 1);
  if (value < text.size() && text[value] == '"') return TakeQuoted(value);
  const size_t end = FindStranger(text, kBareValueChars, value);
  if (end == value) return Fail();
  return Take(value, end);
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
