// What a flag's value must be: within a range, or one of some names. Each check
// fails with one line that names the flag and the reason.
#ifndef PROXY_FLAG_CHECKS_H_
#define PROXY_FLAG_CHECKS_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/time.h"

namespace sallyport::proxy {

absl::Status Wrong(std::string_view flag, std::string_view reason);

template <typename T>
absl::Status InRange(std::string_view flag, T value, T least, T most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return Wrong(flag, absl::StrCat(value, " is not between ", least, " and ",
                                  most));
}

absl::Status InRange(std::string_view flag, absl::Duration value,
                     absl::Duration least, absl::Duration most);

// Index of `value` among the names of a flag's values.
absl::StatusOr<int> OneOf(std::string_view flag, const std::string& value,
                          std::initializer_list<std::string_view> names);

// Copies flags that have a range into their places; keeps the first complaint.
class Ranges {
 public:
  template <typename T, typename V>
  Ranges& Take(const absl::Flag<V>& flag, std::type_identity_t<V> least,
               std::type_identity_t<V> most, T& to) {
    const V value = absl::GetFlag(flag);
    status_.Update(InRange(NameOf(flag), value, least, most));
    to = static_cast<T>(value);
    return *this;
  }
  Ranges& Time(const absl::Flag<absl::Duration>& flag, absl::Duration least,
               absl::Duration most, Millis& to);
  Ranges& Time(const absl::Flag<absl::Duration>& flag, absl::Duration least,
               absl::Duration most, absl::Duration& to);
  Ranges& PowerOfTwo(const absl::Flag<uint32_t>& flag);
  absl::Status status() const { return status_; }

 private:
  template <typename V>
  static std::string_view NameOf(const absl::Flag<V>& flag) {
    return absl::GetFlagReflectionHandle(flag).Name();
  }
  absl::Status status_;
};

}  // namespace sallyport::proxy

#endif  // PROXY_FLAG_CHECKS_H_
