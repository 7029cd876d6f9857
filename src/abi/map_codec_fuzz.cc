// Fuzzes decode_map(): what it takes is written back byte for byte, unless it is empty.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "abi/map_codec.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir;
  using namespace weir::abi;

  const Bytes map = std::as_bytes(std::span(data, size));
  std::vector<std::pair<std::string, std::string>> pairs;
  const bool decoded = decode_map(map, [&](std::string_view name, std::string_view value) {
    pairs.emplace_back(name, value);
    return true;
  });
  WEIR_CHECK(decoded == (check_map(map) == MapFault::None));
  WEIR_CHECK(decoded || pairs.empty());
  if (decoded && !pairs.empty()) WEIR_CHECK(encode_property_map(pairs) == as_text(map));
  return 0;
}
