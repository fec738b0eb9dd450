// Lists and parameters of header values: where a comma or a semicolon parts,
// and where it is data (RFC 3261 7.3.1, 25).
#ifndef CORE_SIP_LIST_H_
#define CORE_SIP_LIST_H_

#include <string_view>

#include "absl/base/attributes.h"
#include "core/sip/message.h"

namespace sallyport::sip {

// Walks all values of a list header over rows and commas, in order. Commas in
// quoted strings and angle brackets are data.
//   for (ListCursor c(message, HeaderId::kRoute); c.Next();) use(c.value());
// An empty row has no values; `a,,b` has three, of which one is empty.
// Cost: a row without a comma, as most are, is taken whole and not looked at.
class ListCursor {
 public:
  ListCursor(const MessageView& message ABSL_ATTRIBUTE_LIFETIME_BOUND,
             HeaderId id)
      : message_(&message),
        first_(message.Find(id)),
        one_row_(!message.IsRepeated(id)) {
    if (first_ != nullptr) TakeRow(first_);
  }
  // One row only.
  ListCursor(const MessageView& message ABSL_ATTRIBUTE_LIFETIME_BOUND,
             const HeaderField& row ABSL_ATTRIBUTE_LIFETIME_BOUND)
      : message_(&message), first_(&row), one_row_(true) {
    TakeRow(first_);
  }
  explicit ListCursor(std::string_view row ABSL_ATTRIBUTE_LIFETIME_BOUND);

  bool Next() {
    if (!in_row_ && (one_row_ || !NextRow())) return false;
    if (has_comma_) return NextInRow();
    value_ = span_ = rest_;
    in_row_ = false;
    return true;
  }
  std::string_view value() const { return value_; }    // trimmed; may be empty
  const HeaderField* field() const { return field_; }  // the row it stands in
  // Where the value stands in its row with the white space around it: behind
  // the comma before it, up to the comma behind it.
  std::string_view span() const { return span_; }
  // Unterminated quote or bracket in a row that the walk came to: the row is
  // one value from there.
  bool malformed() const { return malformed_ || HasOpenRow(); }

 private:
  void TakeRow(const HeaderField* row) {
    field_ = row;
    rest_ = message_->Value(*row);
    has_comma_ = row->has_comma;
    in_row_ = !rest_.empty();
  }
  bool NextRow();
  bool NextInRow();
  bool HasOpenRow() const;

  const MessageView* message_ = nullptr;
  const HeaderField* first_ = nullptr;
  const HeaderField* field_ = nullptr;
  std::string_view rest_;
  std::string_view value_;
  std::string_view span_;
  bool one_row_ = false;  // or none
  bool in_row_ = false;
  bool has_comma_ = true;  // that may part the row
  bool malformed_ = false;
};

// Walks `;name=value` parameters. Value may be quoted (quotes kept in value()).
class ParamCursor {
 public:
  // Begins at ';' (white space before it is skipped) or is empty.
  explicit ParamCursor(std::string_view params ABSL_ATTRIBUTE_LIFETIME_BOUND);

  bool Next();
  std::string_view name() const { return name_; }
  // Empty when has_value is false.
  std::string_view value() const { return value_; }
  bool has_value() const { return !value_.empty(); }
  // From the name to the value's end.
  std::string_view whole() const {
    const char* const end = value_.data() + value_.size();
    return {name_.data(), static_cast<size_t>(end - name_.data())};
  }
  // No ';' where one must stand, an empty name, '=' without a value, an
  // unterminated quote, a quote within a token. Next() is false from there on.
  bool malformed() const { return malformed_; }

 private:
  bool Take(size_t begin, size_t end);
  bool TakeQuoted(size_t begin);
  bool Fail();

  std::string_view text_, name_;
  std::string_view value_;  // without one: empty, where the name ends
  size_t at_ = 0;  // what follows begins here, in text_
  bool malformed_ = false;
};

struct Param {
  bool present = false;
  bool has_value = false;
  std::string_view value;
  std::string_view whole;
};
// First parameter of that name (case-insensitive).
Param FindParam(std::string_view params ABSL_ATTRIBUTE_LIFETIME_BOUND,
                std::string_view name);
// True when all of it can be walked.
bool AreParams(std::string_view params);

}  // namespace sallyport::sip

#endif  // CORE_SIP_LIST_H_
