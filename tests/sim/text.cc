#include "tests/sim/text.h"

#include <cctype>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/testing/fakes.h"

namespace sallyport::sim {
namespace {

struct Parameter {
  std::string name;  // lower case
  std::string value;
};

// `Digest a="x", b=y` one octet after the other; quotes and backslashes heeded.
std::vector<Parameter> Parameters(std::string_view row) {
  std::vector<Parameter> list;
  const size_t space = row.find_first_of(" \t\r");
  if (space == std::string_view::npos) return list;
  Parameter now;
  bool quoted = false, in_value = false;
  const auto end = [&list, &now, &in_value] {
    now.name = absl::AsciiStrToLower(absl::StripAsciiWhitespace(now.name));
    now.value = absl::StripAsciiWhitespace(now.value);
    if (!now.name.empty()) list.push_back(now);
    now = {};
    in_value = false;
  };
  for (size_t i = space; i < row.size(); ++i) {
    const char c = row[i];
    if (quoted && c == '\\' && i + 1 < row.size()) {
      now.value += row[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      end();
    } else if (c == '=' && !quoted && !in_value) {
      in_value = true;
    } else {
      (in_value ? now.value : now.name) += c;
    }
  }
  end();
  return list;
}

}  // namespace

std::string DigestParam(std::string_view row, std::string_view name) {
  for (const Parameter& parameter : Parameters(row)) {
    if (parameter.name == name) return parameter.value;
  }
  return "";
}

std::vector<std::string> IntegrityValues(std::string_view message) {
  std::vector<std::string> values;
  for (const char* header : {"Authorization", "Proxy-Authorization"}) {
    for (const std::string& row : Rows(message, header)) {
      for (const Parameter& parameter : Parameters(row)) {
        if (parameter.name == "integrity-protected") {
          values.push_back(parameter.value);
        }
      }
    }
  }
  return values;
}

std::string TopBranch(std::string_view message) {
  const std::string via = Row(message, "Via");
  const size_t at = via.find("branch=");
  if (at == std::string::npos) return "";
  const size_t end = via.find_first_of(";, \t\r", at);
  return via.substr(at + 7, end == std::string::npos ? end : end - at - 7);
}

int ContactExpires(std::string_view message) {
  const std::string contact = Row(message, "Contact");
  const size_t at = contact.find("expires=");
  return at == std::string::npos ? 600 : std::atoi(contact.c_str() + at + 8);
}

bool IsRequest(std::string_view message) {
  return !absl::StartsWith(message, "SIP/2.0 ");
}

std::string MethodOf(std::string_view message) {
  const std::string cseq = Row(message, "CSeq");
  const size_t space = cseq.find(' ');
  return space == std::string::npos ? "" : cseq.substr(space + 1);
}

std::string Proof(std::string_view impi, std::string_view nonce) {
  uint64_t state = 0x5a11;
  for (char c : absl::StrCat("secret of ", impi, ":", nonce)) {
    state = Spread(state ^ static_cast<uint8_t>(c));
  }
  return absl::StrCat(absl::Hex(state, absl::kZeroPad16));
}

}  // namespace sallyport::sim
