// How often the heap was asked for something: in a program that links this,
// operator new counts.
#ifndef CORE_TESTING_HEAP_COUNT_H_
#define CORE_TESTING_HEAP_COUNT_H_

#include <cstdint>

namespace sallyport {

// Calls of every form of operator new in this thread, since it began. What
// calls malloc by itself (BoringSSL, c-ares) is not in it.
uint64_t HeapCount();

}  // namespace sallyport

#endif  // CORE_TESTING_HEAP_COUNT_H_
