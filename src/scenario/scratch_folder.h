#pragma once
// A folder for the time of one run.

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "base/result.h"

namespace weir::scenario {

// Removed with all that is in it.
class ScratchFolder {
 public:
  static Result<std::unique_ptr<const ScratchFolder>> make() {
    std::error_code failed;
    std::string name = (std::filesystem::temp_directory_path(failed) / "weir-XXXXXX").string();
    if (failed || ::mkdtemp(name.data()) == nullptr) {
      return Error{ErrorCode::Io, name + ": " + std::generic_category().message(errno)};
    }
    return std::unique_ptr<const ScratchFolder>(new ScratchFolder(std::move(name)));
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit ScratchFolder(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
};

}  // namespace weir::scenario
