// Asks the processor for memory before it is needed.
#ifndef CORE_BASE_PREFETCH_H_
#define CORE_BASE_PREFETCH_H_

#include <cstddef>

namespace sallyport {

inline constexpr size_t kCacheLineBytes = 64;

// Every cache line of [begin, begin + bytes). A hint: nothing is read, and any
// address will do. Cost: an instruction a line, no wait.
inline void PrefetchBytes(const void* begin, size_t bytes) {
  const char* const first = static_cast<const char*>(begin);
  for (size_t at = 0; at < bytes; at += kCacheLineBytes) {
    __builtin_prefetch(first + at);
  }
  // gcc sees no effect in a prefetch, and leaves out calls of a function that
  // does nothing else.
  asm volatile("");
}
template <typename T>
void PrefetchObject(const T& object) {
  PrefetchBytes(&object, sizeof(T));
}

// What is known of something that is about to be needed, from far to near: a
// pointer can be followed when its own memory has come.
inline constexpr unsigned kApproachSteps = 3;

}  // namespace sallyport

#endif  // CORE_BASE_PREFETCH_H_
