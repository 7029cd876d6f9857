#include "cli/own_program.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "base/own_file.h"

namespace weir::cli {
namespace {

namespace fs = std::filesystem;

bool is_program(const fs::path& file) {
  std::error_code ignored;
  return fs::is_regular_file(file, ignored) && ::access(file.c_str(), X_OK) == 0;
}

fs::path find_in_path(std::string_view name) {
  const char* variable = std::getenv("PATH");
  std::string_view folders = variable == nullptr ? "" : variable;
  while (!folders.empty()) {
    const size_t colon = folders.find(':');
    fs::path file = fs::path(folders.substr(0, colon)) / name;
    if (is_program(file)) return file;
    folders.remove_prefix(colon == folders.npos ? folders.size() : colon + 1);
  }
  return {};
}

}  // namespace

serve::Program own_program(std::span<const char* const> arguments) {
  serve::Program program;
  for (const char* argument : arguments) program.arguments.emplace_back(argument);
  const std::string_view name = arguments.empty() ? "" : arguments.front();
  fs::path file = name.find('/') != name.npos ? fs::path(name) : find_in_path(name);
  if (!is_program(file)) file = own_file();
  std::error_code ignored;
  program.file = fs::absolute(file, ignored).string();
  return program;
}

}  // namespace weir::cli
