// Edits of a scanned message in the field's words: take out a header field, a
// value of a list, an option tag, a parameter of credentials; put in a field.
//
// Each function reads the message as it was scanned and adds splices; none sees
// what another one changed. So two calls for one row must not both remove
// values of it: say all of them in one call (the predicate, the list of names).
//
// Laws: what is not named stays byte for byte; a list keeps legal commas; a row
//       whose last value went is gone whole, folds and all.
// Fails: by SpliceList::overflowed() and Scratch::overflowed(), asked once at
// the
//        end; by a result where the bytes of a peer can be at fault.
// Cost:  one walk over the named rows; no heap.
#ifndef CORE_SIP_EDIT_H_
#define CORE_SIP_EDIT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "core/base/endpoint.h"
#include "core/sip/header_names.h"
#include "core/sip/message.h"
#include "core/sip/splice.h"
#include "core/sip/via.h"

namespace sallyport::sip {

// ---- whole fields

// Removes the line, its folds and its CRLF.
void RemoveField(const HeaderField& field, SpliceList& splices);
// Removes every row of this id; returns how many.
size_t RemoveAll(const MessageView& message, HeaderId id, SpliceList& splices);
// Puts `value` in the place of the whole value. `value` lives until Gather().
void ReplaceValue(const HeaderField& field, std::string_view value,
                  SpliceList& splices);

// `line` is whole, with its CRLF, and lives until Gather(); several calls for
// one place keep their order.
void InsertBefore(const HeaderField& field, std::string_view line,
                  SpliceList& splices);
// As the first of its id: before the first row of it; when there is none, at
// the end of the head.
void InsertFirst(const MessageView& message, HeaderId id, std::string_view line,
                 SpliceList& splices);
// Directly behind the start line: a Via of our own.
void InsertTop(const MessageView& message, std::string_view line,
               SpliceList& splices);
// At the end of the head.
void AppendField(const MessageView& message, std::string_view line,
                 SpliceList& splices);

// ---- lists (Via, Route, Path, Require, ...)

struct ListEdit {
  size_t removed = 0;
  size_t kept = 0;  // over all rows of the id; empty values do not count
};
// Removes the values for which `remove` is true; it is asked once per value, in
// order. An unbalanced row (unterminated quote or bracket) is one value from
// where it breaks. What stands empty between commas is no value: it stays, but
// goes with the row, and with a value beside it.
ListEdit RemoveListValues(
    const MessageView& message, HeaderId id,
    absl::FunctionRef<bool(std::string_view value)> remove,
    SpliceList& splices);
// The first `count` values over the rows: own Via of a response, own Routes.
ListEdit RemoveFirstListValues(const MessageView& message, HeaderId id,
                               size_t count, SpliceList& splices);
// The last one, for the swap with a strict router (RFC 3261 16.4).
ListEdit RemoveLastListValue(const MessageView& message, HeaderId id,
                             SpliceList& splices);
// Every occurrence of the tag, in any case (Require, Proxy-Require, Supported).
ListEdit RemoveOptionTag(const MessageView& message, HeaderId id,
                         std::string_view tag, SpliceList& splices);

// ---- credentials and challenges (one row is one set, RFC 3261 7.3.1)

struct AuthEdit {
  // False: the row cannot be walked to its end (unterminated quote, a parameter
  // without a comma), or takes no parameter (a token68). Nothing was changed;
  // the message must not go on (spec 4.2 rule 4).
  bool ok = false;
  size_t removed = 0;
  size_t kept = 0;
};
// Removes every parameter of these names (any case, quoted, token or no value,
// spaces and folds around), and then appends `parameter`, `name="value"`
// without a comma, as the last one; an empty `parameter` appends nothing. A
// name within another parameter's quotes is data. The scheme may be any.
[[nodiscard]] AuthEdit EditAuthParams(const MessageView& message,
                                      const HeaderField& field,
                                      std::span<const std::string_view> names,
                                      std::string_view parameter,
                                      SpliceList& splices);

// Appends `parameter` to Digest credentials that were read to their end
// (verdict kDigest of ParseCredentials): for rows of which nothing goes.
void AppendAuthParam(const HeaderField& field, std::string_view parameter,
                     SpliceList& splices);

// ---- Via

// Says in the top Via where the request came from: `received` when sent-by is a
// name, differs from the source, or carried a claim of its own; `rport` when
// the peer asked for it, and then `received` in any case. Claims are
// overwritten. Source: RFC 3261 18.2.1, RFC 3581 4; spec 6.1.
// `via`: the top one, of this message.
void StampVia(const MessageView& message, const ViaView& via,
              const Endpoint& source, SpliceList& splices, Scratch& scratch);
// Reads it first; false: it cannot be read (400).
[[nodiscard]] bool StampTopVia(const MessageView& message,
                               const Endpoint& source, SpliceList& splices,
                               Scratch& scratch);

}  // namespace sallyport::sip

#endif  // CORE_SIP_EDIT_H_
