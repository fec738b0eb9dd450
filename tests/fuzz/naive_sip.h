// A second reader of SIP for tests alone: slow, liberal, and without a line of
// core/sip. It sees what any registrar's parser might see: line ends of every
// kind, names with white space around, parameters parted by commas, semicolons
// or spaces. What the proxy removed must be hidden from it, too.
#ifndef TESTS_FUZZ_NAIVE_SIP_H_
#define TESTS_FUZZ_NAIVE_SIP_H_

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::fuzz {

struct NaiveRow {
  std::string name;   // lower case, the long form, without white space
  std::string value;  // each fold is one space; trimmed
};

struct NaiveMessage {
  std::string start_line;
  std::vector<NaiveRow> rows;  // of the head

  bool is_response() const;
  int status() const;          // 0: a request
  std::string method() const;  // of a request
  // All values of a name that is given in lower case, in order.
  std::vector<std::string> Values(std::string_view name) const;
  // The first of them, or "".
  std::string Value(std::string_view name) const;
  bool Has(std::string_view name) const { return !Values(name).empty(); }
};

// A line ends with CRLF, with LF or with CR; the first empty one ends the head.
NaiveMessage ReadNaively(std::string_view text);

struct NaiveParam {
  std::string name;   // lower case
  std::string value;  // without quotes
  std::string text;   // as it stands
  // The first word, with white space or nothing behind it.
  bool is_scheme = false;
};

// Readers differ in where a quoted string ends: some let a backslash take the
// next octet with it, some stop at the next quote.
enum class QuotesEnd { kAtUnescapedQuote, kAtAnyQuote };

// All that could be a parameter of a row of credentials, of a challenge or of a
// list. What stands in quotes is data. A scheme comes as a parameter, too.
std::vector<NaiveParam> NaiveParams(std::string_view value, QuotesEnd quotes);

// The first one of this name (lower case), or "".
std::string NaiveParamValue(std::string_view value, std::string_view name);

// The user part between "<sip:" and "@", or "".
std::string NaiveUser(std::string_view value);
// The branch of the topmost Via, or "".
std::string NaiveTopBranch(const NaiveMessage& message);
std::string NaiveLower(std::string_view text);

}  // namespace sallyport::fuzz

#endif  // TESTS_FUZZ_NAIVE_SIP_H_
