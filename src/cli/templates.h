#pragma once
// The files of a new plugin, of each language. They lie in templates/ and are compiled in.

#include <span>
#include <string_view>

namespace weir::cli {

struct Template {
  std::string_view path;  // "rust/src/lib.rs", or "all/README.md" for every language
  // With @NAME@ for the plugin's name, @NAME_@ for the same as an identifier, and @SDK@ for the
  // folder of the C++ SDK.
  std::string_view text;
};

std::span<const Template> templates();

}  // namespace weir::cli
