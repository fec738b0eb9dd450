// A GoldenMessage is a file with the exact bytes of a message, and beside it a
// file of `Name = Value` lines that say what must come of it.
#ifndef TESTS_MESSAGES_GOLDEN_H_
#define TESTS_MESSAGES_GOLDEN_H_

#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

struct Expectation {
  std::string name;
  std::string value;
};

struct GoldenMessage {
  std::string name;  // topic/sentence
  std::string bytes;
  std::vector<Expectation> expectations;
};

// All messages of the folders below tests/messages, in the order of their
// names. Ends the test program when a folder is empty, a message has no
// .expect, or a line there is no `Name = Value`.
std::vector<GoldenMessage> ReadGoldenMessages(
    const std::vector<std::string_view>& topics);

}  // namespace sallyport

#endif  // TESTS_MESSAGES_GOLDEN_H_
