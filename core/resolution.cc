#include "core/resolution.h"

#include "absl/base/optimization.h"

namespace sallyport {

std::string_view ToString(HostOutcome outcome) {
  switch (outcome) {
    case HostOutcome::kFound:
      return "found";
    case HostOutcome::kNoName:
      return "no_name";
    case HostOutcome::kNoRecords:
      return "no_records";
    case HostOutcome::kFailed:
      return "failed";
  }
  ABSL_UNREACHABLE();
}

}  // namespace sallyport
