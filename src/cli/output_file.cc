#include "cli/output_file.h"

#include <fstream>

#include "scenario/golden_files.h"

namespace weir::cli {

Done begin_output(std::string_view option, const std::string& path,
                  std::span<const std::filesystem::path> read) {
  for (const std::filesystem::path& each : read) {
    if (!scenario::is_same_file(path, each)) continue;
    return Error{ErrorCode::BadConfig,
                 std::string(option) + " '" + path + "' is a file that is read here; name another"};
  }
  return write_output(path, "");
}

Done write_output(const std::string& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) return Error{ErrorCode::Io, path + ": cannot be written"};
  return Unit{};
}

}  // namespace weir::cli
