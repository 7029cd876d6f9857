#pragma once
// Headers and trailers of requests and responses. Names are found in any case. What is not there is
// an empty WasmData, never a null pointer.

#include <memory>
#include <string_view>

#include "weir_sdk/data.h"

inline WasmResult addHeaderMapValue(WasmHeaderMapType map, std::string_view key,
                                    std::string_view value) {
  return proxy_add_header_map_value(map, key.data(), key.size(), value.data(), value.size());
}

// The first value of that name.
inline WasmDataPtr getHeaderMapValue(WasmHeaderMapType map, std::string_view key) {
  const char* value = nullptr;
  size_t size = 0;
  proxy_get_header_map_value(map, key.data(), key.size(), &value, &size);
  return std::make_unique<WasmData>(value, size);
}

// Sets the one value of that name, whether or not there is one.
inline WasmResult replaceHeaderMapValue(WasmHeaderMapType map, std::string_view key,
                                        std::string_view value) {
  return proxy_replace_header_map_value(map, key.data(), key.size(), value.data(), value.size());
}

inline WasmResult removeHeaderMapValue(WasmHeaderMapType map, std::string_view key) {
  return proxy_remove_header_map_value(map, key.data(), key.size());
}

// WasmData::pairs() lists them.
inline WasmDataPtr getHeaderMapPairs(WasmHeaderMapType map) {
  const char* pairs = nullptr;
  size_t size = 0;
  proxy_get_header_map_pairs(map, &pairs, &size);
  return std::make_unique<WasmData>(pairs, size);
}

inline WasmResult setHeaderMapPairs(WasmHeaderMapType map, const HeaderStringPairs& pairs) {
  weir_sdk::MarshalledPairs bytes(pairs);
  return proxy_set_header_map_pairs(map, bytes.data(), bytes.size());
}

inline WasmResult getHeaderMapSize(WasmHeaderMapType map, size_t* size) {
  return proxy_get_header_map_size(map, size);
}

// addRequestHeader(), getRequestHeader(), replace…, remove…, get…Pairs(), set…Pairs(), get…Size();
// and the same for RequestTrailer, ResponseHeader and ResponseTrailer.
#define WEIR_SDK_HEADER_FUNCTIONS(What)                                                           \
  inline WasmResult add##What(std::string_view key, std::string_view value) {                     \
    return addHeaderMapValue(WasmHeaderMapType::What##s, key, value);                             \
  }                                                                                               \
  inline WasmDataPtr get##What(std::string_view key) {                                            \
    return getHeaderMapValue(WasmHeaderMapType::What##s, key);                                    \
  }                                                                                               \
  inline WasmResult replace##What(std::string_view key, std::string_view value) {                 \
    return replaceHeaderMapValue(WasmHeaderMapType::What##s, key, value);                         \
  }                                                                                               \
  inline WasmResult remove##What(std::string_view key) {                                          \
    return removeHeaderMapValue(WasmHeaderMapType::What##s, key);                                 \
  }                                                                                               \
  inline WasmDataPtr get##What##Pairs() { return getHeaderMapPairs(WasmHeaderMapType::What##s); } \
  inline WasmResult set##What##Pairs(const HeaderStringPairs& pairs) {                            \
    return setHeaderMapPairs(WasmHeaderMapType::What##s, pairs);                                  \
  }                                                                                               \
  inline WasmResult get##What##Size(size_t* size) {                                               \
    return getHeaderMapSize(WasmHeaderMapType::What##s, size);                                    \
  }
WEIR_SDK_HEADER_FUNCTIONS(RequestHeader)
WEIR_SDK_HEADER_FUNCTIONS(RequestTrailer)
WEIR_SDK_HEADER_FUNCTIONS(ResponseHeader)
WEIR_SDK_HEADER_FUNCTIONS(ResponseTrailer)
#undef WEIR_SDK_HEADER_FUNCTIONS
