#pragma once
// Errors that tell what to do.

#include <string_view>

#include "base/result.h"

namespace weir::planes {

// Adds what to do to an error, behind the semicolon that all have before it; one that tells it
// already, or an empty `remedy`, leaves the error as it is.
inline Error with_remedy(Error error, std::string_view remedy) {
  if (remedy.empty() || error.message.find("; ") != std::string::npos) return error;
  error.message.append("; ").append(remedy);
  return error;
}

}  // namespace weir::planes
