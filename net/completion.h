// A Completion is what the kernel says about a request; a Request names what
// was asked, for whom. 64 bits travel with it through the kernel.
#ifndef NET_COMPLETION_H_
#define NET_COMPLETION_H_

#include <cstdint>

#include "core/base/slab.h"

namespace sallyport::net {

enum class Op : uint8_t {
  kAccept,
  kReceive,
  kSend,
  kConnect,
  kCancelReceive,
  kCancelSend,
  kCancelConnect,
  kCancelAccept,
  kReceiveDatagram,
  kSendDatagram,
  kWake,         // ours to another ring; completes only when it failed
  kMail,         // another ring's to us
  kOutsideWake,  // a thread without a ring
};

// Op: 8 bits, slot: 24, generation: 32.
struct Request {
  static constexpr uint32_t kSlotsMax = 1u << 24;

  Op op = Op::kMail;
  SlotHandle subject{0, 0};

  constexpr uint64_t Pack() const {
    return uint64_t{static_cast<uint8_t>(op)} << 56 |
           uint64_t{subject.slot} << 32 | subject.generation;
  }
  static constexpr Request Unpack(uint64_t packed) {
    return {static_cast<Op>(packed >> 56),
            {static_cast<uint32_t>(packed >> 32) & (kSlotsMax - 1),
             static_cast<uint32_t>(packed)}};
  }
};

struct Completion {
  Request request;
  int32_t result = 0;   // bytes, a descriptor, or -errno
  bool more = false;    // the request goes on and will complete again
  bool buffer = false;  // `buffer_id` holds the bytes
  uint16_t buffer_id = 0;
};

}  // namespace sallyport::net

#endif  // NET_COMPLETION_H_
