// A fuzz target without a fuzzer: runs it over the files that are named
// (folders are searched), and over changed copies of each (--copies=N), the
// same ones every time.
#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Bytes = std::vector<uint8_t>;
constexpr std::string_view kCopies = "--copies=";

const Bytes* g_input = nullptr;

// Async-signal-unsafe, but the process is about to end anyway.
void KeepInput(int signal) {
  const char* folder = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
  const std::string path =
      (folder == nullptr ? std::string() : std::string(folder) + "/") +
      "broken_input";
  if (std::FILE* file = std::fopen(path.c_str(), "wb")) {
    std::fwrite(g_input->data(), 1, g_input->size(), file);
    std::fclose(file);
  }
  std::fprintf(stderr, "the input is kept in %s\n", path.c_str());
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void RunOver(const Bytes& input) {
  g_input = &input;
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

std::vector<Bytes> ReadSeeds(const std::vector<std::string>& names) {
  namespace fs = std::filesystem;
  std::vector<fs::path> paths;
  for (const std::string& name : names) {
    if (!fs::is_directory(name)) {
      paths.emplace_back(name);
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(name)) {
      if (!entry.is_directory()) paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Bytes> seeds;
  for (const fs::path& path : paths) {
    std::ifstream file(path, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file),
                       std::istreambuf_iterator<char>());
  }
  return seeds;
}

// Changes, cuts or repeats a few octets.
Bytes Change(Bytes bytes, std::mt19937& chance) {
  const auto below = [&chance](size_t end) {
    return end == 0 ? 0 : chance() % end;
  };
  const size_t changes = 1 + below(4);
  for (size_t i = 0; i < changes; ++i) {
    const size_t at = below(bytes.size());
    switch (below(5)) {
      case 0:
        bytes.resize(at);
        break;
      case 1:
        bytes.insert(bytes.begin() + at, below(256));
        break;
      case 2: {
        const Bytes copy(bytes.begin() + at,
                         bytes.begin() + at + below(bytes.size() - at));
        bytes.insert(bytes.begin() + below(bytes.size()), copy.begin(),
                     copy.end());
        break;
      }
      default:
        if (!bytes.empty()) bytes[at] = below(256);
    }
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  int copies = 20000;
  std::vector<std::string> names;
  for (const std::string argument : std::vector<char*>(argv + 1, argv + argc)) {
    if (argument.starts_with(kCopies)) {
      copies = std::atoi(argument.c_str() + kCopies.size());
    } else {
      names.push_back(argument);
    }
  }
  const std::vector<Bytes> seeds = ReadSeeds(names);
  if (seeds.empty()) {
    std::fprintf(stderr, "no seed: name files or folders\n");
    return 2;
  }
  for (const int signal : {SIGABRT, SIGSEGV}) std::signal(signal, KeepInput);
  std::mt19937 chance(1);
  for (const Bytes& seed : seeds) {
    RunOver(seed);
    for (int i = 0; i < copies; ++i) {
      RunOver(Change(seed, chance));
    }
  }
  std::printf("%zu seeds, %d changed copies of each\n", seeds.size(), copies);
  return 0;
}
