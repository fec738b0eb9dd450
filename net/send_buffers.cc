#include "net/send_buffers.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "absl/log/check.h"

namespace sallyport::net {
namespace {

size_t SizeIndex(size_t capacity) {
  return std::countr_zero(capacity) - std::countr_zero(kSendBufferBytesMin);
}

}  // namespace

static_assert(std::has_single_bit(kSendBufferBytesMin));
static_assert(kQueuedBytesCeiling <= kSendBufferBytesMin << 18);

SendBuffers::~SendBuffers() {
  for (std::vector<char*>& list : idle_) {
    for (char* data : list) delete[] data;
  }
}

bool SendBuffers::Grow(SendBuffer& buffer, size_t bytes, SendClass wanted_by) {
  if (bytes <= buffer.room()) return true;
  const size_t capacity =
      std::bit_ceil(std::max(buffer.size + bytes, kSendBufferBytesMin));
  const size_t index = SizeIndex(capacity);
  const size_t out_of_reach =
      wanted_by == SendClass::kReserved ? 0 : options_.reserved_bytes;
  if (index >= kSizes ||
      lent_bytes_ + capacity + out_of_reach > options_.bytes_max) {
    return false;
  }
  SendBuffer larger{.capacity = static_cast<uint32_t>(capacity)};
  std::vector<char*>& list = idle_[index];
  if (list.empty()) {
    larger.data = new char[capacity];
  } else {
    larger.data = list.back();
    list.pop_back();
    idle_bytes_ -= capacity;
  }
  lent_bytes_ += capacity;
  larger.size = buffer.size;
  if (buffer.size > 0) memcpy(larger.data, buffer.data, buffer.size);
  Release(buffer);
  buffer = larger;
  return true;
}

void SendBuffers::Release(SendBuffer& buffer) {
  if (buffer.data == nullptr) return;
  CHECK_GE(lent_bytes_, buffer.capacity);
  lent_bytes_ -= buffer.capacity;
  if (idle_bytes_ + buffer.capacity <= options_.idle_bytes_max) {
    idle_bytes_ += buffer.capacity;
    idle_[SizeIndex(buffer.capacity)].push_back(buffer.data);
  } else {
    delete[] buffer.data;
  }
  buffer = {};
}

}  // namespace sallyport::net
