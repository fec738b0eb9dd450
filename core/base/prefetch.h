// Asks the processor for memory before it is needed.
#ifndef CORE_BASE_PREFETCH_H_
#define CORE_BASE_PREFETCH_H_

#include <cstddef>

namespace sallyport {

// Every cache line of [begin, begin + bytes). A hint: nothing is read, and any
// address will do. Cost: an instruction a line, no wait.
inline void PrefetchBytes(const void* begin, size_t bytes) {
  constexpr size_t kLineBytes = 64;
  const char* const first = static_cast<const char*>(begin);
  for (size_t at = 0; at < bytes; at += kLineBytes) {
    __builtin_prefetch(first + at);
  }
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
