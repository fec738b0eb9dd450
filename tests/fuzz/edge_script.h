// An Edge script is a fuzzer's input cut into steps. A step is a line that
// begins with '%', a letter that says what happens and octets that say how;
// what follows, up to a line feed before the next '%', is its text.
#ifndef TESTS_FUZZ_EDGE_SCRIPT_H_
#define TESTS_FUZZ_EDGE_SCRIPT_H_

#include <cstddef>
#include <string_view>
#include <vector>

namespace sallyport::fuzz {

struct EdgeStep {
  char kind = 0;
  std::string_view how;
  std::string_view text;

  // One of `end` by the octet of `how` at this place; 0 when there is none.
  // '0' is 0, '1' is 1 and so on; every octet means something.
  size_t Pick(size_t place, size_t end) const {
    if (place >= how.size() || end == 0) return 0;
    return static_cast<unsigned char>(how[place] - '0') % end;
  }
  bool Says(char letter) const { return how.find(letter) != how.npos; }
};

// Every input is a script, most often a short one. What stands before the first
// '%' at the beginning of a line is passed over.
std::vector<EdgeStep> CutScript(std::string_view input, size_t steps_max);

}  // namespace sallyport::fuzz

#endif  // TESTS_FUZZ_EDGE_SCRIPT_H_
