#pragma once
// Where things are kept between runs.

#include <cstdint>
#include <string>

namespace weir::cli {

inline constexpr uint64_t kCodeCacheBytes = 1ull << 30;

// The folder of compiled code ("code") and the like unless told otherwise; empty where the user has
// no home.
std::string default_cache(const std::string& of);

}  // namespace weir::cli
