#pragma once
// Maps as bytes, the way they cross the boundary (ABI 0.2.1, "Serialization"): a count, the length
// of every name and value, then each of these with a NUL behind it. Integers are 32 bits wide.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "abi/header_map.h"
#include "base/bytes.h"
#include "base/function_ref.h"

namespace weir::abi {

// The size that encode_map() writes. An empty map takes no bytes: SDKs know address 0 with length 0
// as such, but stumble over the single NUL that the specification allows too.
uint64_t encoded_map_size(const HeaderMap&);

// Fills `out`, which has exactly that size. Allocates nothing.
void encode_map(const HeaderMap&, std::span<std::byte> out);

// The value of a property that is a map. An empty one is a count of 0: SDKs read that count without
// a look at the length.
std::string encode_property_map(const HeaderMap&);
std::string encode_property_map(std::span<const std::pair<std::string, std::string>>);

// The value of a property that is a list: a map from its items to empty values.
std::string encode_property_list(std::span<const std::string>);

// A guest's map is not larger than this, in bytes and pairs.
inline constexpr size_t kMaxMapBytes = 1 << 20;
inline constexpr uint32_t kMaxMapPairs = 1024;

// What is wrong with a guest's map.
enum class MapFault : uint8_t { None, TooLong, TooManyPairs, Truncated, MissingNul, TrailingBytes };

// "a name or value without its NUL".
std::string_view to_string(MapFault);

// Checks the whole of a guest's map. Empty are: no bytes, a single NUL, a count of 0.
MapFault check_map(Bytes map);

// Visits the pairs of a guest's map in order, until `visit` answers false. False: it did so, or the
// map is malformed, which is found before any visit. The views lie in `map`; names and values may
// hold any byte. Allocates nothing.
[[nodiscard]] bool decode_map(
    Bytes map, FunctionRef<bool(std::string_view name, std::string_view value)> visit);

}  // namespace weir::abi
