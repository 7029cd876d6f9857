#pragma once
// Text as nghttp2 takes and gives it.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::serve {

inline std::string_view nghttp2_text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// nghttp2 copies it and does not write to it.
inline uint8_t* nghttp2_bytes(std::string_view text) {
  return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
}

}  // namespace weir::serve
