// A KernelProbe asks the running kernel what a Reactor needs of io_uring.
#ifndef NET_KERNEL_PROBE_H_
#define NET_KERNEL_PROBE_H_

#include <cstdint>
#include <optional>

#include "net/start_failure.h"

namespace sallyport::net {

// What the kernel answered. Errors are errno values, 0: it worked.
struct KernelFacts {
  int plain_setup_error = 0;  // a ring without flags
  int full_setup_error = 0;   // a ring with the flags that a Reactor uses
  int buffer_ring_error = 0;  // a ring of provided buffers
  uint32_t features = 0;      // IORING_FEAT_...
  bool message_ring = false;  // IORING_OP_MSG_RING
  int disabled = -1;          // kernel.io_uring_disabled, -1: not readable
};

// The flags of every ring: one thread submits, completions are run when it
// enters and not in between, a bad request does not hold up those behind it.
uint32_t RingFlags();

KernelFacts ProbeKernel();

// The first thing that is missing, or nothing. Multishot accept (Linux 5.19)
// and receive (6.0) cannot be asked for; DEFER_TASKRUN (6.1) came after them.
std::optional<StartFailure> Judge(const KernelFacts& facts);

// The failure that an errno of io_uring_setup or _register in `step` means.
StartFailure SetupFailure(std::string_view step, int error);

}  // namespace sallyport::net

#endif  // NET_KERNEL_PROBE_H_
