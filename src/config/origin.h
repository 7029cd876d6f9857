#pragma once
// Where settings stand in a file, for errors that are found when they are used.

#include <string>
#include <utility>

#include "base/result.h"

namespace weir::config {

// File, line and field, to begin errors with; empty where no file says them. Settings are the same
// wherever they stand.
struct Origin {
  std::string text;

  // The error, with that before it.
  Error locate(Error error) const {
    return text.empty() ? std::move(error) : std::move(error).in(text);
  }

  friend bool operator==(const Origin&, const Origin&) { return true; }
};

}  // namespace weir::config
