#pragma once
// Modules for tests, out of files.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace weir::wasm {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// The module that testdata/<stem>.wat was translated to.
inline std::string testdata(std::string_view stem) {
  const char* folder = std::getenv("WEIR_TESTDATA");
  EXPECT_NE(folder, nullptr) << "run by ctest, or set WEIR_TESTDATA to the folder of the modules";
  if (folder == nullptr) return {};
  return read_file(std::filesystem::path(folder) / (std::string(stem) + ".wasm"));
}

}  // namespace weir::wasm
