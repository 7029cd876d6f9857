// Paths in normal form: nothing is left that others could resolve, and doing it again changes
// nothing.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "planes/serve/uri_normalizer.h"

namespace {

bool has_dots(std::string_view path) {
  while (!path.empty()) {
    const std::string_view segment = path.substr(0, path.find('/'));
    const std::string_view name = segment.substr(0, segment.find(';'));
    if (name == "." || name == "..") return true;
    path.remove_prefix(std::min(path.size(), segment.size() + 1));
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string path = "/" + std::string(reinterpret_cast<const char*>(data), size);
  const auto normal = weir::serve::normalize_path(path);
  if (!normal) return 0;
  WEIR_CHECK(normal->starts_with('/') && !has_dots(*normal));
  WEIR_CHECK(std::ranges::all_of(*normal, [](char c) { return c > ' ' && c < 0x7f && c != '\\'; }));
  WEIR_CHECK(weir::serve::normalize_path(*normal) == normal);
  return 0;
}
