// PeekClientHello and TicketHome see the first bytes of strangers: whatever
// they are, the answer lies within them, and more bytes never change a final
// answer.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/tls/client_hello.h"
#include "net/tls/ticket.h"
#include "tests/fuzz/demand.h"

namespace tls = sallyport::net::tls;

using sallyport::fuzz::Demand;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const tls::TicketKeys::Snapshot keys =
      tls::TicketKeys::Random(tls::WallTime{});
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const tls::HelloPeek peek = tls::PeekClientHello(bytes);

  Demand(peek.ticket.empty() || peek.verdict == tls::HelloVerdict::kHello);
  Demand(peek.ticket.empty() || (peek.ticket.data() >= bytes.data() &&
                                 peek.ticket.data() + peek.ticket.size() <=
                                     bytes.data() + bytes.size()));
  Demand(peek.verdict != tls::HelloVerdict::kNeedMore ||
         bytes.size() < tls::kHelloPeekBytesMax);
  const tls::HelloPeek half = tls::PeekClientHello(bytes.substr(0, size / 2));
  Demand(half.verdict == tls::HelloVerdict::kNeedMore ||
         (half.verdict == peek.verdict && half.ticket == peek.ticket));
  // No stranger makes a ticket of ours.
  Demand(!tls::TicketHome(*keys, peek.ticket).has_value());
  Demand(!tls::TicketHome(*keys, bytes).has_value());
  return 0;
}
