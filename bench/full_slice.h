// A FullSlice is an AssociationSlice with as many telephones as asked for, each
// as a home network registers it: three identities, one route.
#ifndef BENCH_FULL_SLICE_H_
#define BENCH_FULL_SLICE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/flow.h"
#include "core/registration/association_slice.h"

namespace sallyport::bench {

inline constexpr Instant kRegistered{Millis(1'000'000)};

// What is known of the telephone of this number.
TlsSessionId SessionOf(uint32_t number);
FlowId FlowOf(uint32_t number);
FlowInfo InfoOf(uint32_t number);

struct Phone {
  explicit Phone(uint32_t number);
  Phone(const Phone&) = delete;  // its views are of its own texts

  registration::Grant GrantOf(uint32_t cseq) const;

  const std::string digits, impi, aor, call_id, contact, instance;
  const std::vector<std::string> values;
  const std::vector<std::string_view> identities;
  const std::vector<std::string_view> routes;
};

// The association of a telephone has the slot of its number.
struct FullSlice {
  explicit FullSlice(uint32_t count);

  // The one of this size; made when the last one asked for had another, because
  // a large one takes a while.
  static FullSlice& Of(int64_t count);

  std::unique_ptr<registration::AssociationSlice> slice;
  double bytes_per_association = 0;  // as malloc counts, its overhead included
};

}  // namespace sallyport::bench

#endif  // BENCH_FULL_SLICE_H_
