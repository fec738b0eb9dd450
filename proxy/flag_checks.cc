#include "proxy/flag_checks.h"

namespace sallyport::proxy {

absl::Status Wrong(std::string_view flag, std::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat("--", flag, ": ", reason));
}

absl::Status InRange(std::string_view flag, absl::Duration value,
                     absl::Duration least, absl::Duration most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return Wrong(flag, absl::StrCat(absl::FormatDuration(value),
                                  " is not between ",
                                  absl::FormatDuration(least), " and ",
                                  absl::FormatDuration(most)));
}

absl::StatusOr<int> OneOf(std::string_view flag, const std::string& value,
                          std::initializer_list<std::string_view> names) {
  int index = 0;
  std::string list;
  for (std::string_view name : names) {
    if (value == name) return index;
    absl::StrAppend(&list, index++ == 0 ? "" : ", ", name);
  }
  return Wrong(flag, absl::StrCat("`", value, "` is not one of: ", list));
}

Ranges& Ranges::Time(const absl::Flag<absl::Duration>& flag,
                     absl::Duration least, absl::Duration most,
                     absl::Duration& to) {
  to = absl::GetFlag(flag);
  status_.Update(InRange(NameOf(flag), to, least, most));
  return *this;
}

Ranges& Ranges::Time(const absl::Flag<absl::Duration>& flag,
                     absl::Duration least, absl::Duration most, Millis& to) {
  absl::Duration value;
  Time(flag, least, most, value);
  to = Millis(absl::ToInt64Milliseconds(value));
  return *this;
}

Ranges& Ranges::PowerOfTwo(const absl::Flag<uint32_t>& flag) {
  const uint32_t value = absl::GetFlag(flag);
  if ((value & (value - 1)) != 0) {
    status_.Update(
        Wrong(NameOf(flag), absl::StrCat(value, " is not a power of two")));
  }
  return *this;
}

}  // namespace sallyport::proxy
