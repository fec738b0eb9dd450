// ReceiveBuffers lend memory to the kernel, which fills a buffer when bytes
// come and not before: an idle connection holds none.
#ifndef NET_RECEIVE_BUFFERS_H_
#define NET_RECEIVE_BUFFERS_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "net/result.h"
#include "net/ring.h"
#include "net/start_failure.h"

namespace sallyport::net {

struct ReceiveBufferOptions {
  uint16_t group = 0;
  uint32_t count = 0;  // a power of two
  uint32_t bytes = 0;  // of each
};

// Owns:    the buffers and the ring of their names that the kernel reads; the
//          Ring must be gone before it (that unregisters them).
// Bounds:  `count` buffers of `bytes`. A receive that finds none ends with
//          ENOBUFS and is to be armed again.
class ReceiveBuffers {
 public:
  static Result<std::unique_ptr<ReceiveBuffers>, StartFailure> Create(
      Ring* ring, const ReceiveBufferOptions& options);
  ~ReceiveBuffers();
  ReceiveBuffers(const ReceiveBuffers&) = delete;
  ReceiveBuffers& operator=(const ReceiveBuffers&) = delete;

  uint16_t group() const { return options_.group; }
  uint32_t bytes() const { return options_.bytes; }

  // The buffer that a completion brought. It is ours until GiveBack().
  uint8_t* Take(uint16_t id);
  // Under ASan, a view that outlives this fails.
  void GiveBack(uint16_t id);

 private:
  explicit ReceiveBuffers(const ReceiveBufferOptions& options);
  size_t SharedBytes() const { return options_.count * sizeof(io_uring_buf); }
  uint8_t* At(uint16_t id) {
    return memory_.get() + size_t{id} * options_.bytes;
  }

  const ReceiveBufferOptions options_;
  const std::unique_ptr<uint8_t[]> memory_;
  io_uring_buf_ring* shared_ = nullptr;  // with the kernel
};

}  // namespace sallyport::net

#endif  // NET_RECEIVE_BUFFERS_H_
