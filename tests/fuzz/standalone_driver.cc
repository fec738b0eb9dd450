// A fuzz target without a fuzzer: runs it over the files that are named
// (folders are searched), and over changed copies of each, the same ones every
// time.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Bytes = std::vector<uint8_t>;
constexpr int kChangedCopies = 20000;

std::vector<Bytes> ReadSeeds(int argc, char** argv) {
  namespace fs = std::filesystem;
  std::vector<fs::path> paths;
  for (int i = 1; i < argc; ++i) {
    if (!fs::is_directory(argv[i])) {
      paths.emplace_back(argv[i]);
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(argv[i])) {
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
  const std::vector<Bytes> seeds = ReadSeeds(argc, argv);
  if (seeds.empty()) {
    std::fprintf(stderr, "no seed: name files or folders\n");
    return 2;
  }
  std::mt19937 chance(1);
  for (const Bytes& seed : seeds) {
    LLVMFuzzerTestOneInput(seed.data(), seed.size());
    for (int i = 0; i < kChangedCopies; ++i) {
      const Bytes changed = Change(seed, chance);
      LLVMFuzzerTestOneInput(changed.data(), changed.size());
    }
  }
  std::printf("%zu seeds, %d changed copies of each\n", seeds.size(),
              kChangedCopies);
  return 0;
}
