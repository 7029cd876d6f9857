#pragma once
// SHA-256, by which code and files are told apart.

#include <array>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace weir {

using Digest = std::array<std::byte, 32>;

// Of the parts, one after another.
Digest sha256(std::initializer_list<Bytes> parts);

// 64 digits in lower case, and the digest that such digits, of either case, stand for.
std::string to_hex(const Digest& digest);
std::optional<Digest> parse_digest(std::string_view hex);

}  // namespace weir
