#include "tests/fuzz/naive_sip.h"

#include <cstdlib>
#include <utility>

namespace sallyport::fuzz {
namespace {

// Everything up to the space: what some readers skip.
bool IsBlank(char c) { return static_cast<unsigned char>(c) <= ' '; }

std::string Trim(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return std::string(text);
}

// The compact forms of names that the laws ask for. Source: RFC 3261 7.3.3
std::string LongForm(std::string name) {
  if (name == "v") return "via";
  if (name == "m") return "contact";
  if (name == "f") return "from";
  if (name == "t") return "to";
  if (name == "i") return "call-id";
  if (name == "l") return "content-length";
  return name;
}

// Takes a line off the front, without its end.
std::string TakeLine(std::string_view& rest) {
  const size_t end = rest.find_first_of("\r\n");
  if (end == rest.npos) return std::string(std::exchange(rest, {}));
  std::string line(rest.substr(0, end));
  const bool both = rest.substr(end, 2) == "\r\n";
  rest.remove_prefix(end + (both ? 2 : 1));
  return line;
}

NaiveRow ToRow(std::string_view line) {
  const size_t colon = line.find(':');
  NaiveRow row{.name = LongForm(NaiveLower(Trim(line.substr(0, colon)))),
               .value = {}};
  if (colon != line.npos) row.value = Trim(line.substr(colon + 1));
  return row;
}

bool IsSeparator(char c) { return IsBlank(c) || c == ',' || c == ';'; }

// Walks over a value from left to right.
class Walk {
 public:
  Walk(std::string_view text, QuotesEnd quotes)
      : text_(text), quotes_(quotes) {}

  bool AtEnd() const { return at_ >= text_.size(); }
  bool At(char c) const { return !AtEnd() && text_[at_] == c; }
  // White space, or the end.
  bool AtBlank() const { return AtEnd() || IsBlank(text_[at_]); }
  size_t at() const { return at_; }

  void SkipSeparators() {
    while (!AtEnd() && IsSeparator(text_[at_])) ++at_;
  }
  void SkipBlanks() {
    while (!AtEnd() && IsBlank(text_[at_])) ++at_;
  }
  void Skip() { ++at_; }

  std::string TakeName() {
    const size_t begin = at_;
    while (!AtEnd() && !IsSeparator(text_[at_]) && text_[at_] != '=' &&
           text_[at_] != '"') {
      ++at_;
    }
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string TakeValue() {
    if (At('"')) return TakeQuoted();
    const size_t begin = at_;
    while (!AtEnd() && !IsSeparator(text_[at_])) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string TakeQuoted() {
    std::string inside;
    for (++at_; !AtEnd() && text_[at_] != '"'; ++at_) {
      if (quotes_ == QuotesEnd::kAtUnescapedQuote && text_[at_] == '\\' &&
          at_ + 1 < text_.size()) {
        ++at_;
      }
      inside += text_[at_];
    }
    if (!AtEnd()) ++at_;
    return inside;
  }

 private:
  std::string_view text_;
  QuotesEnd quotes_;
  size_t at_ = 0;
};

}  // namespace

std::string NaiveLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool NaiveMessage::is_response() const {
  return NaiveLower(start_line.substr(0, 4)) == "sip/";
}

int NaiveMessage::status() const {
  const size_t space = start_line.find(' ');
  if (!is_response() || space == start_line.npos) return 0;
  return std::atoi(start_line.c_str() + space);
}

std::string NaiveMessage::method() const {
  return is_response() ? "" : start_line.substr(0, start_line.find(' '));
}

std::vector<std::string> NaiveMessage::Values(std::string_view name) const {
  std::vector<std::string> values;
  for (const NaiveRow& row : rows) {
    if (row.name == name) values.push_back(row.value);
  }
  return values;
}

std::string NaiveMessage::Value(std::string_view name) const {
  for (const NaiveRow& row : rows) {
    if (row.name == name) return row.value;
  }
  return "";
}

NaiveMessage ReadNaively(std::string_view text) {
  NaiveMessage message;
  message.start_line = TakeLine(text);
  std::string line;
  while (!text.empty()) {
    std::string next = TakeLine(text);
    if (next.empty()) break;
    if (!line.empty() && (next[0] == ' ' || next[0] == '\t')) {
      line += " " + Trim(next);
      continue;
    }
    if (!line.empty()) message.rows.push_back(ToRow(line));
    line = std::move(next);
  }
  if (!line.empty()) message.rows.push_back(ToRow(line));
  return message;
}

std::vector<NaiveParam> NaiveParams(std::string_view value, QuotesEnd quotes) {
  std::vector<NaiveParam> params;
  Walk walk(value, quotes);
  for (walk.SkipSeparators(); !walk.AtEnd(); walk.SkipSeparators()) {
    const size_t begin = walk.at();
    NaiveParam param{
        .name = NaiveLower(walk.TakeName()), .value = {}, .text = {}};
    if (param.name.empty() && walk.At('"')) {  // a string on its own
      (void)walk.TakeQuoted();
      continue;
    }
    size_t end = walk.at();
    param.is_scheme = begin == 0 && walk.AtBlank();
    walk.SkipBlanks();
    if (walk.At('=')) {
      param.is_scheme = false;
      walk.Skip();
      walk.SkipBlanks();
      param.value = walk.TakeValue();
      end = walk.at();
    }
    param.text = Trim(value.substr(begin, end - begin));
    params.push_back(std::move(param));
  }
  return params;
}

std::string NaiveParamValue(std::string_view value, std::string_view name) {
  for (NaiveParam& param : NaiveParams(value, QuotesEnd::kAtUnescapedQuote)) {
    if (param.name == name) return std::move(param.value);
  }
  return "";
}

std::string NaiveUser(std::string_view value) {
  const size_t begin = value.find("<sip:");
  const size_t end = value.find('@');
  if (begin == value.npos || end == value.npos || end < begin + 5) return "";
  return std::string(value.substr(begin + 5, end - begin - 5));
}

std::string NaiveTopBranch(const NaiveMessage& message) {
  const std::string via = message.Value("via");
  return NaiveParamValue(via.substr(0, via.find(',')), "branch");
}

}  // namespace sallyport::fuzz
