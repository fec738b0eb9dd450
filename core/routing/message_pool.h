// A MessagePool keeps copies of messages that must outlive the buffer they came
// in: a request that may be sent again or answered late, a response to repeat.
#ifndef CORE_ROUTING_MESSAGE_POOL_H_
#define CORE_ROUTING_MESSAGE_POOL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace sallyport::routing {

// Bytes of a pool. Whoever holds it gives it back with Release(), before the
// pool ends at the latest.
struct PooledBytes {
  char* data = nullptr;
  uint32_t size = 0;
  uint8_t size_class = 0;

  bool valid() const { return data != nullptr; }
  std::string_view view() const { return {data, size}; }
};

// Bounds: `bytes_max`, counted in whole blocks; Acquire() then returns nothing.
// Cost:   O(1); the heap is touched only when more is held than ever before, or
//         when the sizes in use have changed.
class MessagePool {
 public:
  explicit MessagePool(uint64_t bytes_max) : bytes_max_(bytes_max) {}

  // Room for `size` bytes, or an invalid value.
  [[nodiscard]] PooledBytes Acquire(size_t size);
  // A copy of `text`, or an invalid value.
  [[nodiscard]] PooledBytes Store(std::string_view text);
  // The bytes stay readable until the next Acquire(). Does nothing when
  // invalid.
  void Release(PooledBytes& bytes) {
    if (bytes.valid()) GiveBack(bytes);
  }

  uint64_t bytes_in_use() const { return in_use_; }

 private:
  static constexpr size_t kSmallest = 512;
  static constexpr size_t kClasses = 8;  // 512 bytes to 64 KiB
  static constexpr size_t BytesOf(size_t size_class) {
    return kSmallest << size_class;
  }

  void GiveBack(PooledBytes& bytes);
  bool MakeRoom(size_t bytes);

  const uint64_t bytes_max_;
  std::array<std::vector<std::unique_ptr<char[]>>, kClasses> free_;
  uint64_t held_ = 0;  // in use and free
  uint64_t in_use_ = 0;
};

}  // namespace sallyport::routing

#endif  // CORE_ROUTING_MESSAGE_POOL_H_
