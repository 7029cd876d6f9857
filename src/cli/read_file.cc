#include "cli/read_file.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace weir::cli {

Result<std::string> read_file(const std::string& path) {
  if (std::filesystem::is_directory(path)) return Error{ErrorCode::Io, path + ": is a folder"};
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file && std::filesystem::is_character_file(path)) {
    return Error{ErrorCode::Io, path + ": not a file, but a device"};
  }
  // An empty file sets failbit on `text`, and is no error here.
  if (file) text << file.rdbuf();
  if (!file) {
    return Error{ErrorCode::Io, path + ": " + std::generic_category().message(errno)};
  }
  return text.str();
}

}  // namespace weir::cli
