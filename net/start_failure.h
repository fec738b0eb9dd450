// Why a Reactor cannot be had on this machine, in words for the person who
// starts the program.
#ifndef NET_START_FAILURE_H_
#define NET_START_FAILURE_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::net {

// What was missing. `name` is a literal.
struct StartFailure {
  enum class Kind : uint8_t {
    kAbsent,        // the kernel was built without io_uring
    kForbidden,     // sysctl, seccomp or a container's profile forbids it
    kFeature,       // the kernel is too old for the feature `name`
    kLockedMemory,  // RLIMIT_MEMLOCK is too small
    kDescriptors,   // RLIMIT_NOFILE is too small
    kOption,        // the ReactorOptions member `name` is out of its range
    kSystem,        // another error in the step `name`
  };
  Kind kind = Kind::kSystem;
  std::string_view name{};
  std::string_view since{};  // the first kernel that has the feature
  int error = 0;             // errno
  int disabled = -1;         // kernel.io_uring_disabled, -1 when not readable

  // "io_uring is forbidden (Operation not permitted): sysctl
  // kernel.io_uring_disabled is 2; set it to 0 ...".
  std::string ToString() const;
};

std::string_view ToString(StartFailure::Kind kind);

}  // namespace sallyport::net

#endif  // NET_START_FAILURE_H_
