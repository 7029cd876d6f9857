#include "cli/program_path.h"

#include <unistd.h>

#include <cstdlib>
#include <system_error>

namespace weir::cli {

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

}  // namespace weir::cli
