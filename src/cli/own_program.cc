#include "cli/own_program.h"

#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/own_file.h"
#include "cli/program_path.h"

namespace weir::cli {

namespace fs = std::filesystem;

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
