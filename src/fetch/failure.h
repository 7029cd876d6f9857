#pragma once
// Why something was not fetched, and whether another try may fare better.

#include <string>
#include <utility>

#include "base/result.h"

namespace weir::fetch {

struct Failure {
  enum class Kind : uint8_t {
    Passing,  // no connection, a time-out, an overloaded server: the next try may succeed
    Final,    // an answer that is whole and wrong
  };

  Error error;
  Kind kind = Kind::Final;

  // Adds what the caller was doing.
  [[nodiscard]] Failure in(std::string_view doing) && { return {std::move(error).in(doing), kind}; }
};

template <typename T>
using Fetched = Result<T, Failure>;

inline Failure passing(std::string reason) {
  return {{ErrorCode::Unavailable, std::move(reason)}, Failure::Kind::Passing};
}

inline Failure final(std::string reason, ErrorCode code = ErrorCode::Unavailable) {
  return {{code, std::move(reason)}, Failure::Kind::Final};
}

}  // namespace weir::fetch
