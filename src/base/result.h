#pragma once
// Result<T> holds a value or an Error. Fallible host code returns it; hostcalls, which answer to
// the guest, return a Status (abi/types.h).

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace weir {

enum class ErrorCode {
  BadModule,      // the .wasm file is malformed, or not a Proxy-Wasm plugin
  BadConfig,      // a configuration cannot be used as written
  LinkFailed,     // an import or export is missing or has another type
  GuestTrapped,   // the guest ended by a trap
  LimitExceeded,  // a bound set by the operator was reached
  Unsupported,    // this build, engine or plane cannot do it
  NotFound,       // a file, adapter or name does not exist
  Io,             // the operating system refused
  Unavailable,    // a server elsewhere did not give what was asked of it
};

// What went wrong, as one line for an operator.
struct Error {
  ErrorCode code;
  std::string message;

  // Adds what the caller was doing: "plugin 'auth': load: unknown ABI version".
  [[nodiscard]] Error in(std::string_view doing) && {
    message.insert(0, std::string(doing) + ": ");
    return std::move(*this);
  }
};

template <typename T, typename E = Error>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(E error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool ok() const { return state_.index() == 0; }

  T& value() & {
    WEIR_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    WEIR_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && { return std::move(value()); }

  E& error() & {
    WEIR_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }
  const E& error() const& {
    WEIR_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }
  E&& error() && { return std::move(error()); }

 private:
  std::variant<T, E> state_;
};

struct Unit {};
using Done = Result<Unit>;

}  // namespace weir

#define WEIR_CONCAT_INNER(a, b) a##b
#define WEIR_CONCAT(a, b) WEIR_CONCAT_INNER(a, b)

// WEIR_TRY(auto x, f()) declares x with f()'s value, or returns f()'s error from here.
// WEIR_TRY(f()) does the same where the value is of no interest.
#define WEIR_TRY_VALUE(declaration, expression)                 \
  auto WEIR_CONCAT(weir_try_, __LINE__) = (expression);         \
  if (!WEIR_CONCAT(weir_try_, __LINE__).ok())                   \
    return std::move(WEIR_CONCAT(weir_try_, __LINE__)).error(); \
  declaration = std::move(WEIR_CONCAT(weir_try_, __LINE__)).value()
#define WEIR_TRY_ONLY(expression)                                                         \
  do {                                                                                    \
    if (auto weir_try = (expression); !weir_try.ok()) return std::move(weir_try).error(); \
  } while (false)
#define WEIR_TRY_PICK(a, b, pick, ...) pick
#define WEIR_TRY(...) WEIR_TRY_PICK(__VA_ARGS__, WEIR_TRY_VALUE, WEIR_TRY_ONLY)(__VA_ARGS__)
