// How one shard tells the others of a device that has registered with it.
#ifndef CORE_DEVICE_H_
#define CORE_DEVICE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/attributes.h"
#include "core/base/time.h"

namespace sallyport {

// What makes two registrations those of one device: IMPI, instance and reg-id, or
// without an instance the Contact URI (spec 5.6).
struct DeviceView {
  Instant since;  // when the younger association was asked for
  uint32_t reg_id = 0;
  std::string_view impi;
  std::string_view instance;
  std::string_view contact_uri;
};

// For shards of one process only: the layout is nobody else's business.
std::string WriteDevice(const DeviceView& device);
// Nothing when the text is not what WriteDevice wrote.
std::optional<DeviceView> ReadDevice(
    std::string_view text ABSL_ATTRIBUTE_LIFETIME_BOUND);

}  // namespace sallyport

#endif  // CORE_DEVICE_H_
