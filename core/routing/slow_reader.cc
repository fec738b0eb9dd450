#include "core/routing/slow_reader.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <map>

namespace sallyport::routing::slow {
namespace {

std::string Trim(std::string text) {
  const char* space = " \t\r\n";
  text.erase(0, text.find_first_not_of(space));
  text.erase(text.find_last_not_of(space) + 1);
  return text;
}

std::string LongName(const std::string& name) {
  static const std::map<std::string, std::string> kCompact = {
      {"i", "call-id"},
      {"m", "contact"},
      {"l", "content-length"},
      {"c", "content-type"},
      {"f", "from"},
      {"k", "supported"},
      {"t", "to"},
      {"v", "via"},
      {"s", "subject"},
      {"e", "content-encoding"},
      {"o", "event"},
      {"r", "refer-to"},
      {"b", "referred-by"},
      {"x", "session-expires"}};
  auto found = kCompact.find(name);
  return found == kCompact.end() ? name : found->second;
}

Row ReadRow(const std::string& raw) {
  const size_t colon = raw.find(':');
  if (colon == std::string::npos) {
    std::fprintf(stderr, "no colon in: %s\n", raw.c_str());
    std::abort();
  }
  std::string value;
  bool in_fold = false;
  for (char c : raw.substr(colon + 1)) {
    const bool space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (c == '\n') in_fold = true;
    if (!space) in_fold = false;
    if (c == '\r' || c == '\n' || (space && in_fold)) {
      if (value.empty() || value.back() != ' ') value.push_back(' ');
    } else {
      value.push_back(c);
    }
  }
  return {LongName(Lower(Trim(raw.substr(0, colon)))), Trim(value), raw};
}

// `a, b;c` and `a,b; c` say the same: no space around separators out of quotes.
std::string Tight(const std::string& text) {
  std::string tight;
  bool quoted = false;
  for (char c : text) {
    if (c == '"') quoted = !quoted;
    const bool after =
        !tight.empty() && (tight.back() == ',' || tight.back() == ';');
    if (!quoted && c == ' ' && after) continue;
    tight.push_back(c);
  }
  return tight;
}

std::string SortedParams(const std::string& value) {
  std::vector<std::string> parts = Split(value, ';');
  std::sort(parts.begin() + 1, parts.end());
  std::string sorted;
  for (const std::string& part : parts) sorted += part + ";";
  return sorted;
}

}  // namespace

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return lower;
}

std::vector<std::string> Message::Values(std::string_view name) const {
  std::vector<std::string> values;
  for (const Row& row : rows) {
    if (row.name == Lower(name)) values.push_back(row.value);
  }
  return values;
}

Message Read(std::string_view bytes) {
  const std::string text(bytes);
  const size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos) {
    std::fprintf(stderr, "no empty line in: %s\n", text.c_str());
    std::abort();
  }
  Message message;
  message.body = text.substr(end + 4);
  std::vector<std::string> lines;
  for (size_t at = 0; at < end + 2;) {
    const size_t next = text.find("\r\n", at) + 2;
    std::string line = text.substr(at, next - at);
    const bool folded = line[0] == ' ' || line[0] == '\t';
    if (folded && !lines.empty()) {
      lines.back() += line;
    } else {
      lines.push_back(line);
    }
    at = next;
  }
  message.start_line = Trim(lines[0]);
  for (size_t i = 1; i < lines.size(); ++i) {
    message.rows.push_back(ReadRow(lines[i]));
  }
  return message;
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  bool quoted = false, bracketed = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\' && i + 1 < text.size()) {
      parts.back() += {c, text[++i]};
      continue;
    }
    if (c == '"' && !bracketed) quoted = !quoted;
    if (c == '<' && !quoted) bracketed = true;
    if (c == '>' && !quoted) bracketed = false;
    if (c == separator && !quoted && !bracketed) {
      parts.emplace_back();
    } else {
      parts.back().push_back(c);
    }
  }
  for (std::string& part : parts) part = Trim(part);
  return parts;
}

std::vector<std::string> List(const Message& message, std::string_view name) {
  std::vector<std::string> list;
  for (const std::string& row : message.Values(name)) {
    for (std::string& part : Split(row, ',')) list.push_back(std::move(part));
  }
  return list;
}

std::vector<std::string> Essence(const Message& message) {
  std::vector<std::string> essence;
  for (const Row& row : message.rows) {
    std::string value =
        row.name == "via" ? SortedParams(row.value) : Tight(row.value);
    essence.push_back(row.name + ": " + value);
  }
  std::stable_sort(essence.begin(), essence.end(),
                   [](const std::string& a, const std::string& b) {
                     return a.substr(0, a.find(':')) < b.substr(0, b.find(':'));
                   });
  return essence;
}

}  // namespace sallyport::routing::slow
