#include "net/kernel_probe.h"

#include <liburing.h>

#include <cerrno>
#include <string_view>

#include "gtest/gtest.h"

namespace sallyport::net {
namespace {

constexpr uint32_t kAllFeatures = IORING_FEAT_NODROP |
                                  IORING_FEAT_SUBMIT_STABLE |
                                  IORING_FEAT_EXT_ARG | IORING_FEAT_CQE_SKIP;

constexpr KernelFacts kGood = {.features = kAllFeatures, .message_ring = true};

KernelFacts With(int plain, int full, int buffers, int disabled) {
  KernelFacts facts = kGood;
  facts.plain_setup_error = plain;
  facts.full_setup_error = full;
  facts.buffer_ring_error = buffers;
  facts.disabled = disabled;
  return facts;
}

KernelFacts Without(uint32_t feature) {
  KernelFacts facts = kGood;
  facts.features &= ~feature;
  return facts;
}

KernelFacts WithoutMessages() {
  KernelFacts facts = kGood;
  facts.message_ring = false;
  return facts;
}

struct Case {
  std::string_view sentence;
  KernelFacts facts;
  StartFailure::Kind kind;
  std::string_view text;
};

const Case kCases[] = {
    {"a kernel without io_uring", With(ENOSYS, 0, 0, -1),
     StartFailure::Kind::kAbsent,
     "this kernel has no io_uring (Function not implemented): it needs Linux"
     " 6.1 or later with CONFIG_IO_URING"},
    {"forbidden for all by sysctl", With(EPERM, 0, 0, 2),
     StartFailure::Kind::kForbidden,
     "io_uring is forbidden here (Operation not permitted): sysctl"
     " kernel.io_uring_disabled is 2; set it to 0"},
    {"forbidden for most by sysctl", With(EPERM, 0, 0, 1),
     StartFailure::Kind::kForbidden,
     "io_uring is forbidden here (Operation not permitted): sysctl"
     " kernel.io_uring_disabled is 1; set it to 0, or put this user into the"
     " group that kernel.io_uring_group names"},
    {"forbidden by a filter", With(EPERM, 0, 0, 0),
     StartFailure::Kind::kForbidden,
     "io_uring is forbidden here (Operation not permitted): a seccomp filter or"
     " container profile refuses io_uring_setup; allow io_uring_setup,"
     " io_uring_enter and io_uring_register"},
    {"too little locked memory", With(ENOMEM, 0, 0, 0),
     StartFailure::Kind::kLockedMemory,
     "io_uring, setup: Cannot allocate memory; raise RLIMIT_MEMLOCK"
     " (LimitMEMLOCK= in the unit file, ulimit -l)"},
    {"too few descriptors", With(EMFILE, 0, 0, 0),
     StartFailure::Kind::kDescriptors,
     "io_uring, setup: Too many open files; raise RLIMIT_NOFILE (LimitNOFILE="
     " in the unit file, ulimit -n)"},
    {"an error that nobody foresaw", With(EIO, 0, 0, 0),
     StartFailure::Kind::kSystem, "io_uring, setup: Input/output error"},
    {"Linux 6.0", With(0, EINVAL, 0, 0), StartFailure::Kind::kFeature,
     "io_uring feature IORING_SETUP_DEFER_TASKRUN needs Linux 6.1 or later"},
    {"Linux 5.18", With(0, EINVAL, EINVAL, 0), StartFailure::Kind::kFeature,
     "io_uring feature IORING_REGISTER_PBUF_RING needs Linux 5.19 or later"},
    {"Linux 5.17", WithoutMessages(), StartFailure::Kind::kFeature,
     "io_uring feature IORING_OP_MSG_RING needs Linux 5.18 or later"},
    {"Linux 5.16", Without(IORING_FEAT_CQE_SKIP), StartFailure::Kind::kFeature,
     "io_uring feature IORING_FEAT_CQE_SKIP needs Linux 5.17 or later"},
    {"Linux 5.10", Without(IORING_FEAT_EXT_ARG), StartFailure::Kind::kFeature,
     "io_uring feature IORING_FEAT_EXT_ARG needs Linux 5.11 or later"},
    {"Linux 5.4", Without(IORING_FEAT_NODROP), StartFailure::Kind::kFeature,
     "io_uring feature IORING_FEAT_NODROP needs Linux 5.5 or later"},
    {"memory ends at the full ring", With(0, ENOMEM, 0, 0),
     StartFailure::Kind::kLockedMemory,
     "io_uring, setup: Cannot allocate memory; raise RLIMIT_MEMLOCK"
     " (LimitMEMLOCK= in the unit file, ulimit -l)"},
    {"memory ends at the buffers", With(0, 0, ENOMEM, 0),
     StartFailure::Kind::kLockedMemory,
     "io_uring, buffer ring: Cannot allocate memory; raise RLIMIT_MEMLOCK"
     " (LimitMEMLOCK= in the unit file, ulimit -l)"},
};

TEST(KernelProbe, NamesWhatIsMissing) {
  for (const Case& row : kCases) {
    SCOPED_TRACE(row.sentence);
    const std::optional<StartFailure> failure = Judge(row.facts);

    ASSERT_TRUE(failure.has_value());
    EXPECT_EQ(failure->kind, row.kind) << ToString(failure->kind);
    EXPECT_EQ(failure->ToString(), row.text);
  }
}

TEST(KernelProbe, FindsNothingMissingInAGoodKernel) {
  EXPECT_FALSE(Judge(kGood).has_value());
}

TEST(KernelProbe, FindsThisKernelGood) {
  const std::optional<StartFailure> failure = Judge(ProbeKernel());

  EXPECT_FALSE(failure.has_value()) << failure->ToString();
}

}  // namespace
}  // namespace sallyport::net
