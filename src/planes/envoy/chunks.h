#pragma once
// Bytes that Envoy has in pieces.

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "planes/envoy/dynamic_module.h"

namespace weir::envoy_plane {

// Copies [start, start + to.size()) of what has `chunks` from `first` on, as far as they have it.
inline void copy_chunks(const std::vector<EnvoyBuffer>& chunks, uint64_t first, uint64_t start,
                        std::span<std::byte> to) {
  const uint64_t end = start + to.size();
  uint64_t at = first;
  for (const EnvoyBuffer& chunk : chunks) {
    const uint64_t from = std::max(at, start);
    const uint64_t until = std::min(at + chunk.size, end);
    if (from < until) {
      std::memcpy(to.data() + (from - start), chunk.data + (from - at), until - from);
    }
    at += chunk.size;
  }
}

}  // namespace weir::envoy_plane
