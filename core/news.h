// What the shards of one process tell each other of the devices of their users
// (docs/decisions/0012).
#ifndef CORE_NEWS_H_
#define CORE_NEWS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/attributes.h"
#include "core/registration/impi_desk.h"

namespace sallyport {

// What makes two registrations those of one device: IMPI, instance and reg-id,
// or without an instance the Contact URI (spec 5.6).
struct DeviceView {
  uint32_t reg_id = 0;
  std::string_view impi;
  std::string_view instance;
  std::string_view contact_uri;
};

struct NewsView {
  enum class Kind : uint8_t {
    // ---- to the desk of the IMPI
    kStands,  // the association is there; with a `device`: a REGISTER made it
    kGone,    // it has ended
    kAsk,     // may one more device register? `id` names the transaction
    // ---- from the desk
    kRoom,        // to who asked for `id`: it may
    kFull,        // and it may not
    kRegistered,  // to where an older association of `device` may be
    kExcess,      // to its home: it is one too many
    // ---- from one home to another
    kOlder,  // it is an older one of a device that has a younger one here
  };
  Kind kind = Kind::kStands;
  registration::Standing standing;
  DeviceView device;
};

// Into `room`, which keeps its memory. For shards of one process only: the
// layout is nobody else's business.
void WriteNews(const NewsView& news, std::string& room);
// Nothing when the text is not what WriteNews wrote.
std::optional<NewsView> ReadNews(
    std::string_view text ABSL_ATTRIBUTE_LIFETIME_BOUND);

}  // namespace sallyport

#endif  // CORE_NEWS_H_
