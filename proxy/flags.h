// The command line: declares every flag, checks each once, and says what is wrong.
#ifndef PROXY_FLAGS_H_
#define PROXY_FLAGS_H_

#include "absl/status/statusor.h"
#include "proxy/options.h"

namespace sallyport::proxy {

// Fails: with one line that names the flag and the reason. What abseil itself
//        refuses (an unknown flag, a value that does not parse) ends the process
//        with status 2 after abseil's message; --help ends it with status 0.
[[nodiscard]] absl::StatusOr<Options> ParseCommandLine(int argc, char** argv);

}  // namespace sallyport::proxy

#endif  // PROXY_FLAGS_H_
