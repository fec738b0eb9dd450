// Whatever UEs, the core, time and other shards do to an Edge, its tables stay
// whole and what leaves keeps the laws (edge_run.h, edge_laws.h).
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tests/fuzz/edge_run.h"
#include "tests/fuzz/edge_script.h"

namespace fuzz = sallyport::fuzz;

namespace {

// FNV-1a: marks that the input cannot contain.
uint64_t SaltOf(std::string_view input) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : input) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  }
  return hash;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::vector<fuzz::EdgeStep> steps =
      fuzz::CutScript(input, fuzz::EdgeRun::kStepsMax);
  if (steps.empty()) return 0;
  const bool configured = steps[0].kind == 'C';
  fuzz::EdgeRun run(fuzz::ConfigOf(configured ? steps[0].how : ""),
                    SaltOf(input));
  for (const fuzz::EdgeStep& step : steps) run.Play(step);
  return 0;
}
