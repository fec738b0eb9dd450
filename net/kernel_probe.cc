#include "net/kernel_probe.h"

#include <liburing.h>

#include <cerrno>
#include <fstream>

namespace sallyport::net {
namespace {

constexpr unsigned kProbeEntries = 4;
constexpr int kProbeGroup = 0;

int ReadDisabled() {
  std::ifstream file("/proc/sys/kernel/io_uring_disabled");
  int value = -1;
  if (!(file >> value)) return -1;
  return value;
}

int TryBufferRing(io_uring* ring) {
  int error = 0;
  io_uring_buf_ring* buffers =
      io_uring_setup_buf_ring(ring, kProbeEntries, kProbeGroup, 0, &error);
  if (buffers == nullptr) return -error;
  io_uring_free_buf_ring(ring, buffers, kProbeEntries, kProbeGroup);
  return 0;
}

bool HasOperation(io_uring* ring, int operation) {
  io_uring_probe* probe = io_uring_get_probe_ring(ring);
  if (probe == nullptr) return false;
  const bool has = io_uring_opcode_supported(probe, operation) != 0;
  io_uring_free_probe(probe);
  return has;
}

StartFailure Missing(std::string_view name, std::string_view since) {
  return {.kind = StartFailure::Kind::kFeature, .name = name, .since = since};
}

}  // namespace

uint32_t RingFlags() {
  return IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
         IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SUBMIT_ALL |
         IORING_SETUP_R_DISABLED;
}

KernelFacts ProbeKernel() {
  KernelFacts facts;
  facts.disabled = ReadDisabled();
  io_uring ring;
  io_uring_params plain{};
  facts.plain_setup_error =
      -io_uring_queue_init_params(kProbeEntries, &ring, &plain);
  if (facts.plain_setup_error != 0) return facts;
  facts.features = plain.features;
  facts.message_ring = HasOperation(&ring, IORING_OP_MSG_RING);
  facts.buffer_ring_error = TryBufferRing(&ring);
  io_uring_queue_exit(&ring);

  io_uring_params full{};
  full.flags = RingFlags();
  facts.full_setup_error =
      -io_uring_queue_init_params(kProbeEntries, &ring, &full);
  if (facts.full_setup_error == 0) io_uring_queue_exit(&ring);
  return facts;
}

StartFailure SetupFailure(std::string_view step, int error) {
  StartFailure failure{.name = step, .error = error};
  if (error == ENOSYS) failure.kind = StartFailure::Kind::kAbsent;
  if (error == EPERM || error == EACCES) {
    failure.kind = StartFailure::Kind::kForbidden;
    failure.disabled = ReadDisabled();
  }
  if (error == ENOMEM) failure.kind = StartFailure::Kind::kLockedMemory;
  if (error == EMFILE || error == ENFILE) {
    failure.kind = StartFailure::Kind::kDescriptors;
  }
  return failure;
}

std::optional<StartFailure> Judge(const KernelFacts& facts) {
  if (facts.plain_setup_error != 0) {
    StartFailure failure = SetupFailure("setup", facts.plain_setup_error);
    failure.disabled = facts.disabled;
    return failure;
  }
  if ((facts.features & IORING_FEAT_NODROP) == 0) {
    return Missing("IORING_FEAT_NODROP", "5.5");
  }
  if ((facts.features & IORING_FEAT_SUBMIT_STABLE) == 0) {
    return Missing("IORING_FEAT_SUBMIT_STABLE", "5.5");
  }
  if ((facts.features & IORING_FEAT_EXT_ARG) == 0) {
    return Missing("IORING_FEAT_EXT_ARG", "5.11");
  }
  if ((facts.features & IORING_FEAT_CQE_SKIP) == 0) {
    return Missing("IORING_FEAT_CQE_SKIP", "5.17");
  }
  if (!facts.message_ring) return Missing("IORING_OP_MSG_RING", "5.18");
  if (facts.buffer_ring_error == EINVAL) {
    return Missing("IORING_REGISTER_PBUF_RING", "5.19");
  }
  if (facts.full_setup_error == EINVAL) {
    return Missing("IORING_SETUP_DEFER_TASKRUN", "6.1");
  }
  if (facts.full_setup_error != 0) {
    return SetupFailure("setup", facts.full_setup_error);
  }
  if (facts.buffer_ring_error != 0) {
    return SetupFailure("buffer ring", facts.buffer_ring_error);
  }
  return std::nullopt;
}

}  // namespace sallyport::net
