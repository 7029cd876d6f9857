#pragma once
// What compiles a plugin in each language, and where it is to be had.

#include <string_view>

namespace weir::cli {

struct Toolchain {
  std::string_view language;  // a folder in templates/
  std::string_view program;   // is in PATH where the toolchain is there
  // Says by its exit code, in a shell, whether all else that the Makefile takes is there, and what
  // that is; empty where there is nothing else.
  std::string_view check;
  std::string_view checked;
  // What it is and how to get it, in one line: "Go 1.24 or newer: go.dev/dl has it". Makefiles have
  // it between single quotes: it is without those, '#' and '$'.
  std::string_view takes;
};

// Of a language that there are templates for.
const Toolchain& toolchain_of(std::string_view language);

}  // namespace weir::cli
