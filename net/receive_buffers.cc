#include "net/receive_buffers.h"

#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include <cerrno>

#include "absl/log/check.h"
#include "net/kernel_probe.h"

namespace sallyport::net {

Result<std::unique_ptr<ReceiveBuffers>, StartFailure> ReceiveBuffers::Create(
    Ring* ring, const ReceiveBufferOptions& options) {
  std::unique_ptr<ReceiveBuffers> buffers(new ReceiveBuffers(options));
  if (buffers->shared_ == nullptr) {
    return Unexpected(SetupFailure("buffer ring", ENOMEM));
  }
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<uint64_t>(buffers->shared_);
  registration.ring_entries = options.count;
  registration.bgid = options.group;
  const int error = io_uring_register_buf_ring(ring->raw(), &registration, 0);
  if (error < 0) return Unexpected(SetupFailure("buffer ring", -error));
  for (uint32_t id = 0; id < options.count; ++id) {
    buffers->GiveBack(static_cast<uint16_t>(id));
  }
  return buffers;
}

// The buffers are not touched here: their pages come with the first bytes.
ReceiveBuffers::ReceiveBuffers(const ReceiveBufferOptions& options)
    : options_(options),
      memory_(new uint8_t[size_t{options.count} * options.bytes]) {
  void* shared = mmap(nullptr, SharedBytes(), PROT_READ | PROT_WRITE,
                      MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  if (shared == MAP_FAILED) return;
  shared_ = static_cast<io_uring_buf_ring*>(shared);
  io_uring_buf_ring_init(shared_);
}

ReceiveBuffers::~ReceiveBuffers() {
  ASAN_UNPOISON_MEMORY_REGION(memory_.get(),
                              size_t{options_.count} * options_.bytes);
  if (shared_ != nullptr) munmap(shared_, SharedBytes());
}

uint8_t* ReceiveBuffers::Take(uint16_t id) {
  CHECK_LT(id, options_.count);
  ASAN_UNPOISON_MEMORY_REGION(At(id), options_.bytes);
  return At(id);
}

void ReceiveBuffers::GiveBack(uint16_t id) {
  ASAN_POISON_MEMORY_REGION(At(id), options_.bytes);
  io_uring_buf_ring_add(shared_, At(id), options_.bytes, id,
                        io_uring_buf_ring_mask(options_.count), 0);
  io_uring_buf_ring_advance(shared_, 1);
}

}  // namespace sallyport::net
