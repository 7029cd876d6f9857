#pragma once
// Why something was not fetched, and whether another try may fare better.

#include <string>
#include <utility>

#include "base/result.h"

namespace weir::fetch {

struct Failure {
  enum class Kind : uint8_t {
    // No connection, a time-out, a server that has something else there: the next try may succeed.
    Passing,
    // What is asked for is at fault, or how.
    Final,
  };

  Error error;
  Kind kind = Kind::Final;

  // Adds what the caller was doing.
  [[nodiscard]] Failure in(std::string_view doing) && { return {std::move(error).in(doing), kind}; }
};

template <typename T>
using Fetched = Result<T, Failure>;

inline Failure passing(std::string reason, ErrorCode code = ErrorCode::Unavailable) {
  return {{code, std::move(reason)}, Failure::Kind::Passing};
}

inline Failure final(std::string reason, ErrorCode code = ErrorCode::Unavailable) {
  return {{code, std::move(reason)}, Failure::Kind::Final};
}

}  // namespace weir::fetch
