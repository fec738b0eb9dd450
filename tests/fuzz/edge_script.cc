#include "tests/fuzz/edge_script.h"

#include <algorithm>

namespace sallyport::fuzz {
namespace {

// Where the next step begins: at its '%'; or the end.
size_t NextStep(std::string_view input, size_t from) {
  if (from == 0 && input.starts_with('%')) return 0;
  const size_t at = input.find("\n%", from);
  return at == input.npos ? input.size() : at + 1;
}

EdgeStep ReadStep(std::string_view piece) {
  const std::string_view line = piece.substr(0, piece.find('\n'));
  EdgeStep step{.kind = line.size() > 1 ? line[1] : '\0',
                .how = line.substr(std::min<size_t>(2, line.size())),
                .text = {}};
  if (line.size() < piece.size()) step.text = piece.substr(line.size() + 1);
  return step;
}

}  // namespace

std::vector<EdgeStep> CutScript(std::string_view input, size_t steps_max) {
  std::vector<EdgeStep> steps;
  size_t begin = NextStep(input, 0);
  while (begin < input.size() && steps.size() < steps_max) {
    const size_t next = NextStep(input, begin + 1);
    const size_t end = next < input.size() ? next - 1 : next;
    steps.push_back(ReadStep(input.substr(begin, end - begin)));
    begin = next;
  }
  return steps;
}

}  // namespace sallyport::fuzz
