#pragma once
// What is wrong with an image that a registry has given: its server answers, and its uri is right.

#include <string>
#include <string_view>

#include "fetch/failure.h"

namespace weir::fetch {

// One that does not hold together, unless `remedy` says what else to do.
inline Failure bad_image(
    std::string what,
    std::string_view remedy = "push the image anew, or have its registry repaired") {
  what.append("; ").append(remedy);
  return final(std::move(what));
}

}  // namespace weir::fetch
