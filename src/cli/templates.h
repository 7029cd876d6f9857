#pragma once
// The files of a new plugin, of each language. They lie in templates/ and are compiled in.

#include <span>
#include <string_view>

namespace weir::cli {

struct Template {
  std::string_view path;  // "rust/src/lib.rs", or "all/README.md" for every language
  // With @NAME@ for the plugin's name, @NAME_@ for the same as an identifier, @SDK@ for the folder
  // of the C++ SDK, and @TAKES@ for what the language's toolchain is and how to get it.
  std::string_view text;
};

std::span<const Template> templates();

}  // namespace weir::cli
