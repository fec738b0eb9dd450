// A Result is a value or the reason why there is none. Its member names are
// those of std::expected, so that it can give way to it (C++23).
#ifndef NET_RESULT_H_
#define NET_RESULT_H_

#include <type_traits>
#include <utility>
#include <variant>

#include "absl/log/check.h"

namespace sallyport::net {

template <typename E>
struct Unexpected {
  E error;
};
template <typename E>
Unexpected(E) -> Unexpected<E>;

// Fails: value() of a failure and error() of a success are mistakes (CHECK).
template <typename T, typename E>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  using error_type = E;

  Result(T value)  // NOLINT: implicit, as in std::expected
      : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Unexpected<E> failure)  // NOLINT: implicit, as in std::expected
      : state_(std::in_place_index<1>, std::move(failure.error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & {
    CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    CHECK(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  const E& error() const {
    CHECK(!has_value());
    return *std::get_if<1>(&state_);
  }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, E> state_;
};

// Success without a value.
struct Done {};

template <typename E>
using Status = Result<Done, E>;

}  // namespace sallyport::net

#endif  // NET_RESULT_H_
