#include "tests/messages/golden.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/log/check.h"

namespace sallyport {
namespace {

std::string ReadAll(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  CHECK(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<Expectation> ReadExpectations(const std::filesystem::path& path) {
  std::vector<Expectation> expectations;
  std::ifstream file(path);
  CHECK(file.good()) << path;
  for (std::string line; std::getline(file, line);) {
    const size_t equals = line.find(" = ");
    CHECK_NE(equals, std::string::npos) << path << ": " << line;
    expectations.push_back({line.substr(0, equals), line.substr(equals + 3)});
  }
  CHECK(!expectations.empty()) << path;
  return expectations;
}

}  // namespace

std::vector<GoldenMessage> ReadGoldenMessages(
    const std::vector<std::string_view>& topics) {
  namespace fs = std::filesystem;
  std::vector<GoldenMessage> messages;
  for (std::string_view topic : topics) {
    const size_t before = messages.size();
    for (const auto& entry :
         fs::directory_iterator(fs::path("tests/messages") / topic)) {
      fs::path path = entry.path();
      if (path.extension() != ".sip") continue;
      GoldenMessage message;
      message.name = std::string(topic) + "/" + path.stem().string();
      message.bytes = ReadAll(path);
      message.expectations =
          ReadExpectations(path.replace_extension(".expect"));
      messages.push_back(std::move(message));
    }
    CHECK_GT(messages.size(), before) << topic;
  }
  std::ranges::sort(messages, {}, &GoldenMessage::name);
  return messages;
}

}  // namespace sallyport
