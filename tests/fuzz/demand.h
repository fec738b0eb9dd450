// Demand(holds) ends the process when it does not hold, in every build, and
// says where that was.
#ifndef TESTS_FUZZ_DEMAND_H_
#define TESTS_FUZZ_DEMAND_H_

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace sallyport::fuzz {

inline void Demand(
    bool holds, std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%u: demand does not hold\n", where.file_name(),
               static_cast<unsigned>(where.line()));
  std::abort();
}

}  // namespace sallyport::fuzz

#endif  // TESTS_FUZZ_DEMAND_H_
