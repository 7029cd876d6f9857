#pragma once
// Bytes in the server's buffers.

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "planes/ats/server_api.h"

namespace weir::ats_plane {

// Takes up to `limit` bytes out of the reader, piece by piece: `take` is given each. How many they
// were. Thread: that of the buffer's connection.
template <typename Take>
int64_t take_bytes(TSIOBufferReader reader, int64_t limit, Take take) {
  int64_t taken = 0;
  for (TSIOBufferBlock block = TSIOBufferReaderStart(reader); block != nullptr && taken < limit;
       block = TSIOBufferBlockNext(block)) {
    int64_t available = 0;
    const char* start = TSIOBufferBlockReadStart(block, reader, &available);
    const int64_t size = std::min(available, limit - taken);
    if (size <= 0) continue;
    take(std::string_view(start, static_cast<size_t>(size)));
    taken += size;
  }
  TSIOBufferReaderConsume(reader, taken);
  return taken;
}

}  // namespace weir::ats_plane
