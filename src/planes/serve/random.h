#pragma once
// Numbers for choices that need not be secret: between weighted clusters, how long to pause.

#include <cstdint>
#include <random>

namespace weir::serve {

// Thread: any; each has its own sequence.
inline uint64_t random_number() {
  thread_local std::mt19937_64 engine{std::random_device{}()};
  return engine();
}

}  // namespace weir::serve
