#pragma once
// Digests as registries write them: "sha256:" and hexadecimal digits.

#include <optional>
#include <string>
#include <string_view>

#include "base/sha256.h"

namespace weir::fetch {

inline constexpr std::string_view kSha256Prefix = "sha256:";

// Nothing where it is of another algorithm, or no digest.
inline std::optional<Digest> parse_image_digest(std::string_view text) {
  if (!text.starts_with(kSha256Prefix)) return std::nullopt;
  return parse_digest(text.substr(kSha256Prefix.size()));
}

inline std::string to_image_digest(const Digest& digest) {
  return std::string(kSha256Prefix) + to_hex(digest);
}

}  // namespace weir::fetch
