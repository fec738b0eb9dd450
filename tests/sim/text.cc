#include "tests/sim/text.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/testing/fakes.h"

namespace sallyport::sim {
namespace {

// Without quotes, backslashes and the spaces around it.
std::string Clean(std::string_view raw) {
  std::string text;
  bool quoted = false;
  for (size_t i = 0; i < raw.size(); ++i) {
    if (quoted && raw[i] == '\\' && i + 1 < raw.size()) {
      text += raw[++i];
    } else if (raw[i] == '"') {
      quoted = !quoted;
    } else {
      text += raw[i];
    }
  }
  return std::string(absl::StripAsciiWhitespace(text));
}

bool IsNamed(std::string_view raw, std::string_view name) {
  if (raw.size() < name.size()) return false;
  const std::string_view bare = absl::StripAsciiWhitespace(raw);
  if (absl::EqualsIgnoreCase(bare, name)) return true;
  return bare.find_first_of("\"\\") != std::string_view::npos &&
         absl::EqualsIgnoreCase(Clean(raw), name);
}

// Where the text of one parameter, and in it the name, ends.
struct Ends {
  size_t text;
  size_t name;
};

// One octet after the other; quotes and backslashes heeded.
Ends EndsOf(std::string_view rest) {
  bool quoted = false;
  size_t name = std::string_view::npos;
  size_t i = 0;
  for (; i < rest.size(); ++i) {
    const char c = rest[i];
    if (quoted && c == '\\' && i + 1 < rest.size()) {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      break;
    } else if (c == '=' && !quoted && name == std::string_view::npos) {
      name = i;
    }
  }
  return {.text = i, .name = std::min(name, i)};
}

// Shows the values of the parameters of that name in `Digest a="x", b=y` to
// `visit`, until it returns false.
template <typename Visit>
void ForEachParam(std::string_view row, std::string_view name,
                  const Visit& visit) {
  size_t begin = row.find_first_of(" \t\r");
  while (begin < row.size()) {
    const std::string_view rest = row.substr(begin);
    const Ends ends = EndsOf(rest);
    if (IsNamed(rest.substr(0, ends.name), name)) {
      const std::string_view text = rest.substr(0, ends.text);
      const bool valued = ends.name < text.size();
      if (!visit(valued ? Clean(text.substr(ends.name + 1)) : std::string())) {
        return;
      }
    }
    begin += ends.text + 1;
  }
}

}  // namespace

std::string DigestParam(std::string_view row, std::string_view name) {
  std::string found;
  ForEachParam(row, name, [&found](std::string value) {
    found = std::move(value);
    return false;
  });
  return found;
}

std::vector<std::string> IntegrityValues(std::string_view message) {
  std::vector<std::string> values;
  for (const char* header : {"Authorization", "Proxy-Authorization"}) {
    for (const std::string& row : Rows(message, header)) {
      ForEachParam(row, "integrity-protected", [&values](std::string value) {
        values.push_back(std::move(value));
        return true;
      });
    }
  }
  return values;
}

std::string TopBranch(std::string_view message) {
  const std::string_view via = RowIn(message, "Via");
  const size_t at = via.find("branch=");
  if (at == std::string_view::npos) return "";
  const size_t end = via.find_first_of(";, \t\r", at);
  return std::string(via.substr(
      at + 7, end == std::string_view::npos ? end : end - at - 7));
}

int ContactExpires(std::string_view message) {
  const std::string_view contact = RowIn(message, "Contact");
  const size_t at = contact.find("expires=");
  // What follows the row ends the number.
  return at == std::string_view::npos ? 600 : std::atoi(contact.data() + at + 8);
}

bool IsRequest(std::string_view message) {
  return !absl::StartsWith(message, "SIP/2.0 ");
}

std::string_view MethodOf(std::string_view message) {
  const std::string_view cseq = RowIn(message, "CSeq");
  const size_t space = cseq.find(' ');
  return space == std::string_view::npos ? "" : cseq.substr(space + 1);
}

std::string Proof(std::string_view impi, std::string_view nonce) {
  uint64_t state = 0x5a11;
  for (char c : absl::StrCat("secret of ", impi, ":", nonce)) {
    state = Spread(state ^ static_cast<uint8_t>(c));
  }
  return absl::StrCat(absl::Hex(state, absl::kZeroPad16));
}

}  // namespace sallyport::sim
