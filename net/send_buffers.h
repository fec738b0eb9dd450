// SendBuffers is the pool of memory for what is on its way out.
#ifndef NET_SEND_BUFFERS_H_
#define NET_SEND_BUFFERS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "net/limits.h"

namespace sallyport::net {

// A batch of bytes; `data` is null when it holds no memory.
struct SendBuffer {
  char* data = nullptr;
  uint32_t size = 0;
  uint32_t capacity = 0;  // a power of two

  uint32_t room() const { return capacity - size; }
};

// Who wants memory: kReserved still finds some when the others took all theirs.
enum class SendClass : uint8_t { kOrdinary, kReserved };

// Owns:   all buffers that it has given; they must have come back when it dies.
// Bounds: `bytes_max` lent at once, `idle_bytes_max` kept for reuse.
// Cost:   O(1); the heap is touched when more buffers of a size are needed
//         than are kept.
class SendBuffers {
 public:
  struct Options {
    size_t bytes_max = kSendBytesDefault;
    // Of these, what only kReserved may have.
    size_t reserved_bytes = 0;
    size_t idle_bytes_max = kIdleSendBytesDefault;
  };
  explicit SendBuffers(const Options& options) : options_(options) {}
  ~SendBuffers();
  SendBuffers(const SendBuffers&) = delete;
  SendBuffers& operator=(const SendBuffers&) = delete;

  // Makes room for `bytes` more in `buffer`, which may move. False when the
  // bound is reached; the buffer is then as it was.
  [[nodiscard]] bool Grow(SendBuffer& buffer, size_t bytes,
                          SendClass wanted_by = SendClass::kOrdinary);
  // Takes the memory back; `buffer` is then empty.
  void Release(SendBuffer& buffer);

  size_t lent_bytes() const { return lent_bytes_; }
  size_t idle_bytes() const { return idle_bytes_; }

 private:
  // One list per power of two, from kSendBufferBytesMin on.
  static constexpr size_t kSizes = 20;

  const Options options_;
  std::array<std::vector<char*>, kSizes> idle_;
  size_t lent_bytes_ = 0;
  size_t idle_bytes_ = 0;
};

}  // namespace sallyport::net

#endif  // NET_SEND_BUFFERS_H_
