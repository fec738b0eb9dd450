#include "net/start_failure.h"

#include <system_error>

#include "absl/base/optimization.h"
#include "absl/strings/str_cat.h"

namespace sallyport::net {
namespace {

std::string ForbiddenText(const StartFailure& failure, std::string_view error) {
  std::string text = absl::StrCat("io_uring is forbidden here (", error, "): ");
  if (failure.disabled > 0) {
    absl::StrAppend(&text, "sysctl kernel.io_uring_disabled is ",
                    failure.disabled, "; set it to 0");
    if (failure.disabled == 1) {
      absl::StrAppend(&text,
                      ", or put this user into the group that"
                      " kernel.io_uring_group names");
    }
    return text;
  }
  absl::StrAppend(&text,
                  "a seccomp filter or container profile refuses"
                  " io_uring_setup; allow io_uring_setup, io_uring_enter and"
                  " io_uring_register");
  return text;
}

}  // namespace

std::string StartFailure::ToString() const {
  const std::string text = std::generic_category().message(error);
  switch (kind) {
    case Kind::kAbsent:
      return absl::StrCat("this kernel has no io_uring (", text,
                          "): it needs Linux 6.1 or later with"
                          " CONFIG_IO_URING");
    case Kind::kForbidden:
      return ForbiddenText(*this, text);
    case Kind::kFeature:
      return absl::StrCat("io_uring feature ", name, " needs Linux ", since,
                          " or later");
    case Kind::kLockedMemory:
      return absl::StrCat("io_uring, ", name, ": ", text,
                          "; raise RLIMIT_MEMLOCK (LimitMEMLOCK= in the unit"
                          " file, ulimit -l)");
    case Kind::kDescriptors:
      return absl::StrCat("io_uring, ", name, ": ", text,
                          "; raise RLIMIT_NOFILE (LimitNOFILE= in the unit"
                          " file, ulimit -n)");
    case Kind::kOption:
      return absl::StrCat("reactor option ", name, " is out of its range");
    case Kind::kSystem:
      return absl::StrCat("io_uring, ", name, ": ", text);
  }
  ABSL_UNREACHABLE();
}

std::string_view ToString(StartFailure::Kind kind) {
  switch (kind) {
    case StartFailure::Kind::kAbsent:
      return "absent";
    case StartFailure::Kind::kForbidden:
      return "forbidden";
    case StartFailure::Kind::kFeature:
      return "feature";
    case StartFailure::Kind::kLockedMemory:
      return "locked_memory";
    case StartFailure::Kind::kDescriptors:
      return "descriptors";
    case StartFailure::Kind::kOption:
      return "option";
    case StartFailure::Kind::kSystem:
      return "system";
  }
  ABSL_UNREACHABLE();
}

}  // namespace sallyport::net
