#include "core/routing/message_pool.h"

#include <cstring>

namespace sallyport::routing {

PooledBytes MessagePool::Acquire(size_t size) {
  size_t size_class = 0;
  while (size_class < kClasses && BytesOf(size_class) < size) ++size_class;
  if (size_class == kClasses) return {};
  auto& free = free_[size_class];
  if (free.empty()) {
    if (!MakeRoom(BytesOf(size_class))) return {};
    free.push_back(std::make_unique_for_overwrite<char[]>(BytesOf(size_class)));
    held_ += BytesOf(size_class);
  }
  PooledBytes bytes{.data = free.back().release(),
                    .size = static_cast<uint32_t>(size),
                    .size_class = static_cast<uint8_t>(size_class)};
  free.pop_back();
  in_use_ += BytesOf(size_class);
  return bytes;
}

PooledBytes MessagePool::Store(std::string_view text) {
  PooledBytes bytes = Acquire(text.size());
  if (bytes.valid()) std::memcpy(bytes.data, text.data(), text.size());
  return bytes;
}

void MessagePool::GiveBack(PooledBytes& bytes) {
  in_use_ -= BytesOf(bytes.size_class);
  free_[bytes.size_class].emplace_back(bytes.data);
  bytes = {};
}

// Free blocks of other sizes give way to what is wanted now.
bool MessagePool::MakeRoom(size_t bytes) {
  if (in_use_ + bytes > bytes_max_) return false;
  for (size_t c = kClasses; c-- > 0 && held_ + bytes > bytes_max_;) {
    while (!free_[c].empty() && held_ + bytes > bytes_max_) {
      free_[c].pop_back();
      held_ -= BytesOf(c);
    }
  }
  return held_ + bytes <= bytes_max_;
}

}  // namespace sallyport::routing
