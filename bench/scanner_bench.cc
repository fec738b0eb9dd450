// What does it cost to frame and to read one message?
//
// Sketch: the REGISTER of 842 octets has 14 blocks of 64 and 17 lines. Marking
// a block takes some 10 cycles with AVX2 and 100 without; naming a line
// some 25. So 600 cycles, or 200 ns at 3 GHz, and at most three times that
// without AVX2. The framer looks at each line end once: 17 times 5 ns.
//
// We would be wrong if the portable form came within 1.5 times of AVX2 (then it
// could go), or if the time per octet grew with the number of fields of a body.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "core/sip/framer.h"
#include "core/sip/header_names.h"
#include "core/sip/message.h"
#include "core/sip/scanner.h"

namespace sallyport::sip {
namespace {

// Run from the top of the tree, as `bazel run` does.
std::string ReadMessage(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.empty()) std::abort();
  return bytes;
}

std::string Register() {
  return ReadMessage("tests/messages/register/challenge_response_over_tls.sip");
}

void Scan(benchmark::State& state, const std::string& message,
          ScanKernel kernel) {
  if (!IsAvailable(kernel)) return state.SkipWithError("no such processor");
  static MessageView view;
  const MessageScanner scanner({}, kernel);
  for (auto _ : state) {
    benchmark::DoNotOptimize(scanner.Scan(message, view));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * view.head().size());
  state.counters["fields"] = static_cast<double>(view.headers().size());
}

void BM_Scan_Register(benchmark::State& state) {
  Scan(state, Register(), BestKernel());
}
BENCHMARK(BM_Scan_Register);

void BM_Scan_RegisterPortable(benchmark::State& state) {
  Scan(state, Register(), ScanKernel::kPortable);
}
BENCHMARK(BM_Scan_RegisterPortable);

// A body is not looked at, but for the rest of the last stretch of the head.
void BM_Scan_RegisterWithBody(benchmark::State& state) {
  Scan(state, Register() + std::string(16384, ':'), BestKernel());
}
BENCHMARK(BM_Scan_RegisterWithBody);

void BM_Mark_Register(benchmark::State& state) {
  const std::string message = Register();
  const MarkBlocks mark = KernelOf(BestKernel());
  BlockMarks marks[13];
  LineEndJudge judge;
  for (auto _ : state) {
    mark(message.data(), 13, judge, marks);
    benchmark::DoNotOptimize(marks);
  }
  state.SetBytesProcessed(state.iterations() * 13 * kBlockBytes);
}
BENCHMARK(BM_Mark_Register);

void BM_Name_Register(benchmark::State& state) {
  const std::string message = Register();
  MessageView view;
  if (view.Scan(message) != ScanVerdict::kOk) std::abort();
  for (auto _ : state) {
    for (const HeaderField& field : view.headers()) {
      benchmark::DoNotOptimize(HeaderIdOf(view.Name(field)));
    }
  }
}
BENCHMARK(BM_Name_Register);

void BM_Frame_Register(benchmark::State& state) {
  const std::string message = Register();
  Framer framer;
  for (auto _ : state) {
    benchmark::DoNotOptimize(framer.Next(message));
  }
  state.SetBytesProcessed(state.iterations() * message.size());
}
BENCHMARK(BM_Frame_Register);

// The worst sender: one octet per read.
void BM_Frame_RegisterByOctets(benchmark::State& state) {
  const std::string message = Register();
  Framer framer;
  for (auto _ : state) {
    for (size_t i = 1; i <= message.size(); ++i) {
      benchmark::DoNotOptimize(
          framer.Next(std::string_view(message).substr(0, i)));
    }
  }
  state.SetBytesProcessed(state.iterations() * message.size());
}
BENCHMARK(BM_Frame_RegisterByOctets);

}  // namespace
}  // namespace sallyport::sip
