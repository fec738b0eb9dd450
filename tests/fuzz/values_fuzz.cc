// Each line of the input is a header value, and is compared as a URI with the
// line before it (value_laws.h). A fold is a line feed before white space.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/value_laws.h"

namespace {

// Up to a line feed that no white space follows.
std::string_view TakeLine(std::string_view& rest) {
  size_t end = rest.find('\n');
  while (end != rest.npos && end + 1 < rest.size() &&
         (rest[end + 1] == ' ' || rest[end + 1] == '\t')) {
    end = rest.find('\n', end + 1);
  }
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::string_view before;
  while (!rest.empty()) {
    const std::string_view line = TakeLine(rest);
    sallyport::fuzz::DemandValue(line);
    sallyport::fuzz::DemandComparison(before, line);
    before = line;
  }
  return 0;
}
