#pragma once
// The flags of a stream that tell how it went wrong: their bits in response.flags, and their names
// in access logs. All are Envoy's; Weir sets some of them.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace weir::config {

struct ResponseFlagName {
  uint32_t bit;
  std::string_view name;       // "UF"
  std::string_view long_name;  // "UpstreamConnectionFailure"
};

std::span<const ResponseFlagName> response_flags();

// The bit of a short name.
std::optional<uint32_t> find_response_flag(std::string_view name);

std::span<const std::string> response_flag_names();

}  // namespace weir::config
